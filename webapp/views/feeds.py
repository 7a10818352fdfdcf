"""Feeds: what is new for a search."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from feedgen.feed import FeedGenerator
from flask import Blueprint, Response, jsonify, render_template, url_for

from index.contract import Match, Sort
from webapp.errors import QueryUnreadable
from webapp.extensions import the_site
from webapp.http.caching import kept, public
from webapp.http.paths import path_of
from webapp.models import ListedArticle
from webapp.presenting import absolute, iso
from webapp.services import finding
from webapp.views.asked import Asked, read_asked

pages = Blueprint("feeds", __name__)
ENTRIES = 30


@pages.get("/search.atom")
@public
def follow_by_atom() -> Response:
    """Give the newest articles for a search as an Atom feed (RFC 4287)."""
    asked, articles = _found()
    feed = FeedGenerator()
    address = absolute(asked.url(path_of("feeds.follow_by_atom")))
    feed.id(address)
    feed.title(_title(asked))
    feed.link(href=address, rel="self", type="application/atom+xml")
    feed.link(href=absolute(asked.url()), rel="alternate")
    feed.language(the_site().settings.language)
    feed.updated(_updated_at(articles))
    for article in articles:
        _add_entry(feed, article)
    response = Response(feed.atom_str(), mimetype="application/atom+xml")
    response.last_modified = _updated_at(articles)
    return response


@pages.get("/search/feed.json")
@public
def follow_by_json() -> Response:
    """Give the newest articles for a search as a JSON Feed (version 1.1)."""
    asked, articles = _found()
    response = jsonify(
        version="https://jsonfeed.org/version/1.1",
        title=_title(asked),
        home_page_url=absolute(asked.url()),
        feed_url=absolute(asked.url(path_of("feeds.follow_by_json"))),
        language=the_site().settings.language,
        items=[_item(article) for article in articles],
    )
    response.mimetype = "application/feed+json"
    response.last_modified = _updated_at(articles)
    return response


@pages.get("/opensearch.xml")
@kept()
def describe_search() -> Response:
    """Tell browsers how to search this site (OpenSearch 1.1)."""
    return Response(
        render_template("feeds/opensearch.xml"), mimetype="application/opensearchdescription+xml"
    )


def _found() -> tuple[Asked, list[ListedArticle]]:
    """Read what is asked, without what no feed may hold, and find the newest that fit it whole."""
    asked = read_asked()
    query = " ".join("".join(c if c.isprintable() else " " for c in asked.query).split())
    if not query:
        raise QueryUnreadable("Say what to follow, as in ?q=chips.")
    findings = finding.find(
        query, sort=Sort.NEWEST, narrow=asked.narrow, size=ENTRIES, with_passages=False
    )
    articles = [r.article for r in findings.results if r.match is Match.ALL]
    # The order is always the same, and so is not said.
    return replace(asked, query=query, sort=Sort.BEST), articles


def _updated_at(articles: list[ListedArticle]) -> datetime:
    return max((article.updated_at for article in articles), default=datetime.fromtimestamp(0, UTC))


def _title(asked: Asked) -> str:
    narrow = asked.narrow
    chosen = filter(None, (narrow.topic, narrow.author, narrow.source, narrow.period))
    return " · ".join([asked.query, *chosen, the_site().settings.site_name])


def _address(article: ListedArticle) -> str:
    return absolute(url_for("reading.show_article", slug=article.slug))


def _add_entry(feed: FeedGenerator, article: ListedArticle) -> None:
    entry = feed.add_entry(order="append")
    entry.id(_address(article))
    entry.title(article.title)
    entry.link(href=_address(article))
    entry.updated(article.updated_at)
    entry.published(article.published_at)
    if article.summary:
        entry.summary(article.summary)
    names = [author.name for author in article.authors] or [the_site().settings.site_name]
    for name in names:
        entry.author(name=name)
    for topic in article.topics:
        entry.category(term=topic.slug, label=topic.name)


def _item(article: ListedArticle) -> dict[str, object]:
    return {
        "id": _address(article),
        "url": _address(article),
        "title": article.title,
        "content_text": article.summary or article.title,
        "date_published": iso(article.published_at),
        "date_modified": iso(article.updated_at),
        "authors": [{"name": author.name} for author in article.authors],
        "tags": [topic.name for topic in article.topics],
        "language": article.language,
    }
