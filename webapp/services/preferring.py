"""What readers want of the letter: how often, what about, which searches.

By signed links alone, without a password. A link in a letter may be passed on with it: it changes
wishes, and no more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import select

from webapp.errors import LinkExpired, WishesRefused
from webapp.extensions import db
from webapp.models import (
    FollowedSearch,
    Frequency,
    Subscriber,
    SubscriberState,
    Topic,
)
from webapp.services import (
    account_letters,
    admitting,
    linking,
    listing,
    outbox,
    reading,
    subscribing,
)
from webapp.services.linking import Link
from webapp.services.proving import NO_PROOF, Proof
from webapp.text.mailboxes import kept_as
from webapp.text.markup import printable_line

MOST_SEARCHES = 20
QUERY_CHARACTERS = 200


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

    `client` and `proof` are as for `subscribing.sign_up`, and held to the same limits. As there,
    the same statements run whether it does or not. Raises TooManySignUps.
    """
    address = kept_as(address)
    if admitting.take_turn(client, address, proof, is_for_readers=True):
        confirmed = Subscriber.state == SubscriberState.CONFIRMED
        outbox.put_for("preferences", (Subscriber.address == address, confirmed))
    db.session.commit()


def reader_of(token: str) -> Subscriber:
    """Give the one whose preferences a link leads to. Raises LinkExpired, LinkUnreadable."""
    return confirmed(subscribing.one_of(link_of(token)))


def link_of(token: str) -> Link:
    """Read a link to the preferences. Raises LinkExpired, LinkUnreadable."""
    return linking.opened("preferences", token, account_letters.PREFERENCES_LAST)


def confirmed(subscriber: Subscriber) -> Subscriber:
    """Give one who has confirmed as he is. Raises LinkExpired for others."""
    if subscriber.state == SubscriberState.PENDING:
        raise LinkExpired("This link is not good yet. Please confirm your address first.")
    return subscriber


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
    link = link_of(token)
    with subscribing.turn_of(link):
        reader = confirmed(subscribing.one_of(link))
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
        db.session.commit()


def ask_again(token: str) -> bool:
    """Mail a reader whose mail came back, who gets all again by its button.

    Nothing else brings mail back to him. False where no more mails may go today. Raises as
    `reader_of` does.
    """
    link = link_of(token)
    with subscribing.turn_of(link):
        reader = confirmed(subscribing.one_of(link))
        is_stopped = reader.state == SubscriberState.BOUNCED
        is_sent = is_stopped and admitting.may_be_mailed(reader.address, is_signed=True)
        if is_sent:
            outbox.put("confirmation", reader.id)
        db.session.commit()
    return is_sent


def ask_to_follow(address: str, query: str, client: str, proof: Proof = NO_PROOF) -> None:
    """Mail a link by which the one who has the address follows a search.

    Who is no reader yet becomes one by it, of this search alone. Raises WishesRefused,
    ProviderRefused, and as `ask_for_link` does.
    """
    query = _one_line(query)
    if not query:
        raise WishesRefused("search", "Please type what you are looking for.")
    admitting.refuse_provider(address)
    address = kept_as(address)
    if admitting.take_turn(client, address, proof):
        subscribing.write_to(subscribing.noted(address, "search"), "search", query)
    db.session.commit()


def search_of(token: str) -> str:
    """Give the search that a link adds. Raises LinkExpired, LinkUnreadable."""
    link = _search(token)
    subscribing.one_of(link)
    return link.about


def follow(token: str) -> str:
    """Follow the search of a link, and give a token of the preferences that now have it.

    Who was no reader is one now, of this search and nothing else that was asked for in his name.
    Twice is as once. Raises WishesRefused, LinkExpired, LinkUnreadable.
    """
    link = _search(token)
    with subscribing.turn_of(link):
        reader = subscribing.one_of(link)
        if reader.state != SubscriberState.CONFIRMED:
            reader.has_all_topics = reader.has_all_topics and reader.confirmed_at is not None
            subscribing.begin(reader)
        _follow(reader, link.about)
        db.session.commit()
    return linking.sign_for("preferences", reader.key, reader.address)


def _search(token: str) -> Link:
    return linking.opened("search", token, account_letters.SEARCH_LASTS)


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
