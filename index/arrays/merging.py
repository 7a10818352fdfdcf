"""Segments to one segment, without the deleted documents: arrays to arrays, nothing is analyzed.

Terms are sorted in every segment, so a stretch of the merged dictionary is a stretch of each of the
old ones. Postings are merged stretch by stretch, which bounds the memory that it takes beside the
result.

Knows the layout of segments; refuses to know which ones should be merged.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from index.arrays.dictionary import write_dictionary
from index.arrays.files import Array, ArrayWriter
from index.arrays.gathering import Filed
from index.arrays.segment import (
    COLUMNS,
    Field,
    Segment,
    TextField,
    smallest,
    write_codes,
    write_filed,
    write_shown,
)
from index.contract import Name
from index.filing import FILINGS

STRETCH = 2_000_000
"""Postings that are merged at once."""


@dataclass(slots=True)
class Part:
    """A segment to be merged: which of its documents live, and their new numbers."""

    segment: Segment
    live: Array
    numbers: Array


def merge(segments: Sequence[tuple[Segment, Array]], writer: ArrayWriter) -> int:
    """Write the living documents of some segments as one; how many they are.

    Each segment comes with a boolean for each document. They keep their order.
    """
    parts, count = [], 0
    for segment, live in segments:
        numbers = np.cumsum(live) - 1 + count
        parts.append(Part(segment, live, numbers))
        count += int(np.count_nonzero(live))
    for name in COLUMNS:
        writer.add(name, "i8", (part.segment.columns[name][part.live] for part in parts))
    _merge_text(parts, writer)
    _merge_keys(parts, writer)
    write_filed(writer, {kind: _merged_filing(parts, kind) for kind in FILINGS})
    _merge_shown(parts, writer)
    return count


def _merge_text(parts: Sequence[Part], writer: ArrayWriter) -> None:
    fields = [part.segment.text for part in parts]
    pairs, codes_of = _united([_pairs(field) for field in fields])
    highs, highs_of = _united([field.high_values.astype(np.int64) for field in fields])
    code_kind, high_kind = smallest(len(pairs)), smallest(len(highs))
    merged = [
        _Stretch(fields, parts, codes_of, highs_of, code_kind, high_kind).merged(*bounds)
        for bounds in _stretches(fields)
    ]
    kept = [stretch.frequencies > 0 for stretch in merged]
    write_dictionary(
        writer,
        "text",
        [
            t
            for s, k in zip(merged, kept, strict=True)
            for t, is_kept in zip(s.terms, k, strict=True)
            if is_kept
        ],
    )
    frequencies = np.concatenate(
        [s.frequencies[k] for s, k in zip(merged, kept, strict=True)] or [np.zeros(0, np.int64)]
    )
    places = np.concatenate(
        [s.place_counts[k] for s, k in zip(merged, kept, strict=True)] or [np.zeros(0, np.int64)]
    )
    writer.add("text.starts", "u4", [_starts(frequencies)])
    writer.add("text.documents", "u2", (s.documents for s in merged))
    writer.add("text.codes", code_kind, (s.codes for s in merged))
    write_codes(writer, pairs)
    writer.add("text.place_starts", "u4", [_starts(places)])
    writer.add("text.low", "u2", (s.low for s in merged))
    writer.add("text.high", high_kind, (s.high for s in merged))
    writer.add("text.high_values", "u2", [highs])


def _pairs(field: TextField) -> Array:
    return field.code_counts.astype(np.int64) << 32 | field.code_tenths.astype(np.int64)


def _united(tables: Sequence[Array]) -> tuple[Array, list[Array]]:
    """Unite tables of values; gives for each the new numbers of its old ones."""
    united = np.unique(np.concatenate(tables))
    return united, [np.searchsorted(united, table) for table in tables]


def _starts(counts: Array) -> Array:
    starts = np.zeros(len(counts) + 1, np.int64)
    np.cumsum(counts, out=starts[1:])
    return starts


Bounds = tuple[list[bytes], list[tuple[int, int]], list[Array]]
"""Merged terms; of each field the first and the one after the last of its own; new numbers."""


def _stretches(fields: Sequence[Field]) -> Iterator[Bounds]:
    """Cut the united dictionaries into stretches of about STRETCH postings."""
    all_terms = [field.dictionary.all() for field in fields]
    at = [0] * len(fields)
    while any(a < len(terms) for a, terms in zip(at, all_terms, strict=True)):
        last = _last_term(fields, all_terms, at)
        ends = [field.dictionary.first_from(last) for field in fields]
        ends = [
            end + 1 if end < len(terms) and terms[end] == last else end
            for end, terms in zip(ends, all_terms, strict=True)
        ]
        own = [terms[a:b] for terms, a, b in zip(all_terms, at, ends, strict=True)]
        merged = sorted({term for terms in own for term in terms})
        number = {term: i for i, term in enumerate(merged)}
        numbers = [np.fromiter(map(number.__getitem__, t), np.int64, len(t)) for t in own]
        yield merged, list(zip(at, ends, strict=True)), numbers
        at = ends


def _last_term(
    fields: Sequence[Field], all_terms: Sequence[Sequence[bytes]], at: Sequence[int]
) -> bytes:
    """Choose the term that a stretch ends with: the first at which a field has had its share."""
    share = STRETCH // len(fields)
    lasts = []
    for field, terms, first in zip(fields, all_terms, at, strict=True):
        if first < len(terms):
            end = int(np.searchsorted(field.starts, int(field.starts[first]) + share))
            lasts.append((end < len(terms), terms[min(max(end, first), len(terms) - 1)]))
    cut = [term for is_cut, term in lasts if is_cut]
    return min(cut) if cut else max(term for _, term in lasts)


@dataclass(slots=True)
class _Merged:
    """The postings of a stretch of terms."""

    terms: list[bytes]
    frequencies: Array
    place_counts: Array
    documents: Array
    codes: Array
    low: Array
    high: Array


@dataclass(slots=True)
class _Stretch:
    """Merges stretches of the field of words."""

    fields: Sequence[TextField]
    parts: Sequence[Part]
    codes_of: Sequence[Array]
    highs_of: Sequence[Array]
    code_kind: str
    high_kind: str

    def merged(
        self, terms: list[bytes], bounds: list[tuple[int, int]], numbers: list[Array]
    ) -> _Merged:
        """Merge the postings of these terms."""
        postings, places = [], []
        for i, (field, part) in enumerate(zip(self.fields, self.parts, strict=True)):
            taken, term, documents, living = _taken(field, part, bounds[i], numbers[i])
            counts = field.counts(taken)
            codes = self.codes_of[i].astype(self.code_kind)[field.codes[taken][living]]
            postings.append((term, documents, codes, counts[living]))
            first = field.first_place(bounds[i][0])
            here = slice(first, first + int(counts.sum()))
            lives = np.repeat(living, counts)
            high = self.highs_of[i].astype(self.high_kind)[field.high[here][lives]]
            places.append((np.repeat(term, counts[living]), field.low[here][lives], high))
        term, documents, codes, counts = _sorted_by_term(postings)
        placed, low, high = _sorted_by_term(places)
        return _Merged(
            terms,
            np.bincount(term, minlength=len(terms)),
            np.bincount(placed, minlength=len(terms)),
            documents,
            codes,
            low,
            high,
        )


def _taken(
    field: Field, part: Part, bounds: tuple[int, int], numbers: Array
) -> tuple[slice, Array, Array, Array]:
    """Give the postings of a stretch: where, and of those that live term and document; which."""
    first, end = bounds
    taken = slice(int(field.starts[first]), int(field.starts[end]))
    term = np.repeat(numbers, np.diff(field.starts[first : end + 1]))
    documents = field.documents[taken]
    living = part.live[documents]
    return taken, term[living], part.numbers[documents[living]].astype(np.uint16), living


def _sorted_by_term(pieces: Sequence[tuple[Array, ...]]) -> list[Array]:
    """Put pieces together in the order of their first arrays, what is alike in that of pieces."""
    columns = [np.concatenate(column) for column in zip(*pieces, strict=True)]
    if len(pieces) == 1:
        return columns
    bits = np.uint64(max(1, len(columns[0])).bit_length())
    keys = columns[0].astype(np.uint64) << bits | np.arange(len(columns[0]), dtype=np.uint64)
    order = (np.sort(keys) & ((np.uint64(1) << bits) - np.uint64(1))).astype(np.int64)
    return [column[order] for column in columns]


def _merge_keys(parts: Sequence[Part], writer: ArrayWriter) -> None:
    fields = [part.segment.keys for part in parts]
    terms: list[bytes] = []
    frequencies, documents = [np.zeros(0, np.int64)], []
    for merged, bounds, numbers in _stretches(fields):
        pieces = []
        for field, part, bound, number in zip(fields, parts, bounds, numbers, strict=True):
            _, term, document, _ = _taken(field, part, bound, number)
            pieces.append((term, document))
        term, document = _sorted_by_term(pieces)
        counts = np.bincount(term, minlength=len(merged))
        terms += [each for each, count in zip(merged, counts, strict=True) if count]
        frequencies.append(counts[counts > 0])
        documents.append(document)
    write_dictionary(writer, "keys", terms)
    writer.add("keys.starts", "u4", [_starts(np.concatenate(frequencies))])
    writer.add("keys.documents", "u2", documents)


def _merged_filing(parts: Sequence[Part], kind: str) -> Filed:
    numbers: dict[Name, int] = {}
    counts, values = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for part in parts:
        filed = part.segment.filed[kind]
        lives = np.repeat(part.live, filed.counts)
        used = filed.values[lives]
        of = np.zeros(len(filed.names), np.int64)
        for number in np.unique(used):
            of[number] = numbers.setdefault(filed.names[number], len(numbers))
        counts.append(filed.counts[part.live].astype(np.int64))
        values.append(of[used])
    return Filed(list(numbers), np.concatenate(counts), np.concatenate(values))


def _merge_shown(parts: Sequence[Part], writer: ArrayWriter) -> None:
    lengths: list[int] = []
    for part in parts:
        lengths += np.diff(part.segment.packed_shown()[1].astype(np.int64))[part.live].tolist()
    write_shown(writer, (_living_shown(part) for part in parts), lengths)


def _living_shown(part: Part) -> Array:
    shown, offsets = part.segment.packed_shown()
    if part.live.all():
        return shown
    return shown[np.repeat(part.live, offsets[1:] - offsets[:-1])]
