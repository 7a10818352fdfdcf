"""The postings of one term over all segments: documents, weights and places, as arrays.

Knows segments and deletions; refuses to know questions.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np

from index.arrays.files import Array
from index.arrays.scores import ArrayScores, places_in
from index.arrays.snapshot import Leaf, Snapshot

DOCUMENT_SHIFT = 32
"""A place over all documents is `document << 32 | place`: rising, and adjacent as in one text."""


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
