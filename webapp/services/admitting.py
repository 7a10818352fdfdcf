"""Who may have a mail sent, how often, and to whom: limits that hold for every form."""

from __future__ import annotations

import ipaddress
from bisect import bisect_left
from collections.abc import Callable, Iterable
from typing import NamedTuple

from webapp.errors import ProviderRefused, TooManySignUps
from webapp.extensions import db, the_site
from webapp.services import linking, proving, rates
from webapp.services.proving import NO_PROOF, Proof
from webapp.text.mailboxes import mailbox_of

MAILS_TO_ONE = "3 per day"
ASKED_BY_ANYONE = "2 per day"  # of these
IN_ALL = "everyone"  # the name under which all are counted together
UNPROVEN_SHARE = 1 / 3
SITE_SHARE = 3  # blocks


class _Limit(NamedTuple):
    rate: str
    name: str
    in_all: bool = False


def take_turn(
    client: str, address: str, proof: Proof = NO_PROOF, *, is_for_readers: bool = False
) -> bool:
    """Let a client ask for a mail to an address now, and count it.

    False where nothing is to be sent: the address had its mails of today. Raises TooManySignUps
    where the client may not ask. What `is_for_readers` alone, and so writes to no stranger, does
    not count among all: whoever names address after address by it closes nothing for others.

    `client` is the network address that the request came from; only a keyed hash of its block
    is kept, for as long as the limit counts. Part of the running transaction; a refusal ends it.
    """
    settings = the_site().settings
    in_all = [] if is_for_readers else [_Limit(settings.sign_ups_in_all, IN_ALL, in_all=True)]
    # Only a look: once nobody may, a flood leaves no rows and waits for no turn.
    _hold_to(in_all, rates.seconds_until_free)
    is_proven = not settings.proof_of_work or proving.is_proven(proof)
    if in_all and not is_proven:
        # A part of all: whoever has done the sum finds room, however many come without.
        part = rates.scaled(settings.sign_ups_in_all, UNPROVEN_SHARE)
        in_all.insert(0, _Limit(part, f"{IN_ALL}/unproven", in_all=True))
    of_network = _limits_of_network(client, is_proven)
    _hold_to([*in_all, *of_network], rates.seconds_until_free)
    _hold_to(of_network, rates.count)
    if not may_be_mailed(address):
        return False
    # Last: what is there for all is used up by mails alone.
    _hold_to(in_all, rates.count)
    return True


def _hold_to(limits: Iterable[_Limit], asked: Callable[[str, str], int]) -> None:
    """Ask or count at each limit; raise TooManySignUps at the first that is reached."""
    for limit in limits:
        wait = asked(limit.rate, limit.name)
        if wait:
            db.session.commit()  # an answer that was used up stays so
            raise TooManySignUps(wait, in_all=limit.in_all)


def _limits_of_network(client: str, is_proven: bool) -> list[_Limit]:
    """Give what holds for the block of a client, and for the site that it is a part of.

    One site may have 256 blocks of IPv6 (RFC 6177): it gets three times what a block gets, and
    without proof of work no more than one.
    """
    settings = the_site().settings
    block, site = _block_hash(client, 24, 56), _block_hash(client, 24, 48)
    limits = [_Limit(settings.sign_up_limit, f"sign-up/{block}")]
    if site != block:
        limits.append(_Limit(rates.scaled(settings.sign_up_limit, SITE_SHARE), f"site/{site}"))
    if not is_proven:
        limits.append(_Limit(settings.sign_up_limit_unproven, f"unproven/{site}"))
    return limits


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


def may_be_mailed(address: str, *, is_signed: bool = False) -> bool:
    """Whether one more mail that somebody asked for may go to an address today; counts it.

    The last of the day is for who asks by a signed link: nobody else can use up all of them.
    All spellings of a mailbox count together.
    """
    mailbox = linking.keyed_hash(mailbox_of(address))
    if not is_signed and rates.seconds_to_wait(ASKED_BY_ANYONE, f"asked/{mailbox}"):
        return False
    return not rates.seconds_to_wait(MAILS_TO_ONE, f"mail/{mailbox}")


def _block_hash(client: str, *bits: int) -> str:
    """Give a keyed hash of the block of an address, of so many bits of IPv4 and of IPv6."""
    try:
        address = ipaddress.ip_address(client)
        # An IPv4 client of a socket that hears both is shown as ::ffff:a.b.c.d.
        address = getattr(address, "ipv4_mapped", None) or address
        size = bits[0 if address.version == 4 else 1]
        block = str(ipaddress.ip_network((address, size), strict=False))
    except ValueError:
        block = "unknown"
    return linking.keyed_hash(block)[:32]
