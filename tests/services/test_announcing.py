"""Telling a hub and search engines, on servers of the test's own."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import pytest
from flask import Flask

from tests.conftest import Clock
from tests.factories import fields_of, import_items, make_article
from webapp.services import announcing, publishing
from webapp.settings import Settings


@dataclass
class Listener:
    """A server that writes down what it is told, and answers with a status."""

    status: int = 202
    told: list[tuple[str, str]] = field(default_factory=list)
    url: str = ""


@pytest.fixture
def listener() -> Iterator[Listener]:
    heard = Listener()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"])).decode()
            heard.told.append((self.path, content))
            self.send_response(heard.status)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    heard.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield heard
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(announcing, "PAUSE_SECONDS", 0)


def wait() -> None:
    for thread in threading.enumerate():
        if thread.name == "announcing":
            thread.join(20)


@pytest.fixture
def site(
    settings: Settings, make_app: Callable[[Settings], Flask], listener: Listener
) -> Iterator[Flask]:
    app = make_app(
        replace(
            settings,
            websub_hub=f"{listener.url}/hub",
            indexnow_key="5f1eab09",
            indexnow_url=f"{listener.url}/indexnow",
        )
    )
    with app.app_context():
        yield app
    wait()


def pings(listener: Listener) -> list[str]:
    told = [parse_qs(content) for path, content in listener.told if path == "/hub"]
    assert all(each["hub.mode"] == ["publish"] for each in told)
    return [each["hub.url"][0].removeprefix("http://127.0.0.1:8000") for each in told]


def pages(listener: Listener) -> list[list[str]]:
    return [json.loads(c)["urlList"] for path, c in listener.told if path == "/indexnow"]


def test_a_publication_is_told_to_the_hub_and_to_search_engines(
    site: Flask, listener: Listener
) -> None:
    names: dict[str, object] = {"topics": ["Harbours"], "authors": ["Ada Quay"]}
    make_article(slug="a", draft=True, source_url="https://t.example/1", **names)
    wait()
    assert listener.told == [], "nobody hears of a draft"
    publishing.publish("a")
    wait()
    assert set(pings(listener)) == {
        f"{under}/feed.{kind}"
        for under in ("", "/topics/harbours", "/authors/ada-quay", "/sources/t.example")
        for kind in ("atom", "rss", "json")
    }
    client = site.test_client()
    assert all(client.get(path).status_code == 200 for path in pings(listener))
    (told,) = [json.loads(content) for path, content in listener.told if path == "/indexnow"]
    assert told == {
        "host": "127.0.0.1:8000",
        "key": "5f1eab09",
        "keyLocation": "http://127.0.0.1:8000/indexnow.txt",
        "urlList": ["http://127.0.0.1:8000/articles/a"],
    }


def test_a_withdrawal_is_told_too(site: Flask, listener: Listener) -> None:
    make_article(slug="a")
    wait()
    listener.told.clear()
    publishing.withdraw("a")
    wait()
    assert pages(listener) == [["http://127.0.0.1:8000/articles/a"]]
    assert "/feed.atom" in pings(listener)


def test_an_import_is_told_once_and_only_what_changed(site: Flask, listener: Listener) -> None:
    items = [fields_of(slug="a"), fields_of(slug="b"), fields_of(slug="c", draft=True)]
    import_items(*items)
    wait()
    (told,) = pages(listener)
    assert sorted(told) == [f"http://127.0.0.1:8000/articles/{slug}" for slug in "ab"]
    listener.told.clear()
    import_items(*items)
    wait()
    assert listener.told == []


def test_a_hub_that_fails_costs_a_line_in_the_log_and_no_more(
    site: Flask, listener: Listener, caplog: pytest.LogCaptureFixture
) -> None:
    listener.status = 500
    with caplog.at_level(logging.WARNING):
        make_article(slug="a")
        wait()
    assert site.test_client().get("/articles/a").status_code == 200
    lines = [record.message for record in caplog.records if "could not be told" in record.message]
    assert len(lines) == 2
    assert len(pings(listener)) == 1, "one that fails is not asked again and again"


def test_where_nobody_listens_a_publication_goes_on(
    settings: Settings, make_app: Callable[[Settings], Flask], caplog: pytest.LogCaptureFixture
) -> None:
    app = make_app(replace(settings, websub_hub="http://127.0.0.1:9/"))
    with app.app_context():
        make_article(slug="a", draft=True)
        publishing.publish("a")
        wait()
        assert app.test_client().get("/articles/a").status_code == 200
    assert "could not be told" in caplog.text


def test_a_site_that_names_nobody_tells_nobody(app: Flask) -> None:
    make_article(slug="a")
    assert "announcing" not in {thread.name for thread in threading.enumerate()}


def test_what_comes_due_is_told_once(site: Flask, listener: Listener, clock: Clock) -> None:
    announcing.announce_due()
    make_article(slug="soon", published_at="2026-11-23T12:00:10Z")
    make_article(slug="later", published_at="2026-11-23T13:00:00Z")
    wait()
    listener.told.clear()
    for seconds in (5, 5, 5):
        clock.forward(seconds=seconds)
        announcing.announce_due()
        wait()
    (told,) = [content for path, content in listener.told if path == "/indexnow"]
    assert [url.rpartition("/")[2] for url in json.loads(told)["urlList"]] == ["soon"]


def test_who_begins_to_listen_is_not_told_of_all_that_ever_came_due(
    site: Flask, listener: Listener, clock: Clock
) -> None:
    make_article(slug="soon", published_at="2026-11-23T12:00:10Z")
    clock.forward(seconds=20)
    announcing.announce_due()
    wait()
    assert listener.told == []
