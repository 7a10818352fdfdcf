"""The few articles that stand beside one on its page, as plain rows, in three statements."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Select, String, bindparam, literal_column, select, union_all

from webapp.extensions import db
from webapp.models.article import Article
from webapp.models.articles import Articles
from webapp.models.listed import ListedArticle, listed
from webapp.models.related import RelatedArticle

SHOWN = 3


class Beside(NamedTuple):
    """The newest articles besides one, and those stored as nearest to it, nearest first."""

    recent: list[ListedArticle]
    related: list[ListedArticle]


def beside(article_id: int, now: datetime) -> Beside:
    """Read both kinds of those that readers see at that moment."""
    asked = {"id": article_id, "now": now, "shown": SHOWN}
    found = db.session.connection().execute(_IDS, asked).all()
    rows = listed([id for _, id in found], now)
    return Beside(
        [rows[id] for kind, id in found if kind == "recent" and id in rows],
        [rows[id] for kind, id in found if kind == "related" and id in rows],
    )


# Made once: putting a statement together takes longer than answering it.
_VISIBLE = Articles.published(bindparam("now")).conditions


def _recent() -> Select[str, int]:
    others: Select[str, int] = select(
        literal_column("'recent'", String).label("kind"), Article.id
    ).where(*_VISIBLE, Article.id != bindparam("id"))
    newest = others.order_by(Article.published_at.desc(), Article.id.desc())
    return newest.limit(bindparam("shown"))


def _related() -> Select[str, int]:
    stored: Select[str, int] = (
        select(literal_column("'related'", String).label("kind"), Article.id)
        .join(RelatedArticle, RelatedArticle.related_id == Article.id)
        .where(*_VISIBLE, RelatedArticle.article_id == bindparam("id"))
    )
    return stored.order_by(RelatedArticle.position).limit(bindparam("shown"))


# In parentheses, each with an order of its own, which stays that of its rows.
_IDS = union_all(select(_recent().subquery("recent")), select(_related().subquery("related")))
