"""What documents are filed under: topics, authors, a source and a day; and counts of these.

Knows names and moments; refuses to know terms and questions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache

from index.contract import MOST_FACET_VALUES, Document, Facets, FacetValue, Name

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def microseconds(moment: datetime) -> int:
    """Give the microseconds from 1970 to an aware moment."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Filed:
    """What a document is filed under."""

    topics: tuple[Name, ...] = ()
    authors: tuple[Name, ...] = ()
    source: str = ""

    @classmethod
    def of(cls, document: Document) -> Filed:
        """Take it from a document."""
        return cls(document.topics, document.authors, domain(document.source))


@dataclass(frozen=True, slots=True)
class Filing:
    """For each document the number of what it is filed under: few sets of names serve many."""

    of: Mapping[int, int] | Sequence[int]
    values: Sequence[Filed]


def domain(source: str) -> str:
    """Give the form of a domain that it is counted and narrowed by."""
    return source.lower().strip(".").removeprefix("www.")


def count_facets(
    documents: Collection[int],
    filing: Filing,
    published: Mapping[int, int] | Sequence[int],
    zone: tzinfo,
    period: str,
) -> Facets:
    """Count what these documents are filed under; months where narrowed to a year."""
    counts = Counter(map(filing.of.__getitem__, documents))
    held = [(filing.values[number], count) for number, count in counts.items()]
    return Facets(
        _frequent(_named((filed.topics, count) for filed, count in held)),
        _frequent(_named((filed.authors, count) for filed, count in held)),
        _frequent(_sources(held)),
        _periods(Counter(_months(map(published.__getitem__, documents), zone)), period),
    )


def _named(held: Iterable[tuple[tuple[Name, ...], int]]) -> dict[str, tuple[str, int]]:
    counts: Counter[Name] = Counter()
    for names, count in held:
        for name in set(names):
            counts[name] += count
    found: dict[str, tuple[str, int]] = {}
    # While a topic is being renamed two names share a slug: the more frequent one is shown.
    for name, count in sorted(counts.items(), key=lambda each: (-each[1], each[0].name)):
        shown, before = found.get(name.slug, (name.name, 0))
        found[name.slug] = shown, before + count
    return found


def _sources(held: Iterable[tuple[Filed, int]]) -> dict[str, tuple[str, int]]:
    counts: Counter[str] = Counter()
    for filed, count in held:
        if filed.source:
            counts[filed.source] += count
    return {source: (source, count) for source, count in counts.items()}


def _frequent(found: Mapping[str, tuple[str, int]]) -> tuple[FacetValue, ...]:
    values = [FacetValue(key, name, count) for key, (name, count) in found.items()]
    values.sort(key=lambda value: (-value.count, value.name.casefold(), value.key))
    return tuple(values[:MOST_FACET_VALUES])


def _periods(months: Counter[str], period: str) -> tuple[FacetValue, ...]:
    years: Counter[str] = Counter()
    for month, count in months.items():
        years[month[:4]] += count
    counts = months if period or len(years) == 1 else years
    newest = sorted(counts, reverse=True)[:MOST_FACET_VALUES]
    return tuple(FacetValue(key, key, counts[key]) for key in newest)


def _months(moments: Iterable[int], zone: tzinfo) -> Iterable[str]:
    # The clocks of all zones change at quarters of an hour.
    return (month_of(moment // _QUARTER, zone) for moment in moments)


_QUARTER = 15 * 60 * 1_000_000


@lru_cache(maxsize=65_536)
def month_of(quarter: int, zone: tzinfo) -> str:
    """Give the month, as 2026-11, in which a quarter of an hour since 1970 lies."""
    moment = _EPOCH + quarter * timedelta(minutes=15)
    # The last hours of the calendar are no month of another zone.
    with suppress(OverflowError):
        moment = moment.astimezone(zone)
    return f"{moment.year:04}-{moment.month:02}"
