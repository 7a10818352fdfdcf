"""Documents and questions for the tests of the index, each made with what the test is about."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from index.contract import Answer, Document, Match, Name, SearchEngine, Section, Sort
from index.question import parse

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def document(id: int, title: str = "Untitled", text: str = "", **values: object) -> Document:
    """Make a document with one section, or with `sections` as (label, text) pairs."""
    given = dict(values)
    pairs = given.pop("sections", [("", text)])
    assert isinstance(pairs, list)
    sections = tuple(
        Section(label, label.lower().replace(" ", "-"), words) for label, words in pairs
    )
    defaults: dict[str, object] = {
        "stamp": id,
        "summary": "",
        # The higher the id, the older: so that order by id is never order by date by accident.
        "published_at": NOON - timedelta(days=id),
    }
    return Document(id=id, title=title, sections=sections, **(defaults | given))  # type: ignore[arg-type]


def names(*texts: str) -> tuple[Name, ...]:
    """Make names with their slugs."""
    return tuple(Name(text.lower().replace(" ", "-"), text) for text in texts)


def filled(engine: SearchEngine, documents: Iterable[Document]) -> SearchEngine:
    """Build an index of these documents."""
    with engine.turn() as is_ours:
        assert is_ours
        engine.rebuild(documents)
    return engine


def changed(engine: SearchEngine, put: Iterable[Document], remove: Iterable[int] = ()) -> None:
    """Apply changes in a turn of our own."""
    with engine.turn() as is_ours:
        assert is_ours
        engine.apply(put, remove)


def ask(engine: SearchEngine, typed: str, **options: object) -> Answer:
    """Put a question as a reader types it."""
    given: dict[str, object] = {"now": NOON} | options
    return engine.answer(parse(typed, now=NOON), **given)  # type: ignore[arg-type]


def found_all(engine: SearchEngine, typed: str) -> list[int]:
    """Give the ids of what has all that was wanted, in order."""
    return [hit.id for hit in ask(engine, typed, limit=100).hits if hit.match is Match.ALL]


def found(engine: SearchEngine, typed: str, sort: Sort = Sort.BEST, limit: int = 100) -> list[int]:
    """Give the ids that a question finds, in order."""
    return [hit.id for hit in ask(engine, typed, sort=sort, limit=limit).hits]
