"""The results page, and the same as data."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass

from flask import Blueprint, Response, json, render_template, request
from flask.typing import ResponseReturnValue

from index.contract import MOST_NEAREST, Facets, Match
from webapp.errors import QueryUnreadable
from webapp.extensions import the_site
from webapp.http.caching import public
from webapp.http.paging import number_asked_for, page_asked_for, pages_of
from webapp.http.paths import path_of
from webapp.presenting import absolute, iso, month_name, thousands
from webapp.services import finding, noting
from webapp.views.asked import FACET_PARAMETERS, Asked, read_asked

pages = Blueprint("search", __name__)
RESULTS_DEEP = 10_000
FACET_TITLES = {"topics": "Topics", "authors": "Authors", "sources": "Sources", "periods": "Dates"}


@dataclass(frozen=True, slots=True)
class Choice:
    """A value that results can be narrowed to, or that they are narrowed to already."""

    name: str
    count: int
    url: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Facet:
    """A kind of choice, and its values."""

    title: str
    choices: tuple[Choice, ...]


@pages.get("/search")
@public
def show_results() -> ResponseReturnValue:
    """Show what was found, best or newest first; without a question, how to ask one."""
    asked, size = read_asked(), the_site().settings.page_size
    page = _page(size)
    findings = finding.find(
        asked.query,
        sort=asked.sort,
        narrow=asked.narrow,
        page=page,
        size=size,
        with_facets=True,
        with_relaxed=True,
    )
    if page == 1 and not asked.narrow:
        noting.note_search(asked.query, findings.matched_all)
    return render_template(
        "search/results.html",
        asked=asked,
        findings=findings,
        total_in_words=_total_in_words(findings),
        facets=_facets(asked, findings.facets),
        pages=pages_of(findings.total, size),
    )


@pages.get("/search.json")
@public
def show_results_as_json() -> Response:
    """Give the same as data; see /openapi.json."""
    began = time.perf_counter()
    asked, limit = read_asked(), number_asked_for("limit", 10, 1, 100)
    findings = _found(asked, limit)
    told = json.dumps(_findings_as_json(asked, findings), separators=(",", ":"))
    took_ms = round((time.perf_counter() - began) * 1000, 1)
    response = Response(f'{told[:-1]},"took_ms":{took_ms}}}\n', mimetype="application/json")
    # The same answer is the same however long it took.
    response.set_etag(hashlib.sha256(told.encode()).hexdigest()[:32], weak=True)
    return response


def _found(asked: Asked, limit: int) -> finding.Findings:
    page, with_facets = _page(limit), _yes_or_no("facets", "yes")
    if _yes_or_no("typing", "no"):
        if page > 1:
            raise QueryUnreadable("While a query is being typed there is a first page only.")
        return finding.find_typed(
            asked.query,
            sort=asked.sort,
            narrow=asked.narrow,
            size=limit,
            with_facets=with_facets,
        )
    return finding.find(
        asked.query,
        sort=asked.sort,
        narrow=asked.narrow,
        page=page,
        size=limit,
        with_facets=with_facets,
        with_relaxed=True,
    )


def _yes_or_no(name: str, default: str) -> bool:
    said = request.args.get(name, default)
    if said not in ("yes", "no"):
        raise QueryUnreadable(f"“{name}” has to be yes or no.")
    return said == "yes"


def _page(size: int) -> int:
    page = page_asked_for()
    if page * size > RESULTS_DEEP and page > 1:
        raise QueryUnreadable(f"Only the first {RESULTS_DEEP:,} results can be paged through.")
    return page


def _facets(asked: Asked, facets: Facets | None) -> list[Facet]:
    """Give the choices beside the results; what is chosen stays, so that it can be undone."""
    shown = []
    for kind, title in FACET_TITLES.items():
        parameter = FACET_PARAMETERS[kind]
        chosen = getattr(asked.narrow, parameter)
        values = getattr(facets, kind) if facets else ()
        choices = [
            Choice(
                month_name(value.key) if kind == "periods" else value.name,
                value.count,
                asked.url(**{parameter: value.key}),
                value.key == chosen,
            )
            for value in values
        ]
        if chosen:
            choices = _undoable(asked, kind, chosen, choices)
        if choices:
            shown.append(Facet(title, tuple(choices)))
    return shown


def _undoable(asked: Asked, kind: str, chosen: str, choices: list[Choice]) -> list[Choice]:
    """Put what is chosen first, with an address that takes it away; months of a year remain."""
    known = next((choice for choice in choices if choice.is_chosen), None)
    name = month_name(chosen) if kind == "periods" else known.name if known else chosen
    undo = Choice(
        name, known.count if known else 0, asked.url(**{FACET_PARAMETERS[kind]: ""}), True
    )
    is_year = kind == "periods" and len(chosen) == len("2026")
    return [undo, *(choice for choice in choices if is_year and not choice.is_chosen)]


def _total_in_words(findings: finding.Findings) -> str:
    """Say how many were found and how well they fit, as it stands above them."""
    total, matched_all = findings.total, findings.matched_all
    if not total:
        return "No brief fits this search"
    if findings.is_begun:
        return f"{_briefs(matched_all)} with a word that begins so"
    if matched_all == total:
        return _briefs(total)
    is_cut = total - matched_all >= MOST_NEAREST
    near = f"{thousands(total - matched_all)}{' or more' if is_cut else ''}"
    if matched_all:
        return f"{_briefs(matched_all)} with all of it, {near} near to it"
    if findings.match is Match.NEAR:
        return f"{near} brief{'' if total == 1 else 's'} with a spelling near to it"
    have = "brief has some" if total == 1 else "briefs have some"
    return f"No brief has all of it; {near} {have}"


def _briefs(number: int) -> str:
    return f"{thousands(number)} brief{'' if number == 1 else 's'}"


def _findings_as_json(asked: Asked, findings: finding.Findings) -> dict[str, object]:
    facets = findings.facets or Facets()
    return {
        "query": asked.query,
        "understood": [{"text": p.text, "without": p.without} for p in findings.understood],
        "sort": asked.sort.value,
        "match": findings.match.value,
        "total": findings.total,
        "total_in_words": _total_in_words(findings),
        "page": page_asked_for(),
        "is_complete": findings.is_complete,
        "is_begun": findings.is_begun,
        "suggestion": findings.suggestion,
        "topics": [{"slug": topic.slug, "name": topic.name} for topic in findings.topics],
        "relaxed": [{"part": r.part, "query": r.query, "count": r.count} for r in findings.relaxed],
        "facets": {
            kind: [{"key": v.key, "name": v.name, "count": v.count} for v in getattr(facets, kind)]
            for kind in FACET_TITLES
        },
        "results": [_as_json(result) for result in findings.results],
    }


def _as_json(result: finding.Result) -> dict[str, object]:
    article = result.article
    path = path_of("reading.show_article", article.slug)
    passage = result.passages[0]
    behind = passage.anchor + result.fragment
    return {
        "id": article.id,
        "url": absolute(path),
        "link": absolute(f"{path}#{behind}" if behind else path),
        "title": article.title,
        "title_html": str(result.title_html),
        "summary": article.summary,
        "snippet_html": str(passage.html),
        "section": {
            "label": passage.label,
            "anchor": passage.anchor,
            "url": absolute(f"{path}#{passage.anchor}" if passage.anchor else path),
        },
        "authors": [{"name": a.name, "slug": a.slug} for a in article.authors],
        "topics": [{"name": t.name, "slug": t.slug} for t in article.topics],
        "source": article.source_domain,
        "published_at": iso(article.published_at),
        "match": result.match.value,
        "score": round(result.score, 4),
    }
