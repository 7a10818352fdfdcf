"""Sending what is in the outbox: once to each reader, however often this is stopped."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from email.message import EmailMessage

from sqlalchemy import func, select, update

from webapp.extensions import db, the_site
from webapp.mail import AddressRefused, MailDelayed, Send, compose
from webapp.models import Delivery, DeliveryState, Subscriber
from webapp.services import account_letters, linking
from webapp.services.dressing import shades_of
from webapp.text.addresses import letter_path

CONFIRMATION_DAYS = 7
CLAIM = timedelta(minutes=10)
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=6)
MOST_ATTEMPTS = 14  # by then two days have gone by
log = logging.getLogger(__name__)


@dataclass(slots=True)
class Tally:
    """How many mails went, how many are to be tried again, how many never can."""

    sent: int = 0
    delayed: int = 0
    failed: int = 0


def put_into_outbox(letter: str, subscriber_id: int) -> None:
    """Have a mail sent, once the running transaction is through."""
    now = the_site().clock()
    db.session.add(Delivery(subscriber_id=subscriber_id, letter=letter, due_at=now))


def send_due(limit: int = 50) -> Tally:
    """Send the mails now due, oldest first, and say how many went.

    Safe to stop and to run twice at once: each mail is claimed before it is handed over, and
    a claim lapses after ten minutes. What is cut off between the other side's "accepted" and
    our commit repeats one mail; we prefer that to a reader who never hears from us.
    """
    tally = Tally()
    due = _due(limit)
    if not due:
        return tally
    try:
        with the_site().carrier.connected() as send:
            for id in due:
                if not _sent(id, send, tally):
                    break
    except MailDelayed as problem:
        _put_off(due[0], str(problem))
        tally.delayed += 1
    return tally


def waiting() -> int:
    """Count the mails that are still to go."""
    still = select(func.count()).select_from(Delivery).where(Delivery.state.in_(_OPEN))
    return db.session.scalar(still) or 0


_OPEN = (DeliveryState.WAITING, DeliveryState.CLAIMED)


def _due(limit: int) -> list[int]:
    now = the_site().clock()
    # Of a claimed one `due_at` is when its claim lapses: its worker is no more.
    due = select(Delivery.id).where(Delivery.state.in_(_OPEN), Delivery.due_at <= now)
    ids = db.session.scalars(due.order_by(Delivery.due_at, Delivery.id).limit(limit)).all()
    db.session.rollback()
    return list(ids)


def _sent(id: int, send: Send, tally: Tally) -> bool:
    """Send one mail; False where it is of no use to try the next one now."""
    delivery = _claimed(id)
    if delivery is None:  # another worker has it
        return True
    try:
        send(_written(delivery))
    except AddressRefused as problem:
        _close(id, DeliveryState.FAILED, str(problem))
        tally.failed += 1
    except MailDelayed as problem:
        tally.delayed += 1
        _put_off(id, str(problem))
        return False
    else:
        _close(id, DeliveryState.SENT, "")
        tally.sent += 1
    return True


def _claimed(id: int) -> Delivery | None:
    now = the_site().clock()
    free = (Delivery.id == id, Delivery.state.in_(_OPEN), Delivery.due_at <= now)
    claim = {"state": DeliveryState.CLAIMED, "due_at": now + CLAIM}
    claimed = update(Delivery).where(*free).values(**claim, attempts=Delivery.attempts + 1)
    ours = db.session.scalar(claimed.returning(Delivery.id))
    db.session.commit()
    return db.session.get(Delivery, ours, populate_existing=True) if ours else None


def _close(id: int, state: DeliveryState, reason: str) -> None:
    closed = update(Delivery).where(Delivery.id == id)
    db.session.execute(closed.values(state=state, reason=reason))
    db.session.commit()


def _put_off(id: int, reason: str) -> None:
    """Try a mail again later, each time after twice the pause; give it up in the end."""
    # Why stands in the table alone: servers repeat addresses in what they say.
    log.warning("A mail was not taken; it is tried again later.")
    delivery = db.session.get(Delivery, id, populate_existing=True)
    if delivery is None:  # its reader has left
        return
    if delivery.attempts >= MOST_ATTEMPTS:
        delivery.state = DeliveryState.FAILED
    else:
        delivery.state = DeliveryState.WAITING
        pause = min(FIRST_PAUSE * 2 ** max(0, delivery.attempts - 1), LONGEST_PAUSE)
        delivery.due_at = the_site().clock() + pause
    delivery.reason = reason
    db.session.commit()


def _written(delivery: Delivery) -> EmailMessage:
    subscriber = db.session.get_one(Subscriber, delivery.subscriber_id)
    if delivery.letter in account_letters.LETTERS:
        names = account_letters.LETTERS[delivery.letter](subscriber, delivery)
        message = _to(delivery.address or subscriber.address, delivery.letter, **names)
        return _with_way_out(message, str(names["leave"])) if "leave" in names else message
    return LETTERS[delivery.letter](subscriber)


def _confirmation(subscriber: Subscriber) -> EmailMessage:
    """Ask whether the one who has this address asked for the letter."""
    settings = the_site().settings
    token = linking.sign("confirmation", subscriber.key)
    leave = settings.site_url + letter_path(
        "unsubscription", linking.sign("departure", subscriber.key)
    )
    message = _to(
        subscriber.address,
        "confirmation",
        link=settings.site_url + letter_path("confirmation", token),
        leave=leave,
        days=CONFIRMATION_DAYS,
    )
    return _with_way_out(message, leave)


def _with_way_out(message: EmailMessage, leave: str) -> EmailMessage:
    message["List-Unsubscribe"] = f"<{leave}>"
    # RFC 8058: the program that shows the mail may leave for its reader, by one POST.
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return message


LETTERS: dict[str, Callable[[Subscriber], EmailMessage]] = {"confirmation": _confirmation}
"""Every kind of mail, and how it is written."""


def _to(address: str, letter: str, **names: object) -> EmailMessage:
    settings = the_site().settings
    sender = (settings.site_name, settings.sender)
    return compose(
        letter,
        sender=sender,
        to=address,
        at=the_site().clock(),
        accent=shades_of(settings.accent).light,
        shades=shades_of(settings.accent),
        **names,
    )
