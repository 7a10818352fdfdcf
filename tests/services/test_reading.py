"""What a reader asks for by an address."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.conftest import Clock
from tests.factories import fields_of, import_items, newest_made
from webapp.errors import ArticleNotFound, ArticleWithdrawn, ListingNotFound
from webapp.extensions import the_site
from webapp.services import publishing, reading
from webapp.services.listing import listing_of

pytestmark = pytest.mark.usefixtures("app")


def test_a_published_article_comes_with_its_text_authors_and_topics() -> None:
    import_items(fields_of(slug="boat", body="It floats.", authors=["Ada Quay"], topics=["Ports"]))
    article = reading.article_at("boat")
    assert article.html == "<p>It floats.</p>"
    assert [a.name for a in article.authors] == ["Ada Quay"]
    assert [t.name for t in article.topics] == ["Ports"]


@pytest.mark.parametrize(("words", "minutes"), [(1, 1), (356, 1), (358, 2), (714, 3)])
def test_how_long_it_takes_to_read_is_told_in_whole_minutes(words: int, minutes: int) -> None:
    import_items(fields_of(slug="boat", body="word " * words))
    assert reading.article_at("boat").reading_minutes == minutes


@pytest.mark.parametrize("fields", [{"draft": True}, {"published_at": "2026-11-23T12:00:01Z"}])
def test_strangers_learn_nothing_of_what_is_not_published_yet(fields: dict[str, object]) -> None:
    import_items(fields_of(slug="boat", **fields))
    with pytest.raises(ArticleNotFound) as hidden:
        reading.article_at("boat")
    with pytest.raises(ArticleNotFound) as absent:
        reading.article_at("no-such-boat")
    assert str(hidden.value) == str(absent.value)


def test_a_scheduled_article_is_there_at_the_second_it_is_due(clock: Clock) -> None:
    import_items(fields_of(slug="boat", published_at="2026-11-23T12:00:01Z"))
    clock.forward(seconds=1)
    assert reading.article_at("boat").slug == "boat"


def test_a_withdrawn_article_is_gone_rather_than_unknown() -> None:
    import_items(fields_of(slug="boat"))
    publishing.withdraw("boat")
    with pytest.raises(ArticleWithdrawn):
        reading.article_at("boat")


def test_a_former_slug_leads_to_the_slug_of_now() -> None:
    import_items(fields_of(id="7", slug="boat"))
    import_items(fields_of(id="7", slug="ship"))
    assert reading.slug_now("boat") == "ship"
    assert reading.slug_now("ship") is None


def test_the_recent_articles_are_the_three_newest_besides_this_one() -> None:
    import_items(*(fields_of(title=f"Day {n}", published_at=f"2026-11-0{n}") for n in range(1, 6)))
    import_items(fields_of(title="Soon", published_at="2027-01-01"))
    import_items(fields_of(title="Day 9", published_at="2026-11-09"))
    shown = reading.beside(newest_made()).recent
    assert [article.title for article in shown] == ["Day 5", "Day 4", "Day 3"]


def test_topics_authors_and_sources_list_what_is_visible_there() -> None:
    here = {"authors": ["Ada Quay"], "topics": ["Ports"], "source_url": "https://a.example.org/1"}
    import_items(
        fields_of(title="In", **here),
        fields_of(title="Out"),
        fields_of(title="Later", **{**here, "source_url": ""}, published_at="2027-01-01"),
    )
    ports, ada = reading.topic_at("ports"), reading.author_at("ada-quay")
    assert (ports.name, ada.name) == ("Ports", "Ada Quay")
    visible = reading.visible()
    for listing in (
        visible.on_topic(ports),
        visible.by_author(ada),
        visible.from_source("a.example.org"),
    ):
        assert [article.title for article in listing_of(listing).newest_first(10)] == ["In"]
        assert listing.count() == listing_of(listing).total == 1
    assert [(c.name, c.slug, c.count) for c in visible.counts_by_topic()] == [("Ports", "ports", 1)]
    assert [(c.name, c.count) for c in visible.counts_by_author()] == [("Ada Quay", 1)]
    assert [(c.name, c.count) for c in visible.counts_by_source()] == [("a.example.org", 1)]


def test_a_listing_is_newest_first_and_of_two_at_once_the_last_made_comes_first() -> None:
    import_items(
        fields_of(title="B", published_at="2026-11-02"),
        fields_of(title="A", published_at="2026-11-01"),
        fields_of(title="C", published_at="2026-11-02"),
    )
    listing = listing_of(reading.visible())
    assert [a.title for a in listing.newest_first(10)] == ["C", "B", "A"]
    assert [a.title for a in listing.newest_first(1, offset=1)] == ["B"]


@pytest.mark.parametrize("ask", [reading.topic_at, reading.author_at])
def test_a_name_that_nobody_has_is_not_found(ask: object) -> None:
    with pytest.raises(ListingNotFound):
        ask("nobody")  # type: ignore[operator]


@pytest.mark.parametrize(
    ("given", "start", "end"),
    [
        ((2026,), "2025-12-31T23:00Z", "2026-12-31T23:00Z"),
        ((2026, 12), "2026-11-30T23:00Z", "2026-12-31T23:00Z"),
        ((2026, 2), "2026-01-31T23:00Z", "2026-02-28T23:00Z"),
        ((2026, 11, 23), "2026-11-22T23:00Z", "2026-11-23T23:00Z"),
        ((2026, 12, 31), "2026-12-30T23:00Z", "2026-12-31T23:00Z"),
    ],
)
def test_a_stretch_of_days_is_of_the_sites_time_zone(
    given: tuple[int, ...], start: str, end: str
) -> None:
    site = the_site()
    site.settings = replace(site.settings, time_zone=ZoneInfo("Europe/Berlin"))
    assert reading.stretch(*given) == (datetime.fromisoformat(start), datetime.fromisoformat(end))


def test_a_day_on_which_clocks_are_put_back_has_25_hours() -> None:
    site = the_site()
    site.settings = replace(site.settings, time_zone=ZoneInfo("Europe/Berlin"))
    start, end = (moment.astimezone(UTC) for moment in reading.stretch(2026, 10, 25))
    assert end - start == timedelta(hours=25)


@pytest.mark.parametrize(
    "given", [(0,), (2026, 13), (2026, 2, 29), (9999,), (9999, 12, 31), (10**9,)]
)
def test_a_date_that_no_calendar_has_is_not_found(given: tuple[int, ...]) -> None:
    with pytest.raises(ListingNotFound):
        reading.stretch(*given)


def test_the_archive_counts_by_month_of_the_sites_time_zone() -> None:
    site = the_site()
    site.settings = replace(site.settings, time_zone=ZoneInfo("Europe/Berlin"))
    moments = [
        "2025-12-31T23:30Z",
        "2026-01-15T12:00Z",
        "2026-10-31T22:30Z",
        "2026-10-31T23:30Z",
        "2027-01-01",
    ]
    import_items(
        fields_of(published_at="2024-05-05"), *(fields_of(published_at=m) for m in moments)
    )
    archive = reading.archive()
    assert [(year.year, year.count) for year in archive] == [(2026, 4), (2024, 1)]
    assert [(m.first_on, m.count) for m in archive[0].months] == [
        (date(2026, 11, 1), 1),
        (date(2026, 10, 1), 1),
        (date(2026, 1, 1), 2),
    ]


def test_articles_between_two_moments_include_the_first_and_not_the_last() -> None:
    import_items(
        *(fields_of(title=f"T{n}", published_at=f"2026-11-0{n}T00:00Z") for n in (1, 2, 3))
    )
    start, end = reading.stretch(2026, 11, 1)[0], reading.stretch(2026, 11, 2)[1]
    listing = listing_of(reading.visible().between(start, end))
    assert [a.title for a in listing.newest_first(9)] == ["T2", "T1"]
