"""Tantivy, by its Python package: an index written in Rust, with a thread for each core."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

import tantivy

from index.contract import Document
from tests.bench.searching.contenders import typed
from tests.bench.searching.corpus import body_of
from tests.bench.searching.questions import Asked

MEMORY_BYTES = 512_000_000
_TEXTS = ["title", "body"]
_BY_TOPIC = {"topics": {"terms": {"field": "topics", "size": 12}}}


def _schema() -> tantivy.Schema:
    schema = tantivy.SchemaBuilder()
    schema.add_integer_field("id", stored=True, fast=True)
    for name in _TEXTS:
        schema.add_text_field(name, stored=True, tokenizer_name="en_stem")
    schema.add_date_field("published", fast=True, indexed=True)
    schema.add_text_field("topics", fast=True, tokenizer_name="raw")
    return schema.build()


class Tantivy:
    """Stemmed texts with positions, the date and the topics as columns."""

    cannot: frozenset[str] = frozenset()

    def __init__(self, folder: Path, now: datetime) -> None:
        self._folder, self._schema = folder, _schema()

    def build(self, documents: Iterable[Document]) -> None:
        self._folder.mkdir()
        writer = tantivy.Index(self._schema, str(self._folder)).writer(MEMORY_BYTES)
        for each in documents:
            writer.add_document(
                tantivy.Document(
                    id=each.id,
                    title=each.title,
                    body=body_of(each),
                    published=each.published_at,
                    topics=[topic.slug for topic in each.topics],
                )
            )
        writer.commit()
        writer.wait_merging_threads()

    def open(self) -> None:
        self._index = tantivy.Index.open(str(self._folder))
        self._searcher = self._index.searcher()

    def ask(self, asked: Asked) -> Sequence[int]:
        query = self._query(asked)
        order = "published" if asked.kind == "newest" else None
        hits = self._searcher.search(query, limit=10, order_by_field=order).hits
        places = [place for _, place in hits]
        if asked.kind == "facets":
            self._searcher.aggregate(query, _BY_TOPIC)
        if asked.kind == "snippets":
            make = tantivy.SnippetGenerator.create(self._searcher, query, self._schema, "body")
            for place in places:
                make.snippet_from_doc(self._searcher.doc(place)).to_html()
        return [int(id) for id in self._searcher.fast_field_values("id", places)]

    def count(self, asked: Asked) -> int:
        return int(self._searcher.search(self._query(asked), limit=1).count)

    def close(self) -> None:
        del self._searcher, self._index

    def _query(self, asked: Asked) -> tantivy.Query:
        word = asked.words[0]
        if asked.kind == "prefix":
            return self._either(
                tantivy.Query.phrase_prefix_query(self._schema, name, [word]) for name in _TEXTS
            )
        if asked.kind == "typo":
            return self._either(
                tantivy.Query.fuzzy_term_query(self._schema, name, word, distance=1)
                for name in _TEXTS
            )
        return self._index.parse_query(_typed(asked), _TEXTS, conjunction_by_default=True)

    def _either(self, queries: Iterable[tantivy.Query]) -> tantivy.Query:
        return tantivy.Query.boolean_query([(tantivy.Occur.Should, each) for each in queries])


def _typed(asked: Asked) -> str:
    if asked.kind == "dated":
        after, before = (f"{day}T00:00:00Z" for day in (asked.after, asked.before))
        return f"{asked.words[0]} published:[{after} TO {before}}}"
    return typed(asked)
