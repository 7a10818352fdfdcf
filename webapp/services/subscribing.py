"""Asking for the letter, confirming, and leaving."""

from __future__ import annotations

import ipaddress
from datetime import timedelta

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from webapp.errors import LinkExpired, TooManySignUps
from webapp.extensions import db, the_site
from webapp.models import Bounce, Departure, Subscriber, SubscriberState
from webapp.services import letters, linking, outbox, rates

WORDING = "2026-11"  # the version of the text that stands at the form
MAILS_TO_ONE = "3 per day"


def sign_up(address: str, form: str, client: str) -> None:
    """Note that somebody asked for the letter, and have a mail ask to confirm it.

    An address that is known already stays as it is; one that has not confirmed is asked again,
    a few times a day at most. `client` is the network address that the request came from; only
    a keyed hash of its block is kept, for as long as the limit counts. Raises TooManySignUps.
    """
    hold_to_limit(client)
    subscriber = known(address.lower()) or add(address.lower(), form)
    if subscriber is not None and _may_be_asked(subscriber):
        # Who asked for a search alone before now asks for the letter.
        subscriber.has_all_topics = True
        ask_to_confirm(subscriber)
    db.session.commit()


def _may_be_asked(subscriber: Subscriber) -> bool:
    """Whether one who asks again is written to: not where mail came back in the last weeks."""
    if subscriber.state == SubscriberState.BOUNCED:
        came_back = select(Bounce.id).where(Bounce.subscriber_id == subscriber.id)
        return db.session.scalar(came_back.limit(1)) is None
    return subscriber.state == SubscriberState.PENDING


def hold_to_limit(client: str) -> None:
    """Count a form that was sent from a network address. Raises TooManySignUps."""
    settings = the_site().settings
    wait = rates.seconds_to_wait(settings.sign_up_limit, f"sign-up/{_block_hash(client)}")
    if wait:
        db.session.commit()
        raise TooManySignUps(wait)


def may_be_mailed(address: str) -> bool:
    """Whether one more mail that somebody asked for may go to an address today; counts it."""
    return not rates.seconds_to_wait(MAILS_TO_ONE, f"mail/{linking.keyed_hash(address)}")


def ask_to_confirm(subscriber: Subscriber) -> None:
    """Have a mail ask one who is pending, in the running transaction."""
    if may_be_mailed(subscriber.address):
        outbox.put("confirmation", subscriber.id)


def confirm(token: str) -> None:
    """Send the letter from now on to the one who was asked. Raises as `asked_by` does."""
    subscriber = asked_by(token)
    if subscriber.state != SubscriberState.CONFIRMED:
        subscriber.state = SubscriberState.CONFIRMED
        subscriber.confirmed_at = the_site().clock()
        forget_departure(subscriber.address)
    db.session.commit()


def asked_by(token: str) -> Subscriber:
    """Give the one whom a mail asked to confirm. Raises LinkExpired, LinkUnreadable."""
    lasts = timedelta(days=letters.CONFIRMATION_DAYS)
    subscriber = named(linking.read("confirmation", token, lasts))
    if subscriber is None:
        raise LinkExpired("This link is used up. Please ask for the letter again.")
    return subscriber


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
    hashed = linking.keyed_hash(address)
    if db.session.get(Departure, hashed) is None:
        db.session.add(Departure(address_hash=hashed, left_at=the_site().clock()))


def forget_departure(address: str) -> None:
    """Note that whoever has this address wants mail again."""
    left = Departure.address_hash == linking.keyed_hash(address)
    db.session.execute(delete(Departure).where(left))


def left_by(token: str) -> Subscriber | None:
    """Give the one whom a link to leave names, None once that is done. Raises LinkUnreadable."""
    return named(linking.read("departure", token, None))


def erase_unconfirmed() -> None:
    """Forget those who were asked and did not confirm in time."""
    before = the_site().clock() - timedelta(days=letters.CONFIRMATION_DAYS)
    late = (Subscriber.state == SubscriberState.PENDING, Subscriber.consent_at < before)
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


def add(address: str, form: str, *, has_all_topics: bool = True) -> Subscriber | None:
    """Note somebody who has yet to confirm; None where another worker was first."""
    subscriber = Subscriber(
        address=address,
        consent_at=the_site().clock(),
        consent_form=form,
        consent_wording=WORDING,
        has_all_topics=has_all_topics,
    )
    try:
        with db.session.begin_nested():
            db.session.add(subscriber)
    except IntegrityError:
        # The same address a moment ago, by another worker: it is noted, which is all we want.
        return None
    return subscriber


def _block_hash(client: str) -> str:
    """Give a keyed hash of the block of an address: /24 of IPv4, /56 of IPv6 (RFC 6177)."""
    try:
        address = ipaddress.ip_address(client)
        # An IPv4 client of a socket that hears both is shown as ::ffff:a.b.c.d.
        address = getattr(address, "ipv4_mapped", None) or address
        bits = 24 if address.version == 4 else 56
        block = str(ipaddress.ip_network((address, bits), strict=False))
    except ValueError:
        block = "unknown"
    return linking.keyed_hash(block)[:32]
