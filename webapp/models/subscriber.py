"""Someone who asked for the letter, what is wanted of it, and what is kept of one who left."""

from __future__ import annotations

import secrets
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Column, ForeignKey, Index, String, Table, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.extensions import Base
from webapp.models.columns import UtcDateTime
from webapp.models.naming import Topic


def new_key() -> str:
    """Give a name that nobody can guess and that says nothing of the one who has it."""
    return secrets.token_urlsafe(16)


class SubscriberState(StrEnum):
    """How far a subscription has come; to one that bounced no mail goes any more."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    BOUNCED = "bounced"


class Frequency(StrEnum):
    """How often somebody wants to be written to."""

    DAILY = "daily"
    WEEKLY = "weekly"
    EACH = "each"


subscriber_topic = Table(
    "subscriber_topic",
    Base.metadata,
    Column("subscriber_id", ForeignKey("subscriber.id", ondelete="CASCADE"), primary_key=True),
    Column("topic_id", ForeignKey("topic.id", ondelete="CASCADE"), primary_key=True, index=True),
)


class Subscriber(Base):
    """An address, when and how its owner asked for the letter, and what of it is wanted.

    `key` names it in links, where no address may stand. `consent_form` says which form it was,
    `consent_wording` which version of its text. `weekday` is that of a weekly letter, 0 for
    Monday. Without `has_all_topics` only `topics` are wanted, and they may be none.
    """

    __tablename__ = "subscriber"
    __table_args__ = (Index("ix_subscriber_frequency", "state", "frequency", "weekday"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(32), unique=True, default=new_key)
    address: Mapped[str] = mapped_column(String(320), unique=True)
    state: Mapped[SubscriberState] = mapped_column(String(20), default=SubscriberState.PENDING)
    consent_at: Mapped[datetime] = mapped_column(UtcDateTime)
    consent_form: Mapped[str] = mapped_column(String(20))
    consent_wording: Mapped[str] = mapped_column(String(20))
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    frequency: Mapped[Frequency] = mapped_column(
        String(10), default=Frequency.DAILY, server_default="daily"
    )
    weekday: Mapped[int] = mapped_column(default=0, server_default="0")
    has_all_topics: Mapped[bool] = mapped_column(default=True, server_default="1")

    topics: Mapped[list[Topic]] = relationship(
        secondary=subscriber_topic, order_by=Topic.name, passive_deletes=True
    )
    searches: Mapped[list[FollowedSearch]] = relationship(
        order_by="FollowedSearch.id", cascade="all, delete-orphan", passive_deletes=True
    )


class FollowedSearch(Base):
    """A search of which a subscriber wants to hear when it finds something new."""

    __tablename__ = "followed_search"
    __table_args__ = (UniqueConstraint("subscriber_id", "query"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    subscriber_id: Mapped[int] = mapped_column(ForeignKey("subscriber.id", ondelete="CASCADE"))
    query: Mapped[str] = mapped_column(String(200), index=True)


class BounceKind(StrEnum):
    """What came back: never again (hard), not this time (soft), or "this is spam" (complaint)."""

    HARD = "hard"
    SOFT = "soft"
    COMPLAINT = "complaint"


class Bounce(Base):
    """A mail to a subscriber came back."""

    __tablename__ = "bounce"
    __table_args__ = (Index("ix_bounce_subscriber_id", "subscriber_id", "bounced_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    subscriber_id: Mapped[int] = mapped_column(ForeignKey("subscriber.id", ondelete="CASCADE"))
    kind: Mapped[BounceKind] = mapped_column(String(10))
    bounced_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Departure(Base):
    """Someone left: of the address a keyed hash is kept, so that no import brings it back."""

    __tablename__ = "departure"

    address_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    left_at: Mapped[datetime] = mapped_column(UtcDateTime)
