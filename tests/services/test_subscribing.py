"""Asking for the letter."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, text

from tests.conftest import NOON, Clock
from webapp.errors import LinkExpired, LinkUnreadable, TooManySignUps
from webapp.extensions import db, the_site
from webapp.models import Delivery, Departure, RateCount, Subscriber, SubscriberState
from webapp.services import linking, subscribing

pytestmark = pytest.mark.usefixtures("app")
CLIENT = "203.0.113.7"
OF_SIGN_UPS = RateCount.key.contains("sign-up")


def sign_up(n: int, client: str = CLIENT) -> None:
    subscribing.sign_up(f"reader{n}@example.org", "page", client)


def subscribers() -> list[Subscriber]:
    return list(db.session.scalars(select(Subscriber)))


def is_refused(client: str) -> bool:
    try:
        sign_up(99, client)
    except TooManySignUps:
        return True
    return False


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


def test_the_same_address_twice_is_one_row_that_stays_as_it_was(clock: Clock) -> None:
    subscribing.sign_up("ada@example.org", "banner", CLIENT)
    clock.forward(days=1)
    subscribing.sign_up("ADA@example.org", "footer", CLIENT)
    (stored,) = subscribers()
    assert (stored.consent_at, stored.consent_form) == (NOON, "banner")


def test_two_workers_that_note_the_same_address_at_once_note_it_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    subscribing.sign_up("ada@example.org", "banner", CLIENT)
    db.session.expunge_all()
    ask, asked = db.session.scalar, []

    def ask_too_early(statement: object) -> object:
        asked.append(str(statement))
        # What the other worker is about to commit cannot be seen yet.
        return None if "FROM subscriber" in asked[-1] else ask(statement)

    with monkeypatch.context() as early:
        early.setattr(db.session, "scalar", ask_too_early)
        subscribing.sign_up("ada@example.org", "footer", CLIENT)
    assert any("FROM subscriber" in statement for statement in asked)
    assert [s.consent_form for s in subscribers()] == ["banner"]


def test_the_limit_counts_a_block_of_addresses() -> None:
    for n in range(10):
        sign_up(n, f"203.0.113.{n}")
    with pytest.raises(TooManySignUps) as refusal:
        sign_up(10, "203.0.113.200")
    assert refusal.value.retry_after_seconds == 3600
    assert len(subscribers()) == 10
    assert not is_refused("203.0.114.1")


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
    site = the_site()
    site.settings = replace(site.settings, sign_up_limit="1 per hour")
    assert not is_refused(first)
    assert is_refused(second) is is_same_block


def test_a_refused_sign_up_counts_and_is_not_stored() -> None:
    for n in range(10):
        sign_up(n)
    assert is_refused(CLIENT)
    db.session.rollback()
    assert db.session.scalars(select(RateCount.count).where(OF_SIGN_UPS)).one() == 11
    assert not [s for s in subscribers() if s.address == "reader99@example.org"]


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
    key = db.session.scalars(
        select(Subscriber.key).where(Subscriber.address == f"{name}@example.org")
    ).one()
    return linking.sign("confirmation", key)


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


def test_who_left_may_come_again() -> None:
    subscribing.confirm(asked())
    subscribing.leave(way_out())
    subscribing.confirm(asked())
    assert [s.state for s in subscribers()] == [SubscriberState.CONFIRMED]
    assert db.session.scalars(select(Departure)).all() == []


def test_one_address_is_mailed_three_times_a_day_at_most(clock: Clock) -> None:
    for _ in range(5):
        sign_up(1)
    assert mails() == 3
    clock.forward(days=1, seconds=1)
    sign_up(1)
    assert mails() == 4


def test_who_is_a_reader_already_gets_no_mail_that_asks() -> None:
    subscribing.confirm(asked())
    before = mails()
    sign_up(2)
    subscribing.sign_up("ada@example.org", "page", CLIENT)
    assert mails() == before + 1
