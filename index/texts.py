"""What an engine keeps of a document to show it.

Knows documents; refuses to know terms and how documents are found.
"""

from __future__ import annotations

from dataclasses import dataclass

from index.contract import Document, Section


@dataclass(frozen=True, slots=True)
class Text:
    """The texts of a document, and their language."""

    title: str
    summary: str
    sections: tuple[Section, ...]
    language: str

    @classmethod
    def of(cls, document: Document) -> Text:
        """Take from a document what is shown."""
        return cls(document.title, document.summary, document.sections, document.language)
