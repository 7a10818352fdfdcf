"""An opened Whoosh index, as the evaluator looks at it.

Knows Whoosh's readers; refuses to know questions and scores, and to change anything.
"""

from __future__ import annotations

import heapq
from collections import OrderedDict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from whoosh.reading import IndexReader, TermNotFound

from index.contract import IndexMissing, IndexUnavailable
from index.engines.whoosh_schema import text_from, unpack, unpack_filed
from index.filing import Filed, Filing
from index.texts import Text

MOST_REMEMBERED = 200_000
"""Postings kept between questions: about 30 MB. The lists of common words are long to read."""


@contextmanager
def reading_whole() -> Iterator[None]:
    """Turn what Whoosh raises on damaged files into IndexMissing; goes around reading alone.

    FileNotFoundError passes: files go when another process commits. All else is caught, since
    Whoosh unpickles what it reads: on damaged bytes anything is raised, bare Exception included.
    """
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as problem:
        raise IndexUnavailable(f"The search index cannot be read: {problem}") from problem
    except Exception as problem:
        raise IndexMissing("The search index is damaged. It has to be built anew.") from problem


@dataclass(slots=True)
class _List:
    """All postings of a term, deleted documents left out."""

    weights: dict[int, float] = field(default_factory=dict)
    values: dict[int, bytes] = field(default_factory=dict)


class _Remembered:
    """Lists of postings that were read lately, so many postings of them in all."""

    def __init__(self) -> None:
        self._lists: OrderedDict[str, _List] = OrderedDict()
        self._count = 0

    def get(self, term: str) -> _List | None:
        """Give the list of a term, if it is still there."""
        if term in self._lists:
            self._lists.move_to_end(term)
        return self._lists.get(term)

    def keep(self, term: str, found: _List) -> None:
        """Keep a list, and forget those that were not asked for longest."""
        self._lists[term] = found
        self._count += len(found.weights) + 1
        while self._count > MOST_REMEMBERED:
            _, forgotten = self._lists.popitem(last=False)
            self._count -= len(forgotten.weights) + 1


class Snapshot:
    """The index as it was at one commit. Numbers of documents are Whoosh's.

    Not for several threads at once.
    """

    def __init__(self, leaves: Iterable[IndexReader]) -> None:
        """Open the columns of the readers of all segments; postings are read when asked for."""
        self.leaves: list[tuple[IndexReader, int]] = []
        offset = 0
        for leaf in leaves:
            self.leaves.append((leaf, offset))
            offset += leaf.doc_count_all()
        self.ids = self._column("id")
        self.published = self._column("published")
        self.lengths = self._column("length")
        self.documents = [
            offset + number for leaf, offset in self.leaves for number in leaf.all_doc_ids()
        ]
        self.numbers = {self.ids[n]: n for n in self.documents}
        self.average_length = sum(self.lengths[n] for n in self.documents) / max(
            1, len(self.documents)
        )
        self.last_published = max((self.published[n] for n in self.documents), default=0)
        self._filing: Filing | None = None
        self._words: dict[str, list[tuple[str, int]]] = {}
        self.remembered = _Remembered()
        self.languages = sorted({key.partition(":")[2] for key in self._terms("keys", "language:")})

    def _column(self, name: str) -> list[int]:
        return [
            value
            for leaf, _ in self.leaves
            for value in leaf.column_reader(name, translate=False).load()
        ]

    def stamps(self) -> list[tuple[int, int]]:
        """Give id and stamp of every document."""
        with reading_whole():
            stamps = self._column("stamp")
        return [(self.ids[n], stamps[n]) for n in self.documents]

    def text(self, document: int) -> Text:
        """Give what is shown of a document."""
        leaf, offset = next(each for each in reversed(self.leaves) if document >= each[1])
        with reading_whole():
            return text_from(leaf.stored_fields(document - offset)["shown"])

    def _terms(self, name: str, prefix: str) -> dict[str, int]:
        """Give the terms that begin so, and in how many documents each stands."""
        found: dict[str, int] = {}
        begins = prefix.encode()
        for leaf, _ in self.leaves:
            for (field_name, term), info in leaf.iter_from(name, begins):
                if field_name != name or not term.startswith(begins):
                    break
                text = term.decode()
                found[text] = found.get(text, 0) + info.doc_frequency()
        return found

    def filing(self) -> Filing:
        """Give what documents are filed under, read when first asked for."""
        if self._filing is None:
            numbers: dict[bytes, int] = {}
            of: list[int] = []
            with reading_whole():
                for leaf, _ in self.leaves:
                    # An index of an older version may have no such column.
                    has = leaf.has_column("filed")
                    column = leaf.column_reader("filed", translate=False).load() if has else ()
                    packed = column or [b""] * leaf.doc_count_all()
                    of += [numbers.setdefault(each, len(numbers)) for each in packed]
                values = [unpack_filed(packed) if packed else Filed() for packed in numbers]
            self._filing = Filing(of, values)
        return self._filing

    def words(self, letter: str) -> list[tuple[str, int]]:
        """Give the words that begin with a letter and their frequencies, read when first asked."""
        if letter not in self._words:
            with reading_whole():
                found = self._terms("text", letter)
            self._words[letter] = [(term, n) for term, n in found.items() if term.isalnum()]
        return self._words[letter]

    def most_frequent(self, prefix: str, limit: int) -> list[str]:
        """Give the words that begin so, those in most documents first."""
        with reading_whole():
            found = self._terms("text", prefix)
        return heapq.nsmallest(limit, found, key=lambda term: (-found[term], term))

    def document_frequency(self, term: str) -> int:
        """Count the documents with a term, deleted ones that were not merged away included."""
        with reading_whole():
            return sum(leaf.doc_frequency("text", term.encode()) for leaf, _ in self.leaves)

    def read(self, name: str, term: str) -> _List:
        """Read all postings of a term."""
        found = _List()
        weights, values = found.weights, found.values
        with reading_whole():
            for leaf, offset in self.leaves:
                try:
                    matcher = leaf.postings(name, term.encode())
                except TermNotFound:
                    continue
                while matcher.is_active():
                    document = matcher.id() + offset
                    weights[document] = matcher.weight()
                    values[document] = matcher.value()
                    matcher.next()
            if weights and max(weights) >= len(self.ids):
                raise ValueError("postings of documents that there are not")
        return found


