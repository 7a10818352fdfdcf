"""What was published is shown by every worker within a second, by gunicorn as it is served."""

from __future__ import annotations

import http.client
import json
import re
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.factories import fields_of
from tests.test_serving import environment_of, free_port, get, serving, until


def command(data: Path, *words: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "webapp", *words],
        env=environment_of(data),
        check=True,
        capture_output=True,
        timeout=120,
    )


def shown(port: int, slug: str) -> set[bool]:
    """Whether the front page shows an article, asked until both workers must have answered."""
    return {f"/articles/{slug}" in get(port, "/")[1] for _ in range(12)}


def test_both_workers_show_within_a_second_what_another_process_published(tmp_path: Path) -> None:
    port, data = free_port(), tmp_path / "data"
    lines = tmp_path / "news.jsonl"
    lines.write_text(json.dumps(fields_of(slug="fresh", draft=True, published_at=None)))
    command(data, "import", "jsonl", str(lines))
    with serving(data, "--no-demo", "--workers", "2", port=port):
        assert shown(port, "fresh") == {False}
        command(data, "publish", "fresh")
        # The command returned after its commit; by then a second has nearly passed already.
        until(lambda: shown(port, "fresh") == {True}, seconds=1)
        assert get(port, "/articles/fresh")[0] == 200
        command(data, "withdraw", "fresh")
        until(lambda: get(port, "/articles/fresh")[0] == 410, seconds=1)


def test_a_scheduled_article_appears_by_itself_within_a_second(tmp_path: Path) -> None:
    port, data = free_port(), tmp_path / "data"
    lines = tmp_path / "news.jsonl"
    with serving(data, "--no-demo", "--workers", "2", port=port):
        due = datetime.now(UTC) + timedelta(seconds=8)
        lines.write_text(json.dumps(fields_of(slug="due", published_at=due.isoformat())))
        command(data, "import", "jsonl", str(lines))
        seen, now = shown(port, "due"), datetime.now(UTC)
        assert now > due or seen == {False}
        seconds = max(0.0, (due - now).total_seconds()) + 1
        until(lambda: shown(port, "due") == {True}, seconds=seconds)


def test_a_browser_that_keeps_asking_is_told_that_nothing_changed(tmp_path: Path) -> None:
    port = free_port()
    with serving(tmp_path, "--workers", "2", port=port):
        until(lambda: get(port, "/search?q=theodolite")[0] == 200)
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        headers = {"Accept-Encoding": "gzip, br"}
        connection.request("GET", "/", headers=headers)
        first = connection.getresponse()
        first.read()
        assert first.headers["Content-Encoding"] == "br"
        # The dates of a large import may lie a little ahead.
        ends = time.monotonic() + 60
        while "Last-Modified" not in first.headers and time.monotonic() < ends:
            connection.request("GET", "/", headers=headers)
            first = connection.getresponse()
            first.read()
        for name, said in (("If-None-Match", "ETag"), ("If-Modified-Since", "Last-Modified")):
            for method in ("GET", "HEAD"):
                connection.request(method, "/", headers={**headers, name: first.headers[said]})
                again = connection.getresponse()
                assert (again.status, again.read()) == (304, b"")
        connection.request("HEAD", "/", headers=headers)
        head = connection.getresponse()
        assert (head.status, head.read()) == (200, b"")
        assert head.headers["Content-Length"] == first.headers["Content-Length"]
        connection.close()
        assert re.fullmatch(r'"[0-9a-f]+-br"', first.headers["ETag"])
