"""All that is due by itself: mails, erasures, the index."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Callable

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from index.contract import IndexUnavailable
from webapp.extensions import db
from webapp.services import (
    announcing,
    bouncing,
    editing,
    indexing,
    living,
    mailing,
    outbox,
    rates,
    rhythms,
    subscribing,
)

EVERY_SECONDS = 1.0
AFTER_TROUBLE_SECONDS = 10.0
LONGEST_PAUSE_SECONDS = 300.0
DEEDS: tuple[Callable[[], object], ...] = (
    living.own_name,  # from now on others see that this worker lives
    editing.compose_due,
    rhythms.mail_each,
    editing.release_due,
    rhythms.fill_weekly,
    editing.close_done,
    subscribing.erase_unconfirmed,
    indexing.catch_up,
    announcing.announce_due,
    bouncing.forget_old,
)
# What asks another server, or looks at many rows, is done now and then.
RARELY: tuple[Callable[[], object], ...] = (
    bouncing.read_mailbox,
    bouncing.stop_refusing,
    outbox.forget_old,
    rates.forget_over,
)
RARELY_SECONDS = 300.0
log = logging.getLogger(__name__)


def run(beside: int | None = None) -> None:
    """Do what is due until SIGTERM or SIGINT, or until the process `beside` has ended.

    Several workers, on several machines, share the work safely.
    """
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    postman, rarely_due_at = Postman(stop.is_set), 0.0
    while not stop.is_set() and beside in (None, os.getppid()):
        failed = [deed for deed in (*DEEDS, postman.send) if not _done(deed)]
        if time.monotonic() > rarely_due_at:
            for deed in RARELY:
                _done(deed)
            rarely_due_at = time.monotonic() + RARELY_SECONDS
        if failed:
            stop.wait(AFTER_TROUBLE_SECONDS)
        elif not postman.has_more:
            stop.wait(EVERY_SECONDS)
    announcing.finish()


class Postman:
    """Sends mail turn after turn; leaves a server alone for longer and longer that is away."""

    def __init__(self, is_over: Callable[[], bool]) -> None:
        self.has_more = False
        self._is_over = is_over
        self._pause = 0.0
        self._resume_at = 0.0

    def send(self) -> None:
        """Send what is due, unless the server was away just now."""
        self.has_more = False
        if time.monotonic() < self._resume_at:
            return
        tally = mailing.send_due(self._is_over)
        self._pause = min(self._pause * 2 or 5.0, LONGEST_PAUSE_SECONDS) if tally.is_down else 0.0
        self._resume_at = time.monotonic() + self._pause
        self.has_more = tally.sent > 0 and not tally.is_down


def _done(deed: Callable[[], object]) -> bool:
    """Do one deed; one that fails is told in the log and stops no other."""
    try:
        deed()
    except (SQLAlchemyError, OSError, IndexUnavailable) as problem:
        db.session.rollback()
        reason = problem.orig if isinstance(problem, DBAPIError) else problem
        log.error("%s could not be done: %s", deed.__name__, reason)
        return False
    finally:
        db.session.remove()
    return True
