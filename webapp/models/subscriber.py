"""Someone who asked for the letter."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from webapp.extensions import Base
from webapp.models.columns import UtcDateTime


class SubscriberState(StrEnum):
    """How far a subscription has come."""

    PENDING = "pending"


class Subscriber(Base):
    """An address, and when and how its owner asked for the letter.

    `consent_form` says which form it was, `consent_wording` which version of its text.
    """

    __tablename__ = "subscriber"

    id: Mapped[int] = mapped_column(primary_key=True)
    address: Mapped[str] = mapped_column(String(320), unique=True)
    state: Mapped[SubscriberState] = mapped_column(String(20), default=SubscriberState.PENDING)
    consent_at: Mapped[datetime] = mapped_column(UtcDateTime)
    consent_form: Mapped[str] = mapped_column(String(20))
    consent_wording: Mapped[str] = mapped_column(String(20))
