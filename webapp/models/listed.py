"""Articles as a page of results lists them: plain rows, always in three statements.

Entities cost four times as much, and here nothing of an article is changed or followed further.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Select, Table, bindparam, select, type_coerce

from webapp.extensions import db
from webapp.models.article import Article
from webapp.models.articles import Articles
from webapp.models.columns import UtcDateTime
from webapp.models.naming import Author, Topic, article_author, article_topic
from webapp.text.languages import direction_of


@dataclass(frozen=True, slots=True)
class Filed:
    """The name of a topic or an author that an article is filed under."""

    slug: str
    name: str


@dataclass(frozen=True, slots=True)
class ListedArticle:
    """What a listing says of an article that readers see."""

    id: int
    slug: str
    title: str
    summary: str
    language: str
    source_domain: str
    published_at: datetime
    updated_at: datetime
    authors: tuple[Filed, ...]
    topics: tuple[Filed, ...]

    @property
    def direction(self) -> str:
        """Which way its language is written: ltr or rtl."""
        return direction_of(self.language)


def listed(ids: Sequence[int], now: datetime) -> dict[int, ListedArticle]:
    """Read those of these ids that readers see at that moment; nothing in memory counts."""
    if not ids:
        return {}
    connection, asked = db.session.connection(), {"ids": ids, "now": now}
    authors = _filed(connection, _AUTHORS, ids)
    topics = _filed(connection, _TOPICS, ids)
    return {
        row[0]: ListedArticle(*row, tuple(authors.get(row[0], ())), tuple(topics.get(row[0], ())))
        for row in connection.execute(_ARTICLES, asked)
    }


def _filed(
    connection: Connection, names: Select[int, str, str], ids: Sequence[int]
) -> dict[int, list[Filed]]:
    filed: dict[int, list[Filed]] = {}
    for article_id, slug, name in connection.execute(names, {"ids": ids}):
        filed.setdefault(article_id, []).append(Filed(slug, name))
    return filed


def _names(noun: type[Author] | type[Topic], filing: Table, noun_id: str) -> Select[int, str, str]:
    return (
        select(filing.c.article_id, noun.slug, noun.name)
        .join(noun, noun.id == filing.c[noun_id])
        .where(filing.c.article_id.in_(bindparam("ids", expanding=True)))
        .order_by(filing.c.article_id, filing.c.position)
    )


# Made once: putting a statement together takes longer than answering it.
_AUTHORS = _names(Author, article_author, "author_id")
_TOPICS = _names(Topic, article_topic, "topic_id")
_VISIBLE = Articles.published(bindparam("now")).with_ids(bindparam("ids", expanding=True))
_ARTICLES = select(
    Article.id,
    Article.slug,
    Article.title,
    Article.summary,
    Article.language,
    Article.source_domain,
    type_coerce(Article.published_at, UtcDateTime()),  # what readers see has its moment
    Article.updated_at,
).where(*_VISIBLE.conditions)
