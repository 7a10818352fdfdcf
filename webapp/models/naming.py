"""What articles are filed under: authors and topics."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table
from sqlalchemy.orm import Mapped, mapped_column

from webapp.extensions import Base
from webapp.models.columns import UtcDateTime


def _filing(noun: str) -> Table:
    """Make the table that files articles under a noun, in the order of `position`.

    `listed_at` is the moment from which on readers see the article there; NULL for one that
    they are not to see. It repeats what the article says, so that one index holds a listing.
    """
    return Table(
        f"article_{noun}",
        Base.metadata,
        Column("article_id", ForeignKey("article.id", ondelete="CASCADE"), primary_key=True),
        Column(f"{noun}_id", ForeignKey(f"{noun}.id", ondelete="CASCADE"), primary_key=True),
        Column("position", Integer, nullable=False),
        Column("listed_at", UtcDateTime),
        Index(f"ix_article_{noun}_listed", f"{noun}_id", "listed_at", "article_id"),
    )


article_author = _filing("author")
article_topic = _filing("topic")


class Author(Base):
    """Someone who writes."""

    __tablename__ = "author"
    __table_args__ = (Index("ix_author_name", "name", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(120), unique=True)
    name: Mapped[str] = mapped_column(String(200))


class Topic(Base):
    """Something that is written about."""

    __tablename__ = "topic"
    __table_args__ = (Index("ix_topic_name", "name", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(120), unique=True)
    name: Mapped[str] = mapped_column(String(200))
