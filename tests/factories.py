"""Data for tests, made by the site's own deeds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from itertools import count
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from webapp.extensions import db
from webapp.importers import ImportedArticle, Unreadable
from webapp.importers.contract import read_article
from webapp.models import Article, Subscriber, SubscriberState
from webapp.services import importing, indexing

_numbers = count(1)
YESTERDAY = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)


@dataclass
class Pile:
    """An importer of what a test has written down."""

    items: list[dict[str, object]]
    folder: Path = Path()

    def __call__(self, zone: tzinfo) -> Iterator[ImportedArticle | Unreadable]:
        for number, fields in enumerate(self.items, 1):
            yield read_article(fields, place=f"item {number}", folder=self.folder, zone=zone)


def fields_of(**fields: object) -> dict[str, object]:
    number = next(_numbers)
    given: dict[str, object] = {
        "title": f"Headline number {number}",
        "body": f"The body of article {number}.",
        "published_at": YESTERDAY.isoformat(),
    }
    return {**given, **fields}


def make_article(**fields: object) -> Article:
    """Import one article, index it and give it."""
    given = fields_of(**fields)
    importing.run_import(Pile([given]))
    indexing.catch_up()
    return newest_made()


def make_articles(n: int, **fields: object) -> None:
    """Import and index several articles, each a minute older than the one before."""
    pile = [
        fields_of(
            **{
                "published_at": YESTERDAY.replace(hour=8 - i // 60, minute=59 - i % 60).isoformat(),
                **fields,
            }
        )
        for i in range(n)
    ]
    importing.run_import(Pile(pile))
    indexing.catch_up()


def make_readers(*names: str) -> None:
    """Subscribe people, who have confirmed, without a mail."""
    for name in names:
        db.session.add(
            Subscriber(
                address=f"{name}@example.org",
                state=SubscriberState.CONFIRMED,
                consent_at=YESTERDAY,
                consent_form="page",
                consent_wording="1",
                confirmed_at=YESTERDAY,
            )
        )
    db.session.commit()


def newest_made() -> Article:
    """Give the article that was made last, as it is now, free of the session."""
    newest = (
        select(Article)
        .order_by(Article.id.desc())
        .limit(1)
        .options(
            selectinload(Article.sections),
            selectinload(Article.authors),
            selectinload(Article.topics),
        )
    )
    article = db.session.scalars(newest.execution_options(populate_existing=True)).one()
    db.session.expunge(article)
    return article


def import_items(*items: dict[str, object], folder: Path = Path()) -> importing.Tally:
    """Import what is written down, without telling the index."""
    return importing.run_import(Pile(list(items), folder))


def article_titled(title: str) -> Article:
    return db.session.scalars(select(Article).where(Article.title == title)).one()
