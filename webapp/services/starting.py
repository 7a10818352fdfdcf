"""What happens when a process begins to serve: own connections, and an index that is in step."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError

from index.contract import IndexMissing, IndexUnavailable
from webapp.extensions import Site, db, the_site
from webapp.services import indexing, noting, revising

if TYPE_CHECKING:
    from flask import Flask

log = logging.getLogger(__name__)


def begin_worker(app: Flask) -> None:
    """Make a forked process ready to serve; the index is looked after in the background."""
    with app.app_context():
        # Connections of the parent belong to it; closing them here would close them there.
        db.engine.dispose(close=False)
    threading.Thread(target=_bring_up_to_date, args=(app,), name="index", daemon=True).start()


def end_worker(app: Flask) -> None:
    """Put into the database what a process that ends has counted."""
    with app.app_context():
        noting.write_down()


def _bring_up_to_date(app: Flask) -> None:
    with app.app_context():
        try:
            revising.note_look()
            bring_index_up_to_date()
        except (IndexUnavailable, DBAPIError) as problem:
            log.error("The index could not be brought up to date: %s", problem)


def mend_in_background(app: Flask) -> None:
    """Build an index that was found missing or damaged while requests go on; one at a time."""
    site = the_site()
    if site.mending.acquire(blocking=False):
        threading.Thread(target=_mend, args=(app, site), name="index", daemon=True).start()


def _mend(app: Flask, site: Site) -> None:
    try:
        _bring_up_to_date(app)
    finally:
        site.mending.release()


def bring_index_up_to_date() -> None:
    """Build the index where it is missing or damaged, and tell it what it missed.

    What the power took with it shows in what differs from the database. Raises IndexUnavailable.
    """
    try:
        the_site().engine.verify()
        different = indexing.note_differences()
    except IndexMissing as problem:
        log.warning("%s", problem)
        indexing.rebuild()
    else:
        if different:
            log.warning("The index differs from the database in %d articles.", different)
    indexing.catch_up()
