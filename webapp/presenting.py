"""What every template knows: the site's names and how moments and addresses are written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, cast

from flask import Flask, current_app, request
from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from webapp.extensions import the_site
from webapp.http.assets import static_url
from webapp.http.paths import path_of
from webapp.text.addresses import article_path
from webapp.text.elsewhere import escape_markdown
from webapp.text.languages import direction_of
from webapp.text.pictures import Picture, show_picture, show_pictures

if TYPE_CHECKING:
    from webapp.models import ListedArticle
    from webapp.services.dressing import Logo

MONTHS = (
    "January February March April May June July August September October November December".split()
)

# How wide pictures stand at the places where they stand, as site.css has it.
SIZES = {
    "lead": "(min-width: 84rem) 44rem, (min-width: 60rem) 54vw, 100vw",
    "story": "(min-width: 44rem) 40rem, 100vw",
}


@dataclass(frozen=True, slots=True)
class Masthead:
    """The site's own names, as templates use them."""

    name: str
    tagline: str
    language: str
    direction: str
    letter_pitch: str
    asks_proof: bool
    logo: Logo | None
    footer_links: tuple[tuple[str, str], ...]


def attach(app: Flask, logo: Logo | None) -> None:
    """Give the names and filters to all templates and macros."""
    settings = app.extensions["broadsheet"].settings
    masthead = Masthead(
        name=settings.site_name,
        tagline=settings.tagline,
        language=settings.language,
        direction=direction_of(settings.language),
        letter_pitch=settings.letter_pitch,
        asks_proof=settings.proof_of_work,
        logo=logo,
        footer_links=settings.footer_links,
    )
    # Globals, so that macros know them too and need not be made anew for every page.
    app.jinja_env.globals.update(
        site=masthead,
        static_url=static_url,
        absolute=absolute,
        article_path=article_path,
        today=today,
        picture=picture,
    )
    app.jinja_env.filters.update(
        day=day,
        short_day=short_day,
        iso=iso,
        hour=hour,
        local=_local,
        thousands=thousands,
        escape_markdown=escape_markdown,
    )
    app.jinja_env.filters["pictured"] = _pictured


def picture(article: ListedArticle, place: str, *, first: bool = False) -> Markup:
    """Show an article's picture at a place of a page; "" where it has none."""
    if not article.image_name:
        return Markup("")
    shown = Picture(
        article.image_name, article.image_width, article.image_height, article.image_alt
    )
    return show_picture(shown, root=request.root_path, sizes=SIZES[place], is_first=first)


@pass_context  # or Jinja would take what it gives for the same in every request
def _pictured(_context: Context, html: str) -> str:
    return show_pictures(html, root=request.root_path, sizes=SIZES["story"])


def absolute(path: str) -> str:
    """Give the public address of a path; never taken from what a request says."""
    return the_site().settings.site_url + path


def logo_url() -> tuple[str, int, int]:
    """Give address, width and height of the operator's logo, or else of the site's emblem."""
    logo = cast(Masthead, current_app.jinja_env.globals["site"]).logo
    if logo is None:
        return absolute(path_of("cards.show_logo")), 512, 512
    return absolute(static_url(logo.name)), logo.width, logo.height


def today() -> date:
    """Give the day it is in the site's time zone."""
    return _local(the_site().clock())


def _local(moment: datetime | date) -> date:
    if isinstance(moment, datetime):
        return moment.astimezone(the_site().settings.time_zone).date()
    return moment


def day(moment: datetime | date) -> str:
    """Write a day as in 23 November 2026, in the site's time zone."""
    on = _local(moment)
    return f"{on.day} {MONTHS[on.month - 1]} {on.year}"


def short_day(moment: datetime | date) -> str:
    """Write a day as in 23 Nov, in the site's time zone."""
    on = _local(moment)
    return f"{on.day} {MONTHS[on.month - 1][:3]}"


def hour(moment: datetime) -> str:
    """Write a moment as in 06:30 on 23 November 2026, in the site's time zone."""
    local = moment.astimezone(the_site().settings.time_zone)
    return f"{local:%H:%M} on {day(local)}"


def month(on: date) -> str:
    """Write a month as in November 2026."""
    return f"{MONTHS[on.month - 1]} {on.year}"


def month_name(period: str) -> str:
    """Write a year or a month ("2026", "2026-11") as in 2026 or November 2026."""
    year, _, number = period.partition("-")
    return f"{MONTHS[int(number) - 1]} {year}" if number else year


def iso(moment: datetime) -> str:
    """Write a moment by RFC 3339, in the site's time zone."""
    return moment.astimezone(the_site().settings.time_zone).isoformat(timespec="seconds")


def thousands(number: int) -> str:
    """Write a number as in 12,345."""
    return f"{number:,}"
