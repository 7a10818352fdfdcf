"""Other processes, for what holds between them: each runs some Python on a data folder."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PATIENCE_SECONDS = 60
SAY = """
import sys
def say_here_and_wait():
    print('here', flush=True)
    sys.stdin.read()
"""


def _environment(data: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join(sys.path),
        "BROADSHEET_DATA": str(data),
        "BROADSHEET_SEARCH_ENGINE": "whoosh",
    }


@contextmanager
def started(code: str, data: Path, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """Start Python code that says "here" when it is where the test wants it, and then waits."""
    with subprocess.Popen(
        [sys.executable, "-c", SAY + code, *arguments],
        env=_environment(data),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        try:
            _wait_until_here(process)
            yield process
        finally:
            process.kill()


def _wait_until_here(process: subprocess.Popen[bytes]) -> None:
    assert process.stdout is not None
    readable, _, _ = select.select([process.stdout], [], [], PATIENCE_SECONDS)
    assert readable, "the other process did not come as far as it should"
    assert process.stdout.readline() == b"here\n"


def let_go_on(process: subprocess.Popen[bytes]) -> None:
    """Let a waiting process go on to its end."""
    process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 0


def run(data: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run one of the site's commands to its end."""
    return subprocess.run(
        [sys.executable, "-m", "webapp", *command],
        env=_environment(data),
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
