"""What the site notes for itself: its revision, its progress, rate counts, what is due."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from webapp.extensions import Base
from webapp.models.columns import UtcDateTime


class SiteRevision(Base):
    """The one row that is another after every change that readers can see.

    `changed_at` is a whole second, and later than that of any revision before; `look` is a
    hash of what pages are made with.
    """

    __tablename__ = "site_revision"

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int]
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    look: Mapped[str] = mapped_column(String(64))


class Progress(Base):
    """Until when a deed that looks at what has come due has been done."""

    __tablename__ = "progress"

    deed: Mapped[str] = mapped_column(String(30), primary_key=True)
    until_at: Mapped[datetime] = mapped_column(UtcDateTime)


class IndexChange(Base):
    """An article changed, in the same transaction; the row goes when the index has heard of it."""

    __tablename__ = "index_change"
    # An id that was used is never used again, so that a row can be told from its successor.
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(primary_key=True)
    article_id: Mapped[int]


class RelatedDue(Base):
    """The index has changed: an article's related ones are to be found anew, then the row goes.

    `has_changed` says that the article itself is another than before, so that its neighbours
    are due as well.
    """

    __tablename__ = "related_due"
    # As above: what became due again while it was being done is due still.
    __table_args__ = (
        Index("ix_related_due_has_changed", "has_changed", "article_id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    article_id: Mapped[int]
    has_changed: Mapped[bool]


class RateCount(Base):
    """How often something was done within a window of time that ends at `expires_at`."""

    __tablename__ = "rate_count"

    key: Mapped[str] = mapped_column(String(200), primary_key=True)
    count: Mapped[int]
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
