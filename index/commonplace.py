"""Words that a sentence needs and that say nothing of what it is about.

In the index they are words like any other, and in short questions they are wanted ("The Who",
"to be or not to be"). In a question of a sentence's length they are not asked for: measured in
RANKING.md. English only; in other languages their document frequency has to do.
"""

from __future__ import annotations

SENTENCE_WORDS = 5
"""Plain words from which a question is read as a sentence."""
FEWEST_TELLING = 3
"""Telling words without which it is not: a title may be made of function words."""

FUNCTION_WORDS = frozenset(
    """
    a about above after again against all am an and any are as at be because been before being
    below between both but by can cannot could did do does doing down during each few for from
    further had has have having he her here hers herself him himself his how i if in into is it
    its itself may me more most must my myself no nor not of off on once only or other ought our
    ours ourselves out over own same shall she should so some such than that the their theirs
    them themselves then there these they this those through to too under until up upon very was
    we were what when where which while who whom whose why will with would you your yours
    yourself yourselves
    """.split()
)
