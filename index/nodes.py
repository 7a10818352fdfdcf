"""What a question is made of, once it is read.

Knows what may be asked; refuses to know how it was typed and how it is answered.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Field(StrEnum):
    """Where a word is looked for."""

    ANY = ""
    TITLE = "title"
    BY = "by"
    TOPIC = "topic"
    SOURCE = "source"
    SECTION = "in"


@dataclass(frozen=True, slots=True)
class Words:
    """A word, or a phrase when quoted, as typed; `start` and `end` are offsets in the question.

    `label` is the section it is looked for in, where `field` is SECTION. What `is_extra` is not
    wanted: that it stands between its neighbours as typed lifts what has them.
    """

    text: str
    start: int = 0
    end: int = 0
    field: Field = Field.ANY
    label: str = ""
    is_phrase: bool = False
    is_prefix: bool = False
    is_extra: bool = False


@dataclass(frozen=True, slots=True)
class Labelled:
    """Documents that have a section with this label."""

    label: str
    start: int = 0
    end: int = 0


@dataclass(frozen=True, slots=True)
class Dated:
    """Documents published from `first` on and before `last`; None is no bound. `name` as typed."""

    first: datetime | None
    last: datetime | None
    name: str = "date"
    text: str = ""
    start: int = 0
    end: int = 0


@dataclass(frozen=True, slots=True)
class Without:
    """Documents that the part does not fit."""

    part: Node
    start: int = 0
    end: int = 0


@dataclass(frozen=True, slots=True)
class Every:
    """Documents that all parts fit."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """Documents that at least one part fits."""

    parts: tuple[Node, ...]


Node = Words | Labelled | Dated | Without | Every | Either


@dataclass(frozen=True, slots=True)
class Question:
    """What was typed and how it was read; `root` is None where nothing was asked.

    `typed` are the parts at the top, each with the characters it was read from. `again` reads
    another text just as this one was read.
    """

    text: str
    root: Node | None = None
    typed: tuple[tuple[Node, str], ...] = field(default=(), compare=False, repr=False)
    again: Callable[[str], Question] | None = field(default=None, compare=False, repr=False)

    def __bool__(self) -> bool:
        return self.root is not None
