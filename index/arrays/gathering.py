"""Documents to arrays of postings: one pass over the text, then everything at once.

What stands where is said by index/layout.py, document by document; this is the same for many. A
token of the text is looked up by its characters and stands from then on for a number; numbers are
expanded to terms and places, sorted and cut into postings as whole arrays.

Knows documents and terms; refuses to know files.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from index.analysis import PARTS, TOKEN, Form, analyze, has_unspaced
from index.arrays.files import Array
from index.characters import unescaped
from index.contract import Document, Name
from index.filing import FILINGS, filed_as, microseconds
from index.layout import (
    LAST_PART,
    LAST_PLACE,
    PART_SHIFT,
    Part,
    exact_keys,
    label_term,
    weight_of,
)
from index.texts import Text, steps_of

TENTHS = 10
"""Weights of postings are whole numbers of tenths: every weight of a part is one."""
MOST_ENTRIES = 4_000_000
"""Occurrences after which a batch is full: bounds the memory that it takes to about 250 MB."""
MOST_FORMS = 400_000
"""Different tokens that are remembered from batch to batch: about 150 MB."""
MOST_DOCUMENTS = 1 << 16
"""Documents of a segment: their numbers have 16 bits."""
_INDEX_BITS = np.uint64(28)


@dataclass(slots=True)
class Terms:
    """The terms of a field in order with their postings, and these with their places.

    `starts` (one more than there are terms) says where the postings of each begin. A posting has a
    document, how many places, and its weight in tenths. `place_starts` (one more than there are
    terms) says where the places of each term begin, those of its postings one after the other.
    """

    terms: list[bytes]
    starts: Array
    documents: Array
    counts: Array
    tenths: Array
    place_starts: Array
    places: Array


@dataclass(slots=True)
class Filed:
    """What documents are filed under in one way: the names, how many for each, and which."""

    names: list[Name]
    counts: Array
    values: Array


@dataclass(slots=True)
class Batch:
    """Documents as arrays: a number for each in every column, and the postings of the fields."""

    columns: dict[str, Array]
    text: Terms
    keys: Terms
    filed: dict[str, Filed]
    shown: list[bytes]


@dataclass(slots=True)
class _Filing:
    """Gathers names."""

    numbers: dict[Name, int] = field(default_factory=dict)
    counts: array[int] = field(default_factory=lambda: array("H"))
    values: array[int] = field(default_factory=lambda: array("I"))

    def add(self, names: Sequence[Name]) -> None:
        numbers = self.numbers
        self.counts.append(len(names))
        self.values.extend(numbers.setdefault(name, len(numbers)) for name in names)

    def done(self) -> Filed:
        return Filed(list(self.numbers), np.array(self.counts), np.array(self.values))


class _Forms(dict[str, int]):
    """The numbers of tokens in one language, each analyzed when it first comes."""

    def __init__(self, number: Callable[[Form], int], language: str) -> None:
        self._number, self._language = number, language

    def __missing__(self, raw: str) -> int:
        self[raw] = number = self._number(analyze(raw, self._language))
        return number


class Gatherer:
    """Takes documents one after the other and gives them as one batch."""

    def __init__(self) -> None:
        self._terms: dict[str, int] = {}
        self._forms: dict[str, _Forms] = {}
        # For each form: its terms begin here, and so many tokens it counts for.
        self._form_starts, self._form_tokens = array("I"), array("I")
        self._form_terms, self._form_offsets = array("I"), array("I")
        self._form_sizes = array("I")
        self._labels: dict[str, int] = {}
        self._plain, self._raw = "", list[str]()
        self.begin()

    def begin(self) -> bool:
        """Begin another batch; words that were analyzed stay known. False where they are many."""
        self.count = 0
        self.entries = 0
        self._keys: dict[str, int] = {}
        self._tokens = array("I")
        # For each run of tokens: document, part, tokens, number of the first, weight in tenths.
        self._runs = tuple(array(kind) for kind in "IIIIH")
        self._key_documents, self._key_numbers = array("I"), array("I")
        self._columns = {name: array("q") for name in ("id", "stamp", "published", "length")}
        self._filed = {kind: _Filing() for kind in FILINGS}
        self._shown: list[bytes] = []
        return len(self._form_starts) < MOST_FORMS

    @property
    def is_full(self) -> bool:
        """Whether no more documents should be added."""
        return self.entries >= MOST_ENTRIES or self.count >= MOST_DOCUMENTS

    def add(self, document: Document) -> None:
        """Add a document."""
        language = document.language[:2].lower()
        length = self._add(Part.TITLE, document.title, language)
        length += self._add(Part.SUMMARY, document.summary, language)
        length += self._add_all(Part.AUTHORS, [a.name for a in document.authors], "")
        length += self._add_all(Part.TOPICS, [t.name for t in document.topics], language)
        length += self._add(Part.SOURCE, document.source, language)
        length += self._add(Part.SOURCE_TITLE, document.source_title, language)
        length += self._add_all(Part.LABELS, [s.label for s in document.sections], language)
        steps = []
        for number, section in enumerate(document.sections, Part.SECTION):
            part = min(number, LAST_PART)
            if section.label:
                self._run(part, [self._label(section.label)], 0, 0)
            length += self._add(part, section.text, language)
            steps.append(self._steps(section.text))
        for key in exact_keys(document):
            self._key_documents.append(self.count)
            self._key_numbers.append(self._keys.setdefault(key, len(self._keys)))
        self._file(document, length)
        self._shown.append(replace(Text.of(document), steps=tuple(steps)).packed())
        self.count += 1

    def _file(self, document: Document, length: int) -> None:
        columns, filed = self._columns, self._filed
        columns["id"].append(document.id)
        columns["stamp"].append(document.stamp)
        columns["published"].append(microseconds(document.published_at))
        columns["length"].append(length)
        for kind, names in filed_as(document).items():
            filed[kind].add(names)

    def _add(self, part: int, text: str, language: str) -> int:
        """Add a text and give its part of the document's length."""
        tokens = self._numbered(text, language)
        weight = weight_of(part)
        self._run(part, tokens, 0, round(weight * TENTHS))
        return round(weight * len(tokens))

    def _add_all(self, part: int, texts: Sequence[str], language: str) -> int:
        """Add texts with a gap after each that no phrase gets across."""
        first = length = 0
        weight = weight_of(part)
        for text in texts:
            tokens = self._numbered(text, language)
            self._run(part, tokens, first, round(weight * TENTHS))
            first += sum(self._form_tokens[number] for number in tokens[:-1]) + 2
            length += round(weight * len(tokens))
        return length

    def _numbered(self, text: str, language: str) -> list[int]:
        forms = self._forms.get(language)
        if forms is None:
            forms = self._forms[language] = _Forms(self._number, language)
        self._plain = unescaped(text)[0]
        self._raw = TOKEN.findall(self._plain)
        return list(map(forms.__getitem__, self._raw))

    def _steps(self, text: str) -> str:
        """Give where the tokens of the text begin that was read last, where each counts for one."""
        is_simple = self._plain == text and (text.isascii() or not has_unspaced(text))
        return steps_of(text, self._raw) if is_simple else ""

    def _run(self, part: int, tokens: Sequence[int], first: int, tenths: int) -> None:
        if tokens:
            self._tokens.extend(tokens)
            self.entries += sum(map(self._form_sizes.__getitem__, tokens))
            for column, value in zip(
                self._runs, (self.count, part, len(tokens), first, tenths), strict=True
            ):
                column.append(value)

    def _number(self, form: Form) -> int:
        """Give a form a number and keep its terms, in the order of their places."""
        terms, number = self._terms, len(self._form_starts)
        self._form_starts.append(len(self._form_terms))
        self._form_tokens.append(form.tokens)
        self._form_sizes.append(len(form.terms))
        for offset, term in sorted(form.terms):
            self._form_terms.append(terms.setdefault(term, len(terms)))
            self._form_offsets.append(offset)
        return number

    def _label(self, label: str) -> int:
        number = self._labels.get(label)
        if number is None:
            form = Form(((0, label_term(label)),), (), (), (), "", tokens=0)
            number = self._labels[label] = self._number(form)
        return number

    def done(self) -> Batch:
        """Give everything that was added."""
        keys = (
            np.frombuffer(self._key_numbers, np.uint32),
            np.frombuffer(self._key_documents, np.uint32),
        )
        return Batch(
            {name: np.array(column) for name, column in self._columns.items()},
            _cut(*self._text(), list(self._terms)),
            _cut(keys[0], keys[1], np.zeros(len(keys[0]), np.uint32), None, list(self._keys)),
            {kind: filing.done() for kind, filing in self._filed.items()},
            self._shown,
        )

    def _text(self) -> tuple[Array, Array, Array, Array]:
        """Give term, document, place and tenths of every occurrence, in the order of places."""
        tokens = np.frombuffer(self._tokens, np.uint32)
        documents, parts, counts, first, tenths = (np.array(column) for column in self._runs)
        starts = np.frombuffer(self._form_starts, np.uint32).astype(np.int64)
        sizes = np.diff(starts, append=len(self._form_terms))
        run = np.repeat(np.arange(len(counts)), counts)
        steps = np.frombuffer(self._form_tokens, np.uint32)[tokens].astype(np.int64)
        numbers = np.cumsum(steps) - steps
        run_starts = np.cumsum(counts) - counts
        numbers += first[run] - numbers[run_starts][run]
        places = np.minimum(numbers * PARTS, LAST_PLACE)
        times = sizes[tokens]
        token = np.repeat(np.arange(len(tokens)), times)
        flat = np.arange(len(token)) - np.repeat(np.cumsum(times) - times - starts[tokens], times)
        offsets = np.frombuffer(self._form_offsets, np.uint32)[flat]
        run = run[token]
        # However long a run of characters is, it does not reach into the next part.
        places = np.minimum(places[token] + offsets, (1 << PART_SHIFT) - 1)
        places += parts.astype(np.int64)[run] << PART_SHIFT
        return (
            np.frombuffer(self._form_terms, np.uint32)[flat],
            documents[run],
            places.astype(np.uint32),
            tenths[run],
        )


