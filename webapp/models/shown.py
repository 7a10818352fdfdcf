"""An article as its own page shows it: plain rows, always in four statements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import bindparam, select

from webapp.extensions import db
from webapp.models.article import Article, Section
from webapp.models.articles import Articles
from webapp.models.correction import Correction
from webapp.models.listed import COLUMNS, ListedArticle, filings


class ShownSection(NamedTuple):
    """A part of an article's text, as in Section."""

    label: str
    anchor: str
    html: str


class ShownCorrection(NamedTuple):
    """What was wrong, and when it was put right."""

    text: str
    corrected_at: datetime


@dataclass(frozen=True, slots=True)
class ShownArticle(ListedArticle):
    """All that a page says of an article that readers see."""

    source_title: str
    source_url: str
    sections: Sequence[ShownSection]
    corrections: Sequence[ShownCorrection]

    @property
    def html(self) -> str:
        """The whole rendered text: sanitised HTML without the marks of a page around it."""
        return "\n".join(section.html for section in self.sections)

    @property
    def is_updated(self) -> bool:
        """Whether it was changed a day or more after it was published."""
        return self.updated_at - self.published_at >= timedelta(days=1)


def shown(slug: str, now: datetime) -> ShownArticle | None:
    """Read the article of that slug, if readers see it at that moment."""
    connection = db.session.connection()
    row = connection.execute(_ARTICLE, {"slug": slug, "now": now}).one_or_none()
    if row is None:
        return None
    asked = {"id": row.id}
    return ShownArticle(
        **row._mapping,
        **filings([row.id])[row.id].named,
        sections=[ShownSection(*each) for each in connection.execute(_SECTIONS, asked)],
        corrections=[ShownCorrection(*each) for each in connection.execute(_CORRECTIONS, asked)],
    )


def is_withdrawn(slug: str, now: datetime) -> bool:
    """Whether readers saw the article of that slug once, and it has been taken back since."""
    statement = select(Article).where(Article.slug == slug)
    article = db.session.scalar(statement)
    return article is not None and article.was_published(now)


# Made once: putting a statement together takes longer than answering it.
_ARTICLE = select(*COLUMNS, Article.source_title, Article.source_url).where(
    Article.slug == bindparam("slug"), *Articles.published(bindparam("now")).conditions
)
_SECTIONS = (
    select(Section.label, Section.anchor, Section.html)
    .where(Section.article_id == bindparam("id"))
    .order_by(Section.position)
)
_CORRECTIONS = (
    select(Correction.text, Correction.corrected_at)
    .where(Correction.article_id == bindparam("id"))
    .order_by(Correction.corrected_at, Correction.id)
)
