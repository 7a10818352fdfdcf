"""What an engine keeps of a document to show it.

Knows documents; refuses to know terms and how documents are found.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, zip_longest

from index.contract import Document, Section

_BETWEEN = "\x1d"


@dataclass(frozen=True, slots=True)
class Text:
    """The texts of a document, and their language.

    `steps` say for each section where its tokens begin, see `steps_of`; empty where that is not
    known.
    """

    title: str
    summary: str
    sections: tuple[Section, ...]
    language: str
    steps: tuple[str, ...] = field(default=(), compare=False, repr=False)

    @classmethod
    def unpacked(cls, packed: bytes) -> Text:
        """Give back what was packed."""
        title, summary, language, *parts = packed.decode("utf-8", "surrogatepass").split(_BETWEEN)
        sections = zip(parts[::4], parts[1::4], parts[2::4], strict=True)
        read = tuple(Section(*section) for section in sections)
        return cls(title, summary, read, language, tuple(parts[3::4]))

    def packed(self) -> bytes:
        """Give it as bytes; the sign between the parts becomes a space within them."""
        parts = [self.title, self.summary, self.language]
        for section, steps in zip_longest(self.sections, self.steps, fillvalue=""):
            if isinstance(section, Section):
                parts += section.label, section.anchor, section.text, steps
        text = _BETWEEN.join(part.replace(_BETWEEN, " ") for part in parts)
        return text.encode("utf-8", "surrogatepass")

    @classmethod
    def of(cls, document: Document) -> Text:
        """Take from a document what is shown."""
        return cls(document.title, document.summary, document.sections, document.language)


_LEAST = 32
_MOST = 0xD000
"""A step is a character: not one of the signs between parts, and before the surrogates."""


# As a word it stands alone: see analysis.TOKEN.
_LONE_AND = re.compile(r"(?<!\S)[&＆](?!\S)")


def steps_of(text: str, tokens: Iterable[str]) -> str:
    """Give where the tokens of a text begin: a character for each, by its distance to the last.

    Empty where two are too far from each other.
    """
    at = before = 0
    steps = []
    for word in tokens:
        start = text.find(word, at)
        if word in "&＆" and (alone := _LONE_AND.search(text, at)):
            start = alone.start()
        steps.append(start - before + _LEAST)
        before, at = start, start + len(word)
    return "".join(map(chr, steps)) if not steps or max(steps) < _MOST else ""


def starts_from(steps: str) -> Sequence[int]:
    """Give where tokens begin, in characters of their text."""
    walked = enumerate(accumulate(map(ord, steps)), 1)
    return [far - _LEAST * number for number, far in walked]
