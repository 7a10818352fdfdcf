"""What the words of one question stand for in one opened index.

Knows the grammar's nodes, terms and which of them there are; refuses to know scores.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise

from index.analysis import tokenize
from index.characters import fold
from index.commonplace import FUNCTION_WORDS
from index.matching import Chain, Unit, Wanted, compile_words
from index.nodes import Dated, Either, Every, Field, Labelled, Node, Without, Words
from index.opened import Lexicon
from index.spelling import edits_allowed

LITTLE = 3
"""Documents below which a word finds so little that it may be a misspelling."""
LITTLE_SHARE = 0.002
"""The same as a share of all documents: in many of them some misspell as well."""
LIKELIER = 10
"""How many times more documents a likelier spelling has to find."""
NAME_LIFT = 10
"""How many times likelier a spelling is that is in the name of a topic, author or source."""
SHORTEST_HALF = 2
"""Letters of a word that was written together with its neighbour."""


@dataclass(frozen=True, slots=True)
class Respelling:
    """Another spelling of a part of the question, and in how many documents what was typed is."""

    start: int
    end: int
    word: str
    frequency: int


class Reading:
    """Compiles each word once; looks for other spellings only when asked to."""

    def __init__(self, root: Node | None, lexicon: Lexicon, *, is_sentence: bool) -> None:
        self._lexicon = lexicon
        self._little = max(LITTLE, int(LITTLE_SHARE * lexicon.count()))
        self._languages = tuple(lexicon.languages())
        self._wanted: dict[Words, Wanted] = {}
        self._near: dict[Words, Wanted | None] = {}
        self._joined: dict[Words, list[Chain]] = {}
        self._left_out = set(_leaves_left_out(root))
        self._alike: dict[str, list[tuple[str, int]]] = {}
        if not is_sentence:
            self._join(root)

    def wanted(self, words: Words) -> Wanted:
        """Give what a word or a phrase stands for as it was typed."""
        found = self._wanted.get(words)
        if found is None:
            found = compile_words(words, self._languages_of(words))
            joined = self._joined.get(words)
            if joined and len(found.units) == 1:
                unit = found.units[0]
                found = replace(found, units=(replace(unit, exact=(*unit.exact, *joined)),))
            self._wanted[words] = found
        return found

    def _languages_of(self, words: Words) -> tuple[str, ...]:
        """Give the languages by whose grammar other forms of these words are looked for as well.

        None for names, and none after a minus, not even for a plural: who leaves out "bank" sees
        "banks" and can leave it out too, but what goes unasked is never seen.
        """
        is_exact = words.field in (Field.BY, Field.SOURCE) or words in self._left_out
        return () if is_exact else self._languages

    def near(self, words: Words) -> Wanted | None:
        """Give what a word may stand for if it was misspelled; None where it need not have been."""
        if words not in self._near:
            chains = () if words.is_phrase or words.is_prefix else self._near_chains(words)
            self._near[words] = (
                Wanted((Unit(chains),), words.field, words.label) if chains else None
            )
        return self._near[words]

    def shown(self, leaves: Iterable[Words]) -> list[Wanted]:
        """Give all that is marked in what was found: the words, and what they were taken for."""
        return [
            wanted
            for words in leaves
            for wanted in (self.wanted(words), self._near.get(words))
            if wanted is not None and wanted.units
        ]

    def _join(self, node: Node | None) -> None:
        """Find neighbours that the index has as one word as well: "open ai", openai."""
        match node:
            case Every(parts):
                for words in (*neighbours(parts), *_with_signs(parts), *_initials(parts)):
                    joined = fold("".join(_initial(word) or word.text for word in words))
                    if self._is_name(joined) and self._lexicon.document_frequency(joined):
                        for word in words:
                            self._joined.setdefault(word, []).append((joined,))
                for part in parts:
                    self._join(part)
            case Either(parts):
                for part in parts:
                    self._join(part)
            case Without(part):
                self._join(part)
            case _:
                pass

    def _is_name(self, joined: str) -> bool:
        return joined.replace("&", "").isalnum() and not joined.endswith("&")

    def _near_chains(self, words: Words) -> tuple[Chain, ...]:
        units = self.wanted(words).units
        if len(units) != 1 or not (finds := self._spelled(units[0])):
            return ()
        word, frequency = finds
        found: list[Chain] = []
        if frequency < self._little:
            found = [(other,) for other, _ in self.respelled(word, frequency)]
            found += self._halves(word)
        return tuple(found)

    def _spelled(self, unit: Unit) -> tuple[str, int] | None:
        """Give the one word that a unit is, and in how many documents any form of it stands."""
        word = unit.exact[0][0] if unit.exact and len(unit.exact[0]) == 1 else ""
        if not word.isalnum() or word[0].isdigit():
            return None
        known = {chain[0] for chain in unit.exact + unit.loose if len(chain) == 1}
        return word, max(self._lexicon.document_frequency(term) for term in known)

    def respelled(self, word: str, frequency: int) -> list[tuple[str, int]]:
        """Give likelier spellings of a word that stands in so many documents.

        A word that only sentences need is never misspelled, and never what was meant.
        """
        if not edits_allowed(word) or word in FUNCTION_WORDS:
            return []
        if word not in self._alike:
            alike = self._lexicon.alike(word, max(1, frequency * LIKELIER))
            self._alike[word] = [each for each in alike if each[0] not in FUNCTION_WORDS]
        return self._alike[word]

    def _halves(self, word: str) -> Iterator[Chain]:
        """Give the two words that one may be, where the index has both."""
        if not word.isalpha():
            return
        frequency = self._lexicon.document_frequency
        for i in range(SHORTEST_HALF, len(word) - SHORTEST_HALF + 1):
            if frequency(word[:i]) and frequency(word[i:]):
                yield word[:i], word[i:]

    def respellings(self, text: str, leaves: Iterable[Words]) -> list[Respelling]:
        """Give the likeliest other spelling of each word of the question that finds little."""
        return [
            respelling
            for words in leaves
            for respelling in self._in(words, text.rfind(words.text, words.start, words.end))
        ]

    def _in(self, words: Words, start: int) -> Iterator[Respelling]:
        for token in tokenize(words.text):
            form = token.form
            word = (form.whole or form.parts)[0]
            if form.is_bigram or not word.isalnum() or word[0].isdigit():
                continue
            frequency = self._frequency(word)
            if frequency < self._little and (near := self.respelled(word, frequency)):
                best = max(near, key=self._likelihood)[0]
                yield Respelling(start + token.start, start + token.end, best, frequency)

    def _likelihood(self, near: tuple[str, int]) -> int:
        word, frequency = near
        return frequency * (NAME_LIFT if self._lexicon.is_in_name(word) else 1)

    def _frequency(self, word: str) -> int:
        wanted = compile_words(Words(word), self._languages)
        found = self._spelled(wanted.units[0])
        return found[1] if found else self._little


def neighbours(parts: Iterable[Node]) -> list[tuple[Words, Words]]:
    """Give the pairs of plain words that were typed one after the other."""
    return [
        (left, right)
        for left, right in pairwise(parts)
        if isinstance(left, Words)
        and is_plain(left)
        and isinstance(right, Words)
        and is_plain(right)
    ]


def _with_signs(parts: Sequence[Node]) -> list[tuple[Words, ...]]:
    """Give the plain words that were typed with an ampersand between them, and this."""
    pairs = neighbours(parts)
    return [
        (left, sign, right)
        for (left, sign), (middle, right) in pairwise(pairs)
        if sign.is_extra and middle == sign
    ]


def _initials(parts: Sequence[Node]) -> list[list[Words]]:
    """Give the runs of single letters that were typed one after the other."""
    plain = (part if isinstance(part, Words) and is_plain(part) else None for part in parts)
    runs = groupby(plain, lambda words: bool(words and _initial(words)))
    found = [[words for words in run if words] for is_letter, run in runs if is_letter]
    return [run for run in found if len(run) > 1]


def _initial(words: Words) -> str:
    """Give the letter where it is one, with a point or without."""
    letter = words.text.removesuffix(".")
    return letter if len(letter) == 1 and letter.isalpha() else ""


def is_plain(words: Words) -> bool:
    """Say whether it is a word that was typed without any sign."""
    return words.field is Field.ANY and not (words.is_phrase or words.is_prefix)


def _leaves_left_out(node: Node | None) -> Iterator[Words]:
    """Yield the words that stand after a minus."""
    match node:
        case Without(part):
            yield from wanted_leaves(part)
            yield from _leaves_left_out(part)
        case Every(parts) | Either(parts):
            for part in parts:
                yield from _leaves_left_out(part)
        case _:
            pass


def wanted_leaves(node: Node | None) -> list[Words]:
    """Give the words that a document is found by, those after a minus left out."""
    match node:
        case Words():
            return [] if node.is_extra else [node]
        case Every(parts) | Either(parts):
            return [leaf for part in parts for leaf in wanted_leaves(part)]
        case Without() | Dated() | Labelled() | None:
            return []
