"""What every importer yields: articles in one form, or the place and reason of what is none."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time, tzinfo
from pathlib import Path
from typing import Protocol

from webapp.errors import ArticleUnreadable
from webapp.text.addresses import is_web_address
from webapp.text.markup import plain_line

BODY_LIMIT = 1_000_000
LINE_LIMIT = 500
SUMMARY_LIMIT = 5_000
NAMES_LIMIT = 50
CORRECTION_LIMIT = 2_000
CORRECTIONS_LIMIT = 50
FORMATS = ("markdown", "html")


@dataclass(frozen=True, slots=True)
class ImportedCorrection:
    """What was put right in an article, and when."""

    corrected_at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class ImportedArticle:
    """An article as another place had it; empty is what was not said.

    `place` says where it was read ("line 12", a file's name), `folder` where a relative
    image path starts.
    """

    place: str
    folder: Path
    title: str
    body: str
    body_format: str
    id: str
    slug: str
    summary: str
    authors: tuple[str, ...]
    topics: tuple[str, ...]
    published_at: datetime | None
    source_url: str
    source_title: str
    language: str
    image: str
    image_alt: str
    is_draft: bool
    corrections: tuple[ImportedCorrection, ...] = ()

    def digest(self) -> str:
        """Give a number that is the same as long as nothing of it has changed."""
        told = {k: v for k, v in asdict(self).items() if k not in ("place", "folder")}
        moment = self.published_at
        told["published_at"] = moment.astimezone(UTC).isoformat() if moment else ""
        # Where nothing is said of them the number is what it was before there were any.
        del told["corrections"]
        if self.corrections:
            told["corrections"] = [(c.corrected_at.isoformat(), c.text) for c in self.corrections]
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Something that is not an article: where it stood and why."""

    place: str
    reason: str


class Importer(Protocol):
    """Reads a source and yields what stands there, in its order, a piece in memory at a time."""

    def __call__(self, zone: tzinfo) -> Iterator[ImportedArticle | Unreadable]:
        """Read; a time without a zone is of that zone."""


def read_article(
    fields: Mapping[str, object], *, place: str, folder: Path, zone: tzinfo
) -> ImportedArticle:
    """Make an article of named values. Raises ArticleUnreadable, saying why, when it is none."""
    body_format = _line(fields, "format") or "markdown"
    if body_format not in FORMATS:
        raise ArticleUnreadable(f"format is {body_format!r}; it has to be markdown or html")
    source_url = _line(fields, "source_url", 2000)
    if source_url and not is_web_address(source_url):
        raise ArticleUnreadable("source_url is not a web address (http://… or https://…)")
    language = _line(fields, "language")
    if language and not re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}", language):
        raise ArticleUnreadable(f"language is {language!r}; give a tag as in en or pt-BR")
    image, alt = _image(fields)
    return ImportedArticle(
        place=place,
        folder=folder,
        title=_required(plain_line(_line(fields, "title")), "title"),
        body=_required(_text(fields, "body", BODY_LIMIT), "body"),
        body_format=body_format,
        id=_line(fields, "id", 200),
        slug=_line(fields, "slug", 200),
        summary=plain_line(_text(fields, "summary", SUMMARY_LIMIT)),
        authors=_names(fields, "authors"),
        topics=_names(fields, "topics"),
        published_at=read_moment(fields.get("published_at"), zone),
        source_url=source_url,
        source_title=plain_line(_line(fields, "source_title")),
        language=language,
        image=image,
        image_alt=alt,
        is_draft=_is_draft(fields),
        corrections=_corrections(fields, zone),
    )


def _corrections(fields: Mapping[str, object], zone: tzinfo) -> tuple[ImportedCorrection, ...]:
    values = fields.get("corrections") or []
    if not isinstance(values, list) or len(values) > CORRECTIONS_LIMIT:
        raise ArticleUnreadable(
            f"corrections is not a list of at most {CORRECTIONS_LIMIT}, each with at and text"
        )
    return tuple(_correction(value, zone) for value in values)


def _correction(value: object, zone: tzinfo) -> ImportedCorrection:
    if not isinstance(value, Mapping):
        raise ArticleUnreadable("a correction has to have at and text")
    corrected_at = read_moment(value.get("at"), zone, "a correction's at")
    if corrected_at is None:
        raise ArticleUnreadable("a correction has no at")
    text = plain_line(_text({"a correction": value.get("text")}, "a correction", CORRECTION_LIMIT))
    return ImportedCorrection(corrected_at, _required(text, "the text of a correction"))


def read_moment(value: object, zone: tzinfo, name: str = "published_at") -> datetime | None:
    """Read an ISO 8601 date or time (RFC 3339 among them); None where nothing is said."""
    if value is None or value == "":
        return None
    try:
        if isinstance(value, str):
            value = datetime.fromisoformat(value.strip())
        if isinstance(value, date) and not isinstance(value, datetime):
            value = datetime.combine(value, time())
        if isinstance(value, datetime) and 1000 <= value.year <= 9998:
            return (value if value.tzinfo else value.replace(tzinfo=zone)).astimezone(UTC)
    except ValueError:
        pass
    raise ArticleUnreadable(f"{name} is not a date or time as in 2026-11-23T06:30:00Z")


def guarded(read: Callable[[], ImportedArticle], place: str) -> ImportedArticle | Unreadable:
    """Read one article, and say where and why instead of raising when it is none."""
    try:
        return read()
    except ArticleUnreadable as problem:
        return Unreadable(place, str(problem))


def _required(text: str, name: str) -> str:
    if not text.strip():
        raise ArticleUnreadable(f"{name} is missing")
    return text


def _text(fields: Mapping[str, object], name: str, limit: int) -> str:
    value = fields.get(name)
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ArticleUnreadable(f"{name} is not a text")
    try:
        text = str(value)
    except ValueError:  # a number of thousands of digits
        text = "0" * (limit + 1)
    if len(text) > limit:
        raise ArticleUnreadable(f"{name} is longer than {limit:,} characters")
    # NUL and lone surrogates fit into no database.
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def _line(fields: Mapping[str, object], name: str, limit: int = LINE_LIMIT) -> str:
    return " ".join(_text(fields, name, limit).split())


def _names(fields: Mapping[str, object], name: str) -> tuple[str, ...]:
    value = fields.get(name)
    values = [value] if isinstance(value, str) else value or []
    if not isinstance(values, list) or len(values) > NAMES_LIMIT:
        raise ArticleUnreadable(f"{name} is not a list of at most {NAMES_LIMIT} names")
    names = [plain_line(_line({name: entry}, name, 200)) for entry in values]
    return tuple(dict.fromkeys(filter(None, names)))


def _image(fields: Mapping[str, object]) -> tuple[str, str]:
    value = fields.get("image")
    if isinstance(value, Mapping):
        place = _line(value, "path", 2000) or _line(value, "url", 2000)
        return place, plain_line(_line(value, "alt"))
    return _line(fields, "image", 2000), plain_line(_line(fields, "image_alt"))


def _is_draft(fields: Mapping[str, object]) -> bool:
    value = fields.get("draft", False)
    if not isinstance(value, bool):
        raise ArticleUnreadable("draft is neither true nor false")
    return value
