"""The data folder and the database: made, migrated and connected, before anything else."""

from __future__ import annotations

import fcntl
import importlib
import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy import event, inspect, text
from sqlalchemy.exc import DBAPIError

from webapp.errors import Busy, DatabaseUnavailable, DataFolderUnusable
from webapp.extensions import db
from webapp.mail import Carrier, FolderCarrier, SmtpCarrier
from webapp.settings import ROOT, Settings

BUSY_TIMEOUT_SECONDS = 30
MIGRATION_LOCK = 0x62726F6164  # "broad"; any number that no other program uses there
MIGRATIONS = ROOT / "webapp" / "migrations"


def prepare_folder(settings: Settings) -> None:
    """Make the data folder and its rooms, readable by the site's own user alone."""
    try:
        for folder in (settings.data, settings.data / "uploads", settings.data / "index"):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=settings.data):
            pass
    except OSError as problem:
        raise DataFolderUnusable(
            f"The data folder {settings.data} cannot be written ({problem.strerror}). Give the "
            "user who runs the site the right to write there, or name another folder in "
            "BROADSHEET_DATA."
        ) from problem


def secret_key(settings: Settings) -> str:
    """Give the secret key that is set, or the one in the data folder, made when there is none."""
    if settings.secret_key:
        return settings.secret_key
    with locked(settings.data / "prepare.lock"):
        path = settings.data / "secret-key"
        if not path.exists():
            write_durably(path, secrets.token_urlsafe(48).encode(), mode=0o600)
        return path.read_text().strip()


def carrier_of(settings: Settings) -> Carrier:
    """Give who carries the mail: the server that is set, or the data folder's outbox."""
    if settings.smtp_url:
        return SmtpCarrier(settings.smtp_url)
    return FolderCarrier(settings.data / "outbox", write_durably)


@contextmanager
def locked(path: Path, *, patiently: bool = True) -> Iterator[None]:
    """Hold a lock between processes; the kernel frees it when a holder dies.

    Waits for it, or raises Busy where it is not to wait.
    """
    with path.open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if patiently else fcntl.LOCK_NB))
        except BlockingIOError:
            raise Busy("This is being made for somebody else. Please come again.") from None
        yield


def write_durably(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Write a file that is either whole or not there, also after a power cut."""
    with written_durably(path, mode) as file:
        file.write(content)


@contextmanager
def written_durably(path: Path, mode: int = 0o600) -> Iterator[BinaryIO]:
    """Give a file to write into, piece by piece; in the end it is whole, or nothing is there."""
    descriptor, beside = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        Path(beside).replace(path)
    finally:
        # Where it broke off.
        Path(beside).unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def engine_options(settings: Settings) -> dict[str, Any]:
    """Say how to connect to the database that is set; no address gets into a message."""
    # Each connection to the mail server holds one to the outbox, and writes mails by another.
    pool = {"hide_parameters": True, "max_overflow": 2 * settings.mail_connections + 10}
    if settings.database.startswith("sqlite"):
        # IMMEDIATE: a deed waits for its turn to write instead of failing half-way.
        connect = {"timeout": BUSY_TIMEOUT_SECONDS, "isolation_level": "IMMEDIATE"}
        return pool | {"connect_args": connect}
    return pool | {"pool_pre_ping": True, "connect_args": {"connect_timeout": 5}}


def prepare_database() -> None:
    """Bring the tables to the state that this code knows, under a lock; quick when they are.

    Needs the application's context. Raises DatabaseUnavailable.
    """
    if db.engine.dialect.name == "sqlite":
        event.listen(db.engine, "connect", _set_pragmas)
    try:
        if not is_migrated():
            with _turn_to_migrate():
                if not is_migrated():
                    _refuse_newer_tables()
                    # Alembic is large, and nearly never needed.
                    importlib.import_module("webapp.services.migrating").upgrade(MIGRATIONS)
    except DBAPIError as problem:
        remedy = (
            "Stop the site and bring back the data folder from a backup."
            if db.engine.dialect.name == "sqlite"
            else "See that its server runs and that BROADSHEET_DATABASE_URL is right."
        )
        raise DatabaseUnavailable(
            f"The database does not answer as it should ({_first_line(problem)}). {remedy}"
        ) from problem
    # Whoever forks now shall not share open files with the child.
    db.engine.dispose()


def _refuse_newer_tables() -> None:
    if not _revisions() <= _known():
        raise DatabaseUnavailable(
            "The database was made by a newer version of this program. Install that version, or "
            "bring back a backup from before it."
        )


def is_migrated() -> bool:
    """Whether the tables are in the state that this code knows."""
    return _revisions() == {max(_known())}


def _known() -> set[str]:
    """Give the revisions that this code knows, by the numbers their files begin with."""
    return {path.name.partition("_")[0] for path in (MIGRATIONS / "versions").glob("*_*.py")}


def _revisions() -> set[str]:
    with db.engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return set()
        return set(connection.scalars(text("SELECT version_num FROM alembic_version")))


@contextmanager
def _turn_to_migrate() -> Iterator[None]:
    """Hold a lock between all that use the database: beside its file, or in the server."""
    path = db.engine.url.database
    if db.engine.dialect.name == "sqlite" and path:
        with locked(Path(path).parent / "prepare.lock"):
            yield
        return
    with db.engine.connect() as connection:
        # The pool is emptied by the migration; this connection closes by itself.
        connection.detach()
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": MIGRATION_LOCK})
        try:
            yield
        finally:
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": MIGRATION_LOCK})


def _first_line(problem: DBAPIError) -> str:
    return str(problem.orig).strip().partition("\n")[0]


def _set_pragmas(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    # FULL: in WAL mode NORMAL may lose the last commits when the power goes.
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "cache_size=-2000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
