"""The site's revision: a number that is another after every change that readers can see."""

from __future__ import annotations

from sqlalchemy import select, update

from webapp.extensions import db
from webapp.models import SiteRevision


def revision() -> int:
    """Give the number of the state that the database is in."""
    return db.session.scalars(select(SiteRevision.number)).one()


def note_visible_change() -> None:
    """Note, in the running transaction, that readers will see something else than before."""
    db.session.execute(update(SiteRevision).values(number=SiteRevision.number + 1))
