"""What an opened index can do for a question: the sums of search, whatever they are done with.

The steps of a search (evaluation, relaxing, answering) are written once, on these; plain.py does
them with dictionaries, for reading and as the definition, index/arrays with whole arrays.

Knows what is asked of an opened index; refuses to know how it is done.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import tzinfo
from typing import Protocol, Self, TypeVar

from index.clock import Clock
from index.contract import Facets, Name, Sort
from index.highlight import Match
from index.matching import Wanted
from index.texts import Text


class Scores(Protocol):
    """Documents, by numbers of the opened index, and a score for each. Never changed, only made."""

    def __len__(self) -> int:
        """Count the documents."""

    def times(self, factor: float) -> Self:
        """Give all scores times a factor."""

    def worth(self, score: float) -> Self:
        """Give the same documents, each with this score."""

    def both(self, other: Self) -> Self:
        """Give the documents that are in both, with the sum of their scores."""

    def but(self, other: Self) -> Self:
        """Give the documents that are not in the other."""

    def raised(self, other: Self) -> Self:
        """Give the same documents, with the other's score added where it has them."""

    def where(self, other: Self, least: float) -> Self:
        """Give the documents whose score in the other, which has the same ones, is at least so."""

    def holds(self, documents: Sequence[int]) -> Sequence[bool]:
        """Say of each document whether it is here."""

    def documents(self) -> Sequence[int]:
        """Give the documents."""


class Lexicon(Protocol):
    """The words of an opened index."""

    def count(self) -> int:
        """Count the documents."""

    def document_frequency(self, term: str) -> int:
        """Count the documents with a term, roughly: replaced ones may still be counted."""

    def languages(self) -> Sequence[str]:
        """Give the languages of the documents, in order."""

    def alike(self, word: str, least: int) -> list[tuple[str, int]]:
        """Give the words nearest to one in spelling that are in so many documents, with how many.

        See spelling.nearest.
        """

    def is_in_name(self, word: str) -> bool:
        """Say whether a word is in the name of a topic, an author or a source."""

    def names(self, kind: str) -> Mapping[Name, int]:
        """Give the names that documents are filed under (topics, authors, sources), how many."""


S = TypeVar("S", bound=Scores)


class Shown(Protocol):
    """A document as it is shown: its texts, and what of the wanted stands where in them."""

    @property
    def text(self) -> Text:
        """The texts."""

    def matches(self, part: int, text: str, wanted: Sequence[int], /) -> list[Match]:
        """Give what of these (by their numbers) stands in a part, whose text it is given."""


class Opened(Lexicon, Protocol[S]):
    """An index as of one commit, for the length of one question."""

    def everything(self) -> S:
        """Give all documents, with no score."""

    def holding(self, term: str) -> S:
        """Give the documents with a term, with no score."""

    def keyed(self, key: str) -> S:
        """Give the documents with a key, with no score."""

    def added(self, scores: Sequence[S]) -> S:
        """Give the documents that are in any, with the sum of their scores."""

    def between(self, scores: S, first: int | None, last: int | None) -> S:
        """Give those published from `first` on and before `last`, in microseconds from 1970."""

    def words(self, wanted: Wanted, loose: float, clock: Clock) -> S:
        """Score what words or a phrase find; a looser form of a word is worth `loose` of it."""

    def near(self, wanted: Wanted, clock: Clock) -> S:
        """Score what words find that may have been meant."""

    def side_by_side(self, wanted: Wanted, among: S, clock: Clock) -> S:
        """Score those of some documents that have all that is wanted side by side."""

    def telling(self, count: int) -> float:
        """Say how much it tells that a document is one of so many."""

    def ordered(self, scores: S, sort: Sort, limit: int) -> list[tuple[int, float]]:
        """Give the first documents and their scores; ties by date, newest first, then by id."""

    def best(self, scores: S, limit: int) -> S:
        """Give the documents that come first among the best."""

    def aged(self, scores: S, now: int, share: float) -> S:
        """Lift what is new by this share, less with age; see scoring.HALF_LIFE."""

    def last_published(self) -> int:
        """Give the latest moment of publication, in microseconds from 1970."""

    def facets(self, scores: S, zone: tzinfo, period: str) -> Facets:
        """Count what documents are filed under; see filing.facets_of."""

    def id(self, document: int) -> int:
        """Give the id of a document."""

    def shown(self, documents: Sequence[int], wanted: Sequence[Wanted]) -> Sequence[Shown]:
        """Give documents as they are shown."""
