"""What it is worth that a document has a word: BM25F, and what lifts and lowers it.

Knows frequencies and lengths; refuses to know questions and where postings are kept.

BM25F over one list of postings (Robertson and Zaragoza 2009, "The Probabilistic Relevance
Framework", 3.6): a posting's weight is its pseudo-frequency, see layout. The inverse document
frequency is Lucene's, ln(1 + (N - n + 0.5) / (n + 0.5)), less a constant and never negative, so
that words in more than half of the documents count for next to nothing. Measured in RANKING.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import log

from index.frequencies import Frequencies, Postings

K1 = 1.4
B = 0.6
COMMONPLACE = 0.3
"""Taken off the inverse document frequency."""
_LEAST_IDF = 0.02
LOOSE = 0.7
"""What a document is worth that holds only a looser form of the word."""
LOOSE_IN_SENTENCES = 1.0
"""The same in questions of many words, whose forms were chosen by grammar."""
WRITTEN_LIFT = 1.3
"""What it is worth when capitals or accents are as typed, as in US or WHO."""
NEAR = 0.5
"""What a document is worth that holds only a word spelled nearly so."""

Scores = dict[int, float]


class Scorer:
    """Turns frequencies into scores for one opened index."""

    def __init__(self, postings: Postings) -> None:
        self._count = postings.count()
        self._lengths = postings.lengths()
        self._fixed = K1 * (1 - B)
        self._by_length = K1 * B / (postings.average_length() or 1.0)

    def idf(self, documents_with: int) -> float:
        """Give how much a word tells that stands in so many documents."""
        return max(_LEAST_IDF, self.telling(documents_with) - COMMONPLACE)

    def telling(self, documents_with: int) -> float:
        """Give the same with nothing taken off: what a word tells among few documents as well."""
        # Replaced documents may still be counted, so there can seem to be more than there are.
        others = max(0, self._count - documents_with)
        return log(1 + (others + 0.5) / (documents_with + 0.5))

    def score(self, frequencies: Mapping[int, float], weight: float) -> Scores:
        """Give weight times saturated frequency, for each document."""
        fixed, by_length, lengths = self._fixed, self._by_length, self._lengths
        return {
            d: weight * tf / (tf + fixed + by_length * lengths[d]) for d, tf in frequencies.items()
        }

    def of_words(self, frequencies: Frequencies, loose: float = LOOSE) -> Scores:
        """Score what a word or a phrase finds."""
        scores = self.score(frequencies.all, self.idf(len(frequencies.all)))
        if loose != 1.0 and len(frequencies.exact) < len(scores):
            _multiply(scores, scores.keys() - set(frequencies.exact), loose)
        _multiply(scores, frequencies.written, WRITTEN_LIFT)
        return scores


def _multiply(scores: Scores, documents: Iterable[int], factor: float) -> None:
    for document in documents:
        if document in scores:
            scores[document] *= factor
