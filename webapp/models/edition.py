"""An edition of the letter: the briefs of a day, at an address of its own."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.extensions import Base
from webapp.models.columns import UtcDateTime


class EditionState(StrEnum):
    """How far an edition has come: composed, on its way to readers, with all of them, or not."""

    HELD = "held"
    SENDING = "sending"
    PAUSED = "paused"
    SENT = "sent"
    CANCELLED = "cancelled"


PUBLIC = (EditionState.SENDING, EditionState.PAUSED, EditionState.SENT)
"""The states in which readers can see an edition."""


class Edition(Base):
    """What was published since the last one, until `published_until`, in its order.

    `slug` is its day, as in 2026-11-23; a second one of a day ends in -2. It goes to readers at
    `due_at`. An empty `subject` is that of its lead; `reason` says why one is paused.
    """

    __tablename__ = "edition"
    __table_args__ = (Index("ix_edition_state", "state", "due_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(20), unique=True)
    state: Mapped[EditionState] = mapped_column(String(20), default=EditionState.HELD)
    composed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    published_until: Mapped[datetime] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    subject: Mapped[str] = mapped_column(String(300), default="")
    note: Mapped[str] = mapped_column(Text, default="")
    reason: Mapped[str] = mapped_column(String(300), default="")

    briefs: Mapped[list[EditionArticle]] = relationship(
        order_by="EditionArticle.position", cascade="all, delete-orphan", passive_deletes=True
    )

    @property
    def is_public(self) -> bool:
        """Whether readers can see it."""
        return self.state in PUBLIC


class EditionArticle(Base):
    """The place of an article in an edition; the lead has position 0."""

    __tablename__ = "edition_article"

    edition_id: Mapped[int] = mapped_column(
        ForeignKey("edition.id", ondelete="CASCADE"), primary_key=True
    )
    position: Mapped[int] = mapped_column(primary_key=True)
    article_id: Mapped[int] = mapped_column(
        ForeignKey("article.id", ondelete="CASCADE"), index=True
    )
