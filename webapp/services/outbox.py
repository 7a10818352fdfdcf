"""The outbox: a row for each mail to each reader, written before the first is sent."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import (
    ColumnElement,
    Connection,
    delete,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.orm import InstrumentedAttribute

from webapp.extensions import db, the_site
from webapp.models import (
    Delivery,
    DeliveryState,
    Edition,
    EditionState,
    FollowedSearch,
    Subscriber,
    subscriber_topic,
)
from webapp.models.columns import UtcDateTime
from webapp.models.naming import article_topic

# How long the outbox tells what became of a mail.
KEPT, ASKED_FOR_KEPT = timedelta(days=90), timedelta(days=1)
NEVER = datetime(9999, 1, 1, tzinfo=UTC)
OPEN = (DeliveryState.WAITING, DeliveryState.CLAIMED)
_ADDRESS = re.compile(r"[^\s<>]+@[^\s<>]+")


def put(letter: str, subscriber_id: int, about: str = "") -> None:
    """Have a mail sent, once the running transaction is through."""
    mail = Delivery(subscriber_id=subscriber_id, letter=letter, about=about)
    mail.due_at = the_site().clock()
    db.session.add(mail)


def put_for(letter: str, readers: Sequence[ColumnElement[bool]], about: str = "") -> None:
    """Have a mail sent as `put` does to those readers; where there are none, in the same time."""
    values = {
        "subscriber_id": Subscriber.id,
        "letter": literal(letter),
        "about": literal(about),
        "due_at": literal(the_site().clock(), UtcDateTime()),
    }
    # None of them can be erased before the mail stands there.
    rows = select(*values.values()).where(*readers).with_for_update(key_share=True)
    db.session.execute(insert(Delivery).from_select(list(values), rows))


def fill(
    letter: str,
    of: tuple[InstrumentedAttribute[int | None], int],
    readers: Sequence[ColumnElement[bool]],
    ids: Sequence[int],
    about: str = "",
) -> None:
    """Have a mail sent to each of those readers for whom something may be in it, once.

    `of` says which edition or article it is (`(Delivery.edition_id, 1)`), `ids` are the articles
    in it. Whether there is news for a search is found out when the mail is written: readers who
    follow none do not wait for the index.
    """
    column, id = of
    has_it = exists().where(
        column == id, Delivery.subscriber_id == Subscriber.id, Delivery.letter == letter
    )
    values = {
        "subscriber_id": Subscriber.id,
        column.key: literal(id),
        "letter": literal(letter),
        "state": literal(DeliveryState.WAITING.value),
        "due_at": literal(the_site().clock(), UtcDateTime()),
        "attempts": literal(0),
        "reason": literal(""),
        "about": literal(about),
    }
    rows = select(*values.values()).where(*readers, _is_served(ids), ~has_it)
    db.session.execute(insert(Delivery).from_select(list(values), rows.order_by(Subscriber.id)))


def _is_served(ids: Sequence[int]) -> ColumnElement[bool]:
    """Whether a reader wants one of these articles, or may want one for a search."""
    topics = select(article_topic.c.topic_id).where(article_topic.c.article_id.in_(ids))
    has_topic = exists().where(
        subscriber_topic.c.subscriber_id == Subscriber.id, subscriber_topic.c.topic_id.in_(topics)
    )
    has_search = exists().where(FollowedSearch.subscriber_id == Subscriber.id)
    wants_all = Subscriber.has_all_topics.is_(True) if ids else literal(False)
    return or_(wants_all, has_topic, has_search)


def waiting() -> int:
    """Count the mails that are still to go."""
    still = select(func.count()).select_from(Delivery).where(Delivery.state.in_(OPEN))
    return db.session.scalar(still) or 0


def is_due(by: datetime | None = None) -> bool:
    """Whether a mail was to be sent by some moment, or is now."""
    paused = select(Edition.id).where(Edition.state == EditionState.PAUSED)
    due = (Delivery.state == DeliveryState.WAITING, Delivery.due_at <= (by or the_site().clock()))
    goes = or_(Delivery.edition_id.is_(None), Delivery.edition_id.not_in(paused))
    return db.session.scalar(select(Delivery.id).where(*due, goes).limit(1)) is not None


def pause(connection: Connection, reason: str) -> None:
    """Send no edition any further, until somebody has seen to what was said.

    What was said may name a reader, and is shown without.
    """
    sending = Edition.state == EditionState.SENDING
    ids = connection.scalars(select(Edition.id).where(sending)).all()
    shown = _ADDRESS.sub("…", reason)[:300]
    values = {"state": EditionState.PAUSED, "reason": shown}
    connection.execute(update(Edition).where(Edition.id.in_(ids)).values(**values))
    held_back = update(Delivery).where(
        Delivery.edition_id.in_(ids), Delivery.state == DeliveryState.WAITING
    )
    connection.execute(held_back.values(due_at=NEVER))
    connection.commit()


def resume(edition: Edition) -> None:
    """Go on with an edition that was paused, in the running transaction."""
    waits = (Delivery.edition_id == edition.id, Delivery.state == DeliveryState.WAITING)
    db.session.execute(update(Delivery).where(*waits).values(due_at=the_site().clock()))
    edition.state, edition.reason = EditionState.SENDING, ""


def forget_old() -> None:
    """Delete what has gone, or never will: of news after a while, of what was asked for sooner."""
    now = the_site().clock()
    is_over = Delivery.state.in_([DeliveryState.SENT, DeliveryState.FAILED])
    # An address that its subscriber has not confirmed is kept no longer than its link is good.
    is_brief = or_(
        Delivery.address.is_not(None), Delivery.edition_id.is_(None) & Delivery.article_id.is_(None)
    )
    ages = or_(Delivery.due_at <= now - KEPT, (Delivery.due_at <= now - ASKED_FOR_KEPT) & is_brief)
    # A question first: whoever finds nothing to do takes no turn to write.
    if db.session.scalar(select(Delivery.id).where(is_over, ages).limit(1)) is not None:
        db.session.execute(delete(Delivery).where(is_over, ages))
        db.session.commit()
