"""The nouns: tables, facts about one row, named questions about many; never commits."""

from webapp.models.article import Article, FormerSlug, Section, Status
from webapp.models.articles import Articles
from webapp.models.beside import Beside, beside
from webapp.models.correction import Correction
from webapp.models.delivery import Delivery, DeliveryState
from webapp.models.edition import PUBLIC, Edition, EditionArticle, EditionState
from webapp.models.listed import Filed, ListedArticle, listed, listed_in_order
from webapp.models.naming import Author, Topic
from webapp.models.related import RelatedArticle
from webapp.models.search_count import SearchCount
from webapp.models.shown import ShownArticle, is_withdrawn, shown
from webapp.models.subscriber import (
    Bounce,
    BounceKind,
    Departure,
    FollowedSearch,
    Frequency,
    Subscriber,
    SubscriberState,
    subscriber_topic,
)
from webapp.models.upkeep import IndexChange, Progress, RateCount, RelatedDue, SiteRevision

__all__ = [
    "PUBLIC",
    "Article",
    "Articles",
    "Author",
    "Beside",
    "Bounce",
    "BounceKind",
    "Correction",
    "Delivery",
    "DeliveryState",
    "Departure",
    "Edition",
    "EditionArticle",
    "EditionState",
    "Filed",
    "FollowedSearch",
    "FormerSlug",
    "Frequency",
    "IndexChange",
    "ListedArticle",
    "Progress",
    "RateCount",
    "RelatedArticle",
    "RelatedDue",
    "SearchCount",
    "Section",
    "ShownArticle",
    "SiteRevision",
    "Status",
    "Subscriber",
    "SubscriberState",
    "Topic",
    "beside",
    "is_withdrawn",
    "listed",
    "listed_in_order",
    "shown",
    "subscriber_topic",
]
