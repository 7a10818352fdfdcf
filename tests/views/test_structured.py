"""What pages say of themselves to machines, and articles as Markdown."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from PIL import Image

from tests.factories import make_article, make_articles
from tests.pages import CheckingClient, Page
from webapp.settings import Settings

SITE = "http://127.0.0.1:8000"


def things(page: Page) -> dict[str, Any]:
    scripts = page.all("script", type="application/ld+json")
    read = [json.loads(script.text or "") for script in scripts]
    assert all(thing["@context"] == "https://schema.org" for thing in read)
    return {thing["@type"]: thing for thing in read}


def meta(page: Page) -> dict[str, str]:
    tags = page.all("meta")
    return {t.get("property") or t.get("name") or "": t.get("content", "") for t in tags}


def test_an_article_has_every_field_that_search_engines_ask_for(
    client: CheckingClient, tmp_path: Path
) -> None:
    Image.new("RGB", (800, 450), "teal").save(tmp_path / "boat.png")
    make_article(
        title="Night ferries",
        slug="night",
        summary="They sail.",
        authors=["Ada Quay"],
        topics=["Harbours"],
        source_url="https://t.example/1",
        source_title="All night",
        image={"path": str(tmp_path / "boat.png"), "alt": "A boat"},
    )
    page = client.page("/articles/night")
    article = things(page)["NewsArticle"]
    assert article["headline"] == "Night ferries"
    assert article["datePublished"] == "2026-11-22T08:30:00+00:00"
    assert article["dateModified"] == "2026-11-22T08:30:00+00:00"
    author = {"@type": "Person", "name": "Ada Quay", "url": f"{SITE}/authors/ada-quay"}
    assert article["author"] == [author]
    assert [(image["width"], image["height"]) for image in article["image"]] == [
        (800, 450),
        (450, 450),
        (600, 450),
        (800, 450),
        (1200, 630),
    ]
    for image in article["image"]:
        answer = client.get(image["url"].removeprefix(SITE))
        assert answer.status_code == 200
        with Image.open(BytesIO(answer.data)) as shown:
            assert shown.size == (image["width"], image["height"])
        assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    logo = article["publisher"]["logo"]
    assert client.get(logo["url"].removeprefix(SITE)).mimetype == "image/png"
    assert article["isBasedOn"]["url"] == "https://t.example/1"
    assert "correction" not in article
    trail = things(page)["BreadcrumbList"]["itemListElement"]
    assert [step["name"] for step in trail] == ["Topics", "Harbours", "Night ferries"]
    assert [step["position"] for step in trail] == [1, 2, 3]
    assert client.get(trail[1]["item"].removeprefix(SITE)).status_code == 200


def test_a_text_that_nobody_signed_is_the_sites_own(client: CheckingClient) -> None:
    make_article(slug="a")
    article = things(client.page("/articles/a"))["NewsArticle"]
    assert article["author"] == [article["publisher"]]
    assert things(client.page("/articles/a"))["BreadcrumbList"]["itemListElement"][0]["name"] == (
        "Archive"
    )


def test_the_front_page_says_how_to_search_the_site(client: CheckingClient) -> None:
    make_article(body="ferries")
    action = things(client.page("/"))["WebSite"]["potentialAction"]
    search = action["target"]["urlTemplate"].replace("{search_term_string}", "ferries")
    assert client.page(search.removeprefix(SITE)).all("mark")


def test_an_authors_page_is_about_a_person_and_other_listings_hold_articles(
    client: CheckingClient,
) -> None:
    make_articles(3, topics=["Harbours"], authors=["Ada Quay"])
    person = things(client.page("/authors/ada-quay"))["ProfilePage"]["mainEntity"]
    assert (person["@type"], person["name"]) == ("Person", "Ada Quay")
    listed = things(client.page("/topics/harbours"))["CollectionPage"]["mainEntity"]
    assert [step["position"] for step in listed["itemListElement"]] == [1, 2, 3]
    assert client.get(listed["itemListElement"][0]["url"].removeprefix(SITE)).status_code == 200


@pytest.mark.parametrize("path", ["/", "/articles/a", "/topics/harbours", "/archive/", "/topics/"])
def test_every_page_has_a_card_to_be_shared_with(client: CheckingClient, path: str) -> None:
    make_article(title="A title & more", slug="a", topics=["Harbours"])
    told = meta(client.page(path))
    assert told["og:image"].startswith(SITE)
    card = client.get(told["og:image"].removeprefix(SITE))
    assert (card.status_code, card.mimetype) == (200, "image/png")
    assert told["twitter:card"] == "summary_large_image"
    assert told["og:url"] == SITE + path
    assert told["og:type"] == ("article" if path == "/articles/a" else "website")


def test_an_article_is_there_as_markdown(client: CheckingClient) -> None:
    make_article(
        slug="a",
        title="Odd *title*",
        summary="They sail.",
        body="Begin [here](/b).\n\n**The big picture:** It *is*.\n\n- One\n- Two\n\n"
        "| a | b |\n|---|---|\n| c | d |\n\nNot &lt;script&gt; <i>but</i> text_with_marks.",
        authors=["Ada Quay"],
        topics=["Harbours"],
        source_url="https://t.example/1",
        source_title="All night",
    )
    page = client.page("/articles/a")
    (link,) = page.all("link", type="text/markdown")
    response = client.get(link.get("href"))
    assert response.content_type == "text/markdown; charset=utf-8"
    assert response.headers["Link"] == f'<{SITE}/articles/a>; rel="canonical"'
    for words in (
        "# Odd \\*title\\*\n\n*They sail.*\n\nBy [Ada Quay]",
        f"Begin [here]({SITE}/b).\n\n**The big picture:** It *is*.\n\n- One\n- Two\n",
        "| a | b |\n| --- | --- |\n| c | d |",
        "Not \\<script> *but* text\\_with\\_marks.",
        "Source: [All night](<https://t.example/1>)",
        f"Read at: <{SITE}/articles/a>",
    ):
        assert words in response.text
    assert "\n\n\n" not in response.text


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        ("text/markdown", "text/markdown"),
        ("text/markdown, text/html;q=0.9", "text/markdown"),
        ("text/html;q=0.5, text/markdown", "text/markdown"),
        ("text/html, text/markdown;q=0.5", "text/html"),
        ("text/markdown;q=0", "text/html"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "text/html"),
        ("*/*", "text/html"),
        ("", "text/html"),
        ("text/markdown;q=x,,;", "text/html"),
    ],
)
def test_what_is_accepted_decides_between_page_and_markdown(
    client: CheckingClient, accept: str, wanted: str
) -> None:
    make_article(slug="a")
    response = client.get("/articles/a", headers={"Accept": accept})
    assert response.mimetype == wanted
    assert "Accept" in response.headers["Vary"]
    if wanted == "text/markdown":
        assert response.headers["Content-Location"] == "/articles/a.md"
        assert response.data == client.get("/articles/a.md").data


def test_what_readers_may_not_see_is_no_markdown_either(client: CheckingClient) -> None:
    make_article(slug="a", draft=True)
    assert client.get("/articles/a.md").status_code == 404
    assert client.get("/articles/a", headers={"Accept": "text/markdown"}).status_code == 404


def test_what_is_not_the_text_says_so_to_programs_that_take_it_out(client: CheckingClient) -> None:
    make_article(slug="a", body="Begin.\n\n**The big picture:** It is.\n\n**Why:** So.")
    page = client.page("/articles/a")
    for link in page.all("a", class_="permalink"):
        assert [each for each in page.all("footer", class_="section-link") if link in each]
    assert page.all("div", class_="subscribe")


def test_the_publishers_logo_is_the_operators_where_there_is_one(
    settings: Settings, make_app: Callable[[Settings], Flask]
) -> None:
    settings.data.mkdir(exist_ok=True)
    Image.new("RGB", (900, 300), "teal").save(settings.data / "own.png")
    client = make_app(replace(settings, logo="own.png")).test_client()
    page = client.page("/")
    logo = things(page)["WebSite"]["publisher"]["logo"]
    assert logo["url"] == SITE + page.all("img", class_="logo")[0].get("src", "")
    assert (logo["width"], logo["height"]) == (720, 240)
