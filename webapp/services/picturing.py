"""Cards: the picture that stands beside a link where it is shared, set in the site's look.

A card is drawn once, from what the database says alone, and kept in the data folder; so are
the crops of pictures that search engines show.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont, ImageOps

from webapp.extensions import the_site
from webapp.models import ShownArticle
from webapp.services import illustrating
from webapp.services.dressing import ON_LIGHT, draw_sheet, shades_of
from webapp.services.storage import locked, write_durably
from webapp.text.pictures import CROPS, crop_size, largest_of

WIDTH, HEIGHT = 1200, 630
MARGIN = 72
PICTURE_WIDTH = 430
TITLE_HEIGHT = 370
KEPT = 2_000  # cards in the folder, 20 to 200 kB each
KEPT_CROPS = 6_000  # three of each picture
LOOK = "1"  # change it with the look: all cards get another name then
PAPER, INK, FAINT = "#fbfbf8", "#141815", "#5a635d"
FACE = str(files("fontpkg_source_serif_4") / "files" / "SourceSerif4[opsz,wght].ttf")


@dataclass(frozen=True, slots=True)
class Card:
    """What stands on a card; with neither title nor picture it is the site's own."""

    title: str = ""
    kicker: str = ""
    picture: str = ""

    @property
    def version(self) -> str:
        """A name made of all that can be seen, so that a card of this name never changes."""
        settings = the_site().settings
        site = (settings.site_name, settings.tagline, settings.accent)
        seen = (LOOK, self.title, self.kicker, self.picture, *site)
        return hashlib.sha256("\0".join(seen).encode()).hexdigest()[:16]


def card_of(article: ShownArticle) -> Card:
    """Give the card of an article."""
    kicker = article.topics[0].name if article.topics else ""
    return Card(article.title, kicker, article.image_name)


def card_file(card: Card) -> Path:
    """Give the file of a card, a PNG; drawn where it is not there yet, one at a time."""
    folder = the_site().settings.data / "cards"
    path = folder / f"{card.version}.png"
    if not path.exists():
        folder.mkdir(mode=0o700, exist_ok=True)
        with locked(folder / "lock"):
            if not path.exists():
                content = BytesIO()
                _drawn(card).save(content, "PNG")
                write_durably(path, content.getvalue())
                _forget_oldest(folder, "*.png", KEPT)
    return path


def crop_file(name: str, shape: str) -> Path | None:
    """Give the file of a stored picture's crop, a WebP; None where there is no such picture."""
    stored = illustrating.folder() / name
    if shape not in CROPS or name != largest_of(name) or not stored.is_file():
        return None
    folder = the_site().settings.data / "crops"
    path = folder / f"{name[:32]}-{shape}.webp"
    if path.exists():
        return path
    folder.mkdir(mode=0o700, exist_ok=True)
    # Whoever asks for these is a machine, and can come again: no thread waits for another here.
    with locked(folder / "lock", patiently=False):
        try:
            content = _cropped(stored, shape)
        except illustrating.UNREADABLE:
            return None
        write_durably(path, content)
        _forget_oldest(folder, "*.webp", KEPT_CROPS)
    return path


def _cropped(stored: Path, shape: str) -> bytes:
    content = BytesIO()
    with Image.open(stored, formats=("WEBP",)) as picture:
        size = crop_size(shape, picture.width, picture.height)
        ImageOps.fit(picture, size).save(content, "WEBP", quality=80, method=1)
    return content.getvalue()


def _forget_oldest(folder: Path, kind: str, kept: int) -> None:
    cards = sorted(folder.glob(kind), key=lambda path: path.stat().st_mtime)
    for path in cards[:-kept]:
        path.unlink()


def _drawn(card: Card) -> Image.Image:
    image = Image.new("RGB", (WIDTH, HEIGHT), PAPER)
    right = WIDTH - MARGIN
    picture = _picture(card.picture)
    if picture:
        image.paste(picture, (WIDTH - PICTURE_WIDTH, 0))
        right = WIDTH - PICTURE_WIDTH - MARGIN // 2
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, WIDTH, 13), fill=the_site().settings.accent)
    _set_foot(draw, right)
    if card.title and can_set(card.title):
        if can_set(card.kicker):
            kicker = _cut_to(card.kicker, _face(30, 650), right - MARGIN)
            draw.text((MARGIN, 66), kicker, _accent(), _face(30, 650))
        _set_title(draw, card.title, right)
    else:
        _set_nameplate(draw)
    # The quick way is a tenth of the work, and as good where there are only paper and ink.
    return image.quantize(256) if picture else image.quantize(64, Image.Quantize.FASTOCTREE)


