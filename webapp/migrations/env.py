"""How Alembic reaches the site's database."""

from __future__ import annotations

from alembic import context
from flask import current_app


def run_migrations() -> None:
    """Migrate in one transaction: a migration that is cut off leaves the tables as they were."""
    database = current_app.extensions["migrate"].db
    with database.engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            # Left to itself the driver begins no transaction before a change of a table.
            connection.connection.dbapi_connection.isolation_level = None
            # A table that is made anew is dropped first, and what refers to it would go with it.
            connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        context.configure(
            connection=connection,
            target_metadata=database.metadata,
            render_as_batch=True,
            compare_type=True,
            transaction_per_migration=False,
        )
        context.run_migrations()
        connection.commit()
    # Pooled connections are not as the site wants them.
    database.engine.dispose()


run_migrations()
