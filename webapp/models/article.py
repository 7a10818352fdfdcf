"""An article, its labelled sections, and the addresses it used to have."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.extensions import Base
from webapp.models.columns import UtcDateTime
from webapp.models.correction import Correction
from webapp.models.naming import Author, Topic, article_author, article_topic
from webapp.text.languages import direction_of

WORDS_PER_MINUTE = 238  # Brysbaert, "How many words do we read per minute?", 2019


def minutes_of(words: int) -> int:
    """How long so many words take to read, in whole minutes, one at least."""
    return max(1, round(words / WORDS_PER_MINUTE))


class Status(StrEnum):
    """What has been decided about an article; whether readers see it also depends on the hour."""

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"


class Article(Base):
    """One text with everything that is shown of it.

    `body` is as written, in `body_format` "markdown" or "html"; what readers get is in
    `sections`, sanitised when it was written. Readers see it once it is published or
    scheduled and `published_at` has come.
    """

    __tablename__ = "article"
    __table_args__ = (
        # Whole orders and filters of the listings, so that no listing looks into the articles.
        Index("ix_article_listed", "published_at", "id", "status"),
        Index("ix_article_source_listed", "source_domain", "published_at", "id", "status"),
        Index("ix_article_source_url", "source_url"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    external_id: Mapped[str | None] = mapped_column(String(200), unique=True)
    slug: Mapped[str] = mapped_column(String(200), unique=True)
    title: Mapped[str] = mapped_column(String(500))
    summary: Mapped[str] = mapped_column(Text, default="")
    body: Mapped[str] = mapped_column(Text)
    body_format: Mapped[str] = mapped_column(String(20), default="markdown")
    source_title: Mapped[str] = mapped_column(String(500), default="")
    source_url: Mapped[str] = mapped_column(String(2000), default="")
    source_domain: Mapped[str] = mapped_column(String(255), default="")
    language: Mapped[str] = mapped_column(String(35))
    status: Mapped[Status] = mapped_column(String(20), default=Status.DRAFT)
    published_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    image_name: Mapped[str] = mapped_column(String(100), default="")
    image_alt: Mapped[str] = mapped_column(String(1000), default="")
    image_width: Mapped[int] = mapped_column(default=0)
    image_height: Mapped[int] = mapped_column(default=0)
    word_count: Mapped[int] = mapped_column(default=0)
    import_digest: Mapped[str] = mapped_column(String(64), default="")

    sections: Mapped[list[Section]] = relationship(
        order_by="Section.position", cascade="all, delete-orphan", passive_deletes=True
    )
    authors: Mapped[list[Author]] = relationship(
        secondary=article_author, order_by=article_author.c.position, viewonly=True
    )
    topics: Mapped[list[Topic]] = relationship(
        secondary=article_topic, order_by=article_topic.c.position, viewonly=True
    )

    corrections: Mapped[list[Correction]] = relationship(
        order_by=(Correction.corrected_at, Correction.id),
        cascade="all, delete-orphan",
        passive_deletes=True,
    )

    @property
    def is_listed(self) -> bool:
        """Whether readers see it now or once its time has come."""
        return self.status in (Status.PUBLISHED, Status.SCHEDULED) and self.published_at is not None

    @property
    def listed_at(self) -> datetime | None:
        """The moment from which on readers see it; None where they are not to."""
        return self.published_at if self.is_listed else None

    def is_visible(self, now: datetime) -> bool:
        """Whether readers see it now."""
        return self.is_listed and self.published_at is not None and self.published_at <= now

    def was_published(self, now: datetime) -> bool:
        """Whether readers saw it once, and it has been taken back since."""
        is_withdrawn = self.status == Status.WITHDRAWN
        return is_withdrawn and self.published_at is not None and self.published_at <= now

    @property
    def html(self) -> str:
        """The whole rendered text: sanitised HTML without the marks of a page around it."""
        return "\n".join(section.html for section in self.sections)

    @property
    def direction(self) -> str:
        """Which way its language is written: ltr or rtl."""
        return direction_of(self.language)


class Section(Base):
    """A part of an article's text; the lead, before the first label, has neither label nor anchor.

    `html` is sanitised and holds the label as it is printed; `text` is plain, without it.
    """

    __tablename__ = "section"

    article_id: Mapped[int] = mapped_column(
        ForeignKey("article.id", ondelete="CASCADE"), primary_key=True
    )
    position: Mapped[int] = mapped_column(primary_key=True)
    label: Mapped[str] = mapped_column(String(200))
    anchor: Mapped[str] = mapped_column(String(200))
    html: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)


class FormerSlug(Base):
    """A slug that an article used to have and that still leads to it."""

    __tablename__ = "former_slug"

    slug: Mapped[str] = mapped_column(String(200), primary_key=True)
    article_id: Mapped[int] = mapped_column(
        ForeignKey("article.id", ondelete="CASCADE"), index=True
    )
