"""The few fixtures: a site on an empty data folder, a client, a clock that tests set."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import copytree

import pytest
from flask import Flask
from flask.testing import FlaskCliRunner
from jinja2 import FileSystemBytecodeCache

from tests.pages import CheckingClient
from webapp import create_app
from webapp.extensions import db
from webapp.settings import Settings, read_settings

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


class Clock:
    """A clock that stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> None:
        self.now += timedelta(**by)


@pytest.fixture(scope="session", autouse=True)
def _own_environment() -> Iterator[None]:
    """Whoever runs the tests may have settings of their own; the tests have none."""
    own = {
        name: os.environ.pop(name) for name in list(os.environ) if name.startswith("BROADSHEET_")
    }
    yield
    os.environ.update(own)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return replace(read_settings({}), data=tmp_path / "data", search_engine="memory")


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> FileSystemBytecodeCache:
    """Templates as they were compiled for another site."""
    return FileSystemBytecodeCache(str(tmp_path_factory.mktemp("compiled")))


@pytest.fixture
def make_app(
    clock: Clock, compiled: FileSystemBytecodeCache
) -> Iterator[Callable[[Settings], Flask]]:
    """Make sites of other settings; all are closed in the end."""
    made: list[Flask] = []

    def make(settings: Settings) -> Flask:
        app = create_app(settings, clock)
        app.test_client_class = CheckingClient
        app.testing = True
        app.jinja_env.bytecode_cache = compiled
        made.append(app)
        return app

    yield make
    for app in made:
        with app.app_context():
            db.session.remove()
            db.engine.dispose()
        app.extensions["broadsheet"].engine.close()


@pytest.fixture(scope="session")
def new_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of a site that was just made: most tests begin with a copy."""
    folder = tmp_path_factory.mktemp("new") / "data"
    app = create_app(replace(read_settings({}), data=folder, search_engine="memory"), Clock())
    with app.app_context():
        db.engine.dispose()
    return folder


@pytest.fixture
def app(
    settings: Settings, new_folder: Path, make_app: Callable[[Settings], Flask]
) -> Iterator[Flask]:
    if not settings.data.exists():
        copytree(new_folder, settings.data)
    app = make_app(settings)
    with app.app_context():
        yield app
        db.session.remove()


@pytest.fixture
def client(app: Flask) -> CheckingClient:
    client = app.test_client()
    assert isinstance(client, CheckingClient)
    return client


@pytest.fixture
def runner(app: Flask) -> FlaskCliRunner:
    return app.test_cli_runner()
