"""Counts that limits are held to."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from tests.conftest import NOON, Clock
from webapp.extensions import db
from webapp.models import RateCount
from webapp.services.rates import (
    TableStorage,
    is_first,
    scaled,
    seconds_to_wait,
    seconds_until_free,
)

pytestmark = pytest.mark.usefixtures("app")


def rows() -> int:
    return db.session.scalar(select(func.count()).select_from(RateCount)) or 0


def test_as_often_as_the_rate_allows_nobody_waits() -> None:
    assert [seconds_to_wait("3 per hour", "a") for _ in range(3)] == [0, 0, 0]
    assert seconds_to_wait("3 per hour", "a") == 3600


def test_who_waits_is_not_counted_and_writes_nothing() -> None:
    seconds_to_wait("1 per hour", "a")
    db.session.commit()
    assert [seconds_to_wait("1 per hour", "a") for _ in range(3)] == [3600] * 3
    assert db.session.scalars(select(RateCount.count)).all() == [1]
    assert not db.session.dirty


def test_a_look_counts_nothing() -> None:
    assert seconds_until_free("1 per hour", "a") == 0
    assert rows() == 0
    seconds_to_wait("1 per hour", "a")
    assert seconds_until_free("1 per hour", "a") == 3600


def test_whom_another_worker_was_quicker_than_waits_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked = TableStorage.get
    with monkeypatch.context() as late:
        late.setattr(TableStorage, "get", lambda *_: 0)  # before the other one has counted
        assert seconds_to_wait("1 per hour", "a") == 0
        late.setattr(TableStorage, "get", lambda *a: late.undo() or 0)
        assert seconds_to_wait("1 per hour", "a") == 3600
    assert TableStorage.get is looked


def test_only_the_first_time_is_the_first_until_it_is_forgotten(clock: Clock) -> None:
    lasts = timedelta(minutes=10)
    assert [is_first(key, lasts) for key in "aab"] == [True, False, True]
    clock.forward(minutes=10)
    assert is_first("a", lasts)


def test_each_key_has_a_count_of_its_own() -> None:
    assert seconds_to_wait("1 per hour", "a") == 0
    assert seconds_to_wait("1 per hour", "b") == 0
    assert seconds_to_wait("1 per hour", "a") > 0


def test_the_wait_grows_shorter_and_ends_with_the_window(clock: Clock) -> None:
    seconds_to_wait("1 per minute", "a")
    clock.forward(seconds=45)
    assert seconds_to_wait("1 per minute", "a") == 15
    clock.forward(seconds=14.9)
    assert seconds_to_wait("1 per minute", "a") == 1
    clock.forward(seconds=0.1)
    assert seconds_to_wait("1 per minute", "a") == 0


def test_counts_that_are_over_do_not_pile_up(clock: Clock) -> None:
    for key in "abc":
        seconds_to_wait("1 per minute", key)
    assert rows() == 3
    clock.forward(minutes=2)
    seconds_to_wait("1 per minute", "d")
    assert rows() == 1


def test_a_count_belongs_to_the_running_transaction() -> None:
    seconds_to_wait("1 per hour", "a")
    db.session.rollback()
    assert seconds_to_wait("1 per hour", "a") == 0


def test_two_workers_that_begin_a_count_at_once_are_both_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    storage = TableStorage()
    assert storage.incr("a", 60) == 1
    db.session.commit()
    db.session.expunge_all()
    ask, late = db.session.scalar, [1]
    # The other worker's row appears between our looking for it and our adding one.
    monkeypatch.setattr(db.session, "scalar", lambda *a: None if late and late.pop() else ask(*a))
    assert storage.incr("a", 60) == 2
    assert storage.get("a") == 2


def test_the_storage_counts_forgets_and_says_when_its_window_ends(clock: Clock) -> None:
    storage = TableStorage()
    storage.incr("a", 60, amount=5)
    storage.incr("b", 60)
    assert (storage.get("a"), storage.get("b"), storage.get("c")) == (5, 1, 0)
    assert storage.get_expiry("a") == NOON.timestamp() + 60
    storage.clear("a")
    assert (storage.get("a"), storage.get("b")) == (0, 1)
    storage.reset()
    assert rows() == 0
    assert storage.check()
    assert issubclass(SQLAlchemyError, storage.base_exceptions)
    clock.forward(days=300)
    assert storage.get_expiry("a") == clock().timestamp()


@pytest.mark.parametrize(
    ("rate", "factor", "other"),
    [
        ("300 per hour", 1 / 3, "100 per 1 hour"),
        ("10 per 2 minutes", 3, "30 per 2 minute"),
        ("1/day", 0.1, "1 per 1 day"),
    ],
)
def test_a_part_of_a_rate_is_one_at_least(rate: str, factor: float, other: str) -> None:
    assert scaled(rate, factor) == other
    assert seconds_to_wait(other, "a") == 0
