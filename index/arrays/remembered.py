"""What was read for one question and may serve the next: so many bytes of it.

Readers type, and every key is a question that has most words of the one before. Unpacked postings
of a common word are its dearest part.

Knows sizes and the order of use; refuses to know what it keeps.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Protocol

MOST_BYTES = 24_000_000


class Sized(Protocol):
    """Something that says how much memory it takes by now."""

    @property
    def nbytes(self) -> int:
        """The bytes that it takes."""


class Remembered:
    """Things by their keys; those that were not asked for longest are forgotten first."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most = most_bytes
        self._kept: OrderedDict[Hashable, tuple[Sized, int]] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> Sized | None:
        """Give what is kept under a key."""
        with self._lock:
            if key not in self._kept:
                return None
            self._kept.move_to_end(key)
            return self._kept[key][0]

    def keep(self, key: Hashable, thing: Sized) -> None:
        """Keep a thing with the size that it has now, and forget others for it."""
        with self._lock:
            _, before = self._kept.pop(key, (None, 0))
            size = thing.nbytes
            self._bytes += size - before
            self._kept[key] = thing, size
            while self._bytes > self._most:
                _, (_, size) = self._kept.popitem(last=False)
                self._bytes -= size
