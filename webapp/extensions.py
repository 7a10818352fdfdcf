"""What the site is made with once, in typed holders; empty here, filled in create_app."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
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
class Site:
    """What a running site has besides its database: settings, search engine, clock."""

    settings: Settings
    engine: SearchEngine
    clock: Callable[[], datetime]


def the_site() -> Site:
    """Give the holder of the running application."""
    return cast(Site, current_app.extensions["broadsheet"])
