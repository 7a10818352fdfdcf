"""A sum before a sign-up."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from sqlalchemy import select

from tests.conftest import Clock
from tests.proofs import solved
from webapp.extensions import db, the_site
from webapp.models import RateCount
from webapp.services import linking
from webapp.services.proving import BITS, NO_PROOF, Proof, is_proven, is_right, new_challenge

pytestmark = pytest.mark.usefixtures("app")


def spent() -> list[str]:
    return list(db.session.scalars(select(RateCount.key)))


def test_an_answer_is_a_number_whose_hash_begins_with_so_many_zero_bits() -> None:
    proof = solved(new_challenge())
    text = proof.challenge.split(".")[-1] + proof.answer
    assert len(text) <= 55, "it fits in one block of SHA-256"
    bits = f"{int(hashlib.sha256(text.encode()).hexdigest(), 16):0256b}"
    assert bits.startswith("0" * BITS)
    assert 16 <= BITS <= 17, "a phone is to need about a second"


def test_a_right_answer_counts_once() -> None:
    proof = solved(new_challenge())
    assert is_proven(proof)
    assert not is_proven(proof)


def test_a_challenge_is_never_the_same_and_nothing_is_stored_of_it() -> None:
    assert len({new_challenge() for _ in range(20)}) == 20
    assert spent() == []


def test_a_wrong_answer_counts_as_none_and_leaves_the_challenge_unused() -> None:
    proof = solved(new_challenge())
    for answer in ("", "x", "-1", "²", str(int(proof.answer) + 1), proof.answer + " ", "9" * 5000):
        assert not is_proven(replace(proof, answer=answer))
    assert spent() == []
    assert is_proven(proof)


def test_an_answer_of_ten_minutes_ago_is_right_and_a_later_one_is_not(clock: Clock) -> None:
    in_time, late = solved(new_challenge()), solved(new_challenge())
    clock.forward(minutes=10)
    assert is_proven(in_time)
    clock.forward(seconds=1)
    assert is_right(late)
    assert not is_proven(late)


def test_what_was_used_up_is_remembered_for_as_long_as_it_could_be_used(clock: Clock) -> None:
    proof = solved(new_challenge())
    clock.forward(minutes=5)
    assert is_proven(proof)
    clock.forward(minutes=5)
    assert not is_proven(proof)
    clock.forward(minutes=5)
    assert is_proven(solved(new_challenge()))
    assert len(spent()) == 1, "the one of before is forgotten"


@pytest.mark.parametrize("challenge", ["", "x", "a.b.c", ".", "é" * 300, "\0", "x" * 5000])
def test_what_is_no_challenge_of_ours_proves_nothing(challenge: str) -> None:
    assert not is_proven(Proof(challenge, "1"))
    assert not is_proven(NO_PROOF)


def test_only_a_challenge_of_this_site_and_for_this_deed_counts() -> None:
    assert not is_proven(solved(linking.sign("confirmation", "a-key")))
    proof = solved(new_challenge())
    the_site().secret = "another key, as long as keys have to be"
    assert not is_proven(proof)
