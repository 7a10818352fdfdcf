"""Asking the index, and keeping it in step with the database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy import select, update

from index.contract import IndexMissing, IndexUnavailable, Sort
from tests import processes
from tests.conftest import Clock
from tests.factories import (
    article_titled,
    fields_of,
    import_items,
    make_article,
    make_articles,
    newest_made,
)
from webapp import create_app
from webapp.extensions import db, the_site
from webapp.models import Article, IndexChange, Status
from webapp.services import finding, indexing, publishing
from webapp.settings import Settings

pytestmark = pytest.mark.usefixtures("app")


HOLDS_THE_TURN = """
from webapp import create_app
from webapp.extensions import the_site
with create_app().app_context(), the_site().engine.turn() as is_ours:
    assert is_ours
    say_here_and_wait()
"""


class Deaf:
    """An engine whose disk is full."""

    def __getattr__(self, name: str) -> object:
        def refuse(*_: object, **__: object) -> None:
            raise IndexUnavailable("The index cannot be written. Free some space.")

        return refuse

    def close(self) -> None:
        return None


class Wrapped:
    """The site's engine, where a test puts something else in the place of one method."""

    def __init__(self) -> None:
        self._engine = the_site().engine

    def __getattr__(self, name: str) -> object:
        return getattr(self._engine, name)


def wrapped() -> Wrapped:
    engine = Wrapped()
    the_site().engine = engine  # type: ignore[assignment]
    return engine


def titles(text: str, sort: Sort = Sort.BEST, page: int = 1, size: int = 10) -> list[str]:
    return [
        result.article.title
        for result in finding.find(text, sort=sort, page=page, size=size).results
    ]


@pytest.fixture
def shared(settings: Settings, clock: Clock, app: Flask) -> Iterator[Settings]:
    """The settings of a site whose index other processes see too."""
    settings = replace(settings, data=settings.data.with_name("shared"), search_engine="whoosh")
    site = create_app(settings, clock)
    with site.app_context():
        yield settings
        db.session.remove()
        db.engine.dispose()
        site.extensions["broadsheet"].engine.close()


def test_a_word_in_the_middle_of_a_body_is_found_with_its_passage_and_section() -> None:
    make_article(
        title="Ports", body="A lead.\n\n**Why this matters:** The old theodolite was lost."
    )
    make_article(title="Others")
    findings = finding.find("theodolite")
    assert findings.total == 1
    (result,) = findings.results
    assert result.article.title == "Ports"
    assert result.title_html == "Ports"
    assert "<mark>" in result.passages[0].html
    assert (result.passages[0].label, result.passages[0].anchor) == (
        "Why this matters",
        "why-this-matters",
    )


def test_what_the_index_still_holds_is_not_shown_once_readers_may_not_see_it() -> None:
    make_articles(2, body="A theodolite.")
    seen = newest_made()
    gone = update(Article).where(Article.id != seen.id).values(status=Status.WITHDRAWN)
    db.session.execute(gone)
    db.session.commit()
    assert [result.article.id for result in finding.find("theodolite").results] == [seen.id]


@pytest.mark.parametrize("text", ["", "   ", "\n"])
def test_asking_for_nothing_finds_nothing_even_without_an_index(text: str) -> None:
    the_site().engine = Deaf()  # type: ignore[assignment]
    assert finding.find(text) == finding.Findings()


def test_results_come_in_pages_newest_first_when_asked_so() -> None:
    make_articles(5, body="A theodolite.")
    found = [titles("theodolite", Sort.NEWEST, page, 2) for page in (1, 2, 3, 4)]
    assert [len(page) for page in found] == [2, 2, 1, 0]
    flat = [title for page in found for title in page]
    by_date = select(Article.title).order_by(Article.published_at.desc())
    assert flat == list(db.session.scalars(by_date))


def test_a_change_is_recorded_in_the_transaction_of_the_article_and_undone_with_it() -> None:
    make_article(slug="boat")
    article = db.session.scalars(select(Article)).one()
    article.title = "Never said"
    indexing.record_change(article)
    db.session.flush()
    assert indexing.pending() == 1
    db.session.rollback()
    assert indexing.pending() == 0
    assert db.session.scalars(select(Article.title)).one() != "Never said"


def test_an_import_that_fails_in_the_middle_of_a_batch_leaves_no_change_behind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object) -> None:
        raise OSError("the disk is gone")

    with monkeypatch.context() as broken:
        broken.setattr(indexing, "record_change", fail)
        with pytest.raises(OSError, match="gone"):
            import_items(fields_of())
    db.session.rollback()
    assert db.session.scalars(select(Article)).all() == []
    assert indexing.pending() == 0


