"""Titles and excerpts as safe HTML, with what matched marked.

Everything is escaped first and marked then: whatever markup a text holds stays text. Knows
texts and units; refuses to know documents and engines.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from index.analysis import PARTS, TOKEN, analyze, is_unspaced, tokenize
from index.characters import unescaped
from index.matching import Places, Unit, Wanted, expanded, extents_of_phrase

LONGEST_EXCERPT = 230
_SENTENCE_END = re.compile(r"(?<=[.!?…])[\"'”’»)\]]*\s+|(?<=[。！？])|\n+")
_SPACE = re.compile(r"\s+")

Span = tuple[int, int]
"""The offsets of the first character and of the one after the last."""


@dataclass(frozen=True, slots=True)
class Match:
    """A span that matched, and which of the wanted things it is."""

    start: int
    end: int
    wanted: int


def find_matches(text: str, language: str, wanted: Sequence[Wanted]) -> list[Match]:
    """Give what of the wanted stands in a text, in order."""
    places: dict[str, list[int]] = {}
    spans: dict[int, Span] = {}
    for token in tokenize(text, language):
        for offset, term in token.form.terms:
            place = token.number * PARTS + offset
            places.setdefault(term, []).append(place)
        for step in range(token.form.tokens):
            # In scripts without spaces each character counts as a token.
            start = token.start + step if token.form.is_bigram else token.start
            end = min(token.end, start + 2) if token.form.is_bigram else token.end
            spans[token.number + step] = start, end
    for stands in places.values():
        stands.sort()
    matches = [
        Match(spans[first // PARTS][0], spans[last // PARTS][1], number)
        for number, each in enumerate(wanted)
        for first, last in extents_of_phrase(_local(each.units, places), _lookup(places))
    ]
    return in_order(matches)


def in_order(matches: Iterable[Match]) -> list[Match]:
    """Give each match once, by where it begins, longer ones first."""
    return sorted(set(matches), key=lambda m: (m.start, -m.end, m.wanted))


def spans_of(text: str, last: int) -> dict[int, Span]:
    """Give the characters that each token of a text covers, by its number, up to one number."""
    plain, offsets = unescaped(text)
    spans: dict[int, Span] = {}
    number = 0
    for match in TOKEN.finditer(plain):
        start, end = match.span()
        if is_unspaced(plain[start]):
            # In scripts without spaces each character counts as a token.
            tokens = analyze(match.group()).tokens
            for step in range(tokens):
                spans[number + step] = (
                    offsets(start) + step,
                    min(offsets(end), offsets(start) + step + 2),
                )
            number += tokens
        else:
            spans[number] = offsets(start), offsets(end)
            number += 1
        if number > last:
            break
    return spans


def _lookup(places: dict[str, list[int]]) -> Places:
    return lambda term: places.get(term, ())


def _local(units: Sequence[Unit], places: dict[str, list[int]]) -> list[Unit]:
    """Expand prefixes to the terms of this text."""
    return [
        expanded(unit, lambda prefix: [t for t in places if t.startswith(prefix)]) for unit in units
    ]


def mark(text: str, matches: Sequence[Match], first: int = 0, last: int | None = None) -> str:
    """Give text[first:last] as safe HTML on one line, its matches between <mark> and </mark>."""
    last = len(text) if last is None else last
    pieces, at = [], first
    for start, end in _merged(matches):
        start, end = max(start, at), min(end, last)
        if start >= end:
            continue
        pieces += [_safe(text[at:start]), "<mark>", _safe(text[start:end]), "</mark>"]
        at = end
    pieces.append(_safe(text[at:last]))
    return "".join(pieces).strip()


def _safe(text: str) -> str:
    # Lone surrogates could not be sent, NUL and its like have no place in HTML.
    text = text.encode("utf-8", "replace").decode()
    text = "".join(c if c.isprintable() or c.isspace() or ord(c) > 159 else "\ufffd" for c in text)
    return escape(_SPACE.sub(" ", text))


def _merged(matches: Sequence[Match]) -> list[Span]:
    spans: list[Span] = []
    for match in matches:
        if spans and match.start <= spans[-1][1]:
            spans[-1] = spans[-1][0], max(spans[-1][1], match.end)
        else:
            spans.append((match.start, match.end))
    return spans


def excerpt(text: str, matches: Sequence[Match]) -> tuple[str, float]:
    """Give the part of a text that matches best as safe HTML, and how well it does.

    Cut where a sentence begins or at spaces, at most LONGEST_EXCERPT characters. Where nothing
    matches it is the beginning of the text. Two things found count more than one found twice.
    """
    if not matches:
        last = _end(text, 0)
        return mark(text, (), 0, last) + ("…" if last < len(text.rstrip()) else ""), 0.0
    value, chosen = max((_value(matches, i), -i) for i in range(len(matches)))
    first = _start(text, matches[-chosen])
    last = _end(text, first)
    html = mark(text, matches, first, last)
    before = "…" if first and not _begins_sentence(text, first) else ""
    after = (
        "…"
        if last < len(text.rstrip()) and not _SENTENCE_END.search(text, last - 1, last + 2)
        else ""
    )
    return before + html + after, value


def _value(matches: Sequence[Match], i: int) -> float:
    """Say how much an excerpt is worth that begins near a match."""
    limit = matches[i].start + LONGEST_EXCERPT * 3 // 4
    inside = [m for m in matches[i:] if m.end <= limit] or [matches[i]]
    return len({m.wanted for m in inside}) + min(len(inside), 8) / 10


def _sentences(text: str) -> list[int]:
    return [0, *(m.end() for m in _SENTENCE_END.finditer(text))]


def _begins_sentence(text: str, at: int) -> bool:
    return at in _sentences(text)


def _start(text: str, match: Match) -> int:
    """Begin with the sentence of the match, or some words before it where that is long."""
    begins = _sentences(text)
    sentence = begins[bisect_right(begins, match.start) - 1]
    if match.start - sentence <= LONGEST_EXCERPT // 3:
        return sentence
    space = text.find(" ", match.start - LONGEST_EXCERPT // 4, match.start)
    return space + 1 if space >= 0 else match.start


def _end(text: str, first: int) -> int:
    """End with a sentence where one ends in the last third, otherwise before a space."""
    limit = first + LONGEST_EXCERPT
    if limit >= len(text):
        return len(text)
    ends = [m.start() for m in _SENTENCE_END.finditer(text, first + LONGEST_EXCERPT // 2, limit)]
    if ends:
        return ends[-1]
    space = text.rfind(" ", first + LONGEST_EXCERPT // 2, limit)
    return space if space > 0 else limit
