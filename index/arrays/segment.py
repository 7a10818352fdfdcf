"""A segment: some documents as arrays in one file, written once and opened by map.

    id, stamp, published, length    a number for each document
    F.terms …, F.starts             the dictionary of a field F (text, keys), see dictionary.py;
                                    where the postings of each term begin
    F.documents                     the document of each posting, 16 bits
    text.codes                      its number in text.code_counts and text.code_tenths: how many
                                    places it has and what it weighs. Few pairs of these are many
    text.place_starts               where the places of each term begin
    text.low, text.high             the lower 16 bits of each place, and the number of its upper 16
                                    in text.high_values: they say the part, and few parts are many
    K.counts, K.values, K.names …   for each way K of filing (topics, authors, sources) how many
                                    names each document has, which, and the names
    shown, shown_offsets            what is kept to show each document, compressed

Knows this layout; refuses to know what was asked, and which documents are deleted.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from functools import cached_property

import numpy as np

from index.arrays.dictionary import Dictionary, write_dictionary
from index.arrays.files import Array, ArrayFile, ArrayWriter
from index.arrays.gathering import Batch, Filed, Terms
from index.contract import Name
from index.filing import FILINGS

COLUMNS = ("id", "stamp", "published", "length")
_SEPARATOR = "\x1d"


class Field:
    """The dictionary and the postings of one field."""

    def __init__(self, file: ArrayFile, name: str) -> None:
        self.dictionary = Dictionary(file, name)
        self.starts = file.array(f"{name}.starts")
        self._starts = self.starts.data
        self.documents = file.array(f"{name}.documents")

    def postings(self, number: int) -> slice:
        """Say which postings are those of a term."""
        return slice(self._starts[number], self._starts[number + 1])

    def frequency(self, number: int) -> int:
        """Count the documents with a term, deleted ones included."""
        return int(self._starts[number + 1] - self._starts[number])


class TextField(Field):
    """The field of words, whose postings have weights and places."""

    def __init__(self, file: ArrayFile, name: str) -> None:
        super().__init__(file, name)
        self.codes = file.array(f"{name}.codes")
        self.code_counts = file.array(f"{name}.code_counts").astype(np.int32)
        self.code_tenths = file.array(f"{name}.code_tenths").astype(np.int32)
        self.place_starts = file.array(f"{name}.place_starts")
        self._place_starts = self.place_starts.data
        self.low = file.array(f"{name}.low")
        self.high = file.array(f"{name}.high")
        self.high_values = file.array(f"{name}.high_values")
        self._high_bits = self.high_values.astype(np.int64) << 16

    def tenths(self, postings: slice) -> Array:
        """Give the weights of postings, in tenths."""
        return self.code_tenths.take(self.codes[postings])

    def counts(self, postings: slice) -> Array:
        """Give how many places postings have."""
        return self.code_counts.take(self.codes[postings])

    def first_place(self, number: int) -> int:
        """Say where the places of a term begin."""
        return int(self._place_starts[number])

    def places(self, which: slice | Array) -> Array:
        """Give places by where they are kept."""
        return self._high_bits.take(self.high[which]) | self.low[which]


class Segment:
    """An opened segment; nothing is read before it is asked for."""

    def __init__(self, file: ArrayFile) -> None:
        self.file = file
        self.columns = {name: file.array(name) for name in COLUMNS}
        self.count = len(self.columns["id"])
        self._offsets = file.array("shown_offsets").data
        self._shown = file.array("shown").data

    @cached_property
    def text(self) -> TextField:
        """The field of words."""
        return TextField(self.file, "text")

    @cached_property
    def keys(self) -> Field:
        """The field of exact values."""
        return Field(self.file, "keys")

    @cached_property
    def filed(self) -> dict[str, Filed]:
        """What documents are filed under, by the ways of filing."""
        return {kind: self._filed(kind) for kind in FILINGS}

    def _filed(self, kind: str) -> Filed:
        packed = bytes(self.file.array(f"{kind}.names").data).decode("utf-8", "surrogatepass")
        parts = packed.split(_SEPARATOR) if packed else []
        names = [Name(*pair) for pair in zip(parts[::2], parts[1::2], strict=True)]
        counts, values = (self.file.array(f"{kind}.{what}") for what in ("counts", "values"))
        return Filed(names, counts, values)

    def shown(self, number: int) -> bytes:
        """Give what is kept to show a document."""
        return zlib.decompress(self._shown[self._offsets[number] : self._offsets[number + 1]])

    def packed_shown(self) -> tuple[Array, Array]:
        """Give what is kept of all documents as it is kept, and where each begins."""
        return self.file.array("shown"), self.file.array("shown_offsets")


def pack_shown(shown: bytes) -> bytes:
    """Compress what is kept of one document."""
    return zlib.compress(shown, 1)


def smallest(highest: int) -> str:
    """Give the smallest type of whole numbers that holds this one."""
    return "u1" if highest < 1 << 8 else "u2" if highest < 1 << 16 else "u4"


def write_batch(batch: Batch, writer: ArrayWriter) -> None:
    """Write a batch of documents as a segment; the caller finishes the file."""
    for name, column in batch.columns.items():
        writer.add(name, "i8", [column])
    _write_text(batch.text, writer)
    write_dictionary(writer, "keys", batch.keys.terms)
    writer.add("keys.starts", "u4", [batch.keys.starts])
    writer.add("keys.documents", "u2", [batch.keys.documents])
    write_filed(writer, batch.filed)
    packed = [pack_shown(shown) for shown in batch.shown]
    write_shown(writer, [np.frombuffer(b"".join(packed), np.uint8)], list(map(len, packed)))


def _write_text(terms: Terms, writer: ArrayWriter) -> None:
    write_dictionary(writer, "text", terms.terms)
    writer.add("text.starts", "u4", [terms.starts])
    writer.add("text.documents", "u2", [terms.documents])
    pairs, codes = np.unique(terms.counts << 32 | terms.tenths, return_inverse=True)
    writer.add("text.codes", smallest(len(pairs)), [codes])
    write_codes(writer, pairs)
    writer.add("text.place_starts", "u4", [terms.place_starts])
    writer.add("text.low", "u2", [terms.places & 0xFFFF])
    high = terms.places >> 16
    values = np.flatnonzero(np.bincount(high, minlength=1))
    numbers = np.zeros(int(values.max(initial=0)) + 1, np.int64)
    numbers[values] = np.arange(len(values))
    writer.add("text.high", smallest(len(values)), [numbers[high]])
    writer.add("text.high_values", "u2", [values])


def write_codes(writer: ArrayWriter, pairs: Array) -> None:
    """Write the pairs that codes stand for: the count in the upper 32 bits, tenths in the lower."""
    writer.add("text.code_counts", "u4", [pairs >> 32])
    writer.add("text.code_tenths", "u4", [pairs & 0xFFFFFFFF])


def write_filed(writer: ArrayWriter, filed: dict[str, Filed]) -> None:
    """Write what documents are filed under."""
    for kind, each in filed.items():
        parts = [_clean(part) for name in each.names for part in (name.slug, name.name)]
        packed = _SEPARATOR.join(parts).encode("utf-8", "surrogatepass")
        writer.add(f"{kind}.names", "u1", [np.frombuffer(packed, np.uint8)])
        writer.add(f"{kind}.counts", smallest(int(each.counts.max(initial=0))), [each.counts])
        writer.add(f"{kind}.values", smallest(len(each.names)), [each.values])


def _clean(text: str) -> str:
    return text.replace(_SEPARATOR, " ")


def write_shown(writer: ArrayWriter, packed: Iterable[Array], lengths: Sequence[int]) -> None:
    """Write what is kept to show documents."""
    offsets = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=offsets[1:])
    writer.add("shown", "u1", packed)
    writer.add("shown_offsets", "u4", [offsets])
