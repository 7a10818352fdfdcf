"""What is kept of a reader: all of it as a file, moved to another address, or erased.

By a link that lasts an hour, mailed to who has one from a letter: that may have been passed on.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError

from webapp.errors import AddressTaken, LinkExpired
from webapp.extensions import db, the_site
from webapp.models import Article, Bounce, Delivery, Edition, Subscriber, SubscriberState
from webapp.services import (
    account_letters,
    admitting,
    linking,
    outbox,
    preferring,
    rates,
    subscribing,
)
from webapp.services.linking import Link
from webapp.text.mailboxes import kept_as

NEW_ADDRESSES = "5 per day"  # that one reader may have a mail sent to


def ask_for_link(token: str) -> bool:
    """Mail a link of an hour to the reader whose preferences a link leads to.

    False where no more mails may go today, or mail came back. Raises as `preferring.reader_of`
    does.
    """
    link = preferring.link_of(token)
    with subscribing.turn_of(link):
        reader = preferring.confirmed(subscribing.one_of(link))
        is_reached = reader.state == SubscriberState.CONFIRMED
        is_sent = is_reached and admitting.may_be_mailed(reader.address, is_signed=True)
        if is_sent:
            outbox.put("account", reader.id)
        db.session.commit()
    return is_sent


def account_of(token: str) -> Subscriber:
    """Give the one to whom a link of an hour went. Raises LinkExpired, LinkUnreadable."""
    return preferring.confirmed(subscribing.one_of(_link(token)))


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


def ask_to_move(token: str, address: str) -> bool:
    """Mail a link to a new address, by which it takes the place of the one before.

    Nothing tells whether somebody else has it; False where this reader asked too often today. Of
    several such links only the last is good. Raises ProviderRefused, and as `account_of` does.
    """
    admitting.refuse_provider(address)
    link, address = _link(token), kept_as(address)
    with subscribing.turn_of(link):
        reader = preferring.confirmed(subscribing.one_of(link))
        _forget_moves(reader)
        is_too_much = rates.seconds_to_wait(NEW_ADDRESSES, f"address/{reader.key}")
        if address != reader.address and not is_too_much and admitting.may_be_mailed(address):
            move = Delivery(subscriber_id=reader.id, letter="address", address=address)
            move.due_at = the_site().clock()
            db.session.add(move)
        db.session.commit()
    return not is_too_much


def new_address(token: str) -> str:
    """Give the address that a link confirms. Raises LinkExpired, LinkUnreadable."""
    return _move_of(_address(token))[1]


def move(token: str) -> None:
    """Send the letter to the new address from now on; the one before is kept as a hash alone.

    Raises AddressTaken, and as `new_address` does.
    """
    link = _address(token)
    with subscribing.turn_of(link):
        reader, address = _move_of(link)
        holder = subscribing.known(address)
        if holder is not None and holder.state == SubscriberState.PENDING:
            # Who opens this link has the address, and what was asked for with it.
            db.session.execute(delete(Subscriber).where(Subscriber.id == holder.id))
        subscribing.note_departure(reader.address)
        subscribing.forget_departure(address)
        _forget_moves(reader)
        # What came back came from the other address.
        db.session.execute(delete(Bounce).where(Bounce.subscriber_id == reader.id))
        _give(reader, address)
        db.session.commit()


def _give(reader: Subscriber, address: str) -> None:
    moved = {"address": address, "state": SubscriberState.CONFIRMED}
    try:
        db.session.execute(update(Subscriber).where(Subscriber.id == reader.id).values(**moved))
    except IntegrityError:
        raise AddressTaken(
            "The letter goes to this address already, by a subscription of its own. Leave one of "
            "the two by the link in its letters."
        ) from None


def erase(token: str) -> None:
    """Forget the one to whom a link of an hour went, but for a keyed hash; twice is as once.

    Raises LinkExpired, LinkUnreadable.
    """
    link = _link(token)
    with subscribing.turn_of(link):
        if subscribing.named(link.key) is not None:
            subscribing.forget(subscribing.one_of(link))
        db.session.commit()


def _link(token: str) -> Link:
    return linking.opened("account", token, account_letters.ACCOUNT_LASTS)


def _address(token: str) -> Link:
    return linking.opened("address", token, account_letters.ADDRESS_LASTS)


def _move_of(link: Link) -> tuple[Subscriber, str]:
    """Give a reader and the address asked for last. Raises LinkExpired for a link to another."""
    moves = (
        select(Subscriber, Delivery.address)
        .join(Delivery, Delivery.subscriber_id == Subscriber.id)
        .where(Subscriber.key == link.key, _IS_MOVE)
        .order_by(Delivery.id.desc())
    )
    last = db.session.execute(moves.limit(1)).first()
    if last is None or linking.address_mark(last.address) != link.mark:
        raise LinkExpired("This link is used up. Please ask for a new one.")
    return last.Subscriber, last.address


_IS_MOVE = Delivery.letter == "address"


def _forget_moves(reader: Subscriber) -> None:
    db.session.execute(delete(Delivery).where(Delivery.subscriber_id == reader.id, _IS_MOVE))


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
