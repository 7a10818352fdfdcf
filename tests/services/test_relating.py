"""Related articles: found when the index has changed, read without it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import delete, event, select

from index.contract import IndexUnavailable
from tests.conftest import Clock
from tests.factories import article_titled, fields_of, import_items, make_article, make_articles
from webapp.extensions import db, the_site
from webapp.models import Article, RelatedArticle, RelatedDue, Status
from webapp.services import finding, indexing, migrating, publishing, reading, relating, storage

pytestmark = pytest.mark.usefixtures("app")
FERRIES = "Ferries, harbours and night crossings of the strait."


class Replaced:
    """The site's engine, with something else in the place of the finding of related ones."""

    def __init__(self, related: Callable[..., tuple[int, ...]]) -> None:
        self._engine = the_site().engine
        self.related = related

    def __getattr__(self, name: str) -> object:
        return getattr(self._engine, name)


def replace_related(related: Callable[..., tuple[int, ...]]) -> Callable[[], None]:
    """Put something else in its place; what is given back ends that."""
    site, engine = the_site(), the_site().engine
    site.engine = Replaced(related)  # type: ignore[assignment]

    def end() -> None:
        site.engine = engine

    return end


def refuse(*_: object, **__: object) -> tuple[int, ...]:
    raise IndexUnavailable("The index cannot be read.")


def related(title: str) -> list[str]:
    return [article.title for article in reading.beside(article_titled(title)).related]


def stored() -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for row in db.session.scalars(select(RelatedArticle).order_by(RelatedArticle.position)):
        found.setdefault(row.article_id, []).append(row.related_id)
    return found


def make_fleet(n: int) -> list[str]:
    """Make articles that are nearer to one another the nearer their numbers are."""
    words = [f"word{chr(97 + i)}" for i in range(n + 3)]
    names = [f"Ship {i}" for i in range(n)]
    import_items(
        *(
            fields_of(title=names[i], body=f"{FERRIES} {' '.join(words[i : i + 4])}.")
            for i in range(n)
        ),
        *(fields_of(body="Bread and cheese and other matters of the market.") for _ in range(9)),
    )
    indexing.catch_up()
    return names


def test_the_nearest_are_read_in_order_without_asking_the_index() -> None:
    make_fleet(8)
    ship = article_titled("Ship 4")
    nearest = the_site().engine.related(ship.id, now=the_site().clock(), limit=3)
    replace_related(refuse)
    assert [article.id for article in reading.beside(ship).related] == list(nearest)
    assert len(nearest) == 3


def test_a_new_article_is_related_to_its_neighbours_and_they_to_it_at_once() -> None:
    make_fleet(3)
    import_items(fields_of(title="Late", slug="late", body=FERRIES, draft=True))
    indexing.catch_up()
    assert related("Late") == []
    publishing.publish("late")
    assert set(related("Late")) == {"Ship 0", "Ship 1", "Ship 2"}
    assert all("Late" in related(f"Ship {i}") for i in range(3))
    assert relating.waiting() == 0


def test_a_withdrawn_article_gives_its_place_to_the_next() -> None:
    make_fleet(9)
    before = stored()[article_titled("Ship 4").id]
    withdrawn = db.session.get_one(Article, before[0])
    publishing.withdraw(withdrawn.slug)
    assert withdrawn.title not in related("Ship 4")
    after = stored()
    assert len(after[article_titled("Ship 4").id]) == relating.KEPT
    assert withdrawn.id not in after
    assert not [id for id, nearest in after.items() if withdrawn.id in nearest]


def test_those_that_named_an_article_hear_that_it_is_about_something_else_now() -> None:
    make_fleet(3)
    import_items(fields_of(title="Turned", slug="turned", body=FERRIES))
    indexing.catch_up()
    assert "Turned" in related("Ship 1")
    import_items(fields_of(title="Turned", slug="turned", body="Bread and cheese of the market."))
    indexing.catch_up()
    assert "Turned" not in related("Ship 1")


def test_an_article_is_related_from_the_hour_at_which_it_is_due(clock: Clock) -> None:
    make_article(title="Soon", body=FERRIES, published_at="2026-11-24T06:00:00Z")
    make_article(title="Now", body=FERRIES)
    assert related("Now") == []
    clock.forward(days=1)
    assert related("Now") == ["Soon"]


def test_what_readers_may_not_see_is_left_out_and_others_stand_in() -> None:
    make_fleet(9)
    shown = related("Ship 4")
    article_titled(shown[0]).status = Status.WITHDRAWN
    db.session.commit()
    assert related("Ship 4")[:2] == shown[1:]
    assert len(related("Ship 4")) == 3


def test_what_is_published_is_found_before_its_related_ones_are_sought() -> None:
    make_fleet(3)
    import_items(fields_of(slug="late", body="A theodolite.", draft=True))
    indexing.catch_up()
    seen: list[tuple[int, int]] = []

    def look(*_: object, **__: object) -> tuple[int, ...]:
        seen.append((indexing.pending(), finding.find("theodolite").total))
        return ()

    replace_related(look)
    publishing.publish("late")
    assert seen == [(0, 1)]


