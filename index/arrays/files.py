"""One file of named arrays: written once, mapped for reading, checked before it is believed.

    magic        8 bytes
    arrays       one after the other, each begins at a multiple of 64; numbers are little-endian
    directory    JSON: name -> [type, count, offset, CRC-32]
    footer       offset, length and CRC-32 of the directory, then the magic again

Knows bytes and arrays; refuses to know what they mean.
"""

from __future__ import annotations

import json
import mmap
import struct
import zlib
from collections.abc import Iterable, Iterator
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

MAGIC = b"BSARRAY1"
_ALIGNMENT = 64
_FOOTER = struct.Struct("<QII8s")
_CHECKED_BYTES = 1 << 22
"""Bytes that are checked at once, so that other threads get their turn."""


class DamagedFile(Exception):
    """A file of arrays is not as it was written."""


class Stream(Protocol):
    """Where bytes are written to."""

    def write(self, data: bytes, /) -> object:
        """Take bytes."""


class ArrayWriter:
    """Writes arrays to a stream, one after the other; `finish` makes it a file of arrays."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._directory: dict[str, tuple[str, int, int, int]] = {}
        self._at = 0
        self._write(MAGIC)

    def _write(self, data: bytes) -> None:
        self._stream.write(data)
        self._at += len(data)

    def add(self, name: str, kind: str, chunks: Iterable[Array]) -> None:
        """Write an array, given in pieces, with numbers of this numpy type (as in "u2")."""
        kind = np.dtype(kind).newbyteorder("<").str
        self._write(b"\0" * (-self._at % _ALIGNMENT))
        offset, count, checksum = self._at, 0, 0
        for chunk in chunks:
            data = np.ascontiguousarray(chunk, dtype=kind).tobytes()
            checksum = zlib.crc32(data, checksum)
            count += chunk.size
            self._write(data)
        self._directory[name] = kind, count, offset, checksum

    def finish(self) -> int:
        """Write the directory; how many bytes the file has."""
        directory = json.dumps(self._directory).encode()
        offset = self._at
        self._write(directory)
        self._write(_FOOTER.pack(offset, len(directory), zlib.crc32(directory), MAGIC))
        return self._at


class ArrayFile:
    """A file of arrays over a view of its bytes; nothing is copied."""

    def __init__(self, view: memoryview) -> None:
        """Read the directory. Raises DamagedFile where the file is not whole."""
        self._view = view
        self._directory = self._read_directory(view)

    @staticmethod
    def _read_directory(view: memoryview) -> dict[str, tuple[str, int, int, int]]:
        if len(view) < len(MAGIC) + _FOOTER.size or view[: len(MAGIC)] != MAGIC:
            raise DamagedFile("This is no file of arrays.")
        offset, length, checksum, magic = _FOOTER.unpack(view[-_FOOTER.size :])
        directory = view[offset : offset + length]
        if magic != MAGIC or len(directory) != length or zlib.crc32(directory) != checksum:
            raise DamagedFile("A file of arrays has lost its end.")
        read: dict[str, tuple[str, int, int, int]] = json.loads(bytes(directory))
        return read

    def array(self, name: str) -> Array:
        """Give an array. Raises DamagedFile where the file has none of this name."""
        try:
            kind, count, offset, _ = self._directory[name]
        except KeyError:
            raise DamagedFile(f"A file of arrays lacks “{name}”.") from None
        return np.frombuffer(self._view, dtype=kind, count=count, offset=offset)

    def __contains__(self, name: str) -> bool:
        return name in self._directory

    def __len__(self) -> int:
        return len(self._view)

    def damaged(self) -> Iterator[str]:
        """Yield the names of arrays whose bytes are not those that were written; reads them all."""
        for name, (kind, count, offset, checksum) in self._directory.items():
            end, found = offset + count * np.dtype(kind).itemsize, 0
            for start in range(offset, end, _CHECKED_BYTES):
                found = zlib.crc32(self._view[start : min(end, start + _CHECKED_BYTES)], found)
            if found != checksum:
                yield name
        self._give_back_pages()

    def _give_back_pages(self) -> None:
        """Take a mapped file out of this process's memory; what is asked for comes in again."""
        if isinstance(self._view.obj, mmap.mmap):
            self._view.obj.madvise(mmap.MADV_DONTNEED)
