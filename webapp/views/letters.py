"""The letters that were sent: their list, each at its own address, and their feeds."""

from __future__ import annotations

from flask import Blueprint, Response, abort, render_template
from flask.typing import ResponseReturnValue

from webapp.extensions import the_site
from webapp.http.caching import kept
from webapp.http.paging import pages_of
from webapp.http.paths import path_of
from webapp.models import Edition
from webapp.presenting import absolute
from webapp.services import editing, letters, syndicating
from webapp.services.syndicating import Entry, Piece
from webapp.views.feed_formats import FORMATS, Feed, answer_with
from webapp.views.feeds import links_to
from webapp.views.structured import Told

pages = Blueprint("letters", __name__)


@pages.get("/letters/")
@kept("page")
def list_letters() -> ResponseReturnValue:
    """List the editions, the newest first."""
    size = the_site().settings.page_size
    paging = pages_of(editing.count_editions(), size)
    shown = editing.editions(size, (paging.number - 1) * size)
    return render_template(
        "letters/list.html",
        letters=[letters.edition_letter(edition) for edition in shown],
        pages=paging,
        told=Told(things=[], feeds=links_to("letters.follow_letters", title="Letters")),
    )


@pages.get("/letters/<slug>")
@kept()
def show_letter(slug: str) -> ResponseReturnValue:
    """Show an edition: the same briefs as in the mail."""
    edition = editing.edition_at(slug)
    return render_template("letters/letter.html", letter=letters.edition_letter(edition))


@pages.get("/letters/feed.<kind>")
@kept()
def follow_letters(kind: str) -> Response:
    """Give the last editions as Atom, RSS 2.0 or JSON Feed 1.1."""
    if kind not in FORMATS:
        abort(404)
    name = the_site().settings.site_name
    feed = Feed(
        title=f"Letters · {name}",
        about=f"Every edition of the letter of {name}.",
        home=path_of("letters.list_letters"),
        path=path_of("letters.follow_letters", kind),
        entries=[_entry(edition) for edition in editing.editions(syndicating.ENTRIES)],
    )
    return answer_with(feed, kind)


def _entry(edition: Edition) -> Entry:
    letter = letters.edition_letter(edition)
    return Entry(
        article=Piece(letter.subject, letter.preheader, the_site().settings.language),
        id=syndicating.entry_id(edition.slug, "letter"),
        url=absolute(path_of("letters.show_letter", edition.slug)),
        html=render_template("letters/entry.html", letter=letter),
        picture=None,
        published_at=edition.due_at,
        updated_at=edition.due_at,
    )
