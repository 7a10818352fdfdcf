"""What documents are filed under: topics, authors, a source and a day; and counts of these.

Knows names and moments; refuses to know terms and questions.
"""

from __future__ import annotations

import heapq
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache

from index.characters import fold
from index.contract import MOST_FACET_VALUES, Document, FacetValue, Name

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def microseconds(moment: datetime) -> int:
    """Give the microseconds from 1970 to an aware moment."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def domain(source: str) -> str:
    """Give the form of a domain that it is counted and narrowed by."""
    return source.lower().strip(".").removeprefix("www.")


_BEFORE_DOMAIN = re.compile(r"^(?:[a-z][a-z0-9+.-]*:)?//")
_AFTER_DOMAIN = re.compile(r"[/?#:]")


def domain_in(typed: str) -> str:
    """Give the domain of what may be an address; nothing where it has none."""
    address = _BEFORE_DOMAIN.sub("", typed.strip().lower())
    found = domain(_AFTER_DOMAIN.split(address)[0])
    return found if "." in found else ""


def filed_as(document: Document) -> dict[str, tuple[Name, ...]]:
    """Give the names that a document is filed under, by their kind, each once."""
    source = domain(document.source)
    return {
        "topics": tuple(dict.fromkeys(document.topics)),
        "authors": tuple(dict.fromkeys(document.authors)),
        "sources": (Name(source, source),) if source else (),
    }


def words_of_names(names: Mapping[str, Iterable[Name]]) -> set[str]:
    """Give the words that are in names, which come by their kind."""
    plain = (n.name for kind, some in names.items() if kind != "sources" for n in some)
    words = {word for name in plain for word in fold(name).split()}
    return words | {part for name in names["sources"] for part in name.name.split(".")}


FILINGS = ("topics", "authors", "sources")
"""The ways in which documents are filed."""


def frequent(names: Sequence[Name], counts: Sequence[int]) -> tuple[FacetValue, ...]:
    """Give the values of a facet, from names and how many documents each has."""
    pairs = sorted(
        ((name, count) for name, count in zip(names, counts, strict=True) if count),
        key=lambda each: (-each[1], each[0].name),
    )
    found: dict[str, tuple[str, int]] = {}
    # While a topic is being renamed two names share a slug: the more frequent one is shown.
    for name, count in pairs:
        shown, before = found.get(name.slug, (name.name, 0))
        found[name.slug] = shown, before + count
    values = [FacetValue(key, name, count) for key, (name, count) in found.items()]
    return tuple(
        heapq.nsmallest(
            MOST_FACET_VALUES, values, key=lambda v: (-v.count, v.name.casefold(), v.key)
        )
    )


def periods(months: Mapping[str, int], period: str) -> tuple[FacetValue, ...]:
    """Give the years, or the months where narrowed to a period or where there is only one year."""
    years: Counter[str] = Counter()
    for month, count in months.items():
        years[month[:4]] += count
    counts = months if period or len(years) == 1 else years
    newest = sorted(counts, reverse=True)[:MOST_FACET_VALUES]
    return tuple(FacetValue(key, key, counts[key]) for key in newest)


_QUARTER = 15 * 60 * 1_000_000


def month_of(moment: int, zone: tzinfo) -> str:
    """Give the month, as 2026-11, in which a moment lies."""
    # The clocks of all zones change at quarters of an hour.
    return _month_of(moment // _QUARTER, zone)


@lru_cache(maxsize=65_536)
def _month_of(quarter: int, zone: tzinfo) -> str:
    time = _EPOCH + quarter * timedelta(minutes=15)
    # The last hours of the calendar are no month of another zone.
    with suppress(OverflowError):
        time = time.astimezone(zone)
    return f"{time.year:04}-{time.month:02}"


@lru_cache(maxsize=256)
def months_between(first: str, last: str, zone: tzinfo) -> tuple[list[str], list[int]]:
    """Give all months from one to another, and the first moment after each but the last."""
    names, ends = [first], []
    while names[-1] != last:
        year, number = int(names[-1][:4]), int(names[-1][5:])
        year, number = (year, number + 1) if number < 12 else (year + 1, 1)
        names.append(f"{year:04}-{number:02}")
        ends.append(microseconds(datetime(year, number, 1, tzinfo=zone)))
    return names, ends
