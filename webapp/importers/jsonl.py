"""Articles as JSON, one on each line, plain or compressed by gzip or xz."""

from __future__ import annotations

import gzip
import json
import lzma
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path
from typing import IO, Protocol

from webapp.errors import ArticleUnreadable
from webapp.importers.contract import ImportedArticle, Unreadable, guarded, read_article

LINE_BYTES = 8_000_000


@dataclass(frozen=True, slots=True)
class JsonLines:
    """A file of articles; "-" is standard input. `advance` hears how many bytes were read."""

    path: Path
    advance: Callable[[int], None] = lambda _: None

    def __call__(self, zone: tzinfo) -> Iterator[ImportedArticle | Unreadable]:
        """Read line by line; empty lines are passed over."""
        with ExitStack() as stack:
            raw = (
                sys.stdin.buffer
                if str(self.path) == "-"
                else stack.enter_context(self.path.open("rb"))
            )
            lines = _unpacked(raw, self.path, stack)
            told = 0
            folder = Path() if str(self.path) == "-" else self.path.parent
            try:
                for number, line in enumerate(_lines(lines), 1):
                    if line.strip():
                        yield _read(line, f"line {number}", folder, zone)
                    if raw is not sys.stdin.buffer and (position := raw.tell()) > told:
                        self.advance(position - told)
                        told = position
            except (EOFError, gzip.BadGzipFile, zlib.error, lzma.LZMAError):
                yield Unreadable("the file", "it is damaged; what stood before that was read")


class _Lines(Protocol):
    def readline(self, limit: int, /) -> bytes: ...


def _unpacked(raw: IO[bytes], path: Path, stack: ExitStack) -> _Lines:
    if path.suffix == ".gz":
        return stack.enter_context(gzip.GzipFile(fileobj=raw))
    if path.suffix == ".xz":
        return stack.enter_context(lzma.LZMAFile(raw))
    return raw


def _lines(file: _Lines) -> Iterator[bytes]:
    """Yield lines; of one that is too long only so much that the reader refuses it."""
    while line := file.readline(LINE_BYTES + 1):
        yield line
        while len(line) > LINE_BYTES and not line.endswith(b"\n"):
            line = file.readline(LINE_BYTES + 1)


def _read(line: bytes, place: str, folder: Path, zone: tzinfo) -> ImportedArticle | Unreadable:
    return guarded(lambda: _parse(line, place, folder, zone), place)


def _parse(line: bytes, place: str, folder: Path, zone: tzinfo) -> ImportedArticle:
    if len(line) > LINE_BYTES:
        raise ArticleUnreadable(f"it is longer than {LINE_BYTES:,} bytes")
    try:
        fields = json.loads(line.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise ArticleUnreadable("it is not UTF-8") from None
    except (ValueError, RecursionError) as problem:
        raise ArticleUnreadable(f"it is not JSON ({str(problem)[:100]})") from None
    if not isinstance(fields, dict):
        raise ArticleUnreadable("it is not a JSON object")
    return read_article(fields, place=place, folder=folder, zone=zone)
