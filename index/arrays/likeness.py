"""Edit distances of one word to many at once.

Knows letters as bits; refuses to know where words are kept.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from index.arrays.files import Array
from index.spelling import distance

_LONGEST = 62
"""Characters of a word that fit into the bits of one number."""


def distances(word: str, others: Sequence[str], most: int) -> list[int]:
    """Count the edits between a word and others, as `spelling.distance` does one by one.

    Distances over `most` are given as more than it, not always as the same number. Bit-parallel
    optimal string alignment (Hyyrö 2003, "A bit-vector algorithm for computing Levenshtein and
    Damerau edit distances", figure 7), one number for each of the other words.
    """
    if len(others) < 8 or len(word) > _LONGEST or not (word + "".join(others)).isascii():
        return [distance(word, other, most) for other in others]
    order = sorted(range(len(others)), key=lambda i: -len(others[i]))
    counted = _bit_parallel(word, [others[i] for i in order])
    found = [0] * len(others)
    for place, i in enumerate(order):
        found[i] = int(counted[place])
    return found


def _bit_parallel(word: str, others: Sequence[str]) -> Array:
    """Count for ASCII words, which come longest first."""
    width = len(others[0])
    text = np.frombuffer("".join(o.ljust(width, "\0") for o in others).encode(), np.uint8)
    columns = np.ascontiguousarray(text.reshape(len(others), width).T)
    lengths = np.fromiter(map(len, others), np.int64, len(others))
    table = np.zeros(128, np.uint64)
    for i, c in enumerate(word):
        table[ord(c)] |= np.uint64(1 << i)
    one, last = np.uint64(1), np.uint64(len(word) - 1)
    count = np.full(len(others), len(word), np.int64)
    vp = np.full(len(others), (1 << len(word)) - 1, np.uint64)
    vn, d0, before = (np.zeros(len(others), np.uint64) for _ in range(3))
    for column in range(width):
        # The longest come first, so that those which are at their end leave from the back.
        n = int(np.searchsorted(-lengths, -column, side="left"))
        vp, vn, d0, before = vp[:n], vn[:n], d0[:n], before[:n]
        pm = table[columns[column, :n]]
        swapped = ((~d0 & pm) << one) & before
        d0 = (((pm & vp) + vp) ^ vp) | pm | vn | swapped
        hp, hn = vn | ~(d0 | vp), d0 & vp
        count[:n] += ((hp >> last) & one).astype(np.int64) - ((hn >> last) & one).astype(np.int64)
        hp = (hp << one) | one
        vp, vn = (hn << one) | ~(d0 | hp), hp & d0
        before = pm
    return count
