"""Who cannot be reached, or complains, is not written to again; others are not disturbed."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from email.utils import format_datetime
from io import BytesIO

import pytest
from flask import Flask
from sqlalchemy import select

from tests.conftest import NOON, Clock
from tests.mail import reports
from tests.mail.imap import LOOPBACK, Box, imap_server
from tests.test_serving import free_port
from webapp.errors import BouncesUnreadable
from webapp.extensions import db, the_site
from webapp.models import (
    Bounce,
    Delivery,
    DeliveryState,
    Edition,
    EditionState,
    Subscriber,
    SubscriberState,
)
from webapp.services import bouncing, linking, outbox, subscribing
from webapp.services.bouncing import Outcome, Tally, note_bounce
from webapp.services.returning import return_path_of

pytestmark = pytest.mark.usefixtures("app")
BEFORE = NOON - timedelta(days=90)


def change(**settings: str) -> None:
    site = the_site()
    site.settings = replace(site.settings, **settings)


@pytest.fixture(autouse=True)
def _return_path(app: Flask) -> None:
    change(mail_return_path="bounces@letters.example.org")


def reader(name: str = "ada") -> Subscriber:
    subscriber = Subscriber(
        address=f"{name}@example.com",
        state=SubscriberState.CONFIRMED,
        consent_at=BEFORE,
        consent_form="page",
        consent_wording="2026-11",
        confirmed_at=BEFORE,
    )
    db.session.add(subscriber)
    db.session.commit()
    return subscriber


def path_of(subscriber: Subscriber) -> str:
    return return_path_of(subscriber.id, subscriber.address)


def state_of(subscriber: Subscriber) -> SubscriberState:
    db.session.expire_all()
    return subscriber.state


def kept() -> list[tuple[str, datetime]]:
    db.session.expire_all()
    return [(b.kind, b.bounced_at) for b in db.session.scalars(select(Bounce).order_by(Bounce.id))]


def soft(subscriber: Subscriber, at: datetime) -> bytes:
    to, date = path_of(subscriber), format_datetime(at)
    return reports.postfix(to, status="5.2.2", said="552 5.2.2 full", date=date)


def leaving(subscriber: Subscriber) -> str:
    token = linking.sign("departure", subscriber.key)
    return f"https://news.example.org/newsletter/unsubscription/{token}"


@pytest.mark.parametrize("server", ["postfix", "exim", "exchange", "gmail"])
def test_a_hard_bounce_stops_mail_to_this_reader_at_once(server: str) -> None:
    ada, eve = reader("ada"), reader("eve")
    assert note_bounce(getattr(reports, server)(path_of(ada))) == Outcome.HARD
    assert (state_of(ada), state_of(eve)) == (SubscriberState.BOUNCED, SubscriberState.CONFIRMED)


def test_a_complaint_stops_mail_at_once() -> None:
    ada = reader()
    content = reports.yahoo(return_path=path_of(ada))
    assert note_bounce(content) == Outcome.COMPLAINT
    assert state_of(ada) == SubscriberState.BOUNCED


def test_a_reader_is_known_by_the_way_to_leave_where_no_return_path_is_left() -> None:
    ada, eve = reader("ada"), reader("eve")
    content = reports.yahoo(return_path="redacted@feedback.example", link=leaving(eve))
    assert note_bounce(content) == Outcome.COMPLAINT
    assert (state_of(ada), state_of(eve)) == (SubscriberState.CONFIRMED, SubscriberState.BOUNCED)
    change(mail_return_path="")
    assert note_bounce(reports.postfix(path_of(ada), link=leaving(ada))) == Outcome.HARD
    assert state_of(ada) == SubscriberState.BOUNCED


def test_what_comes_back_of_an_address_says_nothing_of_the_one_after_it() -> None:
    ada = reader()
    late = [reports.postfix(path_of(ada)), reports.postfix("bounces@x.example", link=leaving(ada))]
    ada.address = "ada@new.example.org"
    db.session.commit()
    assert [note_bounce(content) for content in late] == [Outcome.OTHER] * 2
    assert state_of(ada) == SubscriberState.CONFIRMED
    assert note_bounce(reports.postfix(path_of(ada))) == Outcome.HARD


def refused(subscriber: Subscriber, *moments: datetime | None, edition: Edition) -> None:
    """Note mails that were refused, or taken where there is no moment."""
    for n, at in enumerate(moments):
        mail = Delivery(subscriber_id=subscriber.id, letter=f"edition {n}", edition_id=edition.id)
        mail.state, mail.due_at = DeliveryState.FAILED, NOON
        mail.refused_at, mail.sent_at = at, None if at else NOON
        db.session.add(mail)
    db.session.commit()


def edition_that_is(state: EditionState) -> Edition:
    edition = Edition(
        slug="2026-11-23", state=state, composed_at=NOON, published_until=NOON, due_at=NOON
    )
    db.session.add(edition)
    db.session.commit()
    return edition


def test_an_address_that_refuses_three_mails_in_a_row_gets_no_more() -> None:
    ada, eve, zoe = reader("ada"), reader("eve"), reader("zoe")
    edition = edition_that_is(EditionState.SENT)
    refused(ada, NOON, NOON, NOON, edition=edition)
    refused(eve, NOON, NOON, None, NOON, edition=edition)
    refused(zoe, NOON, NOON, edition=edition)
    bouncing.stop_refusing()
    assert state_of(ada) == SubscriberState.BOUNCED
    assert (state_of(eve), state_of(zoe)) == (SubscriberState.CONFIRMED,) * 2
    assert kept() == [("hard", NOON)]


@pytest.mark.parametrize("state", [EditionState.SENDING, EditionState.PAUSED])
def test_no_address_is_blamed_while_its_edition_is_on_its_way(state: EditionState) -> None:
    ada = reader()
    refused(ada, NOON, NOON, NOON, edition=edition_that_is(state))
    bouncing.stop_refusing()
    assert state_of(ada) == SubscriberState.CONFIRMED


def test_what_an_address_refused_before_its_reader_confirmed_it_is_forgotten() -> None:
    ada = reader()
    refused(ada, *[BEFORE - timedelta(days=1)] * 3, edition=edition_that_is(EditionState.SENT))
    bouncing.stop_refusing()
    assert state_of(ada) == SubscriberState.CONFIRMED


def test_no_is_no_complaint() -> None:
    ada = reader()
    content = reports.yahoo(return_path=path_of(ada), feedback="not-spam")
    assert note_bounce(content) == Outcome.OTHER
    assert state_of(ada) == SubscriberState.CONFIRMED


def test_what_waits_for_one_who_is_stopped_does_not_go() -> None:
    ada, eve = reader("ada"), reader("eve")
    for each in (ada, eve):
        for state in (DeliveryState.WAITING, DeliveryState.CLAIMED, DeliveryState.SENT):
            letter = Delivery(subscriber_id=each.id, letter="confirmation", due_at=NOON)
            letter.state = state
            db.session.add(letter)
    db.session.commit()
    note_bounce(reports.postfix(path_of(ada)))

    def states(subscriber: Subscriber) -> list[tuple[str, str]]:
        rows = select(Delivery).where(Delivery.subscriber_id == subscriber.id)
        rows = rows.order_by(Delivery.id).execution_options(populate_existing=True)
        return [(str(row.state), row.reason) for row in db.session.scalars(rows)]

    failed = ("failed", "the address bounced")
    assert states(ada) == [failed, failed, ("sent", "")]
    assert states(eve) == [("waiting", ""), ("claimed", ""), ("sent", "")]


def test_who_never_confirmed_is_not_asked_again_after_a_bounce() -> None:
    subscribing.sign_up("ada@example.com", "page", "203.0.113.7")
    ada = db.session.scalars(select(Subscriber)).one()
    note_bounce(reports.postfix(path_of(ada)))
    subscribing.sign_up("ada@example.com", "page", "203.0.113.7")
    assert state_of(ada) == SubscriberState.BOUNCED
    assert outbox.waiting() == 0


def test_of_who_never_confirmed_nothing_is_kept_after_a_bounce_either(clock: Clock) -> None:
    subscribing.sign_up("ada@example.com", "page", "203.0.113.7")
    ada = db.session.scalars(select(Subscriber)).one()
    note_bounce(reports.postfix(path_of(ada)))
    eve = reader("eve")
    note_bounce(reports.postfix(path_of(eve)))
    clock.forward(days=8)
    subscribing.erase_unconfirmed()
    assert db.session.scalars(select(Subscriber.address)).all() == ["eve@example.com"]


def test_whose_mail_came_back_long_ago_is_asked_again(clock: Clock) -> None:
    ada = reader()
    note_bounce(reports.postfix(path_of(ada)))
    clock.forward(days=31)
    bouncing.forget_old()
    subscribing.sign_up("ada@example.com", "page", "203.0.113.7")
    assert outbox.waiting() == 1
    subscribing.confirm(linking.sign_for("confirmation", ada.key, ada.address))
    assert state_of(ada) == SubscriberState.CONFIRMED


def test_five_soft_bounces_in_thirty_days_stop_mail_and_four_do_not(clock: Clock) -> None:
    ada, eve = reader("ada"), reader("eve")
    for day in range(5):
        assert state_of(ada) == SubscriberState.CONFIRMED
        clock.forward(days=7)
        assert note_bounce(soft(ada, clock.now)) == Outcome.SOFT
        if day < 4:
            note_bounce(soft(eve, clock.now))
    assert (state_of(ada), state_of(eve)) == (SubscriberState.BOUNCED, SubscriberState.CONFIRMED)


def test_soft_bounces_count_for_thirty_days_and_are_then_forgotten(clock: Clock) -> None:
    ada = reader()
    for _ in range(10):
        clock.forward(days=7, hours=13)
        assert note_bounce(soft(ada, clock.now)) == Outcome.SOFT
        bouncing.forget_old()
    assert state_of(ada) == SubscriberState.CONFIRMED
    assert len(kept()) == 4


def test_a_report_read_again_and_again_counts_once(clock: Clock) -> None:
    ada = reader()
    content = soft(ada, NOON)
    assert [note_bounce(content) for _ in range(6)] == [Outcome.SOFT] + [Outcome.OTHER] * 5
    clock.forward(days=31)
    bouncing.forget_old()
    assert note_bounce(content) == Outcome.OTHER
    assert state_of(ada) == SubscriberState.CONFIRMED
    assert kept() == []


def test_a_report_of_a_clock_that_is_fast_counts_once_too() -> None:
    ada = reader()
    content = soft(ada, NOON + timedelta(minutes=5))
    assert [note_bounce(content) for _ in range(2)] == [Outcome.SOFT, Outcome.OTHER]


@pytest.mark.parametrize("date", ["a while ago", "Mon, 23 Nov 2099 11:00:00 +0000"])
def test_a_report_of_no_time_or_an_absurd_one_came_now(date: str) -> None:
    ada = reader()
    content = reports.postfix(path_of(ada), status="4.2.2", said="4.2.2", date=date)
    assert note_bounce(content) == Outcome.SOFT
    assert kept() == [("soft", NOON)]


def test_who_has_confirmed_again_since_a_bounce_is_written_to(clock: Clock) -> None:
    ada = reader()
    content = reports.postfix(path_of(ada))
    note_bounce(content)
    clock.forward(days=40)
    bouncing.forget_old()
    ada.state, ada.confirmed_at = SubscriberState.CONFIRMED, clock.now
    db.session.commit()
    assert note_bounce(content) == Outcome.OTHER
    assert state_of(ada) == SubscriberState.CONFIRMED


def test_a_hard_bounce_that_lay_unread_for_long_stops_mail(clock: Clock) -> None:
    ada = reader()
    clock.forward(days=60)
    assert note_bounce(reports.postfix(path_of(ada))) == Outcome.HARD
    assert state_of(ada) == SubscriberState.BOUNCED


def test_what_is_not_signed_or_no_report_changes_nothing() -> None:
    ada = reader()
    forged = f"bounces+{ada.id}-0123456789abcdef@letters.example.org"
    for content in (
        reports.postfix(forged),
        reports.postfix("bounces@letters.example.org"),
        reports.yahoo(return_path=forged),
        reports.postfix(path_of(ada), action="delayed"),
        reports.vacation(path_of(ada)),
        reports.postfix(return_path_of(ada.id + 1, ada.address)),
        b"",
        b"\xff" * 100,
    ):
        assert note_bounce(content) == Outcome.OTHER
    assert state_of(ada) == SubscriberState.CONFIRMED
    assert kept() == []


def test_a_report_for_one_who_has_left_changes_nothing() -> None:
    ada = reader()
    path = path_of(ada)
    subscribing.leave(linking.sign("departure", ada.key))
    assert note_bounce(reports.postfix(path)) == Outcome.OTHER
    assert kept() == []


def test_a_message_from_a_pipe_is_counted() -> None:
    content = reports.postfix(path_of(reader()))
    assert bouncing.read_piped(BytesIO(content)) == Tally(hard=1)


def test_without_a_source_or_a_setting_it_is_said_what_to_give() -> None:
    with pytest.raises(BouncesUnreadable, match="BROADSHEET_BOUNCES_URL"):
        bouncing.read_box("")


@pytest.fixture
def imap(monkeypatch: pytest.MonkeyPatch) -> Iterator[Box]:
    monkeypatch.setenv("SSL_CERT_FILE", str(LOOPBACK))
    with imap_server() as box:
        yield box


def test_the_worker_reads_the_box_that_is_set(imap: Box) -> None:
    ada, eve = reader("ada"), reader("eve")
    imap.put(reports.exim(path_of(ada)), soft(eve, NOON), reports.vacation())
    assert bouncing.read_mailbox() == Tally()
    change(bounces_url=imap.url())
    assert bouncing.read_mailbox() == Tally(hard=1, soft=1, other=1)
    assert bouncing.read_mailbox() == Tally()
    assert (state_of(ada), state_of(eve)) == (SubscriberState.BOUNCED, SubscriberState.CONFIRMED)


def test_a_box_that_is_away_stops_no_worker_and_no_address_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    change(bounces_url=f"imaps://ada:secret@127.0.0.1:{free_port()}/INBOX")
    ada = reader()
    with caplog.at_level(logging.DEBUG):
        assert bouncing.read_mailbox() == Tally()
        note_bounce(reports.postfix(path_of(ada)))
    assert "Bounces could not be fetched: The mail server 127.0.0.1" in caplog.text
    for private in ("secret", "ada"):
        assert private not in caplog.text


def test_a_mail_that_asks_to_leave_is_as_the_link() -> None:
    key = reader().key
    token = linking.sign("departure", key)
    request = f"From: ada@example.org\r\nSubject: unsubscribe\r\n {token}\r\n\r\nPlease."
    assert note_bounce(b"Subject: unsubscribe me\r\n\r\n") == Outcome.OTHER
    assert note_bounce(request.encode()) == Outcome.LEFT
    assert note_bounce(request.encode()) == Outcome.OTHER
    assert db.session.scalars(select(Subscriber)).all() == []
