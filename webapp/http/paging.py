"""Pages of a listing: the number that was asked for, and links to the others."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode

from flask import request, url_for

from webapp.errors import ListingNotFound, QueryUnreadable

# What a listing is asked for; anything else in an address means nothing and leads nowhere.
KEPT = ("q", "sort", "topic", "author", "source", "period")


@dataclass(frozen=True, slots=True)
class Pages:
    """Where in a listing one is; `url` gives the address of a page by its number."""

    number: int
    count: int
    total: int
    url: Callable[[int], str]

    @property
    def has_previous(self) -> bool:
        """Whether there is a page before this one."""
        return self.number > 1

    @property
    def has_next(self) -> bool:
        """Whether there is a page after this one."""
        return self.number < self.count

    @property
    def previous_url(self) -> str:
        """The address of the page before."""
        return self.url(self.number - 1)

    @property
    def next_url(self) -> str:
        """The address of the page after."""
        return self.url(self.number + 1)

    @property
    def window(self) -> list[tuple[int, str] | None]:
        """Numbers and addresses of the first, the last and the pages around; None for a gap."""
        near = range(self.number - 2, self.number + 3)
        shown = sorted({n for n in (1, *near, self.count) if 1 <= n <= self.count})
        links: list[tuple[int, str] | None] = []
        for before, number in zip([0, *shown], shown, strict=False):
            if number - before > 1:
                links.append(None)
            links.append((number, self.url(number)))
        return links


def page_asked_for() -> int:
    """Read `page` of the address, 1 where it does not stand. Raises QueryUnreadable."""
    return number_asked_for("page", 1, 1, 1_000_000)


def number_asked_for(name: str, default: int, low: int, high: int) -> int:
    """Read a whole number of the address. Raises QueryUnreadable for anything else."""
    text = request.args.get(name)
    if text is None:
        return default
    # Written in one way only: each address that is answered is a page of its own to a cache.
    is_number = re.fullmatch("0|[1-9][0-9]{0,8}", text)
    if not is_number or not low <= int(text) <= high:
        raise QueryUnreadable(f"“{name}” has to be a whole number from {low} to {high}.")
    return int(text)


def pages_of(total: int, size: int) -> Pages:
    """Give the pages of a listing at the page asked for; raises ListingNotFound beyond the last."""
    number, count = page_asked_for(), max(1, -(-total // size))
    if number > count:
        raise ListingNotFound("This listing has no such page.")
    return Pages(number, count, total, _addresses())


def _addresses() -> Callable[[int], str]:
    """Give what makes the addresses of the listing's pages; what they share is made once."""
    said = urlencode([(n, value) for n, value in request.args.items() if n in KEPT and value])
    path = url_for(request.endpoint or "", **(request.view_args or {}))

    def address(number: int) -> str:
        query = "&".join(filter(None, (said, f"page={number}" if number > 1 else "")))
        return f"{path}?{query}" if query else path

    return address
