"""Real articles that are too large, or not ours, to stand in the repository.

They are read where they lie, in a folder `shared` beside the checkout; without it these
tests are skipped, and smaller samples elsewhere keep the same promises.
"""

from __future__ import annotations

import json
import lzma
from itertools import islice
from pathlib import Path

import pytest

from tests.pages import CheckingClient
from webapp.importers.jsonl import JsonLines
from webapp.services import checkup, importing, indexing
from webapp.settings import ROOT

SHARED = ROOT.parent / "shared"
SEED = SHARED / "seed" / "articles.jsonl"
NEWS = SHARED / "corpus" / "news-10k.jsonl.xz"
SECTIONS = [
    "The big picture",
    "Why this matters",
    "The counteroffensive",
    "Key strategy shift",
    "Reading between the lines",
]

needs_seed = pytest.mark.skipif(not SEED.exists(), reason="no shared/seed beside the checkout")
needs_news = pytest.mark.skipif(not NEWS.exists(), reason="no shared/corpus beside the checkout")


def lines_of(page_text: str) -> list[str]:
    """What a page shows, line by line, without bullets and white space."""
    bare = page_text.replace("•", " ").replace("×", " ")
    lines = (" ".join(line.split()) for line in bare.splitlines())
    return [line for line in lines if line]


@needs_seed
def test_an_article_shows_all_that_the_page_it_was_made_from_showed(
    client: CheckingClient,
) -> None:
    tally = importing.run_import(JsonLines(SEED))
    indexing.catch_up()
    assert (tally.created, tally.refused) == (4, [])
    slug = json.loads(SEED.read_text().splitlines()[0])["slug"]
    page = client.page(f"/articles/{slug}")
    expected = [
        line
        for line in lines_of((SEED.parent / "page.txt").read_text())
        # There is no author, and we ask to join in our own words.
        if not line.startswith(("Written by", "Join our daily newsletter", "Join Now"))
    ]
    at = page.text.index(expected[0])
    for line in expected[:-6]:
        shown = page.text.casefold().find(line.casefold(), at)
        assert shown >= at, line
        at = shown
    for line in expected[-6:]:
        assert page.text.index(line) >= at, "the three cards stand after the story, newest first"
    assert "Written by" not in page.text


@needs_seed
def test_each_labelled_section_is_data_on_the_page_in_results_and_as_json(
    client: CheckingClient,
) -> None:
    importing.run_import(JsonLines(SEED))
    indexing.catch_up()
    slug = json.loads(SEED.read_text().splitlines()[0])["slug"]
    page = client.page(f"/articles/{slug}")
    assert [label.rstrip(":") for label in page.words("strong", class_="label")] == SECTIONS
    for words, label in (
        ("decentralized development", "The big picture"),
        ("premium pricing", "Why this matters"),
        ("DeepSeek debut", "The counteroffensive"),
        ("distributed network of contributors", "Key strategy shift"),
        ("proprietary control", "Reading between the lines"),
    ):
        (result,) = client.get("/search.json", query_string={"q": words}).json["results"]
        assert result["section"]["label"] == label
        anchor = result["section"]["url"].partition("#")[2]
        assert page.all("div", id=anchor)
        links = client.page("/search", query_string={"q": words}).links()
        assert [link for link in links if link.startswith(f"/articles/{slug}#{anchor}")]


@needs_news
def test_real_news_can_be_imported_read_and_found(client: CheckingClient, tmp_path: Path) -> None:
    some = tmp_path / "some.jsonl"
    with lzma.open(NEWS, "rt") as lines:
        some.write_text("".join(islice(lines, 0, 10_000, 40)))
    tally = importing.run_import(JsonLines(some))
    indexing.catch_up()
    assert (tally.created, tally.refused) == (250, [])
    assert [check.seen for check in checkup.examine() if not check.is_well] == []
    front = client.page("/")
    for path in {link for link in front.links() if link.startswith("/articles/")}:
        client.page(path)
    client.page("/topics/")
    assert client.get("/search.json?q=government").json["total"] > 5
