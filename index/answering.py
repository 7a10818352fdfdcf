"""From what was found to what is shown: titles, passages, pages.

Knows documents, questions and highlighting; refuses to know how documents were found.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import log

from index.analysis import tokenize
from index.contract import Answer, Document, Hit, Passage, Section, Sort
from index.evaluation import Evaluator, microseconds
from index.frequencies import Postings
from index.highlight import excerpt, find_matches, mark
from index.layout import label_term
from index.matching import Wanted, compile_words, wanted_leaves
from index.nodes import Field, Question

MOST_PASSAGES = 3


@dataclass(frozen=True, slots=True)
class Text:
    """What an engine keeps of a document to show it."""

    title: str
    summary: str
    sections: tuple[Section, ...]
    language: str

    @classmethod
    def of(cls, document: Document) -> Text:
        """Take from a document what is shown."""
        return cls(document.title, document.summary, document.sections, document.language)


def answer(
    question: Question,
    postings: Postings,
    text_of: Callable[[int], Text],
    *,
    now: datetime,
    sort: Sort,
    offset: int,
    limit: int,
) -> Answer:
    """Give one page of what an opened index holds in answer to a question."""
    if question.root is None:
        return Answer()
    evaluator = Evaluator(postings)
    find = evaluator.newest if sort is Sort.NEWEST else evaluator.best
    found = find(question.root, microseconds(now))
    languages = postings.languages()
    wanted = [compile_words(words, languages) for words in wanted_leaves(question.root)]
    hits = tuple(
        _hit(postings.id(document), score, text_of(document), wanted)
        for document, score in found[offset : offset + limit]
    )
    return Answer(hits, len(found))


def _hit(id: int, score: float, text: Text, wanted: Sequence[Wanted]) -> Hit:
    wanted = [each for each in wanted if each.units]
    in_title = [each for each in wanted if each.field in (Field.ANY, Field.TITLE)]
    title = mark(text.title, find_matches(text.title, text.language, in_title))
    return Hit(id, score, title, _passages(text, wanted))


def _passages(text: Text, wanted: Sequence[Wanted]) -> tuple[Passage, ...]:
    """Give the best excerpts, each from a section of its own; the beginning where none matches."""
    found = []
    for number, section in enumerate(text.sections):
        here = [each for each in wanted if _is_searched(section, each)]
        matches = find_matches(section.text, text.language, here)
        if matches:
            html, value = excerpt(section.text, matches)
            found.append((-value, number, Passage(html, section.label, section.anchor)))
    if found:
        return tuple(
            passage for _, _, passage in sorted(found, key=lambda f: f[:2])[:MOST_PASSAGES]
        )
    anywhere = [each for each in wanted if each.field is Field.ANY]
    matches = find_matches(text.summary, text.language, anywhere)
    beginning = next((s for s in text.sections if s.text.strip()), None)
    if matches or beginning is None:
        return (Passage(excerpt(text.summary, matches)[0]),)
    html, _ = excerpt(beginning.text, ())
    return (Passage(html, beginning.label, beginning.anchor),)


def _is_searched(section: Section, wanted: Wanted) -> bool:
    if wanted.field is Field.SECTION:
        return label_term(section.label) == label_term(wanted.label)
    return wanted.field is Field.ANY


def telling_terms(text: Text) -> dict[str, float]:
    """Give the words of a text by which its like may be found, and the weight of each."""
    words = (
        (token.form.parts[0], weight)
        for weight, part in (
            (3.0, text.title),
            (1.0, text.summary),
            *((1.0, s.text) for s in text.sections),
        )
        for token in tokenize(part)
        if len(token.form.parts) == 1 and len(token.form.parts[0]) > 2
    )
    weights: dict[str, float] = {}
    for word, weight in words:
        weights[word] = weights.get(word, 0.0) + weight
    # The logarithm keeps one word that is repeated often from drowning the others.
    return {word: 1 + log(weight) for word, weight in weights.items() if not word.isdigit()}
