"""What readers look for and do not find: counts by day, without a trace of who asked."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.exc import DBAPIError

from webapp.extensions import SearchTally, db, the_site
from webapp.models import SearchCount
from webapp.text.markup import printable_line

QUERY_LENGTH = 100
# What fewer have asked on a day could be one person's, and is forgotten when the day is over.
THRESHOLD = 3
WRITTEN_EVERY = timedelta(seconds=15)
QUERIES_IN_MEMORY = 1000
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Looked:
    """A query with its counts over some days."""

    query: str
    asked: int
    failed: int


def note_search(query: str, total: int) -> None:
    """Count a search; every quarter of a minute the counts go into the database.

    A crash forgets that quarter of a minute, and a database that is busy gets them later:
    a search is never slowed or failed by being counted.
    """
    now = the_site().clock()
    normalised = printable_line(query.casefold())[:QUERY_LENGTH].strip()
    if not normalised:
        return
    notes = the_site().notes
    with notes.lock:
        key = (now.date(), normalised)
        if key in notes.counts or len(notes.counts) < QUERIES_IN_MEMORY:
            count = notes.counts.setdefault(key, SearchTally())
            count.asked += 1
            count.failed += total == 0
        if notes.written_at and now - notes.written_at < WRITTEN_EVERY:
            return
        notes.written_at = now
    write_down()


def write_down() -> None:
    """Put the counts of this process into the database, and forget what too few have asked."""
    notes = the_site().notes
    with notes.lock:
        counts, notes.counts = notes.counts, {}
    if not counts:
        return
    try:
        _store(counts)
    except DBAPIError as problem:
        db.session.rollback()
        log.warning("Searches could not be counted now: %s", type(problem).__name__)
        with notes.lock:
            for key, count in counts.items():
                kept = notes.counts.setdefault(key, SearchTally())
                kept.asked += count.asked
                kept.failed += count.failed


def _store(counts: Mapping[tuple[date, str], SearchTally]) -> None:
    today = the_site().clock().date()
    rare = SearchCount.asked < THRESHOLD
    db.session.execute(delete(SearchCount).where(SearchCount.asked_on < today, rare))
    for (asked_on, query), count in sorted(counts.items()):
        counted = db.session.execute(
            update(SearchCount)
            .where(SearchCount.asked_on == asked_on, SearchCount.query == query)
            .values(asked=SearchCount.asked + count.asked, failed=SearchCount.failed + count.failed)
            .returning(SearchCount.asked)
        ).first()
        if counted is None:
            db.session.add(
                SearchCount(asked_on=asked_on, query=query, asked=count.asked, failed=count.failed)
            )
    db.session.commit()


def most_asked(days: int, limit: int = 20) -> list[Looked]:
    """Give what was asked most often in the last days, most frequent first."""
    return _looked(days, limit, func.sum(SearchCount.asked))


def most_failed(days: int, limit: int = 20) -> list[Looked]:
    """Give what most often found nothing in the last days, most frequent first."""
    return [each for each in _looked(days, limit, func.sum(SearchCount.failed)) if each.failed]


def _looked(days: int, limit: int, order: ColumnElement[int]) -> list[Looked]:
    since = the_site().clock().date() - timedelta(days=days - 1)
    asked, failed = func.sum(SearchCount.asked), func.sum(SearchCount.failed)
    statement = (
        select(SearchCount.query, asked, failed)
        .where(SearchCount.asked_on >= since)
        .group_by(SearchCount.query)
        .having(asked >= THRESHOLD)
        .order_by(order.desc(), SearchCount.query)
        .limit(limit)
    )
    return [Looked(*row) for row in db.session.execute(statement)]
