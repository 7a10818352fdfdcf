"""Pictures in HTML: their sizes, the element that shows one, those of a text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pages import Page
from webapp.text.markup import render
from webapp.text.pictures import (
    Picture,
    crop_size,
    file_named,
    pictures_written,
    place_pictures,
    show_picture,
    show_pictures,
)

NAME = "0123456789abcdef" * 2
BOAT = Picture(f"{NAME}.webp", 1200, 800, 'A "teal" boat & a <pier>')


def test_a_picture_is_offered_in_every_size_that_is_not_above_its_own() -> None:
    page = Page(str(show_picture(BOAT, root="/paper", sizes="100vw")))
    (image,), (source,) = page.all("img"), page.all("source")
    stem = f"/paper/images/{NAME}"
    assert image.get("srcset") == f"{stem}-480.webp 480w, {stem}-960.webp 960w, {stem}.webp 1200w"
    assert source.get("srcset") == image.get("srcset", "").replace(".webp", ".avif")
    assert (source.get("type"), source.get("sizes"), image.get("sizes")) == (
        "image/avif",
        "100vw",
        "100vw",
    )
    assert image.get("src") == f"{stem}.webp"
    assert (image.get("width"), image.get("height")) == ("1200", "800")
    assert image.get("alt") == BOAT.alt


def test_what_is_seen_first_is_not_waited_with_and_everything_else_is() -> None:
    first = show_picture(BOAT, root="", sizes="1px", is_first=True)
    later = show_picture(BOAT, root="", sizes="1px")
    assert 'fetchpriority="high"' in first
    assert "loading" not in first
    assert 'loading="lazy"' in later
    assert "fetchpriority" not in later


def test_a_small_picture_has_one_size() -> None:
    small = Picture(BOAT.name, 480, 300)
    assert f'srcset="/images/{NAME}.webp 480w"' in show_picture(small, root="", sizes="1px")


def test_a_picture_in_a_text_is_shown_in_the_size_that_is_needed() -> None:
    html = place_pictures(
        render("One ![A *teal* boat](boat.jpg) here.", "markdown"),
        {"boat.jpg": Picture(BOAT.name, 1200, 800)}.get,
    )
    assert html == (
        f'<p>One <img src="/images/{NAME}.webp" alt="A teal boat" width="1200" height="800">'
        " here.</p>\n"
    )
    assert place_pictures(html, lambda _: None) == html
    shown = show_pictures(html, root="", sizes="1px")
    assert shown.startswith("<p>One <picture><source")
    assert show_pictures("<p>None</p>", root="", sizes="1px") == "<p>None</p>"


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ('<img src="https://cdn.example.org/a.png" alt="A &amp; b">', "<em>A &amp; b</em>"),
        ('<img src="gone.png">', ""),
        ('<img alt="<b>&quot;x&quot;">', "<em>&lt;b&gt;&#34;x&#34;</em>"),
        (f'<img src="/images/{NAME}-480.webp">', f'<img src="/images/{NAME}-480.webp">'),
    ],
)
def test_where_there_is_no_picture_its_words_stand(html: str, expected: str) -> None:
    assert place_pictures(html, lambda _: None) == expected


@pytest.mark.parametrize(
    "html",
    [
        f'<img src="/images/{NAME}.webp">',
        f'<img src="/images/{NAME}.webp" width="10" height="x">',
        '<img src="/images/other.webp" width="10" height="10">',
        "<img>",
    ],
)
def test_a_picture_of_unknown_size_is_left_as_it_was_written(html: str) -> None:
    assert show_pictures(html, root="", sizes="1px") == html


@pytest.mark.parametrize(
    ("place", "name"),
    [
        ("boat.png", "boat.png"),
        ("../a%20b.png?x=1#y", "../a b.png"),
        ("https://a.example.org/b.png", ""),
        ("//a.example.org/b.png", ""),
        ("/b.png", ""),
        ("data:image/png;base64,AA", ""),
        ("http://[", ""),
        ("a%00b", "ab"),
    ],
)
def test_a_file_is_what_a_relative_place_names(place: str, name: str) -> None:
    assert file_named(place) == name


def test_the_places_of_pictures_are_found_in_what_was_written() -> None:
    body = "![a](x.png) ![b](<y.png> \"t\") <IMG alt=1 SRC='z.png'> [no](n.png)"
    assert list(pictures_written(body)) == ["x.png", "y.png", "z.png"]
    assert list(pictures_written("No picture.")) == []


@given(st.text() | st.from_regex(r"(<img( (src|alt|width)=(\"[^\"]*\"|x))*>|.)*", fullmatch=True))
def test_any_text_with_pictures_stays_sanitised_html(text: str) -> None:
    html = render(text, "html")
    placed = place_pictures(html, lambda _: BOAT)
    assert "<script" not in show_pictures(placed, root="", sizes="1px")
    assert render(placed, "html") == placed or "<img" in placed


@pytest.mark.parametrize(
    ("shape", "size", "cropped"),
    [
        ("16x9", (1600, 1200), (1200, 675)),
        ("16x9", (1600, 600), (1066, 599)),
        ("1x1", (800, 450), (450, 450)),
        ("4x3", (1, 900), (1, 1)),
    ],
)
def test_a_crop_is_never_larger_than_its_picture(
    shape: str, size: tuple[int, int], cropped: tuple[int, int]
) -> None:
    assert crop_size(shape, *size) == cropped
