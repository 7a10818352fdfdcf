"""Documents and their scores as two arrays, and what is done with them as wholes.

Knows arrays; refuses to know what a score is worth.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from index.arrays.files import Array

_FEW = 32
"""Times fewer documents than there are from which they are looked up one by one."""
_MANY = 8
"""Lists from which they are added up by counting."""
_SHORTEST_STRETCH = 16
"""Values of which the highest is looked for, to find a bound of the highest of all."""


Make = Callable[[Any], Array]
"""Gives scores by places: numbers, a boolean for each, or None for all of them."""


class ArrayScores:
    """Numbers of documents, rising, and a score for each; `size` is how many there are in all."""

    __slots__ = ("_made", "_make", "numbers", "size")

    def __init__(self, numbers: Array, values: Array | Make, size: int) -> None:
        """Take the scores, or what makes those at some places (None: all) when they are needed."""
        self.numbers, self.size = numbers, size
        self._made = None if callable(values) else values
        self._make = values if callable(values) else values.__getitem__

    @property
    def values(self) -> Array:
        """The scores."""
        if self._made is None:
            self._made = self._make(None)
            self._make = self._made.__getitem__
        return self._made

    @classmethod
    def unscored(cls, numbers: Array, size: int) -> ArrayScores:
        """Make one of documents without a score."""
        return cls(numbers, np.zeros(len(numbers)), size)

    def _at(self, which: Array) -> ArrayScores:
        return ArrayScores(self.numbers[which], self._make(which), self.size)

    def __len__(self) -> int:
        return len(self.numbers)

    def times(self, factor: float) -> ArrayScores:
        """Give all scores times a factor."""
        return ArrayScores(self.numbers, self.values * factor, self.size)

    def worth(self, score: float) -> ArrayScores:
        """Give the same documents, each with this score."""
        return ArrayScores(self.numbers, np.full(len(self), score), self.size)

    def both(self, other: ArrayScores) -> ArrayScores:
        """Give the documents that are in both, with the sum of their scores."""
        few, many = (self, other) if len(self) <= len(other) else (other, self)
        place = places_in(few.numbers, many.numbers, self.size)
        has = place >= 0
        numbers, values = few.numbers[has], few._make(has) + many._make(place[has])
        return ArrayScores(numbers, values, self.size)

    def but(self, other: ArrayScores) -> ArrayScores:
        """Give the documents that are not in the other."""
        if not len(other):
            return self
        return self._at(~are_in(self.numbers, other.numbers, self.size))

    def raised(self, other: ArrayScores) -> ArrayScores:
        """Give the same documents, with the other's score added where it has them."""
        raised = ArrayScores(self.numbers, self.values.copy(), self.size)
        few, many = (self, other) if len(self) <= len(other) else (other, self)
        place = places_in(few.numbers, many.numbers, self.size)
        has = place >= 0
        if few is self:
            raised.values[has] += other.values[place[has]]
        else:
            raised.values[place[has]] += other.values[has]
        return raised

    def where(self, other: ArrayScores, least: float) -> ArrayScores:
        """Give the documents whose score in the other, which has the same ones, is at least so."""
        return self._at(other.values >= least)

    def kept(self, mask: Array) -> ArrayScores:
        """Give the documents for which a boolean, one for each of these, is true."""
        return self if mask.all() else self._at(mask)

    def holds(self, documents: Sequence[int]) -> Sequence[bool]:
        """Say of each document whether it is here."""
        wanted = np.fromiter(documents, np.int64, len(documents))
        held: list[bool] = (_looked_up(wanted, self.numbers) >= 0).tolist()
        return held

    def documents(self) -> Sequence[int]:
        """Give the documents."""
        numbers: list[int] = self.numbers.tolist()
        return numbers


def _looked_up(few: Array, many: Array) -> Array:
    """Give where each number stands in a rising array, -1 where it does not."""
    if not len(many):
        return np.full(len(few), -1, np.int64)
    place = many.searchsorted(few)
    place[place == len(many)] = 0
    place[many[place] != few] = -1
    return place


def places_in(few: Array, many: Array, size: int) -> Array:
    """Give where each of some documents stands among others, -1 where it does not; both rising."""
    if len(few) * _FEW < len(many) or len(many) * _FEW < size:
        return _looked_up(few, many)
    table = np.full(size, -1, np.int32)
    table[many] = np.arange(len(many), dtype=np.int32)
    return table[few]


