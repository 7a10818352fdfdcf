"""What goes wrong is said in the site's own look, without a word about its inside."""

from __future__ import annotations

import logging

import pytest
from flask import Flask
from sqlalchemy import event

from tests.factories import make_article
from tests.pages import CheckingClient
from webapp.extensions import db
from webapp.settings import Settings


def test_an_error_of_ours_is_a_calm_page_and_is_logged(
    app: Flask, client: CheckingClient, caplog: pytest.LogCaptureFixture
) -> None:
    @app.get("/broken")
    def broken() -> str:
        raise RuntimeError("inside story")

    app.testing = False
    with caplog.at_level(logging.ERROR):
        page = client.page("/broken", status=500)
    assert "inside story" not in page.html
    assert "inside story" in caplog.text


def test_a_request_that_is_too_large_is_refused(client: CheckingClient) -> None:
    page = client.page_of(client.post("/newsletter", data={"email": "x" * 100_000}), 413)
    assert page.words("h1")


def test_an_unknown_method_is_refused_with_what_is_allowed(client: CheckingClient) -> None:
    response = client.open("/", method="BREW")
    assert response.status_code == 405
    assert "GET" in response.headers["Allow"]


def test_without_its_database_the_site_says_so_and_health_fails(client: CheckingClient) -> None:
    make_article()

    def fail(*_: object) -> None:
        import sqlite3

        from sqlalchemy.exc import OperationalError

        raise OperationalError("SELECT", {}, sqlite3.OperationalError("disk I/O error"))

    event.listen(db.engine, "before_cursor_execute", fail)
    try:
        page = client.page("/", status=503)
        assert "disk I/O" not in page.html
        assert client.get("/healthz").status_code == 503
    finally:
        event.remove(db.engine, "before_cursor_execute", fail)
    assert client.get("/healthz").status_code == 200


def test_errors_of_data_addresses_are_data(client: CheckingClient) -> None:
    response = client.get("/nothing.json")
    assert response.status_code == 404
    assert response.json["error"] == {"status": 404, "reason": response.json["error"]["reason"]}


def test_health_fails_when_the_database_is_gone(client: CheckingClient, settings: Settings) -> None:
    assert client.get("/healthz").status_code == 200
    db.session.remove()
    db.engine.dispose()
    for file in settings.data.glob("broadsheet.sqlite3*"):
        file.unlink()
    assert client.get("/healthz").status_code == 503
