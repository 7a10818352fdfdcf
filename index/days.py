"""Days and spans of days as people type them: 2026, 2026-11, 2026-11-23, yesterday, last-week.

Knows the calendar; refuses to know what is dated.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

_DAY = timedelta(days=1)
_DATE = re.compile(r"(\d{4})(?:[-/.](\d{1,2})(?:[-/.](\d{1,2}))?)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Span:
    """From the first moment of a day to the first moment after another, both aware, in UTC."""

    first: datetime
    last: datetime


def read_span(text: str, zone: tzinfo, now: datetime) -> Span | None:
    """Give the span that a text names, in days of `zone`; None where it names none."""
    text = re.sub(r"[\s_]+", "-", text.strip().lower())
    days = _named(text, now.astimezone(zone).date()) or _dated(text)
    if days is None:
        return None
    try:
        first, last = (datetime.combine(day, time.min, zone).astimezone(UTC) for day in days)
    except (ValueError, OverflowError):
        return None
    return Span(first, last)


def _dated(text: str) -> tuple[date, date] | None:
    match = _DATE.fullmatch(text)
    if match is None:
        return None
    year, month, day = (int(group) if group else 0 for group in match.groups())
    try:
        if day:
            return date(year, month, day), date(year, month, day) + _DAY
        if match.group(2):
            return date(year, month, 1), _next_month(date(year, month, 1))
        return date(year, 1, 1), date(year + 1, 1, 1)
    except (ValueError, OverflowError):
        return None


def _next_month(day: date) -> date:
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1)


def _named(text: str, today: date) -> tuple[date, date] | None:
    monday = today - _DAY * today.weekday()
    month = today.replace(day=1)
    spans: dict[str, Callable[[], tuple[date, date]]] = {
        "today": lambda: (today, today + _DAY),
        "yesterday": lambda: (today - _DAY, today),
        "tomorrow": lambda: (today + _DAY, today + 2 * _DAY),
        "next-week": lambda: (monday + 7 * _DAY, monday + 14 * _DAY),
        "next-month": lambda: (_next_month(month), _next_month(_next_month(month))),
        "next-year": lambda: (date(today.year + 1, 1, 1), date(today.year + 2, 1, 1)),
        "this-week": lambda: (monday, monday + 7 * _DAY),
        "last-week": lambda: (monday - 7 * _DAY, monday),
        "this-month": lambda: (month, _next_month(month)),
        "last-month": lambda: ((month - _DAY).replace(day=1), month),
        "this-year": lambda: (date(today.year, 1, 1), date(today.year + 1, 1, 1)),
        "last-year": lambda: (date(today.year - 1, 1, 1), date(today.year, 1, 1)),
    }
    return spans[text]() if text in spans else None
