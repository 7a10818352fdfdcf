"""Which documents are nearest in content to one of them.

Knows texts, terms and their weights; refuses to know questions.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from math import log

from index.analysis import tokenize
from index.clock import Clock
from index.contract import TIME_LIMIT_SECONDS, Sort
from index.matching import Unit, Wanted
from index.opened import Opened, S
from index.scoring import Worth
from index.texts import Text

TELLING = 12
"""Terms of a document by which related ones are found."""
COMMON_SHARE = 0.2
"""Words in more of the documents than that tell nothing."""


def related(
    opened: Opened[S], document: int, text: Text, *, moment: int, limit: int
) -> tuple[int, ...]:
    """Give the ids of the documents that share the most telling words, nearest first.

    Looks at those published by `moment` (microseconds from 1970). Ties are broken by date.
    """
    worth = Worth(opened.count())
    most = max(10, COMMON_SHARE * opened.count())
    telling = [
        (weight * worth.idf(frequency), term)
        for term, weight in telling_terms(text).items()
        if 1 < (frequency := opened.document_frequency(term)) <= most
    ]
    clock = Clock(TIME_LIMIT_SECONDS)
    lists = [
        opened.words(Wanted((Unit(((term,),)),)), 1.0, clock)
        for _, term in heapq.nlargest(TELLING, telling)
    ]
    near = opened.between(opened.added(lists), None, moment + 1)
    first = opened.ordered(near, Sort.BEST, limit + 1)
    return tuple(opened.id(other) for other, _ in first if other != document)[:limit]


def telling_terms(text: Text) -> Mapping[str, float]:
    """Give the words of a text by which its like may be found, and the weight of each."""
    words = (
        (token.form.parts[0], weight)
        for weight, part in (
            (3.0, text.title),
            (1.0, text.summary),
            *((1.0, s.text) for s in text.sections),
        )
        for token in tokenize(part)
        if len(token.form.parts) == 1 and len(token.form.parts[0]) > 2
    )
    weights: dict[str, float] = {}
    for word, weight in words:
        weights[word] = weights.get(word, 0.0) + weight
    # The logarithm keeps one word that is repeated often from drowning the others.
    return {word: 1 + log(weight) for word, weight in weights.items() if not word.isdigit()}
