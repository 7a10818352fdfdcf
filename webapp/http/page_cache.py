"""The page cache: finished bytes of pages that are the same for everyone, before Flask is asked.

A page that a view has declared as kept is made for a request that has its path, the
parameters the view reads and the form that is wanted, and nothing else of the reader's: no
cookie, no other header. Its bytes go out until the site's revision is another. Validators by
RFC 9110, sections 8.8 and 13; where nothing is declared, everything passes as it came.
Each process keeps its own: of those that want a page of one process, one makes it.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Iterable
from contextlib import suppress
from io import BytesIO
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit

from flask import Flask
from werkzeug.exceptions import HTTPException
from werkzeug.http import parse_date, parse_etags
from werkzeug.wsgi import get_path_info

from webapp.extensions import Revision, Site
from webapp.http.caching import reads_of
from webapp.http.coding import FASTEST_FIRST, SMALLEST_FIRST, choose
from webapp.http.finished import Form, Headers, Page
from webapp.http.negotiating import ACCEPTING, form_wanted
from webapp.http.negotiating import Form as Wanted
from webapp.http.security import is_own_host

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# So long after a change a page of before may go out while its successor is being made.
STALE_SECONDS = 0.4
# Who waits longer for another's page makes it himself.
PATIENCE_SECONDS = 10
HOSTS_KNOWN = 50
# What of a request's environment is the server's word and not the reader's.
SERVERS_WORD = (
    "SCRIPT_NAME PATH_INFO SERVER_NAME SERVER_PORT SERVER_PROTOCOL "
    "wsgi.version wsgi.errors wsgi.multithread wsgi.multiprocess wsgi.run_once"
).split()

FIRST_PAGE = ("page", "1")
DATES = ("HTTP_IF_MODIFIED_SINCE", "HTTP_IF_UNMODIFIED_SINCE", "HTTP_IF_RANGE")

Key = tuple[str, str, str, Wanted]


class PageCache:
    """Answers from what is kept, lets the application make what is not, passes on all else."""

    def __init__(self, app: Flask, inner: WSGIApplication) -> None:
        self._app = app
        self._inner = inner
        self._site: Site = app.extensions["broadsheet"]
        self._limit = 0 if app.debug else self._site.settings.page_cache_mb * 1024 * 1024
        # What is kept goes out often: then it pays to make it small.
        self._codings = SMALLEST_FIRST if self._limit else FASTEST_FIRST
        self._lock = threading.Lock()
        self._pages: OrderedDict[Key, Page] = OrderedDict()
        self._bytes = 0
        self._making: dict[Key, threading.Event] = {}
        self._hosts: set[str] = set()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        _forget_false_dates(environ)
        if not self._may_answer(environ):
            return self._inner(environ, start_response)
        query = environ.get("QUERY_STRING", "")
        reads = self._reads(environ) if query else ()
        query = _meant(query, reads) if query and reads else ""
        key = (environ.get("SCRIPT_NAME", ""), environ.get("PATH_INFO", ""), query, Wanted.ANY)
        if reads is None or (key not in self._pages and self._reads(environ) is None):
            return self._inner(environ, start_response)
        revision = self._site.revisions()
        if revision is None:
            return self._inner(environ, start_response)
        page = self._page(key, environ, revision)
        if page.suits and (wanted := form_wanted(environ.get("HTTP_ACCEPT", ""))) not in page.suits:
            key = (*key[:3], wanted)
            page = self._page(key, environ, revision)
        last_modified = revision.last_modified if page.tag == revision.tag else ""
        return self._answer(key, page, last_modified, environ, start_response)

    def _may_answer(self, environ: WSGIEnvironment) -> bool:
        """Whether a request is one that a kept page could be the answer to."""
        return (
            environ.get("REQUEST_METHOD") in ("GET", "HEAD")
            and (environ.get("HTTP_HOST") in self._hosts or self._is_ours(environ))
            and "HTTP_AUTHORIZATION" not in environ
            and "HTTP_RANGE" not in environ
            and "HTTP_IF_MATCH" not in environ
            and "HTTP_TRANSFER_ENCODING" not in environ
            and environ.get("CONTENT_LENGTH", "") in ("", "0")
        )

    def _is_ours(self, environ: WSGIEnvironment) -> bool:
        host = environ.get("HTTP_HOST", "")
        if not is_own_host(host, self._site.settings.hosts):
            return False
        if len(self._hosts) < HOSTS_KNOWN:
            self._hosts.add(host)
        return True

    def _reads(self, environ: WSGIEnvironment) -> tuple[str, ...] | None:
        """Give the parameters that the view of this path reads; None where it is not kept."""
        routes = self._app.url_map.bind("", script_name=environ.get("SCRIPT_NAME", ""))
        try:
            endpoint, _ = routes.match(get_path_info(environ), "GET")
        except HTTPException:
            return None
        return reads_of(self._app.view_functions[endpoint])

    def _page(self, key: Key, environ: WSGIEnvironment, revision: Revision) -> Page:
        """Give the page of this revision: the one that is kept, or one made now."""
        page = self._pages.get(key)
        if page is None or page.tag != revision.tag:
            return self._page_made(key, environ, revision)
        # Another thread may just have thrown it out.
        with suppress(KeyError):
            self._pages.move_to_end(key)
        return page

    def _page_made(self, key: Key, environ: WSGIEnvironment, revision: Revision) -> Page:
        """Make a page: one thread does, for all others that want it."""
        with self._lock:
            old = self._pages.get(key)
            if old is not None and old.tag == revision.tag:
                return old
            made = self._making.get(key)
            if made is None:
                mine = self._making[key] = threading.Event()
        if made is not None:
            if old is not None and _is_of_just_before(old, revision):
                return old
            made.wait(PATIENCE_SECONDS)
            kept = self._pages.get(key)
            revision = self._site.revisions() or revision
            if kept and kept.tag != revision.tag:
                # Something changed while it was made: one who waited makes the next.
                return self._page_made(key, environ, revision)
            # What could not be kept, or failed, everyone makes for himself.
            return kept or self._make(key, environ)
        try:
            page = self._make(key, environ)
            return self._keep(key, page, revision)
        finally:
            with self._lock:
                del self._making[key]
            mine.set()

    def _make(self, key: Key, environ: WSGIEnvironment) -> Page:
        """Let the application make a page for nobody in particular."""
        address = urlsplit(self._site.settings.site_url)
        asked: WSGIEnvironment = {
            name: value for name, value in environ.items() if name in SERVERS_WORD
        }
        asked |= {"REQUEST_METHOD": "GET", "QUERY_STRING": key[2], "HTTP_HOST": address.netloc}
        asked |= {"wsgi.url_scheme": address.scheme, "wsgi.input": BytesIO()}
        asked["HTTP_ACCEPT"] = ACCEPTING[key[3]]
        told: list[tuple[str, Headers]] = []
        chunks: list[bytes] = []

        def start(status: str, headers: Headers, _problem: object = None) -> object:
            told.append((status, headers))
            return chunks.append

        answer = self._inner(asked, start)  # type: ignore[arg-type]
        try:
            chunks.extend(answer)
        finally:
            if hasattr(answer, "close"):
                answer.close()
        return Page(*told[-1], b"".join(chunks))

    def _keep(self, key: Key, page: Page, revision: Revision) -> Page:
        """Keep a page that may be, of which the revision was read before it was made.

        One that turned out as it was before keeps the forms it has. What was kept before goes
        in any case: an article that was withdrawn must not come back.
        """
        with self._lock:
            old = self._pages.pop(key, None)
            self._bytes -= old.size if old is not None else 0
            if not page.may_be_kept():
                return page
            if old is not None and (old.plain, old.headers) == (page.plain, page.headers):
                page.forms = {c: form._replace(heads={}) for c, form in dict(old.forms).items()}
            page.tag, page.size = revision.tag, page.weigh()
            if page.size * 8 <= self._limit:
                self._bytes += page.size
                self._pages[key] = page
                self._throw_out()
        return page

    def _throw_out(self) -> None:
        """Let those go that were not asked for the longest time, down to what may be used."""
        while self._bytes > self._limit:
            _, page = self._pages.popitem(last=False)
            self._bytes -= page.size

    def _form(self, key: Key, page: Page, coding: str) -> Form:
        """Give a page in a coding, made once, when it is first wanted."""
        with page.lock:
            if coding not in page.forms:
                form = page.make_form(coding)
                with self._lock:
                    page.forms[coding] = form
                    before, page.size = page.size, page.weigh()
                    if self._pages.get(key) is page:
                        self._bytes += page.size - before
                        self._throw_out()
            return page.forms[coding]

    def _answer(
        self,
        key: Key,
        page: Page,
        last_modified: str,
        environ: WSGIEnvironment,
        start_response: StartResponse,
    ) -> Iterable[bytes]:
        coding = choose(environ.get("HTTP_ACCEPT_ENCODING", ""), self._codings)
        form = page.forms.get(coding) or self._form(key, page, coding)
        unchanged = page.is_ok and _is_unchanged(environ, form.etag, last_modified)
        head = form.heads.get((unchanged, last_modified))
        if head is None:
            head = page.head(form, unchanged, last_modified)
        # The server may change the list it is given (PEP 3333).
        start_response("304 NOT MODIFIED" if unchanged else page.status, head[:])
        return () if unchanged or environ.get("REQUEST_METHOD") == "HEAD" else (form.body,)


def attach(app: Flask) -> None:
    """Put the cache before everything else; for when all else is there."""
    app.wsgi_app = PageCache(app, app.wsgi_app)  # type: ignore[method-assign]


def _is_of_just_before(page: Page, revision: Revision) -> bool:
    """Whether a page was right a moment ago."""
    is_new = time.monotonic() < revision.known_since + STALE_SECONDS
    return is_new and page.tag == revision.previous_tag


def _meant(query: str, reads: tuple[str, ...]) -> str:
    """Give the part of a query that a view reads, always written in the same way."""
    said = dict(reversed(parse_qsl(query, keep_blank_values=True)))
    meant = [(name, said[name]) for name in reads if name in said]
    return urlencode([each for each in meant if each != FIRST_PAGE])


def _forget_false_dates(environ: WSGIEnvironment) -> None:
    """Take away conditions whose date cannot be one; they mean nothing (RFC 9110, 13.1.3)."""
    for name in DATES:
        # Years that no calendar has overflow.
        try:
            parse_date(environ.get(name))
        except OverflowError:
            environ.pop(name)


def _is_unchanged(environ: WSGIEnvironment, etag: str, last_modified: str) -> bool:
    """Whether the client has the page already (RFC 9110, sections 13.1.2, 13.1.3 and 13.2.2)."""
    known = environ.get("HTTP_IF_NONE_MATCH")
    if known is not None:
        return known == etag or parse_etags(known).contains_weak(etag.strip('"'))
    since = environ.get("HTTP_IF_MODIFIED_SINCE")
    if since is None or not last_modified:
        return False
    if since == last_modified:
        return True
    known_at, modified_at = parse_date(since), parse_date(last_modified)
    return known_at is not None and modified_at is not None and modified_at <= known_at
