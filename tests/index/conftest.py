"""Every engine in turn, each with a folder of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from index import ENGINES, open_index
from index.contract import SearchEngine


@pytest.fixture(params=sorted(ENGINES))
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> SearchEngine:
    return open_index(request.param, tmp_path / "index")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "index"
