"""Static files, on disk or made at the start.

Their address changes with their content, and so they can be kept for ever.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from posixpath import normpath

from flask import Flask, Response, abort, current_app, send_file, send_from_directory

from webapp.http.caching import kept
from webapp.http.paths import path_of
from webapp.settings import ROOT

FOLDER = ROOT / "static"
YEAR_SECONDS = 31_536_000


def attach(app: Flask, made: Mapping[str, bytes]) -> None:
    """Serve the files of static/ and those made of settings, which win over one of their name.

    Their one revision is read once, at the start.
    """
    app.extensions["made_files"] = made
    app.extensions["static_revision"] = _revision(FOLDER, made)
    app.add_url_rule("/static/<revision>/<path:name>", "static", serve)


def static_url(name: str) -> str:
    """Give the address of a static file."""
    return path_of("static", current_app.extensions["static_revision"], name)


def made_file(name: str) -> Response:
    """Send a file that was made at the start, to be asked for again each time."""
    content = BytesIO(current_app.extensions["made_files"][name])
    etag = current_app.extensions["static_revision"]
    return send_file(content, download_name=name, etag=etag)


@kept()
def serve(revision: str, name: str) -> Response:
    """Answer with a file; one asked for by an older revision is today's, and not to be kept."""
    if name != normpath(name):
        abort(404)  # "./" and "//" would make any number of addresses of one file
    current = current_app.extensions["static_revision"]
    is_made = name in current_app.extensions["made_files"]
    response = made_file(name) if is_made else send_from_directory(FOLDER, name)
    if revision == current:
        # Werkzeug's own word for a file that it sends.
        response.cache_control.no_cache = None
        response.cache_control.public = True
        response.cache_control.max_age = YEAR_SECONDS
        response.cache_control.immutable = True
    return response


def _revision(folder: Path, made: Mapping[str, bytes]) -> str:
    """Give one hash of all files, so that what one of them refers to changes its address too."""
    digest = hashlib.sha256()
    for name, content in sorted(made.items()):
        digest.update(name.encode() + b"\0" + content)
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        digest.update(str(path.relative_to(folder)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:10]
