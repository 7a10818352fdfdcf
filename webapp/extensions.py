"""What the site is made with once, in typed holders; empty here, filled in create_app."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import cast

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


@dataclass(slots=True)
class Site:
    """What a running site has besides its database: settings, search engine, clock, notes."""

    settings: Settings
    engine: SearchEngine
    clock: Callable[[], datetime]
    notes: SearchNotes = field(default_factory=SearchNotes)
    mending: threading.Lock = field(default_factory=threading.Lock)


def the_site() -> Site:
    """Give the holder of the running application."""
    app = current_app._get_current_object()  # type: ignore[attr-defined] # half the cost
    return cast(Site, app.extensions["broadsheet"])
