"""Requests a second of pages, against a bare WSGI function under the same gunicorn.

Run by `bin/bench pages`. What counts is the ratio, taken within one run: all are served side by
side and asked in turn, the best of several rounds, at 1 and at 32 connections. Also: what a
first visit weighs, how long the first request after a start takes, memory, and how soon what
was published is there.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from tests.bench.searching.articles import articles, as_imported
from tests.test_serving import answers, environment_of, free_port, until
from webapp import create_app
from webapp.extensions import db
from webapp.services import publishing
from webapp.settings import ROOT, read_settings

HELLO = """
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "6")])
    return [b"hello\\n"]
"""
ARTICLE = "/articles/heron-4-price-cut"
SEARCH = "/search?q=model"
# As browsers ask.
BROWSER = {"Accept-Encoding": "gzip, deflate, br, zstd"}
# What the page's budget counts: itself, its stylesheets and its scripts.
LINKED = re.compile(
    r"<(?:script|link)(?=[^>]*(?: src=|rel=\"(?:stylesheet|modulepreload)\"))"
    r"[^>]*? (?:src|href)=\"([^\"]+)\""
)
FRESH = 3


def main() -> None:
    """Measure, print a table, and write the figures where asked to."""
    parser = argparse.ArgumentParser(prog="bin/bench pages", description=__doc__)
    parser.add_argument("--seconds", type=int, default=2, help="of one round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--articles", type=int, default=0, metavar="N", help="to import besides the demo's"
    )
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(Path(folder), options.seconds, options.rounds, options.articles)
    show(figures)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")


def measure(folder: Path, seconds: int, rounds: int, number: int) -> dict[str, object]:
    """Serve the demo publication, the same uncached, the plain view and the bare function."""
    data = folder / "data"
    fill(folder, data, number)
    (folder / "hello.py").write_text(HELLO)
    environment = environment_of(data)
    uncached = environment | {"BROADSHEET_PAGE_CACHE_MB": "0"}
    ports = {name: free_port() for name in ("hello", "site", "uncached", "plain")}
    with ExitStack() as stack:
        site = stack.enter_context(gunicorn("wsgi:app", ports["site"], ROOT, environment))
        first_ms = first_request_ms(ports["site"])
        for app, name, own in (
            ("hello:app", "hello", environment),
            ("wsgi:app", "uncached", uncached),
            ("tests.bench.plain.site:app", "plain", environment),
        ):
            where = ROOT if app == "wsgi:app" else folder
            stack.enter_context(gunicorn(app, ports[name], where, own))
        until(lambda: fetch(ports["site"], "/search?q=model")[0] == 200)
        connections = {str(n): rates(ports, n, seconds, rounds) for n in (1, 32)}
        visits = {
            name: first_visit(ports["site"], path)
            for name, path in (("front_page", "/"), ("article", ARTICLE), ("search", SEARCH))
        }
        return {
            "connections": connections,
            **connections["1"],
            **{f"{name}_bytes": weight for name, (weight, _) in visits.items()},
            **{f"{name}_requests": requests for name, (_, requests) in visits.items()},
            "first_request_ms": first_ms,
            "pss_mb": round(pss_kb(site.pid) / 1024, 1),
            **visible_ms(data, ports["site"]),
        }


def fill(folder: Path, data: Path, number: int) -> None:
    """Make a site of the demo publication, of invented articles where wanted, and of drafts."""
    command("demo", data=data)
    lines = folder / "articles.jsonl"
    with lines.open("w", encoding="utf-8") as file:
        for document in articles(number):
            file.write(json.dumps(as_imported(document)) + "\n")
        for n in range(FRESH):
            fields = {"title": f"Fresh {n}", "slug": f"fresh-{n}", "draft": True}
            file.write(json.dumps({**fields, "body": f"The word zyxomma{n} stands here."}) + "\n")
    command("import", "jsonl", str(lines), data=data)


def command(*words: str, data: Path) -> None:
    """Run one of the site's commands."""
    subprocess.run(
        [sys.executable, "-m", "webapp", *words],
        env=environment_of(data),
        check=True,
        capture_output=True,
    )


def first_request_ms(port: int) -> int:
    """Give how long the very first page takes of a site that has just begun to listen."""
    began = time.monotonic()
    status, _, _ = fetch(port, ARTICLE)
    if status != 200:
        raise SystemExit(f"the first request was answered with {status}")
    return round((time.monotonic() - began) * 1000)


