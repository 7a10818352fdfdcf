"""Articles out of a seed: the same for the same seed and number, thousands a second.

Knows how texts are put together; refuses to know what is measured with them.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from index.contract import Document, Name, Section
from tests.bench.searching.words import (
    FORM_SHARES,
    FORMS,
    FUNCTION_WORDS,
    cumulative_shares,
    name,
    names,
    shares_of_ranks,
    vocabulary,
)

TOPICS, AUTHORS, SOURCES = 60, 200, 500
TITLE, SUMMARY, BODY = 8, 24, 418
"""Words of each, in the mean."""
LABELS = (
    "Why this matters",
    "The big picture",
    "The details",
    "By the numbers",
    "Between the lines",
    "What comes next",
)
BEGINNING = datetime(2016, 1, 1, tzinfo=UTC)
DAYS = 3652

_BATCH = 500
_FUNCTION = len(FUNCTION_WORDS)
_TOPIC_WORDS = 400
_TOPICAL = 0.22
"""The share of content words that come from the words of the article's topic."""
_TOGETHER = 0.1
"""The share of content words whose neighbour is one of the two that often follow them."""
_KNOWN_NAMES = 3000
_RARE, _KNOWN, _NUMBER, _JOINED = 0.006, 0.03, 0.04, 0.043
"""Up to which draw a word is a rare name, a known one, a number or a joined name."""


def articles(number: int, seed: int = 1) -> Iterator[Document]:
    """Yield so many articles of about 450 words."""
    writer = _Writer(seed)
    for first in range(1, number + 1, _BATCH):
        yield from writer.write(range(first, min(first + _BATCH, number + 1)))


def as_imported(document: Document) -> dict[str, object]:
    """Give an article as a line of an import."""
    labelled = [f"**{s.label}:** {s.text}" if s.label else s.text for s in document.sections]
    return {
        "id": f"invented-{document.id}",
        "title": document.title,
        "summary": document.summary,
        "body": "\n\n".join(labelled),
        "published_at": document.published_at.isoformat(),
        "topics": [topic.name for topic in document.topics],
        "authors": [author.name for author in document.authors],
        "source_url": f"https://{document.source}/{document.id}",
        "source_title": document.title,
    }


@dataclass(frozen=True, slots=True)
class _Masthead:
    """What articles are filed under."""

    topics: list[Name]
    authors: list[Name]
    sources: list[str]


def _masthead(rng: random.Random) -> _Masthead:
    given, family = names(40, 5000), names(AUTHORS, 6000)
    authors = [f"{rng.choice(given)} {each}" for each in family]
    topics = names(TOPICS, 7000)
    return _Masthead(
        [Name(each.lower(), each) for each in topics],
        [Name(each.lower().replace(" ", "-"), each) for each in authors],
        [f"{each.lower()}.example" for each in names(SOURCES, 8000)],
    )


