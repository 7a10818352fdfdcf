"""The letter of the week, and each article by itself."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask

from tests.conftest import Clock
from tests.factories import make_article
from tests.letters import SIX, at, join, set_site, text_to, work
from webapp.extensions import the_site
from webapp.mail import MemoryCarrier
from webapp.models import Frequency
from webapp.services import posting

pytestmark = pytest.mark.usefixtures("app")


@pytest.fixture
def post(app: Flask) -> MemoryCarrier:
    carrier = MemoryCarrier()
    the_site().carrier = carrier
    return carrier


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


def weekly_texts(post: MemoryCarrier) -> list[str]:
    bodies = [message.get_body(("plain",)) for message in post.sent]
    return [str(body.get_content()) for body in bodies if body]


def test_a_week_that_fell_into_the_time_without_a_worker_is_made_up_for(
    post: MemoryCarrier, clock: Clock
) -> None:
    join("ada", frequency=Frequency.WEEKLY, weekday=2)
    work()
    make_article(title="A port", published_at=at("23T18:00"))
    clock.now = SIX
    work()
    clock.now = SIX + timedelta(days=3)  # Friday; it was off on Wednesday
    work()
    work()
    assert [mail.recipient for mail in post.mails] == ["ada@example.org"]
    assert "A port" in text_to(post, "ada")


def test_a_week_goes_out_however_long_its_editions_are_held(
    post: MemoryCarrier, clock: Clock
) -> None:
    set_site(letter_hold_minutes=1440)
    join("ada", frequency=Frequency.WEEKLY, weekday=2)
    work()
    for day in range(5):
        hour = clock.now + timedelta(hours=1)
        make_article(title=f"Of day {day}", published_at=hour.isoformat())
        clock.now = SIX + timedelta(days=day)
        work()
    assert [mail.recipient for mail in post.mails] == ["ada@example.org"]
    assert "Of day 1" in text_to(post, "ada")
    assert "Of day 2" not in text_to(post, "ada")


def test_no_brief_is_in_two_weeks(post: MemoryCarrier, clock: Clock) -> None:
    join("ada", frequency=Frequency.WEEKLY, weekday=3)
    work()
    for day in range(17):
        clock.now = SIX + timedelta(days=day)
        work()
        # The days before the reader's day have no news.
        if day not in (1, 2, 8, 9, 15):
            make_article(
                title=f"Of day {day:02}", published_at=(clock.now + timedelta(hours=1)).isoformat()
            )
    weeks = weekly_texts(post)
    assert len(weeks) == 3
    told = [{day for day in range(17) if f"Of day {day:02}" in text} for text in weeks]
    assert told[0] | told[1] | told[2] == {0, 3, 4, 5, 6, 7, 10, 11, 12, 13, 14}
    assert not told[0] & told[1]
    assert not told[1] & told[2]


def test_where_no_letter_has_an_hour_the_week_goes_with_the_next_by_hand(
    post: MemoryCarrier, clock: Clock
) -> None:
    set_site(letter_at=None)
    join("ada", frequency=Frequency.WEEKLY, weekday=1)  # Tuesday
    join("eve", frequency=Frequency.WEEKLY, weekday=6)  # Sunday
    make_article(published_at=at("23T11:00"))
    posting.send(posting.begin_sending(), lambda _: None)
    assert post.mails == [], "it is Monday"
    clock.forward(days=3)
    make_article(title="A port", published_at=(clock.now - timedelta(hours=1)).isoformat())
    posting.send(posting.begin_sending(), lambda _: None)
    assert [mail.recipient for mail in post.mails] == ["ada@example.org"]
    assert "A port" in text_to(post, "ada")
    clock.forward(hours=1)
    make_article(published_at=clock.now.isoformat())
    posting.send(posting.begin_sending(), lambda _: None)
    assert len(post.mails) == 1


def test_what_was_saved_a_moment_late_is_mailed_too_and_once(
    post: MemoryCarrier, clock: Clock
) -> None:
    join("ada", frequency=Frequency.EACH)
    work()
    make_article(title="In time", published_at="2026-11-23T12:10:30Z")
    clock.now = clock.now.replace(minute=11)
    work()
    make_article(title="Late", published_at="2026-11-23T12:10:40Z")
    clock.forward(seconds=1)
    for _ in range(3):
        work()
    assert [message["Subject"] for message in post.sent] == ["In time", "Late"]
