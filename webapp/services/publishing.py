"""Publishing an article, correcting it, taking it back; what happens then, in order."""

from __future__ import annotations

from sqlalchemy import select

from webapp.errors import ArticleNotFound, CorrectionRefused
from webapp.extensions import db, the_site
from webapp.importers.contract import CORRECTION_LIMIT, CORRECTIONS_LIMIT
from webapp.models import Article, Correction, Status
from webapp.services import announcing, indexing, revising, writing
from webapp.text.markup import plain_line


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
    _note_change(article)
    _commit_and_tell(article.id)


def withdraw(slug: str) -> None:
    """Take an article back: its page says that it is gone, nothing lists or finds it.

    Raises ArticleNotFound.
    """
    article = _article(slug)
    article.status = Status.WITHDRAWN
    article.updated_at = the_site().clock()
    _note_change(article)
    _commit_and_tell(article.id)


def correct(slug: str, text: str) -> None:
    """Tell the readers of an article what was wrong in it, under today's date.

    The text itself is not changed. Raises ArticleNotFound or CorrectionRefused.
    """
    article, told = _article(slug), plain_line(text)
    if not told:
        raise CorrectionRefused("Say what was wrong and what is right.")
    if len(told) > CORRECTION_LIMIT:
        raise CorrectionRefused(f"A correction has at most {CORRECTION_LIMIT:,} characters.")
    if len(article.corrections) >= CORRECTIONS_LIMIT:
        raise CorrectionRefused(f"An article has at most {CORRECTIONS_LIMIT} corrections.")
    now = the_site().clock()
    article.corrections.append(Correction(corrected_at=now, text=told))
    article.updated_at = now
    _note_change(article)
    _commit_and_tell(article.id)


def _note_change(article: Article) -> None:
    writing.refile(article)
    indexing.record_change(article)
    revising.note_visible_change()


def _commit_and_tell(id: int) -> None:
    db.session.commit()
    indexing.keep_in_step()
    announcing.announce([id])


def _article(slug: str) -> Article:
    article = db.session.scalar(select(Article).where(Article.slug == slug))
    if article is None:
        raise ArticleNotFound(f"There is no article with the slug {slug}.")
    return article
