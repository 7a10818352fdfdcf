"""The return path of each mail: an address by which we know to whom one was that comes back."""

from __future__ import annotations

import hashlib
import hmac
import re

from webapp.extensions import the_site

# Whatever stands before it: a forwarder keeps our address inside one of its own, as in
# SRS0=x=y=example.org=letter+7-0123456789abcdef@forwarder.example.
_SIGNED = re.compile(r"\+([0-9]{1,18})-([0-9a-f]{16})@[^@]+", re.IGNORECASE | re.ASCII)


def return_path_of(subscriber_id: int) -> str:
    """Give the address to which a mail to this subscriber comes back (VERP).

    It is signed, or anyone could stop the mail of others by inventing reports. Where no
    address with room for it is set, it is the one that mails come from, and says nothing.
    """
    settings = the_site().settings
    if not settings.mail_return_path:
        return settings.sender
    local, _, domain = settings.mail_return_path.rpartition("@")
    return f"{local}+{subscriber_id}-{_signature(str(subscriber_id))}@{domain}"


def subscriber_id_in(address: str) -> int | None:
    """Read back who was written to, None where we never wrote so; servers may change capitals."""
    found = _SIGNED.search(address)
    if found is None or not hmac.compare_digest(_signature(found[1]), found[2].lower()):
        return None
    return int(found[1])


def _signature(subscriber_id: str) -> str:
    """Give 64 bits of a keyed hash: the part before the @ has room for 64 characters in all."""
    key = the_site().secret.encode()
    named = f"return path/{subscriber_id}".encode()
    return hmac.new(key, named, hashlib.sha256).hexdigest()[:16]
