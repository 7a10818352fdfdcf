"""The site's revision: a number that is another after every change that readers can see."""

from __future__ import annotations

from sqlalchemy import update

from webapp.extensions import db
from webapp.models import SiteRevision


def note_visible_change() -> None:
    """Note, in the running transaction, that readers will see something else than before."""
    db.session.execute(update(SiteRevision).values(number=SiteRevision.number + 1))
