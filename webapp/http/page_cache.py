"""The page cache: finished bytes of pages that are the same for everyone, before Flask is asked.

A page that a view has declared as kept is made for a request that has its path and the
parameters the view reads, and nothing else of the reader's: no cookie, no other header. Its
bytes go out until the site's revision is another. Validators by RFC 9110, sections 8.8 and 13;
where nothing is declared, everything passes as it came.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Iterable
from contextlib import suppress
from io import BytesIO
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit

from flask import Flask
from werkzeug.exceptions import HTTPException
from werkzeug.http import parse_date, parse_etags, parse_set_header
from werkzeug.wsgi import get_path_info

from webapp.extensions import Revision, Site
from webapp.http.caching import reads_of
from webapp.http.coding import (
    FASTEST_FIRST,
    IDENTITY,
    SMALLEST_FIRST,
    WORTH_BYTES,
    choose,
    compress,
    is_text,
)
from webapp.http.negotiating import Form as Wanted
from webapp.http.negotiating import form_wanted
from webapp.http.security import is_own_host

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# What a page weighs besides its bytes: headers, lists, the object itself.
OVERHEAD_BYTES = 4_000
# So long after a change a page of before may go out while its successor is being made.
STALE_SECONDS = 0.4
# Who waits longer for another's page makes it himself.
PATIENCE_SECONDS = 10
HOSTS_KNOWN = 50
# By these a kept page may vary: we choose the one, and let who wants another form pass.
VARY_KNOWN = {"accept-encoding", "accept"}
# Set anew for each form of a page.
OWN_HEADERS = {"content-length", "etag", "last-modified", "vary", "content-encoding"}
# What of a request's environment is the server's word and not the reader's.
SERVERS_WORD = (
    "SCRIPT_NAME PATH_INFO SERVER_NAME SERVER_PORT SERVER_PROTOCOL "
    "wsgi.version wsgi.errors wsgi.multithread wsgi.multiprocess wsgi.run_once"
).split()

Headers = list[tuple[str, str]]
Key = tuple[str, str, str]


class Form(NamedTuple):
    """A page in one coding: its bytes, and headers as (unchanged, last modified) call for them."""

    coding: str
    etag: str
    body: bytes
    heads: dict[tuple[bool, str], Headers]


class Page:
    """A finished answer, in every coding that was asked for; one that is kept has a tag."""

    __slots__ = (
        "etag",
        "forms",
        "headers",
        "lock",
        "plain",
        "size",
        "status",
        "suits",
        "tag",
        "vary",
    )

    def __init__(self, status: str, headers: Headers, plain: bytes) -> None:
        """Take what the application answered."""
        self.status = status
        self.plain = plain
        given = {name.lower(): value for name, value in headers}
        self.headers = [each for each in headers if each[0].lower() not in OWN_HEADERS]
        self.etag = given.get("etag", "").removeprefix("W/").strip('"')
        if not self.etag and self.is_ok:
            self.etag = hashlib.sha256(plain).hexdigest()[:32]
        self.vary = given.get("vary", "")
        self.suits = self._suits(given.get("content-type", ""))
        self.tag: object = None
        self.lock = threading.Lock()
        self.forms: dict[str, Form] = {}
        self.size = self.weigh()

    def _suits(self, content_type: str) -> frozenset[Wanted] | None:
        """Give the forms for which it is the answer, made for who said nothing; None for all."""
        if "accept" not in parse_set_header(self.vary):
            return None
        is_page = content_type.startswith("text/html")
        return frozenset({Wanted.ANY, Wanted.PAGE} if is_page else {Wanted.ANY})

    @property
    def is_ok(self) -> bool:
        """Whether it is a whole page, and no error."""
        return self.status.startswith("200")

    def header(self, name: str) -> str:
        """Give a header, empty where it is not set."""
        return next((value for each, value in self.headers if each.lower() == name), "")

    def may_be_kept(self) -> bool:
        """Whether it is a whole page for everyone; the last word, whatever a view has declared."""
        said = {part.partition("=")[0].strip() for part in self.header("cache-control").split(",")}
        return (
            self.is_ok
            and "public" in said
            and not said & {"private", "no-store", "no-cache"}
            and {name.lower() for name in parse_set_header(self.vary)} <= VARY_KNOWN
            and not self.header("set-cookie")
        )

    def make_form(self, coding: str) -> Form:
        """Give the page in a coding; plain where that is as short."""
        plain = Form(IDENTITY, f'"{self.etag}"', self.plain, {})
        too_small = len(self.plain) < WORTH_BYTES
        if coding == IDENTITY or too_small or not is_text(self.header("content-type")):
            return plain
        often = "immutable" in self.header("cache-control")
        body = compress(coding, self.plain, thoroughly=often)
        if len(body) >= len(self.plain):
            return plain
        return Form(coding, f'"{self.etag}-{coding}"', body, {})

    def weigh(self) -> int:
        """Give the memory that it takes, in bytes; what is plain is there once."""
        coded = sum(len(form.body) for form in self.forms.values() if form.coding != IDENTITY)
        return len(self.plain) + coded + OVERHEAD_BYTES

    def head(self, form: Form, unchanged: bool, last_modified: str) -> Headers:
        """Give the headers of a form, or those of a 304 for it (RFC 9110, section 15.4.5)."""
        own = [(n, v) for n, v in self.headers if not (unchanged and n.lower() == "content-type")]
        if not unchanged:
            own.append(("Content-Length", str(len(form.body))))
        if not unchanged and form.coding != IDENTITY:
            own.append(("Content-Encoding", form.coding))
        if self.etag:
            own.append(("ETag", form.etag))
        if last_modified:
            own.append(("Last-Modified", last_modified))
        if self.vary:
            own.append(("Vary", self.vary))
        form.heads[unchanged, last_modified] = own
        return own


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
        if not self._may_answer(environ):
            return self._inner(environ, start_response)
        query = environ.get("QUERY_STRING", "")
        reads = self._reads(environ) if query else ()
        query = _meant(query, reads) if query and reads else ""
        key = (environ.get("SCRIPT_NAME", ""), environ.get("PATH_INFO", ""), query)
        page = self._pages.get(key)
        if reads is None or (page is None and self._reads(environ) is None):
            return self._inner(environ, start_response)
        revision = self._site.revisions()
        if revision is None:
            return self._inner(environ, start_response)
        if page is None or page.tag != revision.tag:
            page = self._page(key, environ, revision)
        else:
            # Another thread may just have thrown it out.
            with suppress(KeyError):
                self._pages.move_to_end(key)
        if page.suits and form_wanted(environ.get("HTTP_ACCEPT", "")) not in page.suits:
            return self._inner(environ, start_response)
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
        """Give the page of this revision: one thread makes it, for all others that want it."""
        with self._lock:
            old = self._pages.get(key)
            if old is not None and old.tag == revision.tag:
                return old
            made = self._making.get(key)
            if made is None:
                mine = self._making[key] = threading.Event()
        if made is not None:
            if old is not None and time.monotonic() < revision.known_since + STALE_SECONDS:
                return old
            made.wait(PATIENCE_SECONDS)
            kept = self._pages.get(key)
            # What could not be kept, or failed, everyone makes for himself.
            return kept if kept and kept.tag == revision.tag else self._make(key, environ)
        try:
            page = self._make(key, environ)
            return self._keep(key, page, revision) if page.may_be_kept() else page
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
        """Keep a page, of which the revision was read before it was made.

        One that turned out as it was before keeps the forms it has.
        """
        with self._lock:
            old = self._pages.get(key)
            if old is not None and (old.plain, old.headers) == (page.plain, page.headers):
                page.forms = {c: form._replace(heads={}) for c, form in dict(old.forms).items()}
            page.tag, page.size = revision.tag, page.weigh()
            if page.size * 8 <= self._limit:
                self._bytes += page.size - (old.size if old is not None else 0)
                self._pages[key] = page
                self._pages.move_to_end(key)
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


def _meant(query: str, reads: tuple[str, ...]) -> str:
    """Give the part of a query that a view reads, always written in the same way."""
    said = dict(reversed(parse_qsl(query, keep_blank_values=True)))
    return urlencode([(name, said[name]) for name in reads if name in said])


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
