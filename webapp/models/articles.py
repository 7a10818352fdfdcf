"""Questions about many articles, that read as English: published, on a topic, newest first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Select, func, select
from sqlalchemy.orm import defer, selectinload

from webapp.extensions import db
from webapp.models.article import Article, Status
from webapp.models.naming import Author, Topic, article_author, article_topic


@dataclass(frozen=True, slots=True)
class Count:
    """A name under which articles are filed, and how many are visible there."""

    name: str
    slug: str
    count: int


@dataclass(frozen=True, slots=True)
class Articles:
    """Articles that fit some conditions; each question gives a new one, and nothing is read yet."""

    conditions: tuple[ColumnElement[bool], ...] = ()

    @classmethod
    def published(cls, now: datetime | BindParameter[datetime]) -> Articles:
        """All that readers see at that moment."""
        listed = Article.status.in_([Status.PUBLISHED, Status.SCHEDULED])
        return cls((listed, Article.published_at <= now))

    def _also(self, condition: ColumnElement[bool]) -> Articles:
        return replace(self, conditions=(*self.conditions, condition))

    def on_topic(self, topic: Topic) -> Articles:
        """Those filed under the topic."""
        filed = select(article_topic.c.article_id).where(article_topic.c.topic_id == topic.id)
        return self._also(Article.id.in_(filed))

    def by_author(self, author: Author) -> Articles:
        """Those the author wrote or helped to write."""
        filed = select(article_author.c.article_id).where(article_author.c.author_id == author.id)
        return self._also(Article.id.in_(filed))

    def from_source(self, domain: str) -> Articles:
        """Those whose source story stands on that domain."""
        return self._also(Article.source_domain == domain)

    def between(self, start: datetime, end: datetime) -> Articles:
        """Those published at or after start and before end."""
        return self._also(Article.published_at >= start)._also(Article.published_at < end)

    def with_ids(self, ids: Sequence[int] | BindParameter[Sequence[int]]) -> Articles:
        """Those of these ids."""
        return self._also(Article.id.in_(ids))

    def count(self) -> int:
        """How many there are."""
        statement = select(func.count()).select_from(Article).where(*self.conditions)
        return db.session.scalars(statement).one()

    def newest_first(self, limit: int, offset: int = 0) -> list[Article]:
        """Read some of them for a listing: with authors and topics, without their texts."""
        statement = self._select().order_by(Article.published_at.desc(), Article.id.desc())
        return list(db.session.scalars(statement.limit(limit).offset(offset)))

    def _select(self) -> Select[Article]:
        return (
            select(Article)
            .where(*self.conditions)
            .options(
                selectinload(Article.authors), selectinload(Article.topics), defer(Article.body)
            )
        )

    def counts_by_topic(self) -> list[Count]:
        """Give every topic that has any of them, by name."""
        return self._counts(Topic, article_topic.c.topic_id, article_topic.c.article_id)

    def counts_by_author(self) -> list[Count]:
        """Give every author who wrote any of them, by name."""
        return self._counts(Author, article_author.c.author_id, article_author.c.article_id)

    def _counts(
        self, noun: type[Topic] | type[Author], noun_id: Any, article_id: Any
    ) -> list[Count]:
        statement = (
            select(noun.name, noun.slug, func.count())
            .join_from(noun, noun_id.table, noun_id == noun.id)
            .join(Article, Article.id == article_id)
            .where(*self.conditions)
            .group_by(noun.id, noun.name, noun.slug)
            .order_by(noun.name, noun.id)
        )
        return [Count(*row) for row in db.session.execute(statement)]

    def counts_by_source(self) -> list[Count]:
        """Give every domain that is a source of any of them, by name."""
        domain = Article.source_domain
        statement = (
            select(domain, domain, func.count())
            .where(*self.conditions, domain != "")
            .group_by(domain)
            .order_by(domain)
        )
        return [Count(*row) for row in db.session.execute(statement)]

    def moments(self) -> list[datetime]:
        """Give the moment of publication of each, newest first."""
        statement = select(Article.published_at).where(*self.conditions)
        ordered = statement.order_by(Article.published_at.desc())
        return [moment for moment in db.session.scalars(ordered) if moment is not None]
