"""One address for each page."""

from __future__ import annotations

import pytest

from tests.factories import make_article
from tests.pages import CheckingClient
from webapp.services import publishing


@pytest.fixture(autouse=True)
def _articles(client: CheckingClient) -> None:
    fields: dict[str, object] = {"topics": ["Harbours"], "authors": ["Ada Quay"]}
    make_article(id="1", slug="old-name", source_url="https://t.example/1", **fields)
    make_article(id="1", slug="ferries", source_url="https://t.example/1", **fields)
    make_article(slug="gone")
    publishing.withdraw("gone")


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ("/articles/ferries/", "/articles/ferries"),
        ("/articles/Ferries", "/articles/ferries"),
        ("/Articles/FERRIES/", "/articles/ferries"),
        ("/articles/ferries/index.html", "/articles/ferries"),
        ("/articles/old-name", "/articles/ferries"),
        ("/articles/Old-Name/", "/articles/ferries"),
        ("/articles/old-name.md", "/articles/ferries.md"),
        ("/articles/FERRIES.md", "/articles/ferries.md"),
        ("/topics/Harbours", "/topics/harbours"),
        ("/topics/harbours/", "/topics/harbours"),
        ("/topics/harbours/feed.atom/", "/topics/harbours/feed.atom"),
        ("/topics/HARBOURS/feed.RSS", "/topics/harbours/feed.rss"),
        ("/authors/ada-quay/", "/authors/ada-quay"),
        ("/sources/T.Example", "/sources/t.example"),
        ("/topics", "/topics/"),
        ("/Topics", "/topics/"),
        ("/topics/index.html", "/topics/"),
        ("/index.html", "/"),
        ("/index.php", "/"),
        ("/default.htm", "/"),
        ("/archive/2026/11/22/", "/archive/2026/11/22"),
        ("/archive/2026/", "/archive/2026"),
        ("/Archive", "/archive/"),
        ("/feed.atom/", "/feed.atom"),
        ("/Feed.ATOM", "/feed.atom"),
        ("/ROBOTS.txt", "/robots.txt"),
        ("/newsletter/", "/newsletter"),
        ("/search/?q=Night+Ferries&sort=newest", "/search?q=Night+Ferries&sort=newest"),
    ],
)
def test_what_is_written_in_its_place_leads_to_the_one_address(
    client: CheckingClient, written: str, wanted: str
) -> None:
    for method in (client.get, client.head):
        response = method(written)
        assert response.status_code in (301, 308), written
        assert response.location == wanted
    assert client.get(wanted).status_code == 200


@pytest.mark.parametrize(
    ("written", "wanted"),
    [("/archive/2026/1", "/archive/2026/01"), ("/archive/2026/1/5/", "/archive/2026/01/05")],
)
def test_dates_have_two_figures(client: CheckingClient, written: str, wanted: str) -> None:
    make_article(published_at="2026-01-05T08:00:00Z")
    assert client.get(written).location == wanted


@pytest.mark.parametrize(
    "path",
    [
        *(
            "/articles/NONE",
            "/articles/none/",
            "/articles/none/index.html",
            "/nothing/",
            "/Nothing",
        ),
        *("/archive/2026/2", "/archive/2026/13/", "/topics/none/", "/static/x/Site.css"),
        *("/articles/ferries/index.html/x", "/articles/ferries/x", "/%2F%2Fevil.example/"),
    ],
)
def test_nothing_else_leads_anywhere(client: CheckingClient, path: str) -> None:
    assert client.get(path).status_code == 404


def test_what_was_withdrawn_is_gone_however_it_is_written(client: CheckingClient) -> None:
    for path in ("/articles/gone", "/articles/GONE", "/articles/gone/", "/articles/gone.md"):
        assert client.get(path).status_code == 410, path


def test_the_way_to_the_one_address_can_be_kept_like_the_page(client: CheckingClient) -> None:
    assert "s-maxage" in client.get("/articles/Ferries").headers["Cache-Control"]
    assert client.get("/articles/None").headers["Cache-Control"] == "no-store"


def test_a_form_is_never_sent_elsewhere(client: CheckingClient) -> None:
    response = client.post("/Newsletter/", data={"email": "ada@example.org"})
    assert response.status_code == 404


@pytest.mark.parametrize("path", ["/", "/articles/ferries", "/topics/harbours", "/archive/2026"])
def test_a_page_names_its_one_address_whatever_is_asked_beside_it(
    client: CheckingClient, path: str
) -> None:
    page = client.page(path, query_string={"utm_source": "x", "page": "1"})
    (canonical,) = page.all("link", rel="canonical")
    assert canonical.get("href") == f"http://127.0.0.1:8000{path}"
