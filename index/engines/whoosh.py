"""The search engine on Whoosh: an index in a folder, shared by all processes of a machine.

Knows how Whoosh commits and how its index is opened; refuses to know how questions are answered.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import UTC, datetime, tzinfo
from itertools import islice
from pathlib import Path
from typing import cast

from whoosh.index import TOC, EmptyIndexError, FileIndex
from whoosh.reading import SegmentReader
from whoosh.writing import PostingPool, SegmentWriter

from index.answering import Wish, answer
from index.contract import (
    NOT_NARROWED,
    TIME_LIMIT_SECONDS,
    Answer,
    Document,
    IndexMissing,
    IndexUnavailable,
    Narrow,
    Sort,
)
from index.engines.generations import Generations
from index.engines.whoosh_files import DurableStorage
from index.engines.whoosh_postings import Snapshot, SnapshotPostings, reading_whole
from index.engines.whoosh_schema import VERSION, TermPool, fields_of, schema
from index.filing import microseconds
from index.question import Question
from index.related import related

BATCH = 2000
"""Documents in one segment of a build: bounds the memory that it takes."""
_TRIES = 20


class WhooshSearch:
    """A search engine whose index lives in a folder, for all processes of a machine."""

    def __init__(self, folder: Path) -> None:
        """Use the index in `folder`, which need not be there yet; nothing is opened."""
        self._generations = Generations(folder, VERSION)
        self._using = threading.RLock()
        self._opened: _Opened | None = None

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
            snapshot = self._snapshot()
            return answer(question, SnapshotPostings(snapshot), snapshot.text, wish)

    def related(self, id: int, *, now: datetime, limit: int = 3) -> tuple[int, ...]:
        """Find the documents nearest in content; see the contract."""
        with self._using:
            snapshot = self._snapshot()
            number = snapshot.numbers.get(id)
            if number is None:
                return ()
            postings, text = SnapshotPostings(snapshot), snapshot.text(number)
            return related(postings, number, text, moment=microseconds(now), limit=limit)

    def stamps(self) -> Iterator[tuple[int, int]]:
        """Yield id and stamp of every indexed document; see the contract."""
        with self._using:
            self._generations.current()
            return iter(self._snapshot().stamps())

    def turn(self) -> AbstractContextManager[bool]:
        """Take the turn to write, without waiting; see the contract."""
        return self._generations.turn()

    def apply(self, put: Iterable[Document], remove: Iterable[int] = ()) -> None:
        """Add or replace documents and remove others, in one commit; see the contract."""
        documents = {document.id: document for document in put}
        self._generations.current()
        with self._using:
            snapshot = self._snapshot()
        gone = {snapshot.numbers[id] for id in {*documents, *remove} if id in snapshot.numbers}
        if not documents and not gone:
            return
        folder = self._generations.path(self._generations.current())
        with _writing():
            index = FileIndex(DurableStorage(folder), schema=schema())
            _commit(index, documents.values(), gone)

    def rebuild(self, documents: Iterable[Document]) -> int:
        """Build a whole new index beside the present one, then swap; see the contract."""
        count = 0
        with _writing():
            name = self._generations.begin()
            try:
                storage = DurableStorage(self._generations.path(name))
                index = FileIndex.create(storage, schema())
                remaining = iter(documents)
                while batch := list(islice(remaining, BATCH)):
                    _commit(index, batch, merge=False)
                    count += len(batch)
                self._generations.use(name)
            except BaseException:
                self._generations.discard(name)
                raise
        return count

    def close(self) -> None:
        """Let go of files and memory; see the contract."""
        with self._using:
            self._opened = None

    def _snapshot(self) -> Snapshot:
        """Give the index as of the last commit, opened anew only when there was one."""
        for _ in range(_TRIES):
            # One of another version answers as well as it can while a new one is built.
            name = self._generations.current(of_any_version=True)
            if self._opened is None or not self._opened.is_last(name):
                # Let go first: two generations in memory are not needed.
                self._opened = None
                try:
                    self._opened = _Opened(name, self._generations.path(name))
                except FileNotFoundError:
                    # A commit came while we opened it, or it is gone altogether.
                    continue
            return self._opened.snapshot
        raise IndexMissing("The search index is damaged. It has to be built anew.")


class _Opened:
    """A snapshot, and how to tell whether it is still that of the last commit."""

    def __init__(self, name: str, folder: Path) -> None:
        self._name, self._folder = name, folder
        storage = DurableStorage(folder)
        with reading_whole():
            try:
                toc = TOC.read(storage, "MAIN", schema=schema())
            except EmptyIndexError:
                raise FileNotFoundError(folder) from None
            self._commit = toc.generation
            # Never Searcher.refresh(): it keeps segments that were merged away.
            self.snapshot = Snapshot(
                SegmentReader(storage, toc.schema, segment) for segment in toc.segments
            )

    def is_last(self, name: str) -> bool:
        """Say whether nothing was committed since; costs two looks into a folder."""
        return (
            name == self._name
            and self._toc(self._commit).exists()
            and not self._toc(self._commit + 1).exists()
        )

    def _toc(self, commit: int) -> Path:
        return self._folder / f"_MAIN_{commit}.toc"


def _commit(
    index: FileIndex,
    documents: Iterable[Document],
    gone: Iterable[int] = (),
    *,
    merge: bool = True,
) -> None:
    """Write documents and forget those with the numbers in `gone`, in one commit."""
    # Without Whoosh's own lock, which is polled; whoever writes has the turn.
    writer = SegmentWriter(index, _lk=False)
    try:
        writer.pool = cast(PostingPool, TermPool())
        for number in gone:
            writer.delete_document(number)
        for document in documents:
            writer.add_document(**fields_of(document))
        writer.commit(merge=merge)
    except BaseException:
        # A full disk may keep us from cleaning up as well; the next commit does it then.
        if not writer.is_closed:
            with suppress(OSError):
                writer.cancel()
        raise


@contextmanager
def _writing() -> Iterator[None]:
    """Say in our words that the disk did not take it."""
    try:
        yield
    except OSError as problem:
        raise IndexUnavailable(f"The search index cannot be written: {problem}") from problem
