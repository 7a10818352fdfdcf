"""Sending: every mail goes, once, however often its worker is stopped."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest
from flask import Flask
from sqlalchemy import select, update

from tests.conftest import NOON, Clock
from tests.factories import make_article, make_readers
from webapp.extensions import db, the_site
from webapp.mail import (
    AddressRefused,
    CarrierDown,
    CarrierRefuses,
    Mail,
    MailDelayed,
    MemoryCarrier,
    MessageRefused,
    Send,
)
from webapp.models import Delivery, DeliveryState, Edition, EditionState, Subscriber
from webapp.models.subscriber import SubscriberState
from webapp.services import editing, mailing, outbox, posting, subscribing

pytestmark = pytest.mark.usefixtures("app")


class Post:
    """A carrier of which a test says how it takes each mail; it counts its connections."""

    def __init__(self, take: Callable[[Mail], None]) -> None:
        self.take = take
        self.connections = 0

    @contextmanager
    def connected(self) -> Iterator[Send]:
        self.connections += 1
        yield self.take


@pytest.fixture
def sent(app: Flask) -> list[Mail]:
    carrier = MemoryCarrier()
    the_site().carrier = carrier
    return carrier.mails


def read(mail: Mail) -> EmailMessage:
    return message_from_bytes(mail.content, policy=default)


def ask(*names: str) -> None:
    for n, name in enumerate(names):
        subscribing.sign_up(f"{name}@example.org", "page", f"203.0.{n}.7")


def deliveries() -> list[Delivery]:
    db.session.expire_all()
    return list(db.session.scalars(select(Delivery).order_by(Delivery.id)))


def states() -> list[str]:
    return [str(delivery.state) for delivery in deliveries()]


def test_each_mail_goes_once(sent: list[Mail]) -> None:
    ask("ada", "eve")
    assert outbox.waiting() == 2
    assert mailing.send_due() == mailing.Tally(sent=2)
    assert mailing.send_due() == mailing.Tally()
    assert [mail.recipient for mail in sent] == ["ada@example.org", "eve@example.org"]
    assert outbox.waiting() == 0
    assert all(delivery.sent_at == NOON for delivery in deliveries())


def test_a_worker_that_died_while_sending_is_followed_by_another(
    sent: list[Mail], clock: Clock
) -> None:
    ask("ada")
    with outbox.opened() as connection:
        (claimed,) = outbox.claim(connection, 10)
        # Another worker has it, and may still be at it.
        assert outbox.claim(connection, 10) == []
    assert claimed.recipient == "ada@example.org"
    assert mailing.send_due() == mailing.Tally()
    clock.forward(minutes=5)
    assert mailing.send_due() == mailing.Tally(sent=1)
    assert len(sent) == 1


def test_what_a_dead_worker_of_this_machine_had_is_free_at_once(sent: list[Mail]) -> None:
    ask("ada")
    with outbox.opened() as connection:
        outbox.claim(connection, 10)
    assert mailing.send_due() == mailing.Tally(), "it is alive"
    the_site().life = None  # its lock is free as if it had died
    gc.collect()
    assert mailing.send_due() == mailing.Tally(sent=1)
    assert len(list((the_site().settings.data / "workers").iterdir())) == 1


def test_a_mail_that_is_repeated_has_the_same_name(sent: list[Mail]) -> None:
    ask("ada", "eve")
    mailing.send_due()
    db.session.execute(update(Delivery).values(state=DeliveryState.WAITING, due_at=NOON))
    db.session.commit()
    mailing.send_due()
    names = [mail.id for mail in sent]
    assert names[:2] == names[2:]
    assert names[0] != names[1]


def test_a_refused_address_fails_and_the_rest_goes() -> None:
    taken: list[str] = []

    def take(mail: Mail) -> None:
        if mail.recipient == "gone@example.org":
            raise AddressRefused("550 nobody")
        if mail.recipient == "odd@example.org":
            raise MessageRefused("554 not this")
        taken.append(mail.recipient)

    the_site().carrier = Post(take)
    ask("ada", "gone", "odd", "eve")
    assert mailing.send_due() == mailing.Tally(sent=2, failed=2)
    assert taken == ["ada@example.org", "eve@example.org"]
    refused = deliveries()[1]
    assert (refused.state, refused.reason) == (DeliveryState.FAILED, "550 nobody")


def test_what_is_delayed_is_tried_again_after_growing_pauses_and_given_up_in_the_end(
    clock: Clock,
) -> None:
    def take(_: Mail) -> None:
        raise MailDelayed("451 later")

    the_site().carrier = Post(take)
    ask("ada")
    pauses: list[timedelta] = []
    while (delivery := deliveries()[0]).state == DeliveryState.WAITING:
        pauses.append(delivery.due_at - clock.now)
        clock.now = delivery.due_at
        mailing.send_due()
    assert pauses[:4] == [timedelta(), *(timedelta(minutes=n) for n in (1, 2, 4))]
    assert max(pauses) == timedelta(hours=6)
    assert timedelta(days=1) < clock.now - NOON < timedelta(days=7)
    assert (delivery.state, delivery.reason) == (DeliveryState.FAILED, "451 later")


def test_one_delayed_mail_keeps_no_other_back() -> None:
    taken: list[str] = []

    def take(mail: Mail) -> None:
        if mail.recipient == "full@example.org":
            raise MailDelayed("452 full")
        taken.append(mail.recipient)

    the_site().carrier = Post(take)
    ask("ada", "full", "eve")
    assert mailing.send_due() == mailing.Tally(sent=2, delayed=1)
    assert taken == ["ada@example.org", "eve@example.org"]


def test_a_server_that_is_away_is_asked_once_and_costs_no_mail_an_attempt() -> None:
    asked: list[str] = []

    def take(mail: Mail) -> None:
        asked.append(mail.recipient)
        raise CarrierDown("it is away")

    the_site().carrier = Post(take)
    ask("ada", "eve")
    assert mailing.send_due() == mailing.Tally(delayed=2, is_down=True)
    assert asked == ["ada@example.org"]
    assert [(d.state, d.attempts, d.reason) for d in deliveries()] == [
        (DeliveryState.WAITING, 0, "it is away")
    ] * 2


def test_who_left_meanwhile_gets_nothing(sent: list[Mail]) -> None:
    ask("ada", "eve")
    db.session.delete(db.session.scalars(select(Subscriber)).first())
    db.session.commit()
    assert mailing.send_due() == mailing.Tally(sent=1)
    assert [mail.recipient for mail in sent] == ["eve@example.org"]


def test_who_leaves_while_a_batch_is_sent_gets_nothing() -> None:
    taken: list[str] = []

    def take(mail: Mail) -> None:
        taken.append(mail.recipient)
        db.session.delete(
            db.session.scalars(
                select(Subscriber).where(Subscriber.address == "eve@example.org")
            ).one()
        )
        db.session.commit()

    the_site().carrier = Post(take)
    ask("ada", "eve")
    assert mailing.send_due() == mailing.Tally(sent=1)
    assert taken == ["ada@example.org"]


def test_a_mail_that_cannot_be_written_fails_and_the_rest_goes(sent: list[Mail]) -> None:
    ask("ada", "bad", "eve")
    bad = deliveries()[1]
    bad.letter = "unheard of"
    db.session.commit()
    assert mailing.send_due() == mailing.Tally(sent=2, failed=1)
    assert "could not be written" in deliveries()[1].reason


def test_a_worker_that_is_stopped_gives_back_what_it_has_not_sent(sent: list[Mail]) -> None:
    ask("ada", "eve", "zoe")
    assert mailing.send_due(lambda: len(sent) >= 1).sent == 1
    assert states() == ["sent", "waiting", "waiting"]
    assert [delivery.attempts for delivery in deliveries()] == [1, 0, 0]


def test_one_that_is_killed_by_its_user_gives_back_too() -> None:
    def take(_: Mail) -> None:
        raise KeyboardInterrupt

    the_site().carrier = Post(take)
    ask("ada", "eve")
    with pytest.raises(KeyboardInterrupt):
        mailing.send_due()
    assert states() == ["waiting", "waiting"]


def test_several_connections_share_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mailing, "BATCH", 2)
    site, taken = the_site(), list[str]()
    site.settings = replace(site.settings, mail_connections=3)
    site.carrier = Post(lambda mail: taken.append(mail.recipient))
    make_readers(*(f"reader-{n}" for n in range(20)))
    make_article(published_at="2026-11-23T11:00:00Z")
    editing.compose_now()
    assert mailing.send_due() == mailing.Tally(sent=20)
    assert len(set(taken)) == len(taken) == 20
    assert site.carrier.connections > 1


def test_a_rate_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr(mailing.time, "monotonic", lambda: 100.0)
    monkeypatch.setattr(mailing.time, "sleep", lambda seconds: waited.append(seconds))
    pace = mailing._Pace(per_minute=30)
    for _ in range(3):
        pace.keep()
    assert waited == [0.0, 2.0, 4.0]


def edition_for(count: int) -> Edition:
    make_readers(*(f"reader-{n:02}" for n in range(count)))
    make_article(title="A brief", published_at="2026-11-23T11:00:00Z")
    return editing.compose_now()


def test_a_refusal_of_everything_pauses_the_edition_and_blames_no_reader() -> None:
    def take(_: Mail) -> None:
        raise AddressRefused("550 you are listed")

    the_site().carrier = Post(take)
    edition = edition_for(30)
    assert mailing.send_due().is_down
    db.session.expire_all()
    assert (edition.state, edition.reason) == (EditionState.PAUSED, "550 you are listed")
    assert set(states()) == {"waiting"}
    assert mailing.send_due() == mailing.Tally(), "nothing is due while it is paused"
    the_site().carrier = MemoryCarrier()
    assert posting.begin_sending() is edition
    assert posting.send(edition, lambda _: None).sent == 30
    assert edition.state == EditionState.SENT


def test_a_server_that_takes_nothing_from_us_pauses_the_edition() -> None:
    def take(_: Mail) -> None:
        raise CarrierRefuses("535 wrong password")

    the_site().carrier = Post(take)
    edition = edition_for(3)
    assert mailing.send_due().is_down
    db.session.expire_all()
    assert (edition.state, edition.reason) == (EditionState.PAUSED, "535 wrong password")


def test_what_another_worker_gives_back_of_a_paused_edition_waits_too() -> None:
    the_site().carrier = MemoryCarrier()
    edition = edition_for(3)
    with outbox.opened() as connection:
        others = outbox.claim(connection, 2)
        outbox.pause(connection, "535 wrong password")
        outbox.give_back(connection, others)
    assert mailing.send_due() == mailing.Tally()
    db.session.refresh(edition)
    outbox.resume(edition)
    db.session.commit()
    assert mailing.send_due() == mailing.Tally(sent=3)


def test_three_bad_addresses_in_a_hundred_pause_nothing() -> None:
    def take(mail: Mail) -> None:
        if mail.recipient[7:9] in ("03", "50", "51"):
            raise AddressRefused("550 nobody")

    the_site().carrier = Post(take)
    edition = edition_for(100)
    assert mailing.send_due() == mailing.Tally(sent=97, failed=3)
    editing.close_done()
    db.session.expire_all()
    assert edition.state == EditionState.SENT


def test_an_address_that_refuses_again_and_again_gets_no_more() -> None:
    def take(_: Mail) -> None:
        raise AddressRefused("550 nobody")

    the_site().carrier = Post(take)
    make_readers("gone")
    for times in range(3):
        (subscriber,) = db.session.scalars(select(Subscriber)).all()
        assert subscriber.state == SubscriberState.CONFIRMED, times
        outbox.put("confirmation", subscriber.id)
        db.session.commit()
        mailing.send_due()
        db.session.expire_all()
    assert subscriber.state == SubscriberState.BOUNCED


def test_the_mail_that_asks_says_the_same_as_text_and_as_html(sent: list[Mail]) -> None:
    ask("ada")
    mailing.send_due()
    message = read(sent[0])
    assert message["From"] == "Broadsheet <letter@127.0.0.1>"
    assert message["To"] == "ada@example.org"
    assert message["Subject"] == "Please confirm: the daily letter of Broadsheet"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    leave = message["List-Unsubscribe"].partition(">")[0].strip("<")
    text, html = (
        message.get_body((kind,)).get_content()  # type: ignore[union-attr]
        for kind in ("plain", "html")
    )
    for part in (text, html):
        assert "http://127.0.0.1:8000/newsletter/confirmation/" in part
        assert leave in part
        assert "7 days" in part
    assert "ada@example.org" not in text + html
    assert "<script" not in html
