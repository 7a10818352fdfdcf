"""What readers look for: counted by day, and nobody's."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskCliRunner
from sqlalchemy import event, select
from sqlalchemy.exc import OperationalError

from tests.conftest import Clock
from tests.factories import make_article
from tests.pages import CheckingClient
from webapp.extensions import db
from webapp.models import SearchCount
from webapp.services import noting, starting


def counts() -> dict[str, tuple[int, int]]:
    rows = db.session.scalars(select(SearchCount)).all()
    return {row.query: (row.asked, row.failed) for row in rows}


def ask(query: str, times: int, total: int = 1) -> None:
    for _ in range(times):
        noting.note_search(query, total)
    noting.write_down()


def test_searches_are_counted_by_their_normalised_words(app: Flask) -> None:
    ask("Night  Ferries", 2)
    ask("night ferries ", 3, total=0)
    ask("   ", 5)
    ask("\0", 5)
    ask("night\0ferries", 1)
    assert counts() == {"night ferries": (6, 3)}


def test_days_are_counted_apart(app: Flask, clock: Clock) -> None:
    ask("ferries", 3)
    clock.forward(days=1)
    ask("ferries", 4)
    rows = db.session.scalars(select(SearchCount).order_by(SearchCount.asked_on)).all()
    assert [row.asked for row in rows] == [3, 4]


def test_what_few_have_asked_is_forgotten_when_the_day_is_over(app: Flask, clock: Clock) -> None:
    ask("my own name", noting.THRESHOLD - 1)
    ask("ferries", noting.THRESHOLD)
    clock.forward(days=1)
    ask("bread", 1)
    assert set(counts()) == {"ferries", "bread"}


def test_what_few_have_asked_is_never_printed(app: Flask, runner: FlaskCliRunner) -> None:
    ask("my own name", noting.THRESHOLD - 1)
    ask("ferries", noting.THRESHOLD)
    ask("zeppelins", noting.THRESHOLD + 1, total=0)
    printed = runner.invoke(args=["searches"]).stdout
    assert "my own name" not in printed
    asked, failed = printed.split("Asked and not found")
    assert asked.index("zeppelins") < asked.index("ferries")
    assert "zeppelins" in failed
    assert "ferries" not in failed


def test_days_long_past_are_not_among_the_last(app: Flask, clock: Clock) -> None:
    ask("ferries", 5)
    clock.forward(days=7)
    assert noting.most_asked(days=7) == []
    assert [each.query for each in noting.most_asked(days=8)] == ["ferries"]


def test_nothing_asked_is_said(runner: FlaskCliRunner) -> None:
    assert "Nothing that at least" in runner.invoke(args=["searches", "--days", "1"]).stdout


def test_a_page_counts_a_search_once_and_its_further_pages_not(
    app: Flask, client: CheckingClient
) -> None:
    make_article(body="All about ferries.", topics=["Harbours"])
    client.get("/search?q=ferries")
    client.get("/search?q=ferries&topic=harbours")
    client.get("/search?q=zyzzyva")
    noting.write_down()
    assert counts() == {"ferries": (1, 0), "zyzzyva": (1, 1)}


def test_counts_wait_in_memory_and_go_out_every_quarter_of_a_minute(
    app: Flask, clock: Clock
) -> None:
    noting.note_search("ferries", 1)
    noting.note_search("ferries", 1)
    before = counts()
    clock.forward(seconds=16)
    noting.note_search("ferries", 1)
    assert (before, counts()) == ({"ferries": (1, 0)}, {"ferries": (3, 0)})


def test_a_worker_that_ends_keeps_what_it_has_counted(app: Flask) -> None:
    noting.note_search("ferries", 1)
    noting.note_search("ferries", 1)
    starting.end_worker(app)
    db.session.expire_all()
    assert counts() == {"ferries": (2, 0)}


def test_a_busy_database_fails_no_search_and_loses_no_count(
    app: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    import sqlite3

    def fail(*_: object) -> None:
        raise OperationalError("INSERT", {}, sqlite3.OperationalError("database is locked"))

    event.listen(db.engine, "before_cursor_execute", fail)
    try:
        noting.note_search("ferries", 1)
    finally:
        event.remove(db.engine, "before_cursor_execute", fail)
    assert "could not be counted" in caplog.text
    assert "ferries" not in caplog.text
    noting.write_down()
    assert counts() == {"ferries": (1, 0)}


def test_memory_is_bounded_whatever_is_typed(app: Flask) -> None:
    app.extensions["broadsheet"].notes.written_at = app.extensions["broadsheet"].clock()
    for number in range(noting.QUERIES_IN_MEMORY + 50):
        noting.note_search(f"query {number} " + "x" * 500, 1)
    notes = app.extensions["broadsheet"].notes.counts
    assert len(notes) == noting.QUERIES_IN_MEMORY
    assert max(len(query) for _, query in notes) <= noting.QUERY_LENGTH
