"""The page cache: made once for everyone, never stale, and nothing private in it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask, Response, abort, redirect, render_template_string, request, session
from werkzeug.test import EnvironBuilder, TestResponse, run_wsgi_app

from tests.conftest import Clock
from tests.factories import make_article, make_articles
from tests.pages import CheckingClient
from webapp.extensions import db, the_site
from webapp.http import finished, page_cache
from webapp.http.caching import kept, public
from webapp.http.page_cache import PageCache
from webapp.services import publishing, revising
from webapp.settings import Settings

NO_YEAR = "Sat, 28 Nov 99999999999999999999 00:00:00 GMT"
MODERN = {"Accept-Encoding": "gzip, deflate, br, zstd"}


class Room:
    """A site with one more page, whose view a test writes, and a count of how often it was made."""

    def __init__(self, app: Flask, view: Callable[[], object], *decorators: object) -> None:
        self.made = 0

        def counted() -> object:
            self.made += 1
            return view()

        for decorate in decorators:
            counted = decorate(counted)  # type: ignore[operator]
        app.add_url_rule("/room", "room", counted, methods=["GET", "POST"])
        self._app = app

    def get(self, path: str = "/room", method: str = "GET", **headers: str) -> TestResponse:
        builder = EnvironBuilder(path, method=method, headers=headers)
        return TestResponse(*run_wsgi_app(self._app, builder.get_environ()), builder.get_request())


def cache_of(app: Flask) -> PageCache:
    assert isinstance(app.wsgi_app, PageCache)
    return app.wsgi_app


def kept_keys(app: Flask) -> list[tuple[str, str]]:
    return [key[1:3] for key in cache_of(app)._pages]


def test_a_page_is_made_once_for_everyone(app: Flask) -> None:
    room = Room(app, lambda: "hello", kept())
    answers = [room.get(**{"User-Agent": f"reader {n}"}) for n in range(3)]
    assert ([a.text for a in answers], room.made) == (["hello"] * 3, 1)


def test_a_kept_page_has_the_headers_of_one_just_made(client: CheckingClient) -> None:
    make_article(slug="a")
    first, second = client.get("/articles/a"), client.get("/articles/a")
    assert first.headers == second.headers
    assert "Content-Security-Policy" in second.headers
    assert second.headers["Vary"] == "Accept, Accept-Encoding"
    assert "s-maxage=1" in second.headers["Cache-Control"]


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [("gzip, deflate, br, zstd", "br"), ("gzip, zstd", "zstd"), ("gzip", "gzip"), ("", None)],
)
def test_each_form_of_a_page_is_compressed_once_and_has_its_own_tag(
    app: Flask,
    client: CheckingClient,
    monkeypatch: pytest.MonkeyPatch,
    accepted: str,
    coding: str | None,
) -> None:
    make_article(slug="a", body="All of it. " * 200)
    plain = client.get("/articles/a")
    compressed: list[str] = []
    compress = finished.compress

    def counted(name: str, body: bytes, *, thoroughly: bool) -> bytes:
        compressed.append(name)
        return compress(name, body, thoroughly=thoroughly)

    monkeypatch.setattr(finished, "compress", counted)
    builder = EnvironBuilder("/articles/a", headers={"Accept-Encoding": accepted})
    answers = [run_wsgi_app(app, builder.get_environ(), buffered=True) for _ in range(2)]
    for body, _, headers in answers:
        assert headers.get("Content-Encoding") == coding
        assert headers["Content-Length"] == str(len(b"".join(body)))
    assert compressed == ([coding] if coding else [])
    tags = {plain.headers["ETag"], answers[0][2]["ETag"]}
    assert len(tags) == (2 if coding else 1)
    assert not any(tag.startswith("W/") for tag in tags)


def test_what_a_reader_has_is_not_sent_again(client: CheckingClient, clock: Clock) -> None:
    make_article(slug="a")
    clock.forward(minutes=1)
    have = client.get("/articles/a")
    tag, moment = have.headers["ETag"], have.headers["Last-Modified"]
    for headers, status in (
        ({"If-None-Match": tag}, 304),
        ({"If-None-Match": f"W/{tag}"}, 304),
        ({"If-None-Match": f'"other", {tag}'}, 304),
        ({"If-None-Match": "*"}, 304),
        ({"If-None-Match": '"other"'}, 200),
        ({"If-None-Match": "rubbish"}, 200),
        ({"If-Modified-Since": moment}, 304),
        ({"If-Modified-Since": "Tue, 01 Dec 2026 00:00:00 GMT"}, 304),
        ({"If-Modified-Since": "Sun, 01 Nov 2026 00:00:00 GMT"}, 200),
        ({"If-Modified-Since": "yesterday"}, 200),
        ({"If-Modified-Since": NO_YEAR}, 200),
        # The tag has the last word.
        ({"If-None-Match": '"other"', "If-Modified-Since": moment}, 200),
    ):
        for ask in (client.get, client.head):
            response = ask("/articles/a", headers=headers)
            assert response.status_code == status, headers
            if status == 304:
                assert response.data == b""
                assert response.headers["ETag"] == tag
                assert response.headers["Vary"] == "Accept, Accept-Encoding"
                assert "Content-Length" not in response.headers


def test_two_changes_within_a_second_have_two_dates(client: CheckingClient, clock: Clock) -> None:
    clock.forward(seconds=0.5)
    make_article(slug="a", title="First state")
    assert "Last-Modified" not in client.get("/articles/a").headers, "this second is not over"
    clock.forward(minutes=1)
    moment = client.get("/articles/a").headers["Last-Modified"]
    make_article(slug="a", title="Second state")
    make_article(slug="a", title="Third state")
    clock.forward(minutes=1)
    third = client.get("/articles/a", headers={"If-Modified-Since": moment})
    assert (third.status_code, "Third state" in third.text) == (200, True)
    assert third.headers["Last-Modified"] != moment


def test_a_change_shows_at_once_and_what_it_left_as_it_was_keeps_its_tag(
    client: CheckingClient,
) -> None:
    make_article(slug="a", title="First state")
    front, sources = client.get("/"), client.get("/sources/")
    make_article(slug="a", title="Second state")
    assert "Second state" in client.get("/").text
    assert client.get("/").headers["ETag"] != front.headers["ETag"]
    assert client.get("/sources/").headers["ETag"] == sources.headers["ETag"]


def test_a_withdrawn_article_is_gone_and_a_draft_never_there(
    app: Flask, client: CheckingClient
) -> None:
    make_article(slug="a")
    make_article(slug="draft", draft=True)
    assert client.get("/articles/a").status_code == 200
    publishing.withdraw("a")
    assert client.get("/articles/a").status_code == 410
    assert client.get("/articles/draft").status_code == 404
    assert client.get("/articles/draft").headers["Cache-Control"] == "no-store"
    assert ("/articles/draft", "") not in kept_keys(app)


def test_a_scheduled_article_appears_when_its_time_has_come(
    client: CheckingClient, clock: Clock
) -> None:
    make_article(slug="soon", published_at="2026-11-23T12:00:10.5Z")
    clock.forward(seconds=10)
    before = client.get("/")
    assert "/articles/soon" not in before.text
    clock.forward(seconds=0.5)
    assert "/articles/soon" in client.get("/").text
    clock.forward(seconds=1)
    since = {"If-Modified-Since": before.headers["Last-Modified"]}
    assert client.get("/", headers=since).status_code == 200


def test_the_day_in_the_masthead_is_todays(client: CheckingClient, clock: Clock) -> None:
    assert "23 November 2026" in client.get("/").text
    clock.forward(hours=12)
    assert "24 November 2026" in client.get("/").text


def test_a_query_that_means_nothing_makes_no_page_of_its_own(
    app: Flask, client: CheckingClient
) -> None:
    make_articles(30)
    front = client.get("/")
    for n in range(5):
        same = client.get(f"/?utm_source={n}&q=x")
        assert same.headers["ETag"] == front.headers["ETag"]
        assert f"utm_source={n}" not in same.text
    assert client.get("/?x=1&page=2&page=3").text == client.get("/?page=2").text
    assert client.get("/?page=1").headers["ETag"] == front.headers["ETag"]
    assert sorted(kept_keys(app)) == [("/", ""), ("/", "page=2")]


@pytest.mark.parametrize(
    "query", ["page=x", "page=", "page=0", "page=99", "page=%FF", "page=-1", "page=02"]
)
def test_a_page_that_cannot_be_is_an_error_that_nobody_keeps(
    app: Flask, client: CheckingClient, query: str
) -> None:
    assert client.get(f"/?{query}").status_code in (400, 404)
    assert client.get(f"/?{query}").headers["Cache-Control"] == "no-store"
    assert kept_keys(app) == []


def with_cookie() -> Response:
    response = Response("mine")
    response.set_cookie("name", "value")
    return response


def no_store() -> Response:
    return Response("mine", headers={"Cache-Control": "no-store"})


def private() -> Response:
    return Response("mine", headers={"Cache-Control": "private, max-age=60"})


def varying() -> Response:
    return Response("mine", headers={"Vary": "Cookie"})


def failing() -> Response:
    abort(404)


def leading() -> object:
    return redirect("/topics/", 301)


def broken() -> object:
    return render_template_string("x"), 503


@pytest.mark.parametrize(
    "view", [with_cookie, no_store, private, varying, failing, leading, broken]
)
def test_what_is_private_or_no_page_is_not_kept_even_where_a_view_says_so(
    app: Flask, view: Callable[[], object]
) -> None:
    room = Room(app, view, kept())
    for n in (1, 2):
        room.get()
        assert room.made == n
    assert kept_keys(app) == []


def test_what_no_view_has_declared_as_kept_is_not(app: Flask) -> None:
    room = Room(app, lambda: request.headers["User-Agent"], public)
    assert [room.get(**{"User-Agent": name}).text for name in "ab"] == ["a", "b"]
    assert kept_keys(app) == []


@pytest.mark.parametrize("path", ["/search?q=body", "/search.json?q=body", "/healthz", "/nowhere"])
def test_searches_health_and_errors_are_not_kept(
    app: Flask, client: CheckingClient, path: str
) -> None:
    make_article(slug="a")
    client.get(path)
    assert kept_keys(app) == []


def test_answers_to_forms_are_not_kept(app: Flask, client: CheckingClient) -> None:
    room = Room(app, lambda: "answer", kept())
    assert client.post("/newsletter", data={"email": "bad"}).status_code == 422
    client.post("/newsletter", data={"email": "ada@example.org"})
    assert kept_keys(app) == []
    assert "bad" not in client.get("/newsletter").text
    room.get(method="POST")
    room.get(method="POST")
    assert room.made == 2


def test_nothing_of_the_reader_reaches_a_page_that_is_kept(app: Flask) -> None:
    def reveal() -> str:
        own = [request.cookies, dict(session), request.args, request.get_data(), request.host]
        return f"{own} {request.remote_addr} {sorted(name for name, _ in request.headers)}"

    room = Room(app, reveal, kept("page"))
    curious = {"Cookie": "session=me", "X-Secret": "s", "Accept-Language": "de", "Host": "[::1]:7"}
    mine = room.get("/room?page=2&token=t", **curious).text
    assert "page" in mine
    assert not any(word in mine for word in ("me'", "Secret", "token", "Language", "::1"))


def test_a_request_with_credentials_is_answered_afresh(app: Flask) -> None:
    room = Room(app, lambda: request.headers.get("Authorization", "nobody"), kept())
    assert room.get().text == "nobody"
    assert room.get(Authorization="Bearer me").text == "Bearer me"
    assert room.get().text == "nobody"


def test_a_foreign_host_is_refused_a_page_that_is_kept(client: CheckingClient) -> None:
    assert client.get("/").status_code == 200
    for host in ("evil.example.com", "", "localhost@evil.example.com"):
        response = client.get("/", headers={"Host": host})
        assert (response.status_code, response.headers["Cache-Control"]) == (400, "no-store")


def test_the_least_recently_used_pages_go_when_memory_is_short(
    settings: Settings, make_app: Callable[[Settings], Flask]
) -> None:
    app = make_app(replace(settings, page_cache_mb=1))
    words = "Long enough to weigh something. "
    room = Room(app, lambda: request.args["page"] + words * 1500, kept("page"))
    for n in range(40):
        room.get(f"/room?page={n}", **MODERN)
        room.get("/room?page=0")
    keys = kept_keys(app)
    assert ("/room", "page=0") in keys, "it was asked for all the time"
    assert ("/room", "page=1") not in keys
    assert room.made == 40
    weight = sum(page.weigh() for page in cache_of(app)._pages.values())
    assert 900_000 < weight <= 1024 * 1024
    assert weight == cache_of(app)._bytes


def test_without_memory_pages_are_made_each_time_and_answered_alike(
    settings: Settings, make_app: Callable[[Settings], Flask]
) -> None:
    app = make_app(replace(settings, page_cache_mb=0))
    room = Room(app, lambda: "hello" * 200, kept())
    first, second = room.get(**MODERN), room.get(**MODERN)
    assert (room.made, first.headers) == (2, second.headers)
    assert room.get(**MODERN, **{"If-None-Match": first.headers["ETag"]}).status_code == 304


class Slowly:
    """A view that waits until the test lets it go on."""

    def __init__(self) -> None:
        self.entered, self.may_go_on = threading.Event(), threading.Event()
        self.outcome: str | None = "made"

    def __call__(self) -> str:
        self.entered.set()
        assert self.may_go_on.wait(20)
        if self.outcome is None:
            raise RuntimeError("the maker failed")
        return self.outcome


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those who wait give up later than the test does."""
    monkeypatch.setattr(page_cache, "PATIENCE_SECONDS", 60)


