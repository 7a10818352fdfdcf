"""An invented vocabulary that behaves like English: function words, stems in four forms, names.

Knows words and how often each comes; refuses to know articles.
"""

from __future__ import annotations

import random
from functools import lru_cache
from itertools import accumulate

FUNCTION_WORDS = """
the of to and a in that is for it on was with as be by at from have are this not but had his
they or an which you were her she all their there been one we has would when who will more if no
out so what up said its about than into them can only other time new some could these two may
then do first any my now such like our over man me even most made after also did many before must
through years where much your way down should because long each just those how too good very
still own see work here between both being under never day same another know while last might us
great old year off come since against go came right used take three states himself few house use
during without again place around however home small found thought went say part once general
high upon school every does got united left number course until always away something fact
though less public put think almost hand enough far took head yet better set told nothing
""".split()
"""English words in about their order of frequency; they have one form each."""

FUNCTION_SHARE = 0.46
STEMS = 20_000
FORMS = 4
FORM_SHARES = (0.64, 0.2, 0.08, 0.08)
"""How often a word stands alone, with -s, with -ed and with -ing."""

_ONSETS = (
    "b c d f g h j k l m n p r s t v w br ch cl cr dr fl fr gr pl pr sh sl sp st str th tr".split()
)
_VOWELS = "a e i o u a e i o ai ea oo ou".split()
_MIDDLES = "b d g l m n p r t v nd mp st rt ll nt ct rm lt".split()
_CODAS = "d k l m n p r t ck ft ld lk lt mp nd nk nt rd rk rl rm rn rt st".split()
_NAME_ONSETS = "b d f g h j k l m n p r s t v w z br tr st".split()
_SYLLABLES = [onset + vowel for onset in _NAME_ONSETS for vowel in "aeiou"]


@lru_cache(maxsize=1)
def vocabulary(seed: int) -> list[str]:
    """Give all words, FORMS in a row for each rank, the most frequent ranks first."""
    rng = random.Random(seed)
    known = set(FUNCTION_WORDS)
    words = [word for word in FUNCTION_WORDS for _ in range(FORMS)]
    while len(known) < len(FUNCTION_WORDS) + STEMS:
        # Frequent words are short, as Zipf found.
        longest = 1 + (len(known) > 400) + (len(known) > 6000)
        stem = _stem(rng, rng.randint(1, longest) if len(known) < 6000 else longest)
        if stem not in known:
            known.add(stem)
            words += [stem, stem + "s", stem + "ed", stem + "ing"]
    return words


def _stem(rng: random.Random, syllables: int) -> str:
    """Invent a word that ends in a consonant, so that endings can be put on as they are."""
    parts = [rng.choice(_ONSETS), rng.choice(_VOWELS)]
    for _ in range(syllables - 1):
        parts += [rng.choice(_MIDDLES), rng.choice(_VOWELS)]
    return "".join(parts) + rng.choice(_CODAS)


def cumulative_shares(count: int, shift: float, power: float) -> list[float]:
    """Give the shares of so many ranks summed up, as Zipf and Mandelbrot have them."""
    shares = list(accumulate((rank + shift) ** -power for rank in range(1, count + 1)))
    return [share / shares[-1] for share in shares]


def shares_of_ranks() -> list[float]:
    """Give the shares of all ranks summed up.

    Function words are near half of English text. The others begin flatter and fall faster,
    so that some are in most articles and a few hundred in a tenth, as "said" and "year" are.
    """
    function = cumulative_shares(len(FUNCTION_WORDS), shift=2.7, power=1.07)
    others = cumulative_shares(STEMS, shift=20, power=1.2)
    rest = 1 - FUNCTION_SHARE
    return [*(s * FUNCTION_SHARE for s in function), *(FUNCTION_SHARE + s * rest for s in others)]


def name(number: int) -> str:
    """Invent the name with this number; higher numbers have longer names, none comes twice."""
    number += len(_SYLLABLES)
    parts: list[str] = []
    while number:
        number, place = divmod(number, len(_SYLLABLES))
        parts.append(_SYLLABLES[place])
    return "".join(parts).capitalize()


def names(count: int, beginning: int = 0) -> list[str]:
    """Invent so many names."""
    return [name(beginning + number) for number in range(count)]
