"""The data folder and the database: made, migrated and connected."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from sqlalchemy import inspect, select, text
from sqlalchemy.exc import IntegrityError, StatementError

from tests import processes
from tests.conftest import Clock
from tests.factories import fields_of, import_items
from webapp import create_app
from webapp.errors import DatabaseUnavailable, DataFolderUnusable
from webapp.extensions import db, the_site
from webapp.models import Article, Section
from webapp.models.naming import article_author, article_topic
from webapp.services import migrating, storage
from webapp.settings import Settings

ANOTHER_MIGRATION = """
import sqlalchemy as sa
from alembic import op

revision, down_revision = "9999", "{after}"


def upgrade():
    {deed}
"""


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def migrations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The site's migrations in a folder where a test can add its own."""
    folder = tmp_path / "migrations"
    shutil.copytree(storage.MIGRATIONS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(storage, "MIGRATIONS", folder)
    return folder


def add_migration(folder: Path, deed: str) -> None:
    after = ScriptDirectory(str(folder)).get_current_head()
    content = ANOTHER_MIGRATION.format(after=after, deed=deed)
    (folder / "versions" / "9999_another.py").write_text(content)


def test_the_data_folder_is_made_with_its_rooms_for_its_owner_alone(settings: Settings) -> None:
    deep = replace(settings, data=settings.data / "deep" / "deeper")
    storage.prepare_folder(deep)
    for room in (deep.data, deep.data / "uploads", deep.data / "index"):
        assert mode_of(room) == 0o700
    assert sorted(p.name for p in deep.data.iterdir()) == ["index", "uploads"]
    storage.prepare_folder(deep)


@pytest.mark.parametrize("taken", ["data", "data/uploads"])
def test_a_data_folder_that_cannot_be_made_is_told_in_a_sentence(
    settings: Settings, taken: str
) -> None:
    path = settings.data.parent / taken
    path.parent.mkdir(exist_ok=True)
    path.write_text("a file stands here")
    with pytest.raises(DataFolderUnusable) as problem:
        create_app(settings)
    assert str(settings.data) in str(problem.value)
    assert "BROADSHEET_DATA" in str(problem.value)


def test_a_data_folder_that_cannot_be_written_is_told_in_a_sentence(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: object) -> None:
        raise PermissionError(13, "Permission denied")

    # Root may write everywhere, so no mode of a folder would show this everywhere.
    monkeypatch.setattr(storage.tempfile, "TemporaryFile", refuse)
    with pytest.raises(DataFolderUnusable, match=r"cannot be written \(Permission denied\)"):
        storage.prepare_folder(settings)


def test_the_secret_key_is_made_once_and_only_its_owner_reads_it(settings: Settings) -> None:
    storage.prepare_folder(settings)
    first = storage.secret_key(settings)
    assert len(first) >= 43
    assert mode_of(settings.data / "secret-key") == 0o600
    assert storage.secret_key(settings) == first
    other = replace(settings, data=settings.data.with_name("other"))
    storage.prepare_folder(other)
    assert storage.secret_key(other) != first


def test_a_secret_key_that_is_set_is_used_and_none_is_made(settings: Settings) -> None:
    settings = replace(settings, secret_key="k" * 40)
    storage.prepare_folder(settings)
    assert storage.secret_key(settings) == "k" * 40
    assert not (settings.data / "secret-key").exists()


def test_a_file_is_whole_or_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    storage.write_durably(path, b"old", mode=0o640)
    assert (path.read_bytes(), mode_of(path)) == (b"old", 0o640)

    def fail(_: int) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="full"):
        storage.write_durably(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path], "nothing is left of what broke off"


def test_a_file_that_is_written_piece_by_piece_is_there_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with storage.written_durably(path) as file:
        file.write(b"one ")
        assert not path.exists()
        file.write(b"two")
    assert (path.read_bytes(), mode_of(path)) == (b"one two", 0o600)

    def break_off() -> None:
        with storage.written_durably(path) as file:
            file.write(b"three")
            raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        break_off()
    assert path.read_bytes() == b"one two"
    assert list(tmp_path.iterdir()) == [path]


