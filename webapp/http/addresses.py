"""One address for each page: what people and links write in its place leads to it.

Capitals, a slash too many, index.html, /archive/2026/1. Only where there is such a page;
any other address answers as it would have.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import cast
from urllib.parse import quote

from flask import Flask, Response, current_app, g, redirect, request
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

STATIC = "/static/"
_INDEX = re.compile(r"/(index|default)\.(html?|php)/?$")
_SHORT_DATE = re.compile(r"(?<=/)([0-9])(?=/|$)")
_ENDINGS = (".html", ".htm", ".php")


def attach(app: Flask) -> None:
    """Look at the addresses that no rule knows, or that are not written as ours are."""
    app.before_request(_lead_to_the_one)


def _lead_to_the_one() -> Response | None:
    path = request.path
    if request.url_rule is not None and path == path.lower() and not path.endswith(_ENDINGS):
        return None
    if "token" in (request.view_args or {}):  # its letters are as they were signed
        return None
    is_reading = request.method in ("GET", "HEAD") and not path.startswith(STATIC)
    if not is_reading or isinstance(request.routing_exception, RequestRedirect):
        return None
    wanted = the_one(path)
    return None if wanted == path else _led_to(wanted)


def the_one(path: str) -> str:
    """Give a path as the site writes it; of a directory without its slash."""
    path = _INDEX.sub("", re.sub("/{2,}", "/", path.lower()))
    if path.startswith("/archive/"):
        path = _SHORT_DATE.sub(r"0\1", path)
    return path.rstrip("/") or "/"


def _led_to(path: str) -> Response | None:
    """Ask the page at that path, in this request; lead there if it is there.

    What it says instead, that it has moved or is gone, holds for the address as it was
    written too.
    """
    adapter = current_app.create_url_adapter(request)
    try:
        try:
            rule, names = adapter.match(path, "GET", return_rule=True)  # type: ignore[union-attr]
        except RequestRedirect:
            path += "/"
            rule, names = adapter.match(path, "GET", return_rule=True)  # type: ignore[union-attr]
    except HTTPException:
        return None
    request.url_rule, request.view_args = rule, dict(names)
    request.routing_exception = None
    view = cast(Callable[..., Response], current_app.view_functions[rule.endpoint])
    answer = current_app.make_response(view(**names))
    if answer.status_code != 200 or not g.get("is_public"):
        return answer
    answer.close()
    query = request.query_string.decode("latin-1")
    return redirect(quote(path) + (f"?{query}" if query else ""), 301)  # type: ignore[return-value]
