"""Everything that asks the database, on a real PostgreSQL."""

from __future__ import annotations

import os
import pwd
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import Engine, select, text
from sqlalchemy.exc import OperationalError

from tests.bench.listings import fill
from tests.bench.searching.articles import articles
from tests.conftest import Clock
from tests.factories import fields_of, make_article, make_articles, make_readers
from tests.pages import CheckingClient
from tests.test_queries import listening
from tests.test_serving import environment_of, free_port
from webapp import models
from webapp.extensions import db
from webapp.models import RelatedDue
from webapp.services import (
    checkup,
    editing,
    illustrating,
    linking,
    listing,
    moving,
    publishing,
    reading,
    relating,
    subscribing,
)
from webapp.services.transferring import Tally, export_subscribers, import_subscribers
from webapp.settings import Settings

pytestmark = pytest.mark.postgresql


def programs() -> Path | None:
    """Where Debian keeps the newest server's programs, or where they are on the path."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if found:
        return found[-1].parent
    elsewhere = shutil.which("initdb")
    return Path(elsewhere).parent if elsewhere else None


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The address of a server of our own, on an empty folder."""
    folder_of_programs = programs()
    if folder_of_programs is None:
        missing = "no PostgreSQL; on Debian or Ubuntu: apt install postgresql"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    # The server refuses to run as root; Debian's package brings a user for it.
    user = "postgres" if os.getuid() == 0 else pwd.getpwuid(os.getuid()).pw_name
    folder = Path(tempfile.mkdtemp(prefix="broadsheet-pg-"))
    shutil.chown(folder, user)
    port = free_port()

    def run(program: str, *words: str) -> None:
        subprocess.run(
            [folder_of_programs / program, *words],
            user=user if os.getuid() == 0 else None,
            cwd=folder,
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
            timeout=120,
        )

    run("initdb", "-D", str(folder / "db"), "-A", "trust", "-U", "postgres", "-E", "UTF8")
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
    run("pg_ctl", "-D", str(folder / "db"), "-o", options, "-w", "start", "-l", str(folder / "log"))
    try:
        yield f"postgresql+psycopg://postgres@127.0.0.1:{port}/postgres"
    finally:
        run("pg_ctl", "-D", str(folder / "db"), "-m", "immediate", "stop")
        shutil.rmtree(folder)


@pytest.fixture
def app(server: str, settings: Settings, make_app: Callable[[Settings], Flask]) -> Iterator[Flask]:
    app = make_app(replace(settings, database_url=server))
    with app.app_context():
        yield app
        db.session.remove()
        db.drop_all()
        with db.engine.begin() as connection:
            connection.exec_driver_sql("DROP TABLE alembic_version")


def test_every_page_answers_from_postgresql(client: CheckingClient) -> None:
    make_articles(20, topics=["Harbours"], authors=["Ada Quay"])
    article = make_article(
        title="Night ferries",
        body="**Why:** A theodolite stands there.\n\n**Then:** More.",
        topics=["Harbours", "Ferries"],
        authors=["Ben Pier", "Ada Quay"],
        source_url="https://harbour.example.org/1",
    )
    for path in (
        "/",
        "/?page=2",
        f"/articles/{article.slug}",
        "/topics/",
        "/topics/harbours?page=2",
        "/authors/",
        "/authors/ada-quay",
        "/sources/",
        "/sources/harbour.example.org",
        "/archive/",
        "/archive/2026/11/22",
        "/search?q=theodolite",
        "/healthz",
    ):
        assert client.get(path).status_code == 200, path
    page = client.page(f"/articles/{article.slug}")
    assert page.text.index("Ben Pier") < page.text.index("Ada Quay")
    assert client.get("/search.json?q=theodolite").json["total"] == 1


def test_importing_twice_changes_nothing_in_postgresql(client: CheckingClient) -> None:
    fields = fields_of(slug="same", id="1")
    first, second = make_article(**fields), make_article(**fields)
    assert (first.id, first.updated_at) == (second.id, second.updated_at)
    moved = make_article(**{**fields, "slug": "other"})
    assert moved.id == first.id
    assert client.get("/articles/same").location == "/articles/other"


def test_signing_up_twice_and_the_limit_hold_in_postgresql(client: CheckingClient) -> None:
    statuses = [
        client.post("/newsletter", data={"email": "ada@example.org"}).status_code for _ in range(4)
    ]
    assert statuses == [303] * 3 + [429]


