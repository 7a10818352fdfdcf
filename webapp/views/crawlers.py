"""What programs that look for pages ask: sitemaps, robots.txt, llms.txt, whom to write to."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time, timedelta

from flask import Blueprint, Response, abort, render_template

from webapp.extensions import the_site
from webapp.http.caching import kept, public
from webapp.http.paths import path_of
from webapp.presenting import absolute, today
from webapp.services import listing, reading, syndicating
from webapp.services.syndicating import SitemapRow

pages = Blueprint("crawlers", __name__)
NEWEST_FOR_MODELS = 50
SECURITY_DAYS = 180  # RFC 9116 advises less than a year
Place = tuple[str, datetime | None]


@pages.get("/sitemap.xml")
@kept()
def show_sitemaps() -> Response:
    """List the files of the sitemap, each with when it changed last (sitemaps.org 0.9)."""
    files = syndicating.sitemap_files()
    places: list[Place] = [
        (path_of("crawlers.show_sitemap", str(file.number)), file.changed_at) for file in files
    ]
    last = max((file.changed_at for file in files), default=None)
    places.append((path_of("crawlers.show_sitemap_of_listings"), last))
    return _xml("feeds/sitemap-index.xml", places)


@pages.get("/sitemap-<number>.xml")
@kept()
def show_sitemap(number: str) -> Response:
    """List articles, ten thousand ids a file."""
    if not number.isascii() or not number.isdigit() or len(number) > 9 or number[0] == "0":
        abort(404)
    places = _places("reading.show_article", syndicating.sitemap_rows(int(number)))
    if not places:
        abort(404)
    return _xml("feeds/sitemap.xml", places)


@pages.get("/sitemap-listings.xml")
@kept()
def show_sitemap_of_listings() -> Response:
    """List the front page, the letters, the topics, the authors and the sources."""
    places: list[Place] = [
        (path_of(f"reading.{name}"), None)
        for name in ("show_front", "list_topics", "list_authors", "list_sources", "show_archive")
    ]
    places.append((path_of("letters.list_letters"), None))
    places += _places("letters.show_letter", syndicating.letter_rows())
    places += _places("reading.list_by_topic", syndicating.topic_rows())
    places += _places("reading.list_by_author", syndicating.author_rows())
    places += _places("reading.list_by_source", syndicating.source_rows())
    return _xml("feeds/sitemap.xml", places[: syndicating.LISTING_ROWS])


@pages.get("/sitemap-news.xml")
@public
def show_sitemap_of_news() -> Response:
    """List what was published in the last two days, as Google News reads it (0.9)."""
    rows = [(row, news_language(row.language)) for row in syndicating.news_rows()]
    return _xml("feeds/sitemap-news.xml", rows)


def news_language(tag: str) -> str:
    """Give the language as news sitemaps name it: two or three letters, Chinese by its script."""
    primary, _, rest = tag.lower().partition("-")
    if primary != "zh":
        return primary
    return "zh-tw" if rest.startswith(("tw", "hk", "mo", "hant")) else "zh-cn"


def _places(endpoint: str, rows: Iterable[SitemapRow]) -> list[Place]:
    return [(path_of(endpoint, row.slug), row.changed_at) for row in rows]


def _xml(template: str, rows: object) -> Response:
    return Response(render_template(template, rows=rows), mimetype="application/xml")


@pages.get("/robots.txt")
@kept()
def show_robots() -> Response:
    """Say what is not worth crawling, and where the sitemaps are (RFC 9309)."""
    return _text(render_template("feeds/robots.txt"))


@pages.get("/llms.txt")
@kept()
def show_llms() -> Response:
    """Tell language models what is here and where it stands as Markdown (llmstxt.org)."""
    visible = reading.visible()
    return _text(
        render_template(
            "feeds/llms.txt",
            articles=listing.listing_of(visible).newest_first(NEWEST_FOR_MODELS),
            topics=listing.counts(visible, "topic"),
        )
    )


@pages.get("/.well-known/security.txt")
@kept()
def show_security() -> Response:
    """Say whom to tell of a weakness (RFC 9116), where the operator has said it."""
    settings = the_site().settings
    if not settings.security_contact:
        abort(404)
    expires = datetime.combine(today() + timedelta(days=SECURITY_DAYS), time(), settings.time_zone)
    lines = [f"Contact: {contact}" for contact in settings.security_contact]
    lines.append(f"Expires: {expires.isoformat(timespec='seconds')}")
    lines.append(f"Preferred-Languages: {settings.language}")
    lines.append(f"Canonical: {absolute(path_of('crawlers.show_security'))}")
    return _text("\n".join(lines) + "\n")


@pages.get("/indexnow.txt")
@kept()
def show_key() -> Response:
    """Prove that it is this site which tells search engines what is new (IndexNow)."""
    key = the_site().settings.indexnow_key
    if not key:
        abort(404)
    return _text(key)


def _text(content: str) -> Response:
    return Response(content, mimetype="text/plain")
