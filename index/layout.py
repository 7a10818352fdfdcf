"""How a document is laid out in one field of terms: the schema that all engines share.

Knows documents and terms; refuses to know how an engine stores them.

Every part of a document (title, names, each section) has a range of places of its own, so one
list of postings a term serves all fields: a place says which part it stands in. The weight of a
posting is the pseudo-frequency of BM25F (Robertson, Zaragoza, Taylor 2004: "Simple BM25 extension
to multiple weighted fields"): occurrences times the weight of the part, summed over the parts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum

from index.analysis import LABEL, PARTS, number_forms
from index.contract import Document
from index.filing import domain

SCHEMA_VERSION = 8
"""To be raised with every change of analysis or layout: an older index is then built anew."""


class Part(IntEnum):
    """The parts of a document by number; sections are counted on from SECTION."""

    TITLE = 0
    SUMMARY = 1
    AUTHORS = 2
    TOPICS = 3
    SOURCE = 4
    LABELS = 5
    SOURCE_TITLE = 6
    SECTION = 8


WEIGHTS: dict[int, float] = {
    Part.TITLE: 2.0,
    Part.SUMMARY: 1.0,
    Part.AUTHORS: 0.5,
    Part.TOPICS: 0.5,
    Part.SOURCE: 0.3,
    Part.LABELS: 0.2,
    Part.SOURCE_TITLE: 0.3,
}
"""What an occurrence weighs by its part; in a section, 1."""

PART_SHIFT = 20
LAST_PART = (1 << 12) - 1
LAST_PLACE = (1 << PART_SHIFT) - PARTS


@dataclass(slots=True)
class Postings:
    """The terms of one document: for each its weight and its places, in rising order.

    `keys` are exact values to filter by: `topic:slug`, `author:slug`, `source:domain` (and those
    above it), `at:domain` (itself alone), `language:code`. `length` counts tokens by the weight
    of their parts.
    """

    places: dict[str, list[int]] = field(default_factory=dict)
    weights: dict[str, float] = field(default_factory=dict)
    keys: tuple[str, ...] = ()
    length: int = 0


def part_of(place: int) -> int:
    """Say which part of the document a place stands in."""
    return place >> PART_SHIFT


def weight_of(part: int) -> float:
    """Say what an occurrence in this part weighs."""
    return WEIGHTS.get(part, 1.0)


def lay_out(document: Document) -> Postings:
    """Give the terms, weights and places of a document."""
    postings = Postings()
    language = document.language
    _add(postings, Part.TITLE, document.title, language)
    _add(postings, Part.SUMMARY, document.summary, language)
    _add_all(postings, Part.AUTHORS, (a.name for a in document.authors))
    _add_all(postings, Part.TOPICS, (t.name for t in document.topics), language)
    _add(postings, Part.SOURCE, document.source, language)
    _add(postings, Part.SOURCE_TITLE, document.source_title, language)
    _add_all(postings, Part.LABELS, (s.label for s in document.sections), language)
    for number, section in enumerate(document.sections, Part.SECTION):
        part = min(number, LAST_PART)
        _add(postings, part, section.text, language)
        if section.label:
            term = label_term(section.label)
            postings.places.setdefault(term, []).append(part << PART_SHIFT)
            postings.weights.setdefault(term, 0.0)
    for places in postings.places.values():
        places.sort()
    postings.keys = tuple(exact_keys(document))
    return postings


def _add_all(postings: Postings, part: int, texts: Iterable[str], language: str = "") -> None:
    """Add texts with a gap after each that no phrase gets across."""
    first = 0
    for text in texts:
        first = _add(postings, part, text, language, first) + 2


def _add(postings: Postings, part: int, text: str, language: str, first: int = 0) -> int:
    """Add a text whose first token has number `first`; the number after its last."""
    base, weight = part << PART_SHIFT, weight_of(part)
    all_places, weights = postings.places, postings.weights
    number, tokens = first, 0
    for counted, form in number_forms(text, language):
        number = first + counted
        tokens += 1
        start = min(number * PARTS, LAST_PLACE)
        for offset, term in form.terms:
            # However long a run of characters is, it does not reach into the next part.
            place = base + min(start + offset, LAST_PLACE + PARTS - 1)
            if term in all_places:
                all_places[term].append(place)
                weights[term] += weight
            else:
                all_places[term] = [place]
                weights[term] = weight
    # As in BM25F: a part that counts for more makes the document longer as well.
    postings.length += round(weight * tokens)
    return number


def label_term(label: str) -> str:
    """Give the term that says where the sections with this label stand."""
    return LABEL + " ".join(part for _, form in number_forms(label) for part in form.parts)


def exact_keys(document: Document) -> Iterable[str]:
    """Give the exact values that a document can be filtered by."""
    for topic in document.topics:
        yield "topic:" + topic.slug
    for author in document.authors:
        yield "author:" + author.slug
    yield "language:" + document.language[:2].lower()
    if document.source:
        yield "at:" + domain(document.source)
    labels = document.source.lower().strip(".").split(".")
    # A domain is found by any domain above it: ft.com finds www.ft.com.
    for i in range(max(1, len(labels) - 1)):
        if labels[i]:
            yield "source:" + ".".join(labels[i:])
