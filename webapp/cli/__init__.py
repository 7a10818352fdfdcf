"""The command line: reads what was typed, calls one deed, prints what came of it."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import click
from flask import Flask, current_app
from flask.cli import ScriptInfo, with_appcontext
from sqlalchemy.exc import DBAPIError

from webapp.cli.letter import letter
from webapp.cli.subscribers import subscribers
from webapp.cli.telling import plain_errors, progress, told
from webapp.errors import SiteError
from webapp.importers.jsonl import JsonLines
from webapp.importers.markdown import MarkdownFolder, markdown_files
from webapp.services import (
    bouncing,
    checkup,
    demonstrating,
    illustrating,
    importing,
    indexing,
    moving,
    noting,
    publishing,
    relating,
    serving,
    working,
)

SHOWN_PROBLEMS = 20


@click.group(name="broadsheet")
def broadsheet() -> None:
    """Run and look after a Broadsheet site."""


@broadsheet.command()
@click.option("--bind", default="127.0.0.1:8000", metavar="HOST:PORT", show_default=True)
@click.option("--workers", default=2, type=click.IntRange(1, 64), show_default=True)
@click.option("--no-demo", is_flag=True, help="Leave an empty site empty.")
@with_appcontext
def serve(bind: str, workers: int, no_demo: bool) -> None:
    """Serve the site with gunicorn; an empty site gets the demo publication."""
    with plain_errors():
        serving.check_bind(bind)
        serving.answer_at(bind)
        if not no_demo:
            _load_demo()
        serving.serve(current_app._get_current_object(), bind, workers)  # type: ignore[attr-defined]


@broadsheet.command()
@with_appcontext
def worker() -> None:
    """Send mail, forget who did not confirm, keep the index in step; until stopped."""
    with plain_errors():
        working.run()


@broadsheet.command()
@with_appcontext
def demo() -> None:
    """Load the demo publication into a site that is empty."""
    with plain_errors():
        if not _load_demo():
            click.echo("The site has articles already; the demo publication was not loaded.")


def _load_demo() -> int:
    added = demonstrating.load_demo()
    if added:
        indexing.catch_up()
        click.echo(f"Loaded the demo publication: {added} briefs.")
    return added


@broadsheet.group(name="import")
def import_() -> None:
    """Bring articles in. Run twice, the second run changes nothing."""


@import_.command()
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, allow_dash=True)
)
@with_appcontext
def jsonl(files: tuple[str, ...]) -> None:
    """Import articles as JSON, one a line (.gz and .xz too); - is standard input."""
    with plain_errors():
        length = sum(0 if name == "-" else Path(name).stat().st_size for name in files)
        with progress(length, "Reading") as advance:
            tallies = [
                (name, importing.run_import(JsonLines(Path(name), advance))) for name in files
            ]
        _finish_import(tallies)


@import_.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@with_appcontext
def markdown(folder: Path) -> None:
    """Import a folder of Markdown files with front matter."""
    with plain_errors():
        with progress(len(markdown_files(folder)), "Reading") as advance:
            tally = importing.run_import(MarkdownFolder(folder, advance))
        _finish_import([(str(folder), tally)])


def _finish_import(tallies: list[tuple[str, importing.Tally]]) -> None:
    waiting = indexing.pending()
    if waiting:
        with progress(waiting, "Indexing") as advance:
            indexing.tell_index(advance)
    _relate()
    indexing.tidy()
    for name, tally in tallies:
        where = f"{name}: " if len(tallies) > 1 else ""
        for word, notes in (("not imported", tally.refused), ("imported, but", tally.remarks)):
            for place, reason in notes[:SHOWN_PROBLEMS]:
                click.echo(f"{where}{place}: {word}: {reason}.", err=True)
            if len(notes) > SHOWN_PROBLEMS:
                click.echo(f"{where}… and {len(notes) - SHOWN_PROBLEMS:,} more.", err=True)
        click.echo(_summary(where, tally))
    if any(tally.refused for _, tally in tallies):
        raise click.exceptions.Exit(1)


def _relate() -> None:
    waiting = relating.waiting()
    if waiting:
        with progress(waiting, "Relating") as advance:
            relating.relate_all(advance)


def _summary(where: str, tally: importing.Tally) -> str:
    if tally.unchanged and not (tally.created or tally.updated or tally.refused):
        return f"{where}All {tally.unchanged:,} articles are unchanged."
    parts = f"{tally.created:,} new, {tally.updated:,} updated, {tally.unchanged:,} unchanged"
    return f"{where}{parts}, {len(tally.refused):,} not imported."


@broadsheet.command()
@click.argument("slug")
@with_appcontext
def publish(slug: str) -> None:
    """Show an article to readers from now on."""
    with plain_errors():
        publishing.publish(slug)
        click.echo(f"Published {slug}.")


@broadsheet.command()
@click.argument("slug")
@with_appcontext
def withdraw(slug: str) -> None:
    """Take an article back; its address answers that it is gone."""
    with plain_errors():
        publishing.withdraw(slug)
        click.echo(f"Withdrew {slug}.")


@broadsheet.command()
@click.argument("slug")
@click.argument("text")
@with_appcontext
def correct(slug: str, text: str) -> None:
    """Tell readers, at the end of an article, what was wrong in it; dated today."""
    with plain_errors():
        publishing.correct(slug, text)
        click.echo(f"Corrected {slug}.")


@broadsheet.command()
@with_appcontext
def pictures() -> None:
    """Make the sizes that stored pictures lack; remove those that no article shows."""
    with plain_errors():
        lacking = len(illustrating.survey().partial)
        with progress(lacking, "Resizing") as advance:
            made, removed = illustrating.tidy_pictures(advance)
        click.echo(f"Made {made:,} sizes, removed {removed:,} files that no article shows.")


@broadsheet.command()
@with_appcontext
def reindex() -> None:
    """Build the search index anew beside the present one, then swap."""
    with plain_errors():
        began = time.monotonic()
        with progress(indexing.count_documents(), "Indexing") as advance:
            count = indexing.rebuild(advance)
        if count is None:
            raise SiteError("Another process is writing the index just now. Try again in a minute.")
        seconds = max(time.monotonic() - began, 0.001)
        click.echo(f"Indexed {count:,} articles, {count / seconds:,.0f} a second.")
        _relate()


@broadsheet.command()
@click.option("--days", default=7, type=click.IntRange(1, 366), show_default=True)
@with_appcontext
def searches(days: int) -> None:
    """Print what readers looked for most, and what they did not find."""
    for title, looked in (
        ("Most asked", noting.most_asked(days)),
        ("Asked and not found", noting.most_failed(days)),
    ):
        click.echo(f"{title}, last {days} days:")
        for each in looked:
            click.echo(f"  {each.asked:>6,} asked {each.failed:>6,} not found  {each.query}")
        if not looked:
            click.echo(f"  Nothing that at least {noting.THRESHOLD} have asked.")


@broadsheet.command()
@click.argument("source", default="")
@with_appcontext
def bounces(source: str) -> None:
    """Read what came back from a maildir, an mbox, imaps://…, or - (one message).

    Whose address is dead, or who complains, gets no more mail. Without a SOURCE, the box that
    BROADSHEET_BOUNCES_URL names is read.
    """
    with plain_errors():
        if source == "-":
            tally = bouncing.read_piped(sys.stdin.buffer)
        else:
            tally = bouncing.read_box(source)
        click.echo(
            f"{tally.hard:,} hard, {tally.soft:,} soft, {tally.complaint:,} complaints, "
            f"{tally.left:,} left, {tally.other:,} others."
        )


@broadsheet.command("move-database")
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="TO")
@click.pass_obj
def move_database(info: ScriptInfo, source: str, target: str) -> None:
    """Copy everything in the database FROM into the empty database TO: URLs, or files of SQLite."""
    with plain_errors():
        moving.refuse_missing(source)
        # Making the site brings its tables to the state that this version knows.
        former, later = (
            info.create_app(moving.settings_for(url))  # type: ignore[misc]
            for url in (source, target)
        )
        with former.app_context():
            reading = moving.database()
        with later.app_context():
            writing = moving.database()
        with progress(moving.total(reading), "Moving") as advance:
            copied = moving.copy(reading, writing, advance)
        click.echo(f"Moved {copied:,} rows, counted in both databases.")


@broadsheet.command()
@click.option("--deep", is_flag=True, help="Read the whole index, compare it with its checksums.")
@with_appcontext
def doctor(deep: bool) -> None:
    """Say what is wrong with the site, and how to mend it."""
    is_well = True
    for check in checkup.examine(is_deep=deep):
        is_well = is_well and check.is_well
        remedy = f" {check.remedy}" if check.remedy else ""
        mark, seen = "ok  " if check.is_well else "FAIL", check.seen.rstrip(".")
        click.echo(f"{mark}  {check.name}: {seen}.{remedy}")
    if not is_well:
        raise click.exceptions.Exit(1)


broadsheet.add_command(letter)
broadsheet.add_command(subscribers)


def attach(app: Flask) -> None:
    """Give the same commands to `flask --app wsgi`."""
    for name, command in broadsheet.commands.items():
        app.cli.add_command(command, name)


def main(create_app: Callable[..., Flask]) -> None:
    """Run a command; what stops the site from starting is said in one sentence."""
    try:
        broadsheet(obj=ScriptInfo(create_app=create_app), prog_name="broadsheet")
    except SiteError as problem:
        click.echo(f"Error: {problem}", err=True)
        sys.exit(1)
    except (OSError, DBAPIError) as problem:
        click.echo(f"Error: {told(problem)}", err=True)
        sys.exit(1)
