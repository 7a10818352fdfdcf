"""What the data addresses take and give, as an OpenAPI 3.1 description."""

from __future__ import annotations

import json
from pathlib import Path

from flask import Blueprint, Response, jsonify

from webapp.extensions import the_site
from webapp.http.caching import kept

pages = Blueprint("openapi", __name__)
_DESCRIPTION = json.loads(Path(__file__).with_name("openapi.json").read_text(encoding="utf-8"))


@pages.get("/openapi.json")
@kept()
def describe() -> Response:
    """Give the description, with this site's address as its server."""
    return jsonify({**_DESCRIPTION, "servers": [{"url": the_site().settings.site_url}]})
