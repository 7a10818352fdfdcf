"""Feeds of the site, its topics, authors and sources, as the programs of readers take them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import feedparser
import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import event, update

from tests.conftest import Clock
from tests.factories import make_article, make_articles
from tests.pages import CheckingClient
from webapp.extensions import db, the_site
from webapp.models import Article
from webapp.services import publishing
from webapp.settings import Settings
from webapp.text.addresses import FEED_KINDS
from webapp.views.feed_formats import FORMATS

SITE = "http://127.0.0.1:8000"
BODY = (
    "Ferries [will run](/topics/harbours#now) & run.\n\n"
    "**The big picture:** The harbour asked[^1] for years.\n\n- Two boats\n- One *crew*\n\n"
    "[A chart](chart.png)\n\nLast words.\n\n[^1]: In writing.\n"
)


def make_full_article(tmp_path: Path, **fields: object) -> None:
    picture = tmp_path / "boat.png"
    Image.new("RGB", (800, 450), "teal").save(picture)
    given: dict[str, object] = {
        "title": "Night ferries & <fast> ones",
        "slug": "night",
        "summary": "They sail.",
        "body": BODY,
        "authors": ["Ada Quay", "Ben Pier"],
        "topics": ["Harbours"],
        "source_url": "https://www.tides.example.org/1?a=1&b=2",
        "source_title": "All night",
        "image": {"path": str(picture), "alt": "A boat"},
    }
    make_article(**{**given, **fields})


def parsed(client: CheckingClient, path: str) -> feedparser.FeedParserDict:
    response = client.get(path)
    assert response.status_code == 200, path
    feed = feedparser.parse(response.data, response_headers={"content-type": response.mimetype})
    assert not feed.bozo, feed.get("bozo_exception")
    return feed


@pytest.mark.parametrize("under", ["", "/topics/harbours", "/authors/ada-quay"])
@pytest.mark.parametrize("kind", ["atom", "rss"])
def test_a_feed_gives_articles_in_full_with_all_that_belongs_to_them(
    client: CheckingClient, tmp_path: Path, under: str, kind: str
) -> None:
    make_full_article(tmp_path)
    feed = parsed(client, f"{under}/feed.{kind}")
    assert feed.version == {"atom": "atom10", "rss": "rss20"}[kind]
    (entry,) = feed.entries
    assert entry.title.replace("&amp;", "&").replace("&lt;", "<") == "Night ferries & <fast> ones"
    assert entry.link == f"{SITE}/articles/night"
    assert entry.id == "tag:127.0.0.1,2026:article/1"
    assert [a.name for a in entry.authors if a.get("name")][:1] == ["Ada Quay"]
    assert "Harbours" in [tag.label or tag.term for tag in entry.tags]
    assert entry.published_parsed[:5] == (2026, 11, 22, 8, 30)
    (enclosure,) = entry.enclosures
    assert (enclosure.type, enclosure.href.startswith(f"{SITE}/images/")) == ("image/webp", True)
    assert int(enclosure.length) == len(client.get(enclosure.href.removeprefix(SITE)).data)
    assert entry.summary == "They sail."
    (content,) = [c.value for c in entry.content]
    for words in (
        "They sail.",
        "The big picture:",
        "One <em>crew</em>",
        "Last words.",
        "All night",
    ):
        assert words in content


@pytest.mark.parametrize("path", ["/feed.atom", "/feed.rss", "/search.atom?q=ferries"])
def test_all_links_of_a_text_are_whole_in_a_feed(
    client: CheckingClient, tmp_path: Path, path: str
) -> None:
    make_full_article(tmp_path)
    (entry,) = parsed(client, path).entries
    addresses = re.findall(r'(?:href|src)="([^"]*)"', entry.content[0].value)
    assert f"{SITE}/topics/harbours#now" in addresses
    assert f"{SITE}/articles/chart.png" in addresses
    assert f"{SITE}/articles/night#fn1" in addresses
    assert all(address.startswith(("http://", "https://")) for address in addresses)


def test_a_json_feed_says_the_same(client: CheckingClient, tmp_path: Path) -> None:
    make_full_article(tmp_path)
    response = client.get("/sources/tides.example.org/feed.json")
    assert response.mimetype == "application/feed+json"
    told = response.json
    assert told["version"] == "https://jsonfeed.org/version/1.1"
    assert told["feed_url"] == f"{SITE}/sources/tides.example.org/feed.json"
    assert told["home_page_url"] == f"{SITE}/sources/tides.example.org"
    (item,) = told["items"]
    assert item["id"] == "tag:127.0.0.1,2026:article/1"
    assert item["url"] == f"{SITE}/articles/night"
    assert item["external_url"] == "https://www.tides.example.org/1?a=1&b=2"
    assert item["authors"][1] == {"name": "Ben Pier", "url": f"{SITE}/authors/ben-pier"}
    assert item["attachments"][0]["url"] == item["image"]
    assert "Last words." in item["content_html"]
    assert item["tags"] == ["Harbours"]


def test_an_entry_stays_the_same_when_its_address_changes(client: CheckingClient) -> None:
    make_article(id="7", slug="first-name", title="Before")
    before = parsed(client, "/feed.atom").entries[0]
    make_article(id="7", slug="second-name", title="After")
    (after,) = parsed(client, "/feed.atom").entries
    assert after.id == before.id
    assert after.link == f"{SITE}/articles/second-name"


def test_a_feed_holds_the_newest_thirty_newest_first(client: CheckingClient) -> None:
    make_articles(34)
    entries = parsed(client, "/feed.rss").entries
    when = [entry.published_parsed for entry in entries]
    assert len(entries) == 30
    assert when == sorted(when, reverse=True)


@pytest.mark.parametrize("kind", FORMATS)
def test_a_feed_takes_as_many_statements_however_many_articles(
    client: CheckingClient, kind: str
) -> None:
    statements: list[str] = []
    counts = []
    event.listen(db.engine, "before_cursor_execute", lambda *a: statements.append(a[2]))
    for _ in range(2):
        make_articles(6, topics=["A", "B"], authors=["C", "D"])
        statements.clear()
        client.get(f"/feed.{kind}")
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 8


def test_strangers_and_drafts_have_no_feed(client: CheckingClient) -> None:
    make_article(topics=["Secret plans"], draft=True)
    for path in (
        "/topics/secret-plans/feed.atom",
        "/topics/none/feed.rss",
        "/authors/none/feed.json",
        "/sources/none.example.org/feed.atom",
        "/feed.xml",
        "/feed.",
        "/topics/secret-plans/feed.php",
    ):
        assert client.get(path).status_code == 404, path
    assert parsed(client, "/feed.atom").entries == []


@pytest.mark.parametrize("kind", FORMATS)
def test_a_feed_is_sent_again_only_when_it_has_changed(
    client: CheckingClient, clock: Clock, kind: str
) -> None:
    make_article(slug="a")
    make_article(slug="b")
    clock.forward(minutes=1)
    path = f"/feed.{kind}"
    first = client.get(path)
    assert client.head(path).headers["ETag"] == first.headers["ETag"]
    validators = {
        "If-None-Match": first.headers["ETag"],
        "If-Modified-Since": first.headers["Last-Modified"],
    }
    for name, value in validators.items():
        assert client.get(path, headers={name: value}).status_code == 304, name
    clock.forward(hours=1)
    publishing.withdraw("b")
    for name, value in validators.items():
        assert client.get(path, headers={name: value}).status_code == 200, name


def test_pages_announce_their_feeds_in_the_head_and_to_the_eye(client: CheckingClient) -> None:
    make_article(topics=["Harbours"], authors=["Ada Quay"], source_url="https://a.example.org/1")
    for page_path, under in (
        ("/", ""),
        ("/topics/harbours", "/topics/harbours"),
        ("/authors/ada-quay", "/authors/ada-quay"),
        ("/sources/a.example.org", "/sources/a.example.org"),
    ):
        page = client.page(page_path)
        offered = {
            link.get("href"): link.get("type")
            for link in page.all("link", rel="alternate")
            if "feed" in link.get("href", "")
        }
        expected = {f"{under}/feed.{kind}": FORMATS[kind].media_type for kind in FORMATS}
        assert offered == expected
        assert set(expected) <= set(page.links())
        for path, media_type in expected.items():
            assert client.get(path).mimetype == media_type
    assert "/feed.atom" in client.page("/newsletter").links("footer")


def test_the_hub_is_named_where_one_is_set(
    settings: Settings, make_app: Callable[[Settings], Flask]
) -> None:
    app = make_app(replace(settings, websub_hub="https://hub.example.org/"))
    client = app.test_client()
    assert isinstance(client, CheckingClient)
    with app.app_context():
        for kind in ("atom", "rss"):
            links = {link.rel: link.href for link in parsed(client, f"/feed.{kind}").feed.links}
            assert links["hub"] == "https://hub.example.org/"
            assert links["self"] == f"{SITE}/feed.{kind}"
        told = client.get("/feed.json")
        assert told.json["hubs"] == [{"type": "WebSub", "url": "https://hub.example.org/"}]
        expected = f'<{SITE}/feed.json>; rel="self", <https://hub.example.org/>; rel="hub"'
        assert told.headers["Link"] == expected


def test_a_feed_has_a_style_for_people_who_open_it(client: CheckingClient) -> None:
    make_article()
    for kind in ("atom", "rss"):
        found = re.search(rb'<\?xml-stylesheet href="([^"]+)"\?>', client.get(f"/feed.{kind}").data)
        assert found
        assert client.get(found[1].decode()).mimetype == "text/css"


@pytest.mark.parametrize(
    ("accept", "is_opened"),
    [
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", True),
        ("application/atom+xml, application/rss+xml, text/html;q=0.5", False),
        ("*/*", False),
        ("", False),
    ],
)
def test_a_browser_is_given_xml_which_it_shows_in_its_style(
    client: CheckingClient, accept: str, is_opened: bool
) -> None:
    for kind in ("atom", "rss"):
        response = client.get(f"/feed.{kind}", headers={"Accept": accept})
        wanted = "application/xml" if is_opened else f"application/{kind}+xml"
        assert response.mimetype == wanted
        assert "Accept" in response.headers["Vary"]


def test_a_text_in_another_language_says_which(client: CheckingClient) -> None:
    make_article(language="ar", title="Right to left")
    (item,) = client.get("/feed.json").json["items"]
    assert item["content_html"].startswith('<div lang="ar" dir="rtl">')


@pytest.mark.parametrize("kind", FORMATS)
def test_odd_texts_make_no_odd_feed(client: CheckingClient, kind: str) -> None:
    make_article(
        title="]]> & \u202e <x>",
        body='<p>a<br>b ]]> <a href="http://[broken">c</a> <img src="x y.png"><hr>&nbsp;é</p>',
        format="html",
        language="ar",
    )
    response = client.get(f"/feed.{kind}")
    assert response.status_code == 200
    if kind != "json":
        (entry,) = parsed(client, f"/feed.{kind}").entries
        assert "]]" in entry.title


def test_every_kind_of_feed_is_pinged_and_offered() -> None:
    assert tuple(FORMATS) == FEED_KINDS


def test_a_followed_search_says_when_the_site_changed_also_by_what_is_old(
    client: CheckingClient, clock: Clock
) -> None:
    make_article(body="An owl.")
    clock.forward(minutes=1)
    path = "/search.atom?q=owl"
    before = client.get(path).headers["Last-Modified"]
    make_article(body="An owl of before.", published_at="2020-01-01T00:00:00Z")
    clock.forward(minutes=1)
    assert client.get(path).headers["Last-Modified"] != before
    assert client.get(path, headers={"If-Modified-Since": before}).status_code == 200


@pytest.mark.parametrize("kind", ["atom", "rss", "json"])
def test_the_words_of_a_picture_make_no_odd_feed(
    client: CheckingClient, tmp_path: Path, kind: str
) -> None:
    Image.new("RGB", (8, 8), "teal").save(tmp_path / "boat.png")
    picture = {"path": str(tmp_path / "boat.png"), "alt": "A \u0001 boat \ufffe"}
    article = make_article(image=picture)
    assert article.image_alt == "A boat"
    db.session.execute(update(Article).values(image_alt=picture["alt"]))  # as it was stored before
    db.session.commit()
    the_site().revisions.hurry()
    assert client.get(f"/feed.{kind}").status_code == 200
