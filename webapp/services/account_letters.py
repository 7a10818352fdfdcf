"""The mails that readers ask for themselves: each has one link, for one deed and a time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from webapp.extensions import the_site
from webapp.services import linking
from webapp.services.claiming import Due
from webapp.text.addresses import letter_path

PREFERENCES_LAST = timedelta(days=90)
ACCOUNT_LASTS = timedelta(hours=1)
ADDRESS_LASTS = timedelta(days=1)
SEARCH_LASTS = timedelta(days=7)

Names = dict[str, object]
"""What goes to the templates of a mail. Without `leave` it has no link to leave."""


def _preferences(due: Due) -> Names:
    link = _link("preferences", linking.sign_for("preferences", due.key, due.recipient))
    return {"link": link, "leave": _leave(due), "days": PREFERENCES_LAST.days}


def _account(due: Due) -> Names:
    link = _link("account", linking.sign_for("account", due.key, due.recipient))
    return {"link": link, "leave": _leave(due)}


def _address(due: Due) -> Names:
    # It may have come to a stranger, who is not to end another's letter: no link to leave.
    return {"link": _link("address", linking.sign_for("address", due.key, due.recipient))}


def _search(due: Due) -> Names:
    # The words themselves stand on the page alone: strangers are not to write our mails.
    link = _link("searches", linking.sign_for("search", due.key, due.recipient, due.about))
    return {"link": link, "leave": _leave(due), "days": SEARCH_LASTS.days}


LETTERS: dict[str, Callable[[Due], Names]] = {
    "preferences": _preferences,
    "account": _account,
    "address": _address,
    "search": _search,
}
"""Every kind of mail that is asked for so, and what its templates are given."""


def _link(noun: str, token: str) -> str:
    return the_site().settings.site_url + letter_path(noun, token)


def _leave(due: Due) -> str:
    return _link("unsubscription", linking.sign("departure", due.key))
