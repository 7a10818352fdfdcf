"""CPU time of the pages that list articles, and how it grows with the page and the site.

Run by `bin/bench listings`. What counts are the ratios, taken within one run: the last pages
against the second, a large site against a small one.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import insert, select, text

from index.contract import Document, Name
from tests.bench.searching.articles import articles
from tests.bench.searching.corpus import Corpus
from webapp import create_app
from webapp.extensions import db
from webapp.models import Article, Author, Section, Topic
from webapp.models.naming import article_author, article_topic
from webapp.services.revising import note_visible_change
from webapp.settings import read_settings

BATCH = 1000
FAR = 5000
"""The page that has to be as near as the second; of a smaller site it is the last."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure at each size, print a table, and write the figures where asked to."""
    parser = argparse.ArgumentParser(prog="bin/bench listings", description=__doc__)
    parser.add_argument("--articles", type=_numbers, default=[10_000, 100_000], metavar="N,N")
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--json", type=Path, metavar="FILE", help="where to write the figures")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        by_size = {
            size: measure(Path(folder) / str(size), size, options.rounds)
            for size in options.articles
        }
    show(by_size)
    if options.json:
        options.json.write_text(json.dumps(by_size, indent=2) + "\n")


def _numbers(text: str) -> list[int]:
    return [int(number) for number in text.split(",")]


def measure(folder: Path, size: int, rounds: int) -> dict[str, float]:
    """Give the median milliseconds of each page of a site of so many articles."""
    print(f"{size:,} articles are made", file=sys.stderr)
    folder.mkdir()
    corpus = Corpus(folder / "texts", articles(size))
    settings = replace(read_settings({}), data=folder / "data", search_engine="memory")
    app = create_app(settings, lambda: corpus.now)
    with app.app_context():
        fill(corpus)
        paths = paths_of(size, settings.page_size)
        figures = measure_pages(app, paths, rounds)
        db.session.remove()
        db.engine.dispose()
    return figures


def fill(documents: Iterable[Document]) -> None:
    """Put articles into the database as they would stand there; no index hears of them."""
    ids: dict[tuple[str, str], int] = {}
    remaining = iter(documents)
    while batch := list(islice(remaining, BATCH)):
        db.session.execute(insert(Article), [_row(each) for each in batch])
        sections = [row for each in batch for row in _section_rows(each)]
        db.session.execute(insert(Section), sections)
        for noun, filing, names in (
            (Author, article_author, "authors"),
            (Topic, article_topic, "topics"),
        ):
            rows = list(_filings(batch, noun, names, ids))
            db.session.execute(insert(filing), rows)
        db.session.commit()
    note_visible_change()
    db.session.commit()
    db.session.execute(text("ANALYZE"))
    db.session.commit()


def _row(document: Document) -> dict[str, object]:
    return {
        "id": document.id,
        "slug": f"article-{document.id}",
        "title": document.title,
        "summary": document.summary,
        "body": "\n\n".join(section.text for section in document.sections),
        "source_domain": document.source,
        "language": "en",
        "status": "published",
        "published_at": document.published_at,
        "updated_at": document.published_at,
        "word_count": 450,
    }


def _section_rows(document: Document) -> Iterator[dict[str, object]]:
    # No listing reads their texts; the labels are what the front page shows of its lead.
    for n, section in enumerate(document.sections):
        yield {
            "article_id": document.id,
            "position": n,
            "label": section.label,
            "anchor": section.anchor,
            "html": "",
            "text": "",
        }


def _filings(
    batch: Sequence[Document],
    noun: type[Author] | type[Topic],
    names: str,
    ids: dict[tuple[str, str], int],
) -> Iterator[dict[str, object]]:
    kind = noun.__tablename__
    for document in batch:
        filed: tuple[Name, ...] = getattr(document, names)
        for position, name in enumerate(filed):
            key = (kind, name.slug)
            if key not in ids:
                known = db.session.scalar(select(noun.id).where(noun.slug == name.slug))
                row = {"slug": name.slug, "name": name.name}
                made = insert(noun).values(row).returning(noun.id)
                ids[key] = known or db.session.scalars(made).one()
            yield {
                "article_id": document.id,
                f"{kind}_id": ids[key],
                "position": position,
                "listed_at": document.published_at,
            }


def paths_of(size: int, page_size: int) -> dict[str, str]:
    """Name the pages that are measured."""
    topic = db.session.execute(text("SELECT slug FROM topic ORDER BY id LIMIT 1")).scalar_one()
    author = db.session.execute(text("SELECT slug FROM author ORDER BY id LIMIT 1")).scalar_one()
    far = min(FAR, -(-size // page_size))
    return {
        "front page": "/",
        "page 2": "/?page=2",
        "far page": f"/?page={far}",
        "topic": f"/topics/{topic}",
        "topic, page 2": f"/topics/{topic}?page=2",
        "author": f"/authors/{author}",
        "year": "/archive/2020",
        "archive": "/archive/",
        "topics": "/topics/",
        "sources": "/sources/",
    }


def measure_pages(app: Flask, paths: dict[str, str], rounds: int) -> dict[str, float]:
    """Make every page in turn, as often as there are rounds; no cache before Flask is asked."""
    figures = {name: [] for name in paths}  # type: dict[str, list[float]]
    for _ in range(rounds):
        for name, path in paths.items():
            figures[name].append(page_ms(app, path))
    measured = {name: statistics.median(times) for name, times in figures.items()}
    for name in ("page 2", "far page", "topic", "archive", "topics", "sources"):
        measured[f"{name}, first after a change"] = min(
            _after_change(app, paths[name]) for _ in range(5)
        )
    return {name: round(value, 3) for name, value in measured.items()}


def _after_change(app: Flask, path: str) -> float:
    note_visible_change()
    db.session.commit()
    return page_ms(app, path)


def page_ms(app: Flask, path: str) -> float:
    """Give the CPU milliseconds that it takes to make a page."""
    began = time.process_time()
    with app.test_request_context(path, base_url="http://127.0.0.1"):
        response = app.full_dispatch_request()
        response.get_data()
    took = time.process_time() - began
    if response.status_code != 200:
        raise SystemExit(f"{path} answered {response.status_code}")
    return took * 1000


def show(by_size: dict[int, dict[str, Any]]) -> None:
    """Print the figures by size, and the ratios that count."""
    sizes = list(by_size)
    print(f"{'CPU ms of a page':36}" + "".join(f"{size:>12,}" for size in sizes), end="")
    print(f"{'ratio':>10}")
    for name in by_size[sizes[0]]:
        times = [by_size[size][name] for size in sizes]
        ratio = times[-1] / times[0]
        print(f"{name:36}" + "".join(f"{ms:12.2f}" for ms in times) + f"{ratio:10.2f}")
    ratios = [of_size["far page"] / of_size["page 2"] for of_size in by_size.values()]
    print(f"{'far page to page 2':36}" + "".join(f"{ratio:12.2f}" for ratio in ratios))


if __name__ == "__main__":
    main()
