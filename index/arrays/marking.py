"""What was wanted, where it stands in the texts of the documents that are shown.

The places are those by which the documents were found, and where the tokens of a section begin is
kept with its text. Nothing is analyzed again.

Knows places and texts; refuses to choose what is shown of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from index.analysis import PARTS
from index.arrays.counting import Counter
from index.arrays.postings import DOCUMENT_SHIFT
from index.arrays.snapshot import Snapshot
from index.highlight import Match, Span, find_matches, in_order, spans_at, spans_of
from index.layout import LAST_PART, LAST_PLACE, PART_SHIFT, Part
from index.matching import Wanted
from index.texts import Text, starts_from

_TOKEN_MASK = (1 << PART_SHIFT) - 1

Stands = tuple[int, int, int]
"""The numbers of the first and the last token of a match, and which of the wanted it is."""


class MarkedText:
    """The texts of one document, and where in its parts something of the wanted stands."""

    def __init__(
        self, shown: bytes, stands: dict[int, list[Stands]], wanted: Sequence[Wanted]
    ) -> None:
        self._shown, self._stands, self._wanted = shown, stands, wanted

    @cached_property
    def text(self) -> Text:
        """The texts."""
        return Text.unpacked(self._shown)

    def matches(self, part: int, text: str, wanted: Sequence[int]) -> list[Match]:
        """Give what of these (by their numbers) stands in a part, whose text it is given."""
        if part >= LAST_PART:
            # All further parts share this number.
            found = find_matches(text, self.text.language, [self._wanted[i] for i in wanted])
            return [Match(m.start, m.end, wanted[m.wanted]) for m in found]
        here = [each for each in self._stands.get(part, ()) if each[2] in wanted]
        if not here:
            return []
        spans = self._spans(part, text, {n for first, last, _ in here for n in (first, last)})
        return in_order(
            Match(spans[first][0], spans[last][1], number)
            for first, last, number in here
            if first in spans and last in spans
        )

    def _spans(self, part: int, text: str, numbers: set[int]) -> dict[int, Span]:
        section = part - Part.SECTION
        steps = self.text.steps[section] if 0 <= section < len(self.text.steps) else ""
        return spans_at(text, numbers, starts_from(steps)) if steps else spans_of(text, numbers)


class MarkedTexts:
    """Finds what is wanted in some documents, all of them at once."""

    def __init__(
        self,
        snapshot: Snapshot,
        counter: Counter,
        documents: Sequence[int],
        wanted: Sequence[Wanted],
    ) -> None:
        self._snapshot, self._documents, self._wanted = snapshot, documents, wanted
        self._counter = counter

    def all(self) -> list[MarkedText]:
        """Give the documents as they are shown, in their order."""
        stands: dict[int, dict[int, list[Stands]]] = {d: {} for d in self._documents}
        among = np.array(sorted(stands), np.int64)
        for number, wanted in enumerate(self._wanted):
            units = [self._counter.expanded(unit, among) for unit in wanted.units]
            firsts, lasts = self._counter.extents(units, among)
            for first, last in zip(firsts.tolist(), lasts.tolist(), strict=True):
                document, part = first >> DOCUMENT_SHIFT, (first >> PART_SHIFT) & LAST_PART
                begins, ends = (place & _TOKEN_MASK for place in (first, last))
                if ends < LAST_PLACE:
                    stands[document].setdefault(part, []).append(
                        (begins // PARTS, ends // PARTS, number)
                    )
        return [
            MarkedText(self._snapshot.shown(d), stands[d], self._wanted) for d in self._documents
        ]
