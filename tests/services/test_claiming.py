"""Claims: a mail is one worker's at a time, and whoever was away too long leaves it alone."""

from __future__ import annotations

import gc
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from tests.conftest import NOON, Clock
from tests.factories import make_article, make_readers
from webapp.extensions import db, the_site
from webapp.mail import MemoryCarrier
from webapp.models import Delivery, DeliveryState
from webapp.services import claiming, editing, living, mailing, outbox

pytestmark = pytest.mark.usefixtures("app")


@pytest.fixture(autouse=True)
def post(app: Flask) -> MemoryCarrier:
    carrier = MemoryCarrier()
    the_site().carrier = carrier
    return carrier


def edition_for(count: int) -> None:
    make_readers(*(f"reader-{n:02}" for n in range(count)))
    make_article(published_at="2026-11-23T11:00:00Z")
    editing.compose_now()


def states() -> set[str]:
    db.session.expire_all()
    return {str(delivery.state) for delivery in db.session.scalars(select(Delivery))}


def become_another_worker() -> object:
    former, the_site().life = the_site().life, None
    return former


def test_a_worker_that_was_away_for_longer_than_its_claim_takes_nothing_back(
    post: MemoryCarrier, clock: Clock
) -> None:
    edition_for(5)
    with claiming.opened() as connection:
        claimed = claiming.claim(connection, 25)
        former = become_another_worker()
        clock.forward(minutes=6)
        assert mailing.send_due().sent == 5
        the_site().life = former
        assert not claiming.is_wanted(connection, claimed[0])
        claiming.give_back(connection, claimed)
        claiming.put_off(connection, claimed[0], "451 later")
        claiming.note_failed(connection, claimed[1], "550 no", is_refused=True)
    assert states() == {"sent"}
    mailing.send_due()
    assert len(post.mails) == 5


def test_what_another_has_claimed_meanwhile_is_not_ours_to_send(clock: Clock) -> None:
    edition_for(1)
    with claiming.opened() as connection:
        (ours,) = claiming.claim(connection, 25)
        assert claiming.is_wanted(connection, ours)
        former = become_another_worker()
        clock.forward(minutes=6)
        claiming.take_back(connection)
        (theirs,) = claiming.claim(connection, 25)
        assert claiming.is_wanted(connection, theirs)
        the_site().life = former
        assert not claiming.is_wanted(connection, ours)


def test_no_mail_is_begun_shortly_before_its_claim_is_over(
    post: MemoryCarrier, clock: Clock
) -> None:
    class Slow(MemoryCarrier):
        def _keep(self, mail: object) -> None:
            clock.forward(minutes=1)
            post.mails.append(mail)  # type: ignore[arg-type]

    the_site().carrier = Slow()
    edition_for(5)
    begun = clock.now
    moments = iter(range(1, 10))
    mailing.send_due(lambda: next(moments) > 6)
    assert len(post.mails) == 3
    assert clock.now - begun == timedelta(minutes=3)
    assert "claimed" not in states()


def test_a_worker_that_is_being_born_is_not_dead() -> None:
    own = living.own_name()
    folder = the_site().settings.data / "workers"
    (folder / "newborn").touch()
    assert living.dead() == []
    assert living.is_anyone_alive()
    (folder / "newborn").unlink()
    become_another_worker()
    gc.collect()
    assert living.dead() == [own]
    assert not living.is_anyone_alive()


def test_mails_that_have_gone_are_forgotten_after_a_while(clock: Clock) -> None:
    edition_for(1)
    make_readers("ada")
    outbox.put("preferences", 2)
    strange = Delivery(subscriber_id=2, letter="address", address="typo@example.com", due_at=NOON)
    later = Delivery(subscriber_id=2, letter="preferences", due_at=NOON + timedelta(days=300))
    db.session.add_all([strange, later])
    db.session.commit()
    mailing.send_due()

    def kept() -> list[str]:
        outbox.forget_old()
        return list(db.session.scalars(select(Delivery.letter).order_by(Delivery.id)))

    assert kept() == ["edition", "preferences", "address", "preferences"]
    clock.forward(days=1, minutes=6)
    assert kept() == ["edition", "preferences"]
    clock.forward(days=90)
    assert kept() == ["preferences"], "this one is still to go"
    assert states() == {DeliveryState.WAITING}
