"""How often a wanted word or phrase occurs in all documents at once.

The same as index/frequencies.py, whose definitions it keeps, with whole arrays: a place over all
documents is one number, see postings, and what stands side by side is found by binary search of
the places that would be next.

Knows postings; refuses to know what a frequency is worth.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from index.analysis import PARTS, TAIL
from index.arrays.files import Array
from index.arrays.gathering import TENTHS
from index.arrays.postings import DOCUMENT_SHIFT, TermPostings
from index.arrays.scores import ArrayScores, are_in, higher, united
from index.arrays.snapshot import Snapshot
from index.clock import Clock
from index.frequencies import MOST_EXPANSIONS, part_searched
from index.layout import LAST_PART, PART_SHIFT, label_term, weight_of
from index.matching import Chain, Unit, Wanted, expanded
from index.nodes import Field

AT_ONCE = 50_000
"""Documents whose places are looked at before the clock is."""
_PART_TENTHS = np.array(
    [round(weight_of(part) * TENTHS) for part in range(LAST_PART + 1)], np.int32
)
_STEP = PARTS.bit_length() - 1

Extents = tuple[Array, Array]
"""The first and the last places of matches, by the first."""


@dataclass(slots=True)
class Frequencies:
    """How often something occurs, by document; which hold its exact form, which as written.

    Frequencies are weighted by parts, in tenths: whole numbers, so that sums are exact.
    """

    all: ArrayScores
    exact: Array
    written: Array

    @property
    def nbytes(self) -> int:
        """The bytes of the arrays."""
        arrays = (self.all.numbers, self.all.values, self.exact, self.written)
        return sum(array.nbytes for array in arrays) + 1_000


class Counter:
    """Counts what is wanted in one snapshot, and remembers the postings it read."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._size = snapshot.size
        self._postings: dict[str, TermPostings] = {}
        self._found: dict[Wanted, Frequencies] = {}

    def postings(self, term: str) -> TermPostings:
        """Give the postings of a term."""
        found = self._postings.get(term)
        if found is None:
            kept = self._snapshot.remembered.get(term)
            found = kept if isinstance(kept, TermPostings) else TermPostings(self._snapshot, term)
            self._postings[term] = found
        return found

    def remember(self) -> None:
        """Keep what was read for the next question."""
        for term, postings in self._postings.items():
            self._snapshot.remembered.keep(term, postings)
        for wanted, found in self._found.items():
            self._snapshot.remembered.keep(wanted, found)

    def count(self, wanted: Wanted, clock: Clock, among: Array | None = None) -> Frequencies:
        """Give how often each document (of those `among`) has what is wanted, where it has any."""
        if among is not None or len(wanted.units) > 1:
            return self._counted(wanted, clock, among)
        kept = self._found.get(wanted) or self._snapshot.remembered.get(wanted)
        found = kept if isinstance(kept, Frequencies) else self._counted(wanted, clock, among)
        if clock.is_complete:
            self._found[wanted] = found
        return found

    def _counted(self, wanted: Wanted, clock: Clock, among: Array | None) -> Frequencies:
        scope = Scope(wanted, self)
        none = np.zeros(0, np.int64)
        if len(wanted.units) > 1:
            units = [self.expanded(unit) for unit in wanted.units]
            found = self._of_phrase(units, scope, clock, among)
            return Frequencies(found, found.numbers, none)
        unit = wanted.units[0]
        if unit.prefixes and scope.is_everything and all(len(c) == 1 for c in unit.prefixes):
            found = self._snapshot.summed([chain[0] for chain in unit.prefixes], MOST_EXPANSIONS)
            return Frequencies(found, found.numbers, none)
        written = self.postings(unit.written).documents if unit.written else none
        is_sum, unit = bool(unit.prefixes), self.expanded(unit)
        exact = self._united([self._of_chain(c, scope, clock) for c in unit.exact], is_sum=is_sum)
        loose = self._united([self._of_chain(c, scope, clock) for c in unit.loose], is_sum=True)
        # A stem's postings hold the exact word's as well, where the two differ.
        found = loose if set(unit.exact) <= set(unit.loose) else higher(loose, exact)
        return Frequencies(found, exact.numbers, written)

    def _united(self, scores: Sequence[ArrayScores], *, is_sum: bool) -> ArrayScores:
        return united(scores, self._size, is_sum=is_sum)

    def expanded(self, unit: Unit, among: Array | None = None) -> Unit:
        """Put the words in place of a prefix that begin with it (and are in some documents)."""
        return expanded(
            unit, lambda prefix: self._snapshot.beginning_with(prefix, MOST_EXPANSIONS, among)
        )

    def _of_chain(self, chain: Chain, scope: Scope, clock: Clock) -> ArrayScores:
        if len(chain) == 1 and scope.is_everything:
            return self.postings(chain[0]).tenths
        return self._weighed([Unit((chain,))], self._with_all(chain, None), scope, clock)

    def _of_phrase(
        self, units: Sequence[Unit], scope: Scope, clock: Clock, among: Array | None
    ) -> ArrayScores:
        if among is None and scope.is_everything and (pair := self._pair(units)):
            return self._of_pair(*pair)
        # Few documents are looked at as they are; of many those are chosen first that can fit.
        if among is None or len(among) > AT_ONCE // 100:
            among = self._candidates(units, among)
        return self._weighed(units, among, scope, clock)

    def _pair(self, units: Sequence[Unit]) -> tuple[TermPostings, TermPostings] | None:
        """Give the postings of two plain words side by side; None where it is anything else."""
        chains = [unit.exact + unit.loose for unit in units]
        if len(units) != 2 or units[1].gap != 1:
            return None
        if any(len(readings) != 1 or len(readings[0]) != 1 for readings in chains):
            return None
        first, second = (readings[0][0] for readings in chains)
        if self.postings(TAIL + first) or self.postings(TAIL + second):
            return None
        return self.postings(first), self.postings(second)

    def _of_pair(self, first: TermPostings, second: TermPostings) -> ArrayScores:
        """Weigh where two terms stand side by side, from the places of the one that has fewer."""
        if first.count_places() <= second.count_places():
            places = first.places()
            following = ((places >> _STEP) + 1) << _STEP
            own = np.minimum(places + 1, places | (PARTS - 1))
            times = second.count_between(following, following) + second.count_between(own, own)
        else:
            places = second.places()
            before = ((places >> _STEP) - 1) << _STEP
            is_first = places & (PARTS - 1) == 0
            is_last = places & (PARTS - 1) == PARTS - 1
            # The first part of a token follows any part of the one before.
            lowest = np.where(is_first, before, places - 1)
            highest = np.where(is_first, before | (PARTS - 1), places - ~is_last)
            times = first.count_between(lowest, highest)
        stands = times > 0
        return _by_document(places[stands], self._size, times[stands])

    def _weighed(
        self, units: Sequence[Unit], candidates: Array, scope: Scope, clock: Clock
    ) -> ArrayScores:
        """Weigh the matches in each candidate by the part that they stand in."""
        found = []
        for start in range(0, len(candidates), AT_ONCE):
            if clock.is_over():
                break
            firsts, _ = self.extents(units, candidates[start : start + AT_ONCE], scope)
            found.append(_by_document(firsts, self._size))
        return united(found, self._size)

    def extents(self, units: Sequence[Unit], among: Array, scope: Scope | None = None) -> Extents:
        """Give where units stand side by side in some documents; see matching.extents_of_phrase."""
        extents = self._of_unit(units[0], among, scope)
        for unit in units[1:]:
            if not len(extents[0]):
                break
            extents = _joined(extents, self._of_unit(unit, among, scope), unit.gap)
        return extents

    def _of_unit(self, unit: Unit, among: Array, scope: Scope | None) -> Extents:
        chains = dict.fromkeys(unit.exact + unit.loose)
        found = [self._of_terms(c, among, scope) for c in chains if all(map(self.postings, c))]
        found = [each for each in found if len(each[0])]
        if not found:
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        if len(found) == 1:
            return found[0]
        firsts, lasts = (np.concatenate(column) for column in zip(*found, strict=True))
        order = np.lexsort((lasts, firsts))
        firsts, lasts = firsts[order], lasts[order]
        is_new = np.ones(len(firsts), bool)
        is_new[1:] = (firsts[1:] != firsts[:-1]) | (lasts[1:] != lasts[:-1])
        return firsts[is_new], lasts[is_new]

    def _of_terms(self, chain: Chain, among: Array, scope: Scope | None) -> Extents:
        extents = self._of_term(chain[0], among, scope)
        for term in chain[1:]:
            if not len(extents[0]):
                break
            extents = _joined(extents, self._of_term(term, among, scope), 1)
        return extents

    def _of_term(self, term: str, among: Array, scope: Scope | None) -> Extents:
        """Give where a term stands; see matching for tails."""
        starts = self._places(term, among, scope)
        if not self.postings(TAIL + term):
            return starts, starts
        tails = self._places(TAIL + term, among, scope)
        ends = starts.copy()
        ends[starts.searchsorted(tails, "right") - 1] = tails
        return starts, ends

    def _places(self, term: str, among: Array, scope: Scope | None) -> Array:
        places = self.postings(term).places(among)
        return places if scope is None else scope.within(places)

    def _with_all(self, chain: Chain, among: Array | None) -> Array:
        """Give the documents (of those `among`) with all terms of a chain."""
        lists = sorted((self.postings(term).documents for term in set(chain)), key=len)
        found = lists.pop(0) if among is None else among
        for each in lists:
            found = found[are_in(found, each, self._size)]
        return found

    def _candidates(self, units: Sequence[Unit], among: Array | None) -> Array:
        """Give the documents (of those `among`) that have every unit in some reading."""
        found = among
        # What has the fewest readings first: it is likely to leave the fewest documents.
        for unit in sorted(units, key=self._readings):
            lists = [self._with_all(chain, found) for chain in unit.exact + unit.loose]
            lists = [each for each in lists if len(each)]
            if len(lists) > 1:
                mask = np.zeros(self._size, bool)
                for each in lists:
                    mask[each] = True
                found = np.flatnonzero(mask)
            else:
                found = lists[0] if lists else np.zeros(0, np.int64)
        return np.zeros(0, np.int64) if found is None else found

    def _readings(self, unit: Unit) -> tuple[int, int]:
        chains = unit.exact + unit.loose
        return len(chains), sum(len(self.postings(chain[0]).documents) for chain in chains)


