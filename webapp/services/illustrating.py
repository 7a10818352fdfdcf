"""Checking, shrinking, naming and storing a picture, in the sizes that readers need."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError, features
from sqlalchemy import select

from webapp.errors import ImageRefused
from webapp.extensions import db, the_site
from webapp.models import Article, Section
from webapp.services.storage import locked, write_durably
from webapp.text.pictures import (
    KINDS,
    PATH,
    Picture,
    is_picture_name,
    largest_of,
    pictures_written,
    sizes_of,
)

FILE_BYTES = 20_000_000
PIXELS = 50_000_000
WIDTH = 1600
HEIGHT = WIDTH * 4
# Both look the same at these; AVIF takes some 10 to 30 percent less, at half the time of WebP.
SAVED = {"webp": {"quality": 82, "method": 4}, "avif": {"quality": 60, "speed": 8}}
# What Pillow raises for a file that is not, or not wholly, what it says it is.
UNREADABLE = (
    OSError,
    UnidentifiedImageError,
    Image.DecompressionBombError,
    SyntaxError,
    ValueError,
)
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "AVIF")
_SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


def store_image(path: Path) -> Picture:
    """Store a picture as WebP and AVIF, at most 1,600 pixels wide, and in smaller sizes.

    What a camera wrote into it is dropped, its turn is applied, colours become sRGB; of what
    moves, the first picture is taken. Its name is made of its content: the same picture is
    stored once. Raises ImageRefused.
    """
    upright = _read(path)
    content = _encoded(upright, "webp")
    name = hashlib.sha256(content).hexdigest()[:32] + ".webp"
    # The largest comes last: where it is, the others are.
    _store_sizes(name, upright)
    _store(name, content)
    return Picture(name, upright.width, upright.height)


def _read(path: Path) -> Image.Image:
    """Give a picture as it is to be shown, no larger than it is ever shown."""
    try:
        if path.stat().st_size > FILE_BYTES:
            raise ImageRefused(f"the picture {path.name} is larger than {FILE_BYTES:,} bytes")
        # Pillow warns of what is refused or dropped here anyway.
        with warnings.catch_warnings(action="ignore"), Image.open(path, formats=FORMATS) as picture:
            if picture.width * picture.height > PIXELS:
                raise ImageRefused(f"the picture {path.name} has more than {PIXELS:,} pixels")
            # A JPEG can be unpacked at a half, a quarter, an eighth of its size.
            picture.draft(None, (WIDTH, WIDTH))
            shrunk = _in_colour(picture)
            shrunk.thumbnail(_bounds(picture))
            return _in_srgb(ImageOps.exif_transpose(shrunk))
    except UNREADABLE as problem:
        raise ImageRefused(f"the picture {path.name} cannot be read") from problem


def _bounds(picture: Image.Image) -> tuple[int, int]:
    """Give the largest width and height that a picture may have before it is turned upright."""
    is_turned = picture.getexif().get(0x0112, 1) in (5, 6, 7, 8)
    return (HEIGHT, WIDTH) if is_turned else (WIDTH, HEIGHT)


def _in_colour(picture: Image.Image) -> Image.Image:
    """Give a picture in a mode whose pixels can be mixed, with as few copies as can be."""
    if picture.mode.startswith("I"):
        # 16 bits: to be divided, for Pillow would cut them off at 255.
        return picture.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    if picture.has_transparency_data:
        return picture.convert("RGBA")
    if picture.mode in ("L", "RGB", "CMYK"):
        picture.load()
        return picture
    return picture.convert("RGB")


def _in_srgb(picture: Image.Image) -> Image.Image:
    """Give a picture in the colours that browsers take for granted."""
    mode = "RGBA" if picture.mode == "RGBA" else "RGB"
    profile = picture.info.get("icc_profile")
    if profile:
        try:
            own = ImageCms.ImageCmsProfile(BytesIO(profile))
            turned = ImageCms.profileToProfile(picture, own, _SRGB, outputMode=mode)
        except (ImageCms.PyCMSError, OSError, TypeError):
            turned = None  # of no use: the profile of another kind of picture, or damaged
        if turned is not None:
            return turned
    return picture.convert(mode)


def _encoded(picture: Image.Image, kind: str) -> bytes:
    content = BytesIO()
    bare = picture.copy()
    bare.info.clear()
    bare.save(content, kind.upper(), **SAVED[kind])
    return content.getvalue()


def _store_sizes(name: str, picture: Image.Image) -> int:
    """Store the sizes of a picture that are not there yet, but for the largest; how many."""
    stored = 0
    for kind in _kinds():
        for each, width in sizes_of(name, picture.width, kind):
            if each != name and not (folder() / each).exists():
                size = (width, max(1, round(picture.height * width / picture.width)))
                _store(each, _encoded(picture.resize(size, Image.Resampling.LANCZOS), kind))
                stored += 1
    return stored


def _store(name: str, content: bytes) -> None:
    if not (folder() / name).exists():
        write_durably(folder() / name, content)


def _kinds() -> Iterable[str]:
    """Give the kinds that this machine's Pillow can write; what lacks is answered with WebP."""
    return [kind for kind in KINDS if kind == "webp" or features.check(kind)]


