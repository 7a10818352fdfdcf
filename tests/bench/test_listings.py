"""The benchmark of listings runs, and its figures have the shape that is promised."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.bench import listings


def test_a_run_measures_every_page_at_every_size_and_writes_the_figures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "figures.json"
    listings.main(["--articles", "800,900", "--rounds", "1", "--json", str(file)])
    figures = json.loads(file.read_text())
    assert list(figures) == ["800", "900"]
    for of_size in figures.values():
        assert {"front page", "page 2", "far page", "archive"} <= set(of_size)
        assert all(ms > 0 for ms in of_size.values())
    assert "far page to page 2" in capsys.readouterr().out