class Scope:
    """The parts of documents that are searched."""

    def __init__(self, wanted: Wanted, counter: Counter) -> None:
        self._part = part_searched(wanted.field)
        self._labelled: Array | None = None
        if wanted.field is Field.SECTION:
            places = counter.postings(label_term(wanted.label)).places()
            self._labelled = np.unique(places >> PART_SHIFT)
        self.is_everything = wanted.field is Field.ANY

    def within(self, places: Array) -> Array:
        """Give those of the places that stand in these parts."""
        if self.is_everything:
            return places
        parts = places >> PART_SHIFT
        if self._labelled is not None:
            return places[np.isin(parts, self._labelled)]
        return places[parts & LAST_PART == self._part]


def _by_document(firsts: Array, size: int, times: Array | None = None) -> ArrayScores:
    """Add up the weights of the parts in which matches begin, each so many times, by document."""
    documents = firsts >> DOCUMENT_SHIFT
    starts = np.flatnonzero(np.diff(documents, prepend=-1))
    if not len(starts):
        return united([], size)
    tenths = _PART_TENTHS[(firsts >> PART_SHIFT) & LAST_PART]
    if times is not None:
        tenths = tenths * times
    return ArrayScores(documents[starts], np.add.reduceat(tenths, starts), size)


def _joined(before: Extents, after: Extents, gap: int) -> Extents:
    """Pair matches with those right after them; see matching.adjacent."""
    firsts, lasts = before
    starts, ends = after
    following = ((lasts >> _STEP) + gap) << _STEP
    pairs = _pairs(starts, following, following)
    if gap == 1:
        # The next part of the same token; the last one stands for all that are beyond it.
        next_part = np.minimum(lasts + 1, lasts | (PARTS - 1))
        own = _pairs(starts, next_part, next_part)
        pairs = tuple(np.concatenate(both) for both in zip(own, pairs, strict=True))
        order = np.argsort(pairs[0], kind="stable")
        pairs = pairs[0][order], pairs[1][order]
    return firsts[pairs[0]], ends[pairs[1]]


def _pairs(starts: Array, lowest: Array, highest: Array) -> tuple[Array, ...]:
    """Pair each range with the places of the rising `starts` that lie within."""
    low = starts.searchsorted(lowest, "left")
    high = starts.searchsorted(highest, "right")
    counts = high - low
    left = np.repeat(np.arange(len(low)), counts)
    ends = np.cumsum(counts)
    right = np.arange(len(left)) + np.repeat(low - ends + counts, counts)
    return left, right
