"""Sending what is in the outbox: once to each reader, however often this is stopped."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from jinja2 import TemplateError
from sqlalchemy import Connection, select

from index.contract import IndexUnavailable
from webapp.errors import NothingToSend
from webapp.extensions import db, the_site, with_the_site
from webapp.mail import (
    AddressRefused,
    CarrierDown,
    CarrierRefuses,
    MailDelayed,
    MessageRefused,
    Send,
)
from webapp.models import (
    Bounce,
    BounceKind,
    Delivery,
    DeliveryState,
    Subscriber,
    SubscriberState,
)
from webapp.services import outbox
from webapp.services.desk import Desk
from webapp.services.outbox import Due

BATCH = 25
# So long one call sends before other deeds of its worker have their turn.
TURN_SECONDS = 10.0
# So many refused one after the other are not bad addresses: something is wrong with us.
ALL_REFUSED = 20
# An address that refused so many mails, and took none between them, gets no more.
REFUSALS = 3
# What writing a mail fails of, where the fault is in its row or its article.
UNWRITABLE = (LookupError, TypeError, ValueError, TemplateError)
log = logging.getLogger(__name__)


@dataclass(slots=True)
class Tally:
    """How many mails went, how many are to be tried again, how many never can.

    `is_down`: the other side was not there, or takes nothing from us.
    """

    sent: int = 0
    delayed: int = 0
    failed: int = 0
    is_down: bool = False

    def add(self, other: Tally) -> None:
        """Count in what another has counted."""
        self.sent += other.sent
        self.delayed += other.delayed
        self.failed += other.failed
        self.is_down |= other.is_down


@dataclass(slots=True)
class _Pace:
    """Holds all connections of a process to so many mails a minute; 0 is no limit."""

    per_minute: int
    lock: threading.Lock = field(default_factory=threading.Lock)
    next_at: float = 0.0

    def keep(self) -> None:
        if not self.per_minute:
            return
        with self.lock:
            now = time.monotonic()
            begin = max(now, self.next_at)
            self.next_at = begin + 60 / self.per_minute
        time.sleep(begin - now)


def send_due(is_over: Callable[[], bool] = lambda: False) -> Tally:
    """Send the mails now due, oldest first, for some seconds, and say how many went.

    Safe to stop and to run many times at once: each mail is claimed before it is handed over,
    and a claim lapses after five minutes. What is cut off between the other side's "accepted"
    and our commit repeats one mail, under the same Message-ID; we prefer that to a reader who
    never hears from us. `is_over` says that there is to be no further mail.
    """
    settings = the_site().settings
    ends_at = time.monotonic() + TURN_SECONDS
    pace = _Pace(settings.mail_rate)

    def ends() -> bool:
        return is_over() or time.monotonic() > ends_at

    with outbox.opened() as connection:
        outbox.take_back(connection)
    tally = Tally()
    others = [
        threading.Thread(target=with_the_site(_send_beside), args=(tally, pace, ends))
        for _ in range(settings.mail_connections - 1)
        if outbox.waiting() > BATCH
    ]
    for thread in others:
        thread.start()
    tally.add(_Round(pace, ends).send())
    for thread in others:
        thread.join()
    return tally


_counting = threading.Lock()


def _send_beside(tally: Tally, pace: _Pace, ends: Callable[[], bool]) -> None:
    counted = _Round(pace, ends).send()
    with _counting:
        tally.add(counted)


class _Round:
    """What is sent over one connection, until nothing is due or its time is over."""

    def __init__(self, pace: _Pace, ends: Callable[[], bool]) -> None:
        self._pace = pace
        self._ends = ends
        self._desk = Desk()
        self._tally = Tally()
        self._refused: list[Due] = []

    def send(self) -> Tally:
        """Send batch after batch."""
        with outbox.opened() as connection:
            batch = self._claimed(connection)
            if not batch:
                return self._tally
            try:
                with the_site().carrier.connected() as send:
                    while batch:
                        self._send_batch(connection, batch, send)
                        time.sleep(the_site().settings.mail_pause_seconds)
                        batch = self._claimed(connection)
            except CarrierDown as problem:
                # What was said may repeat an address, and stands in the table alone.
                log.warning("The mail server cannot be used now; it is tried again later.")
                self._stop(connection, batch, str(problem))
            except CarrierRefuses as problem:
                log.error("The mail server takes nothing from us; see bin/broadsheet doctor.")
                self._stop(connection, batch, str(problem))
                outbox.pause(connection, str(problem))
            except BaseException:
                outbox.give_back(connection, batch)
                raise
        return self._tally

    def _claimed(self, connection: Connection) -> list[Due]:
        return [] if self._ends() else outbox.claim(connection, BATCH)

    def _stop(self, connection: Connection, rest: list[Due], reason: str) -> None:
        outbox.give_back(connection, rest, reason)
        self._tally.delayed += len(rest)
        self._tally.is_down = True

    def _send_batch(self, connection: Connection, batch: list[Due], send: Send) -> None:
        """Send a batch; what is not sent yet stands in it when this is left by an error."""
        begin_until = the_site().clock() + outbox.CLAIM - outbox.BEGUN
        while batch:
            if self._ends() or the_site().clock() > begin_until:
                outbox.give_back(connection, batch)
                return
            self._pace.keep()
            if outbox.is_wanted(connection, batch[0]):
                self._send_one(connection, batch[0], send)
            batch.pop(0)
            if len(self._refused) >= ALL_REFUSED:
                self._give_up(connection)

    def _send_one(self, connection: Connection, due: Due, send: Send) -> None:
        try:
            mail = self._desk.write(due)
        except IndexUnavailable as problem:
            self._delay(connection, due, str(problem))
            return
        except NothingToSend as problem:
            self._fail(connection, due, str(problem))
            return
        except UNWRITABLE as problem:
            log.exception("A mail of the kind %s could not be written.", due.letter)
            self._fail(connection, due, f"It could not be written: {type(problem).__name__}")
            return
        finally:
            db.session.rollback()
        try:
            send(mail)
        except AddressRefused as problem:
            self._fail(connection, due, str(problem))
            self._refused.append(due)
            _mark_if_dead(due)
        except MessageRefused as problem:
            self._fail(connection, due, str(problem))
            self._refused.append(due)
        except MailDelayed as problem:
            self._delay(connection, due, str(problem))
        else:
            outbox.note_sent(connection, due)
            self._tally.sent += 1
            self._refused.clear()

    def _fail(self, connection: Connection, due: Due, reason: str) -> None:
        outbox.note_failed(connection, due, reason)
        self._tally.failed += 1

    def _delay(self, connection: Connection, due: Due, reason: str) -> None:
        outbox.put_off(connection, due, reason)
        self._tally.delayed += 1

    def _give_up(self, connection: Connection) -> None:
        """Take back what was refused in a row: the fault is not the readers'."""
        reason = connection.scalar(
            select(Delivery.reason).where(Delivery.id == self._refused[-1].id)
        )
        connection.rollback()
        outbox.give_back(connection, self._refused)
        self._tally.failed -= len(self._refused)
        self._refused.clear()
        raise CarrierRefuses(reason or "")


def _mark_if_dead(due: Due) -> None:
    """Write no more to an address that has refused mail for good several times."""
    if due.subscriber_id is None:
        return
    ended = (DeliveryState.SENT, DeliveryState.FAILED)
    last = (
        select(Delivery.state)
        .where(Delivery.subscriber_id == due.subscriber_id, Delivery.state.in_(ended))
        .order_by(Delivery.id.desc())
        .limit(REFUSALS)
    )
    if db.session.scalars(last).all() == [DeliveryState.FAILED] * REFUSALS:
        subscriber = db.session.get(Subscriber, due.subscriber_id)
        if subscriber is not None:
            subscriber.state = SubscriberState.BOUNCED
            bounce = Bounce(subscriber_id=subscriber.id, kind=BounceKind.HARD)
            bounce.bounced_at = the_site().clock()
            db.session.add(bounce)
    db.session.commit()
