"""The site's look as the operator's settings make it: colours, logo, icons, the one script."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageDraw

from webapp.errors import SettingsInvalid
from webapp.services.illustrating import FORMATS, UNREADABLE
from webapp.settings import ROOT, Settings
from webapp.text.colours import darker, ink_on, lighter
from webapp.text.drawings import DrawingUnreadable, clean_svg

STATIC = ROOT / "static"
# Whatever text in the accent stands on; the same as in site.css, which a test compares.
LIGHT = ("#fbfbf8", "#f0f2ec", "#ffe78a")
DARK = ("#121513", "#1a1f1c", "#10201a", "#5d4f0c")
READABLE, STRONG = 4.5, 7.0  # WCAG 2.2, 1.4.3 and 1.4.6
ON_LIGHT, ON_DARK = "#ffffff", "#10201a"
# The parts of the page's script: the first is common ground, each other is a block of its own.
SCRIPT = ("device", "page", "comfort", "saving", "keys", "search", "proof")
LOGO_BYTES, LOGO_SIZE = 2_000_000, (1200, 240)
ICON_SIZES = (192, 512)
# The icon's sheet of newspaper, on a square of 32: left, top, right, bottom of each stroke.
STROKES = (
    (6, 6, 26, 11),
    (6, 13, 26, 14.5),
    (6, 18, 15, 20),
    (6, 22, 15, 24),
    (17, 18, 26, 26),
)


@dataclass(frozen=True, slots=True)
class Logo:
    """The operator's logo among the static files, and its size in pixels."""

    name: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Dress:
    """Static files that are made of the settings, by name, and the logo when there is one."""

    files: dict[str, bytes] = field(default_factory=dict)
    logo: Logo | None = None


@dataclass(frozen=True, slots=True)
class Shades:
    """One accent as text and background may have it; `strong` for readers who want contrast."""

    light: str
    dark: str
    strong_light: str
    strong_dark: str


def dress(settings: Settings) -> Dress:
    """Make the files that depend on settings. Raises SettingsInvalid for a logo that is none."""
    files = {"js/site.js": _script()}
    icon = (STATIC / "favicon.svg").read_text()
    if settings.accent != Settings.default("accent"):
        shades = shades_of(settings.accent)
        css = (STATIC / "css" / "site.css").read_text()
        files["css/site.css"] = (css + _tokens(settings.accent, shades)).encode()
        sheet, ink = icon.index("<style>"), icon.index("</style>")
        files["favicon.svg"] = (icon[:sheet] + _icon_style(shades) + icon[ink:]).encode()
    files.update(_icons(settings.accent))
    if not settings.logo:
        return Dress(files)
    logo, content = _logo(settings.data / Path(settings.logo).expanduser())
    return Dress({**files, logo.name: content}, logo)


def shades_of(accent: str) -> Shades:
    """Give shades of the accent that text can have, and text in paper's colour can stand on."""
    # In the dark a colour of middling lightness reads well and does not glare.
    return Shades(
        light=darker(accent, LIGHT, READABLE),
        dark=lighter(accent, DARK, READABLE),
        strong_light=darker(accent, ("#ffffff", *LIGHT), STRONG),
        strong_dark=lighter(accent, ("#000000", *DARK), STRONG),
    )


def _tokens(accent: str, shades: Shades) -> str:
    """Write the accent's tokens after those of the stylesheet, in the same layer."""
    usual = f"--brand:{accent};--accent:light-dark({shades.light},{shades.dark})"
    strong = f"--accent:light-dark({shades.strong_light},{shades.strong_dark})"
    more = f"@media (prefers-contrast: more){{:root{{{strong}}}}}"
    return f"\n@layer tokens{{:root{{{usual}}}{more}}}\n"


def _icon_style(shades: Shades) -> str:
    dark = f".sheet{{fill:{shades.dark}}}.ink{{fill:{ON_DARK}}}"
    light = f".sheet{{fill:{shades.light}}}.ink{{fill:{ON_LIGHT}}}"
    return f"<style>{light}@media (prefers-color-scheme: dark){{{dark}}}"


def _script() -> bytes:
    """Join the parts of the page's script: one file to fetch, each part with its own names."""
    first, *others = ((STATIC / "js" / f"{name}.js").read_text() for name in SCRIPT)
    return "".join([first, *(f"{{\n{part}}}\n" for part in others)]).encode()


def _icons(accent: str) -> Iterator[tuple[str, bytes]]:
    """Draw the icons of the installed site: plain, and with room for the mask of a launcher."""
    for size in ICON_SIZES:
        yield f"icons/{size}.png", _icon(accent, size, 1.0)
        yield f"icons/{size}-maskable.png", _icon(accent, size, 0.72)


def draw_sheet(pen: ImageDraw.ImageDraw, at: tuple[float, float], size: float, ink: str) -> None:
    """Draw the strokes of the site's sheet of newspaper, from a corner, so many pixels wide."""
    unit = size / 32
    for left, top, right, bottom in STROKES:
        start = (round(at[0] + unit * left), round(at[1] + unit * top))
        end = (round(at[0] + unit * right) - 1, round(at[1] + unit * bottom) - 1)
        pen.rectangle((start, end), ink)


@cache
def _icon(accent: str, size: int, scale: float) -> bytes:
    picture = Image.new("RGB", (size, size), accent)
    edge = size * (1 - scale) / 2
    draw_sheet(ImageDraw.Draw(picture), (edge, edge), size * scale, ink_on(accent))
    content = BytesIO()
    picture.quantize(4).save(content, "PNG", optimize=True)
    return content.getvalue()


def _logo(path: Path) -> tuple[Logo, bytes]:
    try:
        if path.stat().st_size > LOGO_BYTES:
            raise SettingsInvalid(f"BROADSHEET_LOGO: {path} is larger than {LOGO_BYTES:,} bytes.")
        content = path.read_bytes()
        if path.suffix.lower() == ".svg":
            cleaned, width, height = clean_svg(content)
            scale = LOGO_SIZE[1] / height
            return Logo("logo.svg", round(width * scale), LOGO_SIZE[1]), cleaned
        return _bitmap(content)
    except (*UNREADABLE, DrawingUnreadable) as problem:
        raise SettingsInvalid(
            f"BROADSHEET_LOGO: {path} cannot be used ({problem}). Give a PNG, WebP or SVG file, "
            "by its path or by its name in the data folder."
        ) from problem


def _bitmap(content: bytes) -> tuple[Logo, bytes]:
    # Pillow warns of what is refused or dropped here anyway.
    with (
        warnings.catch_warnings(action="ignore"),
        Image.open(BytesIO(content), formats=FORMATS) as picture,
    ):
        if picture.width * picture.height > 20_000_000:
            raise ValueError("it has more than 20,000,000 pixels")
        logo = picture.convert("RGBA")
    logo.thumbnail(LOGO_SIZE)
    kept = BytesIO()
    logo.save(kept, "WEBP", lossless=True, method=4)
    return Logo("logo.webp", logo.width, logo.height), kept.getvalue()
