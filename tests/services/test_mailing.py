"""The outbox: every mail goes, once, however often its worker is stopped."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from email.message import EmailMessage

import pytest
from flask import Flask
from sqlalchemy import select

from tests.conftest import NOON, Clock
from webapp.extensions import db, the_site
from webapp.mail import AddressRefused, MailDelayed, MemoryCarrier, Send
from webapp.models import Delivery, DeliveryState, Subscriber
from webapp.services import mailing, subscribing

pytestmark = pytest.mark.usefixtures("app")


class Post:
    """A carrier of which a test says how it takes each message."""

    def __init__(self, take: Callable[[EmailMessage], None]) -> None:
        self.take = take

    @contextmanager
    def connected(self) -> Iterator[Send]:
        yield self.take


@pytest.fixture
def sent(app: Flask) -> list[EmailMessage]:
    carrier = MemoryCarrier()
    the_site().carrier = carrier
    return carrier.sent


def ask(*names: str) -> None:
    for name in names:
        subscribing.sign_up(f"{name}@example.org", "page", "203.0.113.7")


def deliveries() -> list[Delivery]:
    db.session.expire_all()
    return list(db.session.scalars(select(Delivery).order_by(Delivery.id)))


def test_each_mail_goes_once(sent: list[EmailMessage]) -> None:
    ask("ada", "eve")
    assert mailing.waiting() == 2
    assert mailing.send_due() == mailing.Tally(sent=2)
    assert mailing.send_due() == mailing.Tally()
    assert [message["To"] for message in sent] == ["ada@example.org", "eve@example.org"]
    assert mailing.waiting() == 0


def test_a_worker_that_died_while_sending_is_followed_by_another(
    sent: list[EmailMessage], clock: Clock
) -> None:
    ask("ada")
    (delivery,) = deliveries()
    assert mailing._claimed(delivery.id) is not None
    # Another worker has it, and may still be at it.
    assert mailing._claimed(delivery.id) is None
    assert mailing.send_due() == mailing.Tally()
    clock.forward(minutes=10)
    assert mailing.send_due() == mailing.Tally(sent=1)
    assert len(sent) == 1


def test_a_refused_address_fails_and_the_rest_goes() -> None:
    taken: list[str] = []

    def take(message: EmailMessage) -> None:
        if message["To"] == "gone@example.org":
            raise AddressRefused("550 nobody")
        taken.append(message["To"])

    the_site().carrier = Post(take)
    ask("ada", "gone", "eve")
    assert mailing.send_due() == mailing.Tally(sent=2, failed=1)
    assert taken == ["ada@example.org", "eve@example.org"]
    refused = deliveries()[1]
    assert (refused.state, refused.reason) == (DeliveryState.FAILED, "550 nobody")


def test_what_is_delayed_is_tried_again_after_growing_pauses_and_given_up_in_the_end(
    clock: Clock,
) -> None:
    def take(_: EmailMessage) -> None:
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


def test_a_server_that_is_away_is_asked_once_and_not_for_each_mail(clock: Clock) -> None:
    asked: list[str] = []

    def take(message: EmailMessage) -> None:
        asked.append(message["To"])
        raise MailDelayed("it is away")

    the_site().carrier = Post(take)
    ask("ada", "eve")
    assert mailing.send_due() == mailing.Tally(delayed=1)
    assert asked == ["ada@example.org"]


def test_who_left_meanwhile_gets_nothing(sent: list[EmailMessage]) -> None:
    ask("ada", "eve")
    db.session.delete(db.session.scalars(select(Subscriber)).first())
    db.session.commit()
    assert mailing.send_due() == mailing.Tally(sent=1)
    assert [message["To"] for message in sent] == ["eve@example.org"]


def test_the_mail_that_asks_says_the_same_as_text_and_as_html(sent: list[EmailMessage]) -> None:
    ask("ada")
    mailing.send_due()
    (message,) = sent
    assert message["From"] == "Broadsheet <letter@127.0.0.1>"
    assert message["Subject"] == "Please confirm: the daily letter of Broadsheet"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    text, html = (
        message.get_body((kind,)).get_content()  # type: ignore[union-attr]
        for kind in ("plain", "html")
    )
    for part in (text, html):
        assert "http://127.0.0.1:8000/newsletter/confirmation/" in part
        assert message["List-Unsubscribe"].strip("<>") in part
        assert "7 days" in part
    assert "ada@example.org" not in text + html
    assert "<script" not in html
