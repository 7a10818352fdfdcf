"""Checking, shrinking, naming and storing a picture."""

from __future__ import annotations

import hashlib
import re
import warnings
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

from webapp.errors import ImageRefused
from webapp.extensions import the_site
from webapp.services.storage import write_durably

FILE_BYTES = 20_000_000
PIXELS = 50_000_000
WIDTH = 1600
# What Pillow raises for a file that is not, or not wholly, what it says it is.
UNREADABLE = (
    OSError,
    UnidentifiedImageError,
    Image.DecompressionBombError,
    SyntaxError,
    ValueError,
)
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "AVIF")


@dataclass(frozen=True, slots=True)
class StoredImage:
    """A picture in the data folder: its name there, its width and height in pixels."""

    name: str
    width: int
    height: int


def store_image(path: Path) -> StoredImage:
    """Store a picture as WebP, at most 1,600 pixels wide, without what a camera wrote into it.

    Its name is made of its content: the same picture is stored once. Raises ImageRefused.
    """
    try:
        if path.stat().st_size > FILE_BYTES:
            raise ImageRefused(f"the picture {path.name} is larger than {FILE_BYTES:,} bytes")
        # Pillow warns of what is refused or dropped here anyway.
        with warnings.catch_warnings(action="ignore"), Image.open(path, formats=FORMATS) as picture:
            if picture.width * picture.height > PIXELS:
                raise ImageRefused(f"the picture {path.name} has more than {PIXELS:,} pixels")
            upright = ImageOps.exif_transpose(picture).convert("RGBA")
    except UNREADABLE as problem:
        raise ImageRefused(f"the picture {path.name} cannot be read") from problem
    upright.thumbnail((WIDTH, WIDTH * 4))
    content = BytesIO()
    upright.save(content, "WEBP", quality=82, method=4)
    name = hashlib.sha256(content.getvalue()).hexdigest()[:32] + ".webp"
    stored = folder() / name
    if not stored.exists():
        write_durably(stored, content.getvalue())
    return StoredImage(name, upright.width, upright.height)


def folder() -> Path:
    """Give the folder where pictures are stored."""
    return the_site().settings.data / "uploads"


def is_image_name(name: str) -> bool:
    """Whether a picture of ours could have this name."""
    return bool(re.fullmatch(r"[0-9a-f]{32}\.webp", name))
