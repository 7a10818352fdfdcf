"""What the README and the list of routes say is what is there."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from flask import Flask

from webapp.cli import broadsheet
from webapp.settings import describe_settings

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
ROUTES = ROOT / "tests" / "guards" / "routes.txt"


def test_the_readme_lists_every_setting_with_its_default_and_meaning() -> None:
    table = re.findall(r"^\| `(BROADSHEET_\w+)` \| (.*?) \| (.*) \|$", README, re.MULTILINE)
    expected = [
        (name, f"`{default}`" if default else "", meaning)
        for name, default, meaning in describe_settings()
    ]
    assert table == expected


def test_the_readme_names_every_command() -> None:
    for name, command in broadsheet.commands.items():
        inner = getattr(command, "commands", {"": None})
        for each in inner:
            assert f"bin/broadsheet {name} {each}".strip() in README


def test_the_readme_names_no_command_that_is_not_there() -> None:
    named = set(re.findall(r"bin/broadsheet ([a-z]+(?:-[a-z]+)*)", README))
    assert named <= set(broadsheet.commands)


def test_the_list_of_routes_is_what_the_site_answers_to(app: Flask) -> None:
    routes = sorted(
        f"{rule.rule} {','.join(sorted(rule.methods - {'OPTIONS', 'HEAD'}))} {rule.endpoint}"
        for rule in app.url_map.iter_rules()
    )
    assert ROUTES.read_text().splitlines() == routes


def test_every_dependency_says_why_it_is_there() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    project = tomllib.loads(text)["project"]
    everything = project["dependencies"] + project["optional-dependencies"]["test"]
    for requirement in everything:
        line = next(line for line in text.splitlines() if f'"{requirement}",' in line)
        assert re.search(r"# \w+", line), requirement


def test_the_lock_files_pin_every_dependency_exactly() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lock = (ROOT / "requirements.lock").read_text()
    for requirement in project["dependencies"]:
        name = re.split(r"[\[<>=]", requirement)[0]
        assert re.search(rf"^{re.escape(name)}(\[\w+\])?==[\d.]+", lock, re.MULTILINE), requirement
    pinned = [line for line in lock.splitlines() if line and not line.startswith(" ")]
    assert all(re.match(r"[a-z0-9.-]+(\[[a-z,]+\])?==[\w.]+ ", line) for line in pinned)


def test_the_changelog_begins_with_what_is_next_or_out() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text()
    assert re.search(r"^## (Unreleased|\d+\.\d+\.\d+)", changelog, re.MULTILINE)
