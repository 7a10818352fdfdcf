"""How a question was read, in plain words, and the question without each of its parts.

Knows questions; refuses to know what is found by them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo

from index.filing import domain_in
from index.nodes import Dated, Either, Every, Field, Labelled, Node, Question, Without, Words
from index.relaxing import is_function_word, take_apart

_MONTHS = (
    "January February March April May June July August September October November December"
).split()
_OPERATORS = {"OR", "AND"}
_MONTH, _YEAR = re.compile(r"\d{4}[-/.]\d{1,2}", re.ASCII), re.compile(r"\d{4}", re.ASCII)
_IN_FIELD = {
    Field.TITLE: "in the title: ",
    Field.BY: "by ",
    Field.TOPIC: "on the topic ",
    Field.SOURCE: "from ",
}


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a question in plain words, and the text of the question without that part."""

    text: str
    without: str


def explain(question: Question, zone: tzinfo = UTC) -> tuple[Part, ...]:
    """Say how a question was read, part by part; what stands at the top is wanted together.

    Days are those of `zone`. Reading `without` again gives the question less that part: it is
    put together from the characters of all others, so no sign or operator is left over.
    """
    typed = question.typed
    # In a sentence the words that only sentences need are not asked for.
    is_sentence = question.root is not None and take_apart(question.root).is_sentence
    return tuple(
        Part(
            _said(part, zone),
            _joined(text for other, (_, text) in enumerate(typed) if other != number),
        )
        for number, (part, _) in enumerate(typed)
        if not (is_sentence and is_function_word(part))
    )


def _joined(texts: Iterable[str]) -> str:
    # A word that looks like an operator was none where it stood, and must not become one.
    return " ".join(f'"{text}"' if text in _OPERATORS else " ".join(text.split()) for text in texts)


def _said(node: Node, zone: tzinfo) -> str:
    match node:
        case Words():
            return _words(node, is_alone=True)
        case Labelled(label):
            return f"with a section “{label}”"
        case Dated():
            return _dated(node, zone)
        case Without(Labelled(label)):
            return f"without a section “{label}”"
        case Without(Without(part)):
            return "with " + _inside(part, zone)
        case Without(part):
            return "without " + _inside(part, zone)
        case Every(parts):
            return " and ".join(_inside(part, zone) for part in parts)
        case Either(parts):
            return "either " + " or ".join(_inside(part, zone) for part in parts)


def _inside(node: Node, zone: tzinfo) -> str:
    """Say it as a part of something longer."""
    match node:
        case Words():
            return _words(node, is_alone=False)
        case Every() | Either():
            return f"({_said(node, zone)})"
        case _:
            return _said(node, zone)


def _words(words: Words, *, is_alone: bool) -> str:
    where = _IN_FIELD.get(words.field, "")
    if words.field is Field.SECTION:
        where = f"in sections “{words.label}”: "
    if words.is_prefix:
        return f"{where}words beginning with {words.text}"
    if words.field is Field.SOURCE and (domain := domain_in(words.text)):
        return where + domain
    if words.is_phrase:
        is_name = words.field in (Field.BY, Field.TOPIC, Field.SOURCE)
        said = words.text if is_name else f"“{words.text}”"
        return f"{where}{'' if where else 'the phrase '}{said}"
    return f"the word “{words.text}”" if is_alone and not where else where + words.text


def _dated(node: Dated, zone: tzinfo) -> str:
    first, last = (_day(moment, zone) for moment in (node.first, node.last))
    if first is None:
        return f"published before {_written(last)}"
    if last is None:
        return f"published on or after {_written(first)}"
    until = last - timedelta(days=1)
    if first == until:
        return f"published on {_written(first)}"
    if _YEAR.fullmatch(node.text):
        return f"published in {first.year}"
    if _MONTH.fullmatch(node.text):
        return f"published in {_MONTHS[first.month - 1]} {first.year}"
    return f"published from {_written(first)} to {_written(until)}"


def _day(moment: datetime | None, zone: tzinfo) -> date | None:
    return None if moment is None else moment.astimezone(zone).date()


def _written(day: date | None) -> str:
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}" if day else "any day"
