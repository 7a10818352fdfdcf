"""What every response passes: hosts, headers, freshness, static files, proxies."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask, request, session
from flask.testing import FlaskClient

from tests.factories import make_article
from tests.pages import CheckingClient
from webapp.http.assets import static_url
from webapp.settings import Settings


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("127.0.0.1:8000", 200),
        ("[::1]:8000", 200),
        ("LOCALHOST:1", 200),
        ("evil.example.com", 400),
        ("localhost.evil.example.com", 400),
        ("", 400),
        ("localhost@evil.example.com", 400),
        ("127.0.0.1:evil.example.com", 400),
        ("localhost:999999", 400),
    ],
)
def test_only_the_sites_own_names_are_answered_to(
    client: CheckingClient, host: str, status: int
) -> None:
    response = client.get("/", headers={"Host": host})
    assert response.status_code == status
    assert "evil" not in response.text
    assert client.get("/healthz", headers={"Host": host}).status_code == 200


def test_a_host_that_the_operator_allows_is_answered_to(
    settings: Settings, make_app: Callable[[Settings], Flask]
) -> None:
    app = make_app(
        replace(settings, site_url="https://news.example.org", allowed_hosts=("www.example.org",))
    )
    client = app.test_client()
    for host, status in (("news.example.org", 200), ("www.example.org", 200), ("b.example", 400)):
        assert client.get("/", headers={"Host": host}).status_code == status
    secure = client.get("/", headers={"Host": "news.example.org"})
    assert secure.headers["Strict-Transport-Security"].startswith("max-age=63072000")


def test_the_policy_allows_the_sites_own_files_and_nothing_inline(client: CheckingClient) -> None:
    policy = client.get("/").headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    for directive in ("base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'"):
        assert directive in policy


def test_a_page_is_made_again_only_when_it_has_changed(client: CheckingClient) -> None:
    make_article(title="First state", slug="a")
    first = client.get("/articles/a")
    assert "s-maxage=1" in first.headers["Cache-Control"]
    same = client.get("/articles/a", headers={"If-None-Match": first.headers["ETag"]})
    assert (same.status_code, same.data, same.headers["ETag"]) == (304, b"", first.headers["ETag"])
    make_article(title="Second state", slug="a")
    changed = client.get("/articles/a", headers={"If-None-Match": first.headers["ETag"]})
    assert changed.status_code == 200
    assert "Second state" in changed.text


@pytest.mark.parametrize("path", ["/", "/articles/a", "/search?q=body", "/newsletter", "/archive/"])
def test_head_answers_as_get_without_the_body(client: CheckingClient, path: str) -> None:
    make_article(slug="a")
    get, head = client.get(path), client.head(path)
    assert (head.status_code, head.data) == (200, b"")
    assert head.headers["Content-Length"] == str(len(get.data))
    assert head.headers["ETag"] == get.headers["ETag"]


@pytest.mark.parametrize("path", ["/no-such-page", "/?page=x", "/healthz"])
def test_what_was_not_declared_fresh_is_not_kept(client: CheckingClient, path: str) -> None:
    assert client.get(path).headers["Cache-Control"] == "no-store"


def test_answers_to_a_form_are_not_kept(client: CheckingClient) -> None:
    for data in ({"email": "bad"}, {"email": "ada@example.org"}):
        assert client.post("/newsletter", data=data).headers["Cache-Control"] == "no-store"


def test_static_files_are_kept_for_ever_under_an_address_of_their_content(
    app: Flask, client: CheckingClient
) -> None:
    with app.test_request_context():
        address = static_url("css/site.css")
    response = client.get(address)
    assert "immutable" in response.headers["Cache-Control"]
    assert response.mimetype == "text/css"
    old = client.get("/static/0000000000/css/site.css")
    assert old.status_code == 200
    assert "immutable" not in old.headers["Cache-Control"]
    part = client.get(address, headers={"Range": "bytes=0-9"})
    assert (part.status_code, len(part.data)) == (206, 10)
    unchanged = client.get(address, headers={"If-None-Match": response.headers["ETag"]})
    assert unchanged.status_code == 304


@pytest.mark.parametrize("name", ["../wsgi.py", "..%2f..%2fetc/passwd", "none.css", "css/"])
def test_nothing_but_static_files_is_served_as_such(client: CheckingClient, name: str) -> None:
    assert client.get(f"/static/0/{name}").status_code == 404


@pytest.mark.parametrize(
    ("remote", "forwarded", "seen"),
    [
        ("10.0.0.1", "203.0.113.7", "203.0.113.7"),
        ("10.0.0.1", "6.6.6.6, 203.0.113.7, 10.0.0.2", "203.0.113.7"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "10.0.0.3", "10.0.0.1"),
        ("198.51.100.1", "203.0.113.7", "198.51.100.1"),
        ("::ffff:10.0.0.1", "203.0.113.7:5678", "203.0.113.7"),
        ("10.0.0.1", "[2001:db8::7]:443", "2001:db8::7"),
        ("", "203.0.113.7", None),
    ],
)
def test_only_a_trusted_proxy_is_believed_about_the_client(
    settings: Settings,
    make_app: Callable[[Settings], Flask],
    remote: str,
    forwarded: str,
    seen: str | None,
) -> None:
    app = make_app(replace(settings, trusted_proxies=(ipaddress.ip_network("10.0.0.0/8"),)))
    told: list[str | None] = []
    app.before_request(lambda: told.append(request.remote_addr))
    headers = {"X-Forwarded-For": forwarded, "X-Forwarded-Proto": "https"}
    app.test_client().get("/healthz", environ_base={"REMOTE_ADDR": remote}, headers=headers)
    assert told == [seen or ""]


def test_a_session_is_kept_for_who_brings_one_and_readers_have_an_empty_one(app: Flask) -> None:
    seen: list[object] = []

    @app.get("/notes")
    def note() -> str:
        seen.append(session.get("word"))
        session["word"] = "theodolite"
        return ""

    address = "https://localhost"
    app.test_client_class = FlaskClient
    client = app.test_client()
    for _ in range(2):
        client.get("/notes", base_url=address)
    client.set_cookie("session", "forged", domain="localhost", secure=True)
    client.get("/notes", base_url=address)
    assert seen == [None, "theodolite", None]


def test_a_redirect_names_no_host(client: CheckingClient) -> None:
    response = client.get("/topics?x=1", headers={"Host": "localhost:1234"})
    assert (response.status_code, response.location) == (308, "/topics/?x=1")


@pytest.mark.parametrize("path", ["/topics/a%00b", "/articles/%00", "/sources/%00", "/%00"])
def test_an_address_with_nul_is_not_found(client: CheckingClient, path: str) -> None:
    assert client.get(path).status_code == 404
