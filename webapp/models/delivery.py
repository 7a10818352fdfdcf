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
    """One mail to one subscriber.

    `due_at` is when it is to be tried next; of one that is claimed, when the claim lapses.
    `reason` is what the other side said last, and may repeat the address: it stays in here.
    """

    __tablename__ = "delivery"
    __table_args__ = (Index("ix_delivery_due", "state", "due_at", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    subscriber_id: Mapped[int] = mapped_column(
        ForeignKey("subscriber.id", ondelete="CASCADE"), index=True
    )
    letter: Mapped[str] = mapped_column(String(20))
    state: Mapped[DeliveryState] = mapped_column(String(20), default=DeliveryState.WAITING)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(default=0)
    reason: Mapped[str] = mapped_column(String(300), default="")
