"""Bringing the tables to another state by Alembic; imported only where they are to change.

Alembic and what it brings along take a tenth of a process's memory.
"""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config


def upgrade(folder: Path, revision: str = "head") -> None:
    """Run the folder's migrations up to a revision. Needs the application's context."""
    command.upgrade(_config(folder), revision)


def downgrade(folder: Path, revision: str) -> None:
    """Take the folder's migrations back to a revision, or to "base"."""
    command.downgrade(_config(folder), revision)


def _config(folder: Path) -> Config:
    config = Config()
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    return config
