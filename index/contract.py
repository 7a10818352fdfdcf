"""What a search engine is: documents in, questions in, answers out.

Knows nothing of articles, databases, Flask or any one engine.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from enum import StrEnum
from typing import Protocol

from index.question import Question


class IndexUnavailable(Exception):
    """The index cannot answer or be written now; the message says what to do."""


class IndexMissing(IndexUnavailable):
    """There is no index yet, or it is damaged or of another schema: it has to be rebuilt."""


class IndexOutdated(IndexMissing):
    """The index is of another schema: it answers as well as it can, and has to be rebuilt."""


TIME_LIMIT_SECONDS = 2.0
"""After that an answer is given from what was found so far."""


class Sort(StrEnum):
    """The two orders a reader can ask for."""

    BEST = "best"
    NEWEST = "newest"


class Match(StrEnum):
    """How nearly a document has what was wanted; in an answer those with all of it come first."""

    ALL = "all"
    """It has all that was wanted."""
    SOME = "some"
    """It has only some of the words."""
    NEAR = "near"
    """It has words spelled nearly like those that were typed."""


@dataclass(frozen=True, slots=True)
class Name:
    """Something an article is filed under: shown by its name, filtered by its slug."""

    slug: str
    name: str


@dataclass(frozen=True, slots=True)
class Section:
    """A labelled part of a text; the lead, before the first label, has neither label nor anchor."""

    label: str
    anchor: str
    text: str


@dataclass(frozen=True, slots=True)
class Document:
    """All that an engine is told of one text.

    `stamp` is any number that changes with every change of the text: what is in the
    index can so be compared with what should be there. `published_at` is aware; a
    document whose time has not come is indexed and not answered with.
    """

    id: int
    stamp: int
    title: str
    summary: str
    sections: tuple[Section, ...]
    published_at: datetime
    topics: tuple[Name, ...] = ()
    authors: tuple[Name, ...] = ()
    source: str = ""
    source_title: str = ""
    language: str = "en"


@dataclass(frozen=True, slots=True)
class Passage:
    """An excerpt that matched, as safe HTML with <mark>, and the section it stands in."""

    html: str
    label: str = ""
    anchor: str = ""


@dataclass(frozen=True, slots=True)
class Hit:
    """One document found: its id, its score (higher is better) and the passages that matched.

    The first passage is the best; where passages are wanted there is always one, from the
    beginning of the text where only the title or a name matched. `title_html` is safe HTML.
    """

    id: int
    score: float
    title_html: str
    passages: tuple[Passage, ...]
    match: Match = Match.ALL


@dataclass(frozen=True, slots=True)
class Narrow:
    """Exact filters beside the question, as chosen from facets; empty ones let everything through.

    `topic` and `author` are slugs, `source` is a domain, `period` a year or a month of the
    asked zone: "2026" or "2026-11". What is none of these lets nothing through.
    """

    topic: str = ""
    author: str = ""
    source: str = ""
    period: str = ""

    def __bool__(self) -> bool:
        return bool(self.topic or self.author or self.source or self.period)


NOT_NARROWED = Narrow()


@dataclass(frozen=True, slots=True)
class FacetValue:
    """One value to narrow by: its key for Narrow, its name to show, and how many have it."""

    key: str
    name: str
    count: int


@dataclass(frozen=True, slots=True)
class Facets:
    """What the documents found may be narrowed by, at most MOST_FACET_VALUES of each kind.

    Most frequent first, then by name; periods newest first: years, or the months of a year
    where there is only one. Counted over those that have all that was wanted where there are
    any, over everything found otherwise; after narrowing.
    """

    topics: tuple[FacetValue, ...] = ()
    authors: tuple[FacetValue, ...] = ()
    sources: tuple[FacetValue, ...] = ()
    periods: tuple[FacetValue, ...] = ()


MOST_FACET_VALUES = 12
MOST_NEAREST = 200
"""Documents that follow those with all that was wanted; there may be more that come near."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One page of what was found, and what else there is to say about it.

    `total` counts all that was found, of what comes near MOST_NEAREST at most, and `matched_all`
    those of them with all that was wanted, which come first. `suggestion` is another spelling of
    the whole question that finds more. `topics` are the nearest ones where nothing was found.
    `is_complete` is False where the time limit ended the search.
    """

    hits: tuple[Hit, ...] = field(default=())
    total: int = 0
    matched_all: int = 0
    facets: Facets | None = None
    suggestion: str | None = None
    topics: tuple[Name, ...] = ()
    is_complete: bool = True


class SearchEngine(Protocol):
    """What every engine does. All methods may be called from any thread."""

    def answer(
        self,
        question: Question,
        *,
        now: datetime,
        sort: Sort = Sort.BEST,
        offset: int = 0,
        limit: int = 10,
        narrow: Narrow = NOT_NARROWED,
        zone: tzinfo = UTC,
        with_facets: bool = False,
        with_passages: bool = True,
        time_limit_seconds: float = TIME_LIMIT_SECONDS,
        recency: float = 0.0,
    ) -> Answer:
        """Find documents published at or before `now` that fit the question.

        All words are wanted. Where too few documents have them all, those follow that have
        some of them or nearly them, see Match. `zone` decides which month a document is of.
        Without passages a hit has neither these nor a title: for feeds and counts.

        `recency` is the share by which a document published just now is lifted among the best;
        it halves with every half year of age.

        Ties are broken by date, newest first, then by id, highest first. Sees every
        change whose `apply` had returned, in this or another process, when it was called.

        Raises IndexUnavailable.
        """

    def related(self, id: int, *, now: datetime, limit: int = 3) -> tuple[int, ...]:
        """Find the documents nearest in content to one that is indexed, nearest first.

        Empty where the document is not indexed. Raises IndexUnavailable.
        """

    def turn(self) -> AbstractContextManager[bool]:
        """Take the turn to write, without waiting; says whether it is ours.

        One at a time over all processes of the machine; a holder that dies loses it.
        """

    def apply(self, put: Iterable[Document], remove: Iterable[int] = ()) -> None:
        """Add or replace documents and remove others, in one commit, durable on return.

        For the holder of the turn only. Raises IndexMissing where there is nothing to apply
        it to, IndexOutdated where that is of another schema, IndexUnavailable where it
        cannot be written.
        """

    def rebuild(self, documents: Iterable[Document]) -> int:
        """Build a whole new index beside the present one, then swap; how many it holds.

        Each id is to come once. Readers are answered by the old one until the swap. For the
        holder of the turn only. When it fails, or `documents` raises, the old one stays.
        """

    def tidy(self) -> None:
        """Put together what many changes have left in pieces, as far as it takes a second.

        For the holder of the turn only. Answers are the same before and after.
        Raises IndexUnavailable.
        """

    def stamps(self) -> Iterator[tuple[int, int]]:
        """Yield id and stamp of every indexed document, by id.

        Raises IndexUnavailable, IndexOutdated where the index is of another schema.
        """

    def verify(self) -> None:
        """Read the whole index and compare it with its checksums; takes a while.

        Raises IndexMissing where it is not as it was written, IndexUnavailable.
        """

    def close(self) -> None:
        """Let go of files and memory; the engine can be used again afterwards."""
