"""A real Chromium and a real site for it; without Chromium these tests say how to get it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.test_serving import environment_of, free_port, serving

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]


def program() -> str | None:
    return shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = program()
    if path is None:
        missing = "no Chromium; on Debian or Ubuntu: apt install chromium"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def site(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a running site that holds the demo publication."""
    data, port = tmp_path_factory.mktemp("site"), free_port()
    subprocess.run(
        [sys.executable, "-m", "webapp", "demo"],
        env=environment_of(data),
        check=True,
        capture_output=True,
        timeout=120,
    )
    odd = [sys.executable, "-m", "webapp", "import", "markdown", str(Path(__file__).parent / "odd")]
    subprocess.run(odd, env=environment_of(data), check=True, capture_output=True, timeout=120)
    # An edition, of which the day is then the address.
    sent = [sys.executable, "-m", "webapp", "letter", "send"]
    subprocess.run(sent, env=environment_of(data), check=True, capture_output=True, timeout=120)
    with serving(data, port=port):
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    with chromium.new_context(viewport={"width": 1280, "height": 900}) as context:
        yield context.new_page()
