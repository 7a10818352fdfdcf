"""The hours of the letter, in the site's time zone, whatever its clocks do."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from webapp.extensions import the_site

DAY = timedelta(days=1)


def last_due(moment: datetime) -> datetime | None:
    """Give the last moment until another at which an edition was due; None where none ever is."""
    return max((hour for hour in _around(moment) if hour <= moment), default=None)


def next_due(moment: datetime) -> datetime | None:
    """Give the first moment after another at which an edition is due; None where none ever is."""
    return min((hour for hour in _around(moment) if hour > moment), default=None)


def _around(moment: datetime) -> list[datetime]:
    """Give the hours of the days around a moment.

    An hour that a night leaves out is that much later, of one that comes twice it is the
    first (PEP 495).
    """
    settings = the_site().settings
    if settings.letter_at is None:
        return []
    days = (day_of(moment) + timedelta(days=n) for n in range(-2, 3))
    local = (datetime.combine(day, settings.letter_at, settings.time_zone) for day in days)
    return [hour.astimezone(UTC) for hour in local]


def day_before(moment: datetime) -> datetime:
    """Give the same hour of the day before, or an hour earlier where that day had but 23."""
    return min(_days_before(moment, 1), moment - DAY)


def week_before(moment: datetime) -> datetime:
    """Give the same hour a week before."""
    return _days_before(moment, 7)


def day_of(moment: datetime) -> date:
    """Give the day that it is at a moment."""
    return moment.astimezone(the_site().settings.time_zone).date()


def weekday(moment: datetime) -> int:
    """Give the day of the week, 0 for Monday."""
    return day_of(moment).weekday()


def _days_before(moment: datetime, days: int) -> datetime:
    local = moment.astimezone(the_site().settings.time_zone)
    return (local - timedelta(days=days)).astimezone(UTC)
