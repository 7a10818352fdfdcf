"""Which characters make words, and when two characters count as the same.

Knows Unicode; refuses to know words.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable
from html import unescape

UNSPACED = (
    "\u0e00-\u0eff\u0f00-\u0fff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Tibetan, Burmese, Khmer
    "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f"
    "\U00020000-\U0003134f"
)


FIRST_UNSPACED = "\u0e00"
"""No character before this one is of such a script."""


def _ranges(categories: frozenset[str]) -> str:
    """Give the characters of some Unicode categories as a class of a regular expression."""
    # Beyond these planes there are no letters but unspaced ones, only marks and tags.
    codes = (*range(0x80, 0x20000), *range(0xE0000, 0xE0200))
    found = [c for c in codes if unicodedata.category(chr(c)) in categories]
    runs: list[list[int]] = []
    for code in found:
        if runs and code == runs[-1][1] + 1:
            runs[-1][1] = code
        else:
            runs.append([code, code])
    outside = [(a, b) for a, b in runs if not re.match(f"[{UNSPACED}]", chr(a))]
    return "".join(f"{chr(a)}-{chr(b)}" for a, b in outside)


# Marks belong to the letter before them; soft hyphens and direction marks hide inside words.
_MARKS = _ranges(frozenset({"Mn", "Mc", "Me", "Cf"}))
LETTER = rf"[^\W_{UNSPACED}]"
WORD = rf"{LETTER}+(?:[{_MARKS}]+{LETTER}*)*"

_STRIPPED = dict.fromkeys(
    [c for a, b in ((0x300, 0x36F), (0x591, 0x5C7), (0x64B, 0x65F)) for c in range(a, b + 1)]
)
_LETTERS = str.maketrans(
    {"ø": "o", "đ": "d", "ð": "d", "ł": "l", "æ": "ae", "œ": "oe", "þ": "th", "ı": "i", "ħ": "h"}
)
_VARIANTS = "\ufe00-\ufe0f\u20e3\U000e0100-\U000e01ef"
# What chooses a glyph makes no other character: 5 on a key is a 5.
HIDDEN = re.compile(f"[{_ranges(frozenset({'Cf'}))}{_VARIANTS}]")
UNSPACED_RUN = f"[{UNSPACED}][{UNSPACED}{_VARIANTS}]*"
HANGUL = "\u1100-\u11ff\u3130-\u318f\ua960-\ua97f\uac00-\ud7ff"
"""Written with spaces, but particles are attached to words."""


def fold(text: str) -> str:
    """Give a form in which case, accents, ligatures and widths make no difference."""
    if text.isascii():
        return text.lower()
    text = HIDDEN.sub("", unicodedata.normalize("NFKC", text)).casefold()
    bare = unicodedata.normalize("NFD", text).translate(_STRIPPED)
    return unicodedata.normalize("NFC", bare).translate(_LETTERS)


_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,24});")


def unescaped(text: str) -> tuple[str, Callable[[int], int]]:
    """Give a text with its HTML entities resolved, and from its offsets those of the original."""
    if "&" not in text or not (entities := list(_ENTITY.finditer(text))):
        return text, int
    pieces: list[str] = []
    ends, originals = [0], [0]
    at = length = 0
    for match in entities:
        shown = unescape(match.group())
        pieces += [text[at : match.start()], shown]
        length += match.start() - at
        ends.append(length)
        originals.append(match.start())
        length += len(shown)
        at = match.end()
        ends.append(length)
        originals.append(at)
    pieces.append(text[at:])

    def original(offset: int) -> int:
        i = bisect_right(ends, offset) - 1
        # Within an entity there is no place: an offset there is that of its beginning.
        return originals[i] if i % 2 else originals[i] + offset - ends[i]

    return "".join(pieces), original