def test_a_list_of_subscribers_comes_in_whole_and_goes_out_in_postgresql(
    client: CheckingClient, tmp_path: Path
) -> None:
    file = tmp_path / "list.csv"
    time = "2026-01-02T03:04:05+00:00"
    file.write_text(
        "email,status,consent_at,frequency,topics\n"
        f"ada@example.org,confirmed,{time},weekly:friday,Chips;Ferries\n"
        f"ben@example.org,bounced,{time},daily,\n"
        f"eve@example.org,confirmed,{time},each,-\n"
    )
    client.post("/newsletter", data={"email": "eve@example.org"})
    assert import_subscribers(file) == Tally(added=2, confirmed=1)
    assert sorted("".join(export_subscribers()).splitlines()) == sorted(
        file.read_text().splitlines()
    )
    file.write_text("email,status\nada@example.org,cleaned\neve@example.org,unsubscribed\n")
    assert import_subscribers(file) == Tally(bounced=1, unsubscribed=1)
    assert import_subscribers(file) == Tally(unchanged=2)


def test_signs_that_postgresql_takes_in_no_text_are_no_error_of_ours(
    client: CheckingClient,
) -> None:
    subscribing.noted("ada@example.org", "page")
    ada = subscribing.known("ada@example.org")
    assert ada is not None
    ada.state = models.SubscriberState.CONFIRMED
    db.session.commit()
    token = linking.sign_for("preferences", ada.key, ada.address)
    preferences = f"/newsletter/preferences/{token}"
    odd = "%00", "a%00b", "%ED%A0%80", "%ff"
    for each in odd:
        body = f"frequency=daily&which=all&weekday=1&search={each}x&topics={each}&remove={each}"
        kind = "application/x-www-form-urlencoded"
        assert client.post(preferences, data=body, content_type=kind).status_code == 303
        body = f"email=eve@example.org&q={each}x&form={each}&challenge={each}&answer={each}"
        for place in ("/newsletter", "/newsletter/searches", "/newsletter/preferences"):
            answer = client.post(place, data=body, content_type=kind)
            assert answer.status_code in (303, 429), place
        assert client.get(f"/newsletter/preferences/{each}").status_code == 404
        assert client.get(f"/newsletter/searches?q={each}").status_code == 200


def test_who_asks_again_is_not_erased_meanwhile_in_postgresql(app: Flask) -> None:
    subscribing.sign_up("ada@example.org", "page", "203.0.113.7")
    erase = text("DELETE FROM subscriber WHERE address = 'ada@example.org'")
    ada = subscribing.noted("ada@example.org", "footer")
    with db.engine.connect() as other:
        other.execute(text("SET LOCAL lock_timeout = '100ms'"))
        with pytest.raises(OperationalError, match="lock timeout"):
            other.execute(erase)
    subscribing.write_to(ada, "confirmation")
    db.session.commit()


def test_withdrawing_and_the_doctor_work_on_postgresql(client: CheckingClient) -> None:
    article = make_article()
    publishing.withdraw(article.slug)
    assert client.get(f"/articles/{article.slug}").status_code == 410
    assert [check.seen for check in checkup.examine() if not check.is_well] == []


def test_two_processes_store_related_articles_in_postgresql_without_waiting(
    client: CheckingClient, caplog: pytest.LogCaptureFixture
) -> None:
    make_articles(3, body="Ferries, harbours and night crossings.")
    article = make_article(title="Near", body="Ferries, harbours and night crossings.")
    assert "More on this" in client.page(f"/articles/{article.slug}").main
    relating.note_changed([article.id])
    db.session.commit()
    with db.engine.connect() as other:
        assert len(other.execute(select(RelatedDue).with_for_update()).all()) == 1
        db.session.execute(text("SET LOCAL lock_timeout = '2s'"))
        relating.relate_some()
        assert relating.waiting() == 1
    assert caplog.text == ""
    relating.relate_all()
    assert relating.waiting() == 0


def test_no_page_sorts_more_than_it_shows_in_postgresql(
    client: CheckingClient, clock: Clock
) -> None:
    some = list(islice(articles(6000), 6000))
    clock.now = max(each.published_at for each in some) + timedelta(days=1)
    fill(some)
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as other:
        other.execute(text("VACUUM ANALYZE"))
    first = some[0]
    for path in (
        "/",
        "/?page=300",
        f"/topics/{first.topics[0].slug}?page=3",
        f"/authors/{first.authors[0].slug}",
        f"/sources/{first.source}",
        "/archive/",
        "/archive/2020?page=20",
        "/topics/",
        "/authors/",
        "/sources/",
    ):
        with listening() as heard:
            assert client.get(path).status_code == 200, path
        for statement, parameters in heard:
            for node in nodes_of(statement, parameters):
                if "Sort" in node["Node Type"]:
                    assert node["Actual Rows"] < MOST_SORTED, (path, statement, node)


