"""Pictures in HTML: the names of their sizes, the element that shows one, those of a text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import unescape
from urllib.parse import unquote, urlsplit

from markupsafe import Markup, escape

WIDTHS = (480, 960)
"""Pixels of the smaller sizes in which a picture is kept, where it is wider itself."""
KINDS = ("avif", "webp")
PATH = "/images/"
CROPS = {"1x1": (1, 1), "4x3": (4, 3), "16x9": (16, 9)}
"""The shapes that search engines ask for, by their names: width to height."""
CROP_WIDTH = 1200
_NAME = re.compile(r"([0-9a-f]{32})(-480|-960)?\.(webp|avif)")


@dataclass(frozen=True, slots=True)
class Picture:
    """A stored picture: the name of its largest size, that one's pixels, and its words."""

    name: str
    width: int
    height: int
    alt: str = ""


def is_picture_name(name: str) -> bool:
    """Whether a size of a picture of ours could have this name."""
    return bool(_NAME.fullmatch(name))


def largest_of(name: str) -> str:
    """Give the name of the picture of which this names a size."""
    return f"{name[:32]}.webp"


def sizes_of(name: str, width: int, kind: str) -> list[tuple[str, int]]:
    """Give names and widths of all sizes of a picture, the smallest first."""
    stem = name[:32]
    smaller = [(f"{stem}-{each}.{kind}", each) for each in WIDTHS if each < width]
    return [*smaller, (f"{stem}.{kind}", width)]


def crop_size(shape: str, width: int, height: int) -> tuple[int, int]:
    """Give the pixels of a picture's crop: as large as it can be, and not larger than is asked."""
    across, down = CROPS[shape]
    wide = min(CROP_WIDTH, width, height * across // down)
    return max(1, wide), max(1, wide * down // across)


def show_picture(picture: Picture, *, root: str, sizes: str, is_first: bool = False) -> Markup:
    """Give the element that shows a picture in the size that the reader's screen needs.

    `sizes` says how wide it will stand there; one that is seen first is not waited with.
    `root` is the path under which the site stands.
    """
    if not picture.width or not picture.height:
        return Markup("")
    avif, webp = (_srcset(picture, kind, root) for kind in KINDS)
    when = 'fetchpriority="high"' if is_first else 'loading="lazy"'
    return Markup(
        '<picture><source type="image/avif" srcset="{avif}" sizes="{sizes}">'
        '<img src="{src}" srcset="{webp}" sizes="{sizes}" alt="{alt}"'
        ' width="{width}" height="{height}" {when} decoding="async"></picture>'
    ).format(
        avif=avif,
        webp=webp,
        sizes=sizes,
        src=f"{root}{PATH}{picture.name}",
        alt=picture.alt,
        width=picture.width,
        height=picture.height,
        when=Markup(when),  # noqa: S704 - one of two words of ours
    )


def _srcset(picture: Picture, kind: str, root: str) -> str:
    named = sizes_of(picture.name, picture.width, kind)
    return ", ".join(f"{root}{PATH}{name} {width}w" for name, width in named)


_IMG = re.compile(r"<img\b((?:[^>\"]|\"[^\"]*\")*)>")
_ATTRIBUTE = re.compile(r"([a-z]+)=\"([^\"]*)\"")


def show_pictures(html: str, *, root: str, sizes: str) -> str:
    """Show every picture of ours in a sanitised text in the size that is needed."""
    if "<img" not in html:
        return html

    def shown(tag: re.Match[str]) -> str:
        told = _told(tag)
        name = told.get("src", "").removeprefix(PATH)
        if not is_picture_name(name) or not {"width", "height"} <= told.keys():
            return tag[0]
        width, height = (
            int(told[side]) if told[side].isdecimal() else 0 for side in ("width", "height")
        )
        picture = Picture(name, width, height, told.get("alt", ""))
        return str(show_picture(picture, root=root, sizes=sizes)) or tag[0]

    return _IMG.sub(shown, html)


def place_pictures(html: str, find: Callable[[str], Picture | None]) -> str:
    """Put stored pictures in place of those that a sanitised text names.

    `find` is called with what a text gives as the place of one. Where it gives nothing, the
    picture's words stand: no browser could show what stands elsewhere.
    """
    if "<img" not in html:
        return html

    def placed(tag: re.Match[str]) -> str:
        told = _told(tag)
        source, alt = told.get("src", ""), told.get("alt", "")
        if source.startswith(PATH) and is_picture_name(source.removeprefix(PATH)):
            return tag[0]
        picture = find(source) if source else None
        if picture is None:
            return f"<em>{escape(alt)}</em>" if alt else ""
        return (
            f'<img src="{PATH}{picture.name}" alt="{escape(alt)}"'
            f' width="{picture.width}" height="{picture.height}">'
        )

    return _IMG.sub(placed, html)


def _told(tag: re.Match[str]) -> dict[str, str]:
    return {name: unescape(value) for name, value in _ATTRIBUTE.findall(tag[1])}


_WRITTEN = re.compile(
    r"!\[[^\]]*\]\(\s*<?([^)>\s]+)|<img\b[^>]*?\bsrc\s*=\s*[\"']?([^\"'\s>]+)", re.I
)


def pictures_written(body: str) -> Iterator[str]:
    """Yield what a body, as Markdown or HTML, seems to name as places of pictures."""
    if "![" in body or "<img" in body.lower():
        for found in _WRITTEN.finditer(body):
            yield unescape(found[1] or found[2])


def file_named(place: str) -> str:
    """Give the relative path of a file that a text names as a picture; "" where it names none."""
    try:
        parts = urlsplit(place)
    except ValueError:
        return ""
    if parts.scheme or parts.netloc or parts.path.startswith("/"):
        return ""
    return unquote(parts.path).replace("\0", "")
