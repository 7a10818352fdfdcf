"""Publishing an article and taking it back; what happens then stands here, in order."""

from __future__ import annotations

from sqlalchemy import select

from webapp.errors import ArticleNotFound
from webapp.extensions import db, the_site
from webapp.models import Article, Status
from webapp.services import announcing, indexing


def publish(slug: str) -> None:
    """Show an article to readers from now on, and let the index know, and who asked to be told.

    One that was published before keeps its date. Raises ArticleNotFound.
    """
    article = _article(slug)
    now = the_site().clock()
    article.status = Status.PUBLISHED
    if article.published_at is None or article.published_at > now:
        article.published_at = now
    article.updated_at = now
    indexing.record_change(article)
    db.session.commit()
    indexing.keep_in_step()
    announcing.announce([article.id])


def withdraw(slug: str) -> None:
    """Take an article back: its page says that it is gone, nothing lists or finds it.

    Raises ArticleNotFound.
    """
    article = _article(slug)
    article.status = Status.WITHDRAWN
    article.updated_at = the_site().clock()
    indexing.record_change(article)
    db.session.commit()
    indexing.keep_in_step()
    announcing.announce([article.id])


def _article(slug: str) -> Article:
    article = db.session.scalar(select(Article).where(Article.slug == slug))
    if article is None:
        raise ArticleNotFound(f"There is no article with the slug {slug}.")
    return article
