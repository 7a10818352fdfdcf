"""Titles and excerpts as safe HTML, with what matched marked.

Everything is escaped first and marked then: whatever markup a text holds stays text. Knows
texts and units; refuses to know documents and engines.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from html import escape
from itertools import islice

from index.analysis import PARTS, TOKEN, analyze, is_unspaced, tokenize
from index.characters import FIRST_UNSPACED, unescaped
from index.matching import Places, Unit, Wanted, expanded, extents_of_phrase

LONGEST_EXCERPT = 230
_NEAR = LONGEST_EXCERPT // 2
"""Characters before a match in which its sentence may begin."""
# The points of initials and of some abbreviations end no sentence: U.S. Navy, Mr. Hill.
_SENTENCE_END = re.compile(
    r"(?<=[.!?…])(?<!\b[A-Z]\.)(?<!\b(?:Mr|Ms|Dr|St|No|vs)\.)(?<!\bMrs\.)[\"'”’»)\]]*\s+"
    r"|(?<=[。！？])|\n+"
)
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


def spans_at(text: str, numbers: Iterable[int], starts: Sequence[int]) -> dict[int, Span]:
    """Give the characters that some tokens cover, where it is known at which each begins."""
    spans = {}
    for number in numbers:
        if number < len(starts) and (match := TOKEN.match(text, starts[number])):
            spans[number] = match.span()
    return spans


def spans_of(text: str, numbers: Collection[int]) -> dict[int, Span]:
    """Give the characters that some tokens of a text cover, by their numbers."""
    plain, offsets = unescaped(text)
    matches = islice(TOKEN.finditer(plain), max(numbers) + 1)
    if plain.isascii():
        listed = list(matches)
        return {
            n: (offsets(listed[n].start()), offsets(listed[n].end()))
            for n in numbers
            if n < len(listed)
        }
    spans: dict[int, Span] = {}
    number = 0
    for match in matches:
        start, end = offsets(match.start()), offsets(match.end())
        if plain[match.start()] >= FIRST_UNSPACED and is_unspaced(plain[match.start()]):
            # In scripts without spaces each character counts as a token.
            tokens = analyze(match.group()).tokens
            for step in range(tokens):
                spans[number + step] = start + step, min(end, start + step + 2)
            number += tokens
        else:
            spans[number] = start, end
            number += 1
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
    text = _SPACE.sub(" ", text.encode("utf-8", "replace").decode())
    if not text.isprintable():
        text = "".join(c if c.isprintable() or ord(c) > 159 else "\ufffd" for c in text)
    return escape(text)


def _merged(matches: Sequence[Match]) -> list[Span]:
    spans: list[Span] = []
    for match in matches:
        if spans and match.start <= spans[-1][1]:
            spans[-1] = spans[-1][0], max(spans[-1][1], match.end)
        else:
            spans.append((match.start, match.end))
    return spans


def excerpt(text: str, matches: Sequence[Match]) -> str:
    """Give the part of a text that matches best as safe HTML.

    Cut where a sentence begins or at spaces, at most LONGEST_EXCERPT characters. Where nothing
    matches it is the beginning of the text.
    """
    if not matches:
        last = _end(text, 0)
        return mark(text, (), 0, last) + ("…" if last < len(text.rstrip()) else "")
    _, chosen = _best(matches)
    first = _start(text, matches[chosen])
    last = _end(text, first)
    html = mark(text, matches, first, last)
    before = "…" if first and _sentence_before(text, first) != first else ""
    after = (
        "…"
        if last < len(text.rstrip()) and not _SENTENCE_END.search(text, last - 1, last + 2)
        else ""
    )
    return before + html + after


def worth(matches: Sequence[Match]) -> float:
    """Say how much the best excerpt of a text is worth; two things found more than one twice."""
    return _best(matches)[0]


def _best(matches: Sequence[Match]) -> tuple[float, int]:
    """Give the highest value, and the first match near which an excerpt has it.

    Goes through the matches once: an excerpt that begins with a later one ends later as well.
    """
    best, chosen = -1.0, 0
    inside: Counter[int] = Counter()
    end = 0
    for i, match in enumerate(matches):
        if end <= i:
            inside[match.wanted] += 1
            end = i + 1
        limit = match.start + LONGEST_EXCERPT * 3 // 4
        while end < len(matches) and matches[end].end <= limit:
            inside[matches[end].wanted] += 1
            end += 1
        value = len(inside) + min(end - i, 8) / 10
        if value > best:
            best, chosen = value, i
        inside[match.wanted] -= 1
        if not inside[match.wanted]:
            del inside[match.wanted]
    return best, chosen


def _sentence_before(text: str, at: int) -> int:
    """Give where the sentence begins that an offset is in; -1 where that is not near."""
    near = max(0, at - _NEAR)
    begins = 0 if not near else -1
    for match in _SENTENCE_END.finditer(text, near, at):
        begins = match.end()
    return begins


def _start(text: str, match: Match) -> int:
    """Begin with the sentence of the match, or some words before it where that is long."""
    sentence = _sentence_before(text, match.start)
    if 0 <= match.start - sentence <= LONGEST_EXCERPT // 3 and sentence >= 0:
        return sentence
    before = max(0, match.start - LONGEST_EXCERPT // 4)
    space = _SPACE.search(text, before, match.start)
    if space is not None:
        return space.end()
    # Without spaces a text may be cut between any two characters.
    return before if before < match.start and is_unspaced(text[before]) else match.start


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
