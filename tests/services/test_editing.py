"""Editions: composed at their hour, once, of what is new; for each reader what he wants of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import select

from tests.conftest import Clock
from tests.factories import import_items, make_article, make_articles, make_readers
from webapp.errors import EditionNotFound, NothingToSend
from webapp.extensions import db, the_site
from webapp.mail import MemoryCarrier
from webapp.models import (
    Delivery,
    Edition,
    EditionState,
    FollowedSearch,
    Frequency,
    Subscriber,
    SubscriberState,
    Topic,
)
from webapp.services import editing, mailing, outbox, publishing, subscribing
from webapp.services.working import DEEDS

pytestmark = pytest.mark.usefixtures("app")
SIX = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)


@pytest.fixture
def post(app: Flask) -> MemoryCarrier:
    carrier = MemoryCarrier()
    the_site().carrier = carrier
    return carrier


def set_site(**settings: object) -> None:
    site = the_site()
    site.settings = replace(site.settings, **settings)


def work() -> None:
    """What a worker does in a round."""
    for deed in DEEDS:
        deed()
    mailing.send_due()
    editing.close_done()
    db.session.expire_all()


def join(name: str, **wishes: object) -> Subscriber:
    topics, searches = wishes.pop("topics", None), wishes.pop("searches", ())
    make_readers(name)
    known = Subscriber.address == f"{name}@example.org"
    subscriber = db.session.scalars(select(Subscriber).where(known)).one()
    for wish, wanted in wishes.items():
        setattr(subscriber, wish, wanted)
    if topics is not None:
        subscriber.has_all_topics = False
        chosen = select(Topic).where(Topic.name.in_(topics))
        subscriber.topics = list(db.session.scalars(chosen))
    subscriber.searches = [FollowedSearch(query=query) for query in searches]  # type: ignore[attr-defined]
    db.session.commit()
    return subscriber


def editions() -> list[Edition]:
    return list(db.session.scalars(select(Edition).order_by(Edition.id)))


def titles(edition: Edition) -> list[int]:
    return [brief.article_id for brief in edition.briefs]


def at(hour: str) -> str:
    return f"2026-11-{hour}:00Z"


def test_an_edition_is_composed_at_its_hour_and_goes_to_each_reader_once(
    post: MemoryCarrier, clock: Clock
) -> None:
    join("ada")
    join("eve")
    work()
    make_article(title="Night ferries", published_at=at("23T18:00"))
    clock.now = SIX - timedelta(seconds=1)
    work()
    assert editions() == []
    clock.now = SIX
    for _ in range(3):
        work()
    (edition,) = editions()
    assert (edition.slug, edition.state) == ("2026-11-24", EditionState.SENT)
    assert sorted(mail.recipient for mail in post.mails) == ["ada@example.org", "eve@example.org"]
    assert [message["Subject"] for message in post.sent] == ["Night ferries"] * 2


def test_it_holds_what_was_published_since_the_last_one_the_newest_first(clock: Clock) -> None:
    work()
    first = make_article(published_at=at("24T05:00"))
    clock.now = SIX
    work()
    second = make_article(published_at=at("24T07:00"))
    third = make_article(published_at=at("25T06:00"))
    # Imported now, and of yesterday: it is no news.
    make_article(published_at=at("24T05:30"))
    clock.forward(days=1)
    work()
    assert [titles(edition) for edition in editions()] == [[first.id], [third.id, second.id]]


def test_without_news_there_is_no_edition(post: MemoryCarrier, clock: Clock) -> None:
    join("ada")
    work()
    make_article(published_at=at("20T06:00"))
    clock.now = SIX
    work()
    assert editions() == []
    assert post.mails == []


def test_a_worker_that_has_just_begun_does_not_write_in_the_middle_of_the_day(
    post: MemoryCarrier, clock: Clock
) -> None:
    join("ada")
    make_article(published_at=at("23T08:00"))
    work()
    clock.forward(minutes=10)
    work()
    assert editions() == []


def test_a_worker_that_was_off_for_three_days_makes_one_edition(
    post: MemoryCarrier, clock: Clock
) -> None:
    join("ada")
    work()
    days = [make_article(published_at=at(f"{day}T05:00")) for day in (24, 25, 26)]
    clock.now = SIX + timedelta(days=2, hours=5)
    work()
    (edition,) = editions()
    assert (edition.slug, titles(edition)) == ("2026-11-26", [days[2].id])
    assert len(post.mails) == 1


def test_the_first_one_has_at_most_twenty_briefs(clock: Clock) -> None:
    work()
    make_articles(30, published_at=at("24T05:00"))
    clock.now = SIX
    work()
    assert len(titles(editions()[0])) == 20


@pytest.mark.parametrize(
    ("zone", "hour", "on", "expected"),
    [
        ("Europe/Berlin", time(6, 0), "2026-11-24", "2026-11-24T05:00"),
        ("America/New_York", time(6, 0), "2026-11-24", "2026-11-24T11:00"),
        # 02:30 does not exist on that night: it is an hour later.
        ("Europe/Berlin", time(2, 30), "2027-03-28", "2027-03-28T01:30"),
        # 02:30 comes twice on that night: it is the first.
        ("Europe/Berlin", time(2, 30), "2026-10-25", "2026-10-25T00:30"),
        ("America/New_York", time(1, 30), "2026-11-01", "2026-11-01T05:30"),
    ],
)
def test_the_hour_is_that_of_the_site_also_when_clocks_change(
    clock: Clock, zone: str, hour: time, on: str, expected: str
) -> None:
    set_site(time_zone=ZoneInfo(zone), letter_at=hour)
    moment = datetime.fromisoformat(expected).replace(tzinfo=UTC)
    composed = []
    clock.now = moment - timedelta(hours=20)
    work()
    make_article(published_at=(moment - timedelta(hours=4)).isoformat())
    while clock.now < moment + timedelta(hours=20):
        work()
        composed += [clock.now for edition in editions()][len(composed) :]
        clock.forward(minutes=30)
    assert composed == [moment]
    assert editions()[0].slug == on


def test_never_is_never(clock: Clock) -> None:
    set_site(letter_at=None)
    work()
    make_article(published_at=at("24T05:00"))
    clock.now = SIX
    work()
    assert editions() == []


def test_an_edition_is_held_for_its_editors_who_see_it_first(
    post: MemoryCarrier, clock: Clock
) -> None:
    set_site(letter_hold_minutes=30, letter_editors=("desk@example.org",))
    join("ada")
    work()
    make_article(title="Night ferries", published_at=at("24T05:00"))
    clock.now = SIX
    work()
    assert [mail.recipient for mail in post.mails] == ["desk@example.org"]
    assert post.sent[0]["Subject"] == "[Preview] Night ferries"
    assert "06:30 on 24 November 2026" in post.mails[0].content.decode()
    with pytest.raises(EditionNotFound):
        editing.edition_at("2026-11-24")
    editing.annotate("Good morning.\nIt rains.", "All night long")
    clock.forward(minutes=30)
    work()
    assert [mail.recipient for mail in post.mails[1:]] == ["ada@example.org"]
    assert post.sent[1]["Subject"] == "All night long"
    assert b"Good morning." in post.mails[1].content
    assert editing.edition_at("2026-11-24").note == "Good morning.\nIt rains."


def test_a_held_edition_that_is_cancelled_goes_to_nobody_and_its_briefs_are_still_news(
    post: MemoryCarrier, clock: Clock
) -> None:
    set_site(letter_hold_minutes=30)
    join("ada")
    work()
    brief = make_article(published_at=at("24T05:00"))
    clock.now = SIX
    work()
    editing.cancel()
    clock.forward(hours=1)
    work()
    assert post.mails == []
    set_site(letter_hold_minutes=0)
    edition = editing.compose_now()
    assert (edition.slug, titles(edition)) == ("2026-11-24-2", [brief.id])


def test_by_hand_an_edition_goes_now_and_the_next_begins_there(
    post: MemoryCarrier, clock: Clock
) -> None:
    join("ada")
    work()
    first = make_article(published_at=at("23T11:00"))
    assert titles(editing.compose_now()) == [first.id]
    with pytest.raises(NothingToSend):
        editing.compose_now()
    second = make_article(published_at=at("23T13:00"))
    clock.now = SIX
    work()
    assert [titles(edition) for edition in editions()] == [[first.id], [second.id]]
    assert len(post.mails) == 2


def test_by_hand_no_editor_is_asked_first(post: MemoryCarrier) -> None:
    set_site(letter_hold_minutes=30, letter_editors=("desk@example.org",))
    join("ada")
    make_article(published_at=at("23T11:00"))
    editing.compose_now()
    mailing.send_due()
    assert [mail.recipient for mail in post.mails] == ["ada@example.org"]


def test_the_first_one_by_hand_has_the_newest_however_old() -> None:
    old = make_article(published_at="2025-01-01T00:00:00Z")
    assert titles(editing.compose_now()) == [old.id]


def text_to(post: MemoryCarrier, name: str) -> str:
    (message,) = [m for m in post.sent if m["To"] == f"{name}@example.org"]
    body = message.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def test_each_reader_gets_the_topics_he_has_chosen_and_no_empty_letter(
    post: MemoryCarrier, clock: Clock
) -> None:
    work()
    make_article(title="A port", topics=["Harbours"], published_at=at("24T04:00"))
    make_article(title="A chip", topics=["Chips", "Harbours"], published_at=at("24T05:00"))
    make_article(title="A law", topics=["Policy"], published_at=at("24T05:30"))
    make_article(title="Old", topics=["Robots"], published_at=at("01T05:30"))
    join("all")
    join("ports", topics=["Harbours"])
    join("robots", topics=["Robots"])
    join("nothing", topics=[])
    clock.now = SIX
    work()
    assert {mail.recipient for mail in post.mails} == {"all@example.org", "ports@example.org"}
    assert all(title in text_to(post, "all") for title in ("A port", "A chip", "A law"))
    ports = text_to(post, "ports")
    assert "A law" not in ports
    assert ports.index("A chip") < ports.index("A port"), "the newest leads"


def test_a_followed_search_is_in_the_letter_when_there_is_something_new(
    post: MemoryCarrier, clock: Clock
) -> None:
    work()
    make_article(title="Ferries at night", topics=["Harbours"], published_at=at("24T05:00"))
    make_article(title="Ferries of old", topics=["Harbours"], published_at=at("01T05:00"))
    make_article(title="A law", topics=["Policy"], published_at=at("24T05:30"))
    join("both", topics=["Policy"], searches=["ferries"])
    join("search", topics=[], searches=["ferries", "zeppelins"])
    join("vain", topics=[], searches=["zeppelins"])
    clock.now = SIX
    work()
    assert {mail.recipient for mail in post.mails} == {"both@example.org", "search@example.org"}
    found = text_to(post, "search")
    assert "NEW FOR “ferries”" in found
    assert "Ferries at night" in found
    assert "Ferries of old" not in found
    assert "A law" not in found
    assert "zeppelins" not in found
    assert text_to(post, "both").index("A law") < text_to(post, "both").index("Ferries at night")


def test_a_weekly_reader_gets_the_week_on_his_day(post: MemoryCarrier, clock: Clock) -> None:
    join("ada", frequency=Frequency.WEEKLY, weekday=2)  # Wednesday
    join("eve", frequency=Frequency.WEEKLY, weekday=4)
    work()
    for day in ("23T18:00", "24T18:00", "25T18:00"):
        make_article(title=f"Of {day}", published_at=at(day))
        clock.forward(days=1)
        clock.now = clock.now.replace(hour=6)
        work()
    assert [mail.recipient for mail in post.mails] == ["ada@example.org"]
    week = text_to(post, "ada")
    assert "Of 23T18:00" in week
    assert "Of 24T18:00" in week
    assert "Of 25T18:00" not in week
    assert post.sent[0]["Subject"].startswith("The week: ")


def test_a_weekly_reader_gets_the_week_also_on_a_day_without_news(
    post: MemoryCarrier, clock: Clock
) -> None:
    join("ada", frequency=Frequency.WEEKLY, weekday=3)
    work()
    make_article(title="A port", published_at=at("23T18:00"))
    for day in range(1, 9):
        clock.now = SIX + timedelta(days=day - 1)
        work()
    assert len(post.mails) == 1
    assert "A port" in text_to(post, "ada")


def test_who_wants_each_article_gets_it_when_it_is_published(
    post: MemoryCarrier, clock: Clock
) -> None:
    work()
    make_article(title="A law", topics=["Policy"], published_at=at("23T12:05"))
    make_article(title="A port", topics=["Harbours"], published_at=at("23T12:10"))
    join("ada", frequency=Frequency.EACH)
    join("ports", frequency=Frequency.EACH, topics=["Harbours"])
    join("law", frequency=Frequency.EACH, topics=[], searches=["law"])
    join("daily")
    clock.forward(minutes=6)
    work()
    clock.forward(minutes=6)
    work()
    work()
    got = [(m["To"].partition("@")[0], m["Subject"]) for m in post.sent]
    assert sorted(got) == [
        ("ada", "A law"),
        ("ada", "A port"),
        ("law", "A law"),
        ("ports", "A port"),
    ]


def test_the_pending_and_the_bounced_get_nothing(post: MemoryCarrier, clock: Clock) -> None:
    work()
    make_article(published_at=at("24T05:00"))
    join("ada").state = SubscriberState.BOUNCED
    db.session.commit()
    subscribing.sign_up("eve@example.org", "page", "203.0.113.7")
    clock.now = SIX
    work()
    assert [m["Subject"] for m in post.sent] == ["Please confirm: the daily letter of Broadsheet"]


def test_a_withdrawn_brief_is_in_no_letter_any_more(post: MemoryCarrier, clock: Clock) -> None:
    set_site(letter_hold_minutes=30)
    join("ada")
    work()
    make_article(title="Right", published_at=at("24T04:00"))
    make_article(title="Wrong", slug="wrong", published_at=at("24T05:00"))
    clock.now = SIX
    work()
    publishing.withdraw("wrong")
    clock.forward(minutes=30)
    work()
    assert post.sent[0]["Subject"] == "Right"
    assert "Wrong" not in text_to(post, "ada")


@pytest.mark.parametrize("frequency", list(Frequency))
def test_of_what_was_all_withdrawn_before_it_went_nothing_is_sent(
    post: MemoryCarrier, clock: Clock, frequency: Frequency
) -> None:
    join("ada", frequency=frequency, weekday=1)
    for deed in DEEDS:
        deed()
    make_article(slug="wrong", published_at=at("24T05:59"))
    clock.now = SIX
    for deed in DEEDS:
        deed()
    assert outbox.waiting() == 1
    publishing.withdraw("wrong")
    work()
    assert post.mails == []
    assert outbox.waiting() == 0


def test_two_workers_compose_and_fill_once(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    join("ada")
    work()
    make_article(published_at=at("24T05:00"))
    clock.now = SIX
    until, before = editing.progress.until, editing.progress.until(editing.DEED)
    editing.compose_due()
    # The other has read the same as the first, and comes later.
    monkeypatch.setattr(editing.progress, "until", lambda _: before)
    editing.compose_due()
    monkeypatch.setattr(editing.progress, "until", until)
    (edition,) = editions()
    editing.release_due()
    editing.release(edition.id)
    assert len(db.session.scalars(select(Delivery)).all()) == 1


def test_a_long_edition_stays_under_what_mail_programs_cut_off(
    post: MemoryCarrier, clock: Clock
) -> None:
    join("ada")
    work()
    make_article(published_at=at("24T01:00"))
    clock.now = SIX
    work()
    body = "\n\n".join(f"**Part {n}:** " + "A long sentence of words. " * 40 for n in range(20))
    import_items(
        *(
            {
                "title": f"{n} " + "A headline as long as headlines are allowed to be " * 4,
                "summary": "A sentence that goes on and on. " * 30,
                "body": body if n == 89 else "Short.",  # the newest leads, with its text
                "source_url": f"https://harbour.example.org/{n}" + "minutes-of-the-board/" * 8,
                "published_at": at("24T10:00"),
            }
            for n in range(90)
        )
    )
    clock.forward(days=1)
    work()
    message = post.sent[-1]
    html = message.get_body(("html",))
    assert html is not None
    assert 30_000 < len(html.get_content().encode()) < 100_000
    assert "50 more briefs" in text_to_last(post)


def text_to_last(post: MemoryCarrier) -> str:
    body = post.sent[-1].get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def test_html_and_text_say_the_same_and_nothing_in_them_tracks(
    post: MemoryCarrier, clock: Clock
) -> None:
    join("ada")
    work()
    make_article(
        title="Night ferries & <b>more</b>",
        summary="They sail.",
        body="The board agreed.\n\n**Why this matters:** Nurses get [home](/topics/).",
        slug="night",
        topics=["Harbours"],
        source_url="https://harbour.example.org/1",
        source_title="Ferries all night",
        published_at=at("24T05:00"),
    )
    clock.now = SIX
    work()
    (message,) = post.sent
    assert message["List-Id"] == '"Broadsheet" <letter.127.0.0.1>'
    https, mailto = message["List-Unsubscribe"].split(", ")
    assert https.startswith("<http://127.0.0.1:8000/newsletter/unsubscription/")
    assert mailto.startswith("<mailto:letter@127.0.0.1?subject=unsubscribe%20")
    text, html = (
        message.get_body((kind,)).get_content()  # type: ignore[union-attr]
        for kind in ("plain", "html")
    )
    for part in (text, html):
        assert "They sail." in part
        assert "Why this matters" in part
        assert "http://127.0.0.1:8000/articles/night" in part
        assert "http://127.0.0.1:8000/topics/" in part
        assert "https://harbour.example.org/1" in part
        assert "/letters/2026-11-24" in part
        assert "/newsletter/preferences/" in part
        assert "nsubscribe" in part
    assert "<b>more</b>" not in html
    assert "<img" not in html
    assert "<script" not in html
    assert "ada@example.org" not in text + html