def test_an_empty_database_is_brought_to_what_the_models_say(app: Flask) -> None:
    assert storage.is_migrated()
    with db.engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, db.metadata) == []


def test_what_the_files_are_called_says_which_revisions_there_are(app: Flask) -> None:
    scripts = ScriptDirectory(str(storage.MIGRATIONS))
    assert storage._known() == {script.revision for script in scripts.walk_revisions()}
    assert scripts.get_heads() == [max(storage._known())]


def test_a_process_that_finds_its_tables_as_they_should_be_loads_no_alembic(app: Flask) -> None:
    code = (
        "import sys, webapp\nwebapp.create_app()\n"
        "if 'alembic' not in sys.modules:\n    say_here_and_wait()\n"
    )
    with processes.started(code, the_site().settings.data) as process:
        processes.let_go_on(process)


def test_the_migrations_can_be_taken_back(app: Flask) -> None:
    migrating.downgrade(storage.MIGRATIONS, "base")
    assert set(inspect(db.engine).get_table_names()) <= {"alembic_version"}
    storage.prepare_database()
    assert storage.is_migrated()


def test_a_site_that_is_up_to_date_takes_no_lock(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Path) -> None:
        raise AssertionError("nothing is to be done")

    monkeypatch.setattr(storage, "locked", fail)
    storage.prepare_database()


def test_a_new_version_migrates_a_database_that_has_articles(app: Flask, migrations: Path) -> None:
    import_items(fields_of(title="Still here"))
    add_migration(
        migrations, 'op.create_table("pier", sa.Column("id", sa.Integer, primary_key=True))'
    )
    assert not storage.is_migrated()
    storage.prepare_database()
    assert storage.is_migrated()
    assert "pier" in inspect(db.engine).get_table_names()
    assert db.session.scalars(select(Article.title)).all() == ["Still here"]


def test_articles_of_before_stand_in_the_listings_of_their_names(app: Flask) -> None:
    names = {"topics": ["Harbours"], "authors": ["Ada Quay"]}
    import_items(
        fields_of(slug="seen", **names),
        fields_of(slug="soon", published_at="2027-01-01", **names),
        fields_of(slug="draft", draft=True, **names),
    )
    db.session.remove()
    migrating.downgrade(storage.MIGRATIONS, "0003")
    migrating.upgrade(storage.MIGRATIONS)
    for filing in (article_topic, article_author):
        joined = select(Article.slug, filing.c.listed_at).join(
            filing, filing.c.article_id == Article.id
        )
        listed = {
            slug: moment and f"{moment:%Y-%m-%d}" for slug, moment in db.session.execute(joined)
        }
        assert listed == {"seen": "2026-11-22", "soon": "2027-01-01", "draft": None}


def test_a_migration_that_fails_in_the_middle_leaves_nothing(app: Flask, migrations: Path) -> None:
    before = set(inspect(db.engine).get_table_names())
    add_migration(
        migrations,
        'op.create_table("pier", sa.Column("id", sa.Integer, primary_key=True))\n'
        '    op.execute("INSERT INTO pier VALUES (1)")\n'
        '    raise ZeroDivisionError("cut off")',
    )
    with pytest.raises(ZeroDivisionError, match="cut off"):
        storage.prepare_database()
    assert set(inspect(db.engine).get_table_names()) == before
    assert db.session.scalar(text("SELECT version_num FROM alembic_version")) != "9999"


def test_a_migration_that_is_killed_leaves_nothing(settings: Settings, clock: Clock) -> None:
    code = (
        "from sqlalchemy import event\nfrom sqlalchemy.engine import Engine\n"
        "from webapp import create_app\n"
        "@event.listens_for(Engine, 'after_cursor_execute')\n"
        "def stop(connection, cursor, statement, *rest):\n"
        "    if 'CREATE TABLE section' in statement:\n        say_here_and_wait()\n"
        "create_app()\n"
    )
    with processes.started(code, settings.data) as victim:
        victim.kill()
    app = create_app(settings, clock)
    with app.app_context():
        assert storage.is_migrated()
        import_items(fields_of())
        db.session.remove()
        db.engine.dispose()


