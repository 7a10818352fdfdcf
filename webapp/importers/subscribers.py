"""Lists of subscribers as CSV: our own columns, and those that other programs write.

Understood by the names in the first line, in any order: Mailchimp, Substack, Ghost, listmonk.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain

from email_validator import EmailNotValidError, validate_email

from webapp.errors import SubscribersUnreadable
from webapp.importers.consent import (
    ADDRESSES,
    CONSENT_TIMES,
    ListedStatus,
    read_moment,
    status_of,
)
from webapp.importers.contract import Unreadable
from webapp.text.mailboxes import kept_as

COLUMNS = ("email", "status", "consent_at", "frequency", "topics")
WEEKDAYS = "monday tuesday wednesday thursday friday saturday sunday".split()
NO_TOPICS = "-"


@dataclass(frozen=True, slots=True)
class ListedSubscriber:
    """A line of a list; `topics` are names, None for all of them.

    Of one who refuses `left_at` says since when, None where that is not known.
    """

    address: str
    status: ListedStatus
    left_at: datetime | None
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
        names = _names(next(reader, []))
        for values in reader:
            if any(value.strip() for value in values):
                yield _read(names, values, f"line {reader.line_num}", now)
    except csv.Error as problem:
        raise SubscribersUnreadable(f"Line {reader.line_num} is no CSV: {problem}.") from problem


def _names(first: Sequence[str]) -> list[str]:
    names = [re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_") for name in first]
    addresses = [name for name in names if name in ADDRESSES]
    if not addresses:
        raise SubscribersUnreadable(
            "The first line has to name the columns, and one of them email, as in: "
            + ",".join(COLUMNS)
        )
    twice = [name for name in names if name and names.count(name) > 1] or addresses[1:]
    if twice:
        raise SubscribersUnreadable(
            f"More than one column is called {twice[0]}, or says as much. Take out all but the "
            "one that counts."
        )
    return names


def _read(
    names: Sequence[str], values: Sequence[str], place: str, now: datetime
) -> ListedSubscriber | Unreadable:
    # What stands in a line is never repeated: in columns that are off it may be an address.
    if len(values) != len(names):
        return Unreadable(place, f"it has {len(values)} columns in place of {len(names)}")
    fields = dict(zip(names, values, strict=True))
    try:
        address = _address(_first(fields, ADDRESSES))
        status, left_at = status_of(fields, now)
        frequency, weekday = _frequency(fields.get("frequency", ""))
        return ListedSubscriber(
            address=address,
            status=status,
            left_at=left_at,
            consent_at=_consent_at(_first(fields, CONSENT_TIMES), now),
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
        found = validate_email(plain(text), check_deliverability=False, strict=True)
    except EmailNotValidError:
        raise ValueError("the address is none") from None
    return kept_as(found.normalized)


def _consent_at(text: str, now: datetime) -> datetime | None:
    try:
        return read_moment(text, now) if text else None
    except ValueError:
        sentence = "the time of consent is none that was, as in 2026-11-23T12:00:00Z"
        raise ValueError(sentence) from None


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
