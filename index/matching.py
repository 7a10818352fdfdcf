"""Which terms a typed word stands for, and where they stand side by side.

Knows terms and places; refuses to know scores, documents and engines. The evaluator asks it
where a question matches in an index, the highlighter where it matches in a text: one answer.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from index.analysis import PARTS, STEM, TAIL, Form, Token, is_syllable, stems, tokenize
from index.nodes import Field, Words

Chain = tuple[str, ...]
"""Terms that have to stand side by side, in order."""

Extent = tuple[int, int]
"""The first and the last place of a match."""

Places = Callable[[str], Sequence[int]]
"""Where a term stands in the document or text at hand, in rising order."""


@dataclass(frozen=True, slots=True)
class Unit:
    """One token of a question: the exact readings of it, and the looser ones that rank below.

    The exact ones are ways to write the same, so they are not counted twice. `written` is the
    term for the form with its capitals or accents; `prefixes` are more exact
    ones, for every term that begins as their last one.
    `gap` is how many tokens it stands after the unit before.
    """

    exact: tuple[Chain, ...]
    loose: tuple[Chain, ...] = ()
    written: str = ""
    prefixes: tuple[Chain, ...] = ()
    gap: int = 1


@dataclass(frozen=True, slots=True)
class Wanted:
    """What one leaf of a question looks for: units side by side, and where they may stand."""

    units: tuple[Unit, ...]
    field: Field = Field.ANY
    label: str = ""


def compile_words(words: Words, languages: Iterable[str]) -> Wanted:
    """Give the terms that these words stand for in an index with texts in these languages.

    A phrase is taken as typed, without stems. Several tokens that were typed as one word
    (16:9, c++26) are a phrase as well.
    """
    tokens = list(tokenize(words.text))
    is_exact = words.is_phrase or len(tokens) > 1
    units = []
    for i, token in enumerate(tokens):
        gap = token.number - _end(tokens[i - 1]) if i else 1
        is_prefix = words.is_prefix and i == len(tokens) - 1
        units.append(_unit(token.form, () if is_exact else tuple(languages), gap, is_prefix))
    return Wanted(tuple(units), words.field, words.label)


def _end(token: Token) -> int:
    """Say which token the terms that are looked for end in."""
    return token.number + max(1, token.form.tokens - 1) - 1


def _unit(form: Form, languages: tuple[str, ...], gap: int, is_prefix: bool) -> Unit:
    if form.tokens > 1:
        return Unit((form.parts[:-1],), gap=gap)
    if is_prefix or form.is_bigram or is_syllable(form):
        return Unit((), prefixes=_prefixes(form), gap=gap)
    written = form.written_term
    if len(form.parts) == 1:
        loose = _stemmed(form.parts[0], form.stems, languages)
        exact = (form.parts, *((other,) for other in form.respelled))
        return Unit(exact, loose, written, gap=gap)
    together = tuple((whole,) for whole in form.whole)
    if "&" in "".join(form.whole):
        return Unit(together, gap=gap)
    stemmed = tuple(c for whole in form.whole[:1] for c in _stemmed(whole, (), languages))
    apart = tuple(dict.fromkeys((form.parts, form.by_letters or form.parts)))
    if not together:
        return Unit(apart, gap=gap)
    return Unit(together, (*apart, *stemmed), gap=gap)


def _prefixes(form: Form) -> tuple[Chain, ...]:
    """Give all ways to begin as this does: gpt4 and gpt 4, but of 3.1 only 3 and then 1."""
    if form.is_bigram or "&" in "".join(form.whole):
        return ((form.whole or form.parts)[:1],)
    apart = (form.parts, form.by_letters or form.parts)
    return tuple(dict.fromkeys((*((whole,) for whole in form.whole), *apart)))


def expanded(unit: Unit, beginning_with: Callable[[str], Iterable[str]]) -> Unit:
    """Put in place of a unit's prefixes all that begin so, as the function knows the terms."""
    if not unit.prefixes:
        return unit
    found = dict.fromkeys(
        (*chain[:-1], term) for chain in unit.prefixes for term in beginning_with(chain[-1])
    )
    return replace(unit, exact=tuple(found), prefixes=())


def _stemmed(word: str, own: tuple[str, ...], languages: tuple[str, ...]) -> tuple[Chain, ...]:
    """Give the terms of the words with the same stem: the word's `own`, or by any language."""
    if not languages:
        return ()
    found = {STEM + word: None}
    for stem in (*own, *(stem for language in languages for stem in stems(word, language))):
        found |= {STEM + stem: None, stem: None}
    if len(found) == 1:
        # It is its own stem: what is stemmed to it stands apart from it, and both count.
        found[word] = None
    return tuple((term,) for term in found)


def adjacent(last: int, first: int, gap: int = 1) -> bool:
    """Say whether a place follows another: the next part of one token, or `gap` tokens on."""
    if gap == 1 and first // PARTS == last // PARTS:
        # All that are beyond the last part share its place.
        return first == last + 1 or first == last == first // PARTS * PARTS + PARTS - 1
    return first == (last // PARTS + gap) * PARTS


def extents_of_chain(chain: Chain, places: Places) -> list[Extent]:
    """Give where the terms of a chain stand side by side."""
    extents = _extents_of_term(chain[0], places)
    for term in chain[1:]:
        if not extents:
            return []
        extents = _joined(extents, _extents_of_term(term, places), 1)
    return extents


def _extents_of_term(term: str, places: Places) -> list[Extent]:
    """Give where a term stands; of a joined form each tail belongs to the place before it."""
    starts = places(term)
    ends = list(starts)
    for tail in places(TAIL + term):
        ends[bisect_right(starts, tail) - 1] = tail
    return list(zip(starts, ends, strict=True))


def extents_of_unit(unit: Unit, places: Places, *, is_exact: bool = False) -> list[Extent]:
    """Give where any reading of a unit stands, in order; prefixes are expanded by the caller."""
    chains = unit.exact if is_exact else unit.exact + unit.loose
    if len(chains) == 1:
        return extents_of_chain(chains[0], places)
    return sorted({extent for chain in chains for extent in extents_of_chain(chain, places)})


def extents_of_phrase(units: Sequence[Unit], places: Places) -> list[Extent]:
    """Give where units stand side by side, in order."""
    extents = extents_of_unit(units[0], places)
    for unit in units[1:]:
        if not extents:
            return []
        extents = _joined(extents, extents_of_unit(unit, places), unit.gap)
    return extents


def _joined(before: list[Extent], after: list[Extent], gap: int) -> list[Extent]:
    """Pair extents with those right after them; both in order, by the token they begin in."""
    by_token: dict[int, list[Extent]] = {}
    for extent in after:
        by_token.setdefault(extent[0] // PARTS, []).append(extent)
    return [
        (first, end)
        for first, last in before
        for token in ((last // PARTS, last // PARTS + 1) if gap == 1 else (last // PARTS + gap,))
        for start, end in by_token.get(token, ())
        if adjacent(last, start, gap)
    ]
