"""The sum that the page's script does, in Python."""

from __future__ import annotations

from itertools import count

from webapp.services.proving import Proof, is_right


def solved(challenge: str) -> Proof:
    """Give a challenge with its answer."""
    proofs = (Proof(challenge, str(answer)) for answer in count())
    return next(proof for proof in proofs if is_right(proof))
