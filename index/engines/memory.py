"""The search engine in plain dictionaries: the definition that other engines are held to.

Keeps everything in this process and nothing on disk; for tests, and for reading.
"""

from __future__ import annotations

import heapq
import threading
from bisect import bisect_left, insort
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, tzinfo
from pathlib import Path

from index.answering import Wish, answer
from index.contract import (
    NOT_NARROWED,
    TIME_LIMIT_SECONDS,
    Answer,
    Document,
    IndexMissing,
    Narrow,
    Sort,
)
from index.filing import microseconds
from index.layout import Postings as Laid
from index.layout import lay_out
from index.plain import PlainIndex
from index.question import Question
from index.related import related
from index.texts import Text


class MemoryPostings:
    """Documents laid out by id; document numbers are the ids."""

    def __init__(self) -> None:
        self.held: dict[int, Document] = {}
        self._laid: dict[int, Laid] = {}
        self._terms: dict[str, dict[int, float]] = {}
        self._sorted: list[str] = []
        self.lengths: dict[int, int] = {}

    def add(self, document: Document) -> None:
        """Add or replace a document."""
        self.remove(document.id)
        self.held[document.id] = document
        laid = self._laid[document.id] = lay_out(document)
        self.lengths[document.id] = laid.length
        for term, weight in laid.weights.items():
            if term not in self._terms:
                self._terms[term] = {}
                insort(self._sorted, term)
            self._terms[term][document.id] = weight

    def remove(self, id: int) -> None:
        """Remove a document, if it is there."""
        if self.held.pop(id, None) is None:
            return
        del self.lengths[id]
        for term in self._laid.pop(id).weights:
            del self._terms[term][id]
            if not self._terms[term]:
                del self._terms[term]
                del self._sorted[bisect_left(self._sorted, term)]

    def weights(self, term: str) -> Mapping[int, float]:
        """Give the documents with a term and its weight in each."""
        return self._terms.get(term, {})

    def places(self, term: str, document: int) -> Sequence[int]:
        """Give the places of a term in a document."""
        return self._laid[document].places.get(term, ())

    def keyed(self, key: str) -> Collection[int]:
        """Give the documents with a key."""
        return [id for id, laid in self._laid.items() if key in laid.keys]

    def beginning_with(self, prefix: str, limit: int) -> Sequence[str]:
        """Give the terms that begin so, most frequent first."""
        start = bisect_left(self._sorted, prefix)
        end = bisect_left(self._sorted, prefix + "\U0010ffff")
        return heapq.nsmallest(
            limit, self._sorted[start:end], key=lambda term: (-len(self._terms[term]), term)
        )

    def words(self, letter: str) -> Sequence[tuple[str, int]]:
        """Give the words that begin with a letter, and in how many documents each stands."""
        start = bisect_left(self._sorted, letter)
        end = bisect_left(self._sorted, letter + "\U0010ffff")
        return [(t, len(self._terms[t])) for t in self._sorted[start:end] if t.isalnum()]


class MemorySearch:
    """A search engine that forgets everything when the process ends."""

    def __init__(self, _folder: Path | None = None) -> None:
        """Make an engine without an index; there are no files."""
        self._postings: MemoryPostings | None = None
        self._writing = threading.Lock()
        self._using = threading.RLock()

    def _opened(self) -> MemoryPostings:
        if self._postings is None:
            raise IndexMissing("There is no search index yet. It has to be built.")
        return self._postings

    def answer(
        self,
        question: Question,
        *,
        now: datetime,
        sort: Sort = Sort.BEST,
        offset: int = 0,
        limit: int = 10,
        narrow: Narrow = NOT_NARROWED,
        zone: tzinfo = UTC,
        with_facets: bool = False,
        with_passages: bool = True,
        time_limit_seconds: float = TIME_LIMIT_SECONDS,
        recency: float = 0.0,
    ) -> Answer:
        """Find documents; see the contract."""
        wish = Wish(
            now,
            sort,
            offset,
            limit,
            narrow,
            zone,
            with_facets,
            with_passages,
            time_limit_seconds,
            recency,
        )
        with self._using:
            return answer(question, PlainIndex(self._opened()), wish)

    def related(self, id: int, *, now: datetime, limit: int = 3) -> tuple[int, ...]:
        """Find the documents nearest in content; see the contract."""
        with self._using:
            p = self._opened()
            if id not in p.held:
                return ()
            text = Text.of(p.held[id])
            return related(PlainIndex(p), id, text, moment=microseconds(now), limit=limit)

    @contextmanager
    def turn(self) -> Iterator[bool]:
        """Take the turn to write; see the contract."""
        is_ours = self._writing.acquire(blocking=False)
        try:
            yield is_ours
        finally:
            if is_ours:
                self._writing.release()

    def apply(self, put: Iterable[Document], remove: Iterable[int] = ()) -> None:
        """Add or replace documents and remove others; see the contract."""
        put, remove = list(put), list(remove)
        with self._using:
            p = self._opened()
            for id in remove:
                p.remove(id)
            for document in put:
                p.add(document)

    def rebuild(self, documents: Iterable[Document]) -> int:
        """Build a whole new index, then swap; see the contract."""
        fresh = MemoryPostings()
        for document in documents:
            fresh.add(document)
        with self._using:
            self._postings = fresh
            return len(fresh.held)

    def tidy(self) -> None:
        """Leave everything as it is: there are no pieces."""

    def stamps(self) -> Iterator[tuple[int, int]]:
        """Yield id and stamp of every document, by id; see the contract."""
        with self._using:
            return iter(sorted((d.id, d.stamp) for d in self._opened().held.values()))

    def verify(self) -> None:
        """See that there is an index; memory is believed."""
        self._opened()

    def close(self) -> None:
        """Keep everything: there are no files to let go of."""
