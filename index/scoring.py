"""What it is worth that a document has a word: BM25F, and what lifts and lowers it.

Knows what a frequency is worth; refuses to know questions and where postings are kept.

BM25F over one list of postings (Robertson and Zaragoza 2009, "The Probabilistic Relevance
Framework", 3.6): a posting's weight is its pseudo-frequency, see layout. The inverse document
frequency is Lucene's, ln(1 + (N - n + 0.5) / (n + 0.5)), less a constant and never negative, so
that words in more than half of the documents count for next to nothing. Measured in RANKING.md.
"""

from __future__ import annotations

from math import log

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

HALF_LIFE = 182 * 86_400_000_000
"""Microseconds after which the lift of what is new has halved."""


class Worth:
    """How much it tells of a document that it has a word, by how many documents have it."""

    def __init__(self, count: int) -> None:
        self._count = count

    def idf(self, documents_with: int) -> float:
        """Give how much a word tells that stands in so many documents."""
        return max(_LEAST_IDF, self.telling(documents_with) - COMMONPLACE)

    def telling(self, documents_with: int) -> float:
        """Give the same with nothing taken off: what a word tells among few documents as well."""
        # Replaced documents may still be counted, so there can seem to be more than there are.
        others = max(0, self._count - documents_with)
        return log(1 + (others + 0.5) / (documents_with + 0.5))
