"""The results page, and the same as JSON."""

from __future__ import annotations

import time

from flask import Blueprint, Response, jsonify, render_template, request, url_for
from flask.typing import ResponseReturnValue

from index.contract import Sort
from webapp.errors import QueryUnreadable
from webapp.extensions import the_site
from webapp.http.caching import public
from webapp.http.paging import number_asked_for, page_asked_for, pages_of
from webapp.presenting import absolute, iso
from webapp.services import finding

pages = Blueprint("search", __name__)
RESULTS_DEEP = 10_000


@pages.get("/search")
@public
def show_results() -> ResponseReturnValue:
    """Show what was found, best or newest first; without a question, how to ask one."""
    query, sort, size = _query(), _sort(), the_site().settings.page_size
    findings = finding.find(query, sort, _page(size), size)
    return render_template(
        "search/results.html",
        query=query,
        sort=sort.value,
        results=findings.results,
        total=findings.total,
        pages=pages_of(findings.total, size),
    )


@pages.get("/search.json")
@public
def show_results_as_json() -> Response:
    """Give the same as data; `limit` (1 to 100), `page` and `sort` may be said."""
    began = time.perf_counter()
    query, sort = _query(), _sort()
    limit = number_asked_for("limit", 10, 1, 100)
    findings = finding.find(query, sort, _page(limit), limit)
    return jsonify(
        query=query,
        sort=sort.value,
        total=findings.total,
        page=page_asked_for(),
        took_ms=round((time.perf_counter() - began) * 1000, 1),
        results=[_as_json(result) for result in findings.results],
    )


def _query() -> str:
    # Lone surrogates fit into no page.
    return request.args.get("q", "").encode("utf-8", "replace").decode()


def _sort() -> Sort:
    try:
        return Sort(request.args.get("sort", Sort.BEST))
    except ValueError:
        raise QueryUnreadable("“sort” has to be best or newest.") from None


def _page(size: int) -> int:
    page = page_asked_for()
    if page * size > RESULTS_DEEP and page > 1:
        raise QueryUnreadable(f"Only the first {RESULTS_DEEP:,} results can be paged through.")
    return page


def _as_json(result: finding.Result) -> dict[str, object]:
    article = result.article
    path = url_for("reading.show_article", slug=article.slug)
    passage = result.passages[0]
    return {
        "id": article.id,
        "url": absolute(path),
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
        "published_at": iso(article.published_at) if article.published_at else None,
        "score": round(result.score, 4),
    }
