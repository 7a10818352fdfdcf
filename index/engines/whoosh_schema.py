"""The fields of the Whoosh index, and documents as Whoosh writes them.

Whoosh's own analyzers, formats and sorting pool are passed by: a document comes laid out, with
its postings made. One field of terms with places, one of exact keys, columns for what sorts and
filters, and what is shown stored. The format is Whoosh's, readable by its own matchers.
"""

from __future__ import annotations

import struct
from collections.abc import Generator, Iterator, Sequence
from functools import lru_cache

from whoosh.columns import NumericColumn, VarBytesColumn
from whoosh.fields import COLUMN, STORED, FieldType, Schema
from whoosh.formats import Existence, Positions

from index.contract import Document, Name, Section
from index.filing import Filed, microseconds
from index.layout import SCHEMA_VERSION, lay_out
from index.texts import Text

VERSION = f"whoosh-{SCHEMA_VERSION}.1"
"""Of layout and of these fields: an index of another version has to be built anew."""

Posting = tuple[str, bytes, int, float, bytes]
"""Field, term, document, weight and packed places."""

Item = tuple[bytes, int, float, bytes]
"""Term, frequency, weight and packed places, in one field of one document."""


@lru_cache(maxsize=1024)
def _packing(count: int) -> struct.Struct:
    return struct.Struct(f"<{count}I")


class PackedPositions(Positions):
    """Positions as little-endian 32-bit numbers, in place of a pickle for each posting."""

    def encode(self, places: Sequence[int]) -> bytes:
        """Pack places."""
        return _packing(len(places)).pack(*places)

    def decode_positions(self, value: bytes) -> list[int]:
        """Unpack places."""
        return list(unpack(value))

    def decode_frequency(self, value: bytes) -> int:
        """Count places."""
        return len(value) // 4


def pack(places: Sequence[int]) -> bytes:
    """Pack places for a posting."""
    return _packing(len(places)).pack(*places)


def unpack(value: bytes) -> tuple[int, ...]:
    """Unpack the places of a posting."""
    return _packing(len(value) // 4).unpack_from(value)


class LaidOut(FieldType):
    """A field whose value is its postings: (term, frequency, weight, places)."""

    def __init__(self, format: PackedPositions | Existence) -> None:
        self.format = format
        self.scorable = False
        self.stored = False

    def index(self, value: Sequence[Item], **_: object) -> Generator[Item, None, None]:
        """Give the postings that were laid out."""
        yield from value


def schema() -> Schema:
    """Make the schema."""
    return Schema(
        text=LaidOut(PackedPositions()),
        keys=LaidOut(Existence()),
        id=COLUMN(NumericColumn("q")),
        stamp=COLUMN(NumericColumn("q")),
        published=COLUMN(NumericColumn("q")),
        length=COLUMN(NumericColumn("i")),
        filed=COLUMN(VarBytesColumn()),
        shown=STORED,
    )


def fields_of(document: Document) -> dict[str, object]:
    """Give the values of a document's fields."""
    laid = lay_out(document)
    weights = laid.weights
    return {
        "text": [
            (term.encode(), len(places), weights[term], pack(places))
            for term, places in laid.places.items()
        ],
        "keys": [(key.encode("utf-8", "replace"), 1, 1.0, b"") for key in laid.keys],
        "id": document.id,
        "stamp": document.stamp,
        "published": microseconds(document.published_at),
        "length": laid.length,
        "filed": pack_filed(Filed.of(document)),
        "shown": (
            document.title,
            document.summary,
            [(section.label, section.anchor, section.text) for section in document.sections],
            document.language,
        ),
    }


_FIELDS, _NAMES = "\x1d", "\x1e"


def pack_filed(filed: Filed) -> bytes:
    """Pack what a document is filed under for its column; separators in names become spaces."""
    fields = [_pack_names(filed.topics), _pack_names(filed.authors), _clean(filed.source)]
    return _FIELDS.join(fields).encode("utf-8", "replace")


def _pack_names(names: Sequence[Name]) -> str:
    return _NAMES.join(part for name in names for part in (_clean(name.slug), _clean(name.name)))


def _clean(text: str) -> str:
    return text.replace(_FIELDS, " ").replace(_NAMES, " ")


def unpack_filed(packed: bytes) -> Filed:
    """Give back what a document is filed under."""
    topics, authors, source = packed.decode().split(_FIELDS)
    return Filed(_names(topics), _names(authors), source)


def _names(packed: str) -> tuple[Name, ...]:
    parts = packed.split(_NAMES)
    pairs = zip(parts[::2], parts[1::2], strict=True) if packed else ()
    return tuple(Name(*pair) for pair in pairs)


def text_from(shown: tuple[str, str, list[tuple[str, str, str]], str]) -> Text:
    """Give back what is shown of a document."""
    title, summary, sections, language = shown
    return Text(title, summary, tuple(Section(*section) for section in sections), language)


class TermPool:
    """Gathers postings by term, so that only terms have to be sorted.

    Takes the place of Whoosh's pool, which sorts every posting and spills each by pickle. Holds
    one batch in memory: about 25 MB for 1,000 articles of 450 words.
    """

    def __init__(self) -> None:
        self._terms: dict[tuple[str, bytes], list[tuple[int, float, bytes]]] = {}

    def add(self, posting: Posting) -> None:
        """Take a posting; those of a term come in the order of documents."""
        field, term, document, weight, places = posting
        found = self._terms.get((field, term))
        if found is None:
            self._terms[field, term] = [(document, weight, places)]
        else:
            found.append((document, weight, places))

    def iter_postings(self) -> Iterator[Posting]:
        """Yield all postings by field, term and document."""
        for field, term in sorted(self._terms):
            postings = self._terms[field, term]
            for document, weight, places in postings:
                yield field, term, document, weight, places

    def cleanup(self) -> None:
        """Forget all."""
        self._terms = {}
