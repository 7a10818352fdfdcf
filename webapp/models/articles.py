"""Questions about many articles, that read as English: published, on a topic, newest first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, cast

from sqlalchemy import (
    BindParameter,
    Column,
    ColumnElement,
    Select,
    Table,
    column,
    func,
    select,
    tuple_,
    values,
)

from webapp.extensions import db
from webapp.models.article import Article, Status
from webapp.models.columns import UtcDateTime
from webapp.models.naming import Author, Topic, article_author, article_topic

_ARTICLE = cast(Table, Article.__table__)
STRIDE = 900
"""Articles between two landmarks of a listing: no page passes over more than that."""

Place = tuple[datetime, int]
"""Where an article stands in every listing: its moment of publication and its id."""


@dataclass(frozen=True, slots=True)
class Count:
    """A name under which articles are filed, and how many are visible there."""

    name: str
    slug: str
    count: int


@dataclass(frozen=True, slots=True)
class Landmarks:
    """How many articles a listing has, due or not, and the place of every 900th, newest first."""

    total: int
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Articles:
    """Articles that fit some conditions; each question gives a new one, and nothing is read yet.

    All that is asked for their order is in one index: `moment` and `id` are its columns, in
    the table of articles or in the one that files them under a name. `name` tells those that
    were asked for by other conditions apart.
    """

    now: datetime | BindParameter[datetime]
    moment: Column[Any]
    id: Column[Any]
    wanted: tuple[ColumnElement[bool], ...]
    name: tuple[object, ...] = ()

    @classmethod
    def published(cls, now: datetime | BindParameter[datetime]) -> Articles:
        """All that readers see at that moment."""
        listed = _ARTICLE.c.status.in_([Status.PUBLISHED, Status.SCHEDULED])
        dated = _ARTICLE.c.published_at.is_not(None)
        return cls(now, _ARTICLE.c.published_at, _ARTICLE.c.id, (listed, dated))

    @property
    def conditions(self) -> tuple[ColumnElement[bool], ...]:
        """What holds of these rows of the table of articles, and of no others."""
        if self.moment.table is _ARTICLE:
            return (*self.wanted, self.moment <= self.now)
        return (Article.id.in_(self._visible()),)

    def _also(self, condition: ColumnElement[bool], *name: object) -> Articles:
        return replace(self, wanted=(*self.wanted, condition), name=(*self.name, *name))

    def on_topic(self, topic: Topic) -> Articles:
        """Those filed under the topic."""
        return self._filed(article_topic, article_topic.c.topic_id, topic)

    def by_author(self, author: Author) -> Articles:
        """Those the author wrote or helped to write."""
        return self._filed(article_author, article_author.c.author_id, author)

    def _filed(self, filing: Table, noun_id: ColumnElement[int], noun: Topic | Author) -> Articles:
        wanted = [noun_id == noun.id, filing.c.listed_at.is_not(None)]
        if self.name:
            wanted.append(filing.c.article_id.in_(self._visible()))
        name = (*self.name, noun.__tablename__, noun.id)
        return Articles(self.now, filing.c.listed_at, filing.c.article_id, tuple(wanted), name)

    def from_source(self, domain: str) -> Articles:
        """Those whose source story stands on that domain."""
        is_here = Article.source_domain == domain
        if self.moment.table is not _ARTICLE:
            is_here = self.id.in_(select(Article.id).where(is_here))
        return self._also(is_here, "source", domain)

    def between(self, start: datetime, end: datetime) -> Articles:
        """Those published at or after start and before end."""
        return self._also(self.moment >= start, "from", start)._also(self.moment < end, "to", end)

    def with_ids(self, ids: Sequence[int] | BindParameter[Sequence[int]]) -> Articles:
        """Those of these ids."""
        return self._also(self.id.in_(ids), "with", ids)

    def _visible(self) -> Select[Any]:
        return select(self.id).where(*self.wanted, self.moment <= self.now)

    def count(self) -> int:
        """How many there are."""
        statement = select(func.count()).select_from(self._visible().subquery())
        return db.session.scalars(statement).one()

    def count_ahead(self) -> int:
        """How many will be there once their time has come."""
        ahead = select(func.count(self.id)).where(*self.wanted, self.moment > self.now)
        return db.session.scalars(ahead).one()

    def newest_ids(self, limit: int, offset: int = 0, since: Place | None = None) -> list[int]:
        """Read ids, the newest first, some passed over; `since` is where in the listing to begin.

        From a place on, what is not due yet counts as well: one condition bounds what is read.
        """
        begin = self._from(since) if since else self.moment <= self.now
        statement = select(self.id).where(*self.wanted, begin).order_by(*self._newest_first)
        return list(db.session.scalars(statement.limit(limit).offset(offset)))

    @property
    def _newest_first(self) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
        return self.moment.desc(), self.id.desc()

    def _from(self, place: Place) -> ColumnElement[bool]:
        return tuple_(self.moment, self.id) <= tuple_(*place)

    def landmarks(self) -> Landmarks:
        """Go through the whole listing once, also through what is not due yet."""
        rows = db.session.execute(self._every_so_many())
        places = tuple((row.moment, row.id) for row in rows if row.id is not None)
        if not places:
            return Landmarks(0, ())
        rest = select(func.count(self.id)).where(*self.wanted, self._from(places[-1]))
        return Landmarks((len(places) - 1) * STRIDE + db.session.scalars(rest).one(), places)

    def _every_so_many(self) -> Select[Any]:
        """Ask for the first place and every 900th after it, each found from the one before.

        To number all rows by a window takes ten times as long.
        """
        columns = self.moment.label("moment"), self.id.label("id")
        first = select(*columns).where(*self.wanted).order_by(*self._newest_first).limit(1)
        mark = select(first.subquery()).cte("mark", recursive=True)
        after = tuple_(self.moment, self.id) < tuple_(mark.c.moment, mark.c.id)
        further = [
            select(each)
            .where(*self.wanted, after)
            .order_by(*self._newest_first)
            .limit(1)
            .offset(STRIDE - 1)
            .correlate(mark)
            .scalar_subquery()
            for each in (self.moment, self.id)
        ]
        mark = mark.union_all(select(*further).where(mark.c.id.is_not(None)))
        return select(mark.c.moment, mark.c.id)

    def counts_by_topic(self) -> list[Count]:
        """Give every topic that has any of them, by name."""
        return self._counts(Topic, article_topic, article_topic.c.topic_id)

    def counts_by_author(self) -> list[Count]:
        """Give every author who wrote any of them, by name."""
        return self._counts(Author, article_author, article_author.c.author_id)

    def _counts(
        self, noun: type[Topic] | type[Author], filing: Table, noun_id: ColumnElement[int]
    ) -> list[Count]:
        number = select(func.count()).where(noun_id == noun.id, filing.c.listed_at <= self.now)
        if self.name:
            number = number.where(filing.c.article_id.in_(self._visible()))
        statement = select(noun.name, noun.slug, number.scalar_subquery())
        rows = db.session.execute(statement.order_by(noun.name, noun.id))
        return [Count(*row) for row in rows if row[2]]

    def counts_by_source(self) -> list[Count]:
        """Give every domain that is a source of any of them, by name."""
        domain = Article.source_domain
        names = select(domain.label("name")).where(domain != "").distinct().subquery()
        number = select(func.count()).where(domain == names.c.name, *self.conditions)
        statement = select(names.c.name, number.scalar_subquery()).order_by(names.c.name)
        rows = db.session.execute(statement)
        return [Count(name, name, count) for name, count in rows if count]

    def span(self) -> tuple[datetime, datetime] | None:
        """Give the moments of the oldest and the newest of them; None where there is none."""
        visible = select(self.moment).where(*self.wanted, self.moment <= self.now)
        ends = [
            visible.order_by(order).limit(1).scalar_subquery()
            for order in (self.moment.asc(), self.moment.desc())
        ]
        oldest, newest = db.session.execute(select(*ends)).one()
        return None if oldest is None else (oldest, newest)

    def counts_between(self, starts: Sequence[datetime]) -> list[int]:
        """Count those from each moment to before the next, for all but the last of them."""
        # What is not due is beyond the last end, and no second condition widens what is read.
        due = cast(datetime, self.now) + timedelta.resolution
        stretches = [(start, min(end, due)) for start, end in pairwise(starts)]
        if not stretches:
            return []
        columns = column("start", UtcDateTime()), column("end", UtcDateTime())
        bound = values(*columns, name="stretch").data(stretches).cte()
        number = (
            select(func.count(self.id))
            .where(*self.wanted, self.moment >= bound.c.start, self.moment < bound.c.end)
            .correlate(bound)
            .scalar_subquery()
        )
        counted = {row[0]: row[1] for row in db.session.execute(select(bound.c.start, number))}
        return [counted[start.astimezone(UTC)] for start in starts[:-1]]
