"""Feeds: what is new on the site, on a topic, by an author, from a source, for a search."""

from __future__ import annotations

from dataclasses import dataclass, replace

from flask import Blueprint, Response, abort, render_template

from index.contract import Match, Sort
from webapp.errors import ListingNotFound, QueryUnreadable
from webapp.extensions import the_site
from webapp.http.caching import kept, public
from webapp.http.paths import path_of
from webapp.services import finding, reading, syndicating
from webapp.text.markup import printable_line
from webapp.views.asked import Asked, read_asked
from webapp.views.feed_formats import FORMATS, Feed, answer_with

pages = Blueprint("feeds", __name__)


@dataclass(frozen=True, slots=True)
class FeedLink:
    """A feed as a page offers it: a name for people, a title, a media type, a path."""

    name: str
    title: str
    media_type: str
    path: str


def links_to(endpoint: str, *names: str, title: str = "") -> list[FeedLink]:
    """Give the links to a feed in each of its formats; `title` says what it follows."""
    title = " · ".join(filter(None, (title, the_site().settings.site_name)))
    return [
        FeedLink(written.name, title, written.media_type, path_of(endpoint, *names, kind))
        for kind, written in FORMATS.items()
    ]


@pages.get("/feed.<kind>")
@kept()
def follow_site(kind: str) -> Response:
    """Give the newest articles as Atom (RFC 4287), RSS 2.0 or JSON Feed 1.1, in full."""
    settings = the_site().settings
    feed = Feed(
        title=settings.site_name,
        about=settings.tagline or settings.site_name,
        home=path_of("reading.show_front"),
        path=path_of("feeds.follow_site", _known(kind)),
        entries=syndicating.newest(reading.visible()),
    )
    return answer_with(feed, kind)


@pages.get("/topics/<slug>/feed.<kind>")
@kept()
def follow_topic(slug: str, kind: str) -> Response:
    """Give the newest articles on a topic."""
    topic = reading.topic_at(slug)
    entries = syndicating.newest(reading.visible().on_topic(topic))
    return _followed("topic", slug, kind, topic.name, entries)


@pages.get("/authors/<slug>/feed.<kind>")
@kept()
def follow_author(slug: str, kind: str) -> Response:
    """Give the newest articles by an author."""
    author = reading.author_at(slug)
    entries = syndicating.newest(reading.visible().by_author(author))
    return _followed("author", slug, kind, author.name, entries)


@pages.get("/sources/<domain>/feed.<kind>")
@kept()
def follow_source(domain: str, kind: str) -> Response:
    """Give the newest articles made from the stories of a source."""
    entries = syndicating.newest(reading.visible().from_source(domain))
    return _followed("source", domain, kind, domain, entries)


def _followed(
    noun: str, slug: str, kind: str, name: str, entries: list[syndicating.Entry]
) -> Response:
    if not entries:
        # A name that only a draft bears is nobody's business yet.
        raise ListingNotFound("There is nothing to follow here.")
    settings = the_site().settings
    feed = Feed(
        title=f"{name} · {settings.site_name}",
        about=f"{noun.capitalize()}: {name}. {settings.tagline}",
        home=path_of(f"reading.list_by_{noun}", slug),
        path=path_of(f"feeds.follow_{noun}", slug, _known(kind)),
        entries=entries,
    )
    return answer_with(feed, kind)


def _known(kind: str) -> str:
    if kind not in FORMATS:
        abort(404)
    return kind


def _dated(response: Response) -> Response:
    # Of the whole site: what was withdrawn has left a feed, whose own entries are older then.
    revision = the_site().revisions()
    if revision is not None and revision.last_modified:
        response.headers["Last-Modified"] = revision.last_modified
    return response


@pages.get("/search.atom")
@public
def follow_by_atom() -> Response:
    """Give the newest articles for a search as an Atom feed (RFC 4287)."""
    return _dated(answer_with(_searched("feeds.follow_by_atom"), "atom"))


@pages.get("/search/feed.json")
@public
def follow_by_json() -> Response:
    """Give the newest articles for a search as a JSON Feed (version 1.1)."""
    return _dated(answer_with(_searched("feeds.follow_by_json"), "json"))


@pages.get("/opensearch.xml")
@kept()
def describe_search() -> Response:
    """Tell browsers how to search this site (OpenSearch 1.1)."""
    return Response(
        render_template("feeds/opensearch.xml"), mimetype="application/opensearchdescription+xml"
    )


def _searched(endpoint: str) -> Feed:
    """Read what is asked, without what no feed may hold, and find the newest that fit it whole."""
    asked = read_asked()
    query = printable_line(asked.query)
    if not query:
        raise QueryUnreadable("Say what to follow, as in ?q=chips.")
    findings = finding.find(
        query,
        sort=Sort.NEWEST,
        narrow=asked.narrow,
        size=syndicating.ENTRIES,
        with_passages=False,
    )
    # The order is always the same, and so is not said.
    asked = replace(asked, query=query, sort=Sort.BEST)
    title = _title(asked)
    return Feed(
        title=title,
        about=f"What is new for this search: {title}",
        home=asked.url(),
        path=asked.url(path_of(endpoint)),
        entries=syndicating.entries_of(
            [r.article.id for r in findings.results if r.match is Match.ALL]
        ),
    )


def _title(asked: Asked) -> str:
    narrow = asked.narrow
    chosen = filter(None, (narrow.topic, narrow.author, narrow.source, narrow.period))
    return " · ".join([asked.query, *chosen, the_site().settings.site_name])
