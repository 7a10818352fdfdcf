"""Readers search without a gap while other processes build the index anew and publish."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path

from tests.factories import fields_of
from tests.test_serving import environment_of, free_port, get, serving, until

ALWAYS = 200
READERS = 3
# Readers pause, so that the commands get on with it also on a small machine.
PAUSE_SECONDS = 0.1


def command(data: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "webapp", *words],
        env=environment_of(data),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> str:
    """Wait for a command and give what it said of an error; empty when it went well."""
    _, told = process.communicate(timeout=60)
    return told if process.returncode else ""


def import_all(data: Path, lines: Path) -> None:
    articles = [fields_of(slug=f"story-{n}", body=f"Harbour x{n}x.") for n in range(ALWAYS)]
    for beast in ("alpaca", "cassowary"):
        articles.append(fields_of(slug=f"the-{beast}", body=f"A {beast}.", draft=True))
    articles.append(fields_of(slug="leaving", body="A capybara leaves."))
    lines.write_text("\n".join(json.dumps(article) for article in articles))
    assert finish(command(data, "import", "jsonl", str(lines))) == ""


def found(port: int, query: str) -> list[str]:
    """The paths that a search finds, of a connection of its own."""
    status, body = get(port, f"/search.json?q={query}")
    assert status == 200
    return [result["url"].rpartition("/articles/")[2] for result in json.loads(body)["results"]]


def everywhere(port: int, query: str, expected: list[str]) -> bool:
    """Whether all workers find it: of twenty connections each gets some."""
    return all(found(port, query) == expected for _ in range(20))


def what_is_amiss(port: int, number: int) -> str:
    """Ask for an article that is always there, and for all of them; say what was not as it is."""
    query, slug = f"x{number}x", f"story-{number}"
    status, page = get(port, f"/search?q={query}")
    if status != 200 or f"/articles/{slug}" not in page:
        return f"the page for {query} was {status}, and {slug} was to be on it"
    if found(port, query)[:1] != [slug]:
        return f"{query} did not find {slug}"
    total = json.loads(get(port, "/search.json?q=harbour")[1])["total"]
    return "" if total == ALWAYS else f"{total} were found of all"


@contextmanager
def readers(port: int) -> Iterator[tuple[list[int], list[str]]]:
    """Readers who ask all the time; counts what they asked, and tells what went wrong."""
    asked, amiss, is_over = [0] * READERS, [], threading.Event()

    def read(reader: int) -> None:
        chance = random.Random(reader)
        while not is_over.wait(PAUSE_SECONDS):
            try:
                problem = what_is_amiss(port, chance.randrange(ALWAYS))
            except (OSError, HTTPException, LookupError, ValueError, AssertionError) as failure:
                problem = repr(failure)
            if problem:
                amiss.append(problem)
            asked[reader] += 1

    threads = [threading.Thread(target=read, args=(reader,)) for reader in range(READERS)]
    for thread in threads:
        thread.start()
    try:
        yield asked, amiss
    finally:
        is_over.set()
        for thread in threads:
            thread.join()


def test_readers_miss_nothing_while_the_index_is_built_anew_again_and_again(tmp_path: Path) -> None:
    data, port, built = tmp_path / "data", free_port(), 0
    import_all(data, tmp_path / "news.jsonl")
    with (
        serving(data, "--no-demo", "--workers", "2", port=port),
        readers(port) as (asked, amiss),
    ):
        assert everywhere(port, "capybara", ["leaving"])
        for deed, slug, word, expected in (
            ("publish", "the-alpaca", "alpaca", ["the-alpaca"]),
            ("withdraw", "leaving", "capybara", []),
            ("publish", "the-cassowary", "cassowary", ["the-cassowary"]),
        ):
            before = sum(asked)
            reindex, done = command(data, "reindex"), command(data, deed, slug)
            assert finish(done) == ""
            told = finish(reindex)
            # One at a time may write, and the publication may have been quicker.
            assert told == "" or "Another process is writing the index" in told
            until(lambda w=word, e=expected: everywhere(port, w, e), seconds=1)
            assert sum(asked) > before + READERS
            built += told == ""
    assert built
    assert amiss == []
