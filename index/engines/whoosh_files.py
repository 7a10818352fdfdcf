"""How Whoosh reads and writes its files here: mapped when read, on the disk when written.

Whoosh copies every segment it opens into private memory (its BufferFile makes a BytesIO of the
map) and never calls fsync. Here readers look at the mapped pages, which all processes share, and
a segment is on the disk before the table of contents that names it. Works with Whoosh 2.7.4
and whoosh3, which share these classes.
"""

from __future__ import annotations

import io
import mmap
import os
import sys
from array import array
from pathlib import Path
from typing import BinaryIO, cast

from whoosh.filedb.filestore import FileStorage
from whoosh.filedb.structfile import StructFile

from index.engines.generations import sync_folder


class MappedBytes(io.RawIOBase):
    """A file to read over a view of memory; nothing is copied but what is asked for."""

    def __init__(self, view: memoryview) -> None:
        self._view = view
        self._at = 0

    def read(self, size: int = -1) -> bytes:
        """Give the next bytes, all of them where `size` is negative."""
        end = len(self._view) if size is None or size < 0 else self._at + size
        taken = bytes(self._view[self._at : end])
        self._at += len(taken)
        return taken

    def readline(self, size: int | None = -1) -> bytes:
        """Give the next line, as pickles of old protocols want it."""
        start = self._at
        line = io.BytesIO(self._view[start : start + (1 << 16)]).readline(
            -1 if size is None else size
        )
        self._at += len(line)
        return line

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to an offset."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: len(self._view)}[whence]
        self._at = base + offset
        return self._at

    def tell(self) -> int:
        """Give the offset of the next byte."""
        return self._at


class MappedFile(StructFile):
    """Whoosh's structured file on a view of memory.

    It has `subset` and no `fileno`, so that Whoosh's compound storage takes its parts from
    here and does not make a map, and copies, of its own.
    """

    def __init__(self, view: memoryview, name: str | None = None) -> None:
        self._view = view
        self._name = name
        self.file = cast(BinaryIO, MappedBytes(view))
        self.onclose = None
        self.is_real = False
        self.is_closed = False

    @property
    def view(self) -> memoryview:
        """The mapped bytes."""
        return self._view

    def subset(self, offset: int, length: int, name: str | None = None) -> MappedFile:
        """Give a file on a part of this one."""
        return MappedFile(self._view[offset : offset + length], name or self._name)

    def get(self, position: int, length: int) -> bytes:
        """Give bytes from anywhere."""
        return bytes(self._view[position : position + length])

    def get_array(self, position: int, typecode: str, length: int) -> array[int] | array[float]:
        """Give an array of numbers, which Whoosh keeps big-endian."""
        values = array(typecode)
        values.frombytes(self._view[position : position + length * values.itemsize])
        if sys.byteorder == "little":
            values.byteswap()
        return values


class DurableStorage(FileStorage):
    """Files of an index in a folder."""

    def __init__(self, folder: Path) -> None:
        super().__init__(str(folder))

    def create_file(
        self, name: str, excl: bool = False, mode: str = "wb", **kwargs: object
    ) -> StructFile:
        """Make a file that is on the disk when it is closed, where it is one that stays."""
        if name.endswith(".seg") or ".toc" in name:
            kwargs["onclose"] = _sync
        file: StructFile = super().create_file(name, excl=excl, mode=mode, **kwargs)
        return file

    def open_file(self, name: str, **kwargs: object) -> StructFile:
        """Open a file to read; segments are mapped."""
        path = Path(self.folder) / name
        if name.endswith(".toc"):
            # Small, and Whoosh leaves it open when it cannot be read.
            return MappedFile(memoryview(path.read_bytes()), name)
        if name.endswith(".seg"):
            with path.open("rb") as file:
                if not path.stat().st_size:
                    # An empty file cannot be mapped.
                    return MappedFile(memoryview(b""), name)
                pages = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            return MappedFile(memoryview(pages), name)
        plain: StructFile = super().open_file(name, **kwargs)
        return plain

    def rename_file(self, oldname: str, newname: str, safe: bool = False) -> None:
        """Rename a file, durably."""
        super().rename_file(oldname, newname, safe=safe)
        sync_folder(Path(self.folder))


def _sync(file: StructFile) -> None:
    file.file.flush()
    os.fsync(file.file.fileno())