def test_catching_up_tells_the_index_all_and_leaves_nothing_pending(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import_items(*(fields_of(body="Bread.") for _ in range(10)))
    indexing.catch_up()
    monkeypatch.setattr(indexing, "BATCH", 2)
    import_items(*(fields_of(body="A theodolite.") for _ in range(5)))
    told: list[int] = []
    indexing.catch_up(told.append)
    assert told == [2, 2, 1]
    assert indexing.pending() == 0
    assert dict(the_site().engine.stamps()) == dict(indexing.stamps())
    assert len(titles("theodolite")) == 5


def test_where_most_has_changed_the_index_is_built_anew_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(indexing, "BATCH", 2)
    import_items(*(fields_of(body="A theodolite.") for _ in range(5)))
    engine, built = wrapped(), []
    build = engine.rebuild
    engine.rebuild = lambda documents: built.append(build(documents)) or built[-1]  # type: ignore[operator]
    indexing.catch_up()
    assert built == [5]
    assert indexing.pending() == 0
    assert len(titles("theodolite")) == 5


def test_a_change_made_just_before_the_turn_is_given_up_is_not_left_lying() -> None:
    make_article(title="First")
    article_id = article_titled("First").id
    engine = wrapped()
    take_turn, left = engine.turn, [1]

    @contextmanager
    def turn() -> Iterator[bool]:
        with take_turn() as is_ours:  # type: ignore[operator]
            yield is_ours
            while left:
                left.pop()
                db.session.add(IndexChange(article_id=article_id))
                db.session.commit()

    engine.turn = turn  # type: ignore[attr-defined]
    publishing.publish(article_titled("First").slug)
    assert left == []
    assert indexing.pending() == 0


def test_an_article_is_published_also_while_the_index_is_unavailable(
    caplog: pytest.LogCaptureFixture,
) -> None:
    import_items(fields_of(slug="boat", body="A theodolite.", draft=True))
    indexing.catch_up()
    engine, the_site().engine = the_site().engine, Deaf()  # type: ignore[assignment]
    publishing.publish("boat")
    assert not db.session().in_transaction()
    assert db.session.scalars(select(Article.status)).one() == Status.PUBLISHED
    assert indexing.pending() == 1
    assert "The index did not take a change: The index cannot be written." in caplog.text
    the_site().engine = engine
    indexing.catch_up()
    assert indexing.pending() == 0
    assert len(titles("theodolite")) == 1


def test_catching_up_says_so_when_the_index_is_unavailable_and_loses_nothing() -> None:
    import_items(fields_of())
    the_site().engine = Deaf()  # type: ignore[assignment]
    with pytest.raises(IndexUnavailable):
        indexing.catch_up()
    assert indexing.pending() == 1


def test_an_index_that_is_missing_is_built_when_a_change_comes() -> None:
    make_articles(3, body="A theodolite.")
    engine = wrapped()
    apply, missing = engine.apply, [1]

    def apply_later(*told: object) -> None:
        if missing:
            missing.pop()
            raise IndexMissing("There is no index.")
        apply(*told)  # type: ignore[operator]

    engine.apply = apply_later  # type: ignore[attr-defined]
    make_article(title="The fourth", body="A theodolite.")
    assert indexing.pending() == 0
    assert len(titles("theodolite")) == 4


def test_a_scheduled_article_is_found_once_its_time_has_come(clock: Clock) -> None:
    make_article(title="Soon", body="A theodolite.", published_at="2026-11-24T06:00:00Z")
    make_article(title="Other", body="A theodolite too.")
    assert titles("theodolite") == ["Other"]
    clock.forward(days=1)
    assert sorted(titles("theodolite")) == ["Other", "Soon"]


def test_the_database_has_the_last_word_on_what_is_found() -> None:
    make_article(title="Shown", body="A theodolite.")
    make_article(title="Hidden", body="A theodolite.")
    article_titled("Hidden").status = Status.WITHDRAWN
    db.session.commit()
    assert titles("theodolite") == ["Shown"]


def test_drafts_and_withdrawn_articles_are_not_in_the_index() -> None:
    import_items(
        fields_of(draft=True), fields_of(slug="boat"), fields_of(published_at="2027-01-01")
    )
    indexing.catch_up()
    publishing.withdraw("boat")
    listed = {a.id for a in db.session.scalars(select(Article)) if a.is_listed}
    assert len(listed) == 1
    assert {id for id, _ in the_site().engine.stamps()} == listed == set(dict(indexing.stamps()))
    assert indexing.count_documents() == 1


def test_the_index_hears_everything_that_is_shown() -> None:
    import_items(
        fields_of(
            title="Boat",
            summary="It floats.",
            body="Lead.\n\n**Costs:** Much.",
            authors=["Ada Quay"],
            topics=["Ports", "Boats"],
            source_url="https://harbour.example.org/1",
            source_title="Board agrees",
            language="pt",
        )
    )
    (document,) = indexing.all_documents()
    assert (document.title, document.summary) == ("Boat", "It floats.")
    assert [(s.label, s.anchor, s.text) for s in document.sections] == [
        ("", "", "Lead."),
        ("Costs", "costs", "Much."),
    ]
    assert [(n.slug, n.name) for n in document.authors] == [("ada-quay", "Ada Quay")]
    assert [n.slug for n in document.topics] == ["ports", "boats"]
    assert (document.source, document.source_title) == ("harbour.example.org", "Board agrees")
    assert document.language == "pt"
    assert document.published_at.tzinfo is not None


def test_an_article_that_was_changed_has_another_stamp(clock: Clock) -> None:
    make_article(slug="boat")
    before = dict(indexing.stamps())
    clock.forward(seconds=0.001)
    import_items(fields_of(slug="boat", title="Changed"))
    assert before.keys() == dict(indexing.stamps()).keys()
    assert before != dict(indexing.stamps())


def test_rebuilding_counts_every_article_and_forgets_what_was_pending(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(indexing, "BATCH", 2)
    import_items(*(fields_of(body="A theodolite.") for _ in range(5)))
    told: list[int] = []
    assert indexing.rebuild(told.append) == 5
    assert told == [1] * 5
    assert indexing.pending() == 0
    assert len(titles("theodolite")) == 5


def test_a_change_made_during_a_rebuild_is_not_left_lying() -> None:
    make_articles(2, body="A theodolite.")
    changed, left = article_titled(titles("theodolite")[0]).id, [1]

    def change(_: int) -> None:
        while left:
            left.pop()
            db.session.add(IndexChange(article_id=changed))
            db.session.commit()

    assert indexing.rebuild(change) == 2
    assert left == []
    assert indexing.pending() == 0


def test_a_rebuild_that_fails_leaves_the_index_and_what_is_pending(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_article(title="Old", body="A theodolite.")
    import_items(fields_of(title="New", body="A theodolite."))

    def fail(_: int) -> None:
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        indexing.rebuild(fail)
    assert titles("theodolite") == ["Old"]
    assert indexing.pending() == 1


def test_two_processes_never_write_at_once_and_no_change_is_lost(shared: Settings) -> None:
    make_article(title="First", body="A theodolite.")
    with processes.started(HOLDS_THE_TURN, shared.data) as other:
        import_items(fields_of(title="Second", body="A theodolite."))
        indexing.catch_up()
        assert indexing.pending() == 1
        assert indexing.rebuild() is None
        assert titles("theodolite") == ["First"]
        processes.let_go_on(other)
    indexing.catch_up()
    assert indexing.pending() == 0
    assert sorted(titles("theodolite")) == ["First", "Second"]


def test_a_process_that_dies_with_the_turn_to_write_loses_it(shared: Settings) -> None:
    import_items(fields_of(body="A theodolite."))
    with processes.started(HOLDS_THE_TURN, shared.data) as other:
        other.kill()
    indexing.catch_up()
    assert len(titles("theodolite")) == 1


def test_what_another_process_publishes_is_found_at_once(shared: Settings) -> None:
    make_article(title="First", body="A theodolite.")
    import_items(fields_of(slug="second", title="Second", body="A theodolite.", draft=True))
    assert titles("theodolite") == ["First"]
    assert processes.run(shared.data, "publish", "second").returncode == 0
    assert sorted(titles("theodolite")) == ["First", "Second"]


def test_without_its_folder_the_index_is_built_again_by_the_next_change(shared: Settings) -> None:
    make_articles(2, body="A theodolite.")
    the_site().engine.close()
    for path in sorted((shared.data / "index").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    with pytest.raises(IndexUnavailable):
        finding.find("theodolite")
    make_article(body="A theodolite.")
    assert len(titles("theodolite")) == 3


def test_a_change_made_while_the_index_is_tidied_is_told_right_after(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    article = make_article(title="Night ferries")
    tidy = the_site().engine.tidy

    def meanwhile() -> None:
        tidy()
        indexing.record_change(article)
        db.session.commit()
        # The turn is taken, so this leaves the change for whoever has it.
        indexing.tell_index()
        assert indexing.pending() == 1

    monkeypatch.setattr(the_site().engine, "tidy", meanwhile)
    indexing.tidy()
    assert indexing.pending() == 0


def test_what_the_index_has_lost_or_has_too_much_is_noted_as_changed() -> None:
    kept, lost = make_article(title="Kept"), make_article(title="Lost")
    engine = the_site().engine
    with engine.turn():
        (document,) = indexing._documents([kept.id])
        engine.apply([replace(document, id=999), replace(document, stamp=5)], [lost.id])
    assert indexing.count_differences() == 3
    assert indexing.note_differences() == 3
    indexing.catch_up()
    assert indexing.count_differences() == 0
    assert dict(engine.stamps()) == dict(indexing.stamps())
