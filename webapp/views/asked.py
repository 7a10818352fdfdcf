"""What a reader asks for in the address of a search, whether for a page, for data or for a feed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote_plus

from flask import request

from index.contract import Narrow, Sort
from webapp.errors import QueryUnreadable
from webapp.http.paths import path_of

FACET_PARAMETERS = {
    "topics": "topic",
    "authors": "author",
    "sources": "source",
    "periods": "period",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """Words, order, and what the results are narrowed to; `path` is that of the results page."""

    path: str
    query: str
    sort: Sort
    narrow: Narrow

    def url(self, path: str = "", **changed: str) -> str:
        """Give the address of the same search with something changed; empty takes it away.

        `path` is that of another view of it.
        """
        values = {
            "q": self.query,
            "sort": "" if self.sort is Sort.BEST else self.sort.value,
            "topic": self.narrow.topic,
            "author": self.narrow.author,
            "source": self.narrow.source,
            "period": self.narrow.period,
            **changed,
        }
        said = [f"{name}={quote_plus(value)}" for name, value in values.items() if value]
        path = path or self.path
        return f"{path}?{'&'.join(said)}" if said else path


def read_asked() -> Asked:
    """Read the address. Raises QueryUnreadable."""
    # Lone surrogates fit into no page.
    query = request.args.get("q", "").encode("utf-8", "replace").decode()
    try:
        sort = Sort(request.args.get("sort", Sort.BEST))
    except ValueError:
        raise QueryUnreadable("“sort” has to be best or newest.") from None
    return Asked(path_of("search.show_results"), query, sort, _narrow())


def _narrow() -> Narrow:
    given = request.args.to_dict()
    values = {name: given.get(name, "") for name in FACET_PARAMETERS.values()}
    for name, value in values.items():
        if len(value) > 300 or not value.isprintable():
            raise QueryUnreadable(f"“{name}” cannot be read.")
    if not re.fullmatch(r"([0-9]{4}(-(0[1-9]|1[0-2]))?)?", values["period"]):
        raise QueryUnreadable("“period” has to be a year or a month, as in 2026-11.")
    # Domains are the same however they are written.
    return Narrow(**{**values, "source": values["source"].lower()})
