"""A snapshot for the length of one question: what index/opened.py asks, done with whole arrays.

Scores are those of index/scoring.py (BM25F), for all documents of a list at once.

Knows postings, formulas and filing; refuses to know how a question was typed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import tzinfo
from functools import partial

import numpy as np

from index.arrays.counting import Counter, Frequencies
from index.arrays.files import Array
from index.arrays.marking import MarkedTexts
from index.arrays.scores import ArrayScores, Column, first_of, united
from index.arrays.snapshot import Filing, Snapshot
from index.clock import Clock
from index.contract import MOST_FACET_VALUES, Facets, FacetValue, Name, Sort
from index.filing import FILINGS, frequent, month_of, months_between, periods
from index.matching import Wanted
from index.opened import Shown
from index.scoring import HALF_LIFE, NEAR, WRITTEN_LIFT, Worth


class ArrayIndex:
    """An opened index of arrays; see index/opened.py for what each method gives."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._counter = Counter(snapshot)
        self._worth = Worth(snapshot.count)

    def remember(self) -> None:
        """Keep what was read for the next question."""
        self._counter.remember()

    def count(self) -> int:
        """Count the documents."""
        return self._snapshot.count

    def document_frequency(self, term: str) -> int:
        """Count the documents with a term, roughly."""
        return self._snapshot.document_frequency(term)

    def languages(self) -> Sequence[str]:
        """Give the languages of the documents, in order."""
        return self._snapshot.languages

    def alike(self, word: str, least: int) -> list[tuple[str, int]]:
        """Give the words nearest to one in spelling that are in so many documents."""
        return self._snapshot.alike(word, least)

    def names(self, kind: str) -> Mapping[Name, int]:
        """Give the names that documents are filed under, and how many are."""
        return self._snapshot.names(kind)

    def is_in_name(self, word: str) -> bool:
        """Say whether a word is in the name of a topic, an author or a source."""
        return word in self._snapshot.words_of_names

    def everything(self) -> ArrayScores:
        """Give all documents, with no score."""
        return self._snapshot.everything()

    def holding(self, term: str) -> ArrayScores:
        """Give the documents with a term, with no score."""
        documents = self._counter.postings(term).documents
        return ArrayScores.unscored(documents, self._snapshot.size)

    def keyed(self, key: str) -> ArrayScores:
        """Give the documents with a key, with no score."""
        return ArrayScores.unscored(self._snapshot.keyed(key), self._snapshot.size)

    def added(self, scores: Sequence[ArrayScores]) -> ArrayScores:
        """Give the documents that are in any, with the sum of their scores."""
        return united(scores, self._snapshot.size)

    def between(self, scores: ArrayScores, first: int | None, last: int | None) -> ArrayScores:
        """Give those published from `first` on and before `last`."""
        published = self._snapshot.published[scores.numbers]
        mask = np.ones(len(published), bool)
        if first is not None:
            mask &= published >= first
        if last is not None:
            mask &= published < last
        return scores.kept(mask)

    def words(self, wanted: Wanted, loose: float, clock: Clock) -> ArrayScores:
        """Score what words or a phrase find."""
        found = self._counter.count(wanted, clock)
        numbers, frequencies = found.all.numbers, found.all.values
        weight = self._worth.idf(len(numbers))
        factors = self._factors(found, loose)

        def make(which: Array | None) -> Array:
            # Of words that are all wanted, the documents with one of them need not be scored.
            at = slice(None) if which is None else which
            values = self._saturated(numbers[at], frequencies[at], weight)
            return values if factors is None else values * factors(numbers[at])

        return ArrayScores(numbers, make, self._snapshot.size)

    def _factors(self, found: Frequencies, loose: float) -> Callable[[Array], Array] | None:
        """Give a function that lowers what has looser forms only, and raises what is as written."""
        if len(found.exact) == len(found.all) and not len(found.written):
            return None
        kinds = np.zeros(self._snapshot.size, np.uint8)
        kinds[found.exact] = 1
        kinds[found.written] |= 2
        factors = np.array([loose, 1.0, loose * WRITTEN_LIFT, WRITTEN_LIFT])
        return lambda numbers: factors.take(kinds[numbers])

    def _scored(self, frequencies: ArrayScores, weight: float) -> ArrayScores:
        """Give weight times saturated frequency, for each document."""
        values = self._saturated(frequencies.numbers, frequencies.values, weight)
        return ArrayScores(frequencies.numbers, values, self._snapshot.size)

    def _saturated(self, numbers: Array, tenths: Array, weight: float) -> Array:
        below = self._snapshot.norms[numbers]
        below += tenths
        values = tenths * weight
        values /= below
        return values

    def near(self, wanted: Wanted, clock: Clock) -> ArrayScores:
        """Score what words find that may have been meant."""
        found = self._counter.count(wanted, clock).all
        # However rare a misspelling is, what it may have meant tells no more for it.
        return self._scored(found, NEAR * self._worth.idf(len(found)))

    def side_by_side(self, wanted: Wanted, among: ArrayScores, clock: Clock) -> ArrayScores:
        """Score those of some documents that have all that is wanted side by side."""
        chains = (chain for unit in wanted.units for chain in unit.exact)
        counts = (len(self._counter.postings(chain[0]).documents) for chain in chains)
        rarer = max((self._worth.idf(count) for count in counts), default=0.0)
        found = self._counter.count(wanted, clock, among.numbers).all
        return self._scored(found, rarer)

    def telling(self, count: int) -> float:
        """Say how much it tells that a document is one of so many."""
        return self._worth.telling(count)

    def ordered(self, scores: ArrayScores, sort: Sort, limit: int) -> list[tuple[int, float]]:
        """Give the first documents and their scores."""
        places = self._first(scores, sort, limit)
        documents, values = scores.numbers[places].tolist(), scores.values[places].tolist()
        return list(zip(documents, values, strict=True))

    def best(self, scores: ArrayScores, limit: int) -> ArrayScores:
        """Give the documents that come first among the best."""
        if len(scores) <= limit:
            return scores
        places = np.sort(self._first(scores, Sort.BEST, limit))
        return ArrayScores(scores.numbers[places], scores.values[places], scores.size)

    def _first(self, scores: ArrayScores, sort: Sort, limit: int) -> Array:
        numbers = scores.numbers
        columns: list[Column] = [
            lambda places: self._snapshot.published[numbers[places]],
            lambda places: self._snapshot.ids[numbers[places]],
        ]
        if sort is Sort.BEST:
            columns.insert(0, scores.values.__getitem__)
        return first_of(columns, len(scores), limit)

    def aged(self, scores: ArrayScores, now: int, share: float) -> ArrayScores:
        """Lift what is new by this share, less with age."""
        ages = (now - self._snapshot.published[scores.numbers]) / HALF_LIFE
        values = scores.values * (1 + share * np.exp2(-ages))
        return ArrayScores(scores.numbers, values, scores.size)

    def last_published(self) -> int:
        """Give the latest moment of publication."""
        return self._snapshot.last_published

    def facets(self, scores: ArrayScores, zone: tzinfo, period: str) -> Facets:
        """Count what documents are filed under."""
        topics, authors, sources = map(partial(self._counted, scores), FILINGS)
        months = _months(self._snapshot.published[scores.numbers], zone)
        return Facets(topics, authors, sources, periods(months, period))

    def _counted(self, scores: ArrayScores, kind: str) -> tuple[FacetValue, ...]:
        filing = self._snapshot.filing(kind)
        counts = np.bincount(_values_of(filing, scores), minlength=len(filing.names))
        names = filing.names
        if len(counts) > 4 * MOST_FACET_VALUES:
            least = np.partition(counts, -MOST_FACET_VALUES)[-MOST_FACET_VALUES]
            # Names of one slug are counted together, which may raise them.
            chosen = {*np.flatnonzero(counts >= max(1, least)).tolist(), *filing.twins}
            names, counts = [names[i] for i in chosen], counts[list(chosen)]
        return frequent(names, counts.tolist())

    def id(self, document: int) -> int:
        """Give the id of a document."""
        return int(self._snapshot.ids[document])

    def shown(self, documents: Sequence[int], wanted: Sequence[Wanted]) -> Sequence[Shown]:
        """Give documents as they are shown."""
        return MarkedTexts(self._snapshot, self._counter, documents, wanted).all()


def _months(moments: Array, zone: tzinfo) -> dict[str, int]:
    """Count moments by their months."""
    if not len(moments):
        return {}
    names, ends = months_between(
        month_of(int(moments.min()), zone), month_of(int(moments.max()), zone), zone
    )
    counts = np.bincount(np.searchsorted(ends, moments, "right"), minlength=len(names))
    return {name: n for name, n in zip(names, counts.tolist(), strict=True) if n}


def _values_of(filing: Filing, scores: ArrayScores) -> Array:
    """Give the numbers of all names of some documents."""
    if len(scores) * 4 > scores.size:
        mask = np.zeros(scores.size, bool)
        mask[scores.numbers] = True
        return filing.values[mask[filing.document_of]]
    starts = filing.starts[scores.numbers]
    counts = filing.starts[scores.numbers + 1] - starts
    ends = np.cumsum(counts)
    return filing.values[np.arange(int(counts.sum())) + np.repeat(starts - ends + counts, counts)]
