"""A finished answer: its bytes in every coding that was asked for, and the headers of each."""

from __future__ import annotations

import hashlib
import threading
from typing import NamedTuple

from werkzeug.http import parse_set_header

from webapp.http.coding import IDENTITY, WORTH_BYTES, compress, is_text
from webapp.http.negotiating import Form as Wanted

# What a page weighs besides its bytes: headers, lists, the object itself.
OVERHEAD_BYTES = 4_000
# By these a kept page may vary.
VARY_KNOWN = {"accept-encoding", "accept"}
# Set anew for each form of a page, or by the server for each answer.
OWN_HEADERS = {"content-length", "etag", "last-modified", "vary", "content-encoding", "date"}

Headers = list[tuple[str, str]]


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
