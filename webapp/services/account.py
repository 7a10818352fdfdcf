"""What is kept of a reader: all of it as a file, moved to another address, or erased.

By a link that lasts an hour, mailed to who has one from a letter: that may have been passed on.
"""

from __future__ import annotations

import hmac
from datetime import datetime

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.exc import IntegrityError

from webapp.errors import AddressTaken, LinkExpired
from webapp.extensions import db, the_site
from webapp.models import Article, Bounce, Delivery, Edition, Subscriber, SubscriberState
from webapp.services import account_letters, admitting, linking, preferring, rates, subscribing

NEW_ADDRESSES = "5 per day"  # that one reader may have a mail sent to


def ask_for_link(token: str) -> None:
    """Mail a link of an hour to the reader whose preferences a link leads to.

    Raises as `preferring.reader_of` does.
    """
    subscribing.mail("account", preferring.reader_of(token))
    db.session.commit()


def account_of(token: str) -> Subscriber:
    """Give the one to whom a link of an hour went. Raises LinkExpired, LinkUnreadable."""
    return subscribing.reader_named(linking.read("account", token, account_letters.ACCOUNT_LASTS))


def everything_about(token: str) -> dict[str, object]:
    """Give all that is kept of a reader, as plain values. Raises as `account_of` does."""
    reader = account_of(token)
    return {
        "address": reader.address,
        "state": reader.state,
        "consent": {
            "given_at": _written(reader.consent_at),
            "form": reader.consent_form,
            "wording": reader.consent_wording,
            "confirmed_at": _written(reader.confirmed_at),
        },
        "frequency": reader.frequency,
        "weekday": reader.weekday,
        "has_all_topics": reader.has_all_topics,
        "topics": [topic.name for topic in reader.topics],
        "searches": [search.query for search in reader.searches],
        "deliveries": _deliveries_to(reader),
        "bounces": [
            {"kind": bounce.kind, "bounced_at": _written(bounce.bounced_at)}
            for bounce in db.session.scalars(
                select(Bounce).where(Bounce.subscriber_id == reader.id).order_by(Bounce.id)
            )
        ],
    }


def ask_to_move(token: str, address: str) -> None:
    """Mail a link to a new address, by which it takes the place of the one before.

    Nothing tells whether somebody else has it. Of several such links only the last is good.
    Raises ProviderRefused, and as `account_of` does.
    """
    reader, address = account_of(token), address.lower()
    admitting.refuse_provider(address)
    _forget_moves(reader)
    is_too_much = rates.seconds_to_wait(NEW_ADDRESSES, f"address/{reader.key}")
    if address != reader.address and not is_too_much and admitting.may_be_mailed(address):
        now = the_site().clock()
        move = Delivery(subscriber_id=reader.id, letter="address", address=address, due_at=now)
        db.session.add(move)
    db.session.commit()


def new_address(token: str) -> str:
    """Give the address that a link confirms. Raises LinkExpired, LinkUnreadable."""
    return _move_of(token)[1]


def move(token: str) -> None:
    """Send the letter to the new address from now on; the one before is kept as a hash alone.

    Raises AddressTaken, and as `new_address` does.
    """
    reader, address = _move_of(token)
    holder = subscribing.known(address)
    if holder is not None and holder.state == SubscriberState.PENDING:
        # Who opens this link has the address, and what was asked for with it.
        db.session.execute(delete(Subscriber).where(Subscriber.id == holder.id))
    subscribing.note_departure(reader.address)
    subscribing.forget_departure(address)
    _forget_moves(reader)
    # What came back came from the other address.
    db.session.execute(delete(Bounce).where(Bounce.subscriber_id == reader.id))
    moved = {"address": address, "state": SubscriberState.CONFIRMED}
    try:
        db.session.execute(update(Subscriber).where(Subscriber.id == reader.id).values(**moved))
    except IntegrityError:
        db.session.rollback()
        raise AddressTaken(
            "The letter goes to this address already, by a subscription of its own. Leave one of "
            "the two by the link in its letters."
        ) from None
    db.session.commit()


def erase(token: str) -> None:
    """Forget the one to whom a link of an hour went, but for a keyed hash; twice is as once.

    Raises LinkExpired, LinkUnreadable.
    """
    reader = subscribing.named(linking.read("account", token, account_letters.ACCOUNT_LASTS))
    if reader is not None:
        subscribing.forget(reader)
    db.session.commit()


def _move_of(token: str) -> tuple[Subscriber, str]:
    said = linking.read("address", token, account_letters.ADDRESS_LASTS)
    key, _, hashed = said.partition(" ")
    reader = subscribing.reader_named(key)
    moves = select(Delivery.address).where(*_moves_of(reader))
    address = db.session.scalar(moves.order_by(Delivery.id.desc()).limit(1))
    if address is None or not hmac.compare_digest(linking.keyed_hash(address), hashed):
        raise LinkExpired(subscribing.USED_UP)
    return reader, address


def _moves_of(reader: Subscriber) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return Delivery.subscriber_id == reader.id, Delivery.letter == "address"


def _forget_moves(reader: Subscriber) -> None:
    db.session.execute(delete(Delivery).where(*_moves_of(reader)))


def _deliveries_to(reader: Subscriber) -> list[dict[str, object]]:
    statement = (
        select(Delivery, Edition.slug, Article.slug)
        .outerjoin(Edition, Edition.id == Delivery.edition_id)
        .outerjoin(Article, Article.id == Delivery.article_id)
        .where(Delivery.subscriber_id == reader.id)
        .order_by(Delivery.id)
    )
    return [
        {
            "letter": delivery.letter,
            "edition": edition,
            "article": article,
            "address": delivery.address or reader.address,
            "state": delivery.state,
            "due_at": _written(delivery.due_at),
            "sent_at": _written(delivery.sent_at),
            "attempts": delivery.attempts,
            "reason": delivery.reason,
        }
        for delivery, edition, article in db.session.execute(statement)
    ]


def _written(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
