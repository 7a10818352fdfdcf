"""What a reader typed, read as a question; whatever it is, reading it never fails.

Knows the grammar of the search box; refuses to know analysis, engines and the site.

    words   "a phrase"         all of them; just so
    -word   -"a phrase"        without
    a OR b   (a b)             either of the two beside OR; together
    title: by: topic: source:  in that part
    in:"label"                 the words beside it, in the section with this label
    why: big: ...              in the section that a table gives that short name
    before: after: date:       2026, 2026-11, 2026-11-23, yesterday, last-week, this-month ...
    prefix*                    words that begin so

A name before a colon that is none of these is text, and so is every other sign.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, tzinfo
from functools import partial

from index.days import read_span
from index.nodes import (
    Dated,
    Either,
    Every,
    Field,
    Labelled,
    Node,
    Question,
    Without,
    Words,
)

__all__ = ["DEFAULT_SECTIONS", "Question", "parse"]

MAX_CHARACTERS = 2000
MAX_WORDS = 64
MAX_DEPTH = 16

DEFAULT_SECTIONS: Mapping[str, str] = {
    "why": "Why this matters",
    "big": "The big picture",
}


_QUOTES = '"“”„‟«»＂'
# As input methods type them; each is one character, so that offsets stay those of the text.
_WIDE_SIGNS = str.maketrans("（）－：＊", "()-:*")
_MINUS = "-−–"
_NAME = re.compile(r"([^\W\d_]{2,20}):(?=[^\s:])")
_PHRASE = re.compile(rf"[{_QUOTES}]([^{_QUOTES}]*)(?:[{_QUOTES}]|\Z)")
_WORD = re.compile(rf"[^\s(){_QUOTES}]+")
_FIELDS = {f.value: f for f in (Field.TITLE, Field.BY, Field.TOPIC, Field.SOURCE)}
_OPERATORS = {name: re.compile(rf"{name}(?=\s+[^\s)])") for name in ("OR", "AND")}
_AMPERSAND = re.compile(r"[&＆](?=\s+[^\s)])")
_DANGLING = re.compile(r"(?:OR|AND)(?=[\s)]*\Z|\s*\))")
_Span = tuple[int, int]
_PERIODS = {"before", "after", "date"}


def parse(
    text: str,
    *,
    sections: Mapping[str, str] = DEFAULT_SECTIONS,
    zone: tzinfo = UTC,
    now: datetime | None = None,
) -> Question:
    """Read what was typed. `sections` are short names and labels; `zone` decides about days.

    Never fails. What is beyond MAX_CHARACTERS, MAX_WORDS or MAX_DEPTH is left out quietly.
    `now` (aware) is what `today` and its like are counted from.
    """
    names = {short.lower(): label for short, label in sections.items()}
    signs = text[:MAX_CHARACTERS].translate(_WIDE_SIGNS)
    reader = _Reader(signs, names, zone, now or datetime.now(UTC))
    again = partial(parse, sections=sections, zone=zone, now=now)
    parts, spans = reader.group(0, Field.ANY, "")
    typed = tuple((part, text[start:end]) for part, (start, end) in zip(parts, spans, strict=True))
    return Question(text, _every(parts), typed, again)


class _Reader:
    """Reads from left to right, once; each method consumes what it gives."""

    def __init__(self, text: str, names: Mapping[str, str], zone: tzinfo, now: datetime) -> None:
        self.text, self.names, self.zone, self.now = text, names, zone, now
        self.at = 0
        self.words = 0

    def group(self, depth: int, field: Field, label: str) -> tuple[list[Node], list[_Span]]:
        """Read up to the closing parenthesis or the end; OR binds its two neighbours only.

        Gives the parts, and where each stands.
        """
        parts: list[Node] = []
        spans: list[_Span] = []
        is_or = False
        while self.at < len(self.text):
            if self.text[self.at] == ")":
                self.at += 1
                if depth:
                    break
                continue
            if self.text[self.at].isspace():
                self.at += 1
                continue
            if parts and self._operator("OR"):
                is_or = True
                continue
            if parts and (self._operator("AND") or self._dangling()):
                continue
            start = self.at
            is_extra = bool(parts) and not is_or and field is Field.ANY
            sign = self._ampersand() if is_extra else None
            part = sign or self._part(depth, field, label)
            if part is None:
                continue
            if is_or:
                part = _either(parts.pop(), part)
                start, _ = spans.pop()
                is_or = False
            parts.append(part)
            spans.append((start, self.at))
        return _scoped(parts), spans

    def _operator(self, name: str) -> bool:
        """Consume an operator that something follows."""
        match = _OPERATORS[name].match(self.text, self.at)
        if match:
            self.at = match.end()
        return match is not None

    def _dangling(self) -> bool:
        """Consume an operator that nothing follows yet: it is being typed, and no word."""
        match = _DANGLING.match(self.text, self.at)
        if match:
            self.at = match.end()
        return match is not None

    def _ampersand(self) -> Words | None:
        """Read a sign between two words: "Johnson & Johnson" is as good as written with "and"."""
        match = _AMPERSAND.match(self.text, self.at)
        if match is None:
            return None
        self.at = match.end()
        return Words(match.group(), match.start(), match.end(), is_extra=True)

    def _part(self, depth: int, field: Field, label: str) -> Node | None:
        start = self.at
        rest = self.text[start + 1 : start + 2]
        if self.text[start] in _MINUS and rest and not rest.isspace() and rest not in ")-−–":
            self.at += 1
            if rest == "(" and depth >= MAX_DEPTH:
                # What is left out must not become wanted.
                self._skip_group()
                return None
            part = self._named(depth, field, label, start)
            return None if part is None else Without(part, start, self.at)
        return self._named(depth, field, label, start)

    def _skip_group(self) -> None:
        """Pass by a parenthesis and all in it."""
        is_open = 0
        while self.at < len(self.text):
            is_open += {"(": 1, ")": -1}.get(self.text[self.at], 0)
            self.at += 1
            if not is_open:
                return

    def _named(self, depth: int, field: Field, label: str, start: int) -> Node | None:
        match = _NAME.match(self.text, self.at)
        name = match.group(1).lower() if match else ""
        if match and (name in _FIELDS or name in self.names):
            self.at = match.end()
            section = self.names.get(name, "")
            field = Field.SECTION if section else _FIELDS[name]
            return self._value(depth, field, section, start)
        if match and name in _PERIODS:
            return self._dated(name, match.end(), start) or self._value(depth, field, label, start)
        if match and name == Field.SECTION:
            return self._labelled(match.end(), start) or self._value(depth, field, label, start)
        return self._value(depth, field, label, start)

    def _value(self, depth: int, field: Field, label: str, start: int) -> Node | None:
        """Read a group, a phrase or a word, looked for in `field`."""
        if self.at < len(self.text) and self.text[self.at] == "(":
            self.at += 1
            # Deeper than that, parentheses are read as spaces.
            return _every(self.group(depth + 1, field, label)[0]) if depth < MAX_DEPTH else None
        phrase = _PHRASE.match(self.text, self.at)
        if phrase:
            self.at = phrase.end()
            return self._words(phrase.group(1), field, label, start, is_phrase=True)
        word = _WORD.match(self.text, self.at)
        if word is None:
            return None
        self.at = word.end()
        text = word.group()
        is_prefix = text.endswith("*") and text[-2:-1].isalnum()
        return self._words(
            text[:-1] if is_prefix else text, field, label, start, is_prefix=is_prefix
        )

    def _words(
        self,
        text: str,
        field: Field,
        label: str,
        start: int,
        *,
        is_phrase: bool = False,
        is_prefix: bool = False,
    ) -> Node | None:
        if self.words >= MAX_WORDS or not any(c.isalnum() for c in text):
            return None
        self.words += len(text.split()) if is_phrase else 1
        return Words(text, start, self.at, field, label, is_phrase, is_prefix)

    def _literal(self, at: int) -> tuple[str, int]:
        """Look ahead: the phrase or word that begins here, and where it ends."""
        phrase = _PHRASE.match(self.text, at)
        if phrase:
            return phrase.group(1), phrase.end()
        word = _WORD.match(self.text, at)
        return (word.group(), word.end()) if word else ("", at)

    def _dated(self, name: str, at: int, start: int) -> Dated | None:
        typed, end = self._literal(at)
        span = read_span(typed.strip(), self.zone, self.now)
        if span is None:
            return None
        self.at = end
        first = None if name == "before" else span.first
        last = {"before": span.first, "after": None, "date": span.last}[name]
        return Dated(first, last, name, typed, start, end)

    def _labelled(self, at: int, start: int) -> Labelled | None:
        typed, end = self._literal(at)
        if not any(c.isalnum() for c in typed):
            return None
        self.at = end
        return Labelled(self.names.get(typed.lower(), typed), start, end)


def _every(parts: list[Node]) -> Node | None:
    if len(parts) < 2:
        return parts[0] if parts else None
    return Every(tuple(parts))


def _either(left: Node, right: Node) -> Either:
    lefts = left.parts if isinstance(left, Either) else (left,)
    return Either((*lefts, right))


def _scoped(parts: list[Node]) -> list[Node]:
    """Look for words beside an `in:` in the section that it names: the last before them."""
    labels = [part.label for part in parts if isinstance(part, Labelled)]
    if not labels:
        return parts
    scoped, label = [], labels[0]
    for part in parts:
        label = part.label if isinstance(part, Labelled) else label
        scoped.append(_within(part, label))
    return scoped


def _within(node: Node, label: str) -> Node:
    match node:
        case Words() if node.field is Field.ANY and not node.is_extra:
            return replace(node, field=Field.SECTION, label=label)
        case Every(parts):
            return Every(tuple(_within(part, label) for part in parts))
        case Either(parts):
            return Either(tuple(_within(part, label) for part in parts))
        case Without(part):
            return replace(node, part=_within(part, label))
        case _:
            return node
