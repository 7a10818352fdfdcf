"""What a carrier of mail does, and what can go wrong with it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from email.message import EmailMessage
from typing import Protocol

Send = Callable[[EmailMessage], None]
"""Hands over one message, to the one address in its To.

When it returns, the message is on the other side. Raises AddressRefused or MailDelayed.
"""


class AddressRefused(Exception):
    """The other side will never take mail for this address, and says why."""


class MailDelayed(Exception):
    """The other side cannot take the message now; another time it may."""


class Carrier(Protocol):
    """Takes messages to where they are read."""

    def connected(self) -> AbstractContextManager[Send]:
        """Give one connection for as many messages as there are. Raises MailDelayed."""
        ...
