"""Mails that come back: whose address is dead, or who complains, is not written to again."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import BinaryIO

from sqlalchemy import delete, func, or_, select, update

from webapp.errors import BouncesUnreadable, LinkUnreadable
from webapp.extensions import db, the_site
from webapp.mail.boxes import BoxUnreadable, open_box, piped
from webapp.mail.reports import LONGEST, Report, ReportKind, read_report, token_to_leave
from webapp.models import (
    Bounce,
    BounceKind,
    Delivery,
    DeliveryState,
    Edition,
    EditionState,
    Subscriber,
    SubscriberState,
)
from webapp.services import linking, returning, subscribing
from webapp.text.mailboxes import kept_as

COUNTED = timedelta(days=30)
MOST_SOFT = 5
# An address that refused so many mails, and took none between them, gets no more.
REFUSALS = 3
ON_THE_WAY = (EditionState.SENDING, EditionState.PAUSED)
REASON = "the address bounced"
AT_ONCE = 200  # messages that the worker reads before it turns to its other deeds
CLOCKS_DIFFER = timedelta(days=1)
log = logging.getLogger(__name__)


class Outcome(StrEnum):
    """What a message was: a bounce, a complaint, a wish to leave, or nothing new to us."""

    HARD = "hard"
    SOFT = "soft"
    COMPLAINT = "complaint"
    LEFT = "left"
    OTHER = "other"


@dataclass(slots=True)
class Tally:
    """How many messages were what."""

    hard: int = 0
    soft: int = 0
    complaint: int = 0
    left: int = 0
    other: int = 0

    def count(self, outcome: Outcome) -> None:
        """Count one more."""
        setattr(self, outcome, getattr(self, outcome) + 1)


def note_bounce(content: bytes) -> Outcome:
    """Read a message that came to the return path, and stop mail to an address where it says so.

    A hard bounce and a complaint stop it at once, soft ones when five came in thirty days. A
    report read twice counts once: it is known by its reader, its kind and the second in which
    it arrived. One from before the reader confirmed the address says nothing of it today.
    """
    token = token_to_leave(content)
    if token:
        return _leave(token)
    report = read_report(content)
    subscriber_id = _whose(report) if report.kind != ReportKind.NONE else None
    outcome = Outcome.OTHER
    if subscriber_id is not None and _is_new(report, subscriber_id):
        outcome = Outcome(report.kind)
        db.session.add(
            Bounce(
                subscriber_id=subscriber_id,
                kind=BounceKind(report.kind),
                bounced_at=_arrived_at(report),
            )
        )
        if outcome != Outcome.SOFT or _soft_ones(subscriber_id) >= MOST_SOFT:
            stop([subscriber_id])
    db.session.commit()
    return outcome


def stop_refusing() -> None:
    """Write no more to addresses that refused three mails in a row for good, for the worker.

    Those of an edition that is still on its way do not count: it may be refused as a whole, and
    then it was no reader's fault.
    """
    under_way = select(Edition.id).where(Edition.state.in_(ON_THE_WAY))
    counted = or_(Delivery.edition_id.is_(None), Delivery.edition_id.not_in(under_way))
    refused = (
        select(Delivery.subscriber_id)
        .join(Subscriber, Subscriber.id == Delivery.subscriber_id)
        .where(Delivery.refused_at.is_not(None), Delivery.address.is_(None), counted)
        .where(Subscriber.state == SubscriberState.CONFIRMED)
        .where(Delivery.refused_at > func.coalesce(Subscriber.confirmed_at, Subscriber.consent_at))
        .group_by(Delivery.subscriber_id)
        .having(func.count() >= REFUSALS)
    )
    for id in db.session.scalars(refused).all():
        if id is not None and _refused_last(id):
            now = the_site().clock()
            db.session.add(Bounce(subscriber_id=id, kind=BounceKind.HARD, bounced_at=now))
            stop([id])
    db.session.commit()


def _refused_last(subscriber_id: int) -> bool:
    ended = or_(Delivery.sent_at.is_not(None), Delivery.refused_at.is_not(None))
    last = (
        select(Delivery.sent_at)
        .where(Delivery.subscriber_id == subscriber_id, Delivery.address.is_(None), ended)
        .order_by(Delivery.id.desc())
        .limit(REFUSALS)
    )
    return db.session.scalars(last).all() == [None] * REFUSALS


def read_box(source: str) -> Tally:
    """Note every message of a maildir, an mbox or an IMAP folder; without a source, of the set one.

    Raises BouncesUnreadable.
    """
    source = source or the_site().settings.bounces_url
    if not source:
        raise BouncesUnreadable(
            "Say where bounces are: a maildir, an mbox, imaps://name:password@host/INBOX or -, "
            "or set BROADSHEET_BOUNCES_URL."
        )
    try:
        return _noted(open_box(source, LONGEST))
    except BoxUnreadable as problem:
        raise BouncesUnreadable(str(problem)) from problem


def read_piped(stream: BinaryIO) -> Tally:
    """Note the one message that is piped to us."""
    return _noted(piped(stream, LONGEST))


def read_mailbox() -> Tally:
    """Note what came to the box that the settings name, if any; for the worker.

    Two hundred messages at most. A box that cannot be read costs a line in the log.
    """
    url = the_site().settings.bounces_url
    if not url:
        return Tally()
    try:
        return _noted(open_box(url, LONGEST, AT_ONCE))
    except BoxUnreadable as problem:
        log.warning("Bounces could not be fetched: %s", problem)
        return Tally()


def stop(subscriber_ids: Sequence[int]) -> None:
    """Write no more to these, also not what is waiting already, in the running transaction."""
    stopped = update(Subscriber).where(Subscriber.id.in_(subscriber_ids))
    db.session.execute(stopped.values(state=SubscriberState.BOUNCED))
    # A claimed one too: where its worker has died, the next would send it.
    still = (DeliveryState.WAITING, DeliveryState.CLAIMED)
    waiting = (Delivery.subscriber_id.in_(subscriber_ids), Delivery.state.in_(still))
    failed = update(Delivery).where(*waiting)
    db.session.execute(failed.values(state=DeliveryState.FAILED, reason=REASON))


def forget_old() -> None:
    """Delete the bounces that count no more."""
    old = Bounce.bounced_at <= the_site().clock() - COUNTED
    # A question first: whoever finds nothing to do takes no turn to write.
    if db.session.scalar(select(Bounce.id).where(old).limit(1)) is not None:
        db.session.execute(delete(Bounce).where(old))
        db.session.commit()


def _noted(messages: Iterable[bytes]) -> Tally:
    tally = Tally()
    for content in messages:
        tally.count(note_bounce(content))
    forget_old()
    return tally


def _leave(token: str) -> Outcome:
    try:
        has_left = subscribing.left_by(token) is not None
        subscribing.leave(token)
    except LinkUnreadable:
        return Outcome.OTHER
    return Outcome.LEFT if has_left else Outcome.OTHER


def _whose(report: Report) -> int | None:
    """Find who was written to, by what only we can have made, and take a turn at the row."""
    named = [Subscriber.id == id for id in _ids(report)]
    for key in _keys(report):
        one = Subscriber.key == key
        if report.kind != ReportKind.COMPLAINT:
            # A link to leave stays good when its reader moves; what comes back of the address
            # before says nothing of today's. A complaint may keep the address to itself.
            one &= Subscriber.address.in_([kept_as(each) for each in report.addresses])
        named.append(one)
    for one in named:
        # Of two that read the same report at once the second waits here, on any database.
        turn = update(Subscriber).where(one).values(state=Subscriber.state)
        id: int | None = db.session.scalar(turn.returning(Subscriber.id))
        if id is not None:
            return id
    return None


def _ids(report: Report) -> Iterator[int]:
    for address in report.addresses:
        id = returning.subscriber_id_in(address, _address_of)
        if id is not None:
            yield id


def _address_of(subscriber_id: int) -> str | None:
    address = select(Subscriber.address).where(Subscriber.id == subscriber_id)
    return db.session.scalar(address)


def _keys(report: Report) -> Iterator[str]:
    """Give the names in the links to leave that the returned mail had."""
    for link in report.links:
        try:
            yield linking.read("departure", link.rpartition("/")[2], None)
        except LinkUnreadable:
            continue


def _is_new(report: Report, subscriber_id: int) -> bool:
    at, now = _arrived_at(report), the_site().clock()
    if report.kind == ReportKind.SOFT and at <= now - COUNTED:
        return False
    confirmed = select(Subscriber.confirmed_at).where(Subscriber.id == subscriber_id)
    confirmed_at = db.session.scalar(confirmed)
    if confirmed_at is not None and at < confirmed_at:
        return False
    same = (Bounce.subscriber_id == subscriber_id, Bounce.bounced_at == at)
    known = select(Bounce.id).where(*same, Bounce.kind == BounceKind(report.kind))
    return db.session.scalar(known.limit(1)) is None


def _arrived_at(report: Report) -> datetime:
    """Say when a report came; one of an absurd time comes now."""
    now = the_site().clock()
    at = report.arrived_at
    return now if at is None or at > now + CLOCKS_DIFFER else at


def _soft_ones(subscriber_id: int) -> int:
    counted = select(func.count()).where(
        Bounce.subscriber_id == subscriber_id,
        Bounce.kind == BounceKind.SOFT,
        Bounce.bounced_at > the_site().clock() - COUNTED,
    )
    return db.session.scalar(counted) or 0
