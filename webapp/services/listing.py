"""Listings by pages: how many articles there are, and any page in the time of the first.

A listing is gone through once after a change; the landmarks found then let every page begin
near its first article. They count what is not due yet too, so that the clock changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from webapp.extensions import the_site
from webapp.models import Articles, ListedArticle, listed_in_order
from webapp.models.articles import STRIDE, Landmarks
from webapp.services.revising import revision


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
        if nearest * STRIDE < self.ahead:
            # The landmark itself is not due yet: the page begins near the first that is.
            ids = self.articles.newest_ids(limit, offset)
        else:
            ids = self.articles.newest_ids(limit, further, self.landmarks.places[nearest])
        return listed_in_order(ids, the_site().clock())


def listing_of(articles: Articles) -> Listing:
    """Give a listing; gone through only where something has changed since the last time."""
    # The revision is read first: what is found after it is at least as new.
    kept, number = the_site().landmarks, revision()
    landmarks: Landmarks | None = kept.get(articles.name, number)
    if landmarks is None:
        landmarks = articles.landmarks()
        # Of what is empty strangers can name any number, and it is soon gone through again.
        if landmarks.total:
            kept.put(articles.name, number, landmarks)
    return Listing(articles, landmarks, articles.count_ahead())