def asking(room: Room, answers: list[str]) -> threading.Thread:
    def ask() -> None:
        try:
            answers.append(room.get().text)
        except RuntimeError as problem:
            answers.append(str(problem))

    thread = threading.Thread(target=ask)
    thread.start()
    return thread


@pytest.mark.usefixtures("patience")
def test_of_many_who_want_a_page_one_makes_it_and_the_others_wait(app: Flask) -> None:
    view, answers = Slowly(), list[str]()
    room = Room(app, view, kept())
    first = asking(room, answers)
    assert view.entered.wait(20)
    others = [asking(room, answers) for _ in range(5)]
    view.may_go_on.set()
    for thread in (first, *others):
        thread.join(20)
    assert (answers, room.made) == (["made"] * 6, 1)


@pytest.mark.usefixtures("patience")
def test_when_the_maker_fails_nobody_is_left_hanging(app: Flask) -> None:
    view, answers = Slowly(), list[str]()
    view.outcome = None
    room = Room(app, view, kept())
    first = asking(room, answers)
    assert view.entered.wait(20)
    second = asking(room, answers)
    view.may_go_on.set()
    for thread in (first, second):
        thread.join(20)
    assert answers == ["the maker failed"] * 2
    view.outcome = "mended"
    assert (room.get().text, room.get().text, room.made) == ("mended", "mended", 3)


