"""The fields of the index as Whoosh names them, and how a posting's value is read.

Knows Whoosh's schema; refuses to know documents, which come laid out.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from whoosh.columns import NumericColumn
from whoosh.fields import COLUMN, STORED, FieldType, Schema
from whoosh.formats import Existence, Positions

PLACES = np.dtype("<u4")
"""Places in the value of a posting."""


class PackedPositions(Positions):
    """Positions as little-endian 32-bit numbers."""

    def encode(self, places: Sequence[int]) -> bytes:
        """Pack places."""
        return np.array(places, PLACES).tobytes()

    def decode_positions(self, value: bytes) -> list[int]:
        """Unpack places."""
        places: list[int] = np.frombuffer(value, PLACES).tolist()
        return places

    def decode_frequency(self, value: bytes) -> int:
        """Count places."""
        return len(value) // PLACES.itemsize


class LaidOut(FieldType):
    """A field whose postings are made outside of Whoosh."""

    def __init__(self, format: PackedPositions | Existence) -> None:
        self.format = format
        self.scorable = True
        self.stored = False


def schema() -> Schema:
    """Make the schema."""
    return Schema(
        text=LaidOut(PackedPositions()),
        keys=LaidOut(Existence()),
        id=COLUMN(NumericColumn("q")),
        stamp=COLUMN(NumericColumn("q")),
        published=COLUMN(NumericColumn("q")),
        length=COLUMN(NumericColumn("q")),
        shown=STORED,
    )
