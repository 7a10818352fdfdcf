"""Search beside Whoosh, FTS5 and Tantivy: the same texts, the same queries, one process.

Run by `bin/bench search`. What counts are the ratios, taken within one run.
"""

from __future__ import annotations

import argparse
import gc
import json
import sys
import tempfile
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from tests.bench.searching.articles import articles
from tests.bench.searching.contenders import Contender
from tests.bench.searching.corpus import Corpus, read_articles
from tests.bench.searching.measuring import built, memory_mb, opened_ms, query_ms, visible_ms
from tests.bench.searching.plot import draw
from tests.bench.searching.questions import CLASSES, Asked, draw_questions
from tests.bench.searching.report import fitted_exponents, show, show_growth
from tests.bench.searching.table import CONTENDERS

OURS = "broadsheet"
CHANGES = 5
AGREEMENT = 2.0
"""By what factor two engines may differ in how many texts have a common word."""

Figures = dict[str, Any]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print a table, and write figures and a plot where asked to."""
    options = _options(arguments)
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        if options.growth:
            figures = measure_growth(folder, options.growth, options.queries, options.corpus)
            show_growth(figures)
        else:
            corpus = corpus_of(folder, options.articles, options.corpus)
            figures = measure(folder, corpus, options.engines, options.queries)
            show(figures)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")
    if options.plot and not options.growth:
        options.plot.write_text(draw(figures))


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bin/bench search", description=__doc__)
    parser.add_argument("--articles", type=int, default=5000, metavar="N")
    parser.add_argument("--queries", type=int, default=40, metavar="N", help="of each class")
    parser.add_argument("--engines", type=_engines, default=list(CONTENDERS), metavar="A,B")
    parser.add_argument("--corpus", type=Path, metavar="FILE", help="articles to import, as JSON")
    parser.add_argument("--growth", type=_numbers, metavar="N,N", help="ours alone, at each size")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where to write the figures")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="where to draw them, as SVG")
    parser.add_argument("--folder", type=Path, help="where the indexes are built meanwhile")
    return parser.parse_args(arguments)


def _engines(text: str) -> list[str]:
    names = text.split(",")
    if unknown := set(names) - set(CONTENDERS):
        raise argparse.ArgumentTypeError(f"no such engine: {', '.join(sorted(unknown))}")
    return [name for name in CONTENDERS if name in names]


def _numbers(text: str) -> list[int]:
    numbers = [int(number) for number in text.split(",")]
    if len(set(numbers)) < 2:
        raise argparse.ArgumentTypeError("growth is between two sizes at least")
    return numbers


def corpus_of(folder: Path, number: int, file: Path | None = None) -> Corpus:
    """Give the texts, out of a file where one is named."""
    documents = read_articles(file, number) if file else articles(number)
    return Corpus(folder / "texts", documents)


def measure(folder: Path, corpus: Corpus, engines: Sequence[str], queries: int) -> Figures:
    """Measure building, asking and memory of all engines, and how soon a change of ours is seen."""
    questions = draw_questions(corpus, queries)
    figures = measure_times(folder, corpus, engines, questions)
    index = figures["index"]
    for name in engines:
        empty = folder / f"{name}-empty"
        CONTENDERS[name](empty, corpus.now).build([])
        index[name] |= memory_mb(name, folder / name, empty, questions, corpus.now)
    if OURS in engines:
        some = list(islice(corpus, CHANGES))
        figures["visible_ms"] = visible_ms(folder / OURS, some, corpus.now)
        ours = ("open_ms", "rss_mb", "private_mb", "peak_mb")
        figures |= {key: index[OURS][key] for key in ours}
    return figures


def measure_times(
    folder: Path, corpus: Corpus, engines: Sequence[str], questions: dict[str, list[Asked]]
) -> Figures:
    """Build every index, open it, and ask all engines class by class."""
    contenders: dict[str, Contender] = {}
    index: dict[str, dict[str, float]] = {}
    # What the benchmark itself holds is no garbage, and looking through it is no engine's work.
    gc.collect()
    gc.freeze()
    for name in engines:
        print(f"{corpus.count} articles: {name} is built and opened", file=sys.stderr)
        contenders[name] = CONTENDERS[name](folder / name, corpus.now)
        index[name] = built(contenders[name], folder / name, corpus)
        index[name]["open_ms"] = opened_ms(contenders[name], questions["common"][0])
    check_agreement(contenders, questions["common"])
    query = {kind: _class_ms(contenders, questions[kind]) for kind in CLASSES}
    for contender in contenders.values():
        contender.close()
    gc.unfreeze()
    return {"articles": corpus.count, "query_ms": query, "index": index}


def _class_ms(contenders: dict[str, Contender], questions: list[Asked]) -> Figures:
    measured = {name: query_ms(each, questions) for name, each in contenders.items()}
    return {name: times for name, times in measured.items() if times}


def check_agreement(contenders: dict[str, Contender], questions: Sequence[Asked]) -> None:
    """End the run when engines find different things: then times say nothing."""
    first, *others = contenders
    for name in others:
        for asked in questions:
            counts = contenders[first].count(asked), contenders[name].count(asked)
            if max(counts) > AGREEMENT * min(counts):
                raise SystemExit(
                    f"{first} and {name} find {counts[0]} and {counts[1]} articles"
                    f" with {asked.words[0]!r}: they do not measure the same."
                )


def measure_growth(
    folder: Path, sizes: Sequence[int], queries: int, file: Path | None = None
) -> Figures:
    """Measure our engine at each size, and how its times grow with it."""
    by_size = {}
    for size in sizes:
        place = folder / str(size)
        place.mkdir()
        corpus = corpus_of(place, size, file)
        by_size[size] = measure_times(place, corpus, [OURS], draw_questions(corpus, queries))
    p50 = {
        kind: {each["articles"]: each["query_ms"][kind][OURS]["p50"] for each in by_size.values()}
        for kind in CLASSES
    }
    return {"growth": list(by_size.values()), "p50": p50, "exponents": fitted_exponents(p50)}


if __name__ == "__main__":
    main()
