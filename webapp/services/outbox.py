"""The outbox: a row for each mail to each reader, claimed by one worker at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    bindparam,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    text,
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
    Topic,
    subscriber_topic,
)
from webapp.models.columns import UtcDateTime
from webapp.models.naming import article_topic
from webapp.services import living

# Long enough for a server that takes its time over each command of a mail, and short enough
# for the readers of a worker that died.
CLAIM = timedelta(minutes=5)
# With less of a claim left no mail is begun: another worker could have it before it is through.
BEGUN = timedelta(minutes=2, seconds=30)
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=6)
MOST_ATTEMPTS = 14  # by then two days have gone by
NEVER = datetime(9999, 1, 1, tzinfo=UTC)
OPEN = (DeliveryState.WAITING, DeliveryState.CLAIMED)
# A commit that outlives this process, but not always a power cut: then a mail goes twice,
# which we prefer to waiting for the disk at each.
_QUICK = {"sqlite": "PRAGMA synchronous=NORMAL", "postgresql": "SET synchronous_commit=off"}
_THOROUGH = {"sqlite": "PRAGMA synchronous=FULL", "postgresql": "RESET synchronous_commit"}


class Wishes(NamedTuple):
    """What a reader wants of an edition: slugs of topics, None for all, and searches."""

    topics: frozenset[str] | None = None
    searches: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Due:
    """A mail that this worker has claimed; to one who is no subscriber it has no key."""

    id: int
    letter: str
    recipient: str
    subscriber_id: int | None
    key: str
    edition_id: int | None
    article_id: int | None
    about: str
    attempts: int
    wishes: Wishes


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
    about: tuple[InstrumentedAttribute[int | None], int],
    readers: Sequence[ColumnElement[bool]],
    ids: Sequence[int],
    queries: Sequence[str],
) -> None:
    """Have a mail sent to each of those readers for whom there is something in it, once.

    `about` says which edition or article it is (`(Delivery.edition_id, 1)`), `ids` are the
    articles in it, `queries` the searches for which there is news.
    """
    column, id = about
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
    }
    rows = select(*values.values()).where(*readers, _is_served(ids, queries), ~has_it)
    db.session.execute(insert(Delivery).from_select(list(values), rows.order_by(Subscriber.id)))


def _is_served(ids: Sequence[int], queries: Sequence[str]) -> ColumnElement[bool]:
    """Whether there is something for a reader among these articles, or for his searches."""
    topics = select(article_topic.c.topic_id).where(article_topic.c.article_id.in_(ids))
    has_topic = exists().where(
        subscriber_topic.c.subscriber_id == Subscriber.id, subscriber_topic.c.topic_id.in_(topics)
    )
    has_search = exists().where(
        FollowedSearch.subscriber_id == Subscriber.id, FollowedSearch.query.in_(queries)
    )
    wants_all = Subscriber.has_all_topics.is_(True) if ids else literal(False)
    return or_(wants_all, has_topic, has_search)


def waiting() -> int:
    """Count the mails that are still to go."""
    still = select(func.count()).select_from(Delivery).where(Delivery.state.in_(OPEN))
    return db.session.scalar(still) or 0


@contextmanager
def opened() -> Iterator[Connection]:
    """Open the outbox for sending; its commits are quick."""
    name = db.engine.dialect.name
    with db.engine.connect() as connection:
        connection.exec_driver_sql(_QUICK[name])
        connection.commit()
        try:
            yield connection
        finally:
            connection.rollback()
            connection.exec_driver_sql(_THOROUGH[name])
            connection.commit()


def take_back(connection: Connection) -> None:
    """Free the mails whose worker is no more.

    Of this machine at once, of another when their claims lapse.
    """
    now, dead = the_site().clock(), living.dead()
    is_over = or_(Delivery.due_at <= now, Delivery.claimed_by.in_(dead))
    lapsed = (Delivery.state == DeliveryState.CLAIMED, is_over)
    if connection.scalar(select(Delivery.id).where(*lapsed).limit(1)) is not None:
        freed = update(Delivery).where(*lapsed)
        connection.execute(freed.values(state=DeliveryState.WAITING, due_at=now))
    connection.commit()
    living.bury(dead)


def claim(connection: Connection, limit: int) -> list[Due]:
    """Claim mails that are due, oldest first."""
    now = the_site().clock()
    paused = select(Edition.id).where(Edition.state == EditionState.PAUSED)
    free = (
        select(Delivery.id)
        .where(Delivery.state == DeliveryState.WAITING, Delivery.due_at <= now)
        # Another worker may have given back some of an edition that is paused meanwhile.
        .where(or_(Delivery.edition_id.is_(None), Delivery.edition_id.not_in(paused)))
        .order_by(Delivery.due_at, Delivery.id)
        .limit(limit)
        # Where there is such a lock: two workers take two batches, and neither waits.
        .with_for_update(skip_locked=True)
    )
    claimed = (
        update(Delivery)
        .where(Delivery.id.in_(free), Delivery.state == DeliveryState.WAITING)
        .values(
            state=DeliveryState.CLAIMED,
            claimed_by=living.own_name(),
            due_at=now + CLAIM,
            attempts=Delivery.attempts + 1,
        )
        .returning(Delivery.id)
    )
    ids = connection.scalars(claimed).all()
    rows = connection.execute(_CLAIMED, {"ids": ids}).all() if ids else []
    wishes = _wishes_of(connection, [row.subscriber_id for row in rows])
    connection.commit()
    return [Due(**row._mapping, wishes=wishes.get(row.subscriber_id, Wishes())) for row in rows]


def _wishes_of(connection: Connection, ids: Sequence[int | None]) -> dict[int | None, Wishes]:
    """Read what some subscribers want; those who want everything and no search are left out."""
    readers = {"ids": [id for id in ids if id is not None]}
    if not readers["ids"]:
        return {}
    topics: dict[int, set[str]] = {}
    searches: dict[int, list[str]] = {}
    for id, slug in connection.execute(_CHOSEN, readers):
        topics.setdefault(id, set()).update([slug] if slug else [])
    for id, query in connection.execute(_FOLLOWED, readers):
        searches.setdefault(id, []).append(query)
    return {
        id: Wishes(frozenset(topics[id]) if id in topics else None, tuple(searches.get(id, ())))
        for id in topics.keys() | searches.keys()
    }


_IDS: BindParameter[Sequence[int]] = bindparam("ids", expanding=True)
_FOLLOWED = (
    select(FollowedSearch.subscriber_id, FollowedSearch.query)
    .where(FollowedSearch.subscriber_id.in_(_IDS))
    .order_by(FollowedSearch.id)
)
# Who has chosen none of the topics is here too, with NULL.
_CHOSEN = (
    select(Subscriber.id, Topic.slug)
    .outerjoin(subscriber_topic, subscriber_topic.c.subscriber_id == Subscriber.id)
    .outerjoin(Topic, Topic.id == subscriber_topic.c.topic_id)
    .where(Subscriber.id.in_(_IDS), Subscriber.has_all_topics.is_(False))
)

_CLAIMED = (
    select(
        Delivery.id,
        Delivery.letter,
        func.coalesce(Delivery.address, Subscriber.address, "").label("recipient"),
        Delivery.subscriber_id,
        func.coalesce(Subscriber.key, "").label("key"),
        Delivery.edition_id,
        Delivery.article_id,
        func.coalesce(Delivery.about, "").label("about"),
        Delivery.attempts,
    )
    .outerjoin(Subscriber, Subscriber.id == Delivery.subscriber_id)
    .where(Delivery.id.in_(_IDS))
    .order_by(Delivery.id)
)


def is_wanted(connection: Connection, due: Due) -> bool:
    """Whether the reader of a claimed mail is still there: leaving is at once."""
    is_there = connection.execute(_IS_CLAIMED, {"id": due.id}).first() is not None
    connection.rollback()
    return is_there


def note_sent(connection: Connection, due: Due) -> None:
    """Note that a mail is on the other side."""
    connection.execute(_IS_SENT, {"id": due.id, "now": the_site().clock()})
    connection.commit()


# Done for each mail, and as text, which takes a third of the time.
_IS_CLAIMED = text("SELECT 1 FROM delivery WHERE id = :id AND state = 'claimed'")
_IS_SENT = text(
    "UPDATE delivery SET state = 'sent', sent_at = :now, reason = '' WHERE id = :id"
).bindparams(bindparam("now", type_=UtcDateTime()))


def note_failed(connection: Connection, due: Due, reason: str) -> None:
    """Note that a mail will never go."""
    failed = update(Delivery).where(Delivery.id == due.id)
    connection.execute(failed.values(state=DeliveryState.FAILED, reason=reason[:300]))
    connection.commit()


def put_off(connection: Connection, due: Due, reason: str) -> None:
    """Try a mail again later, each time after twice the pause; give it up in the end."""
    if due.attempts >= MOST_ATTEMPTS:
        note_failed(connection, due, reason)
        return
    pause = min(FIRST_PAUSE * 2 ** max(0, due.attempts - 1), LONGEST_PAUSE)
    later = update(Delivery).where(Delivery.id == due.id)
    connection.execute(
        later.values(
            state=DeliveryState.WAITING, due_at=the_site().clock() + pause, reason=reason[:300]
        )
    )
    connection.commit()


def give_back(connection: Connection, claimed: Sequence[Due], reason: str = "") -> None:
    """Free mails that were claimed, or refused with everything else, as if nobody had tried."""
    freed = update(Delivery).where(Delivery.id.in_([due.id for due in claimed]))
    connection.execute(
        freed.values(
            state=DeliveryState.WAITING,
            due_at=the_site().clock(),
            attempts=Delivery.attempts - 1,
            reason=reason[:300],
        )
    )
    connection.commit()


def pause(connection: Connection, reason: str) -> None:
    """Send no edition any further, until somebody has seen to what was said."""
    sending = Edition.state == EditionState.SENDING
    ids = connection.scalars(select(Edition.id).where(sending)).all()
    values = {"state": EditionState.PAUSED, "reason": reason[:300]}
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
