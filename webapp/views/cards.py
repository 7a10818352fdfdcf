"""The pictures that stand beside a link to this site where it is shared, and its emblem."""

from __future__ import annotations

from pathlib import Path

from flask import Blueprint, Response, abort, redirect, send_file
from flask.typing import ResponseReturnValue

from webapp.http.assets import YEAR_SECONDS, made_file
from webapp.http.caching import public
from webapp.http.paths import path_of
from webapp.models import ShownArticle
from webapp.presenting import absolute
from webapp.services import picturing, reading
from webapp.services.picturing import Card
from webapp.text.pictures import is_picture_name

pages = Blueprint("cards", __name__)


@pages.get("/articles/<slug>/card-<version>.png")
@public
def show_card(slug: str, version: str) -> ResponseReturnValue:
    """Send the card of an article; an older one's address leads to the present one."""
    article = reading.article_at(slug)
    card = picturing.card_of(article)
    if version != card.version:
        return redirect(path_of("cards.show_card", article.slug, card.version), 301)
    return _for_ever(picturing.card_file(card))


@pages.get("/card-<version>.png")
@public
def show_site_card(version: str) -> ResponseReturnValue:
    """Send the site's own card, for pages that are no article."""
    if version != Card().version:
        return redirect(path_of("cards.show_site_card", Card().version), 301)
    return _for_ever(picturing.card_file(Card()))


@pages.get("/images/<shape>/<name>")
@public
def show_crop(shape: str, name: str) -> Response:
    """Send a stored picture in one of the shapes that search engines show."""
    file = picturing.crop_file(name, shape) if is_picture_name(name) else None
    if file is None:
        abort(404)
    return _for_ever(file)


@pages.get("/logo.png")
@public
def show_logo() -> Response:
    """Send the site's emblem as a square picture, in the operator's accent."""
    return made_file("icons/512.png")


@pages.app_template_global()
def card_url(article: ShownArticle | None = None) -> str:
    """Give the whole address of an article's card, or of the site's own."""
    if article is None:
        return absolute(path_of("cards.show_site_card", Card().version))
    version = picturing.card_of(article).version
    return absolute(path_of("cards.show_card", article.slug, version))


def _for_ever(path: Path) -> Response:
    response = send_file(path, mimetype=f"image/{path.suffix[1:]}")
    response.cache_control.no_cache = None
    response.cache_control.public = True
    response.cache_control.max_age = YEAR_SECONDS
    response.cache_control.immutable = True
    return response
