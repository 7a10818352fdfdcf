"""What an engine keeps of a document to show it.

Knows documents; refuses to know terms and how documents are found.
"""

from __future__ import annotations

from dataclasses import dataclass

from index.contract import Document, Section

_BETWEEN = "\x1d"


@dataclass(frozen=True, slots=True)
class Text:
    """The texts of a document, and their language."""

    title: str
    summary: str
    sections: tuple[Section, ...]
    language: str

    @classmethod
    def unpacked(cls, packed: bytes) -> Text:
        """Give back what was packed."""
        title, summary, language, *parts = packed.decode("utf-8", "surrogatepass").split(_BETWEEN)
        sections = zip(parts[::3], parts[1::3], parts[2::3], strict=True)
        return cls(title, summary, tuple(Section(*section) for section in sections), language)

    def packed(self) -> bytes:
        """Give it as bytes; the sign between the parts becomes a space within them."""
        parts = [self.title, self.summary, self.language]
        for section in self.sections:
            parts += section.label, section.anchor, section.text
        text = _BETWEEN.join(part.replace(_BETWEEN, " ") for part in parts)
        return text.encode("utf-8", "surrogatepass")

    @classmethod
    def of(cls, document: Document) -> Text:
        """Take from a document what is shown."""
        return cls(document.title, document.summary, document.sections, document.language)
