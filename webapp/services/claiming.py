"""What a worker does with the outbox: claims mails, and notes what became of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Select,
    Update,
    bindparam,
    delete,
    func,
    or_,
    select,
    text,
    update,
)

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
from webapp.services import living
from webapp.services.outbox import OPEN

# Long enough for a server that takes its time over each command of a mail, and short enough
# for the readers of a worker that died.
CLAIM = timedelta(minutes=5)
# With less of a claim left no mail is begun: another worker could have it before it is through.
BEGUN = timedelta(minutes=2, seconds=30)
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=6)
MOST_ATTEMPTS = 14  # by then two days have gone by
# So many refused one after the other are not bad addresses: something is wrong with us.
ALL_REFUSED, FEW = 20, 3
REFUSAL_PAUSE = timedelta(hours=1)
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
    """A mail that this worker has claimed; to one who is no subscriber it has no key.

    `is_elsewhere`: it goes to an address that is not its subscriber's own, or not yet.
    """

    id: int
    letter: str
    recipient: str
    is_elsewhere: bool
    subscriber_id: int | None
    key: str
    edition_id: int | None
    article_id: int | None
    about: str
    attempts: int
    lapses_at: datetime
    wishes: Wishes

    @property
    def is_news(self) -> bool:
        """Whether it is of an edition or an article: nobody asked for this one mail."""
        return self.edition_id is not None or self.article_id is not None


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
    """Free the mails whose worker is no more; for the beginning of a turn.

    Of this machine at once, of another when their claims lapse. Also what this worker itself
    could not give back in its last turn, as on a full disk.
    """
    now, dead = the_site().clock(), living.dead()
    nobodys = [*dead, living.own_name()]
    is_over = or_(Delivery.due_at <= now, Delivery.claimed_by.in_(nobodys))
    lapsed = (Delivery.state == DeliveryState.CLAIMED, is_over)
    if connection.scalar(select(Delivery.id).where(*lapsed).limit(1)) is not None:
        freed = update(Delivery).where(*lapsed)
        connection.execute(freed.values(state=DeliveryState.WAITING, due_at=now))
    connection.commit()
    living.bury(dead)


def claim(connection: Connection, limit: int) -> list[Due]:
    """Claim mails that are due, oldest first; what somebody waits for before what is news."""
    # By the index of editions, in which these are few: nearly all mails have no article either.
    asked_for = (Delivery.edition_id.is_(None), func.coalesce(Delivery.article_id, 0) == 0)
    first = select(Delivery.id).where(_IS_WAITING, *asked_for).order_by(Delivery.id)
    oldest = (
        select(Delivery.id)
        .where(Delivery.state == DeliveryState.WAITING)
        .order_by(Delivery.due_at, Delivery.id)
    )
    ids = _claimed(connection, first, limit) or _claimed(connection, oldest, limit)
    rows = connection.execute(_CLAIMED, {"ids": ids}).all() if ids else []
    wishes = _wishes_of(connection, [row.subscriber_id for row in rows])
    connection.commit()
    return [Due(**row._mapping, wishes=wishes.get(row.subscriber_id, Wishes())) for row in rows]


# Hidden from the index of states, which leads to all that waits: that would be read for each batch.
_IS_WAITING = func.coalesce(Delivery.state, "") == DeliveryState.WAITING


def _claimed(connection: Connection, which: Select[Any], limit: int) -> Sequence[int]:
    now = the_site().clock()
    paused = select(Edition.id).where(Edition.state == EditionState.PAUSED)
    free = (
        which.where(Delivery.due_at <= now)
        # Another worker may have given back some of an edition that is paused meanwhile.
        .where(or_(Delivery.edition_id.is_(None), Delivery.edition_id.not_in(paused)))
        .limit(limit)
        # Where there is such a lock: two workers take two batches, and neither waits.
        .with_for_update(skip_locked=True)
    )
    claimed = (
        update(Delivery)
        .where(Delivery.id.in_(free), _IS_WAITING)
        .values(
            state=DeliveryState.CLAIMED,
            claimed_by=living.own_name(),
            due_at=now + CLAIM,
            attempts=Delivery.attempts + 1,
        )
        .returning(Delivery.id)
    )
    return connection.scalars(claimed).all()


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
        Delivery.address.is_not(None).label("is_elsewhere"),
        Delivery.subscriber_id,
        func.coalesce(Subscriber.key, "").label("key"),
        Delivery.edition_id,
        Delivery.article_id,
        func.coalesce(Delivery.about, "").label("about"),
        Delivery.attempts,
        Delivery.due_at.label("lapses_at"),
    )
    .outerjoin(Subscriber, Subscriber.id == Delivery.subscriber_id)
    .where(Delivery.id.in_(_IDS))
    .order_by(Delivery.id)
)


def is_wanted(connection: Connection, due: Due) -> bool:
    """Whether a claimed mail is still ours, and its reader still there: leaving is at once."""
    named = {"id": due.id, "worker": living.own_name(), "lapses_at": due.lapses_at}
    is_there = connection.execute(_IS_OURS, named).first() is not None
    connection.rollback()
    return is_there


def note_sent(connection: Connection, due: Due) -> None:
    """Note that a mail is on the other side: true whoever has claimed it meanwhile."""
    connection.execute(_IS_SENT, {"id": due.id, "now": the_site().clock()})
    connection.commit()


# Whoever was away for longer than its claim lasts finds its mails another's, and leaves them.
_OURS = "id = :id AND state = 'claimed' AND claimed_by = :worker AND due_at = :lapses_at"
# Done for each mail, and as text, which takes a third of the time.
_IS_OURS = text(f"SELECT 1 FROM delivery WHERE {_OURS}").bindparams(  # noqa: S608
    bindparam("lapses_at", type_=UtcDateTime())
)
_IS_SENT = text(
    "UPDATE delivery SET state = 'sent', sent_at = :now, reason = '' WHERE id = :id"
).bindparams(bindparam("now", type_=UtcDateTime()))


def _ours(claimed: Sequence[Due]) -> Update:
    """Say which mails are to be changed: those that nobody else has claimed meanwhile."""
    return update(Delivery).where(
        Delivery.id.in_([due.id for due in claimed]),
        Delivery.state == DeliveryState.CLAIMED,
        Delivery.claimed_by == living.own_name(),
        Delivery.due_at.in_({due.lapses_at for due in claimed}),
    )


def note_failed(connection: Connection, due: Due, reason: str, *, is_refused: bool) -> None:
    """Note that a mail will never go; `is_refused` where it was the other side that said so."""
    refused_at = the_site().clock() if is_refused else None
    values = {"state": DeliveryState.FAILED, "reason": reason[:300], "refused_at": refused_at}
    connection.execute(_ours([due]).values(**values))
    connection.commit()


def drop(connection: Connection, due: Due) -> None:
    """Forget a mail in which there is nothing for its reader."""
    connection.execute(delete(Delivery).where(Delivery.id == due.id))
    connection.commit()


def put_off(connection: Connection, due: Due, reason: str) -> None:
    """Try a mail again later, each time after twice the pause; give it up in the end."""
    if due.attempts >= MOST_ATTEMPTS:
        note_failed(connection, due, reason, is_refused=False)
        return
    pause = min(FIRST_PAUSE * 2 ** max(0, due.attempts - 1), LONGEST_PAUSE)
    values = {"due_at": the_site().clock() + pause, "reason": reason[:300]}
    connection.execute(_ours([due]).values(state=DeliveryState.WAITING, **values))
    connection.commit()


def give_back(connection: Connection, claimed: Sequence[Due], reason: str = "") -> None:
    """Free mails that were claimed, as if nobody had tried."""
    connection.execute(
        _ours(claimed).values(
            state=DeliveryState.WAITING,
            due_at=the_site().clock(),
            attempts=Delivery.attempts - 1,
            reason=reason[:300],
        )
    )
    connection.commit()


def is_all_refused(connection: Connection, due: Due) -> bool:
    """Whether the other side refuses everything of an edition, or of an article, and not just one.

    It does where it took none of the last twenty; or, of a few, none at all.
    """
    alike = _alike(due)
    last = select(func.max(Delivery.sent_at)).where(*alike)
    last_sent_at = connection.scalar(last)
    since = Delivery.refused_at > last_sent_at if last_sent_at else Delivery.refused_at.is_not(None)
    refused = connection.scalar(select(func.count()).select_from(Delivery).where(*alike, since))
    still = select(Delivery.id).where(*alike, Delivery.state.in_(OPEN)).limit(1)
    is_end = last_sent_at is None and connection.scalar(still) is None
    connection.rollback()
    return (refused or 0) >= (FEW if is_end else ALL_REFUSED)


def take_up_again(connection: Connection, due: Due) -> None:
    """Have what was refused of an edition, or of an article, tried again after an hour.

    It was not the readers' fault.
    """
    refused = (*_alike(due), Delivery.refused_at.is_not(None))
    values = {"due_at": the_site().clock() + REFUSAL_PAUSE, "refused_at": None}
    again = update(Delivery).where(*refused, Delivery.attempts < MOST_ATTEMPTS)
    connection.execute(again.values(state=DeliveryState.WAITING, **values))
    connection.commit()


def _alike(due: Due) -> tuple[ColumnElement[bool], ...]:
    """Say which mails are of the same edition, or of the same article."""
    if due.edition_id is not None:
        return (Delivery.edition_id == due.edition_id, Delivery.letter == due.letter)
    return (Delivery.article_id == due.article_id,)
