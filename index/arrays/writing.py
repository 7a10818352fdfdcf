"""What is written to an index of arrays: new segments, deletions, merges, one table of contents.

A commit is whole when the table of contents is renamed into its place: a crash before leaves the
index as it was, and files that the next commit removes. Segments are merged by size, in steps of
MERGED: each document is written again a few times in its life, and there are few segments. A
commit merges small ones only, so that it takes as long whatever the size of the index; what is left
for later is merged by `tidy`.

For one writer at a time. Knows Whoosh's table of contents; refuses to know documents.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import numpy as np
from whoosh.fields import Schema
from whoosh.index import TOC, EmptyIndexError, clean_files

from index.arrays.codec import ArraySegment, open_segment
from index.arrays.files import Array, ArrayWriter, DamagedFile
from index.arrays.gathering import MOST_DOCUMENTS, Batch
from index.arrays.merging import merge
from index.arrays.segment import write_batch

NAME = "MAIN"
MERGED = 4
"""Segments of about one size that are merged to one of the next."""
MERGED_AT_ONCE = 2_000
"""Documents that a commit merges: a few hundredths of a second."""
TOO_MANY_DELETED = 0.3
"""Share of deleted documents from which a segment is written anew by itself."""


def create(storage: Any, schema: Schema) -> None:
    """Make an index that is empty."""
    TOC.create(storage, schema, NAME)


def read(storage: Any, schema: Schema) -> TOC:
    """Read the newest table of contents.

    Raises Whoosh's EmptyIndexError where there is none, DamagedFile where it is not as written.
    """
    try:
        toc: TOC = TOC.read(storage, NAME, schema=schema)
        sealed = [s.seal == s.sealed(toc.generation, len(toc.segments)) for s in toc.segments]
    except (EmptyIndexError, OSError):
        raise
    except Exception as problem:
        # Whoosh unpickles what it reads: of damaged bytes anything is raised.
        raise DamagedFile("The table of contents is damaged.") from problem
    if not all(sealed):
        raise DamagedFile("The table of contents is damaged.")
    return toc


def live_mask(segment: ArraySegment) -> Array:
    """Give a boolean for each document: is it not deleted."""
    live = np.ones(segment.count, bool)
    live[list(segment.deleted)] = False
    return live


class Commit:
    """One change to an index: what is added and deleted becomes visible together, or not at all.

    As a context it removes the files that it made when it is left by an exception: a full disk is
    not kept full by what failed on it.
    """

    def __init__(self, storage: Any, schema: Schema) -> None:
        self._storage, self._toc = storage, read(storage, schema)
        self.segments: list[ArraySegment] = list(self._toc.segments)
        self._made: list[str] = []

    def __enter__(self) -> Commit:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            unfinished = f"_{NAME}_{self._toc.generation + 1}.toc."
            left = [name for name in self._storage.list() if name.startswith(unfinished)]
            for name in [*self._made, *left]:
                # What cannot be removed now is removed by the next commit.
                with suppress(OSError):
                    self._storage.delete_file(name)

    def add(self, batch: Batch) -> None:
        """Add a batch of documents as a segment."""
        self.segments.append(self._written(len(batch.shown), lambda w: write_batch(batch, w)))

    def delete(self, gone: Mapping[str, Iterable[int]]) -> None:
        """Mark documents as deleted, by the ids of segments."""
        for segment in self.segments:
            segment.deleted |= frozenset(gone.get(segment.segment_id(), ()))
        self.segments = [s for s in self.segments if len(s.deleted) < s.count]

    def merge(self, most: int = MERGED_AT_ONCE, most_wasteful: int = MERGED_AT_ONCE) -> bool:
        """Merge segments until no more are due, of `most` documents together; whether any were.

        One that is largely deleted is written anew where it has no more than `most_wasteful`.
        """
        has_merged = False
        while due := self._due(most, most_wasteful):
            self._merge(due)
            has_merged = True
        return has_merged

    def pack(self) -> None:
        """Merge all segments into as few as can hold their documents."""
        waiting, groups = list(self.segments), []
        while waiting:
            group = _fitting(waiting, MOST_DOCUMENTS) or waiting[:1]
            groups.append(group)
            waiting = [segment for segment in waiting if segment not in group]
        for group in groups:
            if len(group) > 1:
                self._merge(group)

    def _merge(self, due: Sequence[ArraySegment]) -> None:
        parts = [(open_segment(self._storage, each), live_mask(each)) for each in due]
        # What is damaged must not be given new checksums.
        if any(any(segment.file.damaged()) for segment, _ in parts):
            raise DamagedFile("A segment is damaged.")
        count = sum(each.doc_count() for each in due)
        merged = self._written(count, lambda writer: merge(parts, writer))
        self.segments = [*(s for s in self.segments if s not in due), merged]

    def _due(self, most: int, most_wasteful: int) -> list[ArraySegment]:
        """Choose segments to merge into one: MERGED or more of a size, or one of much waste."""
        tiers: dict[int, list[ArraySegment]] = {}
        for segment in self.segments:
            is_wasteful = len(segment.deleted) > TOO_MANY_DELETED * segment.count
            if is_wasteful and segment.count <= most_wasteful:
                return [segment]
            tiers.setdefault(tier_of(segment.doc_count()), []).append(segment)
        for _, alike in sorted(tiers.items()):
            due = _fitting(alike, min(most, MOST_DOCUMENTS))
            if len(alike) >= MERGED and len(due) > 1:
                return due
        return []

    def _written(self, count: int, write: Callable[[ArrayWriter], object]) -> ArraySegment:
        segment = ArraySegment(NAME)
        self._made.append(segment.file_name())
        stream = self._storage.create_file(segment.file_name())
        try:
            writer = ArrayWriter(stream.file)
            write(writer)
            segment.size, segment.count = writer.finish(), count
        finally:
            stream.close()
        return segment

    def finish(self) -> None:
        """Make the change visible, durably, and remove the files that are of no use any more."""
        generation = self._toc.generation + 1
        for segment in self.segments:
            segment.seal = segment.sealed(generation, len(self.segments))
        TOC(self._toc.schema, self.segments, generation).write(self._storage, NAME)
        clean_files(self._storage, NAME, generation, self.segments)


def tier_of(documents: int) -> int:
    """Give the step of sizes to which a segment belongs."""
    tier = 0
    while documents >= MERGED:
        documents //= MERGED
        tier += 1
    return tier


def _fitting(segments: Sequence[ArraySegment], most: int) -> list[ArraySegment]:
    """Give the smallest segments that have not too many documents together."""
    fitting, count = [], 0
    for segment in sorted(segments, key=ArraySegment.doc_count):
        if count + segment.doc_count() <= most:
            count += segment.doc_count()
            fitting.append(segment)
    return fitting
