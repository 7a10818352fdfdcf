"""Asking for the letter."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import delete, event, func, or_, select, text

from tests.conftest import NOON, Clock
from tests.proofs import solved
from tests.races import meanwhile
from webapp.errors import LinkExpired, LinkUnreadable, ProviderRefused, TooManySignUps
from webapp.extensions import db, the_site
from webapp.models import (
    Bounce,
    BounceKind,
    Delivery,
    Departure,
    RateCount,
    Subscriber,
    SubscriberState,
)
from webapp.services import admitting, linking, preferring, proving, subscribing

pytestmark = pytest.mark.usefixtures("app")
CLIENT = "203.0.113.7"
OF_SIGN_UPS = RateCount.key.contains("/sign-up/")


def sign_up(n: int, client: str = CLIENT) -> None:
    subscribing.sign_up(f"reader{n}@example.org", "page", client)


def settle(**settings: object) -> None:
    """Change settings of the running site."""
    site = the_site()
    site.settings = replace(site.settings, **settings)  # type: ignore[arg-type]


@pytest.fixture
def without_proof(app: Flask) -> None:
    """Whoever signs up is asked for no proof of work."""
    settle(proof_of_work=False)


def counted() -> int:
    return db.session.scalar(select(func.sum(RateCount.count)).where(OF_SIGN_UPS)) or 0


def subscribers() -> list[Subscriber]:
    return list(db.session.scalars(select(Subscriber)))


def is_refused(client: str) -> bool:
    try:
        sign_up(99, client)
    except TooManySignUps:
        return True
    return False


def proven() -> proving.Proof:
    return solved(proving.new_challenge())


@contextmanager
def heard() -> Iterator[list[str]]:
    """Hear the statements that are made meanwhile."""
    statements: list[str] = []

    def hear(_c: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(re.sub(r"sa_savepoint_\d+", "savepoint", statement))

    event.listen(db.engine, "before_cursor_execute", hear)
    try:
        yield statements
    finally:
        event.remove(db.engine, "before_cursor_execute", hear)


@contextmanager
def written() -> Iterator[list[str]]:
    """Hear those among them that write."""
    statements: list[str] = []
    with heard() as all_of_them:
        yield statements
    statements += [each for each in all_of_them if not each.startswith("SELECT")]


def everything_stored() -> str:
    tables = db.session.scalars(text("SELECT name FROM sqlite_master WHERE type = 'table'")).all()
    return " ".join(
        str(tuple(row))
        for table in tables
        for row in db.session.execute(text(f'SELECT * FROM "{table}"'))  # noqa: S608
    )


def test_a_sign_up_is_pending_with_when_and_how_consent_was_given() -> None:
    subscribing.sign_up("Ada@Example.org", "banner", CLIENT)
    (stored,) = subscribers()
    assert (stored.address, stored.state) == ("ada@example.org", SubscriberState.PENDING)
    assert (stored.consent_at, stored.consent_form) == (NOON, "banner")
    assert stored.consent_wording == subscribing.WORDING


def test_who_is_asked_again_consents_anew_and_has_a_week_from_then(clock: Clock) -> None:
    subscribing.sign_up("ada@example.org", "banner", CLIENT)
    clock.forward(days=6)
    subscribing.sign_up("ADA@example.org", "footer", CLIENT)
    (stored,) = subscribers()
    assert (stored.consent_at, stored.consent_form) == (clock.now, "footer")
    token = linking.sign_for("confirmation", stored.key, stored.address)
    clock.forward(days=6)
    subscribing.erase_unconfirmed()
    subscribing.confirm(token)
    clock.forward(days=1)
    subscribing.sign_up("ada@example.org", "page", CLIENT)
    db.session.expire_all()
    assert stored.consent_form == "footer", "whoever has confirmed stays as he was"


def test_who_is_not_asked_again_is_forgotten_in_time(clock: Clock) -> None:
    sign_up(1)
    (stored,) = subscribers()
    db.session.add(Bounce(subscriber_id=stored.id, kind=BounceKind.HARD, bounced_at=NOON))
    db.session.commit()
    clock.forward(days=6)
    sign_up(1)
    clock.forward(days=1, seconds=1)
    subscribing.erase_unconfirmed()
    assert subscribers() == []


@pytest.mark.usefixtures("without_proof")
def test_the_limit_counts_a_block_of_addresses() -> None:
    for n in range(10):
        sign_up(n, f"203.0.113.{n}")
    with pytest.raises(TooManySignUps) as refusal:
        sign_up(10, "203.0.113.200")
    assert refusal.value.retry_after_seconds == 3600
    assert len(subscribers()) == 10
    assert not is_refused("203.0.114.1")


@pytest.mark.usefixtures("without_proof")
def test_the_limit_ends_with_its_hour(clock: Clock) -> None:
    for n in range(10):
        sign_up(n)
    assert is_refused(CLIENT)
    clock.forward(minutes=61)
    assert not is_refused(CLIENT)


@pytest.mark.parametrize(
    ("first", "second", "is_same_block"),
    [
        ("203.0.113.1", "203.0.113.255", True),
        ("203.0.113.1", "203.0.112.255", False),
        ("2001:db8:0:1200::1", "2001:db8:0:12ff::9", True),
        ("2001:db8:0:1200::1", "2001:db8:0:1300::1", False),
        ("::ffff:203.0.113.1", "203.0.113.2", True),
        ("::ffff:203.0.113.1", "::ffff:198.51.100.1", False),
        ("", "unix:", True),
        ("", "203.0.113.1", False),
    ],
)
def test_a_block_is_24_bits_of_the_old_and_56_of_the_new_addresses(
    first: str, second: str, is_same_block: bool
) -> None:
    settle(sign_up_limit="1 per hour")
    assert not is_refused(first)
    assert is_refused(second) is is_same_block


@pytest.mark.usefixtures("without_proof")
def test_a_refused_sign_up_writes_nothing() -> None:
    for n in range(10):
        sign_up(n)
    before = everything_stored()
    with written() as statements:
        assert is_refused(CLIENT)
    assert statements == []
    db.session.rollback()
    assert everything_stored() == before
    assert counted() == 10


def test_without_a_right_answer_the_stricter_limit_holds() -> None:
    for n in range(3):
        sign_up(n)
    with pytest.raises(TooManySignUps) as refusal:
        sign_up(3)
    assert refusal.value.retry_after_seconds == 3600
    assert "from your network" in str(refusal.value)
    for n in range(3, 10):
        subscribing.sign_up(f"reader{n}@example.org", "page", CLIENT, proven())
    assert len(subscribers()) == 10
    with pytest.raises(TooManySignUps):
        subscribing.sign_up("reader10@example.org", "page", CLIENT, proven())


def test_one_answer_is_good_for_one_sign_up() -> None:
    settle(sign_up_limit_unproven="1 per hour")
    proof = proven()
    subscribing.sign_up("reader1@example.org", "page", CLIENT, proof)
    subscribing.sign_up("reader2@example.org", "page", CLIENT, proof)  # as one without
    with pytest.raises(TooManySignUps):
        subscribing.sign_up("reader3@example.org", "page", CLIENT, proof)


def test_an_answer_that_comes_with_a_refused_sign_up_is_used_up() -> None:
    settle(sign_up_limit="1 per hour")
    sign_up(1)
    proof = proven()
    with pytest.raises(TooManySignUps):
        subscribing.sign_up("reader2@example.org", "page", CLIENT, proof)
    db.session.rollback()
    assert not proving.is_proven(proof)


@pytest.mark.usefixtures("without_proof")
def test_beyond_the_limit_for_all_a_flood_leaves_no_mail_no_row_and_no_count() -> None:
    settle(sign_ups_in_all="5 per hour")
    for n in range(5):
        sign_up(n, f"203.0.{n}.1")
    before = everything_stored()
    with written() as statements:
        for n in range(5, 60):
            with pytest.raises(TooManySignUps) as refusal:
                sign_up(n, f"203.0.{n}.1")
            assert refusal.value.retry_after_seconds == 3600
            assert "just now" in str(refusal.value)
    assert statements == []
    assert everything_stored() == before
    assert (len(subscribers()), mails()) == (5, 5)


@pytest.mark.usefixtures("without_proof")
def test_the_limit_for_all_ends_with_its_hour_and_one_block_alone_cannot_use_it_up(
    clock: Clock,
) -> None:
    settle(sign_ups_in_all="3 per hour", sign_up_limit="2 per hour")
    for n in (1, 2):
        sign_up(n)
    assert is_refused(CLIENT)
    assert is_refused(CLIENT)
    sign_up(3, "198.51.100.1")
    assert is_refused("192.0.2.1")
    clock.forward(minutes=61)
    assert not is_refused("192.0.2.1")


def test_who_may_ask_is_one_question_for_all_forms() -> None:
    settle(sign_up_limit_unproven="1 per hour")
    assert admitting.take_turn(CLIENT, "ada@example.org")
    with pytest.raises(TooManySignUps):
        admitting.take_turn(CLIENT, "ada@example.org")
    assert admitting.take_turn(CLIENT, "ada@example.org", proven())


def test_who_brings_no_proof_takes_a_third_of_what_is_there_for_all() -> None:
    settle(sign_ups_in_all="6 per hour")
    for n in range(2):
        sign_up(n, f"203.0.{n}.1")
    with pytest.raises(TooManySignUps, match="just now"):
        sign_up(3, "203.0.3.1")
    for n in range(4, 8):
        subscribing.sign_up(f"reader{n}@example.org", "page", f"203.0.{n}.1", proven())
    with pytest.raises(TooManySignUps, match="just now"):
        subscribing.sign_up("late@example.org", "page", "203.0.99.1", proven())
    assert mails() == 6


@pytest.mark.parametrize(("is_proven", "places"), [(False, 3), (True, 6)])
def test_a_site_with_many_blocks_gets_little_more_than_one(is_proven: bool, places: int) -> None:
    settle(sign_up_limit="2 per hour")
    refused = 0
    for n in range(8):
        proof = proven() if is_proven else proving.NO_PROOF
        try:
            subscribing.sign_up(f"r{n}@example.org", "page", f"2001:db8:0:{n:02x}00::1", proof)
        except TooManySignUps:
            refused += 1
    assert refused == 8 - places


@pytest.mark.usefixtures("without_proof")
def test_what_sends_no_mail_takes_no_place_of_those_for_all() -> None:
    settle(sign_ups_in_all="5 per hour")
    for n in range(9):
        preferring.ask_for_link(f"nobody{n}@example.org", f"203.0.{n}.1")
        sign_up(1, f"203.1.{n}.1")  # twice, and then no more today
    assert mails() == 2
    for n in (2, 3, 4):
        sign_up(n)
    assert is_refused(CLIENT)
    # Who reads the letter can change it all the same.
    preferring.ask_for_link("nobody@example.org", "203.9.0.1")


DEEDS: dict[str, Callable[[str], None]] = {
    "sign_up": lambda address: subscribing.sign_up(address, "page", CLIENT),
    "ask_for_link": lambda address: preferring.ask_for_link(address, CLIENT),
    "ask_to_follow": lambda address: preferring.ask_to_follow(address, "ferries", CLIENT),
}


@pytest.mark.parametrize("deed", DEEDS)
@pytest.mark.parametrize("state", list(SubscriberState))
def test_what_anyone_can_ask_for_takes_the_same_statements_for_every_address(
    state: SubscriberState, deed: str
) -> None:
    settle(sign_up_limit_unproven="9 per hour")
    sign_up(1)
    (known,) = subscribers()
    known.state = state
    if state == SubscriberState.BOUNCED:
        db.session.add(Bounce(subscriber_id=known.id, kind=BounceKind.HARD, bounced_at=NOON))
    of_address = or_(RateCount.key.contains("/mail/"), RateCount.key.contains("/asked/"))
    db.session.execute(delete(RateCount).where(of_address))
    db.session.commit()
    with heard() as of_known:
        DEEDS[deed]("reader1@example.org")
    with heard() as of_unknown:
        DEEDS[deed]("reader2@example.org")
    assert of_known == of_unknown


def test_an_address_that_cannot_be_written_to_today_is_not_stored_either() -> None:
    settle(sign_up_limit_unproven="9 per hour")
    for _ in range(3):
        sign_up(1)
    subscribing.leave(way_out())
    sign_up(1)
    assert subscribers() == []


@pytest.mark.parametrize(
    ("address", "is_refused"),
    [
        ("a@throwaway.example", True),
        ("A@Mail.THROWAWAY.example", True),
        ("a@deep.below.throwaway.example", True),
        ("a@notthrowaway.example", False),
        ("a@throwaway.example.org", False),
        ("a@example", False),
        ("a@bücher.example", True),
    ],
)
def test_a_provider_that_the_operator_has_listed_is_refused_with_all_below_it(
    address: str, is_refused: bool
) -> None:
    settle(refused_domains=("bücher.example", "throwaway.example"))
    if is_refused:
        with pytest.raises(ProviderRefused, match="addresses of this provider"):
            subscribing.sign_up(address, "page", CLIENT)
    else:
        subscribing.sign_up(address, "page", CLIENT)
    assert len(subscribers()) == (not is_refused)
    assert bool(counted()) is not is_refused


def test_of_the_clients_address_only_a_keyed_hash_is_stored() -> None:
    sign_up(1)
    stored = everything_stored()
    assert "reader1@example.org" in stored
    assert "203.0.113" not in stored
    for guess in ("203.0.113.0/24", "203.0.113.0", CLIENT):
        # Without the key anyone could try all blocks: there are only 16 million.
        assert hashlib.sha256(guess.encode()).hexdigest()[:32] not in stored
    first = db.session.scalars(select(RateCount.key).where(OF_SIGN_UPS)).one()
    the_site().secret = "another key, as long as keys have to be"
    sign_up(2)
    assert len(set(db.session.scalars(select(RateCount.key).where(OF_SIGN_UPS))) - {first}) == 1


def test_the_hash_goes_when_its_hour_is_over(clock: Clock) -> None:
    sign_up(1)
    before = db.session.scalars(select(RateCount.key).where(OF_SIGN_UPS)).one()
    clock.forward(hours=2)
    sign_up(2, "198.51.100.1")
    assert before not in db.session.scalars(select(RateCount.key)).all()


def asked(name: str = "ada") -> str:
    """Sign up, and give the token in the link of the mail."""
    subscribing.sign_up(f"{name}@example.org", "page", CLIENT)
    subscriber = subscribing.known(f"{name}@example.org")
    assert subscriber is not None
    return linking.sign_for("confirmation", subscriber.key, subscriber.address)


def way_out() -> str:
    return linking.sign("departure", db.session.scalars(select(Subscriber.key)).one())


def mails() -> int:
    return len(db.session.scalars(select(Delivery)).all())


def test_who_confirms_is_a_reader_from_then_on(clock: Clock) -> None:
    token = asked()
    clock.forward(days=6)
    subscribing.confirm(token)
    clock.forward(hours=1)
    subscribing.confirm(token)  # twice is as once
    (stored,) = subscribers()
    assert stored.state == SubscriberState.CONFIRMED
    assert stored.confirmed_at == NOON + timedelta(days=6)


def test_a_link_to_confirm_lasts_a_week_and_then_the_address_is_forgotten(clock: Clock) -> None:
    token = asked()
    clock.forward(days=7)
    subscribing.erase_unconfirmed()
    assert len(subscribers()) == 1
    clock.forward(seconds=1)
    with pytest.raises(LinkExpired):
        subscribing.confirm(token)
    subscribing.erase_unconfirmed()
    assert subscribers() == []
    assert mails() == 0


def test_who_has_confirmed_is_not_forgotten(clock: Clock) -> None:
    subscribing.confirm(asked())
    clock.forward(days=400)
    subscribing.erase_unconfirmed()
    assert len(subscribers()) == 1


@pytest.mark.parametrize("token", ["", "x", "eyJ.aaa.bbb", "x" * 5000])
def test_a_link_that_was_cut_off_or_changed_does_nothing(token: str) -> None:
    asked()
    for deed in (subscribing.confirm, subscribing.leave):
        with pytest.raises(LinkUnreadable):
            deed(token)
    assert subscribers()[0].state == SubscriberState.PENDING


def test_a_link_is_of_one_deed_alone() -> None:
    token = asked()
    with pytest.raises(LinkUnreadable):
        subscribing.leave(token)
    with pytest.raises(LinkUnreadable):
        subscribing.confirm(way_out())


def test_who_leaves_is_erased_but_for_a_keyed_hash_and_the_link_never_expires(
    clock: Clock,
) -> None:
    subscribing.confirm(asked())
    token = way_out()
    clock.forward(days=3000)
    subscribing.leave(token)
    subscribing.leave(token)  # twice is as once
    assert "ada@example.org" not in everything_stored()
    assert db.session.scalars(select(Departure.left_at)).all() == [clock.now]
    guess = hashlib.sha256(b"ada@example.org").hexdigest()
    assert guess not in everything_stored()


def test_who_leaves_twice_at_once_has_left() -> None:
    subscribing.confirm(asked())
    token = way_out()
    with meanwhile(lambda: subscribing.leave(token)) as other:
        subscribing.leave(token)
    assert other == [None]
    assert subscribers() == []
    assert len(db.session.scalars(select(Departure)).all()) == 1


def test_who_leaves_and_confirms_at_once_has_left() -> None:
    token, leave = asked(), way_out()
    with meanwhile(lambda: subscribing.leave(leave)) as other, pytest.raises(LinkExpired):
        subscribing.confirm(token)
    assert other == [None]
    assert subscribers() == []


def test_who_left_may_come_again() -> None:
    subscribing.confirm(asked())
    subscribing.leave(way_out())
    subscribing.confirm(asked())
    assert [s.state for s in subscribers()] == [SubscriberState.CONFIRMED]
    assert db.session.scalars(select(Departure)).all() == []


def test_one_address_is_mailed_twice_a_day_by_what_anyone_can_ask_for(clock: Clock) -> None:
    settle(sign_up_limit_unproven="9 per hour")
    for _ in range(5):
        sign_up(1)
    assert mails() == 2
    clock.forward(days=1, seconds=1)
    sign_up(1)
    assert mails() == 3


def test_the_mails_of_a_day_are_those_to_a_mailbox_however_it_is_written() -> None:
    settle(sign_up_limit_unproven="9 per hour")
    for n, address in enumerate(("ada@x.org", "ADA+1@x.org", "ada+2@x.org", "\uff41da@x.org")):
        subscribing.sign_up(address, "page", f"203.0.{n}.1")
    assert sorted(s.address for s in subscribers()) == ["ada+1@x.org", "ada@x.org"]


def test_mail_goes_to_the_address_that_was_typed_and_no_other() -> None:
    subscribing.sign_up("\u0130da@x.org", "page", CLIENT)
    assert [s.address for s in subscribers()] == ["\u0130da@x.org"]


def test_who_is_a_reader_already_gets_a_link_to_change_what_comes() -> None:
    subscribing.confirm(asked())
    subscribing.sign_up("ada@example.org", "page", CLIENT)
    letters = db.session.scalars(select(Delivery.letter).order_by(Delivery.id)).all()
    assert letters == ["confirmation", "preferences"]
    (ada,) = subscribers()
    assert ada.state == SubscriberState.CONFIRMED
