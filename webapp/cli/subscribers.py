"""The commands that bring lists of subscribers in and out."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from flask.cli import with_appcontext

from webapp.cli.telling import plain_errors
from webapp.services import transferring
from webapp.services.storage import written_durably

SHOWN_PROBLEMS = 20


@click.group()
def subscribers() -> None:
    """Bring lists of subscribers in and out, as CSV."""


@subscribers.command(name="import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--skip-bad", is_flag=True, help="Take the good lines where others are bad.")
@click.option("--dry-run", is_flag=True, help="Say what would come of it, and change nothing.")
@with_appcontext
def import_(file: Path, skip_bad: bool, dry_run: bool) -> None:
    """Bring in a list: our own columns, or Mailchimp's, Substack's, Ghost's, listmonk's.

    Nobody is written to by it. Whoever left once is not brought back.
    """
    with plain_errors():
        tally = transferring.import_subscribers(file, skip_bad=skip_bad, dry_run=dry_run)
    for problem in tally.bad[:SHOWN_PROBLEMS]:
        click.echo(f"{problem.place}: {problem.reason}", err=True)
    if tally.bad_lines > SHOWN_PROBLEMS:
        click.echo(f"… and {tally.bad_lines - SHOWN_PROBLEMS:,} more lines.", err=True)
    if tally.bad and not skip_bad:
        raise click.ClickException(
            f"{tally.bad_lines:,} lines cannot be read; nothing was imported. Mend them, or take "
            "the others with --skip-bad."
        )
    click.echo(
        f"{tally.added:,} added, {tally.confirmed:,} confirmed, {tally.unchanged:,} unchanged, "
        f"{tally.left:,} had left, {tally.unsubscribed:,} unsubscribed, {tally.bounced:,} bounced, "
        f"{tally.bad_lines:,} skipped." + (" Nothing was changed." if dry_run else "")
    )


@subscribers.command()
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True, path_type=Path))
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@with_appcontext
def export(file: Path, force: bool) -> None:
    """Write all subscribers into FILE, which its owner alone can read; - is standard output."""
    with plain_errors():
        if str(file) == "-":
            sys.stdout.writelines(transferring.export_subscribers())
            return
        if file.exists() and not force:
            raise click.ClickException(f"{file} is there already. Write over it with --force.")
        with written_durably(file) as whole:
            whole.writelines(lines.encode() for lines in transferring.export_subscribers())
        click.echo(f"Written: {file}")
