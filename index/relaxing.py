"""From what fits a question to one ranked list: first what has all, then what comes near.

Knows parts of questions and their scores; refuses to know how these are found.

All words are wanted. Where fewer than FEW documents have them all, others follow that have some
of them, or words spelled nearly so. Quoted phrases, fields, dates and what stands after a minus
are asked for on purpose and never relaxed. In a sentence any word will do from the start.
"""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Generic

from index.characters import fold
from index.clock import Clock
from index.commonplace import FEWEST_TELLING, FUNCTION_WORDS, SENTENCE_WORDS
from index.contract import MOST_NEAREST, Match
from index.evaluation import Evaluator
from index.nodes import Dated, Either, Every, Node, Without, Words
from index.opened import S
from index.reading import is_plain, neighbours
from index.scoring import NEAR

FEW = 5
"""Documents with all words below which others follow."""
LEAST_SHARE = 0.3
"""Of what all words tell together, what a document without a topical word has to have to follow;
not in sentences."""
TOPICAL_SHARE = 0.5
"""Words in more of the documents than that are not topical: with one alone none follows."""
COMMON_SHARE = 0.2
"""Other words in more of the documents than that bring none in beside rarer ones; they count."""
COMMON_FROM = 1000
"""Documents with a word below which it is not common, however few documents there are."""
LIFTED = 200
"""Documents, best first, in which words side by side are looked for."""
ADJACENT_LIFT = 0.8
"""What two words side by side as typed add, as a share of the rarer one's weight."""
ADJACENT_LIFT_IN_SENTENCES = 0.1
_SIGNS = ",.;:!?'()[]"


@dataclass(slots=True)
class Asked:
    """The parts of a question: filters, what has to fit, and what may be relaxed.

    `typed` are the words in order, without function words where it is a sentence; `times` says
    how often each telling word of a sentence came.
    """

    filters: list[Dated | Without] = field(default_factory=list)
    firm: list[Node] = field(default_factory=list)
    soft: list[Node] = field(default_factory=list)
    times: Tally[Node] = field(default_factory=Tally)
    typed: list[Node] = field(default_factory=list)
    is_sentence: bool = False


@dataclass(slots=True)
class Found(Generic[S]):
    """What was found: the scores of what has all, and of what follows with how it matches."""

    all: S
    others: S
    matches: dict[int, Match] = field(default_factory=dict)


def take_apart(root: Node) -> Asked:
    """Sort the parts of a question by what may be done with them."""
    asked = Asked()
    for part in _flat(root):
        if isinstance(part, Dated | Without):
            asked.filters.append(part)
        elif _is_extra(part):
            continue
        elif _is_soft(part):
            asked.soft.append(part)
        else:
            asked.firm.append(part)
    asked.typed = list(_flat(root))
    telling = [part for part in asked.soft if not is_function_word(part)]
    asked.is_sentence = len(asked.soft) >= SENTENCE_WORDS and len(telling) >= FEWEST_TELLING
    if asked.is_sentence:
        asked.typed = telling
        # A word that is repeated in a sentence is what it is about.
        first = {_key(part): part for part in reversed(telling)}
        asked.times = Tally(first[_key(part)] for part in telling)
        asked.soft = list(asked.times)
    return asked


def _flat(node: Node) -> Iterable[Node]:
    if isinstance(node, Every):
        for part in node.parts:
            yield from _flat(part)
    else:
        yield node


def _is_soft(node: Node) -> bool:
    match node:
        case Words():
            return is_plain(node) or (node.is_prefix and not node.field)
        case Every(parts) | Either(parts):
            return all(map(_is_soft, parts))
        case _:
            return False


def _is_extra(node: Node) -> bool:
    return isinstance(node, Words) and node.is_extra


def is_function_word(node: Node) -> bool:
    """Say whether it is a word that only sentences need."""
    return isinstance(node, Words) and _key(node) in FUNCTION_WORDS


def _key(node: Node) -> object:
    """Give what makes two words of a sentence the same: not the signs around them."""
    return fold(node.text).strip(_SIGNS) if isinstance(node, Words) else node


