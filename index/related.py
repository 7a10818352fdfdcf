"""Which documents are nearest in content to one of them.

Knows texts, terms and their weights; refuses to know questions.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from math import log

from index.analysis import tokenize
from index.frequencies import Postings
from index.scoring import Scorer, Scores
from index.texts import Text

TELLING = 12
"""Terms of a document by which related ones are found."""
COMMON_SHARE = 0.2
"""Words in more of the documents than that tell nothing."""


def related(
    postings: Postings, document: int, text: Text, *, moment: int, limit: int
) -> tuple[int, ...]:
    """Give the ids of the documents that share the most telling words, nearest first.

    Looks at those published by `moment` (microseconds from 1970). Ties are broken by date.
    """
    scorer, published = Scorer(postings), postings.published()
    most = max(10, COMMON_SHARE * postings.count())
    telling = [
        (weight * scorer.idf(frequency), term)
        for term, weight in telling_terms(text).items()
        if 1 < (frequency := postings.document_frequency(term)) <= most
    ]
    scores: Scores = {}
    for _, term in heapq.nlargest(TELLING, telling):
        found = postings.weights(term)
        for other, score in scorer.score(found, scorer.idf(len(found))).items():
            scores[other] = scores.get(other, 0.0) + score
    scores.pop(document, None)
    near = heapq.nsmallest(
        limit,
        (other for other in scores if published[other] <= moment),
        key=lambda other: (-scores[other], -published[other], -postings.id(other)),
    )
    return tuple(postings.id(other) for other in near)


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
