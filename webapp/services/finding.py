"""Asking the index, and giving back articles in rank order."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from markupsafe import Markup

from index.contract import (
    NOT_NARROWED,
    Facets,
    Hit,
    Match,
    Name,
    Narrow,
    Sort,
)
from index.explaining import Part, explain
from index.nodes import Either, Every, Node, Words
from index.question import Question, parse
from webapp.extensions import the_site
from webapp.models import ListedArticle, listed
from webapp.text.fragments import fragment_of

SHORTEST_BEGINNING = 3
"""Letters from which on a word that is being typed may be the beginning of another."""
_OPERATORS = ("AND", "OR")
MOST_RELAXED = 6
"""Parts of a query, from its beginning, without which it is tried where it finds nothing."""
RELAXING_SECONDS = 0.5
"""Time for all these tries together."""


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A passage that matched, and the section it stands in."""

    html: Markup
    label: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Result:
    """An article that was found, and why."""

    article: ListedArticle
    score: float
    match: Match
    title_html: Markup
    passages: tuple[Excerpt, ...]

    @property
    def fragment(self) -> str:
        """What to put behind the article's address, so that the browser marks what was found."""
        return fragment_of(passage.html for passage in self.passages)


@dataclass(frozen=True, slots=True)
class Relaxed:
    """A query without one of its parts: that part in plain words, and how many then fit.

    `count` is of those with all that is left; where none has that, of those with some.
    """

    part: str
    query: str
    count: int


@dataclass(frozen=True, slots=True)
class Findings:
    """A page of results, and what else there is to say about the search.

    `understood` says part by part how the query was read; `total` counts all that was
    found, `matched_all` those of them, coming first, with all that was wanted. `is_begun`:
    the last word was taken for the beginning of one too. `topics` and `relaxed` are for where
    nothing was found.
    """

    results: tuple[Result, ...] = ()
    total: int = 0
    matched_all: int = 0
    understood: tuple[Part, ...] = ()
    facets: Facets | None = None
    suggestion: str | None = None
    topics: tuple[Name, ...] = ()
    relaxed: tuple[Relaxed, ...] = ()
    is_complete: bool = True
    is_begun: bool = False

    @property
    def match(self) -> Match:
        """How well the best of them fits."""
        if self.matched_all or not self.results:
            return Match.ALL
        return self.results[0].match


def find(
    text: str,
    *,
    sort: Sort = Sort.BEST,
    narrow: Narrow = NOT_NARROWED,
    page: int = 1,
    size: int = 10,
    with_facets: bool = False,
    with_passages: bool = True,
    with_relaxed: bool = False,
) -> Findings:
    """Find published articles; raises IndexUnavailable when there is no index to ask."""
    site = the_site()
    if not text.strip():
        return Findings()
    now, zone = site.clock(), site.settings.time_zone
    question = _read(text)
    answer = site.engine.answer(
        question,
        now=now,
        sort=sort,
        offset=(page - 1) * size,
        limit=size,
        narrow=narrow,
        zone=zone,
        with_facets=with_facets,
        with_passages=with_passages,
        recency=site.settings.recency / 100,
    )
    understood = explain(question, zone=zone)
    is_relaxed = with_relaxed and not answer.total
    return Findings(
        results=_results(answer.hits, now),
        total=answer.total,
        matched_all=answer.matched_all,
        understood=understood,
        facets=answer.facets,
        suggestion=answer.suggestion,
        topics=answer.topics,
        relaxed=tuple(_relaxed(understood, narrow)) if is_relaxed else (),
        is_complete=answer.is_complete,
    )


def _relaxed(understood: Sequence[Part], narrow: Narrow) -> Iterator[Relaxed]:
    """Try a query without each of its parts; give what then finds something."""
    site, ends_at = the_site(), time.monotonic() + RELAXING_SECONDS
    for part in understood[:MOST_RELAXED]:
        left_seconds = ends_at - time.monotonic()
        if left_seconds <= 0 or not part.without:
            return
        answer = site.engine.answer(
            _read(part.without),
            now=site.clock(),
            limit=1,
            narrow=narrow,
            zone=site.settings.time_zone,
            with_passages=False,
            time_limit_seconds=left_seconds,
        )
        if answer.total:
            yield Relaxed(part.text, part.without, answer.matched_all or answer.total)


def find_typed(
    text: str,
    *,
    sort: Sort = Sort.BEST,
    narrow: Narrow = NOT_NARROWED,
    size: int = 10,
    with_facets: bool = False,
) -> Findings:
    """Find what fits a query that is still being typed: its first page only.

    First comes what `find` gives with all that is wanted. Where that does not fill the page
    and the last word may be the beginning of another, what has such a word follows.
    """
    found = find(text, sort=sort, narrow=narrow, size=size, with_facets=with_facets)
    begun = _begun(text)
    if begun is None or found.matched_all >= size:
        return found
    more = find(begun, sort=sort, narrow=narrow, size=size, with_facets=with_facets)
    if more.matched_all <= found.matched_all:
        return found
    first = [result for result in found.results if result.match is Match.ALL]
    known = {result.article.id for result in first}
    others = [result for result in more.results if result.article.id not in known]
    return replace(
        more,
        results=tuple([*first, *others][:size]),
        understood=found.understood,
        suggestion=None,
        is_begun=True,
    )


def _read(text: str) -> Question:
    site = the_site()
    settings = site.settings
    return parse(text, sections=settings.section_names, zone=settings.time_zone, now=site.clock())


def _begun(text: str) -> str | None:
    """Give the query with its last word as a word or a beginning; None where it is no such word."""
    question = _read(text)
    last = _last_word(question.root)
    if last is None or last.end != len(text) or ":" in last.text:
        return None
    word = last.text
    if len(word) < SHORTEST_BEGINNING or not word[-1].isalnum() or word in _OPERATORS:
        return None
    return f"{text.removesuffix(word)}({word} OR {word}*)"


def _last_word(node: Node | None) -> Words | None:
    match node:
        case Words(is_phrase=False, is_prefix=False):
            return node
        case Every(parts) | Either(parts):
            return _last_word(parts[-1])
        case _:
            return None


def _results(hits: Sequence[Hit], now: datetime) -> tuple[Result, ...]:
    # The database has the last word on what readers may see.
    articles = listed([hit.id for hit in hits], now)
    return tuple(
        Result(
            articles[hit.id],
            hit.score,
            hit.match,
            Markup(hit.title_html),  # noqa: S704 - the index escapes first, then marks
            tuple(
                Excerpt(Markup(p.html), p.label, p.anchor)  # noqa: S704 - likewise
                for p in hit.passages
            ),
        )
        for hit in hits
        if hit.id in articles
    )


def newest_that_fit(query: str, limit: int) -> list[ListedArticle]:
    """Give the newest articles that fit a query whole. Raises IndexUnavailable."""
    findings = find(query, sort=Sort.NEWEST, size=limit, with_passages=False)
    return [result.article for result in findings.results if result.match is Match.ALL]