def rates(ports: dict[str, int], connections: int, seconds: int, rounds: int) -> dict[str, float]:
    """Give the best requests a second of each, the rounds taken in turn."""
    _, headers, _ = fetch(ports["site"], ARTICLE)
    known = BROWSER | {"If-None-Match": headers["ETag"] or ""}
    asked: list[tuple[str, int, str, dict[str, str]]] = [
        ("hello_rps", ports["hello"], "/", BROWSER),
        ("cached_article_rps", ports["site"], ARTICLE, BROWSER),
        ("not_modified_rps", ports["site"], ARTICLE, known),
        ("uncached_article_rps", ports["uncached"], ARTICLE, BROWSER),
        ("plain_view_rps", ports["plain"], ARTICLE, BROWSER),
    ]
    best = {name: 0.0 for name, *_ in asked}
    for _ in range(rounds):
        for name, port, path, said in asked:
            best[name] = max(best[name], rate(port, path, said, connections, seconds))
    return {name: round(value, 1) for name, value in best.items()}


def rate(port: int, path: str, headers: dict[str, str], connections: int, seconds: int) -> float:
    """Give requests a second; by wrk where it is installed, as a client in Python is slower."""
    wrk = shutil.which("wrk")
    if wrk is None:
        return rate_of_threads(port, path, headers, connections, seconds)
    said = [part for name, value in headers.items() for part in ("-H", f"{name}: {value}")]
    told = subprocess.run(
        [wrk, "-t1", f"-c{connections}", f"-d{seconds}s", *said, f"http://127.0.0.1:{port}{path}"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    found = re.search(r"Requests/sec: +([0-9.]+)", told)
    if not found or "Non-2xx" in told:
        raise SystemExit(f"{path} was not answered as it should be:\n{told}")
    return float(found[1])


def rate_of_threads(
    port: int, path: str, headers: dict[str, str], connections: int, seconds: int
) -> float:
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
        own = (ROOT / "gunicorn.conf.py").read_text().partition("def on_starting")[0]
        (folder / "bare.conf.py").write_text(own)
        command.append(str(folder / "bare.conf.py"))
    with subprocess.Popen(command, cwd=folder, env=environment) as process:
        try:
            until(lambda: answers(port))
            yield process
        finally:
            process.terminate()
            process.wait(30)


def fetch(port: int, path: str) -> tuple[int, http.client.HTTPMessage, bytes]:
    """Give status, headers and bytes of an answer as a browser gets it."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", path, headers=BROWSER)
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response.status, response.headers, body


def first_visit(port: int, path: str) -> tuple[int, int]:
    """Give bytes, headers included, and requests of a first visit: HTML, CSS and scripts."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", path)
    response = connection.getresponse()
    page = response.read().decode()
    connection.close()
    paths = [path, *dict.fromkeys(LINKED.findall(page))]
    fetched = [fetch(port, each) for each in paths]
    return sum(len(bytes(headers)) + len(body) for _, headers, body in fetched), len(paths)


def visible_ms(data: Path, port: int) -> dict[str, int]:
    """Publish a draft here, and give how long until every answer of the served site has it."""
    app = create_app(replace(read_settings({}), data=data))
    best: dict[str, float] = {}
    with app.app_context():
        for n in range(FRESH):
            pages: dict[str, Callable[[], bool]] = {
                "published_visible_ms": lambda n=n: f"/articles/fresh-{n}" in text(port, "/"),
                "search_visible_ms": lambda n=n: (
                    f"fresh-{n}" in text(port, f"/search?q=zyxomma{n}")
                ),
            }
            for name, took in seen_after(lambda n=n: publishing.publish(f"fresh-{n}"), pages):
                best[name] = min(took, best.get(name, took))
        db.session.remove()
        db.engine.dispose()
    return {name: round(took * 1000) for name, took in best.items()}


def seen_after(
    deed: Callable[[], None], pages: dict[str, Callable[[], bool]]
) -> list[tuple[str, float]]:
    """Do something, and give the seconds from its beginning until each page shows it for good."""
    shown: list[tuple[str, float]] = []

    def watch(name: str, shows: Callable[[], bool]) -> None:
        since = None
        for _ in range(2000):
            is_shown, now = shows(), time.monotonic()
            if not is_shown:
                since = None
            elif since is None:
                since, seen = now, 1
            elif (seen := seen + 1) == 8:  # both workers are among as many
                shown.append((name, since - began))
                return
            time.sleep(0.005)

    threads = [threading.Thread(target=watch, args=each) for each in pages.items()]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    deed()
    for thread in threads:
        thread.join()
    return shown


def text(port: int, path: str) -> str:
    """Give a page as text."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", path)
    page = connection.getresponse().read().decode()
    connection.close()
    return page


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
        hello, plain = of_number["hello_rps"], of_number["plain_view_rps"]
        for name, value in of_number.items():
            print(
                f"{number:>3} connections  {name:22} {value:9.1f}"
                f"  of hello {value / hello:5.2f}  of a plain view {value / plain:6.2f}"
            )
    for name, value in figures.items():
        if isinstance(value, int | float) and not name.endswith("_rps"):
            print(f"{name:38} {value:9}")


if __name__ == "__main__":
    main()
