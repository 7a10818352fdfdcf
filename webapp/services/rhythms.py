"""The other rhythms than a letter a day: one a week, and each article by itself."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import select, update

from webapp.extensions import db, the_site
from webapp.models import Delivery, Edition, EditionState, Frequency, Subscriber
from webapp.services import editing, hours, outbox, progress

# As far as these have come.
WEEKLY, EACH = "weekly", "each"


def fill_weekly() -> None:
    """Put the week's letter into the outbox on each reader's day, once its edition has gone.

    Days that went by without a worker are made up for, at most a week of them.
    """
    hour, before = hours.last_due(the_site().clock()), progress.until(WEEKLY)
    if hour is not None and before is None:
        # Who has just begun does not write of the time before.
        progress.advance(WEEKLY, None, hour)
    while hour is not None and before is not None and before < hour:
        due = hours.next_due(max(before, hours.week_before(hour)))
        # The editors of one that is held may yet change it.
        if due is None or _is_held(due) or not progress.advance(WEEKLY, before, due):
            break
        _fill_week(due, [hours.weekday(due)])
        db.session.commit()
        before = due
    db.session.commit()


def _is_held(until: datetime) -> bool:
    held = (Edition.state == EditionState.HELD, Edition.published_until <= until)
    return db.session.scalar(select(Edition.id).where(*held).limit(1)) is not None


def fill_weekly_by_hand() -> None:
    """Put the week's letter into the outbox of all whose day it was since this was last done.

    For a site whose editions have no hour, and go by hand.
    """
    now, before = the_site().clock(), progress.until(WEEKLY)
    if the_site().settings.letter_at is None and progress.advance(WEEKLY, before, now):
        days = (hours.day_of(now) - hours.day_of(before)).days if before else 1
        today = hours.weekday(now)
        _fill_week(now, {(today - n) % 7 for n in range(min(days, 7))})
    db.session.commit()


def _fill_week(until: datetime, weekdays: Collection[int]) -> None:
    edition, since = editing.last_before(until), hours.week_before(until)
    if edition is None or edition.published_until <= since:
        return
    readers = (*editing.readers(Frequency.WEEKLY), Subscriber.weekday.in_(weekdays))
    ids = editing.published(since, until)
    outbox.fill("weekly", (Delivery.edition_id, edition.id), readers, ids, about=until.isoformat())
    is_gone = (Edition.id == edition.id, Edition.state == EditionState.SENT)
    db.session.execute(update(Edition).where(*is_gone).values(state=EditionState.SENDING))


def mail_each() -> None:
    """Put what was just published into the outbox of those who want each article by itself."""
    now, before = the_site().clock(), progress.until(EACH)
    if before is None:
        progress.advance(EACH, None, now)
        db.session.commit()
        return
    ids = _not_mailed(editing.published(max(before - editing.LATE, now - hours.DAY), now))
    # Whoever finds nothing to do takes no turn to write.
    if not ids or not progress.advance(EACH, before, now):
        db.session.rollback()
        return
    for id in reversed(ids):
        outbox.fill("article", (Delivery.article_id, id), editing.readers(Frequency.EACH), [id])
    db.session.commit()


def _not_mailed(ids: Sequence[int]) -> list[int]:
    mailed = select(Delivery.article_id).where(Delivery.article_id.in_(ids)).distinct()
    gone = set(db.session.scalars(mailed)) if ids else set()
    return [id for id in ids if id not in gone]
