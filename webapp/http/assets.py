"""Static files, under an address that changes with their content and so can be kept for ever."""

from __future__ import annotations

import hashlib
from pathlib import Path

from flask import Flask, Response, current_app, send_from_directory

from webapp.http.caching import kept
from webapp.http.paths import path_of
from webapp.settings import ROOT

FOLDER = ROOT / "static"
YEAR_SECONDS = 31_536_000


def attach(app: Flask) -> None:
    """Serve the files of static/; their one revision is read once, at the start."""
    app.extensions["static_revision"] = _revision(FOLDER)
    app.add_url_rule("/static/<revision>/<path:name>", "static", serve)


def static_url(name: str) -> str:
    """Give the address of a static file."""
    return path_of("static", current_app.extensions["static_revision"], name)


@kept()
def serve(revision: str, name: str) -> Response:
    """Answer with a file; one asked for by an older revision is today's, and not to be kept."""
    response = send_from_directory(FOLDER, name)
    if revision == current_app.extensions["static_revision"]:
        response.cache_control.public = True
        response.cache_control.max_age = YEAR_SECONDS
        response.cache_control.immutable = True
    return response


def _revision(folder: Path) -> str:
    """Give one hash of all files, so that what one of them refers to changes its address too."""
    digest = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        digest.update(str(path.relative_to(folder)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:10]