class _Writer:
    """Writes a batch of articles at a time: words are drawn as arrays, texts joined of lists."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.draw = np.random.default_rng(seed)
        self.masthead = _masthead(self.rng)
        self.words = np.array(vocabulary(seed), dtype=object)
        self.known = names(_KNOWN_NAMES, 20_000)
        self.shares = np.array(shares_of_ranks())
        self.topic_shares = np.array(cumulative_shares(_TOPIC_WORDS, shift=5, power=1.0))
        # Out of the middle of the vocabulary, each topic its own.
        self.topic_words = self.draw.integers(_FUNCTION, 9000, (TOPICS, _TOPIC_WORDS))
        self.followers = self.draw.integers(_FUNCTION, 3000, (len(self.shares), 2))

    def write(self, ids: range) -> Iterator[Document]:
        """Write the articles with these ids."""
        rng, number = self.rng, len(ids)
        topics = [rng.sample(range(TOPICS), rng.choice((1, 2, 2, 3))) for _ in ids]
        lengths = np.clip(self.draw.normal(BODY, BODY / 4, number), 120, None).astype(int)
        lengths += TITLE + SUMMARY
        main = np.repeat([own[0] for own in topics], lengths)
        words = self._some_words(main)
        start = 0
        for id, own, length in zip(ids, topics, lengths.tolist(), strict=True):
            yield self._article(id, own, words[start : start + length])
            start += length

    def _some_words(self, main: np.ndarray[Any, Any]) -> list[str]:
        """Draw a word for every place, given the topic of the article it stands in."""
        total, draw = len(main), self.draw
        drawn = np.searchsorted(self.shares, draw.random(total)).clip(max=len(self.shares) - 1)
        topical = (drawn >= _FUNCTION) & (draw.random(total) < _TOPICAL)
        places = np.searchsorted(self.topic_shares, draw.random(int(topical.sum())))
        drawn[topical] = self.topic_words[main[topical], places.clip(max=_TOPIC_WORDS - 1)]
        after = np.flatnonzero((drawn[:-1] >= _FUNCTION) & (draw.random(total - 1) < _TOGETHER))
        drawn[after + 1] = self.followers[drawn[after], draw.integers(0, 2, len(after))]
        forms = np.searchsorted(np.cumsum(FORM_SHARES), draw.random(total)).clip(max=FORMS - 1)
        words: list[str] = self.words[drawn * FORMS + forms].tolist()
        kinds = draw.random(total)
        for place in np.flatnonzero(kinds < _JOINED).tolist():
            words[place] = self._special(kinds[place])
        return words

    def _special(self, kind: float) -> str:
        """Give a name or a number; rare names have no end, so that words grow by Heaps' law."""
        rng = self.rng
        if kind < _RARE:
            return name(100_000 + int(300 * (rng.paretovariate(0.45) - 1)) % 10**9)
        if kind < _KNOWN:
            return self.known[int(_KNOWN_NAMES * rng.random() ** 3)]
        if kind < _NUMBER:
            return rng.choice((f"{rng.randint(2, 99)}", f"{rng.randint(1990, 2025)}", "12.5%"))
        return f"{self.known[rng.randrange(60)]}-{rng.randint(1, 9)}"

    def _article(self, id: int, topics: list[int], words: list[str]) -> Document:
        rng, masthead = self.rng, self.masthead
        title = " ".join(words[:TITLE])
        sections = rng.randint(3, 5)
        body = words[TITLE + SUMMARY :]
        cuts = [len(body) * part // (sections + 1) for part in range(sections + 2)]
        labels = ["", *rng.sample(LABELS, sections)]
        moment = BEGINNING + timedelta(seconds=rng.randrange(DAYS * 86_400))
        return Document(
            id=id,
            stamp=id,
            title=title[0].upper() + title[1:],
            summary=self._sentences(words[TITLE : TITLE + SUMMARY]),
            sections=tuple(
                Section(label, label.lower().replace(" ", "-"), self._sentences(body[start:end]))
                for label, start, end in zip(labels, cuts, cuts[1:], strict=False)
            ),
            published_at=moment,
            topics=tuple(masthead.topics[topic] for topic in topics),
            authors=tuple(rng.sample(masthead.authors, rng.choice((1, 1, 2)))),
            source=masthead.sources[int(SOURCES * rng.random() ** 2)],
        )

    def _sentences(self, words: list[str]) -> str:
        """Put words into sentences of 8 to 24, the longer ones with a comma."""
        sentences: list[str] = []
        start = 0
        while start < len(words):
            length = 8 + int(17 * self.rng.random())
            if start + length + 4 > len(words):
                length += 4
            sentence = " ".join(words[start : start + length])
            if length > 16:
                sentence = sentence.replace(" and ", ", and ", 1)
            sentences.append(sentence[0].upper() + sentence[1:])
            start += length
        return ". ".join(sentences) + "."
