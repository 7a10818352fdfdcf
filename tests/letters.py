"""What tests of the letter do again and again: a reader, a round of a worker, a mail."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from sqlalchemy import select

from tests.factories import make_readers
from webapp.extensions import db, the_site
from webapp.mail import MemoryCarrier
from webapp.models import Edition, FollowedSearch, Subscriber, Topic
from webapp.services import editing, mailing
from webapp.services.working import DEEDS

SIX = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)


def set_site(**settings: object) -> None:
    site = the_site()
    site.settings = replace(site.settings, **settings)


def work() -> None:
    """What a worker does in a round."""
    for deed in DEEDS:
        deed()
    mailing.send_due()
    editing.close_done()
    db.session.expire_all()


def join(name: str, **wishes: object) -> Subscriber:
    topics, searches = wishes.pop("topics", None), wishes.pop("searches", ())
    make_readers(name)
    known = Subscriber.address == f"{name}@example.org"
    subscriber = db.session.scalars(select(Subscriber).where(known)).one()
    for wish, wanted in wishes.items():
        setattr(subscriber, wish, wanted)
    if topics is not None:
        subscriber.has_all_topics = False
        chosen = select(Topic).where(Topic.name.in_(topics))
        subscriber.topics = list(db.session.scalars(chosen))
    subscriber.searches = [FollowedSearch(query=query) for query in searches]  # type: ignore[attr-defined]
    db.session.commit()
    return subscriber


def editions() -> list[Edition]:
    return list(db.session.scalars(select(Edition).order_by(Edition.id)))


def titles(edition: Edition) -> list[int]:
    return [brief.article_id for brief in edition.briefs]


def at(hour: str) -> str:
    return f"2026-11-{hour}:00Z"


def text_to(post: MemoryCarrier, name: str) -> str:
    (message,) = [m for m in post.sent if m["To"] == f"{name}@example.org"]
    body = message.get_body(("plain",))
    assert body is not None
    return str(body.get_content())
