"""Editions: composed at their hour, once, of what is new; for each reader what he wants of it."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import select, update

from index.contract import IndexUnavailable
from tests.conftest import Clock
from tests.factories import import_items, make_article, make_articles
from tests.letters import SIX, at, editions, join, set_site, text_to, titles, work
from webapp.errors import EditionNotFound, NothingToSend
from webapp.extensions import db, the_site, with_the_site
from webapp.mail import Mail, MailDelayed, MemoryCarrier
from webapp.models import (
    Delivery,
    Edition,
    EditionState,
    Frequency,
    SubscriberState,
)
from webapp.services import editing, mailing, outbox, posting, publishing, subscribing
from webapp.services.working import DEEDS

pytestmark = pytest.mark.usefixtures("app")


@pytest.fixture
def post(app: Flask) -> MemoryCarrier:
    carrier = MemoryCarrier()
    the_site().carrier = carrier
    return carrier


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
    assert mailto.startswith("<mailto:letter@[127.0.0.1]?subject=unsubscribe%20")
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


def test_no_article_is_lost_in_the_night_in_which_clocks_go_back(clock: Clock) -> None:
    set_site(time_zone=ZoneInfo("Europe/Berlin"))
    clock.now = datetime(2026, 10, 23, 12, tzinfo=UTC)
    work()
    # An edition at 6 on the 24th (4:00 UTC), none of the days before; the next at 5:00 UTC.
    clock.now = datetime(2026, 10, 24, 4, tzinfo=UTC)
    work()
    article = make_article(published_at="2026-10-24T04:30:00Z")
    clock.now = datetime(2026, 10, 25, 5, tzinfo=UTC)
    work()
    assert [titles(edition) for edition in editions()] == [[article.id]]


def test_what_was_saved_a_moment_late_is_in_the_next_edition_and_in_no_other(
    clock: Clock,
) -> None:
    work()
    first = make_article(published_at=at("24T05:59"))
    clock.now = SIX
    work()
    late = make_article(published_at="2026-11-24T05:59:30Z")
    for _ in range(2):
        clock.forward(days=1)
        work()
    assert [titles(edition) for edition in editions()] == [[first.id], [late.id]]


def test_readers_who_follow_no_search_do_not_wait_for_the_index(
    post: MemoryCarrier, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    join("ada")
    join("eve", topics=[], searches=["ferries"])
    work()
    make_article(title="Night ferries", published_at=at("23T18:00"))
    clock.now = SIX

    def away(*_: object) -> None:
        raise IndexUnavailable("it is away")

    with monkeypatch.context() as patch:
        patch.setattr(editing, "new_for", away)
        editing.compose_due()
        editing.release_due()
        mailing.send_due()
    assert [mail.recipient for mail in post.mails] == ["ada@example.org"]
    clock.forward(minutes=1)
    mailing.send_due()
    assert [mail.recipient for mail in post.mails][1:] == ["eve@example.org"]


def test_who_follows_a_search_that_finds_nothing_new_gets_no_mail_and_is_no_failure(
    post: MemoryCarrier, clock: Clock
) -> None:
    join("eve", topics=[], searches=["theodolite"])
    work()
    make_article(title="Night ferries", published_at=at("23T18:00"))
    clock.now = SIX
    work()
    assert post.mails == []
    assert (posting.statuses()[0].failed, outbox.waiting()) == (0, 0)


def test_one_delayed_mail_keeps_the_next_edition_by_hand_not_back(
    post: MemoryCarrier, clock: Clock
) -> None:
    class Full(MemoryCarrier):
        def _keep(self, mail: Mail) -> None:
            raise MailDelayed("452 full")

    join("ada")
    make_article(title="One", published_at=at("23T11:00"))
    the_site().carrier = Full()
    first = posting.begin_sending()
    posting.send(first, lambda _: None)
    clock.forward(hours=1)
    assert posting.begin_sending() == first, "nothing is new: it goes on"
    make_article(title="Two", published_at=clock.now.isoformat())
    the_site().carrier = post
    second = posting.begin_sending("Good morning", "Two things")
    assert second != first
    posting.send(second, lambda _: None)
    assert sorted(str(message["Subject"]) for message in post.sent) == ["One", "Two things"]
    assert "Good morning" in text_to_last(post)


def test_by_hand_and_by_the_worker_at_once_no_brief_is_in_two_editions(
    post: MemoryCarrier, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    work()
    make_article(published_at=at("23T18:00"))
    clock.now = SIX
    composed = editing._composed
    others: list[threading.Thread] = []
    took_turn = threading.Event()

    def slowly(*words: Any) -> Edition:
        # While one composes, another begins to: he waits until the first is through.
        if not others:
            others.append(threading.Thread(target=with_the_site(by_hand)))
            others[0].start()
            took_turn.wait(0.2)
        return composed(*words)

    def by_hand() -> None:
        try:
            editing.compose_now()
        except NothingToSend:
            took_turn.set()

    monkeypatch.setattr(editing, "_composed", slowly)
    editing.compose_due()
    others[0].join()
    db.session.expire_all()
    assert len(editions()) == 1


def test_an_edition_that_was_sent_meanwhile_is_not_cancelled(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_site(letter_hold_minutes=60)
    work()
    make_article(published_at=at("23T18:00"))
    clock.now = SIX
    work()
    held = editing.held_edition()
    assert held is not None
    with db.engine.begin() as elsewhere:
        elsewhere.execute(update(Edition).values(state=EditionState.SENDING))
    monkeypatch.setattr(editing, "held_edition", lambda: held)
    with pytest.raises(EditionNotFound, match="just been sent"):
        editing.cancel()
    db.session.expire_all()
    assert editions()[0].state == EditionState.SENDING


def test_a_letter_with_many_searches_stays_under_what_mail_programs_cut_off(
    post: MemoryCarrier, clock: Clock
) -> None:
    words = ("ferry", "harbour", "tide", "pilot", "buoy")
    join("ada", searches=words)
    work()
    import_items(
        *(
            {
                "title": f"漁 {n} {words[n % 5]} " + "港" * 90,
                "summary": "A ferry, a harbour, a tide, a pilot and a buoy. " + "海" * 300,
                "body": "鮪" * 9_000 if n == 0 else "It sails.",
                "published_at": (SIX - timedelta(minutes=1 + n)).isoformat(),
                "source_url": f"https://example.org/{n}/" + "x" * 200,
            }
            for n in range(60)
        )
    )
    clock.now = SIX
    work()
    body = post.sent[0].get_body(("html",))
    assert body is not None
    html = str(body.get_content())
    assert 60_000 < len(html.encode()) <= 100_000
    assert "more brief" in html