def are_in(few: Array, many: Array, size: int) -> Array:
    """Say of each of some documents whether it is among others; both rising."""
    if len(few) * _FEW < len(many) or len(many) * _FEW < size:
        return _looked_up(few, many) >= 0
    table = np.zeros(size, bool)
    table[many] = True
    return table[few]


def united(scores: Sequence[ArrayScores], size: int, *, is_sum: bool = True) -> ArrayScores:
    """Give the documents that are in any, with the sum of their scores, or the highest."""
    scores = [each for each in scores if len(each)]
    if not scores:
        return ArrayScores(np.zeros(0, np.int64), np.zeros(0), size)
    if len(scores) == 1:
        return scores[0]
    if sum(map(len, scores)) * _FEW < size:
        return _united_few(scores, size, is_sum=is_sum)
    mask = np.zeros(size, bool)
    for each in scores:
        mask[each.numbers] = True
    numbers = np.flatnonzero(mask)
    dense = _summed(scores, size) if is_sum else _highest(scores, size)
    return ArrayScores(numbers, dense[numbers], size)


def higher(most: ArrayScores, some: ArrayScores) -> ArrayScores:
    """Give the documents that are in any, with the higher score; quick where all are in `most`."""
    if not len(some) or not len(most):
        return most if len(most) else some
    place = places_in(some.numbers, most.numbers, most.size)
    if place.min() >= 0 and (most.values[place] >= some.values).all():
        return most
    return united([most, some], most.size, is_sum=False)


def _summed(scores: Sequence[ArrayScores], size: int) -> Array:
    kind = scores[0].values.dtype
    if len(scores) > _MANY:
        numbers = np.concatenate([each.numbers for each in scores])
        values = np.concatenate([each.values for each in scores])
        return np.bincount(numbers, values, size).astype(kind)
    dense = np.zeros(size, kind)
    dense[scores[0].numbers] = scores[0].values
    for each in scores[1:]:
        dense[each.numbers] += each.values
    return dense


def _highest(scores: Sequence[ArrayScores], size: int) -> Array:
    dense = np.zeros(size, scores[0].values.dtype)
    dense[scores[0].numbers] = scores[0].values
    for each in scores[1:]:
        dense[each.numbers] = np.maximum(dense[each.numbers], each.values)
    return dense


def _united_few(scores: Sequence[ArrayScores], size: int, *, is_sum: bool) -> ArrayScores:
    numbers = np.concatenate([each.numbers for each in scores])
    values = np.concatenate([each.values for each in scores])
    order = numbers.argsort(kind="stable")
    numbers, values = numbers[order], values[order]
    starts = np.flatnonzero(np.diff(numbers, prepend=-1))
    add = np.add if is_sum else np.maximum
    return ArrayScores(numbers[starts], add.reduceat(values, starts), size)


Column = Callable[[Array], Any]
"""Gives the values at some places, to order by."""


def first_of(columns: Sequence[Column], count: int, limit: int) -> Array:
    """Give the places with the highest values in the columns, which have `count`; highest first.

    Those alike in the first column are ordered by the second, and so on. Only as much is sorted as
    is given.
    """
    chosen = _chosen(np.arange(count), columns, limit)
    values = [column(chosen) for column in reversed(columns)]
    return chosen[np.lexsort(values)[::-1]]


def _chosen(places: Array, columns: Sequence[Column], limit: int) -> Array:
    if len(places) <= limit:
        return places
    if limit <= 0 or not columns:
        return places[: max(0, limit)]
    values = columns[0](places)
    bound = _lower_bound(values, limit)
    if bound is not None:
        near = np.flatnonzero(values >= bound)
        places, values = places[near], values[near]
    least = np.partition(values, len(values) - limit)[len(values) - limit]
    above = places[values > least]
    alike = places[values == least]
    return np.concatenate((above, _chosen(alike, columns[1:], limit - len(above))))


def _lower_bound(values: Array, limit: int) -> Any:
    """Give a value that at least `limit` of many values reach; None where it does not pay.

    So many have a stretch of their own of which they are the highest: the highest of the stretches
    are cheap to find, and few other values reach the last of them.
    """
    stretch = len(values) // (4 * limit)
    if stretch < _SHORTEST_STRETCH:
        return None
    highest = values[: len(values) // stretch * stretch].reshape(-1, stretch).max(axis=1)
    return np.partition(highest, len(highest) - limit)[len(highest) - limit]
