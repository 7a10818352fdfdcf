"""What a device needs to keep the site: manifest, service worker, and two pages of its own.

The device fills those pages; the server never learns what is kept there.
"""

from __future__ import annotations

import hashlib

from flask import Blueprint, Response, jsonify, render_template, request
from flask.typing import ResponseReturnValue

from webapp.extensions import the_site
from webapp.http.assets import static_url
from webapp.http.caching import kept
from webapp.http.paths import path_of
from webapp.text.languages import direction_of

pages = Blueprint("device", __name__)
PAPER = "#fbfbf8"
SHELL = ("css/site.css", "js/theme.js", "js/site.js", "favicon.svg")


@pages.get("/saved")
@kept()
def show_saved() -> ResponseReturnValue:
    """Show the briefs that the device keeps; without script, say what would stand here."""
    return render_template("device/saved.html")


@pages.get("/offline")
@kept()
def show_offline() -> ResponseReturnValue:
    """Show what can be read without a network; the service worker gives it where there is none."""
    return render_template("device/offline.html")


@pages.get("/manifest.webmanifest")
@kept()
def show_manifest() -> Response:
    """Describe the site as something to install (W3C Web Application Manifest)."""
    settings = the_site().settings
    response = jsonify(
        id="/",
        name=settings.site_name,
        short_name=settings.site_name[:30],
        description=settings.tagline,
        lang=settings.language,
        dir=direction_of(settings.language),
        start_url="/",
        scope="/",
        display="standalone",
        background_color=PAPER,
        theme_color=PAPER,
        categories=["news"],
        icons=[_icon(size, purpose) for purpose in ("any", "maskable") for size in (192, 512)],
        shortcuts=[
            {"name": "Saved", "url": path_of("device.show_saved")},
            {"name": "Search", "url": path_of("search.show_results")},
        ],
    )
    response.mimetype = "application/manifest+json"
    return response


@pages.get("/sw.js")
def show_worker() -> Response:
    """Give the service worker; another revision of what it keeps makes it another script."""
    own = [path_of("device.show_offline"), path_of("device.show_saved")]
    shell = [*(static_url(name) for name in SHELL), *own]
    drawn = [render_template(f"device/{name}.html") for name in ("offline", "saved")]
    revision = hashlib.sha256("".join((*shell, *drawn)).encode()).hexdigest()[:10]
    response = Response(
        render_template("device/sw.js", revision=revision, shell=shell, offline=own[0]),
        mimetype="text/javascript",
    )
    # A browser has to ask each time, or a mistake in a worker could never be called back.
    response.headers["Cache-Control"] = "no-cache"
    response.add_etag()
    response.make_conditional(request)
    return response


def _icon(size: int, purpose: str) -> dict[str, str]:
    name = f"icons/{size}.png" if purpose == "any" else f"icons/{size}-{purpose}.png"
    return {
        "src": static_url(name),
        "sizes": f"{size}x{size}",
        "type": "image/png",
        "purpose": purpose,
    }
