"""Listings by pages: how many articles there are, and any page in the time of the first.

A listing is gone through once after a change; the landmarks found then let every page begin
near its first article. They count what is not due yet too, so that the clock changes nothing.
Counts by name or month are kept likewise, as long as nothing comes due.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import Literal, TypeVar

from sqlalchemy import select

from webapp.extensions import db, the_site
from webapp.models import Articles, ListedArticle, SiteRevision, listed_in_order
from webapp.models.articles import STRIDE, Count, Landmarks

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Listing:
    """A listing as readers see it now."""

    articles: Articles
    landmarks: Landmarks
    ahead: int

    @property
    def total(self) -> int:
        """How many articles it has."""
        return self.landmarks.total - self.ahead

    def newest_first(self, limit: int, offset: int = 0) -> list[ListedArticle]:
        """Read some of them as cards show them."""
        if not 0 <= offset < self.total:
            return []
        nearest, further = divmod(self.ahead + offset, STRIDE)
        ids = self.articles.newest_ids(limit, further, self.landmarks.places[nearest])
        return listed_in_order(ids, the_site().clock())


def listing_of(articles: Articles) -> Listing:
    """Give a listing; gone through only where something has changed since the last time."""
    landmarks = _kept(articles.name, _revision(), articles.landmarks, lambda found: found.total > 0)
    return Listing(articles, landmarks, articles.count_ahead())


def counts(articles: Articles, noun: Literal["topic", "author", "source"]) -> Sequence[Count]:
    """Count the visible ones of all articles by topic, author or source, by name."""
    ways = {
        "topic": articles.counts_by_topic,
        "author": articles.counts_by_author,
        "source": articles.counts_by_source,
    }
    return _kept(("counts", noun, articles.name), _state(articles), ways[noun])


def months(articles: Articles, zone: tzinfo) -> Sequence[tuple[date, int]]:
    """Give the first day of every month in which there are some, and how many, the newest first."""

    def find() -> Sequence[tuple[date, int]]:
        span = articles.span()
        starts = _beginnings(*span, zone) if span else []
        counted = zip(starts, articles.counts_between(starts), strict=False)
        return [(start.date(), count) for start, count in counted if count][::-1]

    return _kept(("months", articles.name), _state(articles), find)


def _beginnings(oldest: datetime, newest: datetime, zone: tzinfo) -> list[datetime]:
    """Give the beginnings of all months from the oldest moment to after the newest, in order."""
    ends = (moment.astimezone(zone) for moment in (oldest, newest))
    first, last = (on.year * 12 + on.month - 1 for on in ends)
    return [datetime(n // 12, n % 12 + 1, 1, tzinfo=zone) for n in range(first, last + 2)]


def _revision() -> int:
    return db.session.scalars(select(SiteRevision.number)).one()


def _state(articles: Articles) -> tuple[int, int]:
    """Give what is another once readers see others of these: by a deed or by the clock."""
    return _revision(), articles.count_ahead()


def _kept(
    name: Hashable,
    state: Hashable,
    find: Callable[[], T],
    is_worth: Callable[[T], bool] = bool,
) -> T:
    """Give what was found in this state, and find it where it was not yet.

    The state was read before: what is found after that is at least as new.
    """
    kept = the_site().listings
    found: T | None = kept.get(name, state)
    if found is None:
        found = find()
        # Of what is empty strangers can name any number, and it is soon found again.
        if is_worth(found):
            kept.put(name, state, found)
    return found
