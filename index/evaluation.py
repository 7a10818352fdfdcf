"""Which documents fit a question, and how well: the definition of matching.

Knows questions and postings; refuses to know where an engine keeps them. An engine hands over
an opened index as `Postings`; whole lists of postings are asked for, so that an engine may answer
with arrays. What follows where too few fit is in relaxing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from index.clock import Clock
from index.filing import domain, microseconds
from index.frequencies import Column, Counter, Postings
from index.layout import label_term
from index.matching import Wanted
from index.nodes import Dated, Either, Every, Field, Labelled, Node, Without, Words
from index.reading import Reading
from index.scoring import LOOSE, NEAR, Scorer, Scores

_NEVER = -(1 << 62)
_KEYS = {Field.BY: "author:", Field.TOPIC: "topic:"}


class Evaluator:
    """Says what fits the parts of one question in one opened index."""

    def __init__(
        self, postings: Postings, reading: Reading, clock: Clock, *, loose: float = LOOSE
    ) -> None:
        self._postings = postings
        self._reading = reading
        self._counter = Counter(postings, clock)
        self._scorer = Scorer(postings)
        self._published = postings.published()
        self._loose = loose

    def fitting(self, node: Node) -> Scores | None:
        """Give the documents that fit and their scores; None where a node asks for nothing."""
        match node:
            case Words():
                return self._words(node)
            case Labelled(label):
                return dict.fromkeys(self._postings.weights(label_term(label)), 0.0)
            case Dated() | Without():
                return dict.fromkeys(self.left_by(node, self._postings.documents()), 0.0)
            case Every(parts):
                return self._every(parts)
            case Either(parts):
                return added([found for found in map(self.fitting, parts) if found is not None])

    def near(self, node: Node) -> Scores:
        """Give the documents that fit words spelled nearly like those of a node."""
        match node:
            case Words():
                near = self._reading.near(node)
                if near is None:
                    return {}
                frequencies = self._counter.count(near)
                # However rare a misspelling is, what it may have meant tells no more for it.
                return self._scorer.score(
                    frequencies.all, NEAR * self._scorer.idf(len(frequencies.all))
                )
            case Every(parts) | Either(parts):
                return added([found for found in map(self.near, parts) if found]) or {}
            case _:
                return {}

    def left_by(self, node: Dated | Without, documents: Iterable[int]) -> Collection[int]:
        """Give those of the documents that a filter lets through."""
        if isinstance(node, Without):
            unwanted = self.fitting(node.part) or {}
            return [d for d in documents if d not in unwanted]
        published: Column = self._published
        first = microseconds(node.first) if node.first else _NEVER
        last = microseconds(node.last) if node.last else -_NEVER
        return [d for d in documents if first <= published[d] < last]

    def weight(self, found: Collection[int]) -> float:
        """Say how much it tells that a document is one of these."""
        return self._scorer.telling(len(found))

    def lifted(self, pair: tuple[Words, Words], among: Collection[int]) -> Scores:
        """Score those of some documents in which two words stand side by side."""
        wanted = [self._reading.wanted(words) for words in pair]
        units = tuple(unit for each in wanted for unit in each.units)
        rarer = max(
            (
                self._scorer.idf(len(self._postings.weights(chain[0])))
                for unit in units
                for chain in unit.exact
            ),
            default=0.0,
        )
        near = self._counter.count(Wanted(units), among)
        return self._scorer.score(near.all, rarer)

    def _every(self, parts: Sequence[Node]) -> Scores | None:
        found: Scores | None = None
        filters = [part for part in parts if isinstance(part, Dated | Without)]
        for part in parts:
            if not isinstance(part, Dated | Without):
                more = self.fitting(part)
                if more is not None:
                    found = more if found is None else both(found, more)
        return found if not filters else self.filtered(found, filters)

    def filtered(self, found: Scores | None, filters: Iterable[Dated | Without]) -> Scores:
        """Give what filters let through of what was found, of everything where that is None."""
        if found is None:
            found = dict.fromkeys(self._postings.documents(), 0.0)
        for part in filters:
            found = {d: found[d] for d in self.left_by(part, found)}
        return found

    def _words(self, words: Words) -> Scores | None:
        wanted = self._reading.wanted(words)
        if not wanted.units:
            return None
        key = words.text.lower()
        if words.field is Field.SOURCE and "." in key:
            # A domain is meant, not the words in it: paper.example is not paper.example.org.
            return dict.fromkeys(self._postings.keyed("source:" + domain(key)), 0.0)
        scores = self._scorer.of_words(self._counter.count(wanted), self._loose)
        if words.field in _KEYS:
            for document in self._postings.keyed(_KEYS[words.field] + key):
                scores.setdefault(document, 0.0)
        return scores


def both(left: Scores, right: Scores) -> Scores:
    """Give the documents that are in both, with the sum of their scores."""
    if len(right) < len(left):
        left, right = right, left
    return {d: score + right[d] for d, score in left.items() if d in right}


def added(answers: Sequence[Mapping[int, float]]) -> Scores | None:
    """Give the documents that are in any, with the sum of their scores; None for no answers."""
    if not answers:
        return None
    sums = dict(answers[0])
    for found in answers[1:]:
        for document, score in found.items():
            sums[document] = sums.get(document, 0.0) + score
    return sums


def visible(documents: Scores, postings: Postings, now: datetime) -> Scores:
    """Give what was published by now."""
    moment = microseconds(now)
    if postings.last_published() <= moment:
        return documents
    published = postings.published()
    return {d: score for d, score in documents.items() if published[d] <= moment}
