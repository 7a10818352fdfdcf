"""Lists of subscribers as CSV: our own columns, and those that other programs write.

Understood by the names in the first line, in any order: Mailchimp, Substack, Ghost, listmonk.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from itertools import chain

from email_validator import EmailNotValidError, validate_email

from webapp.errors import SubscribersUnreadable
from webapp.importers.contract import Unreadable

COLUMNS = ("email", "status", "consent_at", "frequency", "topics")
WEEKDAYS = "monday tuesday wednesday thursday friday saturday sunday".split()
NO_TOPICS = "-"
_EMAIL = ("email", "email_address", "e_mail", "subscriber_email")
_CONSENT = (
    *("consent_at", "confirm_time", "optin_time", "created_at", "subscription_date"),
    *("start_date", "subscribed_at"),
)


class ListedStatus(StrEnum):
    """What a list says of somebody."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    UNSUBSCRIBED = "unsubscribed"
    BOUNCED = "bounced"


_STATUSES = {
    **dict.fromkeys(("pending", "unconfirmed"), ListedStatus.PENDING),
    **dict.fromkeys(("confirmed", "active", "subscribed", "enabled"), ListedStatus.CONFIRMED),
    **dict.fromkeys(("unsubscribed", "disabled", "blocklisted"), ListedStatus.UNSUBSCRIBED),
    **dict.fromkeys(("bounced", "cleaned"), ListedStatus.BOUNCED),
}
# What of other programs' columns says that no mail may go, whatever else a line says.
_YES, _NO = {"true", "yes", "1"}, {"false", "no", "0"}


@dataclass(frozen=True, slots=True)
class ListedSubscriber:
    """A line of a list; `topics` are names, None for all of them."""

    address: str
    status: ListedStatus
    consent_at: datetime | None
    frequency: str
    weekday: int
    topics: tuple[str, ...] | None


def read_subscribers(lines: Iterable[str]) -> Iterator[ListedSubscriber | Unreadable]:
    """Read a list, a line in memory at a time. Raises SubscribersUnreadable where it is none."""
    lines = iter(lines)
    first = next(lines, "").removeprefix("\ufeff")
    separator = max(",;\t", key=first.count)
    reader = csv.reader(chain([first], lines), delimiter=separator)
    try:
        names = [re.sub(r"[^a-z0-9]+", "_", name.strip().lower()) for name in next(reader, [])]
        if not set(names) & set(_EMAIL):
            raise SubscribersUnreadable(
                "The first line has to name the columns, and one of them email, as in: "
                + ",".join(COLUMNS)
            )
        for values in reader:
            if any(value.strip() for value in values):
                yield _read(dict(zip(names, values, strict=False)), f"line {reader.line_num}")
    except csv.Error as problem:
        raise SubscribersUnreadable(f"Line {reader.line_num} is no CSV: {problem}.") from problem


def _read(fields: Mapping[str, str], place: str) -> ListedSubscriber | Unreadable:
    try:
        frequency, weekday = _frequency(fields.get("frequency", ""))
        return ListedSubscriber(
            address=_address(_first(fields, _EMAIL)),
            status=_status(fields),
            consent_at=_moment(_first(fields, _CONSENT)),
            frequency=frequency,
            weekday=weekday,
            topics=_topics(fields.get("topics", "")),
        )
    except ValueError as problem:
        return Unreadable(place, str(problem))


def _first(fields: Mapping[str, str], names: Iterable[str]) -> str:
    return next((value for name in names if (value := fields.get(name, "").strip())), "")


def _address(text: str) -> str:
    # As we write it: programs for tables take what begins so for a formula.
    text = text.removeprefix("'")
    try:
        found = validate_email(text, check_deliverability=False)
    except EmailNotValidError:
        raise ValueError("the address is none") from None
    return found.normalized.lower()


def _status(fields: Mapping[str, str]) -> ListedStatus:
    if fields.get("status", "").strip().lower() == "blocklisted" or _says_no(fields):
        return ListedStatus.UNSUBSCRIBED
    if fields.get("clean_time", "").strip():
        return ListedStatus.BOUNCED
    said = _first(fields, ("subscription_status", "status")).lower()
    if not said:
        return ListedStatus.CONFIRMED
    if said not in _STATUSES:
        raise ValueError(f"the status “{said[:40]}” is none of {', '.join(_STATUSES)}")
    return _STATUSES[said]


def _says_no(fields: Mapping[str, str]) -> bool:
    said = {name: value.strip().lower() for name, value in fields.items()}
    return (
        said.get("email_disabled") in _YES
        or said.get("subscribed_to_emails") in _NO
        or any(said.get(name) for name in ("unsub_time", "deleted_at", "unsubscribed_at"))
    )


def _moment(text: str) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"the time “{text[:40]}” is none, as in 2026-11-23T12:00:00Z") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _frequency(text: str) -> tuple[str, int]:
    kind, _, day = text.strip().lower().partition(":")
    kind = kind or "daily"
    if kind not in ("daily", "weekly", "each") or (day and day not in WEEKDAYS):
        raise ValueError(
            f"the frequency “{text[:40]}” is none of daily, weekly, weekly:friday, each"
        )
    return kind, WEEKDAYS.index(day) if day else 0


def _topics(text: str) -> tuple[str, ...] | None:
    if not text.strip():
        return None
    names = [" ".join(name.split()) for name in text.split(";")]
    if any(len(name) > 200 or not name.isprintable() for name in names):
        raise ValueError("a topic has more than 200 characters, or some that cannot be printed")
    return tuple(dict.fromkeys(name for name in names if name not in ("", NO_TOPICS)))
