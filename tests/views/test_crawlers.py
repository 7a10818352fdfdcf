"""What programs that look for pages are told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from flask import Flask
from lxml import etree
from sqlalchemy import event

from tests.conftest import NOON, Clock
from tests.factories import make_article, make_articles
from tests.pages import CheckingClient
from webapp.extensions import db
from webapp.services import publishing, syndicating
from webapp.settings import Settings
from webapp.views.crawlers import news_language

SITE = "http://127.0.0.1:8000"


def locations(client: CheckingClient, path: str) -> list[str]:
    response = client.get(path)
    assert (response.status_code, response.mimetype) == (200, "application/xml"), path
    return [loc.text or "" for loc in etree.fromstring(response.data).iter("{*}loc")]


def test_the_sitemap_leads_to_every_page_that_readers_see(client: CheckingClient) -> None:
    make_article(slug="a", topics=["Harbours"], authors=["Ada"], source_url="https://t.example/1")
    make_article(slug="hidden", draft=True, topics=["Secret"])
    make_article(slug="later", published_at="2027-01-01T00:00:00Z")
    make_article(slug="gone")
    publishing.withdraw("gone")
    found = {
        page.removeprefix(SITE)
        for file in locations(client, "/sitemap.xml")
        for page in locations(client, file.removeprefix(SITE))
    }
    assert found == {
        *("/", "/letters/", "/topics/", "/authors/", "/sources/", "/archive/"),
        *("/articles/a", "/topics/harbours", "/authors/ada", "/sources/t.example"),
    }
    for page in found:
        (canonical,) = client.page(page).all("link", rel="canonical")
        assert canonical.get("href") == SITE + page


def test_the_sitemap_is_cut_into_files_that_an_article_never_leaves(
    client: CheckingClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_articles(7)
    monkeypatch.setattr(syndicating, "SITEMAP_ROWS", 3)
    files = locations(client, "/sitemap.xml")
    assert files[:3] == [f"{SITE}/sitemap-{n}.xml" for n in (1, 2, 3)]
    sizes = [len(locations(client, file.removeprefix(SITE))) for file in files[:3]]
    assert sizes == [3, 3, 1]
    for number in ("0", "4", "01", "-1", "x", "9" * 30, "²"):
        assert client.get(f"/sitemap-{number}.xml").status_code == 404


def test_the_sitemap_says_when_a_page_changed(client: CheckingClient, clock: Clock) -> None:
    make_article(slug="a", id="1", published_at="2026-11-01T06:00:00Z")
    clock.forward(hours=1)
    make_article(slug="a", id="1", body="Another text.", published_at="2026-11-01T06:00:00Z")
    for path in ("/sitemap.xml", "/sitemap-1.xml"):
        tree = etree.fromstring(client.get(path).data)
        first = next(tree.iter("{*}lastmod")).text or ""
        assert datetime.fromisoformat(first) == NOON + timedelta(hours=1)


def test_sitemaps_take_as_many_statements_however_many_articles(client: CheckingClient) -> None:
    statements: list[str] = []
    counts = []

    def hear(*told: object) -> None:
        # What revision it is a process asks now and then, whatever it makes.
        if "site_revision.changed_at" not in str(told[2]):
            statements.append(str(told[2]))

    event.listen(db.engine, "before_cursor_execute", hear)
    paths = ("/sitemap.xml", "/sitemap-1.xml", "/sitemap-listings.xml", "/sitemap-news.xml")
    for _ in range(2):
        make_articles(5, topics=["A", "B"], authors=["C"], source_url="https://t.example/1")
        statements.clear()
        for path in paths:
            client.get(path)
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 8


def test_the_news_sitemap_holds_two_days_newest_first(client: CheckingClient) -> None:
    make_article(slug="old", published_at="2026-11-21T11:59:00Z")
    make_article(slug="edge", published_at="2026-11-21T12:01:00Z", language="pt-BR")
    make_article(slug="new", title="Fresh & <new>", published_at="2026-11-23T11:00:00Z")
    tree = etree.fromstring(client.get("/sitemap-news.xml").data)
    assert locations(client, "/sitemap-news.xml") == [
        f"{SITE}/articles/new",
        f"{SITE}/articles/edge",
    ]
    assert next(tree.iter("{*}title")).text == "Fresh & <new>"
    assert [e.text for e in tree.iter("{*}language")] == ["en", "pt"]
    assert next(tree.iter("{*}name")).text == "Broadsheet"
    assert next(tree.iter("{*}publication_date")).text == "2026-11-23T11:00:00+00:00"


def test_on_quiet_days_the_news_sitemap_is_still_a_sitemap(client: CheckingClient) -> None:
    assert locations(client, "/sitemap-news.xml") == [f"{SITE}/"]


def test_the_news_sitemap_holds_a_thousand_at_most(
    client: CheckingClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_articles(4)
    monkeypatch.setattr(syndicating, "NEWS_ROWS", 3)
    assert len(locations(client, "/sitemap-news.xml")) == 3


@pytest.mark.parametrize(
    ("tag", "named"),
    [("en-GB", "en"), ("fil", "fil"), ("zh", "zh-cn"), ("zh-Hant", "zh-tw"), ("zh-TW", "zh-tw")],
)
def test_languages_are_named_as_news_sitemaps_name_them(tag: str, named: str) -> None:
    assert news_language(tag) == named


def test_robots_are_told_to_leave_searches_and_where_the_sitemaps_are(
    client: CheckingClient,
) -> None:
    lines = client.get("/robots.txt").text.splitlines()
    assert {"Disallow: /search?", "Disallow: /search."} <= {*lines}
    assert f"Sitemap: {SITE}/sitemap.xml" in lines
    assert f"Sitemap: {SITE}/sitemap-news.xml" in lines
    assert "Disallow: /" not in lines


def test_models_are_led_to_every_new_article_as_markdown(client: CheckingClient) -> None:
    make_article(slug="a", title="Odd [title] *here*", summary="What it says.", topics=["Harbours"])
    text = client.get("/llms.txt").text
    assert text.startswith("# Broadsheet\n\n> ")
    assert rf"- [Odd \[title\] \*here\*]({SITE}/articles/a.md): What it says." in text
    assert f"- [Harbours]({SITE}/topics/harbours)" in text
    assert "\n\n\n" not in text


def test_nobody_is_named_for_weaknesses_and_no_key_shown_unless_set(client: CheckingClient) -> None:
    assert client.get("/.well-known/security.txt").status_code == 404
    assert client.get("/indexnow.txt").status_code == 404
    assert client.get("/humans.txt").status_code == 404


def test_whom_to_tell_of_a_weakness_is_what_the_operator_says(
    settings: Settings, make_app: Callable[[Settings], Flask]
) -> None:
    contacts = ("mailto:security@example.org", "https://example.org/weakness")
    app = make_app(replace(settings, security_contact=contacts, indexnow_key="5f1e-Ab09"))
    response = app.test_client().get("/.well-known/security.txt")
    assert response.content_type == "text/plain; charset=utf-8"
    lines = dict(line.split(": ", 1) for line in response.text.splitlines()[1:])
    assert response.text.startswith("Contact: mailto:security@example.org\nContact: https://")
    assert NOON < datetime.fromisoformat(lines["Expires"]) < NOON + timedelta(days=365)
    assert lines["Canonical"] == f"{SITE}/.well-known/security.txt"
    assert app.test_client().get("/indexnow.txt").text == "5f1e-Ab09"


@pytest.mark.parametrize(
    "path",
    [
        *("/sitemap.xml", "/sitemap-1.xml", "/sitemap-listings.xml", "/sitemap-news.xml"),
        *("/robots.txt", "/llms.txt", "/logo.png", "/articles/a.md"),
    ],
)
def test_each_answers_head_and_says_when_nothing_has_changed(
    client: CheckingClient, path: str
) -> None:
    make_article(slug="a")
    get, head = client.get(path), client.head(path)
    assert (head.status_code, head.data) == (200, b"")
    assert head.headers["Content-Length"] == str(len(get.data))
    etag = {"If-None-Match": get.headers["ETag"]}
    assert client.get(path, headers=etag).status_code == 304
