"""Asking for the letter."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from webapp.errors import TooManySignUps
from webapp.extensions import db, the_site
from webapp.models import Subscriber
from webapp.services import rates, storage

WORDING = "2026-11"  # the version of the text that stands at the form


def sign_up(address: str, form: str, client: str) -> None:
    """Note that somebody asked for the letter; an address that is known already stays as it is.

    `client` is the network address that the request came from; only a keyed hash of its
    block is kept, for as long as the limit counts. Raises TooManySignUps.
    """
    settings = the_site().settings
    wait = rates.seconds_to_wait(settings.sign_up_limit, f"sign-up/{_block_hash(client)}")
    if wait:
        db.session.commit()
        raise TooManySignUps(wait)
    known = select(Subscriber.id).where(Subscriber.address == address.lower())
    if db.session.scalar(known) is None:
        _add(address.lower(), form)
    db.session.commit()


def _add(address: str, form: str) -> None:
    try:
        with db.session.begin_nested():
            db.session.add(
                Subscriber(
                    address=address,
                    consent_at=the_site().clock(),
                    consent_form=form,
                    consent_wording=WORDING,
                )
            )
    except IntegrityError:
        # The same address a moment ago, by another worker: it is noted, which is all we want.
        return


def _block_hash(client: str) -> str:
    """Give a keyed hash of the block of an address: /24 of IPv4, /56 of IPv6 (RFC 6177)."""
    try:
        address = ipaddress.ip_address(client)
        # An IPv4 client of a socket that hears both is shown as ::ffff:a.b.c.d.
        address = getattr(address, "ipv4_mapped", None) or address
        bits = 24 if address.version == 4 else 56
        block = str(ipaddress.ip_network((address, bits), strict=False))
    except ValueError:
        block = "unknown"
    key = storage.secret_key(the_site().settings).encode()
    return hmac.new(key, block.encode(), hashlib.sha256).hexdigest()[:32]
