"""The postings of one term over all segments: documents, weights and places, as arrays.

Knows segments and deletions; refuses to know questions.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np

from index.arrays.files import Array
from index.arrays.scores import ArrayScores, places_in
from index.arrays.segment import TextField
from index.arrays.snapshot import Leaf, Snapshot

DOCUMENT_SHIFT = 32
"""A place over all documents is `document << 32 | place`: rising, and adjacent as in one text."""

_PLACE = (1 << DOCUMENT_SHIFT) - 1
_ITSELF = 1_000


class TermPostings:
    """The postings of one term; each array is made when it is first asked for."""

    def __init__(self, snapshot: Snapshot, term: str) -> None:
        self._size = snapshot.size
        encoded = term.encode("utf-8", "replace")
        self._found: list[tuple[Leaf, int]] = []
        for leaf, dictionary in zip(snapshot.leaves, snapshot.dictionaries, strict=True):
            number = dictionary.find(encoded)
            if number >= 0:
                self._found.append((leaf, number))
        self._counts: dict[int, tuple[Array, Array]] = {}

    def __bool__(self) -> bool:
        return bool(self._found)

    @property
    def nbytes(self) -> int:
        """The bytes of the arrays that were made by now, and of the object itself."""
        made = [array for pair in self._counts.values() for array in pair]
        if "documents" in self.__dict__:
            made.append(self.documents)
        if "tenths" in self.__dict__:
            made.append(self.tenths.values)
        return _ITSELF + sum(array.nbytes for array in made)

    @cached_property
    def documents(self) -> Array:
        """The living documents, rising."""
        return self._joined([self._documents(leaf, number) for leaf, number in self._found])

    @cached_property
    def tenths(self) -> ArrayScores:
        """The living documents, with the weight (pseudo-frequency) in each, in tenths."""
        values = []
        for leaf, number in self._found:
            field = leaf.segment.text
            postings = field.postings(number)
            tenths = field.tenths(postings)
            if leaf.live is not None:
                tenths = tenths[leaf.live[field.documents[postings]]]
            values.append(tenths)
        return ArrayScores(self.documents, self._joined(values, np.int32), self._size)

    @staticmethod
    def _joined(pieces: list[Array], kind: type = np.int64) -> Array:
        if len(pieces) == 1:
            return pieces[0]
        return np.concatenate(pieces) if pieces else np.zeros(0, kind)

    @staticmethod
    def _documents(leaf: Leaf, number: int) -> Array:
        field = leaf.segment.text
        documents = field.documents[field.postings(number)]
        if leaf.live is not None:
            documents = documents[leaf.live[documents]]
        return documents.astype(np.int64) + leaf.first

    def count_places(self) -> int:
        """Count the places in all documents, deleted ones included."""
        starts = ((leaf.segment.text, number) for leaf, number in self._found)
        return sum(field.first_place(n + 1) - field.first_place(n) for field, n in starts)

    def count_between(self, lowest: Array, highest: Array) -> Array:
        """Count for each pair of places, of one document each, those from the one to the other.

        Rising. Looks only at the places that it has to: a binary search in each document.
        """
        counts = np.zeros(len(lowest), np.int64)
        for leaf, number in self._found:
            bounds = (leaf.first << DOCUMENT_SHIFT, leaf.end << DOCUMENT_SHIFT)
            first, end = lowest.searchsorted(bounds).tolist()
            if first < end:
                here = slice(first, end)
                counts[here] = self._between(leaf, number, lowest[here], highest[here])
        return counts

    def _between(self, leaf: Leaf, number: int, lowest: Array, highest: Array) -> Array:
        field = leaf.segment.text
        counts, ends = self._counted(leaf, number)
        posting = np.full(leaf.segment.count, -1, np.int32)
        posting[field.documents[field.postings(number)]] = np.arange(len(counts), dtype=np.int32)
        which = posting[(lowest >> DOCUMENT_SHIFT) - leaf.first]
        has = np.flatnonzero(which >= 0)
        which = which[has]
        end = ends[which].astype(np.int64) + field.first_place(number)
        start = end - counts[which]
        low = _first_from(field, start, end, lowest[has] & _PLACE)
        high = _first_from(field, low, end, (highest[has] & _PLACE) + 1)
        found = np.zeros(len(lowest), np.int64)
        found[has] = high - low
        return found

    def places(self, among: Array | None = None) -> Array:
        """Give the places in all documents, or in some, rising; see DOCUMENT_SHIFT."""
        return self._joined([self._places(leaf, number, among) for leaf, number in self._found])

    def _places(self, leaf: Leaf, number: int, among: Array | None) -> Array:
        field = leaf.segment.text
        documents = field.documents[field.postings(number)]
        counts, ends = self._counted(leaf, number)
        chosen = self._chosen(leaf, documents, among)
        if chosen is not None:
            documents, counts, ends = documents[chosen], counts[chosen], ends[chosen]
        total = int(counts.sum())
        if not total:
            return np.zeros(0, np.int64)
        first = field.first_place(number)
        which: Array | slice = slice(first, first + total)
        if chosen is not None:
            which = np.arange(first, first + total)
            which += np.repeat(ends - np.cumsum(counts), counts)
        numbers = documents.astype(np.int64) + leaf.first << DOCUMENT_SHIFT
        return np.repeat(numbers, counts) | field.places(which)

    def _counted(self, leaf: Leaf, number: int) -> tuple[Array, Array]:
        """Give how many places each posting of a segment has, and these added up."""
        found = self._counts.get(leaf.first)
        if found is None:
            field = leaf.segment.text
            counts = field.counts(field.postings(number))
            found = self._counts[leaf.first] = counts, np.cumsum(counts, dtype=np.int32)
        return found

    @staticmethod
    def _chosen(leaf: Leaf, documents: Array, among: Array | None) -> Array | None:
        """Give which postings of a segment are wanted: a boolean or numbers; None for all."""
        if among is None:
            return None if leaf.live is None else leaf.live[documents]
        first, end = among.searchsorted((leaf.first, leaf.end)).tolist()
        # Of one type, or the longer of the two arrays would be copied.
        wanted = (among[first:end] - leaf.first).astype(documents.dtype)
        place = places_in(wanted, documents, leaf.segment.count)
        return place[place >= 0]


def _first_from(field: TextField, first: Array, end: Array, place: Array) -> Array:
    """Give in each stretch of places where the first is kept that is not before one."""
    low, high = first.copy(), end.copy()
    for _ in range(int((end - first).max(initial=0)).bit_length()):
        middle = (low + high) >> 1
        is_open = low < high
        # Where the search is over, any place will do to look at.
        before = is_open & (field.places(np.minimum(middle, end - 1)) < place)
        low = np.where(before, middle + 1, low)
        high = np.where(is_open & ~before, middle, high)
    return low
