"""What a feed holds, written as Atom, as RSS or as JSON Feed; the same in each."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from feedgen.entry import FeedEntry
from feedgen.ext.base import BaseEntryExtension, BaseExtension
from feedgen.ext.dc import DcEntryExtension, DcExtension
from feedgen.feed import FeedGenerator
from flask import Response, json, request
from lxml import etree

from webapp.extensions import the_site
from webapp.http.assets import static_url
from webapp.http.negotiating import Form, form_wanted
from webapp.http.paths import path_of
from webapp.presenting import absolute, iso
from webapp.services.syndicating import Entry
from webapp.text.elsewhere import as_xhtml

_ATOM_LINK = "{http://www.w3.org/2005/Atom}link"


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed before it is written: `home` is the path of the page that it follows."""

    title: str
    about: str
    home: str
    path: str
    entries: list[Entry]

    @property
    def url(self) -> str:
        """The feed's own address."""
        return absolute(self.path)

    @property
    def updated_at(self) -> datetime:
        """When its newest entry changed; long ago where there is none."""
        epoch = datetime.fromtimestamp(0, UTC)
        return max((entry.updated_at for entry in self.entries), default=epoch)


class Format(NamedTuple):
    """A way to write a feed: its name for people, its media type, and how it is done."""

    name: str
    media_type: str
    write: Callable[[Feed], bytes]


def answer_with(feed: Feed, kind: str) -> Response:
    """Answer with the feed; who hears of changes to it stands in the headers too (WebSub)."""
    written = FORMATS[kind]
    response = Response(written.write(feed), mimetype=written.media_type)
    if kind != "json":
        response.vary.add("Accept")
        if form_wanted(request.headers.get("Accept", "")) is Form.PAGE:
            # Browsers show XML in its style, and a feed that says so as bare text.
            response.mimetype = "application/xml"
    links = [f'<{feed.url}>; rel="self"']
    if the_site().settings.websub_hub:
        links.append(f'<{the_site().settings.websub_hub}>; rel="hub"')
    response.headers["Link"] = ", ".join(links)
    return response


def _as_atom(feed: Feed) -> bytes:
    return _styled(_made(feed, "atom").atom_str(xml_declaration=False))


def _as_rss(feed: Feed) -> bytes:
    return _styled(_made(feed, "rss").rss_str(xml_declaration=False))


def _styled(xml: bytes) -> bytes:
    """Name the style sheet with which browsers show a feed to people."""
    style = static_url("css/feed.css")
    begin = f'<?xml version="1.0" encoding="UTF-8"?>\n<?xml-stylesheet href="{style}"?>\n'
    return begin.encode() + xml


def _made(feed: Feed, kind: str) -> FeedGenerator:
    settings = the_site().settings
    made = FeedGenerator()
    made.register_extension("dc", DcExtension, DcEntryExtension, atom=False)
    made.register_extension("links", _Links, _EntryLinks)
    made.id(feed.url)
    made.title(feed.title)
    made.description(feed.about)
    made.language(settings.language)
    made.updated(feed.updated_at)
    made.icon(absolute(path_of("cards.show_logo")))
    made.link(href=feed.url, rel="self", type=FORMATS[kind].media_type)
    if settings.websub_hub:
        made.link(href=settings.websub_hub, rel="hub")
    made.link(href=absolute(feed.home), rel="alternate", type="text/html")
    for entry in feed.entries:
        _fill(made.add_entry(order="append"), entry, kind)
    return made


def _fill(made: FeedEntry, entry: Entry, kind: str) -> None:
    article = entry.article
    made.id(entry.id)
    made.title(article.title)
    made.published(entry.published_at)
    made.updated(entry.updated_at)
    if article.summary or kind == "rss":
        # RSS would give the whole text in its place.
        made.summary(article.summary or article.title)
    if kind == "atom":
        made.content(as_xhtml(entry.html), type="xhtml")
    else:
        made.content(entry.html, type="CDATA")
    made.link(href=entry.url, rel="alternate")
    if kind == "rss" and entry.picture:
        made.enclosure(entry.picture.url, entry.picture.size, "image/webp")
    made.links.entry = entry
    for name, url in _authors(entry):
        made.author(name=name, uri=url)
        made.dc.dc_creator(name)
    for topic in article.topics:
        made.category(term=topic.slug, label=topic.name)


def _authors(entry: Entry) -> Iterable[tuple[str, str]]:
    """Give names and pages; a text that nobody has signed is the site's."""
    for author in entry.article.authors:
        yield author.name, absolute(path_of("reading.list_by_author", author.slug))
    if not entry.article.authors:
        yield the_site().settings.site_name, absolute(path_of("reading.show_front"))


class _EntryLinks(BaseEntryExtension):  # type: ignore[misc]
    """The links of an Atom entry besides its page's, of which feedgen 1.0 drops what they are."""

    entry: Entry

    def extend_atom(self, made: etree._Element) -> etree._Element:
        """Name the picture, and the story that the article was made from."""
        picture, source = self.entry.picture, self.entry.article.source_url
        if picture:
            size = str(picture.size)
            kind = {"rel": "enclosure", "type": "image/webp", "length": size}
            etree.SubElement(made, "link", {**kind, "href": picture.url})
        if source:
            etree.SubElement(made, "link", {"rel": "via", "href": source})
        return made


class _Links(BaseExtension):  # type: ignore[misc]
    def extend_rss(self, feed: etree._Element) -> etree._Element:
        """Name the hub in RSS too, where feedgen names the feed's own address alone."""
        hub = the_site().settings.websub_hub
        channel = feed[0]
        if hub:
            etree.SubElement(channel, _ATOM_LINK, href=hub, rel="hub")
        return feed


def _as_json(feed: Feed) -> bytes:
    hub = the_site().settings.websub_hub
    told: dict[str, object] = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": feed.title,
        "description": feed.about,
        "home_page_url": absolute(feed.home),
        "feed_url": feed.url,
        "icon": absolute(path_of("cards.show_logo")),
        "language": the_site().settings.language,
        "items": [_item(entry) for entry in feed.entries],
    }
    if hub:
        told["hubs"] = [{"type": "WebSub", "url": hub}]
    return json.dumps(told, separators=(",", ":")).encode() + b"\n"


def _item(entry: Entry) -> dict[str, object]:
    article = entry.article
    item: dict[str, object] = {
        "id": entry.id,
        "url": entry.url,
        "title": article.title,
        "content_html": entry.html,
        "date_published": iso(entry.published_at),
        "date_modified": iso(entry.updated_at),
        "authors": [{"name": name, "url": url} for name, url in _authors(entry)],
        "tags": [topic.name for topic in article.topics],
        "language": article.language,
    }
    if article.summary:
        item["summary"] = article.summary
    if article.source_url:
        item["external_url"] = article.source_url
    if entry.picture:
        item["image"] = entry.picture.url
        item["attachments"] = [
            {
                "url": entry.picture.url,
                "mime_type": "image/webp",
                "size_in_bytes": entry.picture.size,
            }
        ]
    return item


FORMATS = {
    "atom": Format("Atom", "application/atom+xml", _as_atom),
    "rss": Format("RSS", "application/rss+xml", _as_rss),
    "json": Format("JSON Feed", "application/feed+json", _as_json),
}
