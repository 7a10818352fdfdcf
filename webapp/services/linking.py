"""Links that prove who was written to: signed, of one deed, and for a time."""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64encode
from datetime import timedelta
from functools import lru_cache
from typing import NamedTuple

from itsdangerous import (
    BadData,
    Serializer,
    SignatureExpired,
    TimestampSigner,
    URLSafeTimedSerializer,
)
from itsdangerous.encoding import base64_encode

from webapp.errors import LinkExpired, LinkUnreadable
from webapp.extensions import the_site

LONGEST = 2000  # characters; ours are shorter, also where one holds a search


class _Signer(TimestampSigner):
    """Signs with the site's clock."""

    def get_timestamp(self) -> int:
        return int(the_site().clock().timestamp())


class _Serializer(URLSafeTimedSerializer):
    def dump_payload(self, obj: object) -> bytes:
        """Write it without trying to compress it: that takes longest, and ours are short."""
        return base64_encode(Serializer.dump_payload(self, obj))


class Link(NamedTuple):
    """What a mailed link says: whom it was for, at which address, and what it is about."""

    key: str
    mark: str
    about: str


def sign(deed: str, key: str) -> str:
    """Give the token of a link by which the one whom the key names can do the deed."""
    return str(_serializer(deed).dumps(key))


def sign_for(deed: str, key: str, address: str, about: str = "") -> str:
    """Give the token of a link that is good for as long as the one named has this address.

    Whoever reads another mailbox, once the letter has moved, can do nothing by what lies there.
    """
    return sign(deed, f"{key} {address_mark(address)} {about}".strip())


def opened(deed: str, token: str, lasts: timedelta | None) -> Link:
    """Read a token of `sign_for`. Raises LinkExpired, LinkUnreadable."""
    key, _, rest = read(deed, token, lasts).partition(" ")
    mark, _, about = rest.partition(" ")
    return Link(key, mark, about)


def address_mark(address: str) -> str:
    """Give 30 bits of a keyed hash of an address: a token has room for no more in a line of mail.

    One in a billion is the same as another, and nobody without the key can look for it.
    """
    hashed = bytes.fromhex(keyed_hash(f"mark/{address}"))
    return urlsafe_b64encode(hashed)[:5].decode()


def read(deed: str, token: str, lasts: timedelta | None) -> str:
    """Give the key in the token of a link. Raises LinkExpired, LinkUnreadable.

    A link that lasts None never expires.
    """
    seconds = int(lasts.total_seconds()) if lasts else None
    try:
        return str(_serializer(deed).loads(token[:LONGEST], max_age=seconds))
    except SignatureExpired:
        anew = "the letter again" if deed == "confirmation" else "a new one"
        raise LinkExpired(f"This link has expired. Please ask for {anew}.") from None
    except BadData:
        raise LinkUnreadable("This link is not whole. Please open it from the mail.") from None


def keyed_hash(text: str) -> str:
    """Give a keyed hash: without the key nobody can try what it may be of."""
    key = the_site().secret.encode()
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def _serializer(deed: str) -> URLSafeTimedSerializer:
    return _serializer_of(the_site().secret, deed)


@lru_cache
def _serializer_of(secret: str, deed: str) -> URLSafeTimedSerializer:
    return _Serializer(secret, salt=f"broadsheet.{deed}", signer=_Signer)
