"""All that is due by itself: mails, erasures, the index."""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Callable

from sqlalchemy.exc import DBAPIError

from index.contract import IndexUnavailable
from webapp.extensions import db
from webapp.services import announcing, indexing, mailing, subscribing

EVERY_SECONDS = 1.0
AFTER_TROUBLE_SECONDS = 10.0
DEEDS: tuple[Callable[[], object], ...] = (
    mailing.send_due,
    subscribing.erase_unconfirmed,
    indexing.catch_up,
    announcing.announce_due,
)
log = logging.getLogger(__name__)


def run(beside: int | None = None) -> None:
    """Do what is due until SIGTERM or SIGINT, or until the process `beside` has ended.

    Several workers, on several machines, share the work safely.
    """
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    while not stop.is_set() and beside in (None, os.getppid()):
        failed = [deed for deed in DEEDS if not _done(deed)]
        stop.wait(AFTER_TROUBLE_SECONDS if failed else EVERY_SECONDS)


def _done(deed: Callable[[], object]) -> bool:
    """Do one deed; one that fails is told in the log and stops no other."""
    try:
        deed()
    except (DBAPIError, IndexUnavailable) as problem:
        db.session.rollback()
        reason = problem.orig if isinstance(problem, DBAPIError) else problem
        log.error("%s could not be done: %s", deed.__name__, reason)
        return False
    finally:
        db.session.remove()
    return True