def _set_title(draw: ImageDraw.ImageDraw, title: str, right: int) -> None:
    """Set a title as large as it fits, in two to six lines; a very long one is cut."""
    for size in range(92, 43, -4):
        face = _face(size, 700)
        lines = _broken(title, face, right - MARGIN)
        if len(lines) * size * 1.12 <= TITLE_HEIGHT:
            break
    else:
        most = int(TITLE_HEIGHT / (size * 1.12))
        lines = [*lines[: most - 1], _cut(" ".join(lines[most - 1 :]), face, right - MARGIN)]
    top = 116.0
    for line in lines:
        draw.text((MARGIN, top), line, INK, face)
        top += size * 1.12


def _broken(text: str, face: ImageFont.FreeTypeFont, width: int) -> list[str]:
    """Break a text into lines of that width; a word that is wider is broken too."""
    lines = [""]
    for word in text.split():
        wanted = f"{lines[-1]} {word}".strip()
        if face.getlength(wanted) <= width:
            lines[-1] = wanted
            continue
        if lines[-1]:
            lines.append("")
        for character in word:
            if face.getlength(lines[-1] + character) > width:
                lines.append("")
            lines[-1] += character
    return lines


def _cut(text: str, face: ImageFont.FreeTypeFont, width: int) -> str:
    while text and face.getlength(text + "…") > width:
        text = text[:-1].rstrip()
    return text + "…"


def _set_foot(draw: ImageDraw.ImageDraw, right: int) -> None:
    name = the_site().settings.site_name
    draw.rectangle((MARGIN, 536, right, 538), fill=INK)
    _set_emblem(draw, MARGIN, 560, 34)
    if can_set(name):
        cut = _cut_to(name, _face(32, 700), right - MARGIN - 50)
        draw.text((MARGIN + 50, 577), cut, INK, _face(32, 700), "lm")


def _cut_to(text: str, face: ImageFont.FreeTypeFont, width: int) -> str:
    return text if face.getlength(text) <= width else _cut(text, face, width)


def _set_nameplate(draw: ImageDraw.ImageDraw) -> None:
    """Set the site's own name and line large, or, where the face has no such letters, its mark."""
    settings = the_site().settings
    if not can_set(settings.site_name):
        _set_emblem(draw, MARGIN, 130, 320)
        return
    size = 150
    while size > 40 and _face(size, 700).getlength(settings.site_name) > WIDTH - 2 * MARGIN:
        size -= 6
    draw.rectangle((0, 14, WIDTH, HEIGHT), fill=PAPER)
    draw.text((MARGIN, 300), settings.site_name, INK, _face(size, 700), "ls")
    draw.rectangle((MARGIN, 348, WIDTH - MARGIN, 350), fill=INK)
    if can_set(settings.tagline):
        face = _face(40, 400)
        for n, line in enumerate(_broken(settings.tagline, face, WIDTH - 2 * MARGIN)[:3]):
            draw.text((MARGIN, 378 + n * 52), line, FAINT, face)


def _set_emblem(draw: ImageDraw.ImageDraw, x: int, y: int, size: int) -> None:
    """Draw the mark of the favicon: a sheet with a headline and two columns."""
    draw.rounded_rectangle((x, y, x + size, y + size), 3 * size / 32, fill=_accent())
    draw_sheet(draw, (x, y), size, ON_LIGHT)


def _accent() -> str:
    """Give the shade of the operator's accent that reads well on paper."""
    return shades_of(the_site().settings.accent).light


def _picture(name: str) -> Image.Image | None:
    path = illustrating.folder() / name
    if not name or not path.is_file():
        return None
    try:
        with Image.open(path, formats=("WEBP",)) as stored:
            return ImageOps.fit(stored.convert("RGB"), (PICTURE_WIDTH, HEIGHT))
    except illustrating.UNREADABLE:
        return None


def _face(size: int, weight: int) -> ImageFont.FreeTypeFont:
    face = ImageFont.truetype(FACE, size)
    face.set_variation_by_axes([weight, min(60, size)])
    return face


def can_set(text: str) -> bool:
    """Whether the face has every letter of a text; what it lacks would come out as boxes."""
    return all(character.isspace() or _has(character) for character in text)


@lru_cache(maxsize=4_000)
def _has(character: str) -> bool:
    missing, shown = (_shape(each) for each in ("\uffff", character))
    return shown != missing


def _shape(character: str) -> bytes:
    return bytes(_probe().getmask(character))


@lru_cache(maxsize=1)
def _probe() -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(FACE, 24)
