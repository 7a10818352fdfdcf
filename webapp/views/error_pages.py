"""The one place where something that went wrong becomes a status and a page."""

from __future__ import annotations

import logging

from flask import Flask, Response, current_app, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import InterfaceError, OperationalError
from werkzeug.exceptions import HTTPException, InternalServerError

from index.contract import IndexMissing, IndexUnavailable
from webapp import errors
from webapp.services import starting

log = logging.getLogger(__name__)

STATUSES: dict[type[Exception], int] = {
    errors.ArticleNotFound: 404,
    errors.ListingNotFound: 404,
    errors.EditionNotFound: 404,
    errors.ArticleWithdrawn: 410,
    errors.QueryUnreadable: 400,
    errors.LinkExpired: 410,
    errors.LinkUnreadable: 404,
    errors.AddressTaken: 409,
    errors.CrossSiteRequest: 403,
    errors.HostNotOurs: 400,
    errors.Busy: 503,
}
HEADINGS = {
    400: "We could not read that request",
    403: "That is not possible from here",
    404: "There is nothing at this address",
    405: "That cannot be done here",
    409: "This address is taken",
    410: "This article was withdrawn",
    413: "That is too large",
    500: "Something went wrong on our side",
    503: "We will be back in a moment",
}
LINK_HEADING = "This link does not work any more"
MESSAGES = {
    400: "Part of the address or of what was sent does not fit. Please check it.",
    404: "The page may have moved, or its address may have a typing error in it.",
    405: "This page can be read, but not changed in that way.",
    413: "What was sent is larger than this page takes.",
    500: "The error was noted. Please try again in a moment.",
}


def attach(app: Flask) -> None:
    """Answer every error in the site's own look, and as JSON where JSON was asked for."""
    for kind in STATUSES:
        app.register_error_handler(kind, _say_site_error)
    app.register_error_handler(IndexUnavailable, _say_no_index)
    app.register_error_handler(OperationalError, _say_no_database)
    app.register_error_handler(InterfaceError, _say_no_database)
    app.register_error_handler(HTTPException, _say_http_error)


def _say_site_error(problem: Exception) -> ResponseReturnValue:
    heading = LINK_HEADING if isinstance(problem, errors.LinkExpired) else ""
    return _page(STATUSES[type(problem)], str(problem), heading)


def _say_no_index(problem: Exception) -> ResponseReturnValue:
    log.error("The index is unavailable: %s", problem)
    if isinstance(problem, IndexMissing):
        starting.mend_in_background(current_app._get_current_object())  # type: ignore[attr-defined]
    return _page(503, "The search is being prepared. All articles can be read meanwhile.")


def _say_no_database(problem: Exception) -> ResponseReturnValue:
    log.error("The database is unavailable: %s", type(problem).__name__)
    return _page(503, "Our archive cannot be reached just now. Please try again in a minute.")


def _say_http_error(problem: HTTPException) -> ResponseReturnValue:
    if isinstance(problem, InternalServerError):
        return _page(500, MESSAGES[500])
    status = problem.code or 500
    if status < 400:
        return problem.get_response()
    answer, status = _page(status, MESSAGES.get(status, "Please check the address."))
    headers = [(name, value) for name, value in problem.get_headers() if name == "Allow"]
    return answer, status, headers


def _page(status: int, message: str, heading: str = "") -> tuple[Response | str, int]:
    heading = heading or HEADINGS.get(status, "That did not work")
    if request.path.endswith(".json"):
        return jsonify(error={"status": status, "reason": message}), status
    return render_template(
        "errors/error.html", code=status, heading=heading, message=message
    ), status
