"""Whether somebody on a list wants mail: of all that is said the most refusing word counts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
LATEST = datetime(9999, 1, 1, tzinfo=UTC)
ADDRESSES = ("email", "email_address", "e_mail", "subscriber_email")
CONSENT_TIMES = (
    *("consent_at", "confirm_time", "optin_time", "created_at", "subscription_date"),
    *("start_date", "subscribed_at"),
)


class ListedStatus(StrEnum):
    """What a list says of somebody; the later ones refuse more."""

    CONFIRMED = "confirmed"
    PENDING = "pending"
    BOUNCED = "bounced"
    UNSUBSCRIBED = "unsubscribed"


class Said(NamedTuple):
    """What is said of somebody, and since when where it is a refusal of which that is known."""

    status: ListedStatus
    left_at: datetime | None = None


class _Kind(NamedTuple):
    """What a yes and a no in a column say; a no may say nothing. Of a status there is neither."""

    yes: ListedStatus | None
    no: ListedStatus | None = None


_WORDS = {
    **dict.fromkeys(("pending", "unconfirmed"), ListedStatus.PENDING),
    **dict.fromkeys(("confirmed", "active", "subscribed", "enabled"), ListedStatus.CONFIRMED),
    **dict.fromkeys(("bounced", "cleaned"), ListedStatus.BOUNCED),
    **dict.fromkeys(
        ("unsubscribed", "disabled", "blocklisted", "blocked", "suppressed", "complained"),
        ListedStatus.UNSUBSCRIBED,
    ),
    **dict.fromkeys(("opted_out", "opt_out", "deleted", "archived"), ListedStatus.UNSUBSCRIBED),
}
_YES, _NO = {"true", "yes", "y", "1"}, {"false", "no", "n", "0"}
# The zero of clocks in Go and in MySQL too.
_NOTHING = re.compile(r"|null|none|000[01]-.*", re.IGNORECASE)
_STATUS = _Kind(None)
# The first whose pattern a name has is what its column is; None for one that says nothing.
_KINDS: tuple[tuple[str, _Kind | None], ...] = (
    # Who pays at Substack.
    (r"^active_subscription$", None),
    # The address, and when, where and why something was done.
    (rf"^({'|'.join((*CONSENT_TIMES, *ADDRESSES))})$", None),
    (r"(^|_)(ip|id|title|reason|other|source|form|wording|sms|expires)(_|$)", None),
    (r"^((email|member|contact|marketing)_)?status$", _STATUS),
    (r"bounc|(^|_)clean(ed|_time)", _Kind(ListedStatus.BOUNCED)),
    (
        r"un_?sub|no[nt]_?subscri|(^|_)opt(ed|ing)?_?out|block(ed|list)|blacklist|suppress|disabled"
        r"|complain|deleted|archived|do_not_",
        _Kind(ListedStatus.UNSUBSCRIBED),
    ),
    (r"(^|_)confirm", _Kind(ListedStatus.CONFIRMED, ListedStatus.PENDING)),
    (
        r"subscri|(^|_)opt(ed|ing)?_?in(_|$)|consent|accepts|^(is_)?(active|enabled)$",
        _Kind(ListedStatus.CONFIRMED, ListedStatus.UNSUBSCRIBED),
    ),
)
_IS_TIME = re.compile(r"_(at|on|time|date)$")
_REFUSALS = (ListedStatus.BOUNCED, ListedStatus.UNSUBSCRIBED)
_WHAT_TO_WRITE = "write confirmed, pending, unsubscribed or bounced there"


def status_of(fields: Mapping[str, str], now: datetime) -> Said:
    """Give the most refusing of what all columns of a line say; an address alone is confirmed.

    Raises ValueError for what speaks of a subscription and is not understood, and where columns
    do and say nothing: who is said to be nothing has agreed to nothing.
    """
    kinds = {name: kind for name in fields if (kind := _kind(name)) is not None}
    said = [_said(name, kind, fields[name].strip(), now) for name, kind in kinds.items()]
    known = [each for each in said if each is not None]
    if known:
        status = max(known, key=refusal).status
        times = [each.left_at for each in known if each.status == status and each.left_at]
        return Said(status, max(times, default=None))
    if any((kind == _STATUS or kind.no) and not _IS_TIME.search(n) for n, kind in kinds.items()):
        raise ValueError(f"nothing is said in the column of the status: {_WHAT_TO_WRITE}")
    return Said(ListedStatus.CONFIRMED)


def refusal(said: Said) -> tuple[int, datetime]:
    """Say how much somebody refuses, so that two can be compared; the latest time weighs most."""
    return list(ListedStatus).index(said.status), said.left_at or LATEST


def read_moment(text: str, now: datetime) -> datetime:
    """Read when something was. Raises ValueError where that is no time that was by `now`."""
    # As programs in Go write it: 2026-11-23 12:00:00.5 +0000 UTC.
    text = re.sub(r" ([+-][0-9]{4})( [A-Z]{1,5})?$", r"\1", text)
    try:
        moment = datetime.fromisoformat(text)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        is_possible = EARLIEST <= moment <= now + timedelta(days=1)
    except (ValueError, OverflowError):
        is_possible = False
    if not is_possible:
        raise ValueError("no time that was")
    return moment


@lru_cache(maxsize=1000)
def _kind(name: str) -> _Kind | None:
    return next((kind for pattern, kind in _KINDS if re.search(pattern, name)), None)


def _said(name: str, kind: _Kind, value: str, now: datetime) -> Said | None:
    if _NOTHING.fullmatch(value):
        return None
    word = re.sub(r"[^a-z0-9]+", "_", value.lower())
    if word in _WORDS:
        return Said(_WORDS[word])
    if kind.yes and word in _YES:
        return Said(kind.yes)
    if kind.yes and word in _NO:
        return Said(kind.no) if kind.no else None
    if kind.yes:
        return _said_by_time(name, kind.yes, value, now)
    raise _not_understood(name)


def _said_by_time(name: str, yes: ListedStatus, value: str, now: datetime) -> Said:
    is_refusal = yes in _REFUSALS
    try:
        moment = read_moment(value, now)
    except ValueError:
        # Who has left has left, also where nobody can read when.
        if is_refusal and _IS_TIME.search(name):
            return Said(yes)
        raise _not_understood(name) from None
    return Said(yes, moment if is_refusal else None)


def _not_understood(name: str) -> ValueError:
    return ValueError(
        f"the column {name} speaks of the subscription in words that are not understood: "
        f"{_WHAT_TO_WRITE}, or take the column out where it is about something else"
    )
