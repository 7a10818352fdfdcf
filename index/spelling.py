"""Words that are spelled nearly alike.

Knows letters; refuses to know what the words mean and where they stand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

ONE_EDIT_FROM = 4
"""Letters from which a word may be one edit away; shorter ones turn into each other too easily."""
TWO_EDITS_FROM = 8
MOST_NEAR = 8
"""Words that a misspelled one may stand for."""


def edits_allowed(word: str) -> int:
    """Say by how many edits a word of this length may be misspelled."""
    return (len(word) >= ONE_EDIT_FROM) + (len(word) >= TWO_EDITS_FROM)


def distance(left: str, right: str, most: int) -> int:
    """Count the edits between two words, up to `most`; one more than that where there are more.

    Optimal string alignment: insertions, deletions, substitutions and swaps of neighbours (Boytsov
    2011, "Indexing methods for approximate dictionary searching", 2.1).
    """
    if abs(len(left) - len(right)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        previous, row, older = row, [i], before
        for j, b in enumerate(right, 1):
            cost = min(previous[j] + 1, row[j - 1] + 1, previous[j - 1] + (a != b))
            if i > 1 and j > 1 and a == right[j - 2] and left[i - 2] == b:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
        if min(row) > most and min(previous) > most:
            return most + 1
        before = previous
    return min(row[-1], most + 1)


def nearest(word: str, lexicon: Iterable[tuple[str, int]], least: int = 1) -> list[tuple[str, int]]:
    """Give the words of a lexicon that are the fewest edits away, with their frequencies.

    Those in most documents first, at most MOST_NEAR, of those in `least` documents or more. The
    word itself is not among them. Digits are never misspelled: gpt5 is not gpt4.
    """
    most = edits_allowed(word)
    letters, frequencies = set(word), {}
    found = []
    for other, frequency in lexicon:
        if (
            frequency < least
            or abs(len(other) - len(word)) > most
            or len(letters.symmetric_difference(other)) > 2 * most
        ):
            continue
        edits = distance(word, other, most)
        if 0 < edits <= most:
            frequencies[other] = frequency
            found.append((other, edits))
    return nearest_of(word, found, frequencies.__getitem__, least)


def nearest_of(
    word: str, alike: Iterable[tuple[str, int]], frequency: Callable[[str], int], least: int
) -> list[tuple[str, int]]:
    """Choose among words, given with how many edits away they are; see `nearest`."""
    digits = _digits(word)
    by_edits: dict[int, list[tuple[str, int]]] = {}
    for other, edits in alike:
        if _digits(other) == digits and (documents := frequency(other)) >= max(1, least):
            by_edits.setdefault(edits, []).append((other, documents))
    # Only those that are nearest count: one edit rules out two.
    near = by_edits[min(by_edits)] if by_edits else []
    return sorted(near, key=lambda each: (-each[1], each[0]))[:MOST_NEAR]


def _digits(word: str) -> str:
    return "" if word.isalpha() else "".join(c for c in word if c.isdigit())
