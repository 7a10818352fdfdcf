"""Who may have a mail sent, how often, and to whom: limits that hold for every form."""

from __future__ import annotations

import ipaddress
from bisect import bisect_left

from webapp.errors import ProviderRefused, TooManySignUps
from webapp.extensions import db, the_site
from webapp.services import linking, proving, rates
from webapp.services.proving import NO_PROOF, Proof

MAILS_TO_ONE = "3 per day"
IN_ALL = "everyone"  # the name under which all sign-ups are counted


def take_turn(client: str, proof: Proof = NO_PROOF) -> None:
    """Let a client ask for a mail now, and count it. Raises TooManySignUps when it may not.

    `client` is the network address that the request came from; only a keyed hash of its block
    is kept, for as long as the limit counts. Part of the running transaction; a refusal ends it.
    """
    wait, in_all = _wait(client, proof)
    if wait:
        db.session.commit()  # an answer that was used up stays so
        raise TooManySignUps(wait, in_all=in_all)


def _wait(client: str, proof: Proof) -> tuple[int, bool]:
    """Say how long to wait, and whether all have to; 0 when it was counted."""
    settings = the_site().settings
    # First, and only a look: once nobody may, a flood leaves no rows and waits for no turn.
    wait = rates.seconds_until_free(settings.sign_ups_in_all, IN_ALL)
    if wait:
        return wait, True
    block = _block_hash(client)
    if settings.proof_of_work and not proving.is_proven(proof):
        wait = rates.seconds_to_wait(settings.sign_up_limit_unproven, f"unproven/{block}")
    wait = wait or rates.seconds_to_wait(settings.sign_up_limit, f"sign-up/{block}")
    if wait:
        return wait, False
    # Last: one block alone cannot use up what is there for all.
    return rates.seconds_to_wait(settings.sign_ups_in_all, IN_ALL), True


def refuse_provider(address: str) -> None:
    """Raise ProviderRefused where the operator takes no addresses of a domain or one above it."""
    refused = the_site().settings.refused_domains
    _, _, domain = address.lower().rpartition("@")
    parts = domain.split(".")
    for each in (".".join(parts[n:]) for n in range(len(parts))):
        at = bisect_left(refused, each)
        if refused[at : at + 1] == (each,):
            raise ProviderRefused(
                "We do not write to addresses of this provider. Please give another one."
            )


def may_be_mailed(address: str) -> bool:
    """Whether one more mail that somebody asked for may go to an address today; counts it."""
    return not rates.seconds_to_wait(MAILS_TO_ONE, f"mail/{linking.keyed_hash(address)}")


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
    return linking.keyed_hash(block)[:32]
