"""Feeds that follow a search, and how browsers learn to search here."""

from __future__ import annotations

import json

import pytest
from lxml import etree

from tests.factories import make_article, make_articles
from tests.pages import CheckingClient

ATOM = "{http://www.w3.org/2005/Atom}"


def atom(client: CheckingClient, query: str) -> etree._Element:
    response = client.get("/search.atom", query_string={"q": query})
    assert (response.status_code, response.mimetype) == (200, "application/atom+xml")
    return etree.fromstring(response.data)


def test_a_search_can_be_followed_newest_first(client: CheckingClient) -> None:
    make_article(title="Old", body="ferries ferries", published_at="2024-01-01T00:00:00Z")
    make_article(
        title="New & <fresh>",
        summary="They sail.",
        body="ferries",
        authors=["Ada Quay"],
        topics=["Harbours"],
        slug="new",
    )
    make_articles(2)
    feed = atom(client, "ferries")
    titles = [entry.findtext(f"{ATOM}title") for entry in feed.iter(f"{ATOM}entry")]
    assert titles == ["New & <fresh>", "Old"]
    first = feed.find(f"{ATOM}entry")
    (link,) = first.findall(f"{ATOM}link")
    assert link.get("href") == "http://127.0.0.1:8000/articles/new"
    assert first.findtext(f"{ATOM}summary") == "They sail."
    assert first.findtext(f"{ATOM}author/{ATOM}name") == "Ada Quay"
    assert first.find(f"{ATOM}category").get("term") == "harbours"
    links = {link.get("rel"): link.get("href") for link in feed.findall(f"{ATOM}link")}
    assert links["self"] == "http://127.0.0.1:8000/search.atom?q=ferries"
    items = client.get("/search/feed.json?q=ferries").json["items"]
    assert [item["title"] for item in items] == titles
    assert items[0]["url"] == "http://127.0.0.1:8000/articles/new"


def test_a_feed_holds_only_what_fits_the_whole_search(client: CheckingClient) -> None:
    make_article(title="Whole", body="Night ferries sail.")
    make_article(title="Half", body="Ferries sail by day.")
    titles = [i["title"] for i in client.get("/search/feed.json?q=night+ferries").json["items"]]
    assert titles == ["Whole"]


def test_a_search_that_finds_nothing_yet_can_be_followed_too(client: CheckingClient) -> None:
    make_article()
    assert not list(atom(client, "zyzzyva").iter(f"{ATOM}entry"))
    assert client.get("/search/feed.json?q=zyzzyva").json["items"] == []


@pytest.mark.parametrize("query", ["", "?q=", "?q=%20", "?q=%00%01"])
def test_nothing_to_follow_is_refused(client: CheckingClient, query: str) -> None:
    make_article()
    assert client.get(f"/search.atom{query}").status_code == 400
    response = client.get(f"/search/feed.json{query}")
    assert (response.status_code, bool(response.json["error"]["reason"])) == (400, True)


@pytest.mark.parametrize("query", ["\0a\x1bb", "\ufffe a", "<x>&", "\u202e a", "a" * 5000])
def test_odd_words_make_no_odd_feed(client: CheckingClient, query: str) -> None:
    make_article()
    assert atom(client, query).tag == f"{ATOM}feed"


def test_the_results_page_offers_the_feeds(client: CheckingClient) -> None:
    make_article(body="ferries")
    page = client.page("/search?q=ferries")
    offered = {link.get("href") for link in page.all("link", rel="alternate")}
    assert offered == {"/search.atom?q=ferries", "/search/feed.json?q=ferries"}
    assert offered <= set(page.links())


def test_a_narrowed_search_is_followed_as_narrowed(client: CheckingClient) -> None:
    make_article(title="Bread", body="ferries")
    fields: dict[str, object] = {"topics": ["Harbours"], "authors": ["Ada Quay"], "body": "ferries"}
    make_article(title="Wanted", source_url="https://ft.com/2", **fields)
    fields["published_at"] = "2025-01-01T00:00:00Z"
    make_article(title="Old", source_url="https://ft.com/1", **fields)
    narrowed = "q=ferries&topic=harbours&author=ada-quay&source=ft.com&period=2026-11"
    page = client.page(f"/search?{narrowed}&sort=newest")
    offered = {link.get("href") for link in page.all("link", rel="alternate")}
    assert offered == {f"/search.atom?{narrowed}", f"/search/feed.json?{narrowed}"}
    assert offered <= set(page.links())
    told = client.get(f"/search/feed.json?{narrowed}").json
    assert [item["title"] for item in told["items"]] == ["Wanted"]
    assert told["title"] == "ferries · harbours · ada-quay · ft.com · 2026-11 · Broadsheet"
    assert told["feed_url"].endswith(f"/search/feed.json?{narrowed}")
    assert told["home_page_url"].endswith(f"/search?{narrowed}")
    feed = etree.fromstring(client.get(f"/search.atom?{narrowed}").data)
    assert [e.findtext(f"{ATOM}title") for e in feed.iter(f"{ATOM}entry")] == ["Wanted"]
    assert feed.findtext(f"{ATOM}id").endswith(f"/search.atom?{narrowed}")
    assert client.get("/search.atom?q=ferries&period=soon").status_code == 400


def test_a_feed_is_made_again_only_when_it_has_changed(client: CheckingClient) -> None:
    make_article(body="ferries")
    etag = client.get("/search.atom?q=ferries").headers["ETag"]
    again = client.get("/search.atom?q=ferries", headers={"If-None-Match": etag})
    assert again.status_code == 304


def test_browsers_can_add_the_sites_search(client: CheckingClient) -> None:
    page = client.page("/")
    (link,) = page.all("link", rel="search")
    response = client.get(link.get("href"))
    assert response.mimetype == "application/opensearchdescription+xml"
    described = etree.fromstring(response.data)
    urls = {url.get("type"): url.get("template") for url in described.findall("{*}Url")}
    assert urls["text/html"] == "http://127.0.0.1:8000/search?q={searchTerms}"
    assert len(described.findtext("{*}ShortName")) <= 16


def test_the_feeds_are_json_feeds(client: CheckingClient) -> None:
    make_article(body="ferries")
    response = client.get("/search/feed.json?q=ferries")
    assert response.mimetype == "application/feed+json"
    assert json.loads(response.data)["version"] == "https://jsonfeed.org/version/1.1"
