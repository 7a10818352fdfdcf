"""Requests a second of an article page, against a bare WSGI function under the same gunicorn.

Run by `bin/bench pages`. What counts is the ratio, taken within one run; the best of
several rounds, at 1 and at 32 connections.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.test_serving import answers, environment_of, free_port, until
from webapp.settings import ROOT

HELLO = """
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "6")])
    return [b"hello\\n"]
"""


def main() -> None:
    """Measure, print a table, and write the figures where asked to."""
    parser = argparse.ArgumentParser(prog="bin/bench pages", description=__doc__)
    parser.add_argument("--seconds", type=float, default=2.0, help="of one round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(Path(folder), options.seconds, options.rounds)
    show(figures)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")


def measure(folder: Path, seconds: float, rounds: int) -> dict[str, object]:
    """Serve the demo publication and the bare function side by side, and ask both in turn."""
    (folder / "hello.py").write_text(HELLO)
    environment = environment_of(folder / "data")
    demo = [sys.executable, "-m", "webapp", "demo"]
    subprocess.run(demo, env=environment, check=True, capture_output=True)
    hello, site = free_port(), free_port()
    article = "/articles/heron-4-price-cut"
    with gunicorn("hello:app", hello, folder, environment):
        began = time.monotonic()
        with gunicorn("wsgi:app", site, ROOT, environment) as process:
            first_ms = (time.monotonic() - began) * 1000
            connections = {str(n): rates(hello, site, article, n, seconds, rounds) for n in (1, 32)}
            return {
                "connections": connections,
                **connections["1"],
                "front_page_bytes": len(fetch(site, "/")),
                "article_bytes": len(fetch(site, article)),
                "search_bytes": len(fetch(site, "/search?q=model")),
                "first_request_ms": round(first_ms),
                "pss_mb": round(pss_kb(process.pid) / 1024, 1),
            }


def rates(
    hello: int, site: int, article: str, connections: int, seconds: float, rounds: int
) -> dict[str, float]:
    """Give the best requests a second of each, the rounds taken in turn."""
    etag = {"If-None-Match": etag_of(site, article)}
    best = {"hello_rps": 0.0, "uncached_article_rps": 0.0, "not_modified_rps": 0.0}
    for _ in range(rounds):
        for name, port, path, headers in (
            ("hello_rps", hello, "/", {}),
            ("uncached_article_rps", site, article, {}),
            ("not_modified_rps", site, article, etag),
        ):
            best[name] = max(best[name], rate(port, path, headers, connections, seconds))
    return {name: round(value, 1) for name, value in best.items()}


def rate(port: int, path: str, headers: dict[str, str], connections: int, seconds: float) -> float:
    """Ask as often as the connections can within the time; give requests a second."""
    counts = [0] * connections
    began = time.monotonic()
    ends = began + seconds

    def ask(place: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        while time.monotonic() < ends:
            connection.request("GET", path, headers=headers)
            response = connection.getresponse()
            response.read()
            if response.status not in (200, 304):
                raise SystemExit(f"{path} answered {response.status}")
            counts[place] += 1
        connection.close()

    threads = [threading.Thread(target=ask, args=(place,)) for place in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.monotonic() - began)


@contextmanager
def gunicorn(
    app: str, port: int, folder: Path, environment: dict[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    """Serve an application with the site's own gunicorn configuration."""
    command = [sys.executable, "-m", "gunicorn", app, "--bind", f"127.0.0.1:{port}"]
    command += ["--log-level", "error", "--config"]
    if folder == ROOT:
        command.append(str(ROOT / "gunicorn.conf.py"))
    else:
        own = (ROOT / "gunicorn.conf.py").read_text().partition("def post_worker_init")[0]
        (folder / "hello.conf.py").write_text(own)
        command.append(str(folder / "hello.conf.py"))
    with subprocess.Popen(command, cwd=folder, env=environment) as process:
        try:
            until(lambda: answers(port))
            yield process
        finally:
            process.terminate()
            process.wait(30)


def fetch(port: int, path: str) -> bytes:
    """Give a page's bytes as they go over the wire."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", path)
    body = connection.getresponse().read()
    connection.close()
    return body


def etag_of(port: int, path: str) -> str:
    """Give the validator of a page."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("HEAD", path)
    etag = connection.getresponse().headers["ETag"] or ""
    connection.close()
    return etag


def pss_kb(pid: int) -> int:
    """Give the memory of a process and its children, shared pages counted by their share."""
    children = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True
    ).stdout.split()
    total = 0
    for each in [str(pid), *children]:
        lines = Path(f"/proc/{each}/smaps_rollup").read_text().splitlines()
        total += next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total


def show(figures: dict[str, object]) -> None:
    """Print the figures, each rate as a ratio to the bare function's."""
    print(f"cores: {os.cpu_count()}")
    connections = figures["connections"]
    assert isinstance(connections, dict)
    for number, of_number in connections.items():
        hello = of_number["hello_rps"]
        for name, value in of_number.items():
            print(f"{number:>3} connections  {name:22} {value:9.1f}  ratio {value / hello:5.2f}")
    for name, value in figures.items():
        if isinstance(value, int | float) and not name.endswith("_rps"):
            print(f"{name:38} {value:9}")


if __name__ == "__main__":
    main()
