"""What is asked: queries of each class, drawn out of the texts by document frequency.

Knows words and how many texts have them; refuses to know how an engine is asked.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

import Stemmer

from tests.bench.searching.corpus import Corpus, body_of

CLASSES = (
    "rare", "common", "two_any", "two_all", "four_any", "phrase", "prefix", "typo", "newest",
    "dated", "facets", "snippets",
)  # fmt: skip

_WORD = re.compile(r"(?<![\w'’-])[a-z]+(?![\w'’-])")
"""Words without parts: what all engines take as one."""
_NEIGHBOURS = re.compile(r"(?<![\w'’-])[a-z]+(?: [a-z]+)+(?![\w'’-])")
_SAMPLE = 600
"""Texts kept in memory, to take neighbouring words and words of one text from."""
_TRIES = 5000
_DAY = timedelta(days=1)
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class Asked:
    """One query: its class, its words, and the days it is limited to, the last not included."""

    kind: str
    words: tuple[str, ...]
    after: str = ""
    before: str = ""


def draw_questions(corpus: Corpus, number: int, seed: int = 1) -> dict[str, list[Asked]]:
    """Draw so many queries of each class, the same for the same texts and seed."""
    drawer = _Drawer(corpus, random.Random(seed))
    makers: dict[str, Callable[[int], Asked | None]] = {
        "rare": drawer.rare,
        "common": lambda _: drawer.common("common"),
        "two_any": lambda _: drawer.of_one_text("two_any", 1),
        "two_all": lambda _: drawer.of_one_text("two_all", 1),
        "four_any": lambda _: drawer.of_one_text("four_any", 2),
        "phrase": drawer.phrase,
        "prefix": drawer.prefix,
        "typo": drawer.typo,
        "newest": lambda _: drawer.common("newest"),
        "dated": drawer.dated,
        "facets": lambda _: drawer.common("facets"),
        "snippets": lambda _: drawer.of_one_text("snippets", 1),
    }
    return {kind: list(_several(kind, makers[kind], number)) for kind in CLASSES}


def _several(kind: str, make: Callable[[int], Asked | None], number: int) -> Iterator[Asked]:
    found = 0
    for _ in range(_TRIES):
        if found == number:
            return
        if asked := make(found):
            found += 1
            yield asked
    raise SystemExit(f"These texts have too few words for {number} queries of the class {kind}.")


@dataclass(frozen=True, slots=True)
class _Sampled:
    text: str
    published_at: datetime


class _Drawer:
    """Counts in how many texts each word is, by stem, and draws queries by that."""

    def __init__(self, corpus: Corpus, rng: random.Random) -> None:
        self.rng, self.corpus = rng, corpus
        self.stems = _Stems()
        self.frequency: Counter[str] = Counter()
        self.sample: list[_Sampled] = []
        for place, document in enumerate(corpus):
            text = f"{document.title}\n{body_of(document)}"
            self.frequency.update({self.stems[word] for word in set(_WORD.findall(text.lower()))})
            self._keep(place, _Sampled(text, document.published_at))
        self.total = corpus.count
        self.words = sorted(self.stems)
        most_rare = 20 * max(1, self.total / 10_000) ** 0.25
        self.rares = [w for w in self.words if len(w) > 3 and 2 <= self.texts_with(w) <= most_rare]
        self.commons = [w for w in self.words if len(w) > 2 and self.is_common(w)]

    def _keep(self, place: int, text: _Sampled) -> None:
        """Keep a sample of the texts, each with the same chance (Vitter's reservoir, 1985)."""
        if len(self.sample) < _SAMPLE:
            self.sample.append(text)
        elif (other := self.rng.randrange(place + 1)) < _SAMPLE:
            self.sample[other] = text

    def texts_with(self, word: str) -> int:
        return self.frequency[self.stems[word]]

    def is_common(self, word: str) -> bool:
        return 0.1 <= self.texts_with(word) / self.total <= 0.5

    def is_middling(self, word: str) -> bool:
        return 0.01 <= self.texts_with(word) / self.total < 0.1

    def rare(self, _: int) -> Asked | None:
        return Asked("rare", (self.rng.choice(self.rares),)) if self.rares else None

    def common(self, kind: str) -> Asked | None:
        return Asked(kind, (self.rng.choice(self.commons),)) if self.commons else None

    def of_one_text(self, kind: str, each: int) -> Asked | None:
        """Take so many common and so many middling words that stand together in a text."""
        words = self._words_of(self.rng.choice(self.sample).text)
        common = [word for word in words if self.is_common(word)]
        middling = [word for word in words if self.is_middling(word)]
        if min(len(common), len(middling)) < each:
            return None
        chosen = [*self.rng.sample(common, each), *self.rng.sample(middling, each)]
        self.rng.shuffle(chosen)
        return Asked(kind, tuple(chosen))

    def _words_of(self, text: str) -> list[str]:
        return sorted({word for word in _WORD.findall(text.lower()) if len(word) > 2})

    def phrase(self, number: int) -> Asked | None:
        """Take two neighbours out of a text; of every second pair one or both are common."""
        run = self.rng.choice(_NEIGHBOURS.findall(self.rng.choice(self.sample).text) or [""])
        pairs = list(pairwise(run.split()))
        pair = self.rng.choice(pairs) if pairs else ("", "")
        most = max(self.texts_with(word) for word in pair) / self.total if pairs else 1.0
        is_wanted = self.is_common(pair[0]) or self.is_common(pair[1]) if number % 2 else most < 0.1
        return Asked("phrase", pair) if pairs and is_wanted else None

    def prefix(self, number: int) -> Asked | None:
        """Take the first three to five letters of a word that is not rare."""
        length = 3 + number % 3
        word = self.rng.choice(self.words)
        is_known = len(word) > length and self.texts_with(word) / self.total >= 0.01
        return Asked("prefix", (word[:length],)) if is_known else None

    def typo(self, _: int) -> Asked | None:
        """Put one wrong letter into a word that is its own stem: others know only stems."""
        word = self.rng.choice(self.words)
        if len(word) < 6 or self.stems[word] != word:
            return None
        if self.texts_with(word) < min(20, self.total / 25):
            return None
        typed = self._mistyped(word)
        is_word = typed in self.stems or Stemmer.Stemmer("porter").stemWord(typed) in self.frequency
        return None if is_word else Asked("typo", (typed,))

    def _mistyped(self, word: str) -> str:
        """Leave out, put in, change or swap a letter, but never the first."""
        at = self.rng.randrange(1, len(word) - 1)
        before, letter, after = word[:at], word[at], word[at + 1 :]
        other = self.rng.choice(_LETTERS)
        swapped = after[0] + letter + after[1:]
        return before + self.rng.choice((after, other + letter + after, other + after, swapped))

    def dated(self, _: int) -> Asked | None:
        """Limit a common word of a text to a tenth of all the time, with its day in it."""
        document = self.rng.choice(self.sample)
        common = [word for word in self._words_of(document.text) if self.is_common(word)]
        if not common:
            return None
        span = (self.corpus.latest - self.corpus.earliest) / 10
        after = document.published_at - span * self.rng.random()
        return Asked("dated", (self.rng.choice(common),), _day(after), _day(after + span + _DAY))


class _Stems(dict[str, str]):
    """Words and their stems, each stemmed when it is first asked for."""

    def __init__(self) -> None:
        self._stem = Stemmer.Stemmer("porter").stemWord

    def __missing__(self, word: str) -> str:
        self[word] = stem = str(self._stem(word))
        return stem


def _day(moment: datetime) -> str:
    return moment.date().isoformat()
