"""Which passages of a text show best that it was found.

Knows texts and what was wanted of them; refuses to know how documents are found.
"""

from __future__ import annotations

from collections.abc import Sequence

from index.contract import Passage, Section
from index.highlight import Match, excerpt, mark, worth
from index.layout import Part, label_term
from index.matching import Wanted
from index.nodes import Field
from index.opened import Shown

MOST_PASSAGES = 3


def passages(shown: Shown, wanted: Sequence[Wanted]) -> tuple[Passage, ...]:
    """Give the best excerpts, each from a section of its own; the beginning where none matches."""
    found, text = [], shown.text
    for number, section in enumerate(text.sections):
        here = [i for i, each in enumerate(wanted) if _is_searched(section, each)]
        matches = shown.matches(Part.SECTION + number, section.text, here)
        if matches:
            found.append((-worth(matches), number, matches))
    if found:
        best = sorted(found, key=lambda f: f[:2])[:MOST_PASSAGES]
        return tuple(_passage(text.sections[number], matches) for _, number, matches in best)
    anywhere = [i for i, each in enumerate(wanted) if each.field is Field.ANY]
    matches = shown.matches(Part.SUMMARY, text.summary, anywhere)
    beginning = next((s for s in text.sections if s.text.strip()), None)
    if matches or beginning is None:
        return (Passage(excerpt(text.summary, matches)),)
    return (_passage(beginning, ()),)


def _passage(section: Section, matches: Sequence[Match]) -> Passage:
    return Passage(excerpt(section.text, matches), section.label, section.anchor)


def marked_title(shown: Shown, wanted: Sequence[Wanted]) -> str:
    """Give the title as safe HTML, with what matched marked."""
    here = [i for i, each in enumerate(wanted) if each.field in (Field.ANY, Field.TITLE)]
    title = shown.text.title
    return mark(title, shown.matches(Part.TITLE, title, here))


def _is_searched(section: Section, wanted: Wanted) -> bool:
    if wanted.field is Field.SECTION:
        return label_term(section.label) == label_term(wanted.label)
    return wanted.field is Field.ANY
