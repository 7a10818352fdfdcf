"""From a question to one page of an answer: search, order, facets, passages, what else to type.

Knows the steps and their order; refuses to know how any of them is done.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from index.clock import Clock
from index.contract import (
    NOT_NARROWED,
    TIME_LIMIT_SECONDS,
    Answer,
    Facets,
    Hit,
    Match,
    Narrow,
    Sort,
)
from index.days import read_span
from index.evaluation import Evaluator, visible
from index.filing import count_facets, microseconds
from index.frequencies import Column, Postings
from index.highlight import find_matches, mark
from index.matching import Wanted
from index.nodes import Field, Node, Question
from index.passages import passages
from index.reading import Reading, wanted_leaves
from index.relaxing import FEW, Found, Search, take_apart
from index.scoring import LOOSE, LOOSE_IN_SENTENCES, Scores
from index.suggesting import nearest_topics, suggestions
from index.texts import Text

_NEW_WORDS_SECONDS = 0.5
"""Time for another spelling of a question to show that it finds more."""

HALF_LIFE = 182 * 86_400_000_000
"""Microseconds after which the lift of what is new has halved."""


@dataclass(frozen=True, slots=True)
class Wish:
    """How an answer is wanted; the contract says what each means."""

    now: datetime
    sort: Sort = Sort.BEST
    offset: int = 0
    limit: int = 10
    narrow: Narrow = NOT_NARROWED
    zone: tzinfo = UTC
    with_facets: bool = False
    with_passages: bool = True
    time_limit_seconds: float = TIME_LIMIT_SECONDS
    recency: float = 0.0


def answer(
    question: Question, postings: Postings, text_of: Callable[[int], Text], wish: Wish
) -> Answer:
    """Give one page of what an opened index holds in answer to a question."""
    if question.root is None:
        return Answer()
    clock = Clock(wish.time_limit_seconds)
    reading, found = _search(question.root, postings, wish, clock)
    order = _ordered(found, postings, wish)
    leaves = wanted_leaves(question.root)
    wanted = reading.shown(leaves)
    hits = tuple(
        _hit(postings.id(document), score, text_of(document), wanted, match)
        if wish.with_passages
        else Hit(postings.id(document), score, "", (), match)
        for document, score, match in order[wish.offset : wish.offset + wish.limit]
    )
    return Answer(
        hits,
        len(order),
        len(found.all),
        _facets(found, postings, wish) if wish.with_facets else None,
        _suggestion(question, reading, found, postings, wish),
        () if order else nearest_topics(leaves, postings.filing()),
        clock.is_complete,
    )


def _search(root: Node, postings: Postings, wish: Wish, clock: Clock) -> tuple[Reading, Found]:
    asked = take_apart(root)
    reading = Reading(root, postings, is_sentence=asked.is_sentence)
    loose = LOOSE_IN_SENTENCES if asked.is_sentence else LOOSE
    evaluator = Evaluator(postings, reading, clock, loose=loose)
    chosen = _chosen(wish, postings)

    def let_through(scores: Scores) -> Scores:
        seen = visible(scores, postings, wish.now)
        return seen if chosen is None else {d: s for d, s in seen.items() if d in chosen}

    return reading, Search(asked, evaluator, let_through, postings.count(), clock).find()


def _chosen(wish: Wish, postings: Postings) -> Collection[int] | None:
    """Give the documents that the chosen facets let through; None for all."""
    narrow = wish.narrow
    keys = (("topic:", narrow.topic), ("author:", narrow.author), ("at:", narrow.source.lower()))
    lists = [set(postings.keyed(kind + key)) for kind, key in keys if key]
    if narrow.period:
        published = postings.published()
        span = read_span(narrow.period, wish.zone, wish.now)
        first, last = (microseconds(span.first), microseconds(span.last)) if span else (0, 0)
        lists.append({d for d in postings.documents() if first <= published[d] < last})
    return set.intersection(*lists) if lists else None


def _ordered(found: Found, postings: Postings, wish: Wish) -> list[tuple[int, float, Match]]:
    """Give all that was found in order: what has all first, ties by date and then by id."""
    published = postings.published()
    ordered: list[tuple[int, float, Match]] = []
    for scores in (found.all, found.others):
        tier = _lifted(scores, published, wish) if wish.recency else scores
        if wish.sort is Sort.NEWEST:
            documents = sorted(tier, key=lambda d: (-published[d], -postings.id(d)))
        else:
            documents = sorted(tier, key=lambda d: (-tier[d], -published[d], -postings.id(d)))
        ordered += [(d, tier[d], found.matches.get(d, Match.ALL)) for d in documents]
    return ordered


def _lifted(scores: Scores, published: Column, wish: Wish) -> Scores:
    """Lift what is new, less with age (exponentially, after Li and Croft 2003)."""
    now = microseconds(wish.now)
    return {
        document: score * (1 + wish.recency * 0.5 ** ((now - published[document]) / HALF_LIFE))
        for document, score in scores.items()
    }


def _hit(id: int, score: float, text: Text, wanted: Sequence[Wanted], match: Match) -> Hit:
    in_title = [each for each in wanted if each.field in (Field.ANY, Field.TITLE)]
    title = mark(text.title, find_matches(text.title, text.language, in_title))
    return Hit(id, score, title, passages(text, wanted), match)


def _facets(found: Found, postings: Postings, wish: Wish) -> Facets:
    documents = found.all or found.others
    return count_facets(
        documents, postings.filing(), postings.published(), wish.zone, wish.narrow.period
    )


def _suggestion(
    question: Question, reading: Reading, found: Found, postings: Postings, wish: Wish
) -> str | None:
    """Give another question that finds more, tried out; None where enough was found."""
    if len(found.all) >= FEW:
        return None
    leaves = wanted_leaves(question.root)
    respellings = reading.respellings(question.text, leaves)
    unquoted = () if found.all or found.others else leaves
    for text in suggestions(question.text, respellings, unquoted):
        other = question.again(text) if question.again else Question(text)
        if text == question.text or other.root is None:
            continue
        _, more = _search(other.root, postings, wish, Clock(_NEW_WORDS_SECONDS))
        if len(more.all) > len(found.all):
            return text
    return None
