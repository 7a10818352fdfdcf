"""A room knows only the rooms below it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# Lowest first. A module may import from its own room, from rooms named here, and from
# packages that are not ours.
MAY_KNOW: dict[str, set[str]] = {
    "index": set(),
    "webapp.errors": set(),
    "webapp.text": set(),
    "webapp.settings": {"webapp.errors", "webapp.text"},
    "webapp.mail": set(),
    "webapp.extensions": {"webapp.settings", "webapp.mail", "index"},
    "webapp.models": {"webapp.extensions", "webapp.text"},
    "webapp.importers": {"webapp.errors", "webapp.text"},
    "webapp.services": {
        "webapp.models",
        "webapp.importers",
        "webapp.mail",
        "webapp.text",
        "webapp.errors",
        "webapp.extensions",
        "webapp.settings",
        "index",
    },
    "webapp.forms": set(),
    "webapp.http": {"webapp.errors", "webapp.extensions", "webapp.settings"},
    "webapp.presenting": {"webapp.extensions", "webapp.http", "webapp.text"},
    "webapp.views": {
        "webapp.services",
        "webapp.models",
        "webapp.forms",
        "webapp.http",
        "webapp.presenting",
        "webapp.text",
        "webapp.errors",
        "webapp.extensions",
        "index",
    },
    "webapp.cli": {
        "webapp.services",
        "webapp.importers",
        "webapp.models",
        "webapp.presenting",
        "webapp.errors",
        "index",
    },
}
MAY_USE_FLASK = {
    "webapp",
    "webapp.extensions",
    "webapp.forms",
    "webapp.http",
    "webapp.mail",
    "webapp.presenting",
    "webapp.views",
    "webapp.cli",
}


def modules() -> list[Path]:
    return sorted([*(ROOT / "webapp").rglob("*.py"), *(ROOT / "index").rglob("*.py")])


def room_of(name: str) -> str:
    parts = name.split(".")
    return parts[0] if parts[0] == "index" else ".".join(parts[:2])


def module_name(path: Path) -> str:
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    return name.removesuffix(".__init__")


def imports_of(path: Path) -> set[str]:
    """Every module that a file imports when it runs; what stands under TYPE_CHECKING does not."""
    found: set[str] = set()
    tree = ast.parse(path.read_text())
    typing_only = {
        id(node)
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and "TYPE_CHECKING" in ast.unparse(block.test)
        for node in ast.walk(block)
    }
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "an import says whole where from"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


@pytest.mark.parametrize("path", modules(), ids=module_name)
def test_a_room_knows_only_the_rooms_below_it(path: Path) -> None:
    room = room_of(module_name(path))
    if room in ("webapp", "webapp.__main__", "webapp.migrations"):
        return
    ours = {room_of(name) for name in imports_of(path) if name.split(".")[0] in ("webapp", "index")}
    assert ours - {room} <= MAY_KNOW[room]


@pytest.mark.parametrize("path", modules(), ids=module_name)
def test_flask_is_known_only_where_requests_are(path: Path) -> None:
    flask = {n for n in imports_of(path) if n.split(".")[0] in ("flask", "werkzeug", "flask_wtf")}
    assert not flask or room_of(module_name(path)) in MAY_USE_FLASK


@pytest.mark.parametrize("path", modules(), ids=module_name)
def test_only_the_settings_read_the_environment(path: Path) -> None:
    if module_name(path) != "webapp.settings":
        source = path.read_text()
        assert "environ[" not in source.replace('environ["wsgi', "").replace('environ["REMOTE', "")
        assert "getenv" not in source
        assert "os.environ" not in source


@pytest.mark.parametrize("path", modules(), ids=module_name)
def test_views_never_touch_the_session_and_models_never_commit(path: Path) -> None:
    room, source = room_of(module_name(path)), path.read_text()
    if room == "webapp.views":
        assert "db.session" not in source
    if room not in ("webapp.services", "webapp.migrations"):
        assert ".commit()" not in source or room == "index"


def test_safe_markup_is_printed_by_one_macro_only() -> None:
    templates = ROOT / "templates"
    users = {
        p.relative_to(templates)
        for p in templates.rglob("*")
        if p.is_file() and "|safe" in p.read_text().replace(" ", "")
    }
    assert users == {Path("macros/body.html")}