class Search(Generic[S]):
    """One search for one question."""

    def __init__(
        self,
        asked: Asked,
        evaluator: Evaluator[S],
        let_through: Callable[[S], S],
        clock: Clock,
    ) -> None:
        """`let_through` gives what is visible of some documents."""
        self._asked, self._evaluator, self._clock = asked, evaluator, clock
        self._let_through = let_through
        self._opened = evaluator.opened
        self._common = max(COMMON_FROM, COMMON_SHARE * self._opened.count())

    def find(self) -> Found[S]:
        """Find what has all that is wanted, and what follows where that is little."""
        asked = self._asked
        found = Found(self._opened.added([]), self._opened.added([]))
        firm, soft = self._gather(asked.firm), self._gather(asked.soft)
        if not firm and not soft:
            if asked.filters and not (asked.firm or asked.soft):
                found.all = self._passed(None)
            return found
        is_whole = not self._clock.is_over()
        if is_whole:
            parts = sorted((part.scores for part in firm + soft), key=len)
            every = parts[0]
            for scores in parts[1:]:
                every = every.both(scores)
            found.all = self._passed(every)
        elif len(firm) < len(asked.firm):
            return found
        if soft and (asked.is_sentence or len(found.all) < FEW):
            self._follow(found, firm, soft)
        self._lift(found)
        return found

    def _gather(self, nodes: Iterable[Node]) -> list[_Part[S]]:
        """Score what fits each part that asks for anything, as long as the clock lets us."""
        gathered = []
        for node in nodes:
            if self._clock.is_over():
                break
            scores = self._evaluator.fitting(node)
            if scores is not None:
                times = self._asked.times.get(node, 1)
                if times > 1:
                    scores = scores.times(times)
                weight = self._evaluator.weight(scores)
                gathered.append(_Part(node, scores, weight, self._opened.added([])))
        return gathered

    def _passed(self, scores: S | None) -> S:
        return self._let_through(self._evaluator.filtered(scores, self._asked.filters))

    def _follow(self, found: Found[S], firm: list[_Part[S]], soft: list[_Part[S]]) -> None:
        """Find documents that have some of the words, or nearly them."""
        for part in soft:
            # In a sentence a word that is found anywhere is taken as it was typed.
            if not (self._asked.is_sentence and len(part.scores)) and not self._clock.is_over():
                self._come_near(part)
        soft = sorted((part for part in soft if part.size()), key=_Part.size)
        least = LEAST_SHARE * sum(part.weight for part in firm + soft)
        if self._asked.is_sentence:
            least = 0.0
        scores, told = self._told(firm, soft, least)
        others = self._passed(scores.where(told, least).but(found.all))
        found.others = self._opened.best(others, MOST_NEAREST)
        found.matches = _matches(found.others.documents(), soft)

    def _come_near(self, part: _Part[S]) -> None:
        """Score what nearly fits a part; what is found by no other spelling is weighed by that."""
        part.near = self._evaluator.near(part.node).but(part.scores)
        if len(part.scores):
            part.near_weight = NEAR * part.weight
        elif len(part.near):
            part.near_weight = part.weight = self._evaluator.weight(part.near)

    def _told(self, firm: list[_Part[S]], soft: list[_Part[S]], least: float) -> tuple[S, S]:
        """Add up scores, and how much the words tell that each document has; rarest first.

        A topical word tells at `least` so much as a document has to have to follow.
        """
        added = self._opened.added
        scores = firm[0].scores if firm else added([])
        for part in firm[1:]:
            scores = scores.both(part.scores)
        told = scores.worth(sum(part.weight for part in firm))
        for part in soft:
            is_topical = self._is_topical(part)
            brings = not firm and (not len(scores) or is_topical or part.size() <= self._common)
            for found, weight in ((part.scores, part.weight), (part.near, part.near_weight)):
                if not len(found):
                    continue
                tells = found.worth(max(weight, least) if is_topical else weight)
                if brings:
                    scores, told = added([scores, found]), added([told, tells])
                else:
                    scores, told = scores.raised(found), told.raised(tells)
        return scores, told

    def _is_topical(self, part: _Part[S]) -> bool:
        """Say whether a document may follow for this word alone, however common it is."""
        return not (
            self._asked.is_sentence
            or is_function_word(part.node)
            or part.size() > TOPICAL_SHARE * self._opened.count()
        )

    def _lift(self, found: Found[S]) -> None:
        """Raise documents in which words typed side by side stand side by side."""
        asked = self._asked
        pairs = dict.fromkeys(neighbours(asked.typed))
        if pairs:
            factor = ADJACENT_LIFT_IN_SENTENCES if asked.is_sentence else ADJACENT_LIFT
            found.all = self._lifted(found.all, pairs, factor)
            found.others = self._lifted(found.others, pairs, factor)

    def _lifted(self, tier: S, pairs: Iterable[tuple[Words, Words]], factor: float) -> S:
        if not len(tier):
            return tier
        head = self._opened.best(tier, LIFTED)
        for pair in pairs:
            if self._clock.is_over():
                break
            lift = self._evaluator.lifted(pair, head)
            if len(lift):
                tier = tier.raised(lift.times(factor))
        return tier


@dataclass(slots=True)
class _Part(Generic[S]):
    """A part of a question, what fits it and nearly fits it, and how much that tells."""

    node: Node
    scores: S
    weight: float
    near: S
    near_weight: float = 0.0

    def size(self) -> int:
        return len(self.scores) + len(self.near)


def _matches(documents: Sequence[int], soft: Sequence[_Part[S]]) -> dict[int, Match]:
    """Say how each document matches: by words as typed, or by others that may have been meant."""
    has = [0] * len(documents)
    nearly = [0] * len(documents)
    for part in soft:
        for counts, scores in ((has, part.scores), (nearly, part.near)):
            for place, holds in enumerate(scores.holds(documents)):
                counts[place] += holds
    return {
        document: Match.NEAR if n and (not h or h + n == len(soft)) else Match.SOME
        for document, h, n in zip(documents, has, nearly, strict=True)
    }
