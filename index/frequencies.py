"""How often a wanted word or phrase occurs, document by document.

The definition, in dictionaries; index/arrays/counting.py counts the same in all documents at once.
Knows postings; refuses to know what a frequency is worth.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from index.clock import Clock
from index.layout import Part, label_term, part_of, weight_of
from index.matching import (
    Chain,
    Extent,
    Places,
    Unit,
    Wanted,
    expanded,
    extents_of_chain,
    extents_of_phrase,
)
from index.nodes import Field

MOST_EXPANSIONS = 200
"""Words that a prefix stands for, most frequent first."""


class Postings(Protocol):
    """The postings of an opened index, as dictionaries."""

    def weights(self, term: str) -> Mapping[int, float]:
        """Give the documents with a term, and its weight (pseudo-frequency) in each."""

    def places(self, term: str, document: int) -> Sequence[int]:
        """Give the places of a term in a document, in rising order."""

    def beginning_with(self, prefix: str, limit: int) -> Sequence[str]:
        """Give the terms that begin so, at most `limit`, those in most documents first."""


@dataclass(slots=True)
class Frequencies:
    """How often something occurs, by document; which hold its exact form, which as written."""

    all: Mapping[int, float]
    exact: Collection[int]
    written: Collection[int] = ()


_PARTS = {
    Field.TITLE: Part.TITLE,
    Field.BY: Part.AUTHORS,
    Field.TOPIC: Part.TOPICS,
    Field.SOURCE: Part.SOURCE,
}


def part_searched(field: Field) -> int:
    """Give the part of documents that a field is; -1 where it is not one part."""
    return int(_PARTS.get(field, -1))


_Scope = Callable[[int], Collection[int]] | None


def _scope(wanted: Wanted, postings: Postings) -> _Scope:
    """Give a function from a document to the parts that are searched; None for all of them."""
    if wanted.field is Field.ANY:
        return None
    if wanted.field is Field.SECTION:
        term = label_term(wanted.label)
        labelled = postings.weights(term)
        return lambda document: (
            {part_of(place) for place in postings.places(term, document)}
            if document in labelled
            else ()
        )
    parts = {part_searched(wanted.field)}
    return lambda _: parts


class Counter:
    """Counts what is wanted in one index, as long as the clock lets it."""

    def __init__(self, postings: Postings, clock: Clock) -> None:
        self._postings = postings
        self._clock = clock

    def count(self, wanted: Wanted, among: Collection[int] | None = None) -> Frequencies:
        """Give how often each document (of those `among`) has what is wanted, where it has any."""
        units = tuple(expanded(unit, self._beginning_with) for unit in wanted.units)
        scope = _scope(wanted, self._postings)
        if len(units) > 1:
            candidates = _candidates(units, self._postings, among)
            found = self._counted(
                candidates, lambda places: extents_of_phrase(units, places), scope
            )
            return Frequencies(found, found)
        return self._of_unit(units[0], scope, is_sum=bool(wanted.units[0].prefixes))

    def _beginning_with(self, prefix: str) -> Sequence[str]:
        return self._postings.beginning_with(prefix, MOST_EXPANSIONS)

    def _of_unit(self, unit: Unit, scope: _Scope, *, is_sum: bool) -> Frequencies:
        exact = _united([self._of_chain(chain, scope) for chain in unit.exact], is_sum=is_sum)
        found = exact
        if unit.loose:
            loose = _united([self._of_chain(chain, scope) for chain in unit.loose], is_sum=True)
            # A stem's postings hold the exact word's as well, where the two differ.
            found = {**loose, **{d: max(tf, loose.get(d, 0.0)) for d, tf in exact.items()}}
        written = self._postings.weights(unit.written) if unit.written else ()
        return Frequencies(found, exact, written)

    def _of_chain(self, chain: Chain, scope: _Scope) -> Mapping[int, float]:
        if len(chain) == 1 and scope is None:
            return self._postings.weights(chain[0])
        candidates = _with_all(chain, self._postings)
        return self._counted(candidates, lambda places: extents_of_chain(chain, places), scope)

    def _counted(
        self, candidates: Iterable[int], extents: Callable[[Places], list[Extent]], scope: _Scope
    ) -> dict[int, float]:
        """Weigh the extents in each candidate by the part that they stand in."""
        postings, counted = self._postings, {}
        for document in candidates:
            if self._clock.is_over():
                break
            parts = None if scope is None else scope(document)
            weight = sum(
                weight_of(part_of(first))
                for first, _ in extents(_places(postings, document, parts))
            )
            if weight:
                counted[document] = weight
        return counted


def _places(postings: Postings, document: int, parts: Collection[int] | None) -> Places:
    """Give a function from a term to its places in a document, in some parts or in all."""
    if parts is None:
        return lambda term: postings.places(term, document)
    return lambda term: [p for p in postings.places(term, document) if part_of(p) in parts]


def _united(found: Sequence[Mapping[int, float]], *, is_sum: bool) -> Mapping[int, float]:
    """Add up what different words stand for; of several ways to write one word take the most."""
    if len(found) == 1:
        return found[0]
    united: dict[int, float] = {}
    for each in found:
        for document, tf in each.items():
            before = united.get(document, 0.0)
            united[document] = before + tf if is_sum else max(before, tf)
    return united


def _with_all(
    chain: Chain, postings: Postings, among: Collection[int] | None = None
) -> Collection[int]:
    """Give the documents (of those `among`) with all terms of a chain."""
    lists = sorted((postings.weights(term) for term in set(chain)), key=len)
    if among is not None:
        return [d for d in among if all(d in each for each in lists)]
    candidates = set(lists[0])
    for each in lists[1:]:
        candidates &= each.keys()
    return candidates


def _candidates(
    units: Sequence[Unit], postings: Postings, among: Collection[int] | None
) -> Collection[int]:
    """Give the documents (of those `among`) that have every unit in some reading."""
    found = among
    # What has the fewest readings first: it is likely to leave the fewest documents.
    for unit in sorted(units, key=lambda unit: len(unit.exact) + len(unit.loose)):
        have: set[int] = set()
        for chain in unit.exact + unit.loose:
            have.update(_with_all(chain, postings, found))
        found = have
    return found or ()
