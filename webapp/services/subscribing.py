"""Asking for the letter, confirming, and leaving."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from datetime import timedelta

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from webapp.errors import LinkExpired, TooManySignUps
from webapp.extensions import db, the_site
from webapp.models import Departure, Subscriber, SubscriberState
from webapp.services import letters, linking, outbox, rates

WORDING = "2026-11"  # the version of the text that stands at the form
MAILS_TO_ONE = "3 per day"


def sign_up(address: str, form: str, client: str) -> None:
    """Note that somebody asked for the letter, and have a mail ask to confirm it.

    An address that is known already stays as it is; one that has not confirmed is asked again,
    a few times a day at most. `client` is the network address that the request came from; only
    a keyed hash of its block is kept, for as long as the limit counts. Raises TooManySignUps.
    """
    settings = the_site().settings
    wait = rates.seconds_to_wait(settings.sign_up_limit, f"sign-up/{_block_hash(client)}")
    if wait:
        db.session.commit()
        raise TooManySignUps(wait)
    subscriber = _known(address.lower()) or _add(address.lower(), form)
    if subscriber is not None and subscriber.state == SubscriberState.PENDING:
        _ask_to_confirm(subscriber)
    db.session.commit()


def _ask_to_confirm(subscriber: Subscriber) -> None:
    if not rates.seconds_to_wait(MAILS_TO_ONE, f"mail/{_hash(subscriber.address)}"):
        outbox.put("confirmation", subscriber.id)


def confirm(token: str) -> None:
    """Send the letter from now on to the one who was asked. Raises as `asked_by` does."""
    subscriber = asked_by(token)
    if subscriber.state == SubscriberState.PENDING:
        subscriber.state = SubscriberState.CONFIRMED
        subscriber.confirmed_at = the_site().clock()
        left = Departure.address_hash == _hash(subscriber.address)
        db.session.execute(delete(Departure).where(left))
    db.session.commit()


def asked_by(token: str) -> Subscriber:
    """Give the one whom a mail asked to confirm. Raises LinkExpired, LinkUnreadable."""
    lasts = timedelta(days=letters.CONFIRMATION_DAYS)
    subscriber = _named(linking.read("confirmation", token, lasts))
    if subscriber is None:
        raise LinkExpired("This link is used up. Please ask for the letter again.")
    return subscriber


def leave(token: str) -> None:
    """Forget the one to whom a mail went, but for a keyed hash; twice is as once.

    Raises LinkUnreadable.
    """
    subscriber = left_by(token)
    if subscriber is not None:
        hashed = _hash(subscriber.address)
        if db.session.get(Departure, hashed) is None:
            db.session.add(Departure(address_hash=hashed, left_at=the_site().clock()))
        db.session.execute(delete(Subscriber).where(Subscriber.id == subscriber.id))
    db.session.commit()


def left_by(token: str) -> Subscriber | None:
    """Give the one whom a link to leave names, None once that is done. Raises LinkUnreadable."""
    return _named(linking.read("departure", token, None))


def erase_unconfirmed() -> None:
    """Forget those who were asked and did not confirm in time."""
    before = the_site().clock() - timedelta(days=letters.CONFIRMATION_DAYS)
    late = (Subscriber.state == SubscriberState.PENDING, Subscriber.consent_at < before)
    # A question first: whoever finds nothing to do takes no turn to write.
    if db.session.scalar(select(Subscriber.id).where(*late).limit(1)) is not None:
        db.session.execute(delete(Subscriber).where(*late))
        db.session.commit()


def _known(address: str) -> Subscriber | None:
    return db.session.scalar(select(Subscriber).where(Subscriber.address == address))


def _named(key: str) -> Subscriber | None:
    return db.session.scalar(select(Subscriber).where(Subscriber.key == key))


def _add(address: str, form: str) -> Subscriber | None:
    subscriber = Subscriber(
        address=address,
        consent_at=the_site().clock(),
        consent_form=form,
        consent_wording=WORDING,
    )
    try:
        with db.session.begin_nested():
            db.session.add(subscriber)
    except IntegrityError:
        # The same address a moment ago, by another worker: it is noted, which is all we want.
        return None
    return subscriber


def _hash(text: str) -> str:
    """Give a keyed hash: without the key nobody can try what it may be of."""
    key = the_site().secret.encode()
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


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
    return _hash(block)[:32]
