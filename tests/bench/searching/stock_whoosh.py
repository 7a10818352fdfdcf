"""Whoosh as it comes: its own schema, postings, query parser and BM25F."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

from whoosh import fields, index, sorting
from whoosh.analysis import StemmingAnalyzer
from whoosh.qparser import FuzzyTermPlugin, MultifieldParser
from whoosh.searching import Results

from index.contract import Document
from tests.bench.searching.contenders import typed
from tests.bench.searching.corpus import body_of
from tests.bench.searching.questions import Asked

MEMORY_MB = 512


def _schema() -> fields.Schema:
    def text() -> fields.TEXT:
        return fields.TEXT(analyzer=StemmingAnalyzer(stoplist=None, minsize=1), stored=True)

    return fields.Schema(
        id=fields.NUMERIC(stored=True),
        title=text(),
        body=text(),
        published=fields.DATETIME(sortable=True),
        topics=fields.KEYWORD(commas=True),
    )


class StockWhoosh:
    """Whoosh's classes with as few choices of our own as can be."""

    cannot: frozenset[str] = frozenset()

    def __init__(self, folder: Path, now: datetime) -> None:
        self._folder = folder

    def build(self, documents: Iterable[Document]) -> None:
        self._folder.mkdir()
        writer = index.create_in(str(self._folder), _schema()).writer(limitmb=MEMORY_MB)
        for document in documents:
            writer.add_document(
                id=document.id,
                title=document.title,
                body=body_of(document),
                published=document.published_at.replace(tzinfo=None),
                topics=",".join(topic.slug for topic in document.topics),
            )
        writer.commit()

    def open(self) -> None:
        opened = index.open_dir(str(self._folder))
        self._searcher = opened.searcher()
        self._parser = MultifieldParser(["title", "body"], opened.schema)
        self._parser.add_plugin(FuzzyTermPlugin())

    def ask(self, asked: Asked) -> Sequence[int]:
        found = self._found(asked)
        # Where it groups, it gives all that it has found.
        hits = found[:10]
        if asked.kind == "snippets":
            for hit in hits:
                hit.highlights("body")
        if asked.kind == "facets":
            counts = found.groups("topics")
            sorted(counts.items(), key=lambda item: -item[1])[:12]
        return [hit["id"] for hit in hits]

    def count(self, asked: Asked) -> int:
        return len(self._found(asked))

    def close(self) -> None:
        self._searcher.close()

    def _found(self, asked: Asked) -> Results:
        query = self._parser.parse(_typed(asked))
        if asked.kind == "newest":
            return self._searcher.search(query, limit=10, sortedby="published", reverse=True)
        if asked.kind == "facets":
            topics = sorting.FieldFacet("topics", allow_overlap=True, maptype=sorting.Count)
            return self._searcher.search(query, limit=10, groupedby={"topics": topics})
        return self._searcher.search(query, limit=10)


def _typed(asked: Asked) -> str:
    match asked.kind:
        case "typo":
            return f"{asked.words[0]}~1/1"
        case "dated":
            # To the end of a day, this last one included.
            last = date.fromisoformat(asked.before) - timedelta(days=1)
            days = f"[{asked.after.replace('-', '')} to {last:%Y%m%d}]"
            return f"{asked.words[0]} published:{days}"
    return typed(asked)
