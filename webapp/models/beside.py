"""The few articles that stand beside one on its page, as plain rows, in two statements."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Integer, Select, String, bindparam, literal_column, select, union_all

from webapp.extensions import db
from webapp.models.article import Article
from webapp.models.articles import Articles
from webapp.models.listed import COLUMNS, ListedArticle, filings
from webapp.models.related import RelatedArticle

SHOWN = 3


class Beside(NamedTuple):
    """The newest articles besides one, and those stored as nearest to it, nearest first."""

    recent: list[ListedArticle]
    related: list[ListedArticle]


def beside(article_id: int, now: datetime) -> Beside:
    """Read both kinds of those that readers see at that moment."""
    asked = {"id": article_id, "now": now, "shown": SHOWN}
    rows = db.session.connection().execute(_BESIDE, asked).all()
    filed = filings(row.id for row in rows)
    found = Beside([], [])
    for kind, *fields in rows:
        getattr(found, kind).append(ListedArticle(*fields, **filed[fields[0]].named))
    return found


# Made once: putting a statement together takes longer than answering it.
_VISIBLE = Articles.published(bindparam("now")).conditions


def _recent() -> Select[str, int, int]:
    others: Select[str, int, int] = select(
        literal_column("'recent'", String).label("kind"),
        Article.id,
        literal_column("0", Integer).label("position"),
    ).where(*_VISIBLE, Article.id != bindparam("id"))
    newest = others.order_by(Article.published_at.desc(), Article.id.desc())
    return newest.limit(bindparam("shown"))


def _related() -> Select[str, int, int]:
    stored: Select[str, int, int] = (
        select(
            literal_column("'related'", String).label("kind"), Article.id, RelatedArticle.position
        )
        .join(RelatedArticle, RelatedArticle.related_id == Article.id)
        .where(*_VISIBLE, RelatedArticle.article_id == bindparam("id"))
    )
    return stored.order_by(RelatedArticle.position).limit(bindparam("shown"))


# In parentheses, each with an order and a limit of its own.
_CHOSEN = union_all(
    select(_recent().subquery("recent")), select(_related().subquery("related"))
).subquery("chosen")
_BESIDE = (
    select(_CHOSEN.c.kind, *COLUMNS)
    .join(Article, Article.id == _CHOSEN.c.id)
    .order_by(_CHOSEN.c.position, Article.published_at.desc(), Article.id.desc())
)
