"""Which index is in use, and whose turn it is to write: files in one folder.

    CURRENT         one line: schema version and name of the generation in use
    LOCK            held by the writer with flock; the kernel lets go of it when the writer dies
    g-<time>-<random>/   a generation: one whole index

Knows files and locks; refuses to know what an index holds.
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from index.contract import IndexMissing, IndexOutdated, IndexUnavailable

_SCHEMA = re.compile(r"-\d+(?=\.)")
"""The number of the schema within a version such as arrays-8.2."""


def sync_folder(folder: Path) -> None:
    """Make sure that names made in a folder are on the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class Generations:
    """The generations of an index in a folder, of which one is in use."""

    def __init__(self, folder: Path, version: str) -> None:
        self.folder = folder
        self._version = version
        self._thread = threading.Lock()

    def current(self, *, of_any_version: bool = False) -> str:
        """Give the name of the generation in use.

        Raises IndexMissing where there is none, IndexOutdated where it is of another version.
        """
        try:
            line = (self.folder / "CURRENT").read_text(encoding="ascii")
        except (FileNotFoundError, NotADirectoryError):
            raise IndexMissing("There is no search index yet. It has to be built.") from None
        except UnicodeDecodeError:
            raise IndexMissing("The search index is damaged. It has to be built anew.") from None
        except OSError as problem:
            raise IndexUnavailable(f"The search index cannot be read: {problem}") from problem
        version, _, name = line.strip().partition(" ")
        if not name.startswith("g-") or "/" in name:
            raise IndexMissing("The search index is damaged. It has to be built anew.")
        if version != self._version and not (of_any_version and self._is_like(version)):
            raise IndexOutdated("The search index is of another version. It has to be built anew.")
        return name

    def _is_like(self, version: str) -> bool:
        """Say whether it is of the same engine and files, whatever the schema."""
        return _SCHEMA.sub("-", version) == _SCHEMA.sub("-", self._version)

    def path(self, name: str) -> Path:
        """Give the folder of a generation."""
        return self.folder / name

    def begin(self) -> str:
        """Make the folder of a new generation, which is not in use yet; give its name."""
        name = f"g-{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(4)}"
        self.path(name).mkdir(parents=True)
        return name

    def use(self, name: str) -> None:
        """Use this generation from now on, by an atomic replacement, and remove all others."""
        sync_folder(self.path(name))
        fresh = self.folder / "CURRENT.new"
        with fresh.open("w", encoding="ascii") as file:
            file.write(f"{self._version} {name}\n")
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.folder / "CURRENT")
        sync_folder(self.folder)
        self.sweep(name)

    def sweep(self, keep: str) -> None:
        """Remove superseded generations and what crashed builds left.

        Whoever still reads one goes on doing so: mapped files live until they are let go of.
        """
        for folder in self.folder.glob("g-*"):
            if folder.name != keep:
                self.discard(folder.name)

    def discard(self, name: str) -> None:
        """Remove a generation as far as it can be removed; the next sweep takes the rest."""
        shutil.rmtree(self.path(name), ignore_errors=True)

    @contextmanager
    def turn(self) -> Iterator[bool]:
        """Take the turn to write without waiting; says whether it is ours."""
        if not self._thread.acquire(blocking=False):
            yield False
            return
        try:
            with self._locked() as is_ours:
                yield is_ours
        finally:
            self._thread.release()

    @contextmanager
    def _locked(self) -> Iterator[bool]:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            handle = os.open(self.folder / "LOCK", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as problem:
            raise IndexUnavailable(f"The search index cannot be written: {problem}") from problem
        try:
            is_ours = False
            with suppress(BlockingIOError):
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                is_ours = True
            yield is_ours
        finally:
            os.close(handle)
