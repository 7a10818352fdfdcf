"""The site: the whole assembly on one screen."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from flask import Flask

from index import open_index
from webapp import cli, presenting
from webapp.extensions import Site, db
from webapp.http import (
    addresses,
    assets,
    caching,
    coding,
    page_cache,
    paths,
    security,
    speculation,
)
from webapp.services import dressing, revising, storage
from webapp.settings import ROOT, Settings, read_settings
from webapp.views import (
    cards,
    crawlers,
    device,
    error_pages,
    feeds,
    health,
    letters,
    newsletter,
    openapi,
    preferences,
    reading,
    search,
)


def create_app(
    settings: Settings | None = None, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> Flask:
    """Make the site, ready to answer: data folder, database and secret key are there.

    Raises SettingsInvalid, DataFolderUnusable or DatabaseUnavailable, with what to do.
    """
    settings = settings or read_settings()
    storage.prepare_folder(settings)
    app = Flask(
        "webapp",
        root_path=str(ROOT),
        instance_path=str(settings.data),
        template_folder="templates",
        static_folder=None,
    )
    app.config.update(
        SECRET_KEY=storage.secret_key(settings),
        SQLALCHEMY_DATABASE_URI=settings.database,
        SQLALCHEMY_ENGINE_OPTIONS=storage.engine_options(settings),
        MAX_CONTENT_LENGTH=settings.max_request_kb * 1024,
        MAX_FORM_MEMORY_SIZE=settings.max_request_kb * 1024,
        MAX_FORM_PARTS=50,
        SESSION_COOKIE_SECURE=True,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
    )
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.extensions["broadsheet"] = Site(
        settings=settings,
        secret=app.config["SECRET_KEY"],
        engine=open_index(settings.search_engine, settings.data / "index"),
        carrier=storage.carrier_of(settings),
        clock=clock,
    )
    db.init_app(app)
    with app.app_context():
        storage.prepare_database()
        watch = revising.Watch(db.engine, clock, settings.time_zone)
    app.extensions["broadsheet"].revisions = watch
    dress = dressing.dress(settings)
    for room in (security, addresses, coding, caching, speculation, error_pages, cli):
        room.attach(app)
    assets.attach(app, dress.files)
    presenting.attach(app, dress.logo)
    for view in (
        reading,
        device,
        search,
        feeds,
        cards,
        crawlers,
        openapi,
        newsletter,
        letters,
        preferences,
        health,
    ):
        app.register_blueprint(view.pages)
    paths.attach(app)
    page_cache.attach(app)
    return app
