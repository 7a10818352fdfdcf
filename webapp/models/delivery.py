"""The outbox: one row for each mail to each reader, written before the first is sent."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from webapp.extensions import Base
from webapp.models.columns import UtcDateTime


class DeliveryState(StrEnum):
    """How far a mail has come."""

    WAITING = "waiting"
    CLAIMED = "claimed"
    SENT = "sent"
    FAILED = "failed"


class Delivery(Base):
    """One mail to one subscriber, or to the `address` of one who is none.

    `due_at` is when it is to be tried next; of one that is claimed, when the claim lapses, and
    `claimed_by` names the worker.
    `sent_at` is when the other side took it, `refused_at` when it refused it for good.
    `reason` is what the other side said last, and may repeat the address: it stays in here.
    An edition, and an article, goes once to each reader. `about` is what else a mail is about.
    """

    __tablename__ = "delivery"
    __table_args__ = (
        Index("ix_delivery_due", "state", "due_at", "id"),
        Index("uq_delivery_edition", "edition_id", "subscriber_id", "letter", unique=True),
        Index("uq_delivery_article", "article_id", "subscriber_id", unique=True),
        Index("ix_delivery_edition_state", "edition_id", "state"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    subscriber_id: Mapped[int | None] = mapped_column(
        ForeignKey("subscriber.id", ondelete="CASCADE"), index=True
    )
    edition_id: Mapped[int | None] = mapped_column(ForeignKey("edition.id", ondelete="CASCADE"))
    article_id: Mapped[int | None] = mapped_column(ForeignKey("article.id", ondelete="CASCADE"))
    address: Mapped[str | None] = mapped_column(String(320))
    about: Mapped[str | None] = mapped_column(String(300))
    letter: Mapped[str] = mapped_column(String(20))
    state: Mapped[DeliveryState] = mapped_column(String(20), default=DeliveryState.WAITING)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    claimed_by: Mapped[str | None] = mapped_column(String(40))
    attempts: Mapped[int] = mapped_column(default=0)
    reason: Mapped[str] = mapped_column(String(300), default="")
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    refused_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
