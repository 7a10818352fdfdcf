"""The benchmark of search runs, and its figures have the shape that is promised."""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path

import pytest
from lxml import etree

from tests.bench import search
from tests.bench.searching.articles import articles
from tests.bench.searching.contenders import Broadsheet
from tests.bench.searching.corpus import body_of
from tests.bench.searching.measuring import query_ms
from tests.bench.searching.questions import CLASSES, Asked
from tests.bench.searching.report import fitted_exponents
from tests.bench.searching.table import CONTENDERS


def test_a_run_measures_every_engine_and_class_and_writes_figures_and_a_plot(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    figures_file, plot_file = tmp_path / "figures.json", tmp_path / "plot.svg"
    files = ["--json", str(figures_file), "--plot", str(plot_file)]
    search.main(["--articles", "60", "--queries", "3", *files])
    figures = json.loads(figures_file.read_text())
    assert figures["articles"] == 60
    assert list(figures["query_ms"]) == list(CLASSES)
    for kind, engines in figures["query_ms"].items():
        expected = [name for name, each in CONTENDERS.items() if kind not in each.cannot]
        assert list(engines) == expected
        assert all(0 < times["p50"] <= times["p95"] for times in engines.values())
    assert list(figures["index"]) == list(CONTENDERS)
    for index in figures["index"].values():
        assert min(index["articles_per_s"], index["cpu_ms_per_article"], index["bytes"]) > 0
    assert {"visible_ms", "open_ms", "rss_mb", "private_mb", "peak_mb"} <= set(figures)
    printed = capsys.readouterr().out
    assert all(kind in printed for kind in CLASSES)
    dots = etree.parse(plot_file).findall("{http://www.w3.org/2000/svg}circle")
    assert len(dots) >= len(CLASSES) * len(CONTENDERS) - 1


def test_growth_is_fitted_as_a_power_of_the_number_of_articles(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert fitted_exponents({"rare": {10: 3.0, 1000: 30.0}}) == {"rare": 0.5}
    search.main(["--growth", "20,40", "--queries", "1"])
    assert "exponent" in capsys.readouterr().out


def test_the_same_seed_gives_the_same_articles_of_the_promised_length() -> None:
    some = list(islice(articles(30), 30))
    assert some == list(articles(30))
    assert some != list(articles(30, seed=2))
    words = sum(len(body_of(each).split()) for each in some) / len(some)
    assert 380 < words < 520
    assert all(4 <= len(each.sections) <= 6 and each.topics and each.authors for each in some)


def test_articles_to_import_can_be_measured(tmp_path: Path) -> None:
    file = tmp_path / "articles.jsonl"
    article = {"title": "A", "body": "<p>One &amp; two</p><p>three</p>", "topics": ["Night Boats"]}
    file.write_text(json.dumps(article | {"published_at": "2026-01-02T03:04:05Z"}) + "\n")
    [document] = search.corpus_of(tmp_path, 5, file)
    assert document.sections[0].text == "One & two\n\nthree"
    assert document.topics[0].slug == "night-boats"


def test_a_run_ends_where_an_engine_finds_nothing(tmp_path: Path) -> None:
    corpus = search.corpus_of(tmp_path, 20)
    broadsheet = Broadsheet(tmp_path / "index", corpus.now)
    broadsheet.build(corpus)
    with pytest.raises(SystemExit, match="finds nothing for the class common"):
        query_ms(broadsheet, [Asked("common", ("zzzzqqqq",))])
