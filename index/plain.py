"""The sums of search with plain dictionaries: what index/opened.py asks, as one would say it.

For the memory engine, for reading, and as the definition to which the arrays are held.

Knows postings as dictionaries; refuses to know how they are kept.
"""

from __future__ import annotations

import heapq
from collections import Counter as Tally
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import tzinfo
from typing import Protocol

from index.clock import Clock
from index.contract import Document, Facets, Name, Sort
from index.filing import (
    FILINGS,
    filed_as,
    frequent,
    microseconds,
    month_of,
    periods,
    words_of_names,
)
from index.frequencies import Counter
from index.frequencies import Postings as PostingLists
from index.highlight import Match, find_matches
from index.matching import Wanted
from index.opened import Shown
from index.scoring import HALF_LIFE, K1, NEAR, WRITTEN_LIFT, B, Worth
from index.spelling import nearest
from index.texts import Text


class Postings(PostingLists, Protocol):
    """Documents and their postings as dictionaries; the documents' numbers are their ids."""

    @property
    def held(self) -> Mapping[int, Document]:
        """The documents by their numbers."""

    @property
    def lengths(self) -> Mapping[int, int]:
        """Tokens of documents, weighted by the parts that they stand in."""

    def keyed(self, key: str) -> Collection[int]:
        """Give the documents with a key."""

    def words(self, letter: str) -> Sequence[tuple[str, int]]:
        """Give the words that begin with a letter, and in how many documents each stands."""


class PlainScores:
    """Documents and a score for each, as a dictionary."""

    def __init__(self, of: Mapping[int, float]) -> None:
        self.of = of

    @classmethod
    def unscored(cls, documents: Iterable[int]) -> PlainScores:
        """Make one of documents without a score."""
        return cls(dict.fromkeys(documents, 0.0))

    def _where(self, is_kept: Callable[[int], bool]) -> PlainScores:
        return PlainScores({d: score for d, score in self.of.items() if is_kept(d)})

    def __len__(self) -> int:
        return len(self.of)

    def times(self, factor: float) -> PlainScores:
        """Give all scores times a factor."""
        return PlainScores({d: factor * score for d, score in self.of.items()})

    def worth(self, score: float) -> PlainScores:
        """Give the same documents, each with this score."""
        return PlainScores(dict.fromkeys(self.of, score))

    def both(self, other: PlainScores) -> PlainScores:
        """Give the documents that are in both, with the sum of their scores."""
        return PlainScores({d: s + other.of[d] for d, s in self.of.items() if d in other.of})

    def but(self, other: PlainScores) -> PlainScores:
        """Give the documents that are not in the other."""
        return self._where(lambda d: d not in other.of)

    def raised(self, other: PlainScores) -> PlainScores:
        """Give the same documents, with the other's score added where it has them."""
        return PlainScores({d: score + other.of.get(d, 0.0) for d, score in self.of.items()})

    def where(self, other: PlainScores, least: float) -> PlainScores:
        """Give the documents whose score in the other, which has the same ones, is at least so."""
        return self._where(lambda d: other.of[d] >= least)

    def holds(self, documents: Sequence[int]) -> Sequence[bool]:
        """Say of each document whether it is here."""
        return [d in self.of for d in documents]

    def documents(self) -> Sequence[int]:
        """Give the documents."""
        return list(self.of)


class PlainShown:
    """A document as it is shown, read again for what is wanted."""

    def __init__(self, document: Document, wanted: Sequence[Wanted]) -> None:
        self.text = Text.of(document)
        self._wanted = wanted

    def matches(self, _part: int, text: str, wanted: Sequence[int]) -> list[Match]:
        """Give what of these (by their numbers) stands in a text."""
        found = find_matches(text, self.text.language, [self._wanted[i] for i in wanted])
        return [Match(m.start, m.end, wanted[m.wanted]) for m in found]


