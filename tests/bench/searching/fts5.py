"""FTS5 of SQLite: an index beside a table that holds the texts."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

from index.contract import Document
from tests.bench.searching.corpus import body_of
from tests.bench.searching.questions import Asked

_TABLES = """
CREATE TABLE article (id INTEGER PRIMARY KEY, published TEXT, title TEXT, body TEXT);
CREATE INDEX by_date ON article (published);
CREATE TABLE filed (article INTEGER, topic TEXT, PRIMARY KEY (article, topic)) WITHOUT ROWID;
CREATE VIRTUAL TABLE found USING fts5(
    title, body, content = 'article', content_rowid = 'id', tokenize = 'porter', prefix = '3 4 5'
);
"""
_BEST = "SELECT rowid FROM found WHERE found MATCH ? ORDER BY bm25(found) LIMIT 10"
_SNIPPETS = """
SELECT rowid, snippet(found, 1, '<mark>', '</mark>', '…', 30)
FROM found WHERE found MATCH ? ORDER BY bm25(found) LIMIT 10
"""
_NEWEST = """
SELECT id FROM found JOIN article ON id = found.rowid
WHERE found MATCH ? ORDER BY published DESC LIMIT 10
"""
_DATED = """
SELECT id FROM found JOIN article ON id = found.rowid
WHERE found MATCH ? AND published >= ? AND published < ? ORDER BY bm25(found) LIMIT 10
"""
_TOPICS = """
SELECT topic, count(*) FROM found JOIN filed ON article = found.rowid
WHERE found MATCH ? GROUP BY topic ORDER BY 2 DESC LIMIT 12
"""
_COUNT = "SELECT count(*) FROM found WHERE found MATCH ?"


class Fts5:
    """A database with the texts, the days, the topics and an index of the words."""

    cannot = frozenset({"typo"})

    def __init__(self, folder: Path, now: datetime) -> None:
        self._folder = folder

    def build(self, documents: Iterable[Document]) -> None:
        self._folder.mkdir()
        self.open()
        with self._database as database:
            database.executescript(_TABLES)
            database.execute("BEGIN")
            for each in documents:
                row = (each.id, each.published_at.isoformat(), each.title, body_of(each))
                database.execute("INSERT INTO article VALUES (?, ?, ?, ?)", row)
                database.execute(
                    "INSERT INTO found (rowid, title, body) VALUES (?, ?, ?)", (row[0], *row[2:])
                )
                topics = [(each.id, topic.slug) for topic in each.topics]
                database.executemany("INSERT OR IGNORE INTO filed VALUES (?, ?)", topics)
            database.execute("INSERT INTO found (found) VALUES ('optimize')")
        database.execute("ANALYZE")
        database.close()

    def open(self) -> None:
        self._database = sqlite3.connect(self._folder / "articles.sqlite3")
        # 64 MB in place of 2: what anyone would set who cares for the time of a query.
        self._database.execute("PRAGMA cache_size = -65536")

    def ask(self, asked: Asked) -> Sequence[int]:
        ask, match = self._database.execute, _match(asked)
        if asked.kind == "newest":
            rows = ask(_NEWEST, (match,)).fetchall()
        elif asked.kind == "dated":
            rows = ask(_DATED, (match, asked.after, asked.before)).fetchall()
        elif asked.kind == "snippets":
            rows = ask(_SNIPPETS, (match,)).fetchall()
        else:
            rows = ask(_BEST, (match,)).fetchall()
        if asked.kind == "facets":
            ask(_TOPICS, (match,)).fetchall()
        return [row[0] for row in rows]

    def count(self, asked: Asked) -> int:
        count: int = self._database.execute(_COUNT, (_match(asked),)).fetchone()[0]
        return count

    def close(self) -> None:
        self._database.close()


def _match(asked: Asked) -> str:
    """Quote the words: some that are common here would be operators there."""
    words = [f'"{word}"' for word in asked.words]
    match asked.kind:
        case "two_any" | "four_any":
            return " OR ".join(words)
        case "phrase":
            return f'"{" ".join(asked.words)}"'
        case "prefix":
            return f"{words[0]} *"
    return " ".join(words)
