"""Articles as listings and results show them: plain rows, always in two statements.

Entities cost four times as much, and here nothing of an article is changed or followed further.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    BindParameter,
    Select,
    String,
    Table,
    bindparam,
    literal_column,
    select,
    type_coerce,
    union_all,
)

from webapp.extensions import db
from webapp.models.article import Article, minutes_of
from webapp.models.articles import Articles
from webapp.models.columns import UtcDateTime
from webapp.models.naming import Author, Topic, article_author, article_topic
from webapp.text.languages import direction_of


class Filed(NamedTuple):
    """The name of a topic or an author that an article is filed under."""

    slug: str
    name: str


class Filing(NamedTuple):
    """The names that an article is filed under."""

    authors: list[Filed]
    topics: list[Filed]

    @property
    def named(self) -> dict[str, Any]:
        """The same, as fields of a ListedArticle."""
        return self._asdict()


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
    word_count: int
    image_name: str
    image_alt: str
    image_width: int
    image_height: int
    authors: Sequence[Filed]
    topics: Sequence[Filed]

    @property
    def direction(self) -> str:
        """Which way its language is written: ltr or rtl."""
        return direction_of(self.language)

    @property
    def reading_minutes(self) -> int:
        """How long it takes to read, in whole minutes, one at least."""
        return minutes_of(self.word_count)


def listed_in_order(ids: Sequence[int], now: datetime) -> list[ListedArticle]:
    """Read those of these ids that readers see at that moment, in the order of the ids."""
    rows = listed(ids, now)
    return [rows[id] for id in ids if id in rows]


def listed(ids: Sequence[int], now: datetime) -> dict[int, ListedArticle]:
    """Read those of these ids that readers see at that moment; nothing in memory counts."""
    if not ids:
        return {}
    filed = filings(ids)
    rows = db.session.connection().execute(_ARTICLES, {"ids": ids, "now": now})
    return {row.id: ListedArticle(**row._mapping, **filed[row.id].named) for row in rows}


def filings(ids: Iterable[int]) -> dict[int, Filing]:
    """Read the authors and topics of each of these articles, in order."""
    filed = {id: Filing([], []) for id in ids}
    rows = db.session.connection().execute(_NAMES, {"ids": list(filed)})
    for article_id, noun, slug, name, _ in rows:
        names = filed[article_id].authors if noun == "author" else filed[article_id].topics
        names.append(Filed(slug, name))
    return filed


def _names(noun: type[Author] | type[Topic], filing: Table) -> Select[int, str, str, str, int]:
    kind = noun.__tablename__
    return (
        select(
            filing.c.article_id,
            literal_column(f"'{kind}'", String),
            noun.slug,
            noun.name,
            filing.c.position,
        )
        .join(noun, noun.id == filing.c[f"{kind}_id"])
        .where(filing.c.article_id.in_(_IDS))
    )


# Made once: putting a statement together takes longer than answering it.
_IDS: BindParameter[Sequence[int]] = bindparam("ids", expanding=True)
_NAMES = union_all(_names(Author, article_author), _names(Topic, article_topic)).order_by(
    article_author.c.position
)
COLUMNS = (
    Article.id,
    Article.slug,
    Article.title,
    Article.summary,
    Article.language,
    Article.source_domain,
    # What readers see has its moment.
    type_coerce(Article.published_at, UtcDateTime()).label("published_at"),
    Article.updated_at,
    Article.word_count,
    Article.image_name,
    Article.image_alt,
    Article.image_width,
    Article.image_height,
)
"""What is read of an article, in the order of ListedArticle."""
_ARTICLES = select(*COLUMNS).where(*Articles.published(bindparam("now")).with_ids(_IDS).conditions)
