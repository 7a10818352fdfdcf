"""The letters that were sent: their list, each at its own address, and their feeds."""

from __future__ import annotations

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from webapp.extensions import the_site
from webapp.http.caching import kept
from webapp.http.paging import pages_of
from webapp.services import editing, letters

pages = Blueprint("letters", __name__)


@pages.get("/letters/")
@kept("page")
def list_letters() -> ResponseReturnValue:
    """List the editions, the newest first."""
    size = the_site().settings.page_size
    paging = pages_of(editing.count_editions(), size)
    shown = editing.editions(size, (paging.number - 1) * size)
    rows = [letters.edition_letter(edition) for edition in shown]
    return render_template("letters/list.html", letters=rows, pages=paging)


@pages.get("/letters/<slug>")
@kept()
def show_letter(slug: str) -> ResponseReturnValue:
    """Show an edition: the same briefs as in the mail."""
    edition = editing.edition_at(slug)
    return render_template("letters/letter.html", letter=letters.edition_letter(edition))
