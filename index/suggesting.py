"""What else a reader may type who found little: another spelling, no quotes, a topic.

Knows questions, respellings and names; refuses to know scores. What it offers is tried before
it is shown: see answering.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from index.analysis import number_forms, stems
from index.characters import fold
from index.contract import Name
from index.nodes import Words
from index.reading import Respelling

MOST_TOPICS = 5
_QUOTES = str.maketrans(dict.fromkeys('"“”„‟«»＂', " "))


def suggestions(
    text: str, respellings: Sequence[Respelling], leaves: Sequence[Words]
) -> Iterator[str]:
    """Yield whole questions to try in place of a text, the likeliest first."""
    if respellings:
        yield respelled(text, respellings)
    if any(words.is_phrase for words in leaves):
        plain = text.translate(_QUOTES)
        yield " ".join(plain.split())


def respelled(text: str, respellings: Sequence[Respelling]) -> str:
    """Give a text with parts of it spelled otherwise."""
    for each in sorted(respellings, key=lambda r: r.start, reverse=True):
        text = text[: each.start] + each.word + text[each.end :]
    return " ".join(text.split())


def nearest_topics(leaves: Sequence[Words], counts: Mapping[Name, int]) -> tuple[Name, ...]:
    """Give the topics whose names are most like what was typed; frequent ones break ties.

    `counts` says how many documents each topic has.
    Likeness is the share of common trigrams (Dice 1945), of words cut to their stems.
    """
    asked = [_trigrams(word) for leaf in leaves for word in _words(leaf.text)]
    likeness = {
        name: max((_alike(a, _trigrams(b)) for a in asked for b in _words(name.name)), default=0.0)
        for name in counts
    }
    ranked = sorted(counts, key=lambda name: (-likeness[name], -counts[name], name.name))
    seen: dict[str, Name] = {}
    for name in ranked:
        seen.setdefault(name.slug, name)
    return tuple(seen.values())[:MOST_TOPICS]


def _words(text: str) -> list[str]:
    parts = [part for _, form in number_forms(text) for part in form.parts]
    return [(stems(part, "en") or (part,))[0] for part in parts]


def _trigrams(word: str) -> set[str]:
    padded = f"  {fold(word)} "
    return {padded[i : i + 3] for i in range(len(padded) - 2)}


def _alike(left: set[str], right: set[str]) -> float:
    return 2 * len(left & right) / (len(left) + len(right))
