"""From a question to one page of an answer: search, order, facets, passages, what else to type.

Knows the steps and their order; refuses to know how any of them is done.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
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
from index.evaluation import Evaluator
from index.filing import microseconds
from index.matching import Wanted
from index.nodes import Node, Question
from index.opened import Opened, S
from index.passages import marked_title, passages
from index.reading import Reading, wanted_leaves
from index.relaxing import FEW, Found, Search, take_apart
from index.scoring import LOOSE, LOOSE_IN_SENTENCES
from index.suggesting import nearest_topics, suggestions

_FIRST = 10
"""Documents by which it is seen whether another spelling of a question finds better ones."""
_PERIOD = re.compile(r"\d{4}(-\d{2})?", re.ASCII)
_NEW_WORDS_SECONDS = 0.5
"""Time for another spelling of a question to show that it finds more."""


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


def answer(question: Question, opened: Opened[S], wish: Wish) -> Answer:
    """Give one page of what an opened index holds in answer to a question."""
    if question.root is None:
        return Answer()
    clock = Clock(wish.time_limit_seconds)
    reading, found = _search(question.root, opened, wish, clock)
    leaves = wanted_leaves(question.root)
    return Answer(
        _hits(found, opened, wish, reading.shown(leaves)),
        len(found.all) + len(found.others),
        len(found.all),
        _facets(found, opened, wish) if wish.with_facets else None,
        _suggestion(question, reading, found, opened, wish),
        () if _anything(found) else nearest_topics(leaves, opened.names("topics")),
        clock.is_complete,
    )


def _anything(found: Found[S]) -> bool:
    return len(found.all) > 0 or len(found.others) > 0


def _search(root: Node, opened: Opened[S], wish: Wish, clock: Clock) -> tuple[Reading, Found[S]]:
    asked = take_apart(root)
    reading = Reading(root, opened, is_sentence=asked.is_sentence)
    loose = LOOSE_IN_SENTENCES if asked.is_sentence else LOOSE
    evaluator = Evaluator(opened, reading, clock, loose=loose)
    now = microseconds(wish.now)
    chosen = _chosen(wish, opened)

    def let_through(scores: S) -> S:
        if opened.last_published() > now:
            scores = opened.between(scores, None, now + 1)
        for each in chosen:
            scores = scores.both(each)
        return scores

    return reading, Search(asked, evaluator, let_through, clock).find()


def _chosen(wish: Wish, opened: Opened[S]) -> list[S]:
    """Give the documents that each of the chosen facets lets through."""
    narrow = wish.narrow
    keys = (("topic:", narrow.topic), ("author:", narrow.author), ("at:", narrow.source.lower()))
    chosen = [opened.keyed(kind + key) for kind, key in keys if key]
    if narrow.period:
        is_period = _PERIOD.fullmatch(narrow.period)
        span = read_span(narrow.period, wish.zone, wish.now) if is_period else None
        first, last = (microseconds(span.first), microseconds(span.last)) if span else (0, 0)
        chosen.append(opened.between(opened.everything(), first, last))
    return chosen


def _hits(
    found: Found[S], opened: Opened[S], wish: Wish, wanted: Sequence[Wanted]
) -> tuple[Hit, ...]:
    """Give a page: what has all comes first."""
    page = _page(found, opened, wish)
    ids = [opened.id(document) for document, _, _ in page]
    if not wish.with_passages:
        return tuple(
            Hit(id, score, "", (), match) for id, (_, score, match) in zip(ids, page, strict=True)
        )
    shown = opened.shown([document for document, _, _ in page], wanted)
    return tuple(
        Hit(id, score, marked_title(text, wanted), passages(text, wanted), match)
        for id, (_, score, match), text in zip(ids, page, shown, strict=True)
    )


def _page(found: Found[S], opened: Opened[S], wish: Wish) -> list[tuple[int, float, Match]]:
    page: list[tuple[int, float, Match]] = []
    skipped = 0
    for tier in (found.all, found.others):
        first = max(0, wish.offset - skipped)
        wanted = wish.offset + wish.limit - skipped
        if first < len(tier) and wanted > 0:
            scores = tier
            if wish.recency:
                scores = opened.aged(tier, microseconds(wish.now), wish.recency)
            page += [
                (document, score, found.matches.get(document, Match.ALL))
                for document, score in opened.ordered(scores, wish.sort, wanted)[first:]
            ]
        skipped += len(tier)
    return page


def _facets(found: Found[S], opened: Opened[S], wish: Wish) -> Facets:
    documents = found.all if len(found.all) else found.others
    return opened.facets(documents, wish.zone, wish.narrow.period)


def _suggestion(
    question: Question, reading: Reading, found: Found[S], opened: Opened[S], wish: Wish
) -> str | None:
    """Give another question that finds more, tried out; None where enough was found.

    Where what is spelled otherwise was nowhere, it is enough that what comes first fits better.
    """
    if len(found.all) >= FEW:
        return None
    leaves = wanted_leaves(question.root)
    respellings = reading.respellings(question.text, leaves)
    is_unknown = bool(respellings) and not any(each.frequency for each in respellings)
    before = _worth(found, opened) if is_unknown else 0.0
    unquoted = () if _anything(found) else leaves
    for text in suggestions(question.text, respellings, unquoted):
        other = question.again(text) if question.again else Question(text)
        if text == question.text or other.root is None:
            continue
        _, more = _search(other.root, opened, wish, Clock(_NEW_WORDS_SECONDS))
        if len(more.all) > len(found.all) or (is_unknown and _worth(more, opened) > before):
            return text
    return None


def _worth(found: Found[S], opened: Opened[S]) -> float:
    """Say how well the first page of what was found fits."""
    first = opened.ordered(opened.added([found.all, found.others]), Sort.BEST, _FIRST)
    return sum(score for _, score in first)
