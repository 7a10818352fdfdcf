"""The commands of the letter: preview, note, cancel, test, send, status."""

from __future__ import annotations

from pathlib import Path

import click
from flask.cli import with_appcontext

from webapp.cli.telling import plain_errors, progress
from webapp.models import EditionState
from webapp.presenting import hour
from webapp.services import editing, posting
from webapp.services.storage import write_durably


@click.group()
def letter() -> None:
    """Look at the daily letter, try it, send it, see how far it is."""


@letter.command()
@click.option("--html", type=click.Path(dir_okay=False, path_type=Path), help="Write it there too.")
@with_appcontext
def preview(html: Path | None) -> None:
    """Print the letter that would go now; nothing is sent or kept."""
    with plain_errors():
        message, is_real = posting.preview()
        text, page = (message.get_body((kind,)) for kind in ("plain", "html"))
        if not is_real:
            click.echo("Nothing is new since the last edition; here is a sample of older briefs.\n")
        click.echo(f"Subject: {message['Subject']}\n")
        click.echo(text.get_content() if text else "")
        if html is not None and page is not None:
            write_durably(html, page.get_content().encode())
            click.echo(f"The HTML is in {html}.")


@letter.command()
@click.argument("text", default="")
@click.option("--subject", default="", help="In place of the lead's headline.")
@with_appcontext
def note(text: str, subject: str) -> None:
    """Give the edition that is held a note by the editor, or a subject."""
    with plain_errors():
        if not (text.strip() or subject.strip()):
            raise click.UsageError("Give a TEXT, a --subject, or both.")
        edition = editing.annotate(text, subject)
        click.echo(f"Noted. The edition {edition.slug} goes at {hour(edition.due_at)}.")


@letter.command()
@with_appcontext
def cancel() -> None:
    """Send the edition that is held to nobody."""
    with plain_errors():
        edition = editing.cancel()
        click.echo(f"The edition {edition.slug} is cancelled.")


@letter.command()
@click.argument("address")
@with_appcontext
def test(address: str) -> None:
    """Send the letter that would go now to ADDRESS alone."""
    with plain_errors():
        subject = posting.send_test(address)
        click.echo(f"Sent: {subject}")


@letter.command()
@click.option("--note", default="", help="A note by the editor, before the briefs.")
@click.option("--subject", default="", help="In place of the lead's headline.")
@with_appcontext
def send(note: str, subject: str) -> None:
    """Send what was published since the last edition, now; called again it goes on."""
    with plain_errors():
        edition = posting.begin_sending(note, subject)
        before = posting.status_of(edition)
        with progress(before.waiting, f"Sending {edition.slug}") as advance:
            status = posting.send(edition, advance)
        click.echo(_told(status))


@letter.command()
@with_appcontext
def status() -> None:
    """Say how far the last editions are."""
    with plain_errors():
        statuses = posting.statuses()
        for each in statuses:
            click.echo(_told(each))
        if not statuses:
            click.echo("No edition yet. BROADSHEET_LETTER_AT says when one is composed each day.")


def _told(status: posting.EditionStatus) -> str:
    edition = status.edition
    counts = f"{status.sent:,} sent, {status.waiting:,} waiting, {status.failed:,} failed"
    told = f"{edition.slug}  {edition.state}  {counts}"
    if edition.state == EditionState.HELD:
        return f"{told}; goes at {hour(edition.due_at)}"
    if edition.state == EditionState.PAUSED:
        return f"{told}; {edition.reason}. Mend that, then: bin/broadsheet letter send"
    return told
