"""Editions of the letter: composed at their hour, held for the editors, released to the outbox."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, exists, func, select, update

from webapp.errors import EditionNotFound, NothingToSend
from webapp.extensions import db, the_site
from webapp.models import (
    PUBLIC,
    Delivery,
    DeliveryState,
    Edition,
    EditionArticle,
    EditionState,
    Frequency,
    Subscriber,
    SubscriberState,
)
from webapp.services import finding, hours, outbox, progress, reading, revising

FIRST_BRIEFS = 20
MOST_BRIEFS = 500
SEARCHED = 50  # of the newest that fit a search; more are new at once nowhere
JUST_AFTER = timedelta(microseconds=1)
# What is saved at this moment may be seen so much later than it says it was published.
LATE = timedelta(minutes=1)
# The day's edition, as far as composing it has come.
DEED = "editions"


def compose_due() -> None:
    """Compose the edition whose hour has come, once however many workers there are.

    After days without a worker it is one edition, of the last hour that came. Where nothing
    was published there is none.
    """
    site = the_site()
    now = site.clock()
    hour, before = hours.last_due(now), progress.until(DEED)
    if hour is None or (before is not None and hour <= before):
        return
    # Who has just begun does not write in the middle of the day.
    if not progress.advance(DEED, before, hour if before else now):
        db.session.rollback()
        return
    ids = _new_ids(hour) if before else []
    if ids:
        _preview_to_editors(_composed(ids, hour))
    db.session.commit()


def compose_now(note: str = "", subject: str = "") -> Edition:
    """Compose an edition of what is new until now, and release it. Raises NothingToSend."""
    now = the_site().clock()
    # A worker that composes at this moment is waited for: no brief is in two editions.
    progress.take_turn(DEED)
    ids = next_ids()
    if not ids:
        db.session.rollback()
        raise NothingToSend("Nothing was published since the last edition, within a day.")
    edition = _composed(ids, now)
    edition.note, edition.subject = note.strip(), " ".join(subject.split())
    db.session.commit()
    release(edition.id)
    return edition


def next_ids() -> list[int]:
    """Give the articles that an edition composed now would have, the lead first.

    The first that is sent by hand has the newest there are, however old.
    """
    now = the_site().clock()
    ids = _new_ids(now)
    if not ids and last_before(now) is None:
        return reading.visible().newest_ids(FIRST_BRIEFS)
    return ids


def _composed(ids: Sequence[int], until: datetime) -> Edition:
    site = the_site()
    hold = timedelta(minutes=site.settings.letter_hold_minutes)
    edition = Edition(
        slug=_free_slug(until),
        composed_at=site.clock(),
        published_until=until,
        due_at=site.clock() + hold,
        briefs=[EditionArticle(position=n, article_id=id) for n, id in enumerate(ids)],
    )
    db.session.add(edition)
    db.session.flush()
    return edition


def _preview_to_editors(edition: Edition) -> None:
    settings = the_site().settings
    for address in settings.letter_editors if settings.letter_hold_minutes else ():
        preview = Delivery(letter="preview", address=address, edition_id=edition.id)
        preview.due_at = edition.composed_at
        db.session.add(preview)


def _new_ids(until: datetime) -> list[int]:
    last = last_before(until)
    day_before = hours.day_before(until)
    if last is None:
        return published(day_before, until, FIRST_BRIEFS)
    # What was being saved while the last one was composed is looked for once more.
    since = max(last.published_until, day_before)
    return _not_in_edition(published(since - LATE, until))


def _not_in_edition(ids: Sequence[int]) -> list[int]:
    sent = (
        select(EditionArticle.article_id)
        .join(Edition)
        .where(EditionArticle.article_id.in_(ids), Edition.state != EditionState.CANCELLED)
    )
    gone = set(db.session.scalars(sent)) if ids else set()
    return [id for id in ids if id not in gone]


def _since(last: Edition | None, until: datetime) -> datetime:
    """Give the moment after which something is news: that of the last edition, or a day before."""
    day_before = hours.day_before(until)
    return max(last.published_until, day_before) if last else day_before


def published(since: datetime, until: datetime, limit: int = MOST_BRIEFS) -> list[int]:
    """Give what was published after a moment and not after another, the newest first."""
    window = reading.visible().between(since + JUST_AFTER, until + JUST_AFTER)
    return window.newest_ids(limit)


def last_before(until: datetime) -> Edition | None:
    """Give the edition before a moment, or at it; one that was cancelled is none."""
    statement = (
        select(Edition)
        .where(Edition.state != EditionState.CANCELLED, Edition.published_until <= until)
        .order_by(Edition.published_until.desc(), Edition.id.desc())
        .limit(1)
    )
    return db.session.scalar(statement)


def _free_slug(moment: datetime) -> str:
    day = moment.astimezone(the_site().settings.time_zone).date().isoformat()
    taken = set(db.session.scalars(select(Edition.slug).where(Edition.slug.startswith(day))))
    others = (f"{day}-{n}" for n in range(2, len(taken) + 3))
    return next(slug for slug in (day, *others) if slug not in taken)


def release_due() -> None:
    """Release the editions whose time to be held is over."""
    due = (Edition.state == EditionState.HELD, Edition.due_at <= the_site().clock())
    for id in db.session.scalars(select(Edition.id).where(*due)).all():
        release(id)


def release(id: int) -> None:
    """Show an edition to readers, and put it into the outbox for each of them; once."""
    edition = db.session.get_one(Edition, id)
    held = update(Edition).where(Edition.id == id, Edition.state == EditionState.HELD)
    released = held.values(state=EditionState.SENDING, due_at=the_site().clock())
    if db.session.scalar(released.returning(Edition.id)) is None:
        db.session.rollback()
        return
    ids = [brief.article_id for brief in edition.briefs]
    outbox.fill("edition", (Delivery.edition_id, edition.id), readers(Frequency.DAILY), ids)
    revising.note_visible_change()
    db.session.commit()


def since_of(edition: Edition) -> datetime:
    """Give the moment after which an edition's articles were published."""
    until = edition.published_until
    return _since(last_before(until - JUST_AFTER), until)


