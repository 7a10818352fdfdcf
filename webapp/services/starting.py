"""What happens when a process begins to serve: own connections, and an index that is in step."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError

from index.contract import IndexMissing, IndexUnavailable
from webapp.extensions import db, the_site
from webapp.services import indexing, noting

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
            bring_index_up_to_date()
        except (IndexUnavailable, DBAPIError) as problem:
            log.error("The index could not be brought up to date: %s", problem)


def bring_index_up_to_date() -> None:
    """Build the index when there is none, and tell it what it missed. Raises IndexUnavailable."""
    try:
        next(iter(the_site().engine.stamps()), None)
    except IndexMissing:
        indexing.rebuild()
    indexing.catch_up()
