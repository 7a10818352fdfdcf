"""Everything that asks the database, on a real PostgreSQL."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select, text

from tests.factories import fields_of, make_article, make_articles
from tests.pages import CheckingClient
from tests.test_serving import free_port
from webapp.extensions import db
from webapp.models import RelatedDue
from webapp.services import checkup, publishing, relating
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
        client.post("/newsletter", data={"email": "ada@example.org"}).status_code for _ in range(11)
    ]
    assert statuses == [303] * 10 + [429]


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