class SnapshotPostings:
    """A snapshot for the length of one question: what was read once is remembered."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._lists: dict[str, _List] = {}

    def _list(self, term: str) -> _List:
        found = self._lists.get(term)
        if found is None:
            found = self._lists[term] = self._snapshot.remembered.get(term) or self._read(term)
        return found

    def _read(self, term: str) -> _List:
        found = self._snapshot.read("text", term)
        self._snapshot.remembered.keep(term, found)
        return found

    def count(self) -> int:
        """Count the documents."""
        return len(self._snapshot.documents)

    def documents(self) -> Iterable[int]:
        """Give all documents."""
        return self._snapshot.documents

    def document_frequency(self, term: str) -> int:
        """Count the documents with a term."""
        return self._snapshot.document_frequency(term)

    def weights(self, term: str) -> Mapping[int, float]:
        """Give the documents with a term and its weight in each."""
        return self._list(term).weights

    def places(self, term: str, document: int) -> Sequence[int]:
        """Give the places of a term in a document."""
        value = self._list(term).values.get(document)
        return unpack(value) if value else ()

    def keyed(self, key: str) -> Collection[int]:
        """Give the documents with a key."""
        return self._snapshot.read("keys", key).weights

    def languages(self) -> Sequence[str]:
        """Give the languages of the documents."""
        return self._snapshot.languages

    def beginning_with(self, prefix: str, limit: int) -> Sequence[str]:
        """Give the terms that begin so, most frequent first."""
        return self._snapshot.most_frequent(prefix, limit)

    def words(self, letter: str) -> Sequence[tuple[str, int]]:
        """Give the words that begin with a letter, and in how many documents each stands."""
        return self._snapshot.words(letter)

    def lengths(self) -> Sequence[int]:
        """Give the lengths of documents."""
        return self._snapshot.lengths

    def average_length(self) -> float:
        """Give the mean of the lengths."""
        return self._snapshot.average_length

    def published(self) -> Sequence[int]:
        """Give the microseconds from 1970 to publication."""
        return self._snapshot.published

    def last_published(self) -> int:
        """Give the latest moment of publication."""
        return self._snapshot.last_published

    def filing(self) -> Filing:
        """Give what documents are filed under."""
        return self._snapshot.filing()

    def id(self, document: int) -> int:
        """Give the id of a document."""
        return self._snapshot.ids[document]
