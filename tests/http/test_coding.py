"""Content codings: what a client likes best, and texts compressed on their way out."""

from __future__ import annotations

import gzip

import brotli
import pytest
import zstandard
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from tests.factories import make_article
from tests.pages import CheckingClient
from webapp.http.assets import static_url
from webapp.http.coding import FASTEST_FIRST, SMALLEST_FIRST, choose, compress
from webapp.settings import ROOT


@pytest.mark.parametrize(
    ("accepted", "chosen"),
    [
        ("", "identity"),
        ("gzip", "gzip"),
        ("x-gzip", "gzip"),
        ("GZIP, Deflate", "gzip"),
        ("deflate", "identity"),
        ("gzip, deflate, br, zstd", "br"),
        ("gzip;q=1.0, br;q=0.5", "gzip"),
        ("br;q=0, gzip", "gzip"),
        ("br ; q=0.0 , *", "zstd"),
        ("*", "br"),
        ("*;q=0", "identity"),
        ("gzip;q=0.5, identity", "identity"),
        ("identity;q=0.5, gzip;q=0.5", "gzip"),
        ("identity;q=0, gzip;q=0", "identity"),
        ("gzip;q=x", "identity"),
        ("gzip;q=nan", "identity"),
        (",;,q=1", "identity"),
    ],
)
def test_the_coding_is_the_one_a_client_likes_best(accepted: str, chosen: str) -> None:
    assert choose(accepted, SMALLEST_FIRST) == chosen


@given(st.text(alphabet="brgziptde*;q=0.19, -", max_size=60))
def test_whatever_a_client_says_a_coding_is_found(accepted: str) -> None:
    assert choose(accepted, FASTEST_FIRST) in ("identity", *FASTEST_FIRST)


@pytest.mark.parametrize("thoroughly", [True, False])
def test_what_is_compressed_is_read_again(thoroughly: bool) -> None:
    plain = ("Numbers and words, " * 100).encode()
    read = {
        "br": brotli.decompress,
        "zstd": zstandard.ZstdDecompressor().decompress,
        "gzip": gzip.decompress,
    }
    for coding, decompress in read.items():
        packed = compress(coding, plain, thoroughly=thoroughly)
        assert len(packed) < len(plain) / 4
        assert decompress(packed) == plain
        assert compress(coding, plain, thoroughly=thoroughly) == packed


@pytest.mark.parametrize(
    "path", ["/search?q=body", "/search.json?q=body", "/no-such-page", "/search.atom?q=body", "/"]
)
def test_every_text_goes_out_compressed(client: CheckingClient, path: str) -> None:
    make_article(slug="a")
    plain = client.get(path)
    packed = client.get(path, headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert int(packed.headers["Content-Length"]) == len(packed.data) < len(plain.data)
    assert "Accept-Encoding" in packed.headers["Vary"]
    assert "Accept-Encoding" in plain.headers["Vary"]
    if "took_ms" not in plain.text:
        assert gzip.decompress(packed.data) == plain.data


def test_a_compressed_answer_that_is_known_is_not_sent_again(client: CheckingClient) -> None:
    make_article(slug="a")
    wants = {"Accept-Encoding": "gzip"}
    first = client.get("/search?q=body", headers=wants)
    known = {**wants, "If-None-Match": first.headers["ETag"]}
    again = client.get("/search?q=body", headers=known)
    assert (again.status_code, again.data) == (304, b"")


def test_short_texts_and_pictures_go_out_as_they_are(app: Flask, client: CheckingClient) -> None:
    wants = {"Accept-Encoding": "gzip"}
    assert "Content-Encoding" not in client.get("/healthz", headers=wants).headers


def test_a_part_of_a_file_is_a_part_of_the_file_itself(app: Flask, client: CheckingClient) -> None:
    with app.test_request_context():
        address = static_url("css/site.css")
    part = client.get(address, headers={"Accept-Encoding": "gzip", "Range": "bytes=0-9"})
    assert (part.status_code, "Content-Encoding" in part.headers) == (206, False)
    assert part.data == (ROOT / "static/css/site.css").read_bytes()[:10]


def test_styles_and_scripts_stay_within_what_they_may_weigh(
    app: Flask, client: CheckingClient
) -> None:
    """12 kB for the one stylesheet, 10 for all scripts together, 1 for the one that blocks."""
    page = client.page("/")
    scripts = [s.get("src", "") for s in page.all("script") if s.get("src")]
    styles = [link.get("href", "") for link in page.all("link", rel="stylesheet")]
    weights = {
        path: len(client.get(path, headers={"Accept-Encoding": "br"}).data)
        for path in (*scripts, *styles)
    }
    blocking = [s.get("src", "") for s in page.all("script") if s.get("type") != "module"]
    assert len(styles) == 1
    assert weights[styles[0]] < 12_000
    assert sum(weights[path] for path in scripts) < 10_000
    assert sum(weights[path] for path in blocking if path) < 1_000
