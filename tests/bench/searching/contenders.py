"""What an engine has to do to be measured, and how ours does it.

Knows the words of a query as a reader of the site would type them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Protocol

from index.contract import Answer, Document, SearchEngine, Sort
from index.engines.whoosh import WhooshSearch
from index.question import parse
from tests.bench.searching.questions import Asked


class Contender(Protocol):
    """An engine under measurement; `folder` holds its files and nothing else."""

    cannot: frozenset[str]
    """The classes of queries that it has no means to answer."""

    def __init__(self, folder: Path, now: datetime) -> None: ...

    def build(self, documents: Iterable[Document]) -> None:
        """Index these documents, durably, with as many cores as the engine can use."""

    def open(self) -> None:
        """Open the index that was built, as a process does that has just started."""

    def ask(self, asked: Asked) -> Sequence[int]:
        """Give the ten first ids; everything from the words of the query on is measured."""

    def count(self, asked: Asked) -> int:
        """Count all that a query finds; not measured."""

    def close(self) -> None:
        """Let go of files and memory."""


class Broadsheet:
    """The engine of the site, which keeps no answers: each question is answered anew."""

    cannot: frozenset[str] = frozenset()

    def __init__(self, folder: Path, now: datetime) -> None:
        self._folder, self._now = folder, now
        self._engine = WhooshSearch(folder, answers_kept=0)

    def build(self, documents: Iterable[Document]) -> None:
        put(self._engine, documents, is_new=True)

    def open(self) -> None:
        self._engine = WhooshSearch(self._folder, answers_kept=0)

    def ask(self, asked: Asked) -> Sequence[int]:
        return [hit.id for hit in self._answer(asked).hits]

    def count(self, asked: Asked) -> int:
        return self._answer(asked).matched_all

    def close(self) -> None:
        self._engine.close()

    def _answer(self, asked: Asked) -> Answer:
        return self._engine.answer(
            parse(typed(asked), now=self._now),
            now=self._now,
            limit=10,
            sort=Sort.NEWEST if asked.kind == "newest" else Sort.BEST,
            with_passages=asked.kind == "snippets",
            with_facets=asked.kind == "facets",
        )


def typed(asked: Asked) -> str:
    """Give what a reader would type."""
    words = asked.words
    match asked.kind:
        case "two_any" | "four_any":
            return " OR ".join(words)
        case "phrase":
            return f'"{" ".join(words)}"'
        case "prefix":
            return f"{words[0]}*"
        case "dated":
            return f"{words[0]} after:{asked.after} before:{asked.before}"
    return " ".join(words)


def put(engine: SearchEngine, documents: Iterable[Document], *, is_new: bool = False) -> None:
    """Build the index of these documents, or add them to it."""
    with engine.turn() as is_ours:
        if not is_ours:
            raise SystemExit("Another process is writing this index.")
        if is_new:
            engine.rebuild(documents)
        else:
            engine.apply(documents)


def changed(document: Document, number: int) -> tuple[Document, str]:
    """Give the document with a word in its title that no other has, and the word."""
    word = f"zq{number}changed"
    return replace(document, stamp=document.stamp + number, title=f"{document.title} {word}"), word
