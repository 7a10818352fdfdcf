"""Listings by pages: every article once, in order, whatever is published meanwhile."""

from __future__ import annotations

from datetime import UTC, timedelta

import pytest
from sqlalchemy import select, update

from tests.conftest import NOON, Clock
from tests.factories import fields_of, import_items, make_article
from webapp.extensions import Kept, db
from webapp.models import Article, Articles, Status, articles
from webapp.models.naming import article_author, article_topic
from webapp.services import listing, publishing, reading
from webapp.services.listing import Listing, listing_of

pytestmark = pytest.mark.usefixtures("app")
SIZE = 4


@pytest.fixture(autouse=True)
def _short_strides(monkeypatch: pytest.MonkeyPatch) -> None:
    """Landmarks at every seventh article, so that a few articles have several of them."""
    for room in (articles, listing):
        monkeypatch.setattr(room, "STRIDE", 7)


def everything(asked: Articles) -> list[str]:
    """Read a listing page by page."""
    whole = listing_of(asked)
    offsets = range(0, whole.total + SIZE, SIZE)
    return [a.title for offset in offsets for a in listing_of(asked).newest_first(SIZE, offset)]


def make_thirty() -> None:
    """Make articles of which three each have the same moment; every third is on harbours."""
    import_items(
        *(
            fields_of(
                title=f"N{n:02}",
                topics=["Harbours"] if n % 3 == 0 else ["Bridges"],
                authors=["Ada Quay"] if n % 2 else [],
                source_url=f"https://a.example.org/{n}" if n % 5 == 0 else "",
                published_at=(NOON - timedelta(days=40) + timedelta(days=n // 3)).isoformat(),
            )
            for n in range(30)
        )
    )


def test_the_pages_of_a_listing_hold_every_article_once_and_the_newest_first() -> None:
    make_thirty()
    titles = [f"N{n:02}" for n in reversed(range(30))]
    assert everything(reading.visible()) == titles
    harbours, ada = reading.topic_at("harbours"), reading.author_at("ada-quay")
    assert everything(reading.visible().on_topic(harbours)) == titles[2::3]
    assert everything(reading.visible().by_author(ada)) == titles[0::2]
    assert everything(reading.visible().from_source("a.example.org")) == titles[4::5]
    start, end = NOON - timedelta(days=39), NOON - timedelta(days=35)
    assert everything(reading.visible().between(start, end)) == titles[15:27]


def test_conditions_can_be_put_together_in_any_order() -> None:
    make_thirty()
    harbours, ada = reading.topic_at("harbours"), reading.author_at("ada-quay")
    start, end = NOON - timedelta(days=39), NOON - timedelta(days=35)
    both = ["N27", "N21", "N15", "N09", "N03"]
    visible = reading.visible()
    assert everything(visible.on_topic(harbours).by_author(ada)) == both
    assert everything(visible.by_author(ada).on_topic(harbours)) == both
    assert everything(visible.between(start, end).on_topic(harbours)) == [
        "N12",
        "N09",
        "N06",
        "N03",
    ]
    assert everything(visible.on_topic(harbours).between(start, end)) == [
        "N12",
        "N09",
        "N06",
        "N03",
    ]
    for mixed in (
        visible.on_topic(harbours).from_source("a.example.org"),
        visible.from_source("a.example.org").on_topic(harbours),
    ):
        assert everything(mixed) == ["N15", "N00"]
        assert mixed.count() == 2
        found = db.session.scalars(select(Article.title).where(*mixed.conditions))
        assert sorted(found) == ["N00", "N15"]
    assert [c.count for c in visible.between(start, end).counts_by_topic()] == [8, 4]


def test_beyond_the_last_article_there_is_nothing() -> None:
    make_thirty()
    whole = listing_of(reading.visible())
    assert whole.newest_first(SIZE, 30) == []
    assert [a.title for a in whole.newest_first(SIZE, 29)] == ["N00"]
    assert listing_of(reading.visible().from_source("none.example")).newest_first(SIZE) == []


@pytest.mark.parametrize("ahead", [1, 6, 7, 8, 20])
def test_what_is_scheduled_comes_in_at_its_time_without_the_listing_being_gone_through_again(
    ahead: int, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_thirty()
    import_items(
        *(
            fields_of(title=f"S{n:02}", published_at=(NOON + timedelta(hours=n + 1)).isoformat())
            for n in range(ahead)
        )
    )
    titles = [f"N{n:02}" for n in reversed(range(30))]
    assert everything(reading.visible()) == titles
    monkeypatch.setattr(Articles, "landmarks", None)
    for hours in range(1, ahead + 1):
        clock.forward(hours=1)
        assert (
            everything(reading.visible()) == [f"S{n:02}" for n in reversed(range(hours))] + titles
        )


def test_a_change_is_in_the_listing_at_once() -> None:
    make_thirty()

    def both() -> tuple[Articles, Articles]:
        return reading.visible(), reading.visible().on_topic(reading.topic_at("harbours"))

    for asked in both():
        assert "N09" in everything(asked)
    publishing.withdraw(
        db.session.scalars(select(Article.slug).where(Article.title == "N09")).one()
    )
    for asked in both():
        assert "N09" not in everything(asked)
        assert listing_of(asked).total == asked.count()
    make_article(title="New", topics=["Harbours"])
    for asked in both():
        assert everything(asked)[0] == "New"


def test_an_import_that_changes_nothing_leaves_the_landmarks_where_they_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fields = fields_of(title="Same", slug="same")
    import_items(fields)
    assert everything(reading.visible()) == ["Same"]
    monkeypatch.setattr(Articles, "landmarks", None)
    import_items(fields)
    assert everything(reading.visible()) == ["Same"]


def agrees() -> bool:
    """Whether what files articles says of each what the article itself says."""
    for filing in (article_topic, article_author):
        rows = db.session.execute(
            select(filing.c.listed_at, Article.published_at, Article.status).join(
                Article, Article.id == filing.c.article_id
            )
        ).all()
        assert rows
        for row in rows:
            is_listed = row.status in (Status.PUBLISHED, Status.SCHEDULED)
            if row.listed_at != (row.published_at if is_listed else None):
                return False
    return True


def test_what_files_an_article_says_after_every_deed_what_the_article_says() -> None:
    names = {"topics": ["Harbours", "Bridges"], "authors": ["Ada Quay"]}
    import_items(
        fields_of(slug="seen", **names),
        fields_of(slug="draft", draft=True, **names),
        fields_of(slug="soon", published_at="2027-01-01", **names),
    )
    assert agrees()
    publishing.publish("draft")
    assert agrees()
    publishing.publish("soon")
    assert agrees()
    publishing.withdraw("seen")
    assert agrees()
    import_items(fields_of(slug="draft", draft=True, **names))
    assert agrees()
    db.session.execute(update(article_topic).values(listed_at=None))
    assert not agrees()


def test_an_empty_listing_is_not_kept_so_that_nobody_can_push_out_the_others() -> None:
    make_thirty()
    kept = listing.the_site().listings
    listing_of(reading.visible())
    listing_of(reading.visible().from_source("none.example"))
    assert list(kept.found) == [()]


def test_so_many_listings_are_kept_and_the_longest_unasked_goes_first() -> None:
    kept: Kept[str] = Kept(limit=2)
    kept.put("a", 1, "A")
    kept.put("b", 1, "B")
    assert kept.get("a", 1) == "A"
    kept.put("c", 1, "C")
    assert [kept.get(name, 1) for name in "abc"] == ["A", None, "C"]
    assert kept.get("a", 2) is None


def test_a_listing_says_what_a_card_shows() -> None:
    article = make_article(
        title="Card", summary="One sentence.", topics=["B", "A"], authors=["Zoe", "Ada"]
    )
    whole: Listing = listing_of(reading.visible())
    (shown,) = whole.newest_first(1)
    assert (shown.id, shown.title, shown.summary) == (article.id, "Card", "One sentence.")
    assert [topic.name for topic in shown.topics] == ["B", "A"]
    assert [author.name for author in shown.authors] == ["Zoe", "Ada"]
    assert shown.reading_minutes == 1


def test_counts_by_name_and_month_follow_deeds_and_the_clock_and_are_kept_meanwhile(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def told() -> tuple[object, ...]:
        asked = reading.visible()
        nouns = [
            [(each.slug, each.count) for each in listing.counts(asked, noun)]
            for noun in ("topic", "author", "source")
        ]
        return (*nouns, [(month.month, n) for month, n in listing.months(asked, UTC)])

    assert told() == ([], [], [], [])
    here = {"topics": ["Harbours"], "authors": ["Ada Quay"]}
    import_items(
        fields_of(slug="one", source_url="https://a.example.org/1", **here),
        fields_of(published_at="2026-12-01T08:00Z", source_url="https://a.example.org/2", **here),
    )
    one = ([("harbours", 1)], [("ada-quay", 1)], [("a.example.org", 1)], [(11, 1)])
    assert told() == one
    with monkeypatch.context() as patch:
        for way in ("counts_by_topic", "counts_by_author", "counts_by_source", "counts_between"):
            patch.setattr(Articles, way, None)
        assert told() == one
    clock.forward(days=10)
    two = ([("harbours", 2)], [("ada-quay", 2)], [("a.example.org", 2)], [(12, 1), (11, 1)])
    assert told() == two
    publishing.withdraw("one")
    assert told() == (*one[:3], [(12, 1)])
