"""What fits a question, and how well: the definition of matching and of scores.

Knows questions and postings; refuses to know where an engine keeps them. An engine hands over
an opened index as `Postings`; the evaluator asks for whole lists of postings, so that an engine
may later answer with arrays.

BM25 (Robertson and Zaragoza 2009, "The Probabilistic Relevance Framework", 3.4) with the inverse
document frequency of Lucene, ln(1 + (N - n + 0.5) / (n + 0.5)), which is never negative.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from math import log

from index.frequencies import Frequencies, Postings, count
from index.layout import label_term
from index.matching import Wanted, compile_words, neighbours
from index.nodes import Dated, Either, Every, Field, Labelled, Node, Without, Words

K1 = 1.2
B = 0.75
LOOSE = 0.7
"""What a document is worth that holds only a looser form of the word."""
WRITTEN_LIFT = 1.3
"""What it is worth when capitals or accents are as typed, as in US or WHO."""
ADJACENT_LIFT = 0.8
"""What two words side by side as typed add, as a share of the rarer one's weight."""
LIFTED = 200
"""Documents, best first, in which the places of words are looked at."""
TELLING = 12
"""Terms of a document by which related ones are found."""
_NEVER = -(1 << 62)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Scores = dict[int, float]

_KEYS = {Field.BY: "author:", Field.TOPIC: "topic:"}


class Evaluator:
    """Answers one question on one opened index."""

    def __init__(self, postings: Postings) -> None:
        self._postings = postings
        self._languages = tuple(postings.languages())
        self._average = postings.average_length() or 1.0

    def best(self, root: Node, now: int) -> list[tuple[int, float]]:
        """Give all documents that fit, published by `now` (microseconds), best first."""
        ranked = self._ranked(self._visible(root, now))
        pairs = neighbours(root.parts) if isinstance(root, Every) else []
        if not pairs:
            return ranked
        head = dict(ranked[:LIFTED])
        for left, right in pairs:
            self._lift(head, left, right)
        return self._ranked(head) + ranked[LIFTED:]

    def newest(self, root: Node, now: int) -> list[tuple[int, float]]:
        """Give all documents that fit, published by `now` (microseconds), newest first."""
        p = self._postings
        scores = self._visible(root, now)
        return sorted(scores.items(), key=lambda hit: (-p.published(hit[0]), -p.id(hit[0])))

    def similar(self, document: int, terms: Mapping[str, float], now: int, limit: int) -> list[int]:
        """Give the documents that share the most telling of these weighted terms, nearest first."""
        p = self._postings
        telling = [
            (weight * self._idf(frequency), term)
            for term, weight in terms.items()
            if (frequency := p.document_frequency(term)) > 1
        ]
        scores: Scores = {}
        for _, term in heapq.nlargest(TELLING, telling):
            found = p.weights(term)
            idf = self._idf(len(found))
            for other, tf in found.items():
                if other != document and p.published(other) <= now:
                    score = idf * self._saturated(tf, other)
                    scores[other] = scores.get(other, 0.0) + score
        return [other for other, _ in self._ranked(scores)[:limit]]

    def _visible(self, root: Node, now: int) -> Scores:
        published = self._postings.published
        found = self.fitting(root)
        return {d: s for d, s in (found or {}).items() if published(d) <= now}

    def _ranked(self, scores: Scores) -> list[tuple[int, float]]:
        p = self._postings
        return sorted(
            scores.items(), key=lambda hit: (-hit[1], -p.published(hit[0]), -p.id(hit[0]))
        )

    def fitting(self, node: Node) -> Scores | None:
        """Give the documents that fit and their scores; None where a node asks for nothing."""
        match node:
            case Words():
                return self._words(node)
            case Labelled(label):
                return dict.fromkeys(self._postings.weights(label_term(label)), 0.0)
            case Dated():
                return self._dated(node, self._postings.documents())
            case Without():
                return self._without(node, self._postings.documents())
            case Every(parts):
                return self._every(parts)
            case Either(parts):
                return self._either(parts)

    def _every(self, parts: Sequence[Node]) -> Scores | None:
        found: Scores | None = None
        for part in parts:
            if isinstance(part, Dated | Without):
                continue
            more = self.fitting(part)
            if more is not None:
                found = more if found is None else _both(found, more)
        for part in parts:
            if isinstance(part, Dated | Without):
                documents = self._postings.documents() if found is None else found
                left = (
                    self._dated(part, documents)
                    if isinstance(part, Dated)
                    else self._without(part, documents)
                )
                found = left if found is None else {d: found[d] for d in left}
        return found

    def _either(self, parts: Sequence[Node]) -> Scores | None:
        answers = [found for found in map(self.fitting, parts) if found is not None]
        sums: Scores = {}
        for found in answers:
            for document, score in found.items():
                sums[document] = sums.get(document, 0.0) + score
        return sums if answers else None

    def _dated(self, node: Dated, documents: Iterable[int]) -> Scores:
        published = self._postings.published
        first = microseconds(node.first) if node.first else _NEVER
        last = microseconds(node.last) if node.last else -_NEVER
        return {d: 0.0 for d in documents if first <= published(d) < last}

    def _without(self, node: Without, documents: Iterable[int]) -> Scores:
        unwanted = self.fitting(node.part) or {}
        return {d: 0.0 for d in documents if d not in unwanted}

    def _words(self, words: Words) -> Scores | None:
        wanted = compile_words(words, self._languages)
        if not wanted.units:
            return None
        key = words.text.lower().removeprefix("www.")
        if words.field is Field.SOURCE and "." in key:
            # A domain is meant, not the words in it: paper.example is not paper.example.org.
            return dict.fromkeys(self._postings.keyed("source:" + key), 0.0)
        scores = self._scores(count(wanted, self._postings))
        if words.field in _KEYS:
            for document in self._postings.keyed(_KEYS[words.field] + key):
                scores.setdefault(document, 0.0)
        return scores

    def _lift(self, head: Scores, left: Words, right: Words) -> None:
        """Raise documents in which two words typed side by side stand side by side."""
        units = [unit for w in (left, right) for unit in compile_words(w, self._languages).units]
        near = count(Wanted(tuple(units)), self._postings, head)
        rarer = max(
            (self._idf(len(self._postings.weights(c[0]))) for u in units for c in u.exact),
            default=0.0,
        )
        for document, tf in near.all.items():
            head[document] += ADJACENT_LIFT * rarer * self._saturated(tf, document)

    def _scores(self, frequencies: Frequencies) -> Scores:
        idf = self._idf(len(frequencies.all))
        scores = {d: idf * self._saturated(tf, d) for d, tf in frequencies.all.items()}
        if len(frequencies.exact) < len(scores):
            for document in scores.keys() - set(frequencies.exact):
                scores[document] *= LOOSE
        for document in frequencies.written:
            if document in scores:
                scores[document] *= WRITTEN_LIFT
        return scores

    def _idf(self, documents_with: int) -> float:
        return log(1 + (self._postings.count() - documents_with + 0.5) / (documents_with + 0.5))

    def _saturated(self, tf: float, document: int) -> float:
        norm = 1 - B + B * self._postings.length(document) / self._average
        return tf / (tf + K1 * norm)


def _both(left: Scores, right: Scores) -> Scores:
    return {d: score + right[d] for d, score in left.items() if d in right}


def microseconds(moment: datetime) -> int:
    """Give the microseconds from 1970 to an aware moment."""
    return (moment - _EPOCH) // timedelta(microseconds=1)
