"""What the site is made with once, in typed holders; empty here, filled in create_app."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Generic, ParamSpec, Protocol, TypeVar, cast

from flask import current_app
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.orm import DeclarativeBase

from index.contract import SearchEngine
from webapp.mail.contract import Carrier
from webapp.settings import Settings


class Base(DeclarativeBase):
    """The root of all tables."""


T = TypeVar("T")
R = TypeVar("R")
P = ParamSpec("P")
LISTINGS = 500
"""Listings of which is kept what they are read by; a million articles have some 100 kB of it."""

db = SQLAlchemy(model_class=Base)


@dataclass(slots=True)
class SearchTally:
    """How often something was searched for, and how often nothing was found."""

    asked: int = 0
    failed: int = 0


@dataclass(slots=True)
class SearchNotes:
    """The searches that this process has counted and not yet put into the database."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    counts: dict[tuple[date, str], SearchTally] = field(default_factory=dict)
    written_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Revision:
    """What readers see until something changes, comes due or the day ends.

    Two of the same `tag` are the same. `last_modified` is an HTTP date, empty while that
    second is not over; `known_since` is when this process first saw it, of its own clock.
    `previous_tag` is that of the one before, where this process saw it a moment before.
    """

    tag: tuple[int, datetime]
    changed_at: datetime
    valid_until: datetime
    last_modified: str
    known_since: float
    previous_tag: tuple[int, datetime] | None = None


class Revisions(Protocol):
    """Says what revision it is; None where the database never answered."""

    def __call__(self) -> Revision | None:
        """Give the revision it is now."""
        ...

    def hurry(self) -> None:
        """Look closely for a moment: a change is just being committed."""
        ...


@dataclass(slots=True)
class Kept(Generic[T]):
    """What was found out of one state of the database and holds until the next: so many at most.

    The one that was not asked for the longest time goes first. Threads may share it.
    """

    limit: int
    lock: threading.Lock = field(default_factory=threading.Lock)
    found: OrderedDict[Hashable, tuple[Hashable, T]] = field(default_factory=OrderedDict)

    def get(self, name: Hashable, state: Hashable) -> T | None:
        """Give what was found under a name in that state; None where nothing was."""
        with self.lock:
            of_state, found = self.found.get(name, (None, None))
            if of_state != state:
                return None
            self.found.move_to_end(name)
            return found

    def put(self, name: Hashable, state: Hashable, found: T) -> None:
        """Keep what was found under a name in that state, in place of what was before."""
        with self.lock:
            self.found[name] = (state, found)
            self.found.move_to_end(name)
            if len(self.found) > self.limit:
                self.found.popitem(last=False)


@dataclass(slots=True)
class Site:
    """What a running site has besides its database: settings, search engine, clock, notes.

    `secret` is the key that links and hashes are made with.
    """

    settings: Settings
    secret: str = field(repr=False)
    engine: SearchEngine
    carrier: Carrier
    clock: Callable[[], datetime]
    revisions: Revisions = field(init=False)
    notes: SearchNotes = field(default_factory=SearchNotes)
    listings: Kept[Any] = field(default_factory=lambda: Kept(LISTINGS))
    mending: threading.Lock = field(default_factory=threading.Lock)
    life: Any = None
    pace: Any = None


def with_the_site(work: Callable[P, R]) -> Callable[P, R]:
    """Give what does the same in another thread, with a database session of its own."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]

    def do(*args: P.args, **kwargs: P.kwargs) -> R:
        with app.app_context():
            try:
                return work(*args, **kwargs)
            finally:
                db.session.remove()

    return do


def the_site() -> Site:
    """Give the holder of the running application."""
    app = current_app._get_current_object()  # type: ignore[attr-defined] # half the cost
    return cast(Site, app.extensions["broadsheet"])
