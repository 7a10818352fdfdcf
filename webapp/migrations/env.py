"""How Alembic reaches the site's db."""

from __future__ import annotations

from typing import Any

from alembic import context

from webapp.extensions import db


def run_migrations() -> None:
    """Migrate in one transaction: a migration that is cut off leaves the tables as they were."""
    with db.engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            # Left to itself the driver begins no transaction before a change of a table.
            driver: Any = connection.connection.driver_connection
            driver.isolation_level = None
            # A table that is made anew is dropped first, and what refers to it would go with it.
            connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        context.configure(
            connection=connection,
            target_metadata=db.metadata,
            render_as_batch=True,
            compare_type=True,
            transaction_per_migration=False,
        )
        context.run_migrations()
        connection.commit()
    # Pooled connections are not as the site wants them.
    db.engine.dispose()


run_migrations()
