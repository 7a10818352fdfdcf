"""Sending what is in the outbox: once to each reader, however often this is stopped."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import cast

from jinja2 import TemplateError
from sqlalchemy import Connection

from index.contract import IndexUnavailable
from webapp.errors import NothingToSend
from webapp.extensions import db, the_site, with_the_site
from webapp.mail import (
    AddressRefused,
    CarrierDown,
    CarrierRefuses,
    Mail,
    MailDelayed,
    MessageRefused,
    Send,
)
from webapp.services import claiming, outbox
from webapp.services.claiming import Due
from webapp.services.desk import Desk

BATCH = 25
# So long one call sends before other deeds of its worker have their turn.
TURN_SECONDS = 10.0
# So long a wait is slept through before it is seen whether there is to be no further mail.
STEP_SECONDS = 0.25
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
class Pace:
    """Holds all connections of a process to so many mails a minute, and to their rests.

    `unnoted` are mails that are on the other side, but the database would not note it.
    """

    per_minute: int  # 0 is no limit
    rest_seconds: int
    unnoted: list[Due] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _next_at: float = 0.0
    _rested_at: dict[int, float] = field(default_factory=dict)

    def keep(self, is_over: Callable[[], bool]) -> bool:
        """Wait for the turn of a mail; False where it is over before."""
        interval = 60 / self.per_minute if self.per_minute else 0.0
        while not is_over():
            with self._lock:
                now = time.monotonic()
                if self._next_at <= now:
                    self._next_at = now + interval
                    return True
                wait = self._next_at - now
            time.sleep(min(wait, STEP_SECONDS))
        return False

    def rest(self, connection: int) -> None:
        """Have a connection rest for a while."""
        self._rested_at[connection] = time.monotonic() + self.rest_seconds

    def is_rested(self, connection: int, is_over: Callable[[], bool]) -> bool:
        """Wait until a connection has rested; False where it is over before."""
        while not is_over():
            wait = self._rested_at.get(connection, 0.0) - time.monotonic()
            if wait <= 0:
                return True
            time.sleep(min(wait, STEP_SECONDS))
        return False


def _pace() -> Pace:
    """Give the pace of this process: it lasts from turn to turn."""
    site, settings = the_site(), the_site().settings
    if site.pace is None:
        site.pace = Pace(settings.mail_rate, settings.mail_pause_seconds)
    return cast(Pace, site.pace)


def send_due(is_over: Callable[[], bool] = lambda: False) -> Tally:
    """Send the mails now due, oldest first, for some seconds, and say how many went.

    Safe to stop and to run many times at once: each mail is claimed before it is handed over,
    and a claim lapses after five minutes. What is cut off between the other side's "accepted"
    and our commit repeats one mail, under the same Message-ID; we prefer that to a reader who
    never hears from us. `is_over` says that there is to be no further mail.
    """
    ends_at = time.monotonic() + TURN_SECONDS
    pace, tally = _pace(), Tally()

    def ends() -> bool:
        return is_over() or time.monotonic() > ends_at

    with claiming.opened() as connection:
        _note_again(connection, pace)
        claiming.take_back(connection)
    others = the_site().settings.mail_connections - 1 if outbox.waiting() > BATCH else 0
    with ThreadPoolExecutor(others or 1) as threads:
        send = with_the_site(lambda number: _Round(number, pace, ends).send())
        beside = [threads.submit(send, number) for number in range(1, others + 1)]
        tally.add(_Round(0, pace, ends).send())
        for sent in beside:
            tally.add(sent.result())
    return tally


def _note_again(connection: Connection, pace: Pace) -> None:
    while pace.unnoted:
        claiming.note_sent(connection, pace.unnoted[0])
        pace.unnoted.pop(0)


class _Round:
    """What is sent in a turn by one of the connections, until nothing is due or it is over."""

    def __init__(self, number: int, pace: Pace, ends: Callable[[], bool]) -> None:
        self._number = number
        self._pace = pace
        self._ends = ends
        self._desk = Desk()
        self._tally = Tally()
        self._unwritten: set[str] = set()

    def send(self) -> Tally:
        """Send batch after batch."""
        with claiming.opened() as connection:
            while batch := self._claimed(connection):
                before = self._tally.sent
                self._send_connected(connection, batch)
                # A server that hangs up after some mails takes more over another connection.
                if self._tally.is_down or self._tally.sent == before:
                    break
        return self._tally

    def _send_connected(self, connection: Connection, batch: list[Due]) -> None:
        """Send over one connection; what is left when it ends goes back."""
        before = self._tally.sent
        try:
            with the_site().carrier.connected() as send:
                while batch:
                    self._send_batch(connection, batch, send)
                    self._pace.rest(self._number)
                    batch += self._claimed(connection)
        except CarrierDown as problem:
            claiming.give_back(connection, batch, str(problem))
            if self._tally.sent == before:
                # What was said may repeat an address, and stands in the table alone.
                log.warning("The mail server cannot be used now; it is tried again later.")
                self._is_down(len(batch))
        except CarrierRefuses as problem:
            log.error("The mail server takes nothing from us; see bin/broadsheet doctor.")
            claiming.give_back(connection, batch, str(problem))
            self._is_down(len(batch))
            outbox.pause(connection, str(problem))
        except BaseException:
            connection.rollback()
            claiming.give_back(connection, batch)
            raise

    def _claimed(self, connection: Connection) -> list[Due]:
        may = self._pace.is_rested(self._number, self._ends)
        return claiming.claim(connection, BATCH) if may else []

    def _is_down(self, left: int) -> None:
        self._tally.delayed += left
        self._tally.is_down = True

    def _send_batch(self, connection: Connection, batch: list[Due], send: Send) -> None:
        """Send a batch; what is not sent yet stands in it when this is left by an error."""
        begin_until = batch[0].lapses_at - claiming.BEGUN
        while batch:
            if not self._pace.keep(self._ends) or the_site().clock() > begin_until:
                claiming.give_back(connection, batch)
                batch.clear()
            elif claiming.is_wanted(connection, batch[0]):
                self._send_one(connection, batch, send)
            else:
                batch.pop(0)

    def _send_one(self, connection: Connection, batch: list[Due], send: Send) -> None:
        due = batch[0]
        mail = self._written(connection, due)
        if mail is not None:
            try:
                send(mail)
            except (AddressRefused, MessageRefused) as problem:
                self._refuse(connection, due, str(problem))
            except MailDelayed as problem:
                self._delay(connection, due, str(problem))
            except CarrierDown as problem:
                # It may be at this one that the server hangs up: others go before it does again.
                batch.pop(0)
                self._delay(connection, due, str(problem))
                raise
            else:
                self._note_sent(connection, due, batch)
                return
        batch.pop(0)

    def _note_sent(self, connection: Connection, due: Due, batch: list[Due]) -> None:
        """Note that a mail went; where the database will not, it is no part of the batch either."""
        batch.pop(0)
        self._tally.sent += 1
        self._pace.unnoted.append(due)
        claiming.note_sent(connection, due)
        self._pace.unnoted.remove(due)

    def _written(self, connection: Connection, due: Due) -> Mail | None:
        """Write a mail; None where there is none, or none can be written now."""
        try:
            return self._desk.write(due)
        except IndexUnavailable as problem:
            self._delay(connection, due, str(problem))
        except NothingToSend as problem:
            if due.wishes.searches:
                claiming.drop(connection, due)
            else:
                self._fail(connection, due, str(problem), is_refused=False)
        except UNWRITABLE as problem:
            # Said once: what fails for each reader alike would fill the log.
            if due.letter not in self._unwritten:
                log.exception("A mail of the kind %s could not be written.", due.letter)
                self._unwritten.add(due.letter)
            self._delay(connection, due, f"It could not be written: {type(problem).__name__}")
        finally:
            db.session.rollback()
        return None

    def _refuse(self, connection: Connection, due: Due, reason: str) -> None:
        """Note that a mail was refused for good. Raises CarrierRefuses where everything is."""
        self._fail(connection, due, reason, is_refused=True)
        # What anyone can have us send to any address says nothing of us.
        if due.is_news and claiming.is_all_refused(connection, due):
            claiming.take_up_again(connection, due)
            raise CarrierRefuses(reason)

    def _fail(self, connection: Connection, due: Due, reason: str, *, is_refused: bool) -> None:
        claiming.note_failed(connection, due, reason, is_refused=is_refused)
        self._tally.failed += 1

    def _delay(self, connection: Connection, due: Due, reason: str) -> None:
        claiming.put_off(connection, due, reason)
        self._tally.delayed += 1
