"""The site's revision: another one after every change that readers see."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from flask import Flask

from tests.conftest import Clock
from tests.factories import import_items, make_article
from webapp.extensions import Revision, db, the_site
from webapp.services import indexing, publishing, relating, revising, subscribing


def revision() -> Revision:
    known = the_site().revisions()
    assert known is not None
    return known


@pytest.mark.usefixtures("app")
def test_every_deed_that_readers_see_makes_a_new_one() -> None:
    item = {"title": "A", "slug": "a", "body": "Text", "draft": True}
    for deed in (
        lambda: import_items(item),
        lambda: publishing.publish("a"),
        lambda: import_items({**item, "title": "B"}),
        lambda: publishing.withdraw("a"),
    ):
        before = revision().tag
        deed()
        assert revision().tag != before


@pytest.mark.usefixtures("app")
def test_what_readers_do_not_see_makes_none() -> None:
    make_article(slug="a", title="A", body="Text")
    before = revision()
    import_items(
        {"title": "A", "slug": "a", "body": "Text", "published_at": "2026-11-22T08:30:00Z"}
    )
    subscribing.sign_up("ada@example.org", "footer", "127.0.0.1")
    indexing.rebuild()
    relating.relate_all()
    assert revision().tag == before.tag


@pytest.mark.usefixtures("app")
def test_related_articles_found_anew_make_a_new_one() -> None:
    import_items(*({"title": f"Ferries {n}", "body": "Ferries at night."} for n in range(2)))
    indexing.tell_index()
    before = revision().tag
    relating.relate_all()
    assert revision().tag != before


@pytest.mark.usefixtures("app")
def test_a_deed_that_is_not_committed_makes_none() -> None:
    before = revision().tag
    revising.note_visible_change()
    db.session.rollback()
    assert revision().tag == before


@pytest.mark.usefixtures("app")
def test_each_has_a_second_of_its_own(clock: Clock) -> None:
    seconds = []
    for _ in range(3):
        revising.note_visible_change()
        db.session.commit()
        seconds.append(revision().changed_at)
    assert len(set(seconds)) == 3
    assert all(not moment.microsecond for moment in seconds)
    assert revision().last_modified == "", "that second has not come"
    clock.forward(seconds=30)
    assert revision().last_modified == "Mon, 23 Nov 2026 12:00:02 GMT"


def test_it_holds_until_the_next_article_is_due_or_the_day_ends(app: Flask, clock: Clock) -> None:
    zone = ZoneInfo("America/New_York")
    site = the_site()
    site.settings = replace(site.settings, time_zone=zone)
    site.revisions = revising.Watch(db.engine, clock, zone)
    assert revision().valid_until == datetime(2026, 11, 24, 5, 0, tzinfo=UTC)
    make_article(published_at="2026-11-23T18:00:00Z")
    make_article(published_at="2026-11-23T17:00:00Z", draft=True)
    assert revision().valid_until == datetime(2026, 11, 23, 18, 0, tzinfo=UTC)
    before = revision().tag
    clock.forward(hours=6)
    assert revision().tag != before
    assert revision().valid_until == datetime(2026, 11, 24, 5, 0, tzinfo=UTC)
    assert revision().last_modified == "Mon, 23 Nov 2026 18:00:00 GMT"


def test_another_look_makes_a_new_one_and_the_same_none(app: Flask) -> None:
    revising.note_look()
    before = revision().tag
    revising.note_look()
    the_site().revisions.hurry()
    assert revision().tag == before
    site = the_site()
    site.settings = replace(site.settings, site_name="The Other")
    revising.note_look()
    site.revisions.hurry()
    assert revision().tag != before


def test_the_secret_key_is_no_part_of_the_look(app: Flask) -> None:
    settings = the_site().settings
    assert revising._look(settings) == revising._look(replace(settings, secret_key="x" * 40))


@pytest.fixture
def watch(app: Flask, clock: Clock) -> revising.Watch:
    watch = revising.Watch(db.engine, clock, ZoneInfo("UTC"))
    watch()
    return watch


def in_another_thread(ask: Callable[[], Revision | None]) -> list[Revision | None]:
    """Ask in a thread, while this one has the turn; what it was told, once it was told."""
    told: list[Revision | None] = []
    thread = threading.Thread(target=lambda: told.append(ask()), daemon=True)
    thread.start()
    thread.join(0.5)
    return told


def test_who_finds_another_asking_gets_what_was_read_a_moment_ago(watch: revising.Watch) -> None:
    watch._reread_at = 0.0
    with watch._turn:
        assert in_another_thread(watch) == [watch._known]


def test_who_finds_another_asking_waits_where_the_last_answer_is_old(
    watch: revising.Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(revising, "PATIENCE_SECONDS", 60)
    watch._reread_at = watch._read_at = 0.0
    with watch._turn:
        assert in_another_thread(watch) == []


def test_who_finds_another_asking_waits_where_the_last_answer_is_over(
    watch: revising.Watch, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(revising, "PATIENCE_SECONDS", 60)
    clock.forward(days=1)
    with watch._turn:
        assert in_another_thread(watch) == []


def test_only_what_was_seen_a_moment_ago_counts_as_just_before(watch: revising.Watch) -> None:
    first = watch()
    for is_recent in (True, False):
        before = watch._known
        revising.note_visible_change()
        db.session.commit()
        watch.hurry()
        if not is_recent:
            watch._read_at -= 10
        after = watch()
        assert before
        assert after
        assert after.tag != before.tag
        assert after.previous_tag == (before.tag if is_recent else None)
        assert watch() == after
    assert first
    assert first.previous_tag is None


def test_a_database_that_hangs_keeps_nobody_for_long(
    watch: revising.Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(revising, "PATIENCE_SECONDS", 0.05)
    watch._reread_at = watch._read_at = 0.0
    with watch._turn:
        assert in_another_thread(watch) == [watch._known]
