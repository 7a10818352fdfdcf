"""The mails that readers ask for themselves: each has one link, for one deed and a time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from webapp.extensions import the_site
from webapp.models import Delivery, Subscriber
from webapp.services import linking
from webapp.text.addresses import letter_path

PREFERENCES_LAST = timedelta(days=90)
ACCOUNT_LASTS = timedelta(hours=1)
ADDRESS_LASTS = timedelta(days=1)
SEARCH_LASTS = timedelta(days=7)

Names = dict[str, object]
"""What goes to the templates of a mail. Without `leave` it has no link to leave."""


def address_token(subscriber: Subscriber, address: str) -> str:
    """Give the token by which a subscriber confirms a new address; only a hash of it is in it."""
    return linking.sign("address", f"{subscriber.key} {linking.keyed_hash(address)}")


def search_token(subscriber: Subscriber, query: str) -> str:
    """Give the token by which a subscriber adds a search."""
    return linking.sign("search", f"{subscriber.key} {query}")


def note_query(delivery: Delivery, query: str) -> None:
    """Have a mail be about a search."""
    delivery.reason = _ABOUT + query


# Where the other side's words stand once a mail was put off: then the query is lost, and the
# mail leads to the preferences, where it can be added by hand.
_ABOUT = "search: "


def _query_of(delivery: Delivery) -> str:
    return delivery.reason.partition(_ABOUT)[2] if delivery.reason.startswith(_ABOUT) else ""


def _preferences(subscriber: Subscriber, _delivery: Delivery) -> Names:
    link = _link("preferences", linking.sign("preferences", subscriber.key))
    return {"link": link, "leave": _leave(subscriber), "days": PREFERENCES_LAST.days}


def _account(subscriber: Subscriber, _delivery: Delivery) -> Names:
    link = _link("account", linking.sign("account", subscriber.key))
    return {"link": link, "leave": _leave(subscriber)}


def _address(subscriber: Subscriber, delivery: Delivery) -> Names:
    # It may have come to a stranger, who is not to end another's letter: no link to leave.
    return {"link": _link("address", address_token(subscriber, delivery.address or ""))}


def _search(subscriber: Subscriber, delivery: Delivery) -> Names:
    query = _query_of(delivery)
    if not query:
        return {**_preferences(subscriber, delivery), "is_search": False}
    # The words themselves stand on the page alone: strangers are not to write our mails.
    link = _link("searches", search_token(subscriber, query))
    names = {"link": link, "leave": _leave(subscriber), "days": SEARCH_LASTS.days}
    return {**names, "is_search": True}


LETTERS: dict[str, Callable[[Subscriber, Delivery], Names]] = {
    "preferences": _preferences,
    "account": _account,
    "address": _address,
    "search": _search,
}
"""Every kind of mail that is asked for so, and what its templates are given."""


def _link(noun: str, token: str) -> str:
    return the_site().settings.site_url + letter_path(noun, token)


def _leave(subscriber: Subscriber) -> str:
    return _link("unsubscription", linking.sign("departure", subscriber.key))
