"""Which workers of this machine are alive: each holds a lock, and the kernel frees it with them."""

from __future__ import annotations

import fcntl
import os
import secrets
import weakref
from collections.abc import Sequence
from pathlib import Path

from webapp.extensions import the_site


class Life:
    """A file that is locked as long as its process lives; empty until it is locked."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, exist_ok=True)
        self.name = secrets.token_hex(16)
        file = os.open(folder / self.name, os.O_CREAT | os.O_WRONLY, 0o600)
        weakref.finalize(self, os.close, file)
        fcntl.flock(file, fcntl.LOCK_EX)
        os.write(file, b"alive")


def own_name() -> str:
    """Give the name of this process among the workers; it lives from when this is first asked."""
    site = the_site()
    if site.life is None:
        site.life = Life(_folder())
    return str(site.life.name)


def dead() -> list[str]:
    """Give the names of workers of this data folder that are no more."""
    return [path.name for path in _folder().glob("*") if _is_dead(path)]


def bury(names: Sequence[str]) -> None:
    """Forget workers that are no more, once what they had is given to others."""
    for name in names:
        (_folder() / name).unlink(missing_ok=True)


def is_anyone_alive() -> bool:
    """Whether a worker of this data folder lives."""
    return any(not _is_free(path) for path in _folder().glob("*"))


def _is_dead(path: Path) -> bool:
    """Whether a worker has lived and lives no more; one that is being born is not dead."""
    return path.stat().st_size > 0 and _is_free(path)


def _is_free(path: Path) -> bool:
    with path.open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def _folder() -> Path:
    return the_site().settings.data / "workers"
