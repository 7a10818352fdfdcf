"""Lists of subscribers, in and out."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from io import StringIO
from itertools import islice
from pathlib import Path
from typing import TextIO

from sqlalchemy import delete, select
from sqlalchemy.orm import selectinload

from webapp.errors import SubscribersUnreadable
from webapp.extensions import db, the_site
from webapp.importers.consent import ListedStatus
from webapp.importers.contract import Unreadable
from webapp.importers.subscribers import (
    COLUMNS,
    WEEKDAYS,
    ListedSubscriber,
    harmless,
    read_subscribers,
    write_topics,
)
from webapp.models import Departure, Frequency, Subscriber, SubscriberState, Topic
from webapp.services import linking, writing

BATCH = 500
LONGEST_LINE = 50_000  # characters
BAD_LINES = 100  # that are told of
WORDING = FORM = "import"
_STATES = {
    ListedStatus.PENDING: SubscriberState.PENDING,
    ListedStatus.CONFIRMED: SubscriberState.CONFIRMED,
    ListedStatus.BOUNCED: SubscriberState.BOUNCED,
}


@dataclass(slots=True)
class Tally:
    """What came of each line; `left` are those who left us once, whom no list brings back."""

    added: int = 0
    unchanged: int = 0
    left: int = 0
    unsubscribed: int = 0
    bounced: int = 0
    bad: list[Unreadable] = field(default_factory=list)
    bad_lines: int = 0

    def note_bad(self, row: Unreadable) -> None:
        """Count a line that cannot be read; of the first hundred it is kept why."""
        self.bad_lines += 1
        if len(self.bad) < BAD_LINES:
            self.bad.append(row)


def import_subscribers(path: Path, *, skip_bad: bool = False, dry_run: bool = False) -> Tally:
    """Bring in a list in one transaction: all of it, or, where a line is bad, nothing.

    `skip_bad` brings in the good lines all the same. Nobody is written to by it. Those who are
    known keep what they wanted. Raises SubscribersUnreadable.
    """
    tally = Tally()
    for row in _rows(path):
        if isinstance(row, Unreadable):
            tally.note_bad(row)
    if tally.bad and not skip_bad:
        return tally
    good = (row for row in _rows(path) if isinstance(row, ListedSubscriber))
    while batch := list(islice(good, BATCH)):
        _take(batch, tally)
        db.session.flush()
        db.session.expunge_all()
    if dry_run:
        db.session.rollback()
    else:
        db.session.commit()
    return tally


def _rows(path: Path) -> Iterator[ListedSubscriber | Unreadable]:
    if not path.is_file():
        raise SubscribersUnreadable(f"{path} is no file: it is read twice. Save the list first.")
    try:
        with path.open(encoding="utf-8", newline="") as file:
            yield from read_subscribers(_lines(file), the_site().clock())
    except UnicodeDecodeError:
        raise SubscribersUnreadable(f"{path} is not in UTF-8. Save it as CSV UTF-8.") from None


def _lines(file: TextIO) -> Iterator[str]:
    while line := file.readline(LONGEST_LINE + 1):
        if len(line) > LONGEST_LINE:
            raise SubscribersUnreadable(f"A line has more than {LONGEST_LINE:,} characters.")
        yield line


def _take(batch: Sequence[ListedSubscriber], tally: Tally) -> None:
    addresses = [row.address for row in batch]
    known = {
        each.address: each
        for each in db.session.scalars(select(Subscriber).where(Subscriber.address.in_(addresses)))
    }
    hashes = {address: linking.keyed_hash(address) for address in addresses}
    gone = set(
        db.session.scalars(
            select(Departure.address_hash).where(Departure.address_hash.in_(hashes.values()))
        )
    )
    topics = _topics_of(batch)
    for row in batch:
        if row.status == ListedStatus.UNSUBSCRIBED:
            _let_go(row.address, hashes[row.address], known, gone, tally)
        elif hashes[row.address] in gone:
            tally.left += 1
        elif row.address not in known:
            known[row.address] = _add(row, topics)
            tally.added += 1
        elif (
            row.status == ListedStatus.BOUNCED
            and known[row.address].state != SubscriberState.BOUNCED
        ):
            known[row.address].state = SubscriberState.BOUNCED
            tally.bounced += 1
        else:
            tally.unchanged += 1


def _let_go(
    address: str, hashed: str, known: dict[str, Subscriber], gone: set[str], tally: Tally
) -> None:
    if hashed in gone:
        tally.unchanged += 1
        return
    gone.add(hashed)
    db.session.add(Departure(address_hash=hashed, left_at=the_site().clock()))
    if known.pop(address, None) is not None:
        db.session.flush()
        db.session.execute(delete(Subscriber).where(Subscriber.address == address))
    tally.unsubscribed += 1


def _add(row: ListedSubscriber, topics: dict[str, Topic]) -> Subscriber:
    now = the_site().clock()
    is_pending = row.status == ListedStatus.PENDING
    subscriber = Subscriber(
        address=row.address,
        state=_STATES[row.status],
        # Who has yet to confirm has as long for it as one who signs up now.
        consent_at=now if is_pending else row.consent_at or now,
        consent_form=FORM,
        consent_wording=WORDING,
        confirmed_at=None if is_pending else row.consent_at or now,
        frequency=Frequency(row.frequency),
        weekday=row.weekday,
        has_all_topics=row.topics is None,
    )
    subscriber.topics = list(dict.fromkeys(topics[name] for name in row.topics or ()))
    db.session.add(subscriber)
    return subscriber


def _topics_of(batch: Iterable[ListedSubscriber]) -> dict[str, Topic]:
    names = list(dict.fromkeys(name for row in batch for name in row.topics or ()))
    return writing.topics_named(names)


def export_subscribers() -> Iterator[str]:
    """Give all subscribers as lines of CSV, some at a time; those who left have no address."""
    yield _written([COLUMNS])
    statement = select(Subscriber).options(selectinload(Subscriber.topics)).order_by(Subscriber.id)
    for some in db.session.scalars(statement.execution_options(yield_per=BATCH)).partitions():
        yield _written([_row(subscriber) for subscriber in some])


def _written(rows: Iterable[Sequence[str]]) -> str:
    lines = StringIO()
    csv.writer(lines, lineterminator="\n").writerows(rows)
    return lines.getvalue()


def _row(subscriber: Subscriber) -> tuple[str, ...]:
    frequency = str(subscriber.frequency)
    if subscriber.frequency == Frequency.WEEKLY:
        frequency += f":{WEEKDAYS[subscriber.weekday]}"
    chosen = write_topics(topic.name for topic in subscriber.topics)
    return (
        harmless(subscriber.address),
        str(subscriber.state),
        subscriber.consent_at.isoformat(timespec="seconds"),
        frequency,
        "" if subscriber.has_all_topics else chosen,
    )
