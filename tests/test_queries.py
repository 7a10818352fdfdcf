"""How often and in what way pages ask the database: never more often, and never by sorting it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from itertools import islice

import pytest
from flask import Flask
from sqlalchemy import event

from tests.bench.listings import fill
from tests.bench.searching.articles import articles
from tests.conftest import Clock
from tests.pages import CheckingClient
from webapp import models
from webapp.extensions import db, the_site
from webapp.services import indexing, listing
from webapp.settings import Settings

PAGES = {
    "/": 6,
    "/?page=2": 5,
    "/topics/{topic}": 6,
    "/authors/{author}": 6,
    "/sources/{source}": 5,
    "/archive/2020": 5,
    "/archive/2020/11": 5,
    "/archive/{day}": 5,
    "/archive/": 2,
    "/topics/": 2,
    "/authors/": 2,
    "/sources/": 2,
    "/articles/article-1": 6,
    "/search?q=the": 2,
}
"""Pages, and how many statements each may take once its listing was gone through."""
Asked = tuple[str, object]


@contextmanager
def listening() -> Iterator[list[Asked]]:
    """Hear every statement that asks for something, with its parameters."""
    heard: list[Asked] = []

    def hear(_c: object, _cursor: object, statement: str, parameters: object, *_: object) -> None:
        # What revision it is a process asks now and then, whatever page it makes.
        if statement.startswith(("SELECT", "WITH")) and "site_revision.changed_at" not in statement:
            heard.append((statement, parameters))

    event.listen(db.engine, "before_cursor_execute", hear)
    try:
        yield heard
    finally:
        event.remove(db.engine, "before_cursor_execute", hear)


def asked_for(client: CheckingClient, path: str) -> list[Asked]:
    """Give what a page asks for, when its listing was gone through before."""
    assert client.get(path).status_code == 200, path
    db.session.expunge_all()  # what a test still holds would not be asked for
    with listening() as heard:
        assert client.get(path).status_code == 200, path
    return heard


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Every page is made anew."""
    return replace(settings, page_cache_mb=0)


@pytest.fixture
def paths(app: Flask, clock: Clock) -> dict[str, int]:
    """Fill the site; give its pages, each with how many statements it may take."""
    some = list(islice(articles(300), 300))
    clock.now = max(each.published_at for each in some) + timedelta(days=1)
    fill(some)
    indexing.rebuild()
    first = some[0]
    names = {
        "topic": first.topics[0].slug,
        "author": first.authors[0].slug,
        "source": first.source,
        "day": f"{first.published_at:%Y/%m/%d}",
    }
    return {path.format(**names): number for path, number in PAGES.items()}


def test_every_page_asks_a_constant_number_of_times_whatever_is_in_it(
    client: CheckingClient, paths: dict[str, int]
) -> None:
    few = {path: len(asked_for(client, path)) for path in paths}
    fill(islice(articles(900), 300, None))
    indexing.rebuild()
    assert {path: len(asked_for(client, path)) for path in paths} == few
    assert few == paths


def test_no_page_goes_through_the_articles_or_sorts_more_than_it_shows(
    client: CheckingClient, paths: dict[str, int]
) -> None:
    for path in paths:
        with listening() as first_time:
            client.get(path)
        for statement, parameters in first_time:
            for step in plan_of(statement, parameters):
                is_whole = step.startswith(("SCAN article", "SCAN section"))
                assert not is_whole or "COVERING INDEX" in step, (path, statement, step)
                # The names of the few articles that were just found, and the sources by name.
                is_short = "position" in statement or "DISTINCT" in statement
                assert is_short or "USE TEMP B-TREE" not in step, (path, statement, step)


def test_a_far_page_takes_no_more_steps_of_the_database_than_the_second(
    client: CheckingClient, paths: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    for room in (models.articles, listing):
        monkeypatch.setattr(room, "STRIDE", 20)
    near, far = steps_of(client, "/?page=2"), steps_of(client, "/?page=16")
    assert far < near * 1.3
    monkeypatch.setattr(listing, "STRIDE", 300)  # passed over as by an offset alone
    monkeypatch.setattr(models.articles, "STRIDE", 300)
    the_site().listings.found.clear()
    assert steps_of(client, "/?page=16") > near * 1.3


def steps_of(client: CheckingClient, path: str) -> int:
    """Count, in hundreds, the instructions that SQLite goes through for a page."""
    assert client.get(path).status_code == 200
    steps = 0

    def count() -> None:
        nonlocal steps
        steps += 1

    connection = db.session.connection().connection.dbapi_connection
    connection.set_progress_handler(count, 100)
    client.get(path)
    connection.set_progress_handler(None, 0)
    db.session.rollback()
    return steps


def plan_of(statement: str, parameters: object) -> list[str]:
    explained = db.session.connection().exec_driver_sql(
        f"EXPLAIN QUERY PLAN {statement}", parameters
    )
    return [row.detail for row in explained]


def test_a_sort_would_be_seen(app: Flask) -> None:
    unsorted = plan_of("SELECT id FROM article ORDER BY summary", ())
    assert any("USE TEMP B-TREE" in step for step in unsorted)
    assert any(step.startswith("SCAN article") for step in unsorted)
