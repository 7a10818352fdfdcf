"""Segments of arrays as Whoosh sees them: a codec whose postings are the arrays.

Whoosh's table of contents names these segments, and its readers, matchers and queries work on
them; they are the fallback and, in the tests, the oracle. What is asked of the site's search goes
past them, straight to the arrays.

Knows Whoosh's codec; refuses to write, which is done for whole batches in writing.py.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any, NoReturn

import numpy as np
from whoosh.codec.base import Codec, FieldCursor, PerDocumentReader, TermsReader
from whoosh.codec.base import Segment as WhooshSegment
from whoosh.columns import ColumnReader
from whoosh.matching.mcore import ListMatcher
from whoosh.reading import TermInfo

from index.arrays.files import ArrayFile, DamagedFile
from index.arrays.gathering import TENTHS
from index.arrays.schema import PLACES
from index.arrays.segment import COLUMNS, Segment, TextField

EXTENSION = ".seg"
_NOT_ONE_BY_ONE = "Segments of arrays are written whole; see index/arrays/writing.py."


class ArraySegment(WhooshSegment):
    """What the table of contents keeps of a segment; the deleted documents are marked here."""

    def __init__(self, indexname: str) -> None:
        super().__init__(indexname)
        self.count = 0
        self.size = 0
        self.deleted: frozenset[int] = frozenset()
        self.seal = 0

    def sealed(self, generation: int, segments: int) -> int:
        """Give the CRC-32 of all that is kept here, as one of so many segments of a generation."""
        deleted = sorted(self.deleted)
        told = (generation, segments, self.segment_id(), self.count, self.size, deleted)
        return zlib.crc32(repr(told).encode())

    def codec(self) -> ArrayCodec:
        """Give the codec that reads it."""
        return ArrayCodec()

    def file_name(self) -> str:
        """Give the name of its file."""
        name: str = self.make_filename(EXTENSION)
        return name

    def should_assemble(self) -> bool:
        """Say no: it is one file already."""
        return False

    def doc_count_all(self) -> int:
        """Count its documents, deleted ones included."""
        return self.count

    def set_doc_count(self, doccount: int) -> None:
        """Say how many documents it has."""
        self.count = doccount

    def deleted_count(self) -> int:
        """Count the deleted documents."""
        return len(self.deleted)

    def deleted_docs(self) -> frozenset[int]:
        """Give the deleted documents."""
        return self.deleted

    def is_deleted(self, docnum: int) -> bool:
        """Say whether a document is deleted."""
        return docnum in self.deleted

    def delete_document(self, docnum: int, delete: bool = True) -> None:
        """Mark a document as deleted, or as not deleted."""
        self.deleted = self.deleted | {docnum} if delete else self.deleted - {docnum}


def open_segment(storage: Any, segment: ArraySegment) -> Segment:
    """Open a segment by map. Raises DamagedFile where its file is not whole."""
    view = storage.open_file(segment.file_name()).view
    if len(view) != segment.size:
        raise DamagedFile("A segment is shorter than it was.")
    opened = Segment(ArrayFile(view))
    if opened.count != segment.count:
        raise DamagedFile("A segment has other documents than it had.")
    return opened


class ArrayCodec(Codec):
    """Reads segments of arrays."""

    def terms_reader(self, storage: Any, segment: ArraySegment) -> ArrayTerms:
        """Give the reader of terms and postings."""
        return ArrayTerms(open_segment(storage, segment))

    def per_document_reader(self, storage: Any, segment: ArraySegment) -> ArrayDocuments:
        """Give the reader of documents."""
        return ArrayDocuments(open_segment(storage, segment), segment)

    def per_document_writer(self, storage: Any, segment: ArraySegment) -> NoReturn:
        """Refuse: documents are written as batches."""
        raise NotImplementedError(_NOT_ONE_BY_ONE)

    def field_writer(self, storage: Any, segment: ArraySegment) -> NoReturn:
        """Refuse: postings are written as batches."""
        raise NotImplementedError(_NOT_ONE_BY_ONE)

    def postings_writer(self, dbfile: Any, byteids: bool = False) -> NoReturn:
        """Refuse: postings are written as batches."""
        raise NotImplementedError(_NOT_ONE_BY_ONE)

    def postings_reader(
        self, dbfile: Any, terminfo: Any, format_: Any, term: Any = None, scorer: Any = None
    ) -> NoReturn:
        """Refuse: postings are no file of their own; see `terms_reader`."""
        raise NotImplementedError(_NOT_ONE_BY_ONE)

    def new_segment(self, _storage: Any, indexname: str) -> ArraySegment:
        """Make a segment that has no file yet."""
        return ArraySegment(indexname)


class ArrayTerms(TermsReader):
    """The terms of a segment and their postings, one at a time."""

    def __init__(self, segment: Segment) -> None:
        self._segment = segment
        self._fields = {"keys": segment.keys, "text": segment.text}

    def indexed_field_names(self) -> list[str]:
        """Give the names of the fields."""
        return sorted(self._fields)

    def __contains__(self, term: tuple[str, bytes]) -> bool:
        name, text = term
        return name in self._fields and self._fields[name].dictionary.find(text) >= 0

    def terms(self) -> Iterator[tuple[str, bytes]]:
        """Yield all terms in order."""
        for name in self.indexed_field_names():
            yield from self._from(name, 0)

    def terms_from(self, fieldname: str, prefix: bytes) -> Iterator[tuple[str, bytes]]:
        """Yield the terms of a field from one on."""
        yield from self._from(fieldname, self._fields[fieldname].dictionary.first_from(prefix))

    def _from(self, name: str, first: int) -> Iterator[tuple[str, bytes]]:
        dictionary = self._fields[name].dictionary
        return ((name, dictionary[number]) for number in range(first, len(dictionary)))

    def items(self) -> Iterator[tuple[tuple[str, bytes], TermInfo]]:
        """Yield all terms with what is known of them."""
        return ((term, self.term_info(*term)) for term in self.terms())

    def items_from(
        self, fieldname: str, prefix: bytes
    ) -> Iterator[tuple[tuple[str, bytes], TermInfo]]:
        """Yield the terms of a field from one on with what is known of them."""
        return ((t, self.term_info(*t)) for t in self.terms_from(fieldname, prefix))

    def cursor(self, fieldname: str, _fieldobj: object) -> TermCursor:
        """Give a cursor over the terms of a field."""
        return TermCursor(self._segment, fieldname)

    def _number(self, fieldname: str, text: bytes) -> int:
        number = self._fields[fieldname].dictionary.find(text) if fieldname in self._fields else -1
        if number < 0:
            raise KeyError((fieldname, text))
        return number

    def doc_frequency(self, fieldname: str, text: bytes) -> int:
        """Count the documents with a term."""
        return self._fields[fieldname].frequency(self._number(fieldname, text))

    def frequency(self, fieldname: str, text: bytes) -> float:
        """Give the sum of the weights of a term."""
        weight: float = self.term_info(fieldname, text).weight()
        return weight

    def term_info(self, fieldname: str, text: bytes) -> TermInfo:
        """Say what is known of a term."""
        field, number = self._fields[fieldname], self._number(fieldname, text)
        postings = field.postings(number)
        documents = field.documents[postings]
        weights = _weights(field, postings)
        lengths = self._segment.columns["length"][documents]
        return TermInfo(
            float(weights.sum()), len(documents), int(lengths.min()), int(lengths.max()),
            float(weights.max()), int(documents[0]), int(documents[-1]),
        )  # fmt: skip

    def matcher(
        self, fieldname: str, text: bytes, format_: object, scorer: object = None
    ) -> ListMatcher:
        """Give the postings of a term, one at a time."""
        field, number = self._fields[fieldname], self._number(fieldname, text)
        postings = field.postings(number)
        return ListMatcher(
            field.documents[postings].tolist(),
            _weights(field, postings).tolist(),
            _packed_places(field, number) if isinstance(field, TextField) else None,
            format_,
            scorer,
            term=(fieldname, text),
            terminfo=self.term_info(fieldname, text),
        )


def _weights(field: Any, postings: slice) -> Any:
    if isinstance(field, TextField):
        return field.tenths(postings) / TENTHS
    return np.ones(postings.stop - postings.start)


def _packed_places(field: TextField, number: int) -> list[bytes]:
    counts = field.counts(field.postings(number))
    first = field.first_place(number)
    packed = field.places(slice(first, first + int(counts.sum()))).astype(PLACES).tobytes()
    ends = np.cumsum(counts) * PLACES.itemsize
    starts = ends - counts * PLACES.itemsize
    return [packed[a:b] for a, b in zip(starts.tolist(), ends.tolist(), strict=True)]


class TermCursor(FieldCursor):
    """Goes through the terms of a field in order."""

    def __init__(self, segment: Segment, fieldname: str) -> None:
        self._dictionary = {"keys": segment.keys, "text": segment.text}[fieldname].dictionary
        self._at = 0

    def is_valid(self) -> bool:
        """Say whether it stands at a term."""
        return self._at < len(self._dictionary)

    def text(self) -> str | None:
        """Give the term at which it stands; None after the last."""
        return self._dictionary[self._at].decode() if self.is_valid() else None

    def first(self) -> str | None:
        """Go to the first term."""
        self._at = 0
        return self.text()

    def find(self, string: str | bytes) -> str | None:
        """Go to the first term that is not before this one."""
        wanted = string.encode() if isinstance(string, str) else string
        self._at = self._dictionary.first_from(wanted)
        return self.text()

    def next(self) -> str | None:
        """Go to the next term."""
        self._at += 1
        return self.text()


class ArrayColumn(ColumnReader):
    """A column as Whoosh reads it."""

    def __init__(self, values: Any) -> None:
        self._values = values

    def __len__(self) -> int:
        return len(self._values)

    def __getitem__(self, docnum: int) -> int:
        return int(self._values[docnum])

    def __iter__(self) -> Iterator[int]:
        return iter(self._values.tolist())

    def load(self) -> list[int]:
        """Give all values."""
        values: list[int] = self._values.tolist()
        return values


class ArrayDocuments(PerDocumentReader):
    """The documents of a segment, one at a time."""

    def __init__(self, opened: Segment, segment: ArraySegment) -> None:
        self._opened, self._segment = opened, segment

    def doc_count(self) -> int:
        """Count the documents that are not deleted."""
        count: int = self._segment.doc_count()
        return count

    def doc_count_all(self) -> int:
        """Count the documents."""
        return self._segment.count

    def has_deletions(self) -> bool:
        """Say whether any are deleted."""
        return bool(self._segment.deleted)

    def is_deleted(self, docnum: int) -> bool:
        """Say whether a document is deleted."""
        return self._segment.is_deleted(docnum)

    def deleted_docs(self) -> frozenset[int]:
        """Give the deleted documents."""
        return self._segment.deleted

    def supports_columns(self) -> bool:
        """Say yes."""
        return True

    def has_column(self, fieldname: str) -> bool:
        """Say whether there is such a column."""
        return fieldname in COLUMNS

    def list_columns(self) -> list[str]:
        """Give the names of the columns."""
        return list(COLUMNS)

    def column_reader(self, fieldname: str, _column: object) -> ArrayColumn:
        """Give a column."""
        return ArrayColumn(self._opened.columns[fieldname])

    def doc_field_length(self, docnum: int, fieldname: str, default: int = 0) -> int:
        """Give the tokens of a document, weighted by the parts that they stand in."""
        return int(self._opened.columns["length"][docnum]) if fieldname == "text" else default

    def field_length(self, fieldname: str) -> int:
        """Give the sum of the lengths."""
        return int(self._opened.columns["length"].sum()) if fieldname == "text" else 0

    def min_field_length(self, fieldname: str) -> int:
        """Give the shortest length."""
        return int(self._opened.columns["length"].min()) if fieldname == "text" else 0

    def max_field_length(self, fieldname: str) -> int:
        """Give the longest length."""
        return int(self._opened.columns["length"].max()) if fieldname == "text" else 0

    def stored_fields(self, docnum: int) -> dict[str, Any]:
        """Give what is kept to show a document."""
        return {"shown": self._opened.shown(docnum)}
