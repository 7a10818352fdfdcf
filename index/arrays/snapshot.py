"""All segments of an index as of one commit: columns over all documents, and the lists of terms.

Documents are numbered through, one segment after the other. Segments that a commit left as they
were stay open; what is put together anew takes milliseconds for a hundred thousand documents.

Knows segments; refuses to know questions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from index.arrays.dictionary import Dictionary, alike
from index.arrays.files import Array
from index.arrays.gathering import TENTHS
from index.arrays.remembered import Remembered
from index.arrays.scores import ArrayScores, are_in
from index.arrays.segment import Field, Segment
from index.contract import Name
from index.filing import FILINGS, words_of_names
from index.scoring import K1, B
from index.spelling import nearest_of

_AT_ONCE = 10_000


@dataclass(slots=True)
class Leaf:
    """A segment, where its documents begin, and which of them live (None: all)."""

    segment: Segment
    first: int
    live: Array | None

    @property
    def end(self) -> int:
        """The number after its last document."""
        return self.first + self.segment.count

    def frequency(self, field: Field, number: int) -> int:
        """Count the living documents with a term."""
        if self.live is None:
            return field.frequency(number)
        return int(np.count_nonzero(self.live[field.documents[field.postings(number)]]))

    def in_any(self, numbers: Array, documents: Array) -> Array:
        """Give those of some terms that are in any of some documents, which rise."""
        first, end = documents.searchsorted((self.first, self.end)).tolist()
        if first == end or not len(numbers):
            return numbers[:0]
        field = self.segment.text
        is_here = np.zeros(self.segment.count, bool)
        is_here[documents[first:end] - self.first] = True
        which = [field.postings(number) for number in numbers.tolist()]
        hits = is_here[np.concatenate([field.documents[each] for each in which])]
        starts = np.cumsum([0] + [each.stop - each.start for each in which[:-1]])
        return numbers[np.logical_or.reduceat(hits, starts)]

    def has(self, field: Field, number: int) -> bool:
        """Say whether any living document has a term."""
        return self.frequency(field, number) > 0


@dataclass(slots=True)
class Filing:
    """What documents are filed under in one way, over all segments.

    `starts` (one more than documents) says where the `values` of each begin, which are numbers of
    `names`; `document_of` gives the document of each value. `twins` are names that share a slug.
    """

    names: list[Name]
    twins: list[int]
    starts: Array
    values: Array
    document_of: Array


class Snapshot:
    """An index as of one commit. May be used by several threads at once."""

    def __init__(self, segments: Sequence[tuple[Segment, Array | None]]) -> None:
        """Take opened segments, each with a boolean for each document, None where all live."""
        self.leaves: list[Leaf] = []
        first = 0
        for segment, live in segments:
            self.leaves.append(Leaf(segment, first, live))
            first += segment.count
        self.size = first
        self.ids = self._column("id")
        self.published = self._column("published")
        self.is_whole = all(leaf.live is None for leaf in self.leaves)
        self.documents = self._documents()
        self.count = len(self.documents)
        lengths = self._column("length").astype(np.float64)
        self.average_length = float(lengths[self.documents].mean()) if self.count else 0.0
        # What BM25 adds to a frequency below the line, see scoring; in tenths, as frequencies are.
        lengths *= TENTHS * K1 * B / (self.average_length or 1.0)
        lengths += TENTHS * K1 * (1 - B)
        self.norms = lengths
        published = self.published[self.documents]
        self.last_published = int(published.max()) if self.count else 0
        self.remembered = Remembered()
        self._filings: dict[str, Filing] = {}
        self._name_counts: dict[str, dict[Name, int]] = {}

    def _column(self, name: str) -> Array:
        columns = [leaf.segment.columns[name] for leaf in self.leaves]
        return np.concatenate(columns) if columns else np.zeros(0, np.int64)

    def _documents(self) -> Array:
        if self.is_whole:
            return np.arange(self.size)
        alive = [
            np.ones(leaf.segment.count, bool) if leaf.live is None else leaf.live
            for leaf in self.leaves
        ]
        return np.flatnonzero(np.concatenate(alive))

    @cached_property
    def _by_id(self) -> Array:
        return self.documents[np.argsort(self.ids[self.documents])]

    def number_of(self, id: int) -> int | None:
        """Give the number of a document by its id; None where it is not here."""
        order = self._by_id
        place = int(np.searchsorted(self.ids[order], id))
        if place < len(order) and self.ids[order[place]] == id:
            return int(order[place])
        return None

    def stamps(self) -> Iterator[tuple[int, int]]:
        """Yield id and stamp of every document, by id."""
        stamps = self._column("stamp")
        for start in range(0, self.count, _AT_ONCE):
            some = self._by_id[start : start + _AT_ONCE]
            yield from zip(self.ids[some].tolist(), stamps[some].tolist(), strict=True)

    def leaf_of(self, document: int) -> Leaf:
        """Give the segment that a document is in."""
        return next(leaf for leaf in reversed(self.leaves) if document >= leaf.first)

    def shown(self, document: int) -> bytes:
        """Give what is kept to show a document."""
        leaf = self.leaf_of(document)
        return leaf.segment.shown(document - leaf.first)

    @cached_property
    def dictionaries(self) -> list[Dictionary]:
        """The dictionaries of words, one a segment."""
        return [leaf.segment.text.dictionary for leaf in self.leaves]

    def document_frequency(self, term: str) -> int:
        """Count the documents with a term."""
        found = 0
        encoded = term.encode("utf-8", "replace")
        for leaf in self.leaves:
            number = leaf.segment.text.dictionary.find(encoded)
            if number >= 0:
                found += leaf.frequency(leaf.segment.text, number)
        return found

    def keyed(self, key: str) -> Array:
        """Give the documents with a key."""
        found = []
        encoded = key.encode("utf-8", "replace")
        for leaf in self.leaves:
            field = leaf.segment.keys
            number = field.dictionary.find(encoded)
            if number >= 0:
                documents = field.documents[field.postings(number)]
                if leaf.live is not None:
                    documents = documents[leaf.live[documents]]
                found.append(documents.astype(np.int64) + leaf.first)
        return np.concatenate(found) if found else np.zeros(0, np.int64)

    @cached_property
    def languages(self) -> list[str]:
        """The languages of the documents, in order."""
        found: set[bytes] = set()
        for leaf in self.leaves:
            field = leaf.segment.keys
            first, end = field.dictionary.beginning_with(b"language:")
            found.update(
                field.dictionary[number] for number in range(first, end) if leaf.has(field, number)
            )
        return sorted(key.decode().partition(":")[2] for key in found)

    def beginning_with(self, prefix: str, limit: int, among: Array | None = None) -> list[str]:
        """Give the terms that begin so, at most `limit`, those in most documents first.

        Those are looked at that are among the first of a segment; of these, those that are in
        some documents.
        """
        found: dict[bytes, int] = {}
        for leaf in self.leaves:
            field = leaf.segment.text
            numbers = self._most_frequent(leaf, prefix, limit)
            if among is not None:
                numbers = leaf.in_any(numbers, among)
            for number in numbers.tolist():
                term = field.dictionary[number]
                found[term] = found.get(term, 0) + field.frequency(number)
        ordered = sorted(found, key=lambda term: (-found[term], term))
        return [term.decode() for term in ordered[:limit]]

    @staticmethod
    def _most_frequent(leaf: Leaf, prefix: str, limit: int) -> Array:
        """Give the numbers of the terms of a segment that begin so and are most frequent."""
        field = leaf.segment.text
        first, end = field.dictionary.beginning_with(prefix.encode("utf-8", "replace"))
        if end - first <= limit:
            return np.arange(first, end)
        frequencies = field.starts[first + 1 : end + 1] - field.starts[first:end]
        return np.sort(np.argpartition(frequencies, -limit)[-limit:]) + first

    def summed(self, prefixes: Sequence[str], limit: int) -> ArrayScores:
        """Give the documents with any term that begins in these ways, with the sum of weights.

        In each segment the most frequent terms count, at most `limit` of each beginning. Weights
        are in tenths.
        """
        sums = np.zeros(self.size, np.int32)
        for leaf in self.leaves:
            field = leaf.segment.text
            numbers = [self._most_frequent(leaf, prefix, limit) for prefix in prefixes]
            which = [field.postings(n) for n in np.unique(np.concatenate(numbers)).tolist()]
            if which:
                documents = np.concatenate([field.documents[each] for each in which])
                codes = np.concatenate([field.codes[each] for each in which])
                here = np.bincount(documents, field.code_tenths.take(codes), leaf.segment.count)
                sums[leaf.first : leaf.end] = here if leaf.live is None else here * leaf.live
        found = np.flatnonzero(sums)
        return ArrayScores(found, sums[found], self.size)

    def alike(self, word: str, least: int) -> list[tuple[str, int]]:
        """Give the words nearest to one in spelling that are in so many documents."""
        share = -(-least // max(1, len(self.leaves)))

        def frequent(place: int, numbers: Array) -> Array:
            starts = self.leaves[place].segment.text.starts
            return numbers[starts[numbers + 1] - starts[numbers] >= share]

        found = alike(word, self.dictionaries, frequent)
        return nearest_of(word, found.items(), self.document_frequency, least)

    def filing(self, kind: str) -> Filing:
        """Give what documents are filed under in one way, put together when first asked for."""
        if kind not in self._filings:
            self._filings[kind] = self._put_together(kind)
        return self._filings[kind]

    def _put_together(self, kind: str) -> Filing:
        numbers: dict[Name, int] = {}
        counts, values = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
        for leaf in self.leaves:
            filed = leaf.segment.filed[kind]
            of = [numbers.setdefault(name, len(numbers)) for name in filed.names]
            counts.append(filed.counts.astype(np.int64))
            values.append(np.array(of, np.int64)[filed.values] if of else values[0])
        count = np.concatenate(counts)
        starts = np.zeros(len(count) + 1, np.int64)
        np.cumsum(count, out=starts[1:])
        documents = np.repeat(np.arange(len(count)), count)
        slugs = Counter(name.slug for name in numbers)
        twins = [number for name, number in numbers.items() if slugs[name.slug] > 1]
        return Filing(list(numbers), twins, starts, np.concatenate(values), documents)

    def names(self, kind: str) -> dict[Name, int]:
        """Give the names that documents are filed under, and how many documents each has."""
        if kind not in self._name_counts:
            filing = self.filing(kind)
            values = filing.values
            if not self.is_whole:
                values = values[are_in(filing.document_of, self.documents, self.size)]
            counts = np.bincount(values, minlength=len(filing.names)).tolist()
            self._name_counts[kind] = {
                name: count for name, count in zip(filing.names, counts, strict=True) if count
            }
        return self._name_counts[kind]

    @cached_property
    def words_of_names(self) -> set[str]:
        """The words that are in names of topics, authors and sources."""
        return words_of_names({kind: self.names(kind) for kind in FILINGS})

    def damaged(self) -> Iterator[str]:
        """Yield what is not as it was written; reads everything."""
        for leaf in self.leaves:
            yield from leaf.segment.file.damaged()

    def everything(self) -> ArrayScores:
        """Give all documents, with no score."""
        return ArrayScores.unscored(self.documents, self.size)
