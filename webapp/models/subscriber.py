"""Someone who asked for the letter, and what is kept of one who left."""

from __future__ import annotations

import secrets
from datetime import datetime
from enum import StrEnum

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from webapp.extensions import Base
from webapp.models.columns import UtcDateTime


def new_key() -> str:
    """Give a name that nobody can guess and that says nothing of the one who has it."""
    return secrets.token_urlsafe(16)


class SubscriberState(StrEnum):
    """How far a subscription has come."""

    PENDING = "pending"
    CONFIRMED = "confirmed"


class Subscriber(Base):
    """An address, and when and how its owner asked for the letter.

    `key` names it in links, where no address may stand. `consent_form` says which form it was,
    `consent_wording` which version of its text.
    """

    __tablename__ = "subscriber"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(32), unique=True, default=new_key)
    address: Mapped[str] = mapped_column(String(320), unique=True)
    state: Mapped[SubscriberState] = mapped_column(String(20), default=SubscriberState.PENDING)
    consent_at: Mapped[datetime] = mapped_column(UtcDateTime)
    consent_form: Mapped[str] = mapped_column(String(20))
    consent_wording: Mapped[str] = mapped_column(String(20))
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Departure(Base):
    """Someone left: of the address a keyed hash is kept, so that no import brings it back."""

    __tablename__ = "departure"

    address_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    left_at: Mapped[datetime] = mapped_column(UtcDateTime)
