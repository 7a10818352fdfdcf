"""What a load balancer asks."""

from __future__ import annotations

from flask import Blueprint, Response

from webapp.services import checkup

pages = Blueprint("health", __name__)


@pages.get("/healthz")
def show_health() -> Response:
    """Say ok while the database answers, to whatever host name it is asked under."""
    if checkup.is_database_there():
        return Response("ok\n", mimetype="text/plain")
    return Response("no database\n", status=503, mimetype="text/plain")
