"""How long a question may take.

Knows the time; refuses to know what is done in it.
"""

from __future__ import annotations

import time


class Clock:
    """Runs from when it is made; `is_complete` turns False once its limit has stopped a search."""

    def __init__(self, limit_seconds: float) -> None:
        self._ends_at = time.monotonic() + limit_seconds
        self.is_complete = True

    def is_over(self) -> bool:
        """Say whether the time is over; whoever hears yes stops, and the answer is not complete."""
        if self.is_complete and time.monotonic() >= self._ends_at:
            self.is_complete = False
        return not self.is_complete
