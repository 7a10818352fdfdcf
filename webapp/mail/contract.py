"""What a carrier of mail does, and what can go wrong with it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Mail:
    """A message on its way: to whom, back to where, its Message-ID, its bytes (RFC 5322)."""

    recipient: str
    return_path: str
    id: str
    content: bytes


Send = Callable[[Mail], None]
"""Hands over one mail. When it returns, the mail is on the other side.

Raises AddressRefused, MessageRefused, MailDelayed, CarrierDown or CarrierRefuses.
"""


class AddressRefused(Exception):
    """The other side will never take mail for this address, and says why."""


class MessageRefused(Exception):
    """The other side will never take this message, whoever it is for."""


class MailDelayed(Exception):
    """The other side cannot take this message now; another time it may."""


class CarrierDown(Exception):
    """There is no other side now; another time there may be."""


class CarrierRefuses(Exception):
    """The other side takes nothing from us, and will not until somebody has looked."""


class Carrier(Protocol):
    """Takes messages to where they are read."""

    def connected(self) -> AbstractContextManager[Send]:
        """Give one connection for as many messages as there are.

        Raises CarrierDown or CarrierRefuses.
        """
        ...