MOST_SORTED = 600
"""Rows: names of sources there are 500, of the articles on a page some 100."""


def nodes_of(statement: str, parameters: object) -> Iterator[dict[str, Any]]:
    """Give every step of the plan by which the server answers."""
    explain = f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}"
    waiting = [db.session.connection().exec_driver_sql(explain, parameters).scalar_one()[0]["Plan"]]
    while waiting:
        node = waiting.pop()
        yield node
        waiting += node.get("Plans", [])


def test_pages_hold_every_article_once_in_postgresql(
    client: CheckingClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    for room in (models.articles, listing):
        monkeypatch.setattr(room, "STRIDE", 7)
    make_articles(30, topics=["Harbours"], published_at="2026-11-20T08:00:00Z")
    make_article(title="Soon", topics=["Harbours"], published_at="2026-12-01T08:00:00Z")
    for asked in (
        reading.visible(),
        reading.visible().on_topic(reading.topic_at("harbours")),
    ):
        whole = listing.listing_of(asked)
        assert whole.total == 30
        shown = [each.id for n in range(0, 32, 4) for each in whole.newest_first(4, n)]
        assert shown == sorted(shown, reverse=True)
        assert len(set(shown)) == 30


def test_corrections_and_pictures_hold_in_postgresql(
    client: CheckingClient, tmp_path: Path
) -> None:
    Image.new("RGB", (600, 400), "teal").save(tmp_path / "boat.png")
    fields = fields_of(
        slug="boat",
        image=str(tmp_path / "boat.png"),
        corrections=[{"at": "2026-11-23T08:00:00Z", "text": "It is teal."}],
    )
    make_article(**fields)
    publishing.correct("boat", "It floats.")
    make_article(**{**fields, "summary": "Anew."})
    told = client.page("/articles/boat").main
    assert told.count("It is teal.") == 1
    assert told.index("It is teal.") < told.index("It floats.")
    assert illustrating.survey() == illustrating.Survey(frozenset(), frozenset(), frozenset())


def moved(source: str, target: str, data: Path, code: int = 0) -> str:
    """What the command says of the move."""
    result = subprocess.run(
        [sys.executable, "-m", "webapp", "move-database", source, target],
        env=environment_of(data),
        text=True,
        capture_output=True,
        timeout=120,
    )
    assert result.returncode == code, result.stderr
    return result.stdout + result.stderr


def rows_of(engine: Engine) -> dict[str, list[tuple[object, ...]]]:
    with engine.connect() as connection:
        return {
            table.name: sorted(map(tuple, connection.execute(table.select())), key=repr)
            for table in moving.tables()
        }


def test_a_site_moves_to_sqlite_and_back_with_every_row(
    app: Flask, server: str, tmp_path: Path
) -> None:
    make_articles(30, topics=["Harbours", "Łódź"], authors=["Ada Quay"])
    make_readers("ada", "eve")
    editing.compose_now()
    before = rows_of(db.engine)
    file, data = tmp_path / "site.sqlite3", tmp_path / "data"
    assert f"Moved {sum(map(len, before.values())):,} rows" in moved(server, str(file), data)
    told = moved(str(file), server, data, code=1)
    assert "has rows already" in told
    assert rows_of(db.engine) == before, "nothing was lost by the try"
    with db.engine.begin() as connection:
        for table in reversed(moving.tables()):
            connection.execute(table.delete())
    moved(str(file), server, data)
    assert rows_of(db.engine) == before
    # The next row has a number of its own.
    make_articles(1)
    make_readers("zoe")


def test_what_does_not_arrive_whole_does_not_arrive(
    app: Flask, server: str, tmp_path: Path
) -> None:
    file, data = tmp_path / "site.sqlite3", tmp_path / "data"
    make_readers("ada")
    moved(server, str(file), data)
    with sqlite3.connect(file) as connection:
        # PostgreSQL keeps no text with this sign.
        connection.execute("UPDATE subscriber SET address = 'a' || char(0) || '@example.org'")
    with db.engine.begin() as target:
        for table in reversed(moving.tables()):
            target.execute(table.delete())
    moved(str(file), server, data, code=1)
    assert not any(rows_of(db.engine).values())


def test_a_file_that_is_not_there_is_not_made(server: str, tmp_path: Path) -> None:
    file = tmp_path / "mistyped.sqlite3"
    assert "There is no database" in moved(str(file), server, tmp_path / "data", code=1)
    assert not file.exists()
