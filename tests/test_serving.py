"""The site as a real process under gunicorn."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.factories import fields_of
from webapp.settings import ROOT

LIMIT_SECONDS = 60


def environment_of(data: Path, **more: str) -> dict[str, str]:
    own = {k: v for k, v in os.environ.items() if not k.startswith("BROADSHEET_")}
    return own | {"BROADSHEET_DATA": str(data), "PYTHONPATH": str(ROOT), **more}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def get(port: int, path: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", path)
    response = connection.getresponse()
    body = response.read().decode()
    connection.close()
    return response.status, body


def until(is_so: Callable[[], bool], seconds: float = LIMIT_SECONDS) -> None:
    """Wait for something that other processes do, asking again and again."""
    ends = time.monotonic() + seconds
    tick = threading.Event()
    while not is_so():
        assert time.monotonic() < ends, "it did not happen in time"
        tick.wait(0.02)


def answers(port: int) -> bool:
    try:
        return get(port, "/healthz")[0] == 200
    except OSError:
        return False


@contextmanager
def serving(data: Path, *words: str, port: int, **more: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "webapp", "serve", "--bind", f"127.0.0.1:{port}", *words]
    with subprocess.Popen(
        command,
        env=environment_of(data, **more),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            until(lambda: answers(port) or process.poll() is not None)
            yield process
        finally:
            process.terminate()
            process.wait(30)


def test_serve_loads_the_demo_says_where_it_is_and_stops_cleanly(tmp_path: Path) -> None:
    port = free_port()
    with serving(tmp_path, port=port) as process:
        status, front = get(port, "/")
        assert status == 200
        assert front.count("/articles/") > 10
        until(lambda: json.loads(get(port, "/search.json?q=theodolite")[1])["total"] == 1)
        process.send_signal(signal.SIGINT)
        told, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    assert f"http://127.0.0.1:{port}" in told
    assert "Three things to try next" in told
    assert "Traceback" not in told


def test_an_empty_site_stays_empty_when_asked_to(tmp_path: Path) -> None:
    port = free_port()
    with serving(tmp_path, "--no-demo", "--workers", "1", port=port):
        assert "/articles/" not in get(port, "/")[1]


def refused(tmp_path: Path, bind: str) -> str:
    """What `serve` says of an address that it does not serve at."""
    result = subprocess.run(
        [sys.executable, "-m", "webapp", "serve", "--bind", bind],
        env=environment_of(tmp_path),
        text=True,
        capture_output=True,
        timeout=60,
    )
    assert result.returncode == 1
    return result.stderr


def test_a_taken_port_is_said_in_one_sentence(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        bind = f"127.0.0.1:{taken.getsockname()[1]}"
        told = refused(tmp_path, bind)
    assert f"Cannot serve at {bind}: another program serves there." in told
    assert len(told.strip().splitlines()) == 1


@pytest.mark.parametrize(
    "bind", ["8000", "x:y", "127.0.0.1:99999", "127.0.0.1:0", ":8000", "192.0.2.1:8000"]
)
def test_an_address_that_cannot_be_served_at_is_refused(tmp_path: Path, bind: str) -> None:
    told = refused(tmp_path, bind)
    assert told.startswith("Error: ")
    assert "Traceback" not in told


def test_gunicorn_alone_is_a_right_deployment(tmp_path: Path) -> None:
    port = free_port()
    with subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "wsgi:app", "--bind", f"127.0.0.1:{port}"],
        env=environment_of(tmp_path),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            until(lambda: answers(port))
            assert get(port, "/")[0] == 200
            # There was no index; a worker has made one by itself.
            until(lambda: get(port, "/search?q=a")[0] == 200)
        finally:
            process.terminate()
            told, _ = process.communicate(timeout=30)
    assert "Traceback" not in told
    assert process.returncode == 0


def test_all_workers_see_within_a_second_what_another_process_imported(tmp_path: Path) -> None:
    port = free_port()
    lines = tmp_path / "news.jsonl"
    lines.write_text(json.dumps(fields_of(slug="fresh", body="A quokka came by.")))
    with serving(tmp_path / "data", "--no-demo", "--workers", "2", port=port):
        until(lambda: get(port, "/search?q=quokka")[0] == 200)
        subprocess.run(
            [sys.executable, "-m", "webapp", "import", "jsonl", str(lines)],
            env=environment_of(tmp_path / "data"),
            check=True,
            capture_output=True,
            timeout=60,
        )
        # Twenty answers, each of a connection of its own: both workers are among them.
        seen = [json.loads(get(port, "/search.json?q=quokka")[1])["total"] for _ in range(20)]
        assert set(seen) == {1}
        assert get(port, "/articles/fresh")[0] == 200


def test_an_import_that_was_killed_can_be_run_again_with_nothing_lost_or_twice(
    tmp_path: Path,
) -> None:
    lines = tmp_path / "news.jsonl"
    lines.write_text("\n".join(json.dumps(fields_of(slug=f"story-{n}")) for n in range(1500)))
    command = [sys.executable, "-m", "webapp", "import", "jsonl", str(lines)]
    data = tmp_path / "data"
    with subprocess.Popen(command, env=environment_of(data), stdout=subprocess.DEVNULL) as killed:
        until(lambda: count_articles(data) > 300)
        killed.kill()
    assert 300 < count_articles(data) < 1500
    again = subprocess.run(
        command, env=environment_of(data), text=True, capture_output=True, timeout=120
    )
    assert again.returncode == 0
    new, unchanged = map(
        int, re.findall(r"([\d,]+) (?:new|unchanged)", again.stdout.replace(",", ""))
    )
    assert new + unchanged == 1500
    assert count_articles(data) == 1500
    doctor = subprocess.run(
        [sys.executable, "-m", "webapp", "doctor"],
        env=environment_of(data),
        text=True,
        capture_output=True,
        timeout=60,
    )
    assert doctor.returncode == 0, doctor.stdout


def count_articles(data: Path) -> int:
    import sqlite3

    file = data / "broadsheet.sqlite3"
    if not file.exists():
        return 0
    try:
        with sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=20) as connection:
            return int(connection.execute("SELECT count(*) FROM article").fetchone()[0])
    except sqlite3.OperationalError:
        return 0
    finally:
        if "connection" in locals():
            connection.close()


def test_no_header_of_a_stranger_moves_the_site(tmp_path: Path) -> None:
    port = free_port()
    with serving(tmp_path, "--workers", "1", port=port):
        for headers, path in (
            ({"SCRIPT_NAME": "//evil.example"}, "//evil.example/topics/"),
            ({"SCRIPT_NAME": "/topics"}, "/topics/"),
            ({"SCRIPT_NAME": "/zz"}, "/topics/"),
            ({"X-Forwarded-Proto": "https", "X-Forwarded-Ssl": "off"}, "/topics/"),
        ):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
            connection.request("GET", path, headers=headers)
            response = connection.getresponse()
            body = response.read().decode()
            connection.close()
            assert response.status < 500
            assert "evil.example" not in body
            if path == "/topics/":
                assert response.status == 200
                assert "<h1>Topics</h1>" in body


def test_a_missing_module_is_said_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "nh3.py").write_text("raise ModuleNotFoundError(name='nh3')")
    result = subprocess.run(
        [sys.executable, str(ROOT / "bin" / "command.py"), "doctor"],
        env=environment_of(tmp_path / "data") | {"PYTHONPATH": f"{tmp_path}:{ROOT}"},
        text=True,
        capture_output=True,
        timeout=60,
    )
    assert result.returncode == 1
    assert result.stderr.startswith("Error: the Python module nh3 is missing.")


def test_a_sign_up_is_answered_by_mail_and_the_worker_goes_with_its_server(tmp_path: Path) -> None:
    port, data = free_port(), tmp_path / "data"
    with serving(data, "--no-demo", port=port):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        connection.request("POST", "/newsletter", "email=ada%40example.org", form)
        assert connection.getresponse().status == 303
        connection.close()
        until(lambda: any((data / "outbox").glob("*.eml")))
        (mail,) = (data / "outbox").glob("*.eml")
        assert f"http://127.0.0.1:{port}/newsletter/" in mail.read_text().replace("=\n", "")
    until(lambda: not [p for p in Path("/proc").glob("[0-9]*") if is_serving(p, port)])


def test_a_worker_that_died_is_followed_by_another(tmp_path: Path) -> None:
    port, data = free_port(), tmp_path / "data"

    def lives() -> set[Path]:
        return set((data / "workers").glob("*"))

    with serving(data, "--no-demo", "--workers", "1", port=port) as server:
        until(lambda: len(lives()) == 1)
        first = lives()
        (worker,) = [pid for pid in children_of(server.pid) if holds(pid, *first)]
        os.kill(worker, signal.SIGKILL)
        until(lambda: bool(lives() - first))
        second = lives() - first
        (another,) = [pid for pid in children_of(server.pid) if holds(pid, *second)]
        listening = {link for link in links_of(another) if link in links_of(server.pid)}
        assert not [link for link in listening if link.startswith("socket:")], "the port is not its"
    until(lambda: not answers(port))


def children_of(process: int) -> list[int]:
    path = Path(f"/proc/{process}/task/{process}/children")
    return [int(child) for child in path.read_text().split()]


def links_of(process: int) -> set[str]:
    """What a process has open."""
    links = set()
    for file in Path(f"/proc/{process}/fd").iterdir():
        with suppress(FileNotFoundError):  # it was closed meanwhile
            links.add(str(file.readlink()))
    return links


def holds(process: int, file: Path) -> bool:
    return str(file) in links_of(process)


def is_serving(process: Path, port: int) -> bool:
    try:
        return f"127.0.0.1:{port}".encode() in (process / "cmdline").read_bytes()
    except OSError:  # it has ended meanwhile
        return False
