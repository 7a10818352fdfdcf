"""What the doctor says of one thing."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at: what it is, whether it is well, what was seen, how to mend it."""

    name: str
    is_well: bool
    seen: str
    remedy: str = ""
