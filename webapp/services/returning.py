"""The return path of each mail: an address by which we know to whom one was that comes back."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable

from webapp.extensions import the_site

# Whatever stands before it: a forwarder keeps our address inside one of its own, as in
# SRS0=x=y=example.org=letter+7-0123456789abcdef@forwarder.example.
_SIGNED = re.compile(r"\+([1-9][0-9]{0,17})-([0-9a-f]{16})@[^@]+", re.IGNORECASE | re.ASCII)


def return_path_of(subscriber_id: int, address: str) -> str:
    """Give the address to which a mail to this subscriber comes back (VERP).

    It is signed, or anyone could stop the mail of others by inventing reports; with the address
    that was written to, for what comes back of an earlier one says nothing of today's. Where no
    address with room for it is set, it is the one that mails come from, and says nothing.
    """
    settings = the_site().settings
    if not settings.mail_return_path:
        return settings.sender
    local, _, domain = settings.mail_return_path.rpartition("@")
    return f"{local}+{subscriber_id}-{_signature(subscriber_id, address)}@{domain}"


def common_path() -> str:
    """Give the address to which a mail comes back that was not to a subscriber's own address."""
    settings = the_site().settings
    return settings.mail_return_path or settings.sender


def subscriber_id_in(path: str, address_of: Callable[[int], str | None]) -> int | None:
    """Read back who was written to, None where we never wrote so; servers may change capitals.

    `address_of` gives the address that a subscriber has now.
    """
    found = _SIGNED.search(path)
    address = address_of(int(found[1])) if found else None
    if found is None or address is None:
        return None
    id = int(found[1])
    return id if hmac.compare_digest(_signature(id, address), found[2].lower()) else None


def _signature(subscriber_id: int, address: str) -> str:
    """Give 64 bits of a keyed hash: the part before the @ has room for 64 characters in all."""
    key = the_site().secret.encode()
    named = f"return path/{subscriber_id}/{address}".encode()
    return hmac.new(key, named, hashlib.sha256).hexdigest()[:16]
