"""What readers want of the letter, and what they can do about what is kept of them.

By signed links alone, without a password. A link in a letter, which may be passed on with it,
changes wishes; only a fresh one of an hour gives out, moves or erases anything.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.exc import IntegrityError

from webapp.errors import AddressTaken, LinkExpired, WishesRefused
from webapp.extensions import db, the_site
from webapp.models import (
    Article,
    Bounce,
    Delivery,
    Edition,
    FollowedSearch,
    Frequency,
    Subscriber,
    SubscriberState,
    Topic,
)
from webapp.services import (
    account_letters,
    linking,
    listing,
    outbox,
    rates,
    reading,
    subscribing,
)
from webapp.services.proving import NO_PROOF, Proof
from webapp.text.markup import printable_line

MOST_SEARCHES = 20
QUERY_CHARACTERS = 200
NEW_ADDRESSES = "5 per day"  # that one reader may have a mail sent to
USED_UP = "This link is used up. Please ask for a new one."


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a reader wants; `topics` are slugs, `removed` ids of searches, `search` is a new one."""

    frequency: Frequency
    weekday: int
    has_all_topics: bool
    topics: frozenset[str]
    removed: frozenset[int] = frozenset()
    search: str = ""


class OfferedTopic(NamedTuple):
    """A topic that can be chosen."""

    slug: str
    name: str


def ask_for_link(address: str, client: str, proof: Proof = NO_PROOF) -> None:
    """Mail a link to the preferences, if the letter goes to this address.

    `client` and `proof` are as for `subscribing.sign_up`, and held to the same limits. Raises
    TooManySignUps.
    """
    subscribing.take_turn(client, proof)
    reader = subscribing.known(address.lower())
    if reader is not None and reader.state == SubscriberState.CONFIRMED:
        _mail("preferences", reader)
    db.session.commit()


def reader_of(token: str) -> Subscriber:
    """Give the one whose preferences a link leads to. Raises LinkExpired, LinkUnreadable."""
    return _reader(_key_of(token))


def topics_for(reader: Subscriber) -> list[OfferedTopic]:
    """Give the topics that can be chosen: those of articles, and what was chosen before."""
    names = {topic.slug: topic.name for topic in reader.topics}
    names |= {each.slug: each.name for each in listing.counts(reading.visible(), "topic")}
    offered = [OfferedTopic(slug, name) for slug, name in names.items()]
    return sorted(offered, key=lambda topic: topic.name.casefold())


def save(token: str, wishes: Wishes) -> None:
    """Write to a reader from now on as he wishes.

    Raises WishesRefused for what cannot be, and as `reader_of` does.
    """
    reader = _locked(_key_of(token))
    try:
        reader.frequency, reader.weekday = wishes.frequency, wishes.weekday
        reader.has_all_topics = wishes.has_all_topics
        chosen = select(Topic).where(Topic.slug.in_(wishes.topics))
        reader.topics = list(db.session.scalars(chosen))
        for search in [each for each in reader.searches if each.id in wishes.removed]:
            reader.searches.remove(search)
        _follow(reader, wishes.search)
        if not (reader.has_all_topics or reader.topics or reader.searches):
            sentence = "Choose a topic or follow a search: otherwise nothing would ever come."
            raise WishesRefused("topics", sentence)
    except WishesRefused:
        db.session.rollback()
        raise
    db.session.commit()


def ask_to_follow(address: str, query: str, client: str, proof: Proof = NO_PROOF) -> None:
    """Mail a link by which the one who has the address follows a search.

    Who is no reader yet becomes one by it, of this search alone. Raises WishesRefused,
    ProviderRefused, and as `ask_for_link` does.
    """
    query = _one_line(query)
    if not query:
        raise WishesRefused("search", "Please type what you are looking for.")
    subscribing.refuse_provider(address)
    subscribing.take_turn(client, proof)
    address = address.lower()
    reader = subscribing.noted(address, "search", has_all_topics=False)
    if reader.state == SubscriberState.PENDING:
        _take_turn(reader.key)
        if len(reader.searches) < MOST_SEARCHES:
            _follow(reader, query)
        subscribing.ask_to_confirm(reader)
    elif reader.state == SubscriberState.CONFIRMED:
        _mail("search", reader, query)
    db.session.commit()


