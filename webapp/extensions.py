"""What the site is made with once, in typed holders; empty here, filled in create_app."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol, cast

from flask import current_app
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.orm import DeclarativeBase

from index.contract import SearchEngine
from webapp.settings import Settings


class Base(DeclarativeBase):
    """The root of all tables."""


db = SQLAlchemy(model_class=Base)
migrate = Migrate()


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
    """

    tag: tuple[int, datetime]
    changed_at: datetime
    valid_until: datetime
    last_modified: str
    known_since: float


class Revisions(Protocol):
    """Says what revision it is; None where the database never answered."""

    def __call__(self) -> Revision | None:
        """Give the revision it is now."""
        ...

    def hurry(self) -> None:
        """Look closely for a moment: a change is just being committed."""
        ...


@dataclass(slots=True)
class Site:
    """What a running site has besides its database: settings, search engine, clock, notes."""

    settings: Settings
    engine: SearchEngine
    clock: Callable[[], datetime]
    revisions: Revisions = field(init=False)
    notes: SearchNotes = field(default_factory=SearchNotes)
    mending: threading.Lock = field(default_factory=threading.Lock)


def the_site() -> Site:
    """Give the holder of the running application."""
    app = current_app._get_current_object()  # type: ignore[attr-defined] # half the cost
    return cast(Site, app.extensions["broadsheet"])