class PlainIndex:
    """An opened index of dictionaries; see index/opened.py for what each method gives."""

    def __init__(self, postings: Postings) -> None:
        self._postings = postings
        self._worth = Worth(self.count())
        lengths = postings.lengths
        average = sum(lengths.values()) / max(1, len(lengths)) or 1.0
        self._norms = {d: K1 * (1 - B) + K1 * B / average * n for d, n in lengths.items()}

    def count(self) -> int:
        """Count the documents."""
        return len(self._postings.held)

    def document_frequency(self, term: str) -> int:
        """Count the documents with a term."""
        return len(self._postings.weights(term))

    def languages(self) -> Sequence[str]:
        """Give the languages of the documents, in order."""
        return sorted({d.language[:2].lower() for d in self._postings.held.values()})

    def alike(self, word: str, least: int) -> list[tuple[str, int]]:
        """Give the words nearest to one in spelling that are in so many documents."""
        return nearest(word, self._postings.words(word[0]), least)

    def names(self, kind: str) -> Mapping[Name, int]:
        """Give the names that documents are filed under, and how many are."""
        return self._counted(self._postings.held, kind)

    def is_in_name(self, word: str) -> bool:
        """Say whether a word is in the name of a topic, an author or a source."""
        return word in words_of_names({kind: self.names(kind) for kind in FILINGS})

    def _counted(self, documents: Iterable[int], kind: str) -> Tally[Name]:
        held = self._postings.held
        return Tally(name for d in documents for name in filed_as(held[d])[kind])

    def everything(self) -> PlainScores:
        """Give all documents, with no score."""
        return PlainScores.unscored(self._postings.held)

    def holding(self, term: str) -> PlainScores:
        """Give the documents with a term, with no score."""
        return PlainScores.unscored(self._postings.weights(term))

    def keyed(self, key: str) -> PlainScores:
        """Give the documents with a key, with no score."""
        return PlainScores.unscored(self._postings.keyed(key))

    def added(self, scores: Sequence[PlainScores]) -> PlainScores:
        """Give the documents that are in any, with the sum of their scores."""
        sums: dict[int, float] = {}
        for found in scores:
            for document, score in found.of.items():
                sums[document] = sums.get(document, 0.0) + score
        return PlainScores(sums)

    def between(self, scores: PlainScores, first: int | None, last: int | None) -> PlainScores:
        """Give those published from `first` on and before `last`."""

        def is_kept(document: int) -> bool:
            moment = self._published(document)
            return (first is None or first <= moment) and (last is None or moment < last)

        return scores._where(is_kept)

    def _published(self, document: int) -> int:
        return microseconds(self._postings.held[document].published_at)

    def words(self, wanted: Wanted, loose: float, clock: Clock) -> PlainScores:
        """Score what words or a phrase find."""
        found = Counter(self._postings, clock).count(wanted)
        scores = dict(self._scored(found.all, self._worth.idf(len(found.all))).of)
        for document in scores:
            if document not in found.exact:
                scores[document] *= loose
            if document in found.written:
                scores[document] *= WRITTEN_LIFT
        return PlainScores(scores)

    def _scored(self, frequencies: Mapping[int, float], weight: float) -> PlainScores:
        """Give weight times saturated frequency, for each document."""
        norms = self._norms
        return PlainScores({d: weight * tf / (tf + norms[d]) for d, tf in frequencies.items()})

    def near(self, wanted: Wanted, clock: Clock) -> PlainScores:
        """Score what words find that may have been meant."""
        found = Counter(self._postings, clock).count(wanted).all
        # However rare a misspelling is, what it may have meant tells no more for it.
        return self._scored(found, NEAR * self._worth.idf(len(found)))

    def side_by_side(self, wanted: Wanted, among: PlainScores, clock: Clock) -> PlainScores:
        """Score those of some documents that have all that is wanted side by side."""
        chains = (chain for unit in wanted.units for chain in unit.exact)
        counts = (len(self._postings.weights(chain[0])) for chain in chains)
        rarer = max((self._worth.idf(count) for count in counts), default=0.0)
        return self._scored(Counter(self._postings, clock).count(wanted, among.of).all, rarer)

    def telling(self, count: int) -> float:
        """Say how much it tells that a document is one of so many."""
        return self._worth.telling(count)

    def ordered(self, scores: PlainScores, sort: Sort, limit: int) -> list[tuple[int, float]]:
        """Give the first documents and their scores."""

        def place(each: tuple[int, float]) -> tuple[float, ...]:
            document, score = each
            newest = -self._published(document), -document
            return newest if sort is Sort.NEWEST else (-score, *newest)

        return heapq.nsmallest(limit, scores.of.items(), key=place)

    def best(self, scores: PlainScores, limit: int) -> PlainScores:
        """Give the documents that come first among the best."""
        return PlainScores(dict(self.ordered(scores, Sort.BEST, limit)))

    def aged(self, scores: PlainScores, now: int, share: float) -> PlainScores:
        """Lift what is new by this share, less with age."""
        return PlainScores(
            {
                d: score * (1 + share * 0.5 ** ((now - self._published(d)) / HALF_LIFE))
                for d, score in scores.of.items()
            }
        )

    def last_published(self) -> int:
        """Give the latest moment of publication."""
        return max(map(self._published, self._postings.held), default=0)

    def facets(self, scores: PlainScores, zone: tzinfo, period: str) -> Facets:
        """Count what documents are filed under."""
        counted = [self._counted(scores.of, kind) for kind in FILINGS]
        topics, authors, sources = (frequent(list(c), list(c.values())) for c in counted)
        months = Tally(month_of(self._published(d), zone) for d in scores.of)
        return Facets(topics, authors, sources, periods(months, period))

    def id(self, document: int) -> int:
        """Give the id of a document."""
        return document

    def shown(self, documents: Sequence[int], wanted: Sequence[Wanted]) -> Sequence[Shown]:
        """Give documents as they are shown."""
        return [PlainShown(self._postings.held[d], wanted) for d in documents]