def search_of(token: str) -> str:
    """Give the search that a link adds. Raises LinkExpired, LinkUnreadable."""
    key, query = _search_of(token)
    _reader(key)
    return query


def follow(token: str) -> str:
    """Follow the search of a link, and give a token of the preferences that now have it.

    Twice is as once. Raises WishesRefused, LinkExpired, LinkUnreadable.
    """
    key, query = _search_of(token)
    reader = _locked(key)
    try:
        _follow(reader, query)
    except WishesRefused:
        db.session.rollback()
        raise
    db.session.commit()
    return linking.sign("preferences", key)


def ask_for_account_link(token: str) -> None:
    """Mail a link of an hour to the reader whose preferences a link leads to.

    Raises as `reader_of` does.
    """
    _mail("account", reader_of(token))
    db.session.commit()


def account_of(token: str) -> Subscriber:
    """Give the one to whom a link of an hour went. Raises LinkExpired, LinkUnreadable."""
    return _reader(linking.read("account", token, account_letters.ACCOUNT_LASTS))


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
    subscribing.refuse_provider(address)
    _forget_moves(reader)
    is_too_much = rates.seconds_to_wait(NEW_ADDRESSES, f"address/{reader.key}")
    if address != reader.address and not is_too_much and subscribing.may_be_mailed(address):
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


def _key_of(token: str) -> str:
    return linking.read("preferences", token, account_letters.PREFERENCES_LAST)


def _search_of(token: str) -> tuple[str, str]:
    said = linking.read("search", token, account_letters.SEARCH_LASTS)
    key, _, query = said.partition(" ")
    return key, query


def _reader(key: str) -> Subscriber:
    reader = subscribing.named(key)
    if reader is None or reader.state == SubscriberState.PENDING:
        raise LinkExpired(USED_UP)
    return reader


def _locked(key: str) -> Subscriber:
    """Give a reader whom nobody else can change until this transaction is through."""
    _take_turn(key)
    try:
        return _reader(key)
    except LinkExpired:
        db.session.rollback()
        raise


def _take_turn(key: str) -> None:
    # It changes nothing, but as a write it waits for others, in every database.
    db.session.execute(update(Subscriber).where(Subscriber.key == key).values(key=key))
    db.session.expire_all()


def _mail(letter: str, reader: Subscriber, about: str = "") -> None:
    """Have a mail sent that the reader asked for, unless he had his share today."""
    if subscribing.may_be_mailed(reader.address):
        outbox.put(letter, reader.id, about)


def _one_line(query: str) -> str:
    query = printable_line(query)
    if len(query) > QUERY_CHARACTERS:
        sentence = f"A search that is followed can have {QUERY_CHARACTERS} characters at most."
        raise WishesRefused("search", sentence)
    return query


def _follow(reader: Subscriber, query: str) -> None:
    """Add a search; nothing where there is none, or it is followed already."""
    query = _one_line(query)
    if not query or query in {search.query for search in reader.searches}:
        return
    if len(reader.searches) >= MOST_SEARCHES:
        sentence = f"You follow {MOST_SEARCHES} searches, and more cannot be. Remove one first."
        raise WishesRefused("search", sentence)
    reader.searches.append(FollowedSearch(query=query))


def _move_of(token: str) -> tuple[Subscriber, str]:
    said = linking.read("address", token, account_letters.ADDRESS_LASTS)
    key, _, hashed = said.partition(" ")
    reader = _reader(key)
    moves = select(Delivery.address).where(*_moves_of(reader))
    address = db.session.scalar(moves.order_by(Delivery.id.desc()).limit(1))
    if address is None or not hmac.compare_digest(linking.keyed_hash(address), hashed):
        raise LinkExpired(USED_UP)
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
