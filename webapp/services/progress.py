"""How far the deeds have come that look again and again at what has come due."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from webapp.extensions import db
from webapp.models import Progress


def until(deed: str) -> datetime | None:
    """Give the moment until which a deed was done; None where it never was."""
    return db.session.scalar(select(Progress.until_at).where(Progress.deed == deed))


def take_turn(deed: str) -> None:
    """Wait, in the running transaction, for whoever does this deed at the moment."""
    turn = update(Progress).where(Progress.deed == deed)
    db.session.execute(turn.values(until_at=Progress.until_at))


def advance(deed: str, before: datetime | None, now: datetime) -> bool:
    """Note, in the running transaction, that a deed is done until now.

    False where another worker, who read the same as this one, was first: it is his then.
    """
    if before is None:
        try:
            with db.session.begin_nested():
                db.session.add(Progress(deed=deed, until_at=now))
        except IntegrityError:
            return False
        return True
    as_read = update(Progress).where(Progress.deed == deed, Progress.until_at == before)
    ours = as_read.values(until_at=now).returning(Progress.deed)
    return db.session.scalar(ours) is not None
