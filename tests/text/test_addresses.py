"""Facts about web addresses."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webapp.text.addresses import domain_of, is_web_address


@pytest.mark.parametrize(
    ("url", "domain"),
    [
        ("https://harbour.example.org/story/1?a=b#c", "harbour.example.org"),
        ("http://www.Harbour.Example.org:8080/", "harbour.example.org"),
        ("https://harbour.example.org./", "harbour.example.org"),
        ("https://[2001:db8::1]/x", "2001:db8::1"),
        ("HTTPS://user@Harbour.example.org", "harbour.example.org"),
        (f"https://{'a' * 300}.example.org/", "a" * 255),
    ],
)
def test_the_domain_of_a_web_address_is_its_bare_host(url: str, domain: str) -> None:
    assert is_web_address(url)
    assert domain_of(url) == domain


@pytest.mark.parametrize(
    "url",
    [
        "",
        "harbour.example.org",
        "//harbour.example.org/",
        "ftp://harbour.example.org/",
        "javascript:alert(1)",
        "https://",
        "https:///path",
        "https://two words.example.org/",
        "https://harbour.example.org/\n",
        "http://[broken",
        "https://harbour.example.org/" + "é" * 1000,
    ],
)
def test_anything_else_is_no_web_address_and_has_no_domain(url: str) -> None:
    assert not is_web_address(url)
    assert domain_of(url) == ""


@settings(deadline=None)
@given(st.text() | st.text().map("https://".__add__))
def test_no_text_breaks_it(url: str) -> None:
    assert bool(domain_of(url)) <= is_web_address(url)
