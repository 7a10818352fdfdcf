"""The nouns: tables, facts about one row, named questions about many; never commits."""

from webapp.models.article import Article, FormerSlug, Section, Status
from webapp.models.articles import Articles
from webapp.models.beside import Beside, beside
from webapp.models.correction import Correction
from webapp.models.delivery import Delivery, DeliveryState
from webapp.models.listed import Filed, ListedArticle, listed, listed_in_order
from webapp.models.naming import Author, Topic
from webapp.models.related import RelatedArticle
from webapp.models.search_count import SearchCount
from webapp.models.shown import ShownArticle, is_withdrawn, shown
from webapp.models.subscriber import Departure, Subscriber, SubscriberState
from webapp.models.upkeep import IndexChange, RateCount, RelatedDue, SiteRevision

__all__ = [
    "Article",
    "Articles",
    "Author",
    "Beside",
    "Correction",
    "Delivery",
    "DeliveryState",
    "Departure",
    "Filed",
    "FormerSlug",
    "IndexChange",
    "ListedArticle",
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
]
