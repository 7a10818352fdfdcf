"""The search engine on Whoosh: an index in a folder, shared by all processes of a machine.

Whoosh's table of contents and segments, with arrays for postings; see index/arrays.

Knows when the index is opened, changed and built; refuses to know how questions are answered.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import islice
from pathlib import Path

from whoosh.index import EmptyIndexError

from index.answering import Wish, answer
from index.arrays import writing
from index.arrays.codec import ArraySegment, open_segment
from index.arrays.files import Array, DamagedFile
from index.arrays.gathering import MOST_DOCUMENTS
from index.arrays.opened import ArrayIndex
from index.arrays.schema import schema
from index.arrays.segment import Segment
from index.arrays.snapshot import Snapshot
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
from index.engines.building import Batches, Helper, chunks
from index.engines.generations import Generations
from index.engines.whoosh_files import DurableStorage
from index.filing import microseconds
from index.layout import SCHEMA_VERSION
from index.question import Question
from index.related import related
from index.texts import Text

VERSION = f"arrays-{SCHEMA_VERSION}.2"
"""Of layout and of files: an index of another version has to be built anew."""
ANSWERS_KEPT = 200
"""Answers kept by a process: a few megabytes."""
AGE_TOLD = timedelta(minutes=1)
"""Articles do not become older for the order of an answer in less than that."""
BUILT_ALONE = 3_000
"""Documents from which a build takes a second process: starting it takes half a second."""
TIDIED_AT_ONCE = 8_192
"""Documents that are put together at once outside of a build: about a second."""
_TRIES = 20
_DAMAGED = "The search index is damaged. It has to be built anew."


class WhooshSearch:
    """A search engine whose index lives in a folder, for all processes of a machine."""

    def __init__(self, folder: Path, answers_kept: int = ANSWERS_KEPT) -> None:
        """Use the index in `folder`, which need not be there yet; nothing is opened.

        So many answers are kept until the next commit, the oldest given up first.
        """
        self._generations = Generations(folder, VERSION)
        self._answers_kept = answers_kept
        self._opening = threading.Lock()
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
        opened = self._present()
        kept = opened.answers.get(key := _key(question, wish))
        if kept is not None and now >= kept.asked_at:
            return kept.answer
        with _reading_whole(opened.snapshot):
            index = ArrayIndex(opened.snapshot)
            given = answer(question, index, wish)
            index.remember()
        if given.is_complete and opened.snapshot.last_published <= microseconds(now):
            opened.keep(key, _Kept(given, now), self._answers_kept)
        return given

    def related(self, id: int, *, now: datetime, limit: int = 3) -> tuple[int, ...]:
        """Find the documents nearest in content; see the contract."""
        snapshot = self._snapshot()
        with _reading_whole(snapshot):
            number = snapshot.number_of(id)
            if number is None:
                return ()
            opened, text = ArrayIndex(snapshot), Text.unpacked(snapshot.shown(number))
            return related(opened, number, text, moment=microseconds(now), limit=limit)

    def stamps(self) -> Iterator[tuple[int, int]]:
        """Yield id and stamp of every indexed document; see the contract."""
        self._generations.current()
        snapshot = self._snapshot()
        return snapshot.stamps()

    def turn(self) -> AbstractContextManager[bool]:
        """Take the turn to write, without waiting; see the contract."""
        return self._generations.turn()

    def apply(self, put: Iterable[Document], remove: Iterable[int] = ()) -> None:
        """Add or replace documents and remove others, in one commit; see the contract."""
        documents = {document.id: document for document in put}
        name = self._generations.current()
        self._snapshot()
        with self._committing(name) as commit:
            gone = self._last(name).find({*documents, *remove})
            if not documents and not gone:
                return
            commit.delete(gone)
            batches = Batches(commit)
            batches.add(documents.values())
            batches.finish()
            commit.merge()
            commit.finish()

    def tidy(self) -> None:
        """Merge what commits have left, and remove what builds that died have; see the contract."""
        name = self._generations.current()
        with self._committing(name) as commit:
            if commit.merge(TIDIED_AT_ONCE, MOST_DOCUMENTS):
                commit.finish()
        self._generations.sweep(name)

    @contextmanager
    def _committing(self, name: str) -> Iterator[writing.Commit]:
        """Give a change to make to a generation; what it meets of damage is said so."""
        with _writing():
            try:
                storage = DurableStorage(self._generations.path(name))
                with writing.Commit(storage, schema()) as commit:
                    yield commit
            except DamagedFile as problem:
                raise IndexMissing(_DAMAGED) from problem

    def rebuild(self, documents: Iterable[Document]) -> int:
        """Build a whole new index beside the present one, then swap; see the contract."""
        with _writing():
            name = self._generations.begin()
            try:
                storage = DurableStorage(self._generations.path(name))
                writing.create(storage, schema())
                commit = writing.Commit(storage, schema())
                count = _build(commit, self._generations.path(name), documents)
                commit.pack()
                commit.finish()
                self._generations.use(name)
            except BaseException:
                self._generations.discard(name)
                raise
        return count

    def close(self) -> None:
        """Let go of files and memory; see the contract."""
        with self._opening:
            self._opened = None

    def verify(self) -> None:
        """Compare the whole index with its checksums; see the contract."""
        self._generations.current()
        opened = self._present()
        with _reading_whole(opened.snapshot):
            # To read what was cut off behind its map would end the process.
            if not opened.has_its_size() or any(opened.snapshot.damaged()):
                raise IndexMissing(_DAMAGED)

    def _snapshot(self) -> Snapshot:
        return self._present().snapshot

    def _present(self) -> _Opened:
        """Give the index as of the last commit, opened anew only when there was one."""
        # One of another version answers as well as it can while a new one is built.
        return self._last(self._generations.current(of_any_version=True))

    def _last(self, name: str) -> _Opened:
        opened = self._opened
        if opened is not None and opened.is_last(name):
            return opened
        with self._opening:
            for _ in range(_TRIES):
                opened = self._opened
                if opened is not None and opened.is_last(name):
                    return opened
                try:
                    with _reading_whole():
                        self._opened = _Opened(name, self._generations.path(name), opened)
                except FileNotFoundError:
                    # A commit came while we opened it, or it is gone altogether.
                    name = self._generations.current(of_any_version=True)
        raise IndexMissing(_DAMAGED)


@dataclass(frozen=True, slots=True)
class _Kept:
    """An answer that was given before, and to which moment."""

    answer: Answer
    asked_at: datetime


_Key = tuple[object, ...]


def _key(question: Question, wish: Wish) -> _Key:
    """Give all that an answer depends on besides the index, when everything is published."""
    age = wish.now.timestamp() // AGE_TOLD.total_seconds() if wish.recency else 0
    zone = str(wish.zone)
    return (
        question,
        age,
        zone,
        wish.narrow,
        wish.sort,
        wish.offset,
        wish.limit,
        wish.recency,
        (
            wish.with_facets,
            wish.with_passages,
        ),
    )


class _Opened:
    """A snapshot, and how to tell whether it is still that of the last commit."""

    def __init__(self, name: str, folder: Path, before: _Opened | None) -> None:
        self._name = name
        storage = DurableStorage(folder)
        try:
            toc = writing.read(storage, schema())
        except EmptyIndexError:
            raise FileNotFoundError(folder) from None
        self._tocs = [str(folder / f"_MAIN_{toc.generation + n}.toc") for n in (0, 1)]
        # What was not changed stays open. Never Searcher.refresh(): it keeps merged-away segments.
        known = before.segments if before is not None and before._name == name else {}
        self.segments: dict[str, Segment] = {
            s.segment_id(): known.get(s.segment_id()) or open_segment(storage, s)
            for s in toc.segments
        }
        self._sizes = [(folder / each.file_name(), each.size) for each in toc.segments]
        self.answers: OrderedDict[_Key, _Kept] = OrderedDict()
        self._keeping = threading.Lock()
        self._order = [segment.segment_id() for segment in toc.segments]
        self.snapshot = Snapshot([(self.segments[s.segment_id()], _live(s)) for s in toc.segments])

    def has_its_size(self) -> bool:
        """Say whether the files of all segments are as long as they were."""
        return all(path.stat().st_size == size for path, size in self._sizes)

    def keep(self, key: _Key, kept: _Kept, most: int) -> None:
        """Keep an answer, and give up the oldest of too many."""
        with self._keeping:
            self.answers[key] = kept
            while len(self.answers) > most:
                self.answers.popitem(last=False)

    def is_last(self, name: str) -> bool:
        """Say whether nothing was committed since; costs two looks into a folder."""
        is_here, is_followed = map(os.path.exists, self._tocs)
        return name == self._name and is_here and not is_followed

    def find(self, ids: Iterable[int]) -> dict[str, list[int]]:
        """Give where documents with these ids are: numbers by the ids of segments."""
        found: dict[str, list[int]] = {}
        for number in map(self.snapshot.number_of, ids):
            if number is None:
                continue
            leaf = self.snapshot.leaf_of(number)
            segment = self._order[self.snapshot.leaves.index(leaf)]
            found.setdefault(segment, []).append(number - leaf.first)
        return found


def _live(segment: ArraySegment) -> Array | None:
    return writing.live_mask(segment) if segment.deleted else None


def _build(commit: writing.Commit, folder: Path, documents: Iterable[Document]) -> int:
    """Add documents batch by batch, many of them with a second process; how many they are."""
    batches, remaining = Batches(commit), iter(documents)
    count = batches.add(islice(remaining, BUILT_ALONE))
    if count == BUILT_ALONE and (os.cpu_count() or 1) > 1:
        with Helper(folder) as helper:
            for chunk in chunks(remaining):
                count += len(chunk)
                if not helper.take(chunk):
                    batches.add(chunk)
            commit.segments += helper.finish()
    count += batches.add(remaining)
    batches.finish()
    return count


@contextmanager
def _reading_whole(snapshot: Snapshot | None = None) -> Iterator[None]:
    """Turn what damaged files raise into IndexMissing; goes around reading.

    Damaged numbers point anywhere and raise anything, so where something is raised the segments
    are compared with their checksums: what is raised with whole segments is ours, and passes.
    FileNotFoundError passes as well: files go when another process commits.
    """
    try:
        yield
    except (FileNotFoundError, IndexUnavailable):
        raise
    except OSError as problem:
        raise IndexUnavailable(f"The search index cannot be read: {problem}") from problem
    except DamagedFile as problem:
        raise IndexMissing(_DAMAGED) from problem
    except Exception as problem:
        if snapshot is not None and any(snapshot.damaged()):
            raise IndexMissing(_DAMAGED) from problem
        raise


@contextmanager
def _writing() -> Iterator[None]:
    """Say in our words that the disk did not take it."""
    try:
        yield
    except OSError as problem:
        raise IndexUnavailable(f"The search index cannot be written: {problem}") from problem
