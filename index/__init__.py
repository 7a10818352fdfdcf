"""Full-text search: documents in, questions in, answers out; see contract.py.

Knows which engines there are; refuses to know the site that searches.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from index.contract import SearchEngine
from index.engines.memory import MemorySearch
from index.engines.whoosh import WhooshSearch

ENGINES: dict[str, Callable[[Path], SearchEngine]] = {
    "whoosh": WhooshSearch,
    "memory": MemorySearch,
}


def open_index(kind: str, folder: Path) -> SearchEngine:
    """Give the search engine of this kind, with its files in `folder`.

    Opens nothing yet. Raises ValueError for a kind that there is not.
    """
    if kind not in ENGINES:
        raise ValueError(f"There is no search engine {kind!r}; choose from {', '.join(ENGINES)}.")
    return ENGINES[kind](folder)