def _cut(
    numbers: Array, documents: Array, places: Array, tenths: Array | None, names: list[str]
) -> Terms:
    """Sort occurrences by term, document and place, and cut them into postings.

    `tenths` is None where there are no places to keep.
    """
    used = np.flatnonzero(np.bincount(numbers, minlength=len(names))).tolist()
    order_of_names = sorted(used, key=names.__getitem__)
    rank = np.zeros(len(names), np.uint64)
    rank[order_of_names] = np.arange(len(used), dtype=np.uint64)
    order = _order(rank[numbers], documents, places)
    term, document = rank[numbers].astype(np.int64)[order], documents[order]
    is_first = np.ones(len(order), bool)
    is_first[1:] = (term[1:] != term[:-1]) | (document[1:] != document[:-1])
    firsts = np.flatnonzero(is_first)
    counts = np.diff(firsts, append=len(order))
    places_of = np.bincount(term, minlength=len(used))
    weights = counts * TENTHS
    if tenths is not None:
        weights = np.add.reduceat(tenths[order].astype(np.int64), firsts) if len(firsts) else counts
    return Terms(
        [names[i].encode("utf-8", "replace") for i in order_of_names],
        _starts(np.bincount(term[firsts], minlength=len(used))),
        document[firsts].astype(np.uint16),
        counts,
        weights,
        _starts(places_of) if tenths is not None else np.zeros(1, np.int64),
        places[order] if tenths is not None else places[:0],
    )


def _order(rank: Array, documents: Array, places: Array) -> Array:
    """Give the order by term, document and place of what comes nearly in that of the latter two."""
    index = np.arange(len(rank), dtype=np.uint64)
    where = (documents.astype(np.uint64) << np.uint64(32)) | places
    if len(where) >> int(_INDEX_BITS) or not (where[1:] >= where[:-1]).all():
        # Thousands of sections share the last part.
        return np.lexsort((where, rank))
    # A sort of plain numbers is many times faster than one that has to be stable.
    return (np.sort((rank << _INDEX_BITS) | index) & ((np.uint64(1) << _INDEX_BITS) - 1)).astype(
        np.int64
    )


def _starts(counts: Array) -> Array:
    starts = np.zeros(len(counts) + 1, np.int64)
    np.cumsum(counts, out=starts[1:])
    return starts
