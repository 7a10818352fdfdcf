"""Facts about e-mail addresses: how one is kept, and which are the same mailbox."""

from __future__ import annotations

import unicodedata
from string import ascii_lowercase, ascii_uppercase

_LOWER = str.maketrans(ascii_uppercase, ascii_lowercase)


def kept_as(address: str) -> str:
    """Give an address as it is kept: A to Z in lower case.

    No other letter: İ and its lower case are two addresses, and the second may be a stranger's.
    """
    return address.translate(_LOWER)


def mailbox_of(address: str) -> str:
    """Give what is the same for the many spellings of a mailbox; to count by, never to write to.

    Lower case of all letters, wide and narrow ones alike (NFKC), without a tag behind a plus.
    """
    local, _, domain = unicodedata.normalize("NFKC", address).lower().rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"
