"""The operator's colours, logo and links, in the pages and files of the site."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from flask import Flask
from PIL import Image

from tests.text.test_colours import every_kind_of_colour
from webapp.errors import SettingsInvalid
from webapp.services import dressing
from webapp.services.dressing import dress, shades_of
from webapp.settings import Settings
from webapp.text.colours import contrast

CSS = (dressing.STATIC / "css" / "site.css").read_text()


def test_whatever_the_accent_text_in_it_and_on_it_can_be_read_in_both_themes() -> None:
    for accent in every_kind_of_colour():
        shades = shades_of(accent)
        for background in dressing.LIGHT:
            assert contrast(shades.light, background) >= 4.5
            assert contrast(shades.strong_light, background) >= 7
        for background in dressing.DARK:
            assert contrast(shades.dark, background) >= 4.5
            assert contrast(shades.strong_dark, background) >= 7
        for shade in (shades.light, shades.strong_light):
            assert contrast(shade, dressing.ON_LIGHT) >= 4.5
        for shade in (shades.dark, shades.strong_dark):
            assert contrast(shade, dressing.ON_DARK) >= 4.5


def token(name: str) -> tuple[str, str]:
    found = re.search(rf"--{name}: light-dark\((#\w+), (#\w+)\)", CSS)
    assert found
    return found[1], found[2]


def test_the_backgrounds_are_those_of_the_stylesheet() -> None:
    assert tuple(token(name)[0] for name in ("paper", "tint", "mark")) == dressing.LIGHT
    assert {*dressing.DARK} == {token(n)[1] for n in ("paper", "tint", "on-accent", "mark")}
    assert token("on-accent") == (dressing.ON_LIGHT, dressing.ON_DARK)


def test_the_stylesheets_own_colours_can_be_read_in_both_themes() -> None:
    for side in (0, 1):
        paper, tint = token("paper")[side], token("tint")[side]
        for ink in ("ink", "soft", "faint", "accent", "alarm"):
            assert contrast(token(ink)[side], paper) >= 4.5
            assert contrast(token(ink)[side], tint) >= 4.5
        # Edges of fields and buttons (WCAG 2.2, 1.4.11).
        assert contrast(token("edge")[side], paper) >= 3


def test_the_accent_reaches_stylesheet_and_icons(settings: Settings) -> None:
    plain, dressed = dress(settings), dress(replace(settings, accent="#8b1e3f"))
    assert "css/site.css" not in plain.files
    assert "#8b1e3f" in dressed.files["css/site.css"].decode()
    assert dressed.files["css/site.css"].startswith(CSS.encode())
    icon = dressed.files["favicon.svg"].decode()
    assert "#8b1e3f" in icon
    assert "#0b5f47" not in icon
    for name in ("icons/192.png", "icons/512-maskable.png"):
        with Image.open(BytesIO(dressed.files[name])) as picture:
            assert picture.convert("RGB").getpixel((1, 1)) == (0x8B, 0x1E, 0x3F)
            assert f"{picture.width}" in name


def test_pages_use_the_dressed_files(
    settings: Settings, make_app: Callable[[Settings], Flask]
) -> None:
    client = make_app(replace(settings, accent="#8b1e3f")).test_client()
    address = next(
        a.get("href", "") for a in client.page("/").all("link") if a.get("rel") == "stylesheet"
    )
    response = client.get(address)
    assert "#8b1e3f" in response.text
    assert response.mimetype == "text/css"
    assert "immutable" in response.headers["Cache-Control"]


def test_the_script_is_one_file_of_all_its_parts(settings: Settings) -> None:
    script = dress(settings).files["js/site.js"].decode()
    for name in dressing.SCRIPT:
        assert (dressing.STATIC / "js" / f"{name}.js").read_text() in script


def png(width: int, height: int) -> bytes:
    content = BytesIO()
    Image.new("RGBA", (width, height), "#8b1e3f80").save(content, "PNG")
    return content.getvalue()


def with_logo(settings: Settings, name: str, content: bytes) -> Settings:
    settings.data.mkdir(exist_ok=True)
    (settings.data / name).write_bytes(content)
    return replace(settings, logo=name)


def test_a_logo_stands_for_the_name_and_says_it(
    settings: Settings, make_app: Callable[[Settings], Flask]
) -> None:
    dressed = with_logo(settings, "logo.png", png(900, 300))
    client = make_app(dressed).test_client()
    for path in ("/", "/topics/"):
        logo = client.page(path).all("img", class_="logo")[0]
        assert (logo.get("alt"), logo.get("width"), logo.get("height")) == (
            settings.site_name,
            "720",
            "240",
        )
    response = client.get(logo.get("src"))
    assert response.mimetype == "image/webp"
    with Image.open(BytesIO(response.data)) as picture:
        assert picture.size == (720, 240)


def test_a_drawn_logo_is_made_safe(settings: Settings) -> None:
    drawing = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 10"><script/><rect/></svg>'
    dressed = dress(with_logo(settings, "Logo.SVG", drawing))
    assert dressed.logo == dressing.Logo("logo.svg", 960, 240)
    assert b"script" not in dressed.files["logo.svg"]
    assert b"rect" in dressed.files["logo.svg"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("none.png", None),
        ("text.png", b"not a picture"),
        ("text.svg", b"not a drawing"),
        ("large.png", b"\0" * 2_000_001),
        ("wide.png", png(5000, 4001)),
    ],
)
def test_a_logo_that_is_none_is_told_with_what_to_give(
    settings: Settings, name: str, content: bytes | None
) -> None:
    settings.data.mkdir(exist_ok=True)
    if content is not None:
        (settings.data / name).write_bytes(content)
    with pytest.raises(SettingsInvalid, match=r"BROADSHEET_LOGO: .*\."):
        dress(replace(settings, logo=name))


def test_a_logo_may_stand_anywhere(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "elsewhere.png").write_bytes(png(30, 10))
    logo = dress(replace(settings, logo=str(tmp_path / "elsewhere.png"))).logo
    assert logo == dressing.Logo("logo.webp", 30, 10)


def test_the_operators_links_stand_in_the_footer(
    settings: Settings, make_app: Callable[[Settings], Flask]
) -> None:
    links = (("Imprint", "https://example.org/imprint"), ("Mail", "mailto:desk@example.org"))
    page = make_app(replace(settings, footer_links=links)).test_client().page("/")
    footer = page.root.find(".//footer")
    shown = [(a.text, a.get("href")) for a in footer.iter("a")]
    assert shown[-2:] == list(links)