@pytest.mark.parametrize("problem", [IndexUnavailable("The disk is gone."), ZeroDivisionError()])
def test_an_article_is_published_also_when_related_ones_cannot_be_found(
    problem: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    make_fleet(3)
    import_items(fields_of(title="Late", slug="late", body=FERRIES, draft=True))
    indexing.catch_up()

    def fail(*_: object, **__: object) -> tuple[int, ...]:
        raise problem

    end = replace_related(fail)
    publishing.publish("late")
    assert not db.session().in_transaction()
    assert finding.find("crossings").total == 4
    assert "Related articles could not be found now." in caplog.text
    assert relating.waiting() == 1
    end()
    indexing.catch_up()
    assert set(related("Late")) == {"Ship 0", "Ship 1", "Ship 2"}


def test_after_a_rebuild_all_are_found_anew_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    make_fleet(4)
    before = stored()
    db.session.execute(delete(RelatedArticle))
    for _ in range(2):
        indexing.rebuild()
        assert relating.waiting() == 13
    monkeypatch.setattr(relating, "LARGE_BATCH", 5)
    told: list[int] = []
    relating.relate_all(told.append)
    assert told == [5, 5, 3]
    assert stored() == before
    assert relating.waiting() == 0


def test_a_pass_that_dies_is_finished_by_the_next_catch_up(monkeypatch: pytest.MonkeyPatch) -> None:
    make_fleet(6)
    before, engine, asked = stored(), the_site().engine, []
    monkeypatch.setattr(relating, "LARGE_BATCH", 2)

    def die(id: int, **how: object) -> tuple[int, ...]:
        asked.append(id)
        if len(asked) > 5:
            raise KeyboardInterrupt
        return engine.related(id, **how)  # type: ignore[arg-type]

    db.session.execute(delete(RelatedArticle))
    indexing.rebuild()
    end = replace_related(die)
    with pytest.raises(KeyboardInterrupt):
        indexing.catch_up()
    db.session.rollback()
    assert relating.waiting() == 15 - 4
    end()
    indexing.catch_up()
    assert stored() == before


def test_a_publication_leaves_a_long_pass_to_others(monkeypatch: pytest.MonkeyPatch) -> None:
    make_fleet(6)
    indexing.rebuild()
    monkeypatch.setattr(relating, "BATCH", 2)
    publishing.publish(article_titled("Ship 3").slug)
    assert relating.waiting() == 15 - 4 + 1
    assert db.session.scalars(select(RelatedDue).where(RelatedDue.has_changed)).all() == []


def test_what_becomes_due_while_it_is_done_is_done_again() -> None:
    make_fleet(3)
    engine, ship, asked = the_site().engine, article_titled("Ship 1").id, []

    def change(id: int, **how: object) -> tuple[int, ...]:
        if not asked:
            relating.note_changed([ship])
            db.session.commit()
        asked.append(id)
        return engine.related(id, **how)  # type: ignore[arg-type]

    relating.note_changed([ship])
    db.session.commit()
    replace_related(change)
    relating.relate_all()
    assert asked.count(ship) == 2
    assert relating.waiting() == 0


def test_what_another_process_was_quicker_with_is_left_as_it_is() -> None:
    make_fleet(3)
    before, ship = stored(), article_titled("Ship 1").id

    def be_slower(*_: object, **__: object) -> tuple[int, ...]:
        db.session.execute(delete(RelatedDue))
        db.session.commit()
        return ()

    relating.note_changed([ship])
    db.session.commit()
    replace_related(be_slower)
    relating.relate_all()
    assert before[ship]
    assert stored() == before


def test_a_pass_waits_for_another_and_does_not_do_its_work_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_fleet(3)
    indexing.rebuild()

    @contextmanager
    def locked_after_the_other(_: Path) -> Iterator[None]:
        db.session.execute(delete(RelatedDue))
        db.session.commit()
        yield

    monkeypatch.setattr(relating, "locked", locked_after_the_other)
    replace_related(refuse)
    relating.relate_all()


def test_an_article_that_only_the_index_knows_is_related_to_none() -> None:
    make_articles(2)
    first, second = db.session.scalars(select(Article.id).order_by(Article.id))
    replace_related(lambda id, **_: (777, first, second)[: 3 if id == 777 else 2])
    relating.note_changed([first, second, 777])
    db.session.commit()
    relating.relate_all()
    assert stored() == {first: [first], second: [first]}


def test_a_site_that_has_articles_finds_their_related_ones_after_the_upgrade(app: Flask) -> None:
    make_fleet(3)
    before = stored()
    migrating.downgrade(storage.MIGRATIONS, "0002")
    storage.prepare_database()
    assert stored() == {}
    indexing.catch_up()
    assert stored() == before


def test_reading_looks_up_the_nearest_in_one_statement_by_an_index_of_the_database() -> None:
    make_fleet(5)
    ship, asked = article_titled("Ship 1"), []
    listener = lambda *args: asked.append(args[2:4])  # noqa: E731
    event.listen(db.engine, "before_cursor_execute", listener)
    assert len(reading.beside(ship).related) == 3
    event.remove(db.engine, "before_cursor_execute", listener)
    ((statement, values),) = [each for each in asked if "related_article" in each[0]]
    plan = db.session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
    steps = [str(row[-1]) for row in plan if "article" in str(row[-1])]
    assert {step.partition(" ")[0] for step in steps} == {"SEARCH"}
