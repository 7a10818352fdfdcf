"""Lists of subscribers as CSV: our own columns, and those that other programs write.

Understood by the names in the first line, in any order: Mailchimp, Substack, Ghost, listmonk.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import chain

from email_validator import EmailNotValidError, validate_email

from webapp.errors import SubscribersUnreadable
from webapp.importers.contract import Unreadable

COLUMNS = ("email", "status", "consent_at", "frequency", "topics")
WEEKDAYS = "monday tuesday wednesday thursday friday saturday sunday".split()
NO_TOPICS = "-"
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
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


def read_subscribers(
    lines: Iterable[str], now: datetime
) -> Iterator[ListedSubscriber | Unreadable]:
    """Read a list, a line in memory at a time; nobody has agreed to anything after `now`.

    Raises SubscribersUnreadable where it is no list, or its quotes do not match.
    """
    lines = iter(lines)
    first = next(lines, "").removeprefix("\ufeff")
    separator = max(",;\t", key=first.count)
    # Strict: a quote that is left open would swallow the lines after it.
    reader = csv.reader(chain([first], lines), delimiter=separator, strict=True)
    try:
        names = [re.sub(r"[^a-z0-9]+", "_", name.strip().lower()) for name in next(reader, [])]
        if not set(names) & set(_EMAIL):
            raise SubscribersUnreadable(
                "The first line has to name the columns, and one of them email, as in: "
                + ",".join(COLUMNS)
            )
        for values in reader:
            if any(value.strip() for value in values):
                yield _read(names, values, f"line {reader.line_num}", now)
    except csv.Error as problem:
        raise SubscribersUnreadable(f"Line {reader.line_num} is no CSV: {problem}.") from problem


def _read(
    names: Sequence[str], values: Sequence[str], place: str, now: datetime
) -> ListedSubscriber | Unreadable:
    # What stands in a line is never repeated: in columns that are off it may be an address.
    if len(values) != len(names):
        return Unreadable(place, f"it has {len(values)} columns in place of {len(names)}")
    fields = dict(zip(names, values, strict=True))
    try:
        frequency, weekday = _frequency(fields.get("frequency", ""))
        return ListedSubscriber(
            address=_address(_first(fields, _EMAIL)),
            status=_status(fields),
            consent_at=_moment(_first(fields, _CONSENT), now),
            frequency=frequency,
            weekday=weekday,
            topics=_topics(fields.get("topics", "")),
        )
    except ValueError as problem:
        return Unreadable(place, str(problem))


def _first(fields: Mapping[str, str], names: Iterable[str]) -> str:
    return next((value for name in names if (value := fields.get(name, "").strip())), "")


def _address(text: str) -> str:
    try:
        found = validate_email(plain(text), check_deliverability=False)
    except EmailNotValidError:
        raise ValueError("the address is none") from None
    return found.normalized.lower()


def _status(fields: Mapping[str, str]) -> ListedStatus:
    if fields.get("status", "").strip().lower() == "blocklisted" or _says_no(fields):
        return ListedStatus.UNSUBSCRIBED
    if fields.get("clean_time", "").strip():
        return ListedStatus.BOUNCED
    columns = [name for name in ("subscription_status", "status") if name in fields]
    if not columns:
        return ListedStatus.CONFIRMED
    # Who is said to be nothing has agreed to nothing.
    said = _first(fields, columns).lower()
    if said not in _STATUSES:
        raise ValueError(f"the status is none of {', '.join(_STATUSES)}")
    return _STATUSES[said]


def _says_no(fields: Mapping[str, str]) -> bool:
    said = {name: value.strip().lower() for name, value in fields.items()}
    return (
        said.get("email_disabled") in _YES
        or said.get("subscribed_to_emails") in _NO
        or any(said.get(name) for name in ("unsub_time", "deleted_at", "unsubscribed_at"))
    )


def _moment(text: str, now: datetime) -> datetime | None:
    if not text:
        return None
    # As programs in Go write it: 2026-11-23 12:00:00.5 +0000 UTC.
    text = re.sub(r" ([+-][0-9]{4})( [A-Z]{1,5})?$", r"\1", text)
    try:
        moment = datetime.fromisoformat(text)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        is_possible = EARLIEST <= moment <= now + timedelta(days=1)
    except (ValueError, OverflowError):
        is_possible = False
    if not is_possible:
        raise ValueError("the time of consent is none that was, as in 2026-11-23T12:00:00Z")
    return moment


def _frequency(text: str) -> tuple[str, int]:
    kind, _, day = text.strip().lower().partition(":")
    kind = kind or "daily"
    if kind not in ("daily", "weekly", "each") or (day and day not in WEEKDAYS):
        raise ValueError("the frequency is none of daily, weekly, weekly:friday, each")
    return kind, WEEKDAYS.index(day) if day else 0


def _topics(text: str) -> tuple[str, ...] | None:
    if not text.strip():
        return None
    if text.strip() == NO_TOPICS:
        return ()
    parts = re.findall(r"(?:\\.|[^;\\])+", plain(text.strip()))
    names = [" ".join(re.sub(r"\\(.)", r"\1", part).split()) for part in parts]
    if any(len(name) > 200 or not name.isprintable() for name in names):
        raise ValueError("a topic has more than 200 characters, or some that cannot be printed")
    return tuple(dict.fromkeys(filter(None, names)))


def write_topics(names: Iterable[str]) -> str:
    """Give the names of topics as one field; none at all is another thing than all."""
    escaped = [re.sub(r"([;\\])", r"\\\1", name) for name in names]
    return harmless(";".join(escaped)) if escaped else NO_TOPICS


# With these a formula begins, in programs for tables; the last keeps them from reading one.
_FORMULA = "=+-@'"


def harmless(text: str) -> str:
    """Give a field that no program for tables takes for a formula; `plain` undoes it."""
    return f"'{text}" if text[:1] and text[0] in _FORMULA else text


def plain(text: str) -> str:
    """Give what a field says that may have been made harmless."""
    return text[1:] if text[:1] == "'" and text[1:2] and text[1] in _FORMULA else text
