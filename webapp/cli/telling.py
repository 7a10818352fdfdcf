"""How commands say what went wrong and how far they are."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click
from sqlalchemy.exc import DBAPIError

from index.contract import IndexUnavailable
from webapp.errors import SiteError


@contextmanager
def plain_errors() -> Iterator[None]:
    """Say what went wrong in one sentence, and end with an exit code that is not zero."""
    try:
        yield
    except (SiteError, IndexUnavailable) as problem:
        raise click.ClickException(str(problem)) from problem
    except (OSError, DBAPIError) as problem:
        raise click.ClickException(told(problem)) from problem


def told(problem: OSError | DBAPIError) -> str:
    """Say in a sentence what the machine or the database has refused."""
    if isinstance(problem, DBAPIError):
        reason = str(problem.orig).partition("\n")[0]
        return f"The database refused ({reason}). Run bin/broadsheet doctor."
    what = f"{problem.filename}: " if problem.filename else ""
    return f"{what}{problem.strerror or problem}. See who owns the data folder."


@contextmanager
def progress(length: int, label: str) -> Iterator[Callable[[int], None]]:
    """Show a progress bar on a terminal, and nothing where nobody watches."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    with click.progressbar(range(length), label=label, file=sys.stderr) as bar:
        yield bar.update
