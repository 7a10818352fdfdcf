"""The letters that were sent, as pages and as feeds."""

from __future__ import annotations

from functools import partial

import feedparser
import pytest

from tests.conftest import Clock
from tests.factories import make_article
from tests.pages import CheckingClient
from webapp.models import Edition
from webapp.services import desk, editing, letters, publishing


def send_edition(clock: Clock, **fields: object) -> Edition:
    clock.forward(days=1)
    make_article(published_at=clock.now.isoformat(), **fields)
    return editing.compose_now()


def test_an_edition_has_a_page_with_the_same_briefs_as_the_mail(
    client: CheckingClient, clock: Clock
) -> None:
    make_article(title="A port", topics=["Harbours"], summary="It opens.", published_at=NEWS)
    make_article(
        title="A chip",
        topics=["Chips"],
        summary="It is small.",
        body="**Why this matters:** It is cheap.",
        source_url="https://chips.example.org/1",
        source_title="Smaller yet",
        published_at=LATER,
    )
    editing.compose_now()
    page = client.page("/letters/2026-11-23")
    assert "23 November 2026" in page.words("h1")[0]
    shown = page.main
    for words in (
        "A chip",
        "It is small.",
        "Why this matters",
        "Smaller yet",
        "A port",
        "Harbours",
    ):
        assert words in shown
    assert shown.index("A chip") < shown.index("A port")
    mail = desk.preview_message(partial(letters.edition_letter, editing.editions(1)[0]))
    text = mail.get_body(("plain",))
    assert text is not None
    for words in ("CHIPS", "A chip", "It is small.", "Smaller yet", "A port", "HARBOURS"):
        assert words in text.get_content()


NEWS, LATER = "2026-11-23T10:00:00Z", "2026-11-23T11:00:00Z"


def test_an_edition_that_readers_may_not_see_yet_has_no_page(
    client: CheckingClient, clock: Clock
) -> None:
    edition = send_edition(clock)
    slug = edition.slug
    edition.state = "held"  # type: ignore[assignment]
    editing.db.session.commit()
    assert client.get(f"/letters/{slug}").status_code == 404
    assert client.get("/letters/2026-01-01").status_code == 404
    assert f"/letters/{slug}" not in client.get("/letters/").text


def test_a_brief_that_was_withdrawn_leaves_the_page_of_its_letter(
    client: CheckingClient, clock: Clock
) -> None:
    edition = send_edition(clock, title="Wrong", slug="wrong")
    path = f"/letters/{edition.slug}"
    assert "Wrong" in client.get(path).text
    publishing.withdraw("wrong")
    page = client.page(path)
    assert "Wrong" not in page.main
    assert "withdrawn" in page.main


def test_the_letters_are_listed_the_newest_first(client: CheckingClient, clock: Clock) -> None:
    assert "No letter has gone out yet" in client.page("/letters/").main
    send_edition(clock, title="First")
    send_edition(clock, title="Second")
    shown = client.page("/letters/").main
    assert shown.index("Second") < shown.index("First")
    assert "2 editions" in shown
    assert client.get("/letters/?page=2").status_code == 404
    assert "/letters/2026-11-24" in client.get("/sitemap-listings.xml").text


@pytest.mark.parametrize("kind", ["atom", "rss", "json"])
def test_the_letters_have_feeds(client: CheckingClient, clock: Clock, kind: str) -> None:
    send_edition(clock, title="First & foremost", summary="It was the first.")
    send_edition(clock, title="Second")
    answer = client.get(f"/letters/feed.{kind}")
    if kind == "json":
        titles = [item["title"] for item in answer.json["items"]]
        content = answer.json["items"][1]["content_html"]
    else:
        feed = feedparser.parse(answer.data)
        titles = [entry.title for entry in feed.entries]
        content = feed.entries[1].content[0].value
        assert not feed.bozo
    assert titles == ["Second", "First & foremost"]
    assert "It was the first." in content
    assert client.get("/letters/feed.xml").status_code == 404


def test_a_letter_in_which_every_brief_is_withdrawn_can_still_be_listed(
    client: CheckingClient, clock: Clock
) -> None:
    send_edition(clock, slug="wrong")
    publishing.withdraw("wrong")
    assert client.get("/letters/").status_code == 200
    assert client.get("/letters/feed.atom").status_code == 200