def fingerprint(path: Path) -> str:
    """Give what is another once a file has another content; "" where there is no such file."""
    try:
        if not path.is_file() or path.stat().st_size > FILE_BYTES:
            return ""
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except (OSError, ValueError):
        return ""


def folder() -> Path:
    """Give the folder where pictures are stored."""
    return the_site().settings.data / "uploads"


def file_of(name: str) -> str | None:
    """Give the file that shows a picture in a size: that size, or the largest; None where none is.

    Pictures of before were stored in one size.
    """
    if not is_picture_name(name):
        return None
    named = [each for each in (name, largest_of(name)) if (folder() / each).exists()]
    return named[0] if named else None


@dataclass(frozen=True, slots=True)
class Survey:
    """What the folder of pictures has too little and too much of.

    `gone` are pictures that an article shows and that are not there, `partial` those without
    some of their sizes, `unused` files that no article shows.
    """

    gone: frozenset[str]
    partial: frozenset[str]
    unused: frozenset[str]


def survey() -> Survey:
    """Look at all pictures that articles show, and at all that are stored."""
    shown = _shown()
    stored = {path.name for path in folder().iterdir() if is_picture_name(path.name)}
    there = shown & stored
    partial = {name for name in there if not _all_sizes(name) <= stored}
    unused = {name for name in stored if largest_of(name) not in shown}
    return Survey(frozenset(shown - stored), frozenset(partial), frozenset(unused))


def _shown() -> set[str]:
    names = set(db.session.scalars(select(Article.image_name).where(Article.image_name != "")))
    texts = select(Section.html).where(Section.html.contains(f'src="{PATH}'))
    for html in db.session.scalars(texts.execution_options(yield_per=500)):
        places = (place.removeprefix(PATH) for place in pictures_written(html))
        names |= {largest_of(name) for name in places if is_picture_name(name)}
    return names


def _all_sizes(name: str) -> set[str]:
    with Image.open(folder() / name, formats=("WEBP",)) as picture:
        width = picture.width
    return {each for kind in _kinds() for each, _ in sizes_of(name, width, kind)}


def tidy_pictures(advance: Callable[[int], None] = lambda _: None) -> tuple[int, int]:
    """Make the sizes that pictures lack and remove what no article shows; how many of each.

    No import runs meanwhile: it stores a picture before its article.
    """
    with locked(the_site().settings.data / "import.lock"):
        found = survey()
        made = 0
        for name in sorted(found.partial):
            with Image.open(folder() / name, formats=("WEBP",)) as picture:
                picture.load()
                made += _store_sizes(name, picture)
            advance(1)
        for name in found.unused:
            (folder() / name).unlink(missing_ok=True)
    return made, len(found.unused)
