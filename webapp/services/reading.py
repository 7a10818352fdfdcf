"""What a reader asks for by an address: an article, a topic, an author, a stretch of days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from typing import TypeVar

from sqlalchemy import select

from webapp import models
from webapp.errors import ArticleNotFound, ArticleWithdrawn, ListingNotFound
from webapp.extensions import db, the_site
from webapp.models import (
    Article,
    Articles,
    Author,
    Beside,
    FormerSlug,
    ListedArticle,
    Section,
    ShownArticle,
    Topic,
)
from webapp.services import listing

Noun = TypeVar("Noun", Topic, Author)


@dataclass(frozen=True, slots=True)
class Label:
    """What a section is called, and where it begins on its article's page."""

    label: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Month:
    """A month and how many articles are visible in it."""

    first_on: date
    count: int


@dataclass(frozen=True, slots=True)
class Year:
    """A year and its months, newest first."""

    year: int
    months: tuple[Month, ...]

    @property
    def count(self) -> int:
        """How many articles are visible in it."""
        return sum(month.count for month in self.months)


def visible() -> Articles:
    """Give all that readers see now."""
    return Articles.published(the_site().clock())


def article_at(slug: str) -> ShownArticle:
    """Give the visible article with its text.

    Raises ArticleWithdrawn for one that was taken back, ArticleNotFound for any other
    that readers may not see: strangers learn nothing of drafts.
    """
    now = the_site().clock()
    article = models.shown(slug, now)
    if article is not None:
        return article
    if models.is_withdrawn(slug, now):
        raise ArticleWithdrawn("This article was withdrawn and is no longer available.")
    raise ArticleNotFound("There is no article at this address.")


def slug_now(former: str) -> str | None:
    """Give the slug of the article that used to have this one; None where readers saw none."""
    statement = (
        select(Article)
        .join(FormerSlug, FormerSlug.article_id == Article.id)
        .where(FormerSlug.slug == former)
    )
    article, now = db.session.scalar(statement), the_site().clock()
    if article is None or not (article.is_visible(now) or article.was_published(now)):
        return None
    return article.slug


def labels_of(article: ListedArticle) -> list[Label]:
    """Give the labels of an article's sections, in order."""
    statement = (
        select(Section.label, Section.anchor)
        .where(Section.article_id == article.id, Section.label != "")
        .order_by(Section.position)
    )
    return [Label(*row) for row in db.session.execute(statement)]


def beside(article: ShownArticle) -> Beside:
    """Give the newest articles besides this one, and those nearest to it."""
    return models.beside(article.id, the_site().clock())


def topic_at(slug: str) -> Topic:
    """Give the topic. Raises ListingNotFound."""
    return _named(Topic, slug, "There is no such topic.")


def author_at(slug: str) -> Author:
    """Give the author. Raises ListingNotFound."""
    return _named(Author, slug, "There is no author of this name.")


def _named(noun: type[Noun], slug: str, sentence: str) -> Noun:
    row = db.session.scalar(select(noun).where(noun.slug == slug))
    if row is None:
        raise ListingNotFound(sentence)
    return row


def stretch(
    year: int, month: int | None = None, day: int | None = None
) -> tuple[datetime, datetime]:
    """Give the moments at which a year, month or day of the site's time zone begins and ends.

    Raises ListingNotFound for a date that no calendar has.
    """
    try:
        first = date(year, month or 1, day or 1)
        if day:
            after = first + timedelta(days=1)
        elif month:
            after = (first + timedelta(days=31)).replace(day=1)
        else:
            after = date(year + 1, 1, 1)
        zone = the_site().settings.time_zone
        start, end = (datetime.combine(on, time(), zone) for on in (first, after))
        # The first and last days of the calendar are not there in every zone.
        start.astimezone(UTC), end.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ListingNotFound("There is no such day.") from None
    return start, end


def archive() -> list[Year]:
    """Count the visible articles by year and month of the site's time zone, newest first."""
    counted = listing.months(visible(), the_site().settings.time_zone)
    newest_first = groupby((Month(*each) for each in counted), lambda month: month.first_on.year)
    return [Year(year, tuple(of_year)) for year, of_year in newest_first]