def test_a_migration_that_makes_a_table_anew_keeps_what_refers_to_it(
    app: Flask, migrations: Path
) -> None:
    import_items(fields_of(body="Lead.\n\n**Costs:** Much.", authors=["Ada Quay"]))
    add_migration(
        migrations,
        'with op.batch_alter_table("article", recreate="always") as batch:\n'
        '        batch.add_column(sa.Column("pier", sa.Integer))',
    )
    storage.prepare_database()
    assert len(db.session.scalars(select(Section)).all()) == 2
    assert [a.name for a in db.session.scalars(select(Article)).one().authors] == ["Ada Quay"]


def test_a_database_that_answers_nonsense_is_told_in_a_sentence(settings: Settings) -> None:
    settings.data.mkdir()
    (settings.data / "broadsheet.sqlite3").write_bytes(b"this is no database at all" * 50)
    with pytest.raises(DatabaseUnavailable) as problem:
        create_app(settings)
    assert "file is not a database" in str(problem.value)
    assert "\n" not in str(problem.value)


def test_a_database_of_a_newer_version_is_told_in_a_sentence(
    app: Flask, settings: Settings
) -> None:
    db.session.execute(text("UPDATE alembic_version SET version_num = 'future'"))
    db.session.commit()
    with pytest.raises(DatabaseUnavailable, match="newer version"):
        create_app(settings)


def test_every_connection_is_durable_keeps_references_and_waits(app: Flask) -> None:
    for _ in range(2):
        with db.engine.connect() as connection:
            values = {
                name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
                for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
            }
        assert values == {
            "journal_mode": "wal",
            "synchronous": 2,
            "foreign_keys": 1,
            "busy_timeout": storage.BUSY_TIMEOUT_SECONDS * 1000,
        }
        db.engine.dispose()


def test_what_refers_to_nothing_is_refused_by_the_database(app: Flask) -> None:
    db.session.add(Section(article_id=12345, position=0, label="", anchor="", html="", text=""))
    with pytest.raises(IntegrityError):
        db.session.commit()
    db.session.rollback()


def test_a_server_is_asked_whether_it_is_there_before_each_use(settings: Settings) -> None:
    options = storage.engine_options(
        replace(settings, database_url="postgresql+psycopg://site@db.example.org/site")
    )
    assert options["pool_pre_ping"]
    assert options["connect_args"]["connect_timeout"] <= 10


def test_a_moment_that_nobody_can_place_is_not_stored(app: Flask) -> None:
    import_items(fields_of())
    article = db.session.scalars(select(Article)).one()
    article.updated_at = datetime(2026, 11, 23, 12, 0)  # noqa: DTZ001
    with pytest.raises(StatementError, match="a moment needs its time zone"):
        db.session.commit()
    db.session.rollback()


def test_a_moment_comes_back_aware_and_in_utc(app: Flask) -> None:
    import_items(fields_of())
    article = db.session.scalars(select(Article)).one()
    article.updated_at = datetime(2026, 11, 23, 12, 0, tzinfo=ZoneInfo("Asia/Tokyo"))
    db.session.commit()
    assert article.updated_at == datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
    assert article.updated_at.tzinfo is UTC


def test_tables_that_another_process_has_just_migrated_are_left_alone(
    app: Flask, migrations: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_migration(
        migrations, 'op.create_table("pier", sa.Column("id", sa.Integer, primary_key=True))'
    )

    @contextmanager
    def locked_after_the_other(_: Path) -> Iterator[None]:
        migrating.upgrade(migrations)
        monkeypatch.setattr(migrating, "upgrade", None)
        yield

    monkeypatch.setattr(storage, "locked", locked_after_the_other)
    storage.prepare_database()
    assert storage.is_migrated()
