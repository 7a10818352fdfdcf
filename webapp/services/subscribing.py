"""Asking for the letter, confirming, and leaving."""

from __future__ import annotations

import ipaddress
from bisect import bisect_left
from datetime import timedelta

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite

from webapp.errors import LinkExpired, ProviderRefused, TooManySignUps
from webapp.extensions import db, the_site
from webapp.models import Bounce, Departure, Subscriber, SubscriberState
from webapp.services import linking, outbox, proving, rates
from webapp.services.proving import NO_PROOF, Proof

WORDING = "2026-11"  # the version of the text that stands at the form
MAILS_TO_ONE = "3 per day"
CONFIRMATION_DAYS = 7
IN_ALL = "everyone"  # the name under which all sign-ups are counted


def sign_up(address: str, form: str, client: str, proof: Proof = NO_PROOF) -> None:
    """Note that somebody asked for the letter, and have a mail ask to confirm it.

    An address that is known already stays as it is; one that has not confirmed is asked again,
    a few times a day at most, and beyond that nothing is noted: no row is there that was never
    written to. Raises ProviderRefused, and TooManySignUps as `take_turn` does.

    How long it takes says nothing of an address either. The same statements run whether it was
    known or not, up to the commit, but for one: no mail is put into the outbox for who gets
    the letter already. That is one row among the counts that every sign-up writes.
    """
    refuse_provider(address)
    take_turn(client, proof)
    address = address.lower()
    if may_be_mailed(address):
        subscriber = noted(address, form)
        if _may_be_asked(subscriber):
            # Who asked for a search alone before now asks for the letter.
            subscriber.has_all_topics = True
            outbox.put("confirmation", subscriber.id)
    db.session.commit()


def _may_be_asked(subscriber: Subscriber) -> bool:
    """Whether one who asks again is written to: not where mail came back in the last weeks."""
    # Looked for in each case: how long this takes tells nothing.
    came_back = select(Bounce.id).where(Bounce.subscriber_id == subscriber.id).limit(1)
    has_come_back = db.session.scalar(came_back) is not None
    is_confirmed = subscriber.state == SubscriberState.CONFIRMED
    return not (has_come_back or is_confirmed)


def may_be_mailed(address: str) -> bool:
    """Whether one more mail that somebody asked for may go to an address today; counts it."""
    return not rates.seconds_to_wait(MAILS_TO_ONE, f"mail/{linking.keyed_hash(address)}")


def ask_to_confirm(subscriber: Subscriber) -> None:
    """Have a mail ask one who is pending, in the running transaction."""
    if may_be_mailed(subscriber.address):
        outbox.put("confirmation", subscriber.id)


def take_turn(client: str, proof: Proof = NO_PROOF) -> None:
    """Let a client ask for a mail now, and count it. Raises TooManySignUps when it may not.

    `client` is the network address that the request came from; only a keyed hash of its block
    is kept, for as long as the limit counts. Part of the running transaction; a refusal ends it.
    """
    wait, in_all = _wait(client, proof)
    if wait:
        db.session.commit()  # an answer that was used up stays so
        raise TooManySignUps(wait, in_all=in_all)


def _wait(client: str, proof: Proof) -> tuple[int, bool]:
    """Say how long to wait, and whether all have to; 0 when it was counted."""
    settings = the_site().settings
    # First, and only a look: once nobody may, a flood leaves no rows and waits for no turn.
    wait = rates.seconds_until_free(settings.sign_ups_in_all, IN_ALL)
    if wait:
        return wait, True
    block = _block_hash(client)
    if settings.proof_of_work and not proving.is_proven(proof):
        wait = rates.seconds_to_wait(settings.sign_up_limit_unproven, f"unproven/{block}")
    wait = wait or rates.seconds_to_wait(settings.sign_up_limit, f"sign-up/{block}")
    if wait:
        return wait, False
    # Last: one block alone cannot use up what is there for all.
    return rates.seconds_to_wait(settings.sign_ups_in_all, IN_ALL), True


def refuse_provider(address: str) -> None:
    """Raise ProviderRefused where the operator takes no addresses of a domain or one above it."""
    refused = the_site().settings.refused_domains
    _, _, domain = address.lower().rpartition("@")
    parts = domain.split(".")
    for each in (".".join(parts[n:]) for n in range(len(parts))):
        at = bisect_left(refused, each)
        if refused[at : at + 1] == (each,):
            raise ProviderRefused(
                "We do not write to addresses of this provider. Please give another one."
            )


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
    lasts = timedelta(days=CONFIRMATION_DAYS)
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
    before = the_site().clock() - timedelta(days=CONFIRMATION_DAYS)
    # Also those whose first mail came back: nothing is to be kept of who never agreed.
    never = Subscriber.confirmed_at.is_(None) & (Subscriber.state != SubscriberState.CONFIRMED)
    late = (never, Subscriber.consent_at < before)
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


def noted(address: str, form: str, *, has_all_topics: bool = True) -> Subscriber:
    """Give the one who has an address, as they are or as one who has just asked."""
    # Always tried, and never a second row: not even another worker's of this moment.
    insert = sqlite.insert if db.engine.dialect.name == "sqlite" else postgresql.insert
    asked = insert(Subscriber).values(
        address=address,
        consent_at=the_site().clock(),
        consent_form=form,
        consent_wording=WORDING,
        has_all_topics=has_all_topics,
    )
    db.session.execute(asked.on_conflict_do_nothing(index_elements=["address"]))
    return db.session.scalars(select(Subscriber).where(Subscriber.address == address)).one()


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
