"""Which documents fit a question, and how well: the definition of matching.

Knows questions and what an opened index is asked; refuses to know how that is done. What follows
where too few fit is in relaxing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Generic

from index.clock import Clock
from index.filing import domain_in, microseconds
from index.layout import label_term
from index.matching import Wanted
from index.nodes import Dated, Either, Every, Field, Labelled, Node, Without, Words
from index.opened import Opened, S
from index.reading import Reading
from index.scoring import LOOSE

_KEYS = {Field.BY: "author:", Field.TOPIC: "topic:"}


class Evaluator(Generic[S]):
    """Says what fits the parts of one question in one opened index."""

    def __init__(
        self, opened: Opened[S], reading: Reading, clock: Clock, *, loose: float = LOOSE
    ) -> None:
        self.opened = opened
        self._reading = reading
        self._clock = clock
        self._loose = loose

    def fitting(self, node: Node) -> S | None:
        """Give the documents that fit and their scores; None where a node asks for nothing."""
        match node:
            case Words(is_extra=True):
                return None
            case Words():
                return self._words(node)
            case Labelled(label):
                return self.opened.holding(label_term(label))
            case Dated() | Without():
                return self.left_by(node, self.opened.everything())
            case Every(parts):
                return self._every(parts)
            case Either(parts):
                found = [fit for fit in map(self.fitting, parts) if fit is not None]
                return self.opened.added(found) if found else None

    def near(self, node: Node) -> S:
        """Give the documents that fit words spelled nearly like those of a node."""
        match node:
            case Words():
                near = self._reading.near(node)
                return self.opened.added([]) if near is None else self._near(near)
            case Every(parts) | Either(parts):
                return self.opened.added([self.near(part) for part in parts])
            case _:
                return self.opened.added([])

    def _near(self, wanted: Wanted) -> S:
        return self.opened.near(wanted, self._clock)

    def left_by(self, node: Dated | Without, scores: S) -> S:
        """Give those of the documents that a filter lets through."""
        if isinstance(node, Without):
            unwanted = self.fitting(node.part)
            return scores if unwanted is None else scores.but(unwanted)
        first = microseconds(node.first) if node.first else None
        last = microseconds(node.last) if node.last else None
        return self.opened.between(scores, first, last)

    def weight(self, found: S) -> float:
        """Say how much it tells that a document is one of these."""
        return self.opened.telling(len(found))

    def lifted(self, pair: tuple[Words, Words], among: S) -> S:
        """Score those of some documents in which two words stand side by side."""
        wanted = [self._reading.wanted(words) for words in pair]
        units = tuple(unit for each in wanted for unit in each.units)
        return self.opened.side_by_side(Wanted(units), among, self._clock)

    def _every(self, parts: Sequence[Node]) -> S | None:
        found: S | None = None
        filters = [part for part in parts if isinstance(part, Dated | Without)]
        for part in parts:
            if not isinstance(part, Dated | Without):
                more = self.fitting(part)
                if more is not None:
                    found = more if found is None else found.both(more)
        return found if not filters else self.filtered(found, filters)

    def filtered(self, found: S | None, filters: Iterable[Dated | Without]) -> S:
        """Give what filters let through of what was found, of everything where that is None."""
        if found is None:
            found = self.opened.everything()
        for part in filters:
            found = self.left_by(part, found)
        return found

    def _words(self, words: Words) -> S | None:
        wanted = self._reading.wanted(words)
        if not wanted.units:
            return None
        domain = domain_in(words.text) if words.field is Field.SOURCE else ""
        if domain and not words.is_prefix:
            # A domain is meant, not the words in it: paper.example is not paper.example.org.
            return self.opened.keyed("source:" + domain)
        scores = self.opened.words(wanted, self._loose, self._clock)
        if words.field in _KEYS:
            scores = self.opened.added(
                [scores, self.opened.keyed(_KEYS[words.field] + words.text.lower())]
            )
        return scores
