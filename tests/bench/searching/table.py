"""Which engines can be measured."""

from __future__ import annotations

from tests.bench.searching.contenders import Broadsheet, Contender
from tests.bench.searching.fts5 import Fts5
from tests.bench.searching.stock_whoosh import StockWhoosh
from tests.bench.searching.tantivy_index import Tantivy

CONTENDERS: dict[str, type[Contender]] = {
    "broadsheet": Broadsheet,
    "whoosh": StockWhoosh,
    "fts5": Fts5,
    "tantivy": Tantivy,
}
