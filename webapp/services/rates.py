"""Counts that limits are held to, kept in the database and so the same for all workers."""

from __future__ import annotations

from datetime import datetime, timedelta

from limits import parse
from limits.storage import Storage
from limits.strategies import FixedWindowRateLimiter
from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from webapp.extensions import db, the_site
from webapp.models import RateCount


class TableStorage(Storage):
    """The counts of the `limits` library in a table, in the session's own transaction."""

    STORAGE_SCHEME = ["broadsheet"]  # noqa: RUF012 - the library's own declaration

    @property
    def base_exceptions(self) -> type[Exception]:
        """What a storage that is away raises."""
        return SQLAlchemyError

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count on, and begin anew when the window is over; `expiry` is its length in seconds."""
        now = the_site().clock()
        db.session.execute(delete(RateCount).where(RateCount.expires_at <= now))
        counted = (
            update(RateCount)
            .where(RateCount.key == key)
            .values(count=RateCount.count + amount)
            .returning(RateCount.count)
        )
        count = db.session.scalar(counted)
        if count is not None:
            return count
        try:
            with db.session.begin_nested():
                ends_at = now + timedelta(seconds=expiry)
                db.session.add(RateCount(key=key, count=amount, expires_at=ends_at))
        except IntegrityError:  # another worker was first
            return db.session.scalar(counted) or amount
        return amount

    def get(self, key: str) -> int:
        """Give the count; 0 when the window is over or nothing was counted."""
        row = self._row(key)
        return row[0] if row else 0

    def get_expiry(self, key: str) -> float:
        """Give the end of the window, in seconds since the epoch."""
        row = self._row(key)
        return (row[1] if row else the_site().clock()).timestamp()

    def _row(self, key: str) -> tuple[int, datetime] | None:
        # Columns, and no object: the session would give the one it has seen before.
        current = select(RateCount.count, RateCount.expires_at)
        now = the_site().clock()
        found = current.where(RateCount.key == key, RateCount.expires_at > now)
        row = db.session.execute(found).one_or_none()
        return (row[0], row[1]) if row else None

    def check(self) -> bool:
        """Whether counts can be kept: where the site's database is, they can."""
        return True

    def reset(self) -> int | None:
        """Forget all counts."""
        db.session.execute(delete(RateCount))
        return None

    def clear(self, key: str) -> None:
        """Forget one count."""
        db.session.execute(delete(RateCount).where(RateCount.key == key))


def seconds_to_wait(rate: str, key: str) -> int:
    """Count one more under the key; 0 while the rate is kept, else how long to wait.

    `rate` is as in "10 per hour". Part of the running transaction. What is over the rate is not
    counted: whoever is refused takes no turn to write, however often they come.
    """
    return seconds_until_free(rate, key) or count(rate, key)


def count(rate: str, key: str) -> int:
    """Count as `seconds_to_wait` where nobody had to wait a moment ago."""
    if FixedWindowRateLimiter(TableStorage()).hit(parse(rate), key):
        return 0
    # Another worker took the last place between the look and the count.
    return seconds_until_free(rate, key)


def scaled(rate: str, factor: float) -> str:
    """Give a rate that is so many times another, but once at least."""
    item = parse(rate)
    amount = max(1, round(item.amount * factor))
    return f"{amount} per {item.multiples} {item.GRANULARITY.name}"


def seconds_until_free(rate: str, key: str) -> int:
    """Say as `seconds_to_wait` how long to wait, and count nothing."""
    limiter, item = FixedWindowRateLimiter(TableStorage()), parse(rate)
    if limiter.test(item, key):
        return 0
    ends_at = limiter.get_window_stats(item, key).reset_time
    return max(1, round(ends_at - the_site().clock().timestamp()))


def forget_over() -> None:
    """Delete the counts whose time is over, though nobody comes to be counted."""
    over = RateCount.expires_at <= the_site().clock()
    # A question first: whoever finds nothing to do takes no turn to write.
    if db.session.scalar(select(RateCount.key).where(over).limit(1)) is not None:
        db.session.execute(delete(RateCount).where(over))
        db.session.commit()


def is_first(key: str, lasts: timedelta) -> bool:
    """Note that something was done, and whether for the first time; forgotten after `lasts`.

    Part of the running transaction.
    """
    storage = TableStorage()
    return not storage.get(key) and storage.incr(key, int(lasts.total_seconds())) == 1
