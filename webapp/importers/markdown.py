"""A folder of Markdown files with front matter, as static site generators keep them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path

import yaml

from webapp.errors import ArticleUnreadable
from webapp.importers.contract import ImportedArticle, Unreadable, guarded, read_article

FILE_BYTES = 4_000_000
# The names by which other programs know our fields.
ALIASES = {"date": "published_at", "author": "authors", "tags": "topics", "lang": "language"}
BUNDLES = ("index", "_index", "README")
_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?)^---[ \t]*$\n?(.*)\Z", re.DOTALL | re.MULTILINE)


def markdown_files(folder: Path) -> list[Path]:
    """Give the Markdown files of a folder and the folders in it, in order of their names."""
    return sorted(p for p in folder.rglob("*") if p.suffix in (".md", ".markdown") and p.is_file())


@dataclass(frozen=True, slots=True)
class MarkdownFolder:
    """A folder of articles. `advance` hears of each file that was read."""

    folder: Path
    advance: Callable[[int], None] = lambda _: None

    def __call__(self, zone: tzinfo) -> Iterator[ImportedArticle | Unreadable]:
        """Read file by file."""
        for path in markdown_files(self.folder):
            yield self._read(path, zone)
            self.advance(1)

    def _read(self, path: Path, zone: tzinfo) -> ImportedArticle | Unreadable:
        place = str(path.relative_to(self.folder))
        return guarded(lambda: _parse(path, place, zone), place)


def _parse(path: Path, place: str, zone: tzinfo) -> ImportedArticle:
    fields, body = _split(_text_of(path))
    fields = {ALIASES.get(name, name): value for name, value in fields.items()}
    if fields.get("published") is False:
        fields["draft"] = True
    # A bundle is a folder of its own, with its pictures beside the text.
    name = path.parent.name if path.stem in BUNDLES else path.stem
    fields.setdefault("slug", re.sub(r"^\d{4}-\d{1,2}-\d{1,2}-", "", name))
    if "title" not in fields:
        found = re.match(r"\s*#[ \t]+(.+)\n?", body)
        if found:
            fields["title"], body = found[1].strip(" #"), body[found.end() :]
    fields["body"] = body
    return read_article(fields, place=place, folder=path.parent, zone=zone)


def _text_of(path: Path) -> str:
    try:
        if path.stat().st_size > FILE_BYTES:
            raise ArticleUnreadable(f"it is larger than {FILE_BYTES:,} bytes")
        return path.read_text(encoding="utf-8-sig").replace("\r\n", "\n")
    except OSError as problem:
        raise ArticleUnreadable(f"it cannot be read ({problem.strerror})") from None
    except UnicodeDecodeError:
        raise ArticleUnreadable("it is not UTF-8") from None


def _split(text: str) -> tuple[dict[str, object], str]:
    found = _FRONT_MATTER.match(text)
    if not found:
        return {}, text
    try:
        fields = yaml.safe_load(found[1])
    except (yaml.YAMLError, ValueError, RecursionError) as problem:
        reason = str(problem).partition("\n")[0]
        raise ArticleUnreadable(f"its front matter is not YAML ({reason})") from None
    if fields is None:
        return {}, found[2]
    if not isinstance(fields, dict):
        raise ArticleUnreadable("its front matter is not a list of names and values")
    return {str(name): value for name, value in fields.items()}, found[2]