def new_for(query: str, since: datetime, until: datetime) -> list[int]:
    """Give what was published in a stretch of time and fits a search whole, newest first.

    Raises IndexUnavailable.
    """
    findings = finding.newest_that_fit(query, SEARCHED)
    return [a.id for a in findings if since < a.published_at <= until]


def readers(frequency: Frequency) -> tuple[ColumnElement[bool], ...]:
    """Say who gets the letter in this rhythm."""
    return (Subscriber.state == SubscriberState.CONFIRMED, Subscriber.frequency == frequency)


def close_done() -> None:
    """Note which editions have gone to all their readers."""
    is_open = exists().where(
        Delivery.edition_id == Edition.id,
        Delivery.state.in_([DeliveryState.WAITING, DeliveryState.CLAIMED]),
    )
    done = (Edition.state == EditionState.SENDING, ~is_open)
    # A question first: whoever finds nothing to do takes no turn to write.
    if db.session.scalar(select(Edition.id).where(*done).limit(1)) is not None:
        db.session.execute(update(Edition).where(*done).values(state=EditionState.SENT))
        db.session.commit()


def held_edition() -> Edition | None:
    """Give the edition that is held for the editors, if any."""
    held = select(Edition).where(Edition.state == EditionState.HELD)
    return db.session.scalar(held.order_by(Edition.due_at.desc()).limit(1))


def _held() -> Edition:
    edition = held_edition()
    if edition is None:
        raise EditionNotFound("No edition is held. BROADSHEET_LETTER_HOLD_MINUTES says how long.")
    return edition


def annotate(note: str, subject: str) -> Edition:
    """Give the held edition a note by the editor, or another subject. Raises EditionNotFound."""
    edition = _held()
    edition.note = note.strip() or edition.note
    edition.subject = " ".join(subject.split()) or edition.subject
    db.session.commit()
    return edition


def cancel() -> Edition:
    """Send the held edition to nobody; its briefs are in the next one if they are new enough.

    Raises EditionNotFound.
    """
    edition = _held()
    held = update(Edition).where(Edition.id == edition.id, Edition.state == EditionState.HELD)
    cancelled = held.values(state=EditionState.CANCELLED).returning(Edition.id)
    if db.session.scalar(cancelled) is None:
        db.session.rollback()
        raise EditionNotFound(f"The edition {edition.slug} has just been sent.")
    db.session.commit()
    return edition


def edition_at(slug: str) -> Edition:
    """Give the edition of that address. Raises EditionNotFound where readers may see none."""
    edition = db.session.scalar(select(Edition).where(Edition.slug == slug))
    if edition is None or not edition.is_public:
        raise EditionNotFound("There is no letter at this address.")
    return edition


def editions(limit: int, offset: int = 0) -> list[Edition]:
    """Give the editions that readers can see, the newest first."""
    shown = select(Edition).where(Edition.state.in_(PUBLIC))
    ordered = shown.order_by(Edition.published_until.desc(), Edition.id.desc())
    return list(db.session.scalars(ordered.limit(limit).offset(offset)))


def count_editions() -> int:
    """Count the editions that readers can see."""
    shown = select(func.count()).select_from(Edition).where(Edition.state.in_(PUBLIC))
    return db.session.scalars(shown).one()
