"""Lists of subscribers, in and out."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from io import StringIO
from pathlib import Path
from typing import TextIO

from sqlalchemy import func, select
from sqlalchemy.orm import selectinload

from webapp.errors import SubscribersUnreadable
from webapp.extensions import db, the_site
from webapp.importers.consent import LATEST, ListedStatus, Said, refusal
from webapp.importers.contract import Unreadable
from webapp.importers.subscribers import (
    COLUMNS,
    WEEKDAYS,
    ListedSubscriber,
    harmless,
    read_subscribers,
    write_topics,
)
from webapp.models import Departure, Frequency, Subscriber, SubscriberState
from webapp.services import enlisting, linking
from webapp.services.enlisting import BATCH, Change, Known

LONGEST_LINE = 50_000  # characters
BAD_LINES = 100  # that are told of


class Outcome(StrEnum):
    """What comes of a line; LEFT is one who left us once, whom no list brings back.

    CONFIRMED is one who had yet to confirm here.
    """

    ADDED = "added"
    CONFIRMED = "confirmed"
    UNCHANGED = "unchanged"
    LEFT = "left"
    UNSUBSCRIBED = "unsubscribed"
    BOUNCED = "bounced"


@dataclass(slots=True)
class Tally:
    """How many lines had which outcome, and what was wrong with those that cannot be read."""

    added: int = 0
    confirmed: int = 0
    unchanged: int = 0
    left: int = 0
    unsubscribed: int = 0
    bounced: int = 0
    bad: list[Unreadable] = field(default_factory=list)
    bad_lines: int = 0

    def count(self, outcome: Outcome) -> None:
        """Count one more."""
        setattr(self, outcome, getattr(self, outcome) + 1)

    def note_bad(self, row: Unreadable) -> None:
        """Count a line that cannot be read; of the first hundred it is kept why."""
        self.bad_lines += 1
        if len(self.bad) < BAD_LINES:
            self.bad.append(row)


def import_subscribers(path: Path, *, skip_bad: bool = False, dry_run: bool = False) -> Tally:
    """Bring in a list in one transaction: all of it, or, where a line is bad, nothing.

    `skip_bad` brings in the good lines all the same. Nobody is written to by it. Readers who are
    known keep what they wanted. The list is held in memory. Raises SubscribersUnreadable.
    """
    tally = Tally()
    rows = _read(path, tally)
    if tally.bad and not skip_bad:
        return tally
    # Whoever writes keeps others from it: what can be found out is found out before.
    changes = _compared(rows, tally)
    if not dry_run:
        enlisting.let_go(changes[Outcome.UNSUBSCRIBED])
        enlisting.stop(changes[Outcome.BOUNCED])
        enlisting.confirm(changes[Outcome.CONFIRMED])
        enlisting.add(changes[Outcome.ADDED])
        db.session.commit()
    return tally


def _read(path: Path, tally: Tally) -> Iterable[ListedSubscriber]:
    """Read a list; of several lines of one address the most refusing counts."""
    rows: dict[str, ListedSubscriber] = {}
    for row in _rows(path):
        if isinstance(row, Unreadable):
            tally.note_bad(row)
        elif row.address in rows:
            tally.count(Outcome.UNCHANGED)
            rows[row.address] = max(rows[row.address], row, key=_refusal)
        else:
            rows[row.address] = row
    return rows.values()


def _refusal(row: ListedSubscriber) -> tuple[int, datetime]:
    return refusal(Said(row.status, row.left_at))


def _rows(path: Path) -> Iterator[ListedSubscriber | Unreadable]:
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


def _compared(rows: Iterable[ListedSubscriber], tally: Tally) -> Mapping[Outcome, Sequence[Change]]:
    changes: dict[Outcome, list[Change]] = defaultdict(list)
    for batch in enlisting.batches(rows):
        hashes = [linking.keyed_hash(row.address) for row in batch]
        # In this order: whoever leaves in between is found to have left.
        known = _known([row.address for row in batch])
        gone = _gone(hashes)
        for row, hashed in zip(batch, hashes, strict=True):
            outcome = _outcome(row, known.get(row.address), has_left=hashed in gone)
            tally.count(outcome)
            if outcome not in (Outcome.UNCHANGED, Outcome.LEFT):
                changes[outcome].append(Change(row, hashed, known.get(row.address)))
    return changes


def _known(addresses: Sequence[str]) -> dict[str, Known]:
    since = func.coalesce(Subscriber.confirmed_at, Subscriber.consent_at)
    columns = (Subscriber.address, Subscriber.id, Subscriber.key, Subscriber.state, since)
    found = db.session.execute(select(*columns).where(Subscriber.address.in_(addresses)))
    return {row.address: Known(*row) for row in found}


def _gone(hashes: Sequence[str]) -> set[str]:
    hashed = Departure.address_hash
    return set(db.session.scalars(select(hashed).where(hashed.in_(hashes))))


def _outcome(row: ListedSubscriber, known: Known | None, *, has_left: bool) -> Outcome:
    if row.status == ListedStatus.UNSUBSCRIBED:
        is_so = has_left or _came_since(row, known)
        return Outcome.UNCHANGED if is_so else Outcome.UNSUBSCRIBED
    if has_left:
        return Outcome.LEFT
    if known is None:
        return Outcome.ADDED
    if row.status == ListedStatus.BOUNCED and known.state != SubscriberState.BOUNCED:
        return Outcome.BOUNCED
    if row.status == ListedStatus.CONFIRMED and known.state == SubscriberState.PENDING:
        return Outcome.CONFIRMED
    return Outcome.UNCHANGED


def _came_since(row: ListedSubscriber, known: Known | None) -> bool:
    """Whether somebody became a reader here after the list says that he left.

    Who has yet to confirm is none: that he left is noted, and what he asked for stands.
    """
    is_reader = known is not None and known.state != SubscriberState.PENDING
    return known is not None and is_reader and known.since > (row.left_at or LATEST)


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
