"""How long an answer may be kept, and by whom; declared on the view, done here.

What no view has declared is not kept at all.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from flask import Flask, Response, g, request

P = ParamSpec("P")
R = TypeVar("R")

PUBLIC = "public, max-age=0, s-maxage=1, stale-while-revalidate=10"


def attach(app: Flask) -> None:
    """Set Cache-Control and validators on every answer."""
    app.after_request(_finish)


def public(view: Callable[P, R]) -> Callable[P, R]:
    """Declare that a page is the same for everyone and that shared caches may keep it."""

    @wraps(view)
    def declared(*args: P.args, **kwargs: P.kwargs) -> R:
        answer = view(*args, **kwargs)
        g.is_public = True
        return answer

    return declared


def kept(*reads: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Declare that a page is public, and that the page cache keeps it until the site changes.

    It depends on its path and on the parameters named here alone: of a request that it is
    made for the view sees nothing else, no header and no other parameter.
    """

    def declare(view: Callable[P, R]) -> Callable[P, R]:
        declared = public(view)
        declared.reads = reads  # type: ignore[attr-defined]
        return declared

    return declare


def reads_of(view: Callable[..., object]) -> tuple[str, ...] | None:
    """Give the parameters that a kept view reads; None where a view is not kept."""
    reads: tuple[str, ...] | None = getattr(view, "reads", None)
    return reads


def _finish(response: Response) -> Response:
    if "Cache-Control" in response.headers and response.cache_control:
        return response
    if not g.get("is_public") or response.status_code not in (200, 301, 308):
        response.headers["Cache-Control"] = "no-store"
        return response
    response.headers["Cache-Control"] = PUBLIC
    if response.status_code == 200 and request.method in ("GET", "HEAD"):
        response.add_etag()
        response.make_conditional(request)
    return response
