"""Edit distances of one word to many at once.

Knows letters as bits; refuses to know where words are kept.
"""

from __future__ import annotations

import numpy as np

from index.arrays.files import Array
from index.spelling import distance

_FEW = 10
"""Words that are sooner compared one by one."""
_LONGEST = 62
"""Characters of a word that fit into the bits of one number."""


def distances(word: str, rows: Array, lengths: Array, most: int) -> Array:
    """Count the edits between a word and others, as `spelling.distance` does one by one.

    The others come as rows of UTF-8 bytes of these lengths. Distances over `most` are given as
    some number that is more. Bit-parallel optimal string alignment (Hyyrö 2003, "A bit-vector
    algorithm for computing Levenshtein and Damerau edit distances", figure 7), one number for each
    of the other words.
    """
    if len(lengths) < _FEW or len(word) > _LONGEST or not word.isascii():
        return _one_by_one(word, rows, lengths, most)
    order = np.argsort(-lengths, kind="stable")
    counted = np.empty(len(lengths), np.int64)
    counted[order] = _bit_parallel(word, rows[order], lengths[order])
    other = np.flatnonzero((rows > 127).any(axis=1)) if len(rows) else order
    counted[other] = _one_by_one(word, rows[other], lengths[other], most)
    return counted


def _one_by_one(word: str, rows: Array, lengths: Array, most: int) -> Array:
    words = (bytes(row[:n]).decode() for row, n in zip(rows, lengths.tolist(), strict=True))
    return np.fromiter((distance(word, other, most) for other in words), np.int64, len(lengths))


def _bit_parallel(word: str, rows: Array, lengths: Array) -> Array:
    """Count for words of ASCII, which come longest first."""
    columns = np.ascontiguousarray(rows.T)
    table = np.zeros(256, np.uint64)
    for i, c in enumerate(word):
        table[ord(c)] |= np.uint64(1 << i)
    one, last = np.uint64(1), np.uint64(len(word) - 1)
    count = np.full(len(lengths), len(word), np.int64)
    vp = np.full(len(lengths), (1 << len(word)) - 1, np.uint64)
    vn, d0, before = (np.zeros(len(lengths), np.uint64) for _ in range(3))
    for number, column in enumerate(columns):
        # The longest come first, so that those which are at their end leave from the back.
        n = int(np.searchsorted(-lengths, -number, side="left"))
        vp, vn, d0, before = vp[:n], vn[:n], d0[:n], before[:n]
        pm = table[column[:n]]
        swapped = ((~d0 & pm) << one) & before
        d0 = (((pm & vp) + vp) ^ vp) | pm | vn | swapped
        hp, hn = vn | ~(d0 | vp), d0 & vp
        count[:n] += ((hp >> last) & one).astype(np.int64)
        count[:n] -= ((hn >> last) & one).astype(np.int64)
        hp = (hp << one) | one
        vp, vn = (hn << one) | ~(d0 | hp), hp & d0
        before = pm
    return count
