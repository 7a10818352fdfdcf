"""How a question was read, in plain words, and the question without each of its parts.

Knows questions; refuses to know what is found by them.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a question in plain words, and the text of the question without that part."""

    text: str
    without: str
