"""What a list says of many people is written at once, where it is still so; commits nothing.

Whoever writes keeps others waiting, and they may have written since it was looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import (
    Executable,
    bindparam,
    delete,
    exists,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from webapp.extensions import Base, db, the_site
from webapp.importers.consent import LATEST, ListedStatus
from webapp.importers.subscribers import ListedSubscriber
from webapp.models import Departure, FollowedSearch, Frequency, Subscriber, SubscriberState
from webapp.models.columns import UtcDateTime
from webapp.models.subscriber import new_key, subscriber_topic
from webapp.services import bouncing, subscribing, writing

BATCH = 500
WORDING = FORM = subscribing.LISTED
_STATES = {
    ListedStatus.PENDING: SubscriberState.PENDING,
    ListedStatus.CONFIRMED: SubscriberState.CONFIRMED,
    ListedStatus.BOUNCED: SubscriberState.BOUNCED,
}
T = TypeVar("T")


class Known(NamedTuple):
    """Somebody who is here, and since when: confirmed, or else asked for."""

    address: str
    id: int
    key: str
    state: SubscriberState
    since: datetime


class Change(NamedTuple):
    """A line that says what is not so here; `hashed` is the address as who left is kept."""

    row: ListedSubscriber
    hashed: str
    known: Known | None


def batches(things: Iterable[T]) -> Iterator[list[T]]:
    """Give five hundred at a time."""
    things = iter(things)
    while batch := list(islice(things, BATCH)):
        yield batch


def add(changes: Sequence[Change]) -> None:
    """Add subscribers; nobody who has left or asked for the letter meanwhile."""
    topics, now = _topic_ids(changes), the_site().clock()
    for batch in batches((new_key(), change) for change in changes):
        rows = [
            {**_values(change.row, now), "new_key": key, "hashed": change.hashed}
            for key, change in batch
        ]
        _execute(_adding(), rows)
        _choose([(key, change.row) for key, change in batch], topics)


def confirm(changes: Sequence[Change]) -> None:
    """Make those readers who had yet to confirm, with the consent and the wishes of the list.

    What was asked for here nobody has confirmed, and anybody may have asked.
    """
    topics, now = _topic_ids(changes), the_site().clock()
    for batch in batches((change.known.key, change.row) for change in changes if change.known):
        keys = [{"old_key": key} for key, _ in batch]
        for unconfirmed in _UNCONFIRMED:
            _execute(unconfirmed, keys)
        _execute(_CONFIRMING, [{**_values(row, now), "old_key": key} for key, row in batch])
        _choose(batch, topics)


def let_go(changes: Sequence[Change]) -> None:
    """Forget people but for a keyed hash; not those who came here after they left there."""
    now = the_site().clock()
    for batch in batches(changes):
        _execute(_leaving(), [{"hashed": change.hashed, "now": now} for change in batch])
        rows = [each.row for each in batch]
        gone = [{"old_address": r.address, "left_at": r.left_at or LATEST} for r in rows]
        _execute(_FORGETTING, gone)


def stop(changes: Sequence[Change]) -> None:
    """Write no more to those whose address is dead."""
    for batch in batches(change.known.id for change in changes if change.known):
        bouncing.stop(batch)


def _execute(statement: Executable, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        db.session.connection().execute(statement, rows)


def _values(row: ListedSubscriber, now: datetime) -> dict[str, Any]:
    # Who has yet to confirm has as long for it as one who signs up now.
    consent_at = now if row.status == ListedStatus.PENDING else row.consent_at or now
    return {
        "new_address": row.address,
        "new_state": _STATES[row.status].value,
        "new_consent_at": consent_at,
        "new_consent_form": FORM,
        "new_consent_wording": WORDING,
        "new_confirmed_at": consent_at if row.status == ListedStatus.CONFIRMED else None,
        "new_frequency": Frequency(row.frequency).value,
        "new_weekday": row.weekday,
        "new_has_all_topics": row.topics is None,
    }


def _topic_ids(changes: Iterable[Change]) -> dict[str, int]:
    names = dict.fromkeys(name for change in changes for name in change.row.topics or ())
    topics = {}
    for batch in batches(names):
        topics.update(writing.topics_named(batch))
    db.session.flush()
    return {name: topic.id for name, topic in topics.items()}


def _choose(chosen: Iterable[tuple[str, ListedSubscriber]], topics: Mapping[str, int]) -> None:
    rows = [
        {"of_key": key, "topic": topic}
        for key, row in chosen
        for topic in dict.fromkeys(topics[name] for name in row.topics or ())
    ]
    _execute(_CHOOSING, rows)


_COLUMNS = {
    column.name: bindparam(f"new_{column.name}", type_=column.type)
    for column in Subscriber.__table__.columns
    if column.name not in ("id", "key")
}
_HAS_OLD_KEY = (
    Subscriber.key == bindparam("old_key"),
    Subscriber.state == SubscriberState.PENDING.value,
)
_CONFIRMING = update(Subscriber).where(*_HAS_OLD_KEY).values(_COLUMNS)
_PENDING_ID = select(Subscriber.id).where(*_HAS_OLD_KEY)
_UNCONFIRMED = (
    delete(subscriber_topic).where(subscriber_topic.c.subscriber_id.in_(_PENDING_ID)),
    delete(FollowedSearch).where(FollowedSearch.subscriber_id.in_(_PENDING_ID)),
)
_CHOOSING = insert(subscriber_topic).from_select(
    ["subscriber_id", "topic_id"],
    select(Subscriber.id, bindparam("topic", type_=subscriber_topic.c.topic_id.type)).where(
        Subscriber.key == bindparam("of_key")
    ),
)
_FORGETTING = delete(Subscriber).where(
    Subscriber.address == bindparam("old_address"),
    func.coalesce(Subscriber.confirmed_at, Subscriber.consent_at)
    <= bindparam("left_at", type_=UtcDateTime()),
)


def _adding() -> Executable:
    columns = {"key": bindparam("new_key", type_=Subscriber.key.type), **_COLUMNS}
    has_left = exists().where(Departure.address_hash == bindparam("hashed"))
    rows = select(*columns.values()).where(~has_left)
    return _insert(Subscriber).from_select(list(columns), rows).on_conflict_do_nothing()


def _leaving() -> Executable:
    columns: dict[str, Any] = {"address_hash": bindparam("hashed"), "left_at": bindparam("now")}
    return _insert(Departure).values(**columns).on_conflict_do_nothing()


def _insert(model: type[Base]) -> sqlite.Insert | postgresql.Insert:
    is_sqlite = db.engine.dialect.name == "sqlite"
    return sqlite.insert(model) if is_sqlite else postgresql.insert(model)
