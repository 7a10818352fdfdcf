"""The doctor's questions and answers: what is wrong, and how to mend it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime

from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from index.contract import IndexUnavailable
from webapp.extensions import db, the_site
from webapp.models import Article
from webapp.services import checkup_mail, illustrating, indexing, relating, storage
from webapp.services.checking import Check

FREE_BYTES = 200_000_000
EARLIEST_CLOCK = datetime(2026, 1, 1, tzinfo=UTC)


def examine(*, is_deep: bool = False) -> Iterator[Check]:
    """Look at everything in turn; one that fails stops only what stands on it.

    A deep look reads the whole index and compares it with its checksums.
    """
    for check in (_settings, _data_folder, _secret_key, _clock):
        yield check()
    # What stands on something that fails cannot be looked at.
    deep = (_index_files,) if is_deep else ()
    for check in (_database, _tables, *deep, _index, _related, _pictures):
        seen = check()
        yield seen
        if not seen.is_well:
            return
    yield from checkup_mail.examine_mail()


def _settings() -> Check:
    settings = the_site().settings
    return Check("settings", True, f"all are valid; the site is {settings.site_url}")


def _data_folder() -> Check:
    folder = the_site().settings.data
    for room in (folder, folder / "index", folder / "uploads"):
        if not os.access(room, os.W_OK | os.X_OK):
            remedy = f"Give the site's user the right to write in {room}."
            return Check("data folder", False, f"{room} cannot be written", remedy)
    if folder.stat().st_mode & 0o007:
        remedy = f"Run: chmod o-rwx {folder}"
        return Check("data folder", False, "others on this machine can look into it", remedy)
    free = shutil.disk_usage(folder).free
    if free < FREE_BYTES:
        return Check(
            "data folder", False, f"{folder} has {free // 1_000_000} MB left", "Free some space."
        )
    return Check("data folder", True, f"{folder} can be written, {free // 1_000_000:,} MB free")


def _secret_key() -> Check:
    settings = the_site().settings
    path = settings.data / "secret-key"
    if settings.secret_key:
        return Check("secret key", True, "set by the operator")
    if not path.exists():
        remedy = "Restart the site: it makes another. Links that it signed before stop working."
        return Check("secret key", False, "is missing", remedy)
    if path.stat().st_mode & 0o077:
        remedy = f"Run: chmod 600 {path}"
        return Check("secret key", False, "others on this machine can read it", remedy)
    return Check("secret key", True, "made in the data folder, readable by its owner alone")


def _clock() -> Check:
    now = the_site().clock()
    if now < EARLIEST_CLOCK:
        return Check("clock", False, f"says {now:%Y-%m-%d %H:%M} UTC", "Set the machine's clock.")
    newest = _newest_change()
    if newest is not None and newest > now:
        seen = (
            f"says {now:%Y-%m-%d %H:%M} UTC, but an article was changed at {newest:%Y-%m-%d %H:%M}"
        )
        return Check("clock", False, seen, "Set the machine's clock.")
    zone = the_site().settings.time_zone
    return Check("clock", True, f"{now.astimezone(zone):%Y-%m-%d %H:%M} in {zone.key}")


def _newest_change() -> datetime | None:
    try:
        return db.session.scalar(select(func.max(Article.updated_at)))
    except DBAPIError:  # whether the database is well is another check's question
        db.session.rollback()
        return None


def is_database_there() -> bool:
    """Whether the database answers a question now."""
    try:
        # A question that needs the tables: SQLite makes an empty file of one that is gone.
        db.session.execute(text("SELECT version_num FROM alembic_version"))
    except DBAPIError:
        db.session.rollback()
        return False
    return True


def _database() -> Check:
    name = db.engine.dialect.name
    if name == "sqlite":
        problem = _sqlite_problem()
        if problem:
            remedy = "Stop the site and bring back the data folder from a backup."
            return Check("database", False, f"sqlite {problem}", remedy)
    elif not is_database_there():
        remedy = "See that its server runs and that BROADSHEET_DATABASE_URL is right."
        return Check("database", False, f"{name} does not answer", remedy)
    return Check("database", True, f"{name} answers")


def _sqlite_problem() -> str:
    try:
        verdict = db.session.scalar(text("PRAGMA quick_check(1)"))
    except DBAPIError as problem:
        db.session.rollback()
        return f"does not answer: {problem.orig}"
    return "" if verdict == "ok" else f"is damaged: {verdict}"


def _tables() -> Check:
    if not storage.is_migrated():
        return Check(
            "tables", False, "are of another version", "Start the site once, or run any command."
        )
    articles = db.session.scalar(select(func.count()).select_from(Article))
    return Check("tables", True, f"are of this version; {articles:,} articles")


def _pictures() -> Check:
    found, remedy = illustrating.survey(), "Run: broadsheet pictures"
    if found.gone:
        again = "Bring back the folder uploads from a backup, or import their articles again."
        return Check("pictures", False, f"{len(found.gone):,} that articles show are gone", again)
    if found.partial:
        return Check("pictures", False, f"{len(found.partial):,} lack some of their sizes", remedy)
    if found.unused:
        seen = f"all are there; {len(found.unused):,} files are shown by no article"
        return Check("pictures", True, seen, "To remove them, run: broadsheet pictures")
    return Check("pictures", True, "all are there, in all their sizes")


def _index() -> Check:
    remedy = "Run: broadsheet reindex"
    waiting = indexing.pending()
    if waiting:
        return Check("index", False, f"{waiting:,} changes wait to be indexed", remedy)
    try:
        off = indexing.count_differences()
    except IndexUnavailable as problem:
        return Check("index", False, str(problem), remedy)
    if off:
        return Check("index", False, f"differs from the database in {off:,} articles", remedy)
    count = indexing.count_documents()
    return Check("index", True, f"is in step with the database; {count:,} articles")


def _index_files() -> Check:
    try:
        the_site().engine.verify()
    except IndexUnavailable as problem:
        return Check("index files", False, str(problem), "Run: broadsheet reindex")
    return Check("index files", True, "are as they were written")


def _related() -> Check:
    waiting = relating.waiting()
    if waiting:
        remedy = "Unless a command is just doing it, run: broadsheet reindex"
        return Check("related articles", False, f"{waiting:,} articles wait for theirs", remedy)
    return Check("related articles", True, "are known for every article")
