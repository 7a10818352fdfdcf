"""A sum that a device may do before it signs somebody up: a second, and for each anew.

The site hands out a challenge, signed and good for ten minutes, that says nothing of anyone.
The answer is a number which, written behind the challenge's signature, has a SHA-256 that begins
with so many zero bits (Hashcash, Back 2002); static/js/proof.js finds it. Each counts once.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import timedelta

from webapp.errors import LinkExpired, LinkUnreadable
from webapp.services import linking, rates

BITS = 17
LASTS = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Proof:
    """A challenge and its answer as they came with a form, right or not; mostly empty."""

    challenge: str = ""
    answer: str = ""


NO_PROOF = Proof()


def new_challenge() -> str:
    """Give a challenge that was never given before; nothing is stored of it."""
    return linking.sign("challenge", secrets.token_urlsafe(9))


def is_proven(proof: Proof) -> bool:
    """Whether an answer is right, in time, and the first to its challenge, which is now used up.

    Part of the running transaction, and only a right answer is written down.
    """
    try:
        name = linking.read("challenge", proof.challenge, LASTS)
    except (LinkExpired, LinkUnreadable):
        return False
    return is_right(proof) and rates.is_first(f"challenge/{name}", LASTS)


def is_right(proof: Proof) -> bool:
    """Whether the number is one that the challenge asks for."""
    if not re.fullmatch(r"[0-9]{1,12}", proof.answer):
        return False
    # The signature alone: with its number it fits in one block, which is all that scripts do.
    _, _, signature = proof.challenge.rpartition(".")
    digest = hashlib.sha256(f"{signature}{proof.answer}".encode()).digest()
    return int.from_bytes(digest) >> (256 - BITS) == 0
