"""How often a wanted word or phrase occurs, document by document.

Knows postings, and the protocol by which an engine shows them; refuses to know what it is worth.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from index.layout import Part, label_term, part_of, weight_of
from index.matching import Chain, Extent, Unit, Wanted, extents_of_chain, extents_of_phrase
from index.nodes import Field

MOST_EXPANSIONS = 200
"""Words that a prefix stands for, most frequent first."""


class Postings(Protocol):
    """An opened index: documents are numbers of its own, the same while it is open."""

    def count(self) -> int:
        """Count the documents."""

    def documents(self) -> Iterable[int]:
        """Give all documents."""

    def document_frequency(self, term: str) -> int:
        """Count the documents with a term, roughly: replaced ones may still be counted."""

    def weights(self, term: str) -> Mapping[int, float]:
        """Give the documents with a term, and its weight (pseudo-frequency) in each."""

    def places(self, term: str, document: int) -> Sequence[int]:
        """Give the places of a term in a document, in rising order."""

    def keyed(self, key: str) -> Collection[int]:
        """Give the documents with a key."""

    def languages(self) -> Sequence[str]:
        """Give the languages of the documents, in order."""

    def beginning_with(self, prefix: str, limit: int) -> Sequence[str]:
        """Give the terms that begin so, at most `limit`, those in most documents first."""

    def length(self, document: int) -> int:
        """Count the tokens of a document."""

    def average_length(self) -> float:
        """Give the mean number of tokens in a document."""

    def published(self, document: int) -> int:
        """Give the microseconds from 1970 to publication."""

    def id(self, document: int) -> int:
        """Give the id of a document."""


@dataclass(slots=True)
class Frequencies:
    """How often something occurs, by document; which hold its exact form, which as written."""

    all: dict[int, float]
    exact: Collection[int]
    written: Collection[int] = ()


_SCOPES = {
    Field.TITLE: Part.TITLE,
    Field.BY: Part.AUTHORS,
    Field.TOPIC: Part.TOPICS,
    Field.SOURCE: Part.SOURCE,
}


def count(wanted: Wanted, postings: Postings, among: Collection[int] | None = None) -> Frequencies:
    """Give how often each document (of those `among`) has what is wanted, where it has any."""
    units = tuple(_expanded(unit, postings) for unit in wanted.units)
    scope = _scope(wanted, postings)
    if len(units) > 1:
        chains = [chain for unit in units for chain in unit.exact + unit.loose]
        candidates = _candidates(units, postings)
        if among is not None:
            candidates &= set(among)
        found = _counted(
            candidates, lambda places: extents_of_phrase(units, places), chains, postings, scope
        )
        return Frequencies(found, found)
    return _of_unit(units[0], postings, scope)


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
    parts = {int(_SCOPES[wanted.field])}
    return lambda _: parts


def _expanded(unit: Unit, postings: Postings) -> Unit:
    if not unit.prefix:
        return unit
    terms = postings.beginning_with(unit.prefix, MOST_EXPANSIONS)
    return replace(unit, exact=tuple((term,) for term in terms), prefix="")


def _of_unit(unit: Unit, postings: Postings, scope: _Scope) -> Frequencies:
    exact = _summed([_of_chain(chain, postings, scope) for chain in unit.exact])
    found = exact
    if unit.loose:
        loose = _summed([_of_chain(chain, postings, scope) for chain in unit.loose])
        # A stem's postings hold the exact word's as well, where the two differ.
        found = loose | {d: max(tf, loose.get(d, 0.0)) for d, tf in exact.items()}
    written = postings.weights(unit.written) if unit.written else ()
    return Frequencies(found, exact, written)


def _summed(found: Sequence[Mapping[int, float]]) -> dict[int, float]:
    if len(found) == 1:
        return dict(found[0])
    sums: dict[int, float] = {}
    for each in found:
        for document, tf in each.items():
            sums[document] = sums.get(document, 0.0) + tf
    return sums


def _of_chain(chain: Chain, postings: Postings, scope: _Scope) -> Mapping[int, float]:
    if len(chain) == 1 and scope is None:
        return postings.weights(chain[0])
    candidates = _with_all(chain, postings)
    return _counted(
        candidates, lambda places: extents_of_chain(chain, places), [chain], postings, scope
    )


def _with_all(chain: Chain, postings: Postings) -> set[int]:
    lists = sorted((postings.weights(term) for term in set(chain)), key=len)
    candidates = set(lists[0])
    for each in lists[1:]:
        candidates &= each.keys()
    return candidates


def _candidates(units: Sequence[Unit], postings: Postings) -> set[int]:
    """Give the documents that have every unit in some reading."""
    found: set[int] | None = None
    for unit in units:
        have: set[int] = set()
        for chain in unit.exact + unit.loose:
            have |= _with_all(chain, postings)
        found = have if found is None else found & have
    return found or set()


def _counted(
    candidates: Iterable[int],
    extents: Callable[[Callable[[str], Sequence[int]]], list[Extent]],
    chains: Iterable[Chain],
    postings: Postings,
    scope: _Scope,
) -> dict[int, float]:
    """Weigh the extents in each candidate by the part that they stand in."""
    counted = {}
    for document in candidates:
        places = {term: postings.places(term, document) for chain in chains for term in chain}
        if scope is not None:
            parts = scope(document)
            places = {
                term: [p for p in all_places if part_of(p) in parts]
                for term, all_places in places.items()
            }
        weight = sum(weight_of(part_of(first)) for first, _ in extents(places.__getitem__))
        if weight:
            counted[document] = weight
    return counted
