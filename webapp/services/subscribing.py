"""Asking for the letter, confirming, and leaving."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from sqlalchemy import ColumnElement, and_, delete, exists, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from webapp.errors import LinkExpired, SiteError
from webapp.extensions import Base, db, the_site
from webapp.models import Bounce, Departure, Subscriber, SubscriberState
from webapp.services import admitting, linking, outbox
from webapp.services.linking import Link
from webapp.services.proving import NO_PROOF, Proof
from webapp.text.mailboxes import kept_as

WORDING = "2026-11"  # the version of the text that stands at the form
LISTED = "import"  # the form of a consent that another list has
CONSENT = ("consent_at", "consent_form", "consent_wording")
CONFIRMATION_DAYS = 7


def sign_up(address: str, form: str, client: str, proof: Proof = NO_PROOF) -> None:
    """Note that somebody asked for the letter, and have a mail ask to confirm it.

    Who has the letter already is mailed a link to its preferences instead. Beyond a few mails a
    day nothing is noted: no row is there that was never written to. Raises ProviderRefused, and
    TooManySignUps as `admitting.take_turn` does.

    How long it takes says nothing of an address either: the same statements run in each case.
    """
    admitting.refuse_provider(address)
    address = kept_as(address)
    if admitting.take_turn(client, address, proof):
        subscriber = noted(address, form)
        is_reader = subscriber.state == SubscriberState.CONFIRMED
        write_to(subscriber, "preferences" if is_reader else "confirmation")
    db.session.commit()


def write_to(subscriber: Subscriber, letter: str, about: str = "") -> None:
    """Have a mail sent that anyone may have asked for; none where mail came back lately."""
    outbox.put_for(letter, (Subscriber.id == subscriber.id, _is_reached()), about)


def _is_reached() -> ColumnElement[bool]:
    came_back = exists().where(Bounce.subscriber_id == Subscriber.id).correlate(Subscriber)
    return or_(Subscriber.state == SubscriberState.CONFIRMED, ~came_back)


def confirm(token: str) -> None:
    """Send the letter from now on to the one who was asked. Raises as `asked_by` does."""
    link = _confirmation(token)
    with turn_of(link):
        subscriber = one_of(link)
        if subscriber.state != SubscriberState.CONFIRMED:
            begin(subscriber)
        elif not subscriber.topics:
            # A reader of searches alone, so far.
            subscriber.has_all_topics = True
        db.session.commit()


def begin(subscriber: Subscriber) -> None:
    """Write from now on to one who has agreed by a mail, in the running transaction."""
    subscriber.state = SubscriberState.CONFIRMED
    subscriber.confirmed_at = the_site().clock()
    # What came back before says nothing of an address at which this was read.
    db.session.execute(delete(Bounce).where(Bounce.subscriber_id == subscriber.id))
    forget_departure(subscriber.address)


def asked_by(token: str) -> Subscriber:
    """Give the one whom a mail asked to confirm. Raises LinkExpired, LinkUnreadable."""
    return one_of(_confirmation(token))


def _confirmation(token: str) -> Link:
    return linking.opened("confirmation", token, timedelta(days=CONFIRMATION_DAYS))


def leave(token: str) -> None:
    """Forget the one to whom a mail went, but for a keyed hash; twice is as once.

    Raises LinkUnreadable.
    """
    subscriber = left_by(token)
    if subscriber is not None:
        forget(subscriber)
    db.session.commit()


def forget(subscriber: Subscriber) -> None:
    """Erase a subscriber but for a keyed hash, in the running transaction."""
    note_departure(subscriber.address)
    db.session.execute(delete(Subscriber).where(Subscriber.id == subscriber.id))


def note_departure(address: str) -> None:
    """Note, as a keyed hash, that no import may bring an address back."""
    left = {"address_hash": linking.keyed_hash(address), "left_at": the_site().clock()}
    # Never looked for first: a mail program and its reader may press at once.
    db.session.execute(_insert(Departure).values(**left).on_conflict_do_nothing())


def forget_departure(address: str) -> None:
    """Note that whoever has this address wants mail again."""
    left = Departure.address_hash == linking.keyed_hash(address)
    db.session.execute(delete(Departure).where(left))


def left_by(token: str) -> Subscriber | None:
    """Give the one whom a link to leave names, None once that is done. Raises LinkUnreadable."""
    return named(linking.read("departure", token, None))


def erase_unconfirmed() -> None:
    """Forget those who were asked and did not confirm in time."""
    before = the_site().clock() - timedelta(days=CONFIRMATION_DAYS)
    # Also those whose first mail came back: nothing is to be kept of who never agreed.
    never = Subscriber.confirmed_at.is_(None) & (Subscriber.state != SubscriberState.CONFIRMED)
    # Whom a list says to have bounced is kept: another list is not to bring the address back.
    is_listed = Subscriber.state == SubscriberState.BOUNCED, Subscriber.consent_form == LISTED
    late = (never, ~and_(*is_listed), Subscriber.consent_at < before)
    # A question first: whoever finds nothing to do takes no turn to write.
    if db.session.scalar(select(Subscriber.id).where(*late).limit(1)) is not None:
        db.session.execute(delete(Subscriber).where(*late))
        db.session.commit()


def known(address: str) -> Subscriber | None:
    """Give who has an address, in lower case; None where nobody has."""
    return db.session.scalar(select(Subscriber).where(Subscriber.address == address))


def named(key: str) -> Subscriber | None:
    """Give the one whom a key names; None once he has left."""
    return db.session.scalar(select(Subscriber).where(Subscriber.key == key))


def noted(address: str, form: str) -> Subscriber:
    """Give the one who has an address, and who has just asked if he is to be asked to confirm.

    Then he consents anew: when, where and to what, and has as long for it as the mail says. The
    row is held until the transaction is through, and always tried: never is there a second one,
    not even by another worker of this moment.
    """
    asked = _insert(Subscriber).values(
        address=address,
        consent_at=the_site().clock(),
        consent_form=form,
        consent_wording=WORDING,
    )
    consent = {name: asked.excluded[name] for name in CONSENT}
    is_asked = Subscriber.state != SubscriberState.CONFIRMED
    anew = asked.on_conflict_do_update(
        index_elements=["address"], set_=consent, where=is_asked & _is_reached()
    )
    db.session.execute(anew)
    asks = select(Subscriber).where(Subscriber.address == address)
    return db.session.scalars(asks, execution_options={"populate_existing": True}).one()


def _insert(table: type[Base]) -> sqlite.Insert | postgresql.Insert:
    """Begin an insertion that can say what happens where the row is there already."""
    is_sqlite = db.engine.dialect.name == "sqlite"
    return sqlite.insert(table) if is_sqlite else postgresql.insert(table)


def one_of(link: Link) -> Subscriber:
    """Give the one to whom a link was mailed. Raises LinkExpired once he has left or has moved."""
    subscriber = named(link.key)
    if subscriber is None or linking.address_mark(subscriber.address) != link.mark:
        raise LinkExpired("This link is used up. Please ask for a new one.")
    return subscriber


@contextmanager
def turn_of(link: Link) -> Iterator[None]:
    """Let nobody else change the one of a link until this transaction is through.

    What is refused within ends the transaction.
    """
    # It changes nothing, but as a write it waits for others, in every database.
    one = update(Subscriber).where(Subscriber.key == link.key)
    db.session.execute(one.values(key=link.key))
    db.session.expire_all()
    try:
        yield
    except SiteError:
        db.session.rollback()
        raise
