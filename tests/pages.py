"""The checking client: every HTML answer has to be well made, whatever the test asks of it."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any
from xml.etree.ElementTree import Element

import html5lib
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

SECURITY_HEADERS = {
    "Content-Security-Policy",
    "Cross-Origin-Opener-Policy",
    "Permissions-Policy",
    "Referrer-Policy",
    "X-Content-Type-Options",
    "X-Frame-Options",
}


class CheckingClient(FlaskClient):
    """A client that asserts on each answer what must hold on all of them."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        kwargs.setdefault("buffered", True)
        response = super().open(*args, **kwargs)
        assert all(len(response.headers.getlist(name)) == 1 for name in SECURITY_HEADERS)
        assert "Set-Cookie" not in response.headers, "readers get no cookie"
        assert "Cache-Control" in response.headers
        is_page = response.status_code < 300 or response.status_code >= 400
        is_plain = response.content_encoding is None
        if response.mimetype == "text/html" and response.data and is_page and is_plain:
            Page(response.text).check(response)
        return response

    def page(self, *args: Any, status: int = 200, **kwargs: Any) -> Page:
        """Get a page that has to answer with the status."""
        return self.page_of(self.get(*args, **kwargs), status)

    def page_of(self, response: TestResponse, status: int) -> Page:
        """Read a page that has to have the status."""
        assert response.status_code == status, response.text[:500]
        return Page(response.text)


class Page:
    """An HTML page as a browser reads it."""

    def __init__(self, html: str) -> None:
        self.html = html
        self.root: Element = html5lib.parse(html, namespaceHTMLElements=False)

    @property
    def text(self) -> str:
        """All text of the page, white space folded."""
        return " ".join("".join(self.root.find("body").itertext()).split())

    @property
    def main(self) -> str:
        """The text of the main part, white space folded."""
        return " ".join("".join(self.root.find(".//main").itertext()).split())

    def all(self, tag: str, **attributes: str) -> list[Element]:
        """All elements of a tag with these attributes; class_ means one of the classes."""
        return [
            element
            for element in self.root.iter(tag)
            if all(
                value in element.get("class", "").split()
                if name == "class_"
                else element.get(name) == value
                for name, value in attributes.items()
            )
        ]

    def links(self, within: str = "main") -> list[str]:
        """The addresses that a part of the page links to."""
        return [a.get("href", "") for a in self.root.find(f".//{within}").iter("a")]

    def words(self, tag: str, **attributes: str) -> list[str]:
        """The text of each such element, white space folded."""
        return [" ".join("".join(e.itertext()).split()) for e in self.all(tag, **attributes)]

    def check(self, response: TestResponse) -> None:
        assert self.html.lstrip().lower().startswith("<!doctype html>")
        assert self.root.get("lang")
        assert len(self.all("h1")) == 1, "a page has one h1"
        assert self.words("title")[0]
        assert len(self.all("main")) == 1
        self._check_ids()
        self._check_forms()
        self._check_policy()
        assert all(image.get("alt") is not None for image in self.all("img"))
        if response.status_code >= 400:
            assert "Traceback" not in self.html

    def _check_ids(self) -> None:
        ids = [element.get("id") for element in self.root.iter() if element.get("id")]
        assert [id for id, n in Counter(ids).items() if n > 1] == [], "ids are unique"
        for a in self.all("a"):
            href = a.get("href", "")
            assert not (href.startswith("#") and href[1:] not in ids), f"{href} leads nowhere"

    def _check_forms(self) -> None:
        labels = {label.get("for") for label in self.all("label")}
        for form in self.all("form"):
            assert form.get("action"), "a form says where it goes"
            for field in [*form.iter("input"), *form.iter("select"), *form.iter("textarea")]:
                if field.get("type") in ("hidden", "submit"):
                    continue
                assert field.get("id") in labels or field.get("aria-label"), "a field has a label"

    def _check_policy(self) -> None:
        for element in self.root.iter():
            assert element.get("style") is None, "the policy forbids inline style"
            assert not [name for name in element.attrib if name.startswith("on")]
        assert not self.all("style")
        for script in self.all("script"):
            src = script.get("src")
            assert script.get("type") == "application/ld+json" or (src or "").startswith("/")
        for tag, attribute in (
            ("img", "src"),
            ("link", "href"),
            ("script", "src"),
            ("form", "action"),
        ):
            for element in self.all(tag):
                address = element.get(attribute, "")
                third_party = re.match(r"(https?:)?//", address)
                assert not third_party or element.get("rel") == "canonical", address
