"""A second process for builds of many documents: it makes segments of what it is given.

It reads lists of documents, pickled, from its standard input, and at the end writes the segments
that it made of them to its standard output, or what went wrong.

Knows both ends of the pipe; refuses to know what a segment is made of.
"""

from __future__ import annotations

import pickle
import queue
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import IO, BinaryIO

from index.arrays import writing
from index.arrays.codec import ArraySegment
from index.arrays.gathering import Gatherer
from index.arrays.schema import schema
from index.contract import Document
from index.engines.whoosh_files import DurableStorage

CHUNK = 200
"""Documents that are handed over at once."""
_PROGRAM = "from index.engines import building; building.serve()"
_ROOT = Path(__file__).resolve().parents[2]


def chunks(documents: Iterable[Document]) -> Iterator[list[Document]]:
    """Cut documents into lists of CHUNK."""
    remaining = iter(documents)
    while chunk := list(islice(remaining, CHUNK)):
        yield chunk


class Batches:
    """Adds documents to a commit, batch by batch."""

    def __init__(self, commit: writing.Commit) -> None:
        self._commit, self._gatherer = commit, Gatherer()

    def add(self, documents: Iterable[Document]) -> int:
        """Add documents; how many they were."""
        count = 0
        for document in documents:
            count += 1
            self._gatherer.add(document)
            if self._gatherer.is_full:
                self.finish()
        return count

    def finish(self) -> None:
        """Make a segment of what is left."""
        if self._gatherer.count:
            self._commit.add(self._gatherer.done())
            # Its words serve the next batch, until they take too much memory.
            if not self._gatherer.begin():
                self._gatherer = Gatherer()


class Helper:
    """The other process, as a context: it is ended when the context is left early."""

    def __init__(self, folder: Path) -> None:
        """Start it; its segments go into `folder`."""
        self._process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-c", _PROGRAM, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=_ROOT,
        )
        # Two lists wait at most: what does not fit is done by the process that asks.
        self._waiting: queue.Queue[Sequence[Document] | None] = queue.Queue(2)
        self._feeder = threading.Thread(target=self._feed, name="feeder", daemon=True)
        self._feeder.start()

    def __enter__(self) -> Helper:
        return self

    def __exit__(self, *_: object) -> None:
        # Dead, it takes nothing more: the feeder ends, and the pipes can be closed.
        self._process.kill()
        self._process.wait()
        if self._feeder.is_alive():
            self._waiting.put(None)
            self._feeder.join()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                _close(pipe)

    def _feed(self) -> None:
        """Hand over what waits; when the other has died, only take it away."""
        pipe = self._process.stdin
        while (documents := self._waiting.get()) is not None:
            if pipe is not None and not pipe.closed:
                try:
                    pickle.dump(documents, pipe, pickle.HIGHEST_PROTOCOL)
                    pipe.flush()
                except OSError:
                    _close(pipe)
        if pipe is not None:
            _close(pipe)

    def take(self, documents: Sequence[Document]) -> bool:
        """Take documents, unless too much waits already."""
        try:
            self._waiting.put_nowait(documents)
        except queue.Full:
            return False
        return True

    def finish(self) -> list[ArraySegment]:
        """Wait for its segments. Raises OSError where it failed."""
        self._waiting.put(None)
        self._feeder.join()
        told = self._process.stdout.read() if self._process.stdout else b""
        made = pickle.loads(told) if told else None  # noqa: S301 - from our own process
        if isinstance(made, OSError):
            raise made
        if self._process.wait() or made is None:
            raise OSError("The second process of the build ended before its time.")
        segments: list[ArraySegment] = made
        return segments


def _close(pipe: IO[bytes]) -> None:
    """Close a pipe, whether or not what is left in it can still be written."""
    try:
        pipe.close()
    except BrokenPipeError:
        return


def serve() -> None:
    """Be the other process: its folder is named by the first argument."""
    make(Path(sys.argv[1]), sys.stdin.buffer, sys.stdout.buffer)


def make(folder: Path, given: BinaryIO, told: BinaryIO) -> None:
    """Make segments of what is given, and tell which."""
    commit = writing.Commit(DurableStorage(folder), schema())
    known = len(commit.segments)
    batches = Batches(commit)
    try:
        while given.peek(1):  # type: ignore[attr-defined] # a buffered pipe
            batches.add(pickle.load(given))  # noqa: S301 - from our own process
        batches.finish()
    except OSError as problem:
        pickle.dump(OSError(problem.errno, problem.strerror), told)
        return
    pickle.dump(commit.segments[known:], told)
