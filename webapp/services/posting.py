"""What an operator does with the letter by hand: look at it, try it, send it, see how far it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from functools import partial

from email_validator import EmailNotValidError, validate_email
from sqlalchemy import func, select

from webapp.errors import MailUnavailable, NothingToSend
from webapp.extensions import db, the_site
from webapp.mail import (
    AddressRefused,
    CarrierDown,
    CarrierRefuses,
    Mail,
    MailDelayed,
    MessageRefused,
    Stencil,
)
from webapp.models import Delivery, DeliveryState, Edition, EditionState
from webapp.services import desk, editing, letters, linking, mailing, outbox, reading, rhythms

FAILED = (AddressRefused, MessageRefused, MailDelayed, CarrierDown, CarrierRefuses)


@dataclass(frozen=True, slots=True)
class EditionStatus:
    """How far an edition has come: its mails by state."""

    edition: Edition
    waiting: int
    sent: int
    failed: int


def preview() -> tuple[EmailMessage, bool]:
    """Write the letter that would go now; where nothing is new, a sample of the newest briefs.

    Also says whether it is the real one. Raises NothingToSend where there is no brief at all.
    """
    now = the_site().clock()
    held = editing.held_edition()
    if held is not None:
        return desk.preview_message(partial(letters.edition_letter, held)), True
    ids = editing.next_ids()
    sample = ids or reading.visible().newest_ids(editing.FIRST_BRIEFS)
    if not sample:
        raise NothingToSend("There is no brief yet of which a letter could be made.")
    on = now.astimezone(the_site().settings.time_zone).date()
    write = partial(letters.letter_of, sample, on=on, path="/letters/")
    return desk.preview_message(write), bool(ids)


def send_test(address: str) -> str:
    """Send the letter that would go now to one address, at once; give its subject.

    Raises MailUnavailable, NothingToSend.
    """
    try:
        address = validate_email(address, check_deliverability=False).normalized
    except EmailNotValidError as problem:
        raise MailUnavailable(f"“{address}” is not an address: {problem}") from None
    message, _ = preview()
    stencil = Stencil.of(message, desk.MARKS)
    values = {mark: linking.sign(deed, "test") for mark, deed in desk.MARKS.items()}
    moment = the_site().clock().strftime("%Y%m%dT%H%M%S")
    id = f"test.{moment}@{the_site().settings.sender.rpartition('@')[2]}"
    recipient = desk.deliverable(address)
    headers = {"To": recipient, "Message-ID": f"<{id}>"}
    mail = Mail(
        recipient, the_site().settings.sender, id, desk.signed(stencil.filled(values, headers))
    )
    try:
        with the_site().carrier.connected() as send:
            send(mail)
    except FAILED as problem:
        raise MailUnavailable(f"The mail was not taken: {problem}") from problem
    return str(message["Subject"])


def begin_sending(note: str = "", subject: str = "") -> Edition:
    """Give the edition that is to go now: one that was paused or held, or a new one.

    One that is on its way still goes on; it is given where nothing is new since. `note` and
    `subject` are the editor's, for a held or a new one. Raises NothingToSend.
    """
    stopped = _editions_in(EditionState.HELD, EditionState.PAUSED)
    for edition in stopped:
        if edition.state == EditionState.PAUSED:
            outbox.resume(edition)
            db.session.commit()
        else:
            editing.annotate(note, subject)
            editing.release(edition.id)
    if stopped:
        return stopped[-1]
    try:
        edition = editing.compose_now(note, subject)
    except NothingToSend:
        begun = _editions_in(EditionState.SENDING)
        if not begun:
            raise
        return begun[-1]
    rhythms.fill_weekly_by_hand()
    return edition


def _editions_in(*states: EditionState) -> Sequence[Edition]:
    found = select(Edition).where(Edition.state.in_(states)).order_by(Edition.id)
    return db.session.scalars(found).all()


def send(edition: Edition, advance: Callable[[int], None]) -> EditionStatus:
    """Send what is in the outbox until nothing is due; `advance` hears how many went each turn.

    Raises MailUnavailable where the server is away or refuses everything; the rest goes later.
    """
    while True:
        tally = mailing.send_due()
        advance(tally.sent + tally.failed)
        db.session.expire_all()
        if tally.is_down:
            raise MailUnavailable(_reason(edition))
        if not outbox.is_due():
            break
    editing.close_done()
    return status_of(edition)


def _reason(edition: Edition) -> str:
    said = select(Delivery.reason).where(Delivery.edition_id == edition.id, Delivery.reason != "")
    reason = edition.reason or db.session.scalars(said.limit(1)).first()
    return (
        f"The mail server takes nothing now: {reason or 'it does not answer'}. Nothing is lost: "
        "bin/broadsheet letter send goes on from here, bin/broadsheet doctor looks at the server."
    )


def statuses(limit: int = 7) -> list[EditionStatus]:
    """Give the last editions, the newest first, and how far each has come."""
    newest = select(Edition).order_by(Edition.published_until.desc(), Edition.id.desc())
    return [status_of(edition) for edition in db.session.scalars(newest.limit(limit))]


def status_of(edition: Edition) -> EditionStatus:
    """Count the mails of an edition."""
    counted = (
        select(Delivery.state, func.count())
        .where(Delivery.edition_id == edition.id, Delivery.letter != "preview")
        .group_by(Delivery.state)
    )
    counts = {DeliveryState(state): count for state, count in db.session.execute(counted)}
    waiting = counts.get(DeliveryState.WAITING, 0) + counts.get(DeliveryState.CLAIMED, 0)
    sent, failed = counts.get(DeliveryState.SENT, 0), counts.get(DeliveryState.FAILED, 0)
    return EditionStatus(edition, waiting, sent, failed)
