"""Moving a site from one database to another: every row, counted, or none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, Table, delete, func, insert, make_url, select, text

from webapp.errors import MoveRefused
from webapp.extensions import Base, db
from webapp.settings import Settings, read_settings, with_database

BATCH = 500
# What a database has before anybody has written or asked for anything.
NEVER_EMPTY = frozenset({"site_revision"})


def tables() -> list[Table]:
    """Give all tables, those first that others refer to."""
    return list(Base.metadata.sorted_tables)


def settings_for(url: str) -> Settings:
    """Give the site's settings with another database. Raises SettingsInvalid."""
    return with_database(read_settings(), url)


def database() -> Engine:
    """Give the database of the running application."""
    return db.engine


def copy(source: Engine, target: Engine, advance: Callable[[int], None]) -> int:
    """Copy every row, and say how many; `advance` hears of each batch.

    Both have the tables of this version. All of it is there in the end, counted table by table,
    or nothing is. Raises MoveRefused where the target has rows already, or counts differ.
    """
    with _moment_of(source) as reading, target.begin() as writing:
        _refuse_used(writing)
        for table in reversed(tables()):
            writing.execute(delete(table))
        copied = sum(_copy_table(table, reading, writing, advance) for table in tables())
        _go_on_counting(writing)
    return copied


def total(engine: Engine) -> int:
    """Count the rows of all tables."""
    with engine.connect() as connection:
        return sum(_count(connection, table) for table in tables())


def refuse_missing(url: str) -> None:
    """Raise MoveRefused where a database is a file that is not there: it would be made, empty."""
    parts = make_url(settings_for(url).database)
    if parts.get_backend_name() == "sqlite" and not Path(parts.database or "").is_file():
        raise MoveRefused(f"There is no database at {parts.database}. Give the file of one.")


@contextmanager
def _moment_of(engine: Engine) -> Iterator[Connection]:
    """Read all tables as they were at one moment."""
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN")
        else:
            connection = connection.execution_options(isolation_level="REPEATABLE READ")
        yield connection


def _refuse_used(connection: Connection) -> None:
    used = [t.name for t in tables() if t.name not in NEVER_EMPTY and _count(connection, t)]
    if used:
        raise MoveRefused(
            f"The database to move to has rows already ({', '.join(used)}). Give an empty one."
        )


def _copy_table(
    table: Table, reading: Connection, writing: Connection, advance: Callable[[int], None]
) -> int:
    copied = 0
    streamed = reading.execution_options(yield_per=BATCH).execute(select(table))
    for rows in streamed.mappings().partitions():
        writing.execute(insert(table), [dict(row) for row in rows])
        copied += len(rows)
        advance(len(rows))
    there = _count(writing, table)
    if there != copied or copied != _count(reading, table):
        raise MoveRefused(f"Of {table.name} {there} of {copied} rows arrived; nothing was moved.")
    return copied


def _count(connection: Connection, table: Table) -> int:
    return connection.scalar(select(func.count()).select_from(table)) or 0


def _go_on_counting(connection: Connection) -> None:
    """Have PostgreSQL give the next row the next number."""
    if connection.dialect.name != "postgresql":
        return
    for table in tables():
        column = table.autoincrement_column
        if column is not None:
            name = {"table": table.name, "column": column.name}
            sequence = text("SELECT pg_get_serial_sequence(:table, :column)")
            if connection.scalar(sequence, name):
                last = select(func.coalesce(func.max(column), 0) + 1).scalar_subquery()
                of = func.pg_get_serial_sequence(table.name, column.name)
                connection.execute(select(func.setval(of, last, False)))
