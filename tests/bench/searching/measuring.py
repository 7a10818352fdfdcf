"""How time, size and memory are taken.

CPU time counts all threads, and for building the child processes as well.
"""

from __future__ import annotations

import gc
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import datetime
from itertools import chain, zip_longest
from pathlib import Path
from subprocess import PIPE

from index import open_index
from index.contract import Document
from index.question import parse
from tests.bench.searching.contenders import Contender, changed, put
from tests.bench.searching.corpus import Corpus
from tests.bench.searching.questions import Asked

ROOT = Path(__file__).resolve().parents[3]
REPEATS = 3
MIXED = 200
"""Queries that a process answers before its memory is looked at."""


def built(contender: Contender, folder: Path, corpus: Corpus) -> dict[str, float]:
    """Build an index, and say how fast and how large; reading the texts is not counted."""
    gc.collect()
    reading = _Reading(corpus)
    wall, cpu = time.perf_counter(), _cpu_seconds()
    contender.build(reading)
    wall, cpu = time.perf_counter() - wall, _cpu_seconds() - cpu
    return {
        "articles_per_s": round(corpus.count / (wall - reading.seconds), 1),
        "cpu_ms_per_article": round((cpu - reading.seconds) * 1000 / corpus.count, 4),
        "bytes": sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()),
    }


class _Reading:
    """Texts read from the disk, and the seconds of this thread that it took."""

    def __init__(self, corpus: Corpus) -> None:
        self._corpus = corpus
        self.seconds = 0.0

    def __iter__(self) -> Iterator[Document]:
        began = time.thread_time()
        for document in self._corpus:
            self.seconds += time.thread_time() - began
            yield document
            began = time.thread_time()


def _cpu_seconds() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def opened_ms(contender: Contender, asked: Asked) -> float:
    """Give the milliseconds from opening an index to its first answer."""
    began = time.perf_counter()
    contender.open()
    contender.ask(asked)
    return round((time.perf_counter() - began) * 1000, 2)


def query_ms(contender: Contender, questions: Sequence[Asked]) -> dict[str, float] | None:
    """Give median and 95th percentile of the CPU milliseconds of a query, each the best of three.

    None where it cannot answer queries of this class. Ends the run when it finds nothing.
    """
    kind = questions[0].kind
    if kind in contender.cannot:
        return None
    # Once for warming up.
    if not sum(len(contender.ask(asked)) for asked in questions):
        raise SystemExit(f"{type(contender).__name__} finds nothing for the class {kind}.")
    gc.collect()
    times = sorted(min(_asked_ms(contender, asked)) for asked in questions)
    last = min(len(times) - 1, round(0.95 * len(times)))
    return {"p50": round(statistics.median(times), 4), "p95": round(times[last], 4)}


def _asked_ms(contender: Contender, asked: Asked) -> Iterator[float]:
    for _ in range(REPEATS):
        began = time.process_time_ns()
        contender.ask(asked)
        yield (time.process_time_ns() - began) / 1e6


def visible_ms(folder: Path, documents: Sequence[Document], now: datetime) -> float:
    """Give the milliseconds from telling our index of a change to another object answering so."""
    writer, reader = open_index("whoosh", folder), open_index("whoosh", folder)
    times = []
    for number, document in enumerate(documents):
        changed_document, word = changed(document, number)
        question = parse(word, now=now)
        reader.answer(question, now=now)
        began = time.perf_counter()
        put(writer, [changed_document])
        while not reader.answer(question, now=now, with_passages=False).matched_all:
            pass
        times.append((time.perf_counter() - began) * 1000)
    return round(statistics.median(times), 2)


def memory_mb(
    name: str, folder: Path, empty: Path, questions: dict[str, list[Asked]], now: datetime
) -> dict[str, float]:
    """Give the megabytes of a fresh process that has answered, beyond those with an empty index.

    `rss_mb` has the pages of mapped files in it, which the system takes back when it needs
    them; `private_mb` has not. `peak_mb` is the highest that `rss_mb` has been.
    """
    mixed = list(chain.from_iterable(zip_longest(*questions.values())))
    told = [asdict(each) for each in (mixed * MIXED)[:MIXED] if each]
    text = json.dumps({"engine": name, "now": now.isoformat(), "questions": told})
    command = [sys.executable, "-m", "tests.bench.searching.answering"]
    with ThreadPoolExecutor() as together:
        commands = ([*command, str(path)] for path in (folder, empty))
        full, nothing = together.map(lambda each: _told(each, text), commands)
    return {key: round((full[key] - nothing[key]) / 1024, 1) for key in full}


def _told(command: list[str], text: str) -> dict[str, int]:
    """Give what a process says when it is told something."""
    done = subprocess.run(command, input=text, cwd=ROOT, check=True, text=True, stdout=PIPE)
    kilobytes: dict[str, int] = json.loads(done.stdout)
    return kilobytes