def test_while_a_page_is_made_anew_others_get_the_one_of_just_before(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(revising, "RECENT_SECONDS", 60)
    monkeypatch.setattr(page_cache, "STALE_SECONDS", 60)
    view, answers = Slowly(), list[str]()
    view.may_go_on.set()
    room = Room(app, view, kept())
    room.get()
    view.outcome = "made anew"
    view.entered.clear()
    view.may_go_on.clear()
    make_article()
    first = asking(room, answers)
    assert view.entered.wait(20)
    before = room.get()
    assert (before.text, "Last-Modified" in before.headers) == ("made", False)
    view.may_go_on.set()
    first.join(20)
    assert (answers, room.get().text, room.made) == (["made anew"], "made anew", 2)


def test_pages_that_are_kept_are_served_while_the_database_is_gone(
    app: Flask, client: CheckingClient, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    make_article(slug="a", title="Still here")
    client.get("/articles/a")
    db.session.remove()
    db.engine.dispose()
    for file in settings.data.glob("broadsheet.sqlite3*"):
        file.unlink()
    app.extensions["broadsheet"].revisions.hurry()
    for _ in range(3):
        assert "Still here" in client.get("/articles/a").text
    told = [record for record in caplog.records if "revision" in record.message]
    assert len(told) == 1


@pytest.mark.parametrize(
    ("media_type", "is_for_browsers"), [("text/html", True), ("application/atom+xml", False)]
)
def test_each_form_that_is_wanted_is_made_once(
    app: Flask, media_type: str, is_for_browsers: bool
) -> None:
    def show() -> Response:
        said = request.headers.get("Accept", "")
        return Response(said, mimetype=media_type, headers={"Vary": "Accept"})

    room = Room(app, show, kept())
    browsers = "text/html,application/xhtml+xml,*/*;q=0.8"
    for n in range(2):
        assert room.get(Accept=f"*/*;q=0.{n + 1}").text == "*/*"
        assert room.get(Accept=f"text/markdown, text/n{n}").text == "text/markdown"
        assert room.get(Accept=f"{browsers},text/n{n}").text == (
            "*/*" if is_for_browsers else "text/html"
        )
    assert room.made == (2 if is_for_browsers else 3)


def test_a_withdrawn_article_does_not_come_back_after_later_changes(
    app: Flask, client: CheckingClient
) -> None:
    make_article(slug="a")
    client.get("/articles/a")
    publishing.withdraw("a")
    assert client.get("/articles/a").status_code == 410
    assert ("/articles/a", "") not in kept_keys(app)
    assert cache_of(app)._bytes == sum(page.size for page in cache_of(app)._pages.values())


@pytest.mark.usefixtures("patience")
def test_while_a_page_is_made_anew_nobody_gets_one_of_long_before(app: Flask) -> None:
    view, answers = Slowly(), list[str]()
    view.may_go_on.set()
    room = Room(app, view, kept())
    room.get()
    make_article()
    the_site().revisions()
    make_article()
    view.outcome = "made anew"
    view.entered.clear()
    view.may_go_on.clear()
    first = asking(room, answers)
    assert view.entered.wait(20)
    second = asking(room, answers)
    view.may_go_on.set()
    for thread in (first, second):
        thread.join(20)
    assert answers == ["made anew"] * 2


def test_a_page_that_turned_out_the_same_but_for_its_second_is_not_compressed_anew(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def show() -> Response:
        return Response("All of it. " * 200, headers={"Date": f"second {room.made}"})

    room = Room(app, show, kept())
    assert "Date" not in room.get(**MODERN).headers, "the server tells it"
    make_article()
    monkeypatch.setattr(finished, "compress", lambda *_, **__: pytest.fail("compressed anew"))
    assert room.get(**MODERN).headers["Content-Encoding"] == "br"
    assert room.made == 2


@pytest.mark.parametrize("name", ["If-Modified-Since", "If-Unmodified-Since", "If-Range"])
@pytest.mark.parametrize("path", ["/", "/search?q=body", "/feed.atom", "/articles/a/card.png"])
def test_a_date_that_no_calendar_has_is_no_condition(
    client: CheckingClient, path: str, name: str
) -> None:
    make_article(slug="a")
    ranged = {"Range": "bytes=0-9"} if name == "If-Range" else {}
    assert client.get(path, headers={name: NO_YEAR, **ranged}).status_code in (200, 404)


@pytest.mark.parametrize("name", ["./css/site.css", "css/./site.css", "css//site.css"])
def test_a_static_file_has_one_address(client: CheckingClient, app: Flask, name: str) -> None:
    revision = app.extensions["static_revision"]
    assert client.get(f"/static/{revision}/css/site.css").status_code == 200
    assert client.get(f"/static/{revision}/{name}").status_code in (308, 404)


def test_a_static_file_is_compressed_once_and_kept_for_ever(
    app: Flask, client: CheckingClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"/static/{app.extensions['static_revision']}/css/site.css"
    first = client.get(path, headers=MODERN)
    assert first.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert (path, "") in kept_keys(app)
    monkeypatch.setattr(finished, "compress", lambda *_, **__: pytest.fail("compressed anew"))
    assert client.get(path, headers=MODERN).headers["Content-Encoding"] == "br"


@pytest.mark.usefixtures("patience")
def test_who_waited_for_a_page_that_changed_meanwhile_makes_the_next(app: Flask) -> None:
    view, answers = Slowly(), list[str]()
    room = Room(app, view, kept())
    first = asking(room, answers)
    assert view.entered.wait(20)
    make_article()
    others = [asking(room, answers) for _ in range(3)]
    view.may_go_on.set()
    for thread in (first, *others):
        thread.join(20)
    assert room.get().text == "made"
    assert room.made <= 2
