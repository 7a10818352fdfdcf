"""The texts of one run: made or read once, then the same for every engine.

Knows where texts come from and where they are kept meanwhile; refuses to know engines.
"""

from __future__ import annotations

import gzip
import html
import json
import lzma
import pickle
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from index.contract import Document, Name, Section

_BATCH = 500
_OPENERS = {".gz": gzip.open, ".xz": lzma.open}
_BLOCK_END = re.compile(r"</(?:p|h\d|li|blockquote|div)>|<br ?/?>")
_TAG = re.compile(r"<[^>]*>")
_NO_DATE = "2026-01-01"


class Corpus:
    """Documents on the disk, to be read again as often as there are engines.

    What is made anew for every engine, or is kept in memory, would be in its figures.
    """

    def __init__(self, path: Path, documents: Iterable[Document]) -> None:
        """Keep these documents in a file."""
        self._path = path
        self.count = 0
        self.earliest = datetime.max.replace(tzinfo=UTC)
        self.latest = datetime.min.replace(tzinfo=UTC)
        remaining = iter(documents)
        with path.open("wb") as file:
            while batch := list(islice(remaining, _BATCH)):
                pickle.dump(batch, file, pickle.HIGHEST_PROTOCOL)
                self.count += len(batch)
                self.earliest = min(self.earliest, *(each.published_at for each in batch))
                self.latest = max(self.latest, *(each.published_at for each in batch))

    @property
    def now(self) -> datetime:
        """Give a moment at which everything is published."""
        return self.latest + timedelta(days=1)

    def __iter__(self) -> Iterator[Document]:
        with self._path.open("rb") as file:
            left = self.count
            while left:
                batch = pickle.load(file)  # noqa: S301 our own file
                left -= len(batch)
                yield from batch


def body_of(document: Document) -> str:
    """Give summary, labels and texts as one, for engines that know no sections."""
    parts = [document.summary]
    for section in document.sections:
        parts += [section.label, section.text]
    return "\n".join(part for part in parts if part)


def read_articles(path: Path, number: int) -> Iterator[Document]:
    """Yield at most so many articles of a file that the site can import, as one section each."""
    with _OPENERS.get(path.suffix, open)(path, "rt", encoding="utf-8") as lines:
        for id, line in enumerate(islice((line for line in lines if line.strip()), number), 1):
            yield _document(id, json.loads(line))


def _document(id: int, fields: dict[str, Any]) -> Document:
    text = html.unescape(_TAG.sub("", _BLOCK_END.sub("\n\n", fields["body"]))).strip()
    published_at = datetime.fromisoformat(fields.get("published_at") or _NO_DATE)
    return Document(
        id=id,
        stamp=id,
        title=fields["title"],
        summary=fields.get("summary") or "",
        sections=(Section("", "", text),),
        published_at=published_at if published_at.tzinfo else published_at.replace(tzinfo=UTC),
        topics=_names(fields.get("topics")),
        authors=_names(fields.get("authors")),
        source=urlsplit(fields.get("source_url") or "").hostname or "",
    )


def _names(values: list[str] | None) -> tuple[Name, ...]:
    return tuple(Name(re.sub(r"\W+", "-", each.lower()), each) for each in values or ())
