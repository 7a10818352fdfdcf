"""Sending: every mail goes, once, however often its worker is stopped."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from tests.conftest import NOON, Clock
from tests.factories import make_article, make_readers
from webapp.extensions import db, the_site
from webapp.mail import (
    AddressRefused,
    CarrierDown,
    CarrierRefuses,
    Mail,
    MailDelayed,
    MemoryCarrier,
    MessageRefused,
    Send,
)
from webapp.models import Delivery, DeliveryState, Edition, EditionState, Subscriber
from webapp.services import claiming, editing, living, mailing, outbox, posting, subscribing

pytestmark = pytest.mark.usefixtures("app")


class Post:
    """A carrier of which a test says how it takes each mail; it counts its connections."""

    def __init__(self, take: Callable[[Mail], None]) -> None:
        self.take = take
        self.connections = 0

    @contextmanager
    def connected(self) -> Iterator[Send]:
        self.connections += 1
        yield self.take


@pytest.fixture
def sent(app: Flask) -> list[Mail]:
    carrier = MemoryCarrier()
    the_site().carrier = carrier
    return carrier.mails


def read(mail: Mail) -> EmailMessage:
    return message_from_bytes(mail.content, policy=default)


def ask(*names: str) -> None:
    for n, name in enumerate(names):
        subscribing.sign_up(f"{name}@example.org", "page", f"203.0.{n}.7")


def deliveries() -> list[Delivery]:
    db.session.expire_all()
    return list(db.session.scalars(select(Delivery).order_by(Delivery.id)))


def states() -> list[str]:
    return [str(delivery.state) for delivery in deliveries()]


def test_each_mail_goes_once(sent: list[Mail]) -> None:
    ask("ada", "eve")
    assert outbox.waiting() == 2
    assert mailing.send_due() == mailing.Tally(sent=2)
    assert mailing.send_due() == mailing.Tally()
    assert [mail.recipient for mail in sent] == ["ada@example.org", "eve@example.org"]
    assert outbox.waiting() == 0
    assert all(delivery.sent_at == NOON for delivery in deliveries())


def test_a_worker_that_died_while_sending_is_followed_by_another(
    sent: list[Mail], clock: Clock
) -> None:
    ask("ada")
    with claiming.opened() as connection:
        (claimed,) = claiming.claim(connection, 10)
        # Another worker has it, and may still be at it.
        assert claiming.claim(connection, 10) == []
    assert claimed.recipient == "ada@example.org"
    other, the_site().life = the_site().life, None
    assert mailing.send_due() == mailing.Tally()
    assert other.name not in living.dead()
    clock.forward(minutes=5)
    assert mailing.send_due() == mailing.Tally(sent=1)
    assert len(sent) == 1


def test_what_a_dead_worker_of_this_machine_had_is_free_at_once(sent: list[Mail]) -> None:
    ask("ada")
    with claiming.opened() as connection:
        claiming.claim(connection, 10)
    other, the_site().life = the_site().life, None
    assert mailing.send_due() == mailing.Tally(), "it is alive"
    del other  # its lock is free as if it had died
    gc.collect()
    assert mailing.send_due() == mailing.Tally(sent=1)
    assert len(list((the_site().settings.data / "workers").iterdir())) == 1


def test_what_a_worker_could_not_give_back_it_sends_in_its_next_turn(sent: list[Mail]) -> None:
    ask("ada")
    with claiming.opened() as connection:
        claiming.claim(connection, 10)
    assert mailing.send_due() == mailing.Tally(sent=1)


def test_a_mail_that_is_repeated_has_the_same_name(sent: list[Mail]) -> None:
    ask("ada", "eve")
    mailing.send_due()
    db.session.execute(update(Delivery).values(state=DeliveryState.WAITING, due_at=NOON))
    db.session.commit()
    mailing.send_due()
    names = [mail.id for mail in sent]
    assert names[:2] == names[2:]
    assert names[0] != names[1]


def test_a_refused_address_fails_and_the_rest_goes() -> None:
    taken: list[str] = []

    def take(mail: Mail) -> None:
        if mail.recipient == "gone@example.org":
            raise AddressRefused("550 nobody")
        if mail.recipient == "odd@example.org":
            raise MessageRefused("554 not this")
        taken.append(mail.recipient)

    the_site().carrier = Post(take)
    ask("ada", "gone", "odd", "eve")
    assert mailing.send_due() == mailing.Tally(sent=2, failed=2)
    assert taken == ["ada@example.org", "eve@example.org"]
    refused = deliveries()[1]
    assert (refused.state, refused.reason) == (DeliveryState.FAILED, "550 nobody")


def test_what_is_delayed_is_tried_again_after_growing_pauses_and_given_up_in_the_end(
    clock: Clock,
) -> None:
    def take(_: Mail) -> None:
        raise MailDelayed("451 later")

    the_site().carrier = Post(take)
    ask("ada")
    pauses: list[timedelta] = []
    while (delivery := deliveries()[0]).state == DeliveryState.WAITING:
        pauses.append(delivery.due_at - clock.now)
        clock.now = delivery.due_at
        mailing.send_due()
    assert pauses[:4] == [timedelta(), *(timedelta(minutes=n) for n in (1, 2, 4))]
    assert max(pauses) == timedelta(hours=6)
    assert timedelta(days=1) < clock.now - NOON < timedelta(days=7)
    assert (delivery.state, delivery.reason) == (DeliveryState.FAILED, "451 later")


def test_one_delayed_mail_keeps_no_other_back() -> None:
    taken: list[str] = []

    def take(mail: Mail) -> None:
        if mail.recipient == "full@example.org":
            raise MailDelayed("452 full")
        taken.append(mail.recipient)

    the_site().carrier = Post(take)
    ask("ada", "full", "eve")
    assert mailing.send_due() == mailing.Tally(sent=2, delayed=1)
    assert taken == ["ada@example.org", "eve@example.org"]


def test_a_server_that_is_away_is_asked_once_and_costs_no_mail_an_attempt() -> None:
    asked: list[str] = []

    def take(mail: Mail) -> None:
        asked.append(mail.recipient)
        raise CarrierDown("it is away")

    the_site().carrier = Post(take)
    ask("ada", "eve")
    assert mailing.send_due() == mailing.Tally(delayed=2, is_down=True)
    assert asked == ["ada@example.org"]
    # The first may be why it hangs up: it waits a minute, and the other goes before it.
    assert [(d.state, d.attempts, d.reason) for d in deliveries()] == [
        (DeliveryState.WAITING, 1, "it is away"),
        (DeliveryState.WAITING, 0, "it is away"),
    ]
    mailing.send_due()
    assert asked == ["ada@example.org", "eve@example.org"]


def test_a_mail_at_which_the_server_hangs_up_keeps_no_other_back(clock: Clock) -> None:
    taken: list[str] = []

    def take(mail: Mail) -> None:
        if mail.recipient == "ada@example.org":
            raise CarrierDown("it hung up")
        taken.append(mail.recipient)

    the_site().carrier = Post(take)
    ask("ada", "eve", "zoe")
    mailing.send_due()
    assert mailing.send_due() == mailing.Tally(sent=2)
    assert taken == ["eve@example.org", "zoe@example.org"]
    assert deliveries()[0].due_at == NOON + timedelta(minutes=1)


def test_a_server_that_hangs_up_after_some_mails_takes_the_rest_over_another_connection() -> None:
    taken: list[str] = []

    def take(mail: Mail) -> None:
        if len(taken) in hangs_up_after:
            hangs_up_after.remove(len(taken))
            raise CarrierDown("421 enough")
        taken.append(mail.recipient)

    hangs_up_after = {6, 13, 20}
    the_site().carrier = Post(take)
    edition_for(30)
    tally = mailing.send_due()
    assert (tally.sent + tally.delayed, tally.is_down) == (30, False)
    assert len(taken) == tally.sent == 27


def test_who_left_meanwhile_gets_nothing(sent: list[Mail]) -> None:
    ask("ada", "eve")
    db.session.delete(db.session.scalars(select(Subscriber)).first())
    db.session.commit()
    assert mailing.send_due() == mailing.Tally(sent=1)
    assert [mail.recipient for mail in sent] == ["eve@example.org"]


def test_who_leaves_while_a_batch_is_sent_gets_nothing() -> None:
    taken: list[str] = []

    def take(mail: Mail) -> None:
        taken.append(mail.recipient)
        db.session.delete(
            db.session.scalars(
                select(Subscriber).where(Subscriber.address == "eve@example.org")
            ).one()
        )
        db.session.commit()

    the_site().carrier = Post(take)
    ask("ada", "eve")
    assert mailing.send_due() == mailing.Tally(sent=1)
    assert taken == ["ada@example.org"]


def test_a_mail_that_cannot_be_written_waits_and_the_rest_goes(
    sent: list[Mail], clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    ask("ada", "bad", "worse", "eve")
    for bad in deliveries()[1:3]:
        bad.letter = "unheard of"
    db.session.commit()
    assert mailing.send_due() == mailing.Tally(sent=2, delayed=2)
    assert "could not be written" in deliveries()[1].reason
    assert len(caplog.records) == 1, "what fails for each alike is said once"
    for mended in deliveries()[1:3]:
        mended.letter = "confirmation"
    db.session.commit()
    clock.forward(minutes=1)
    assert mailing.send_due() == mailing.Tally(sent=2)


def test_a_mail_that_went_goes_once_also_where_the_database_will_not_note_it(
    sent: list[Mail],
) -> None:
    full = """CREATE TRIGGER full BEFORE UPDATE ON delivery WHEN NEW.state = 'sent'
              BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END"""
    db.session.connection().exec_driver_sql(full)
    ask("ada", "eve")
    for _ in range(3):
        with pytest.raises(IntegrityError):
            mailing.send_due()
    assert [mail.recipient for mail in sent] == ["ada@example.org"]
    db.session.connection().exec_driver_sql("DROP TRIGGER full")
    db.session.commit()
    assert mailing.send_due() == mailing.Tally(sent=1)
    assert [mail.recipient for mail in sent] == ["ada@example.org", "eve@example.org"]
    assert states() == ["sent", "sent"]


def test_what_somebody_waits_for_goes_before_what_is_news(sent: list[Mail], clock: Clock) -> None:
    edition_for(3)
    clock.forward(seconds=1)
    ask("zoe")
    mailing.send_due()
    assert sent[0].recipient == "zoe@example.org"
    assert len(sent) == 4


def test_an_address_in_a_domain_of_other_letters_is_written_as_any_server_takes_it(
    sent: list[Mail],
) -> None:
    subscribing.sign_up("ada@bücher.example", "page", "203.0.0.7")
    mailing.send_due()
    assert sent[0].recipient == "ada@xn--bcher-kva.example"
    assert read(sent[0])["To"] == "ada@xn--bcher-kva.example"


def test_a_mail_to_an_address_that_is_not_yet_its_readers_comes_back_of_nobody(
    sent: list[Mail],
) -> None:
    site = the_site()
    site.settings = replace(site.settings, mail_return_path="bounces@letters.example.org")
    make_readers("ada")
    ada = db.session.scalars(select(Subscriber)).one()
    elsewhere = Delivery(subscriber_id=ada.id, letter="address", address="typo@example.com")
    elsewhere.due_at = NOON
    db.session.add(elsewhere)
    outbox.put("preferences", ada.id)
    db.session.commit()
    mailing.send_due()
    paths = {mail.recipient: mail.return_path for mail in sent}
    assert paths["typo@example.com"] == "bounces@letters.example.org"
    assert paths["ada@example.org"].startswith(f"bounces+{ada.id}-")


def test_a_worker_that_is_stopped_gives_back_what_it_has_not_sent(sent: list[Mail]) -> None:
    ask("ada", "eve", "zoe")
    assert mailing.send_due(lambda: len(sent) >= 1).sent == 1
    assert states() == ["sent", "waiting", "waiting"]
    assert [delivery.attempts for delivery in deliveries()] == [1, 0, 0]


def test_one_that_is_killed_by_its_user_gives_back_too() -> None:
    def take(_: Mail) -> None:
        raise KeyboardInterrupt

    the_site().carrier = Post(take)
    ask("ada", "eve")
    with pytest.raises(KeyboardInterrupt):
        mailing.send_due()
    assert states() == ["waiting", "waiting"]


def test_several_connections_share_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mailing, "BATCH", 2)
    site, taken = the_site(), list[str]()
    site.settings = replace(site.settings, mail_connections=3)
    site.carrier = Post(lambda mail: taken.append(mail.recipient))
    make_readers(*(f"reader-{n}" for n in range(20)))
    make_article(published_at="2026-11-23T11:00:00Z")
    editing.compose_now()
    assert mailing.send_due() == mailing.Tally(sent=20)
    assert len(set(taken)) == len(taken) == 20
    assert site.carrier.connections > 1


class Watch:
    """A clock of which sleeping is the only thing that moves it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        monkeypatch.setattr(mailing.time, "monotonic", lambda: self.now)
        monkeypatch.setattr(mailing.time, "sleep", self.sleep)

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def test_a_rate_is_kept_from_turn_to_turn(
    sent: list[Mail], monkeypatch: pytest.MonkeyPatch
) -> None:
    watch, site = Watch(monkeypatch), the_site()
    site.settings = replace(site.settings, mail_rate=6)
    edition_for(30)
    for _ in range(6):  # a minute of turns
        assert watch.now < 160
        mailing.send_due()
    assert 6 <= len(sent) <= (watch.now - 100) / 10 + 1
    assert "claimed" not in states()


def test_a_long_wait_ends_when_the_worker_is_to_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    watch, pace = Watch(monkeypatch), mailing.Pace(per_minute=1, rest_seconds=600)
    assert pace.keep(lambda: False)
    assert not pace.keep(lambda: watch.now > 103)
    pace.rest(0)
    assert not pace.is_rested(0, lambda: watch.now > 106)
    assert pace.is_rested(1, lambda: False), "another connection has not worked"
    assert watch.now < 107


def test_a_connection_rests_after_each_batch(
    sent: list[Mail], monkeypatch: pytest.MonkeyPatch
) -> None:
    watch, site = Watch(monkeypatch), the_site()
    site.settings = replace(site.settings, mail_pause_seconds=60)
    edition_for(30)
    while len(sent) < 30:
        mailing.send_due()
    assert 160 <= watch.now < 180


def edition_for(count: int) -> Edition:
    make_readers(*(f"reader-{n:02}" for n in range(count)))
    make_article(title="A brief", published_at="2026-11-23T11:00:00Z")
    return editing.compose_now()


def test_a_refusal_of_everything_pauses_the_edition_and_blames_no_reader() -> None:
    def take(_: Mail) -> None:
        raise AddressRefused("550 you are listed")

    the_site().carrier = Post(take)
    edition = edition_for(30)
    assert mailing.send_due().is_down
    db.session.expire_all()
    assert (edition.state, edition.reason) == (EditionState.PAUSED, "550 you are listed")
    assert set(states()) == {"waiting"}
    assert mailing.send_due() == mailing.Tally(), "nothing is due while it is paused"
    the_site().carrier = MemoryCarrier()
    assert posting.begin_sending() is edition
    assert posting.send(edition, lambda _: None).sent == 30
    assert edition.state == EditionState.SENT


def refusing(*names: str) -> Callable[[Mail], None]:
    def take(mail: Mail) -> None:
        if not names or mail.recipient.partition("@")[0] in names:
            raise AddressRefused(f"550 <{mail.recipient}> is nobody")

    return take


def test_sign_ups_that_are_refused_pause_no_edition() -> None:
    the_site().carrier = Post(refusing(*(f"odd-{n}" for n in range(30))))
    for n in range(30):
        subscribing.sign_up(f"odd-{n}@example.org", "page", f"203.{n}.0.7")
    edition = edition_for(10)
    assert mailing.send_due() == mailing.Tally(sent=10, failed=30)
    assert mailing.send_due() == mailing.Tally(), "they are not tried again"
    editing.close_done()
    db.session.expire_all()
    assert edition.state == EditionState.SENT


def test_a_refusal_of_everything_is_seen_from_turn_to_turn_and_of_a_few_readers_too() -> None:
    the_site().carrier = Post(refusing())
    edition = edition_for(30)
    asked: list[int] = []
    for _ in range(2):
        enough = 8 * (len(asked) + 1)
        assert not mailing.send_due(lambda e=enough: states().count("failed") >= e).is_down  # type: ignore[misc]
        asked.append(states().count("failed"))
    assert asked == [8, 16]
    assert mailing.send_due().is_down
    db.session.expire_all()
    assert edition.state == EditionState.PAUSED


def test_a_few_readers_who_all_refuse_pause_the_edition_and_two_do_not() -> None:
    the_site().carrier = Post(refusing())
    few = edition_for(3)
    assert mailing.send_due().is_down
    db.session.expire_all()
    assert (few.state, set(states())) == (EditionState.PAUSED, {"waiting"})


def test_two_bad_addresses_are_no_refusal_of_everything() -> None:
    the_site().carrier = Post(refusing())
    edition_for(2)
    assert mailing.send_due() == mailing.Tally(failed=2)
    assert states() == ["failed", "failed"]


def test_why_an_edition_is_paused_is_told_without_an_address() -> None:
    the_site().carrier = Post(refusing())
    edition = edition_for(3)
    mailing.send_due()
    db.session.expire_all()
    assert edition.reason == "550 <…> is nobody"


def test_a_server_that_takes_nothing_from_us_pauses_the_edition() -> None:
    def take(_: Mail) -> None:
        raise CarrierRefuses("535 wrong password")

    the_site().carrier = Post(take)
    edition = edition_for(3)
    assert mailing.send_due().is_down
    db.session.expire_all()
    assert (edition.state, edition.reason) == (EditionState.PAUSED, "535 wrong password")


def test_what_another_worker_gives_back_of_a_paused_edition_waits_too() -> None:
    the_site().carrier = MemoryCarrier()
    edition = edition_for(3)
    with claiming.opened() as connection:
        others = claiming.claim(connection, 2)
        outbox.pause(connection, "535 wrong password")
        claiming.give_back(connection, others)
    assert mailing.send_due() == mailing.Tally()
    db.session.refresh(edition)
    outbox.resume(edition)
    db.session.commit()
    assert mailing.send_due() == mailing.Tally(sent=3)


def test_three_bad_addresses_in_a_hundred_pause_nothing() -> None:
    def take(mail: Mail) -> None:
        if mail.recipient[7:9] in ("03", "50", "51"):
            raise AddressRefused("550 nobody")

    the_site().carrier = Post(take)
    edition = edition_for(100)
    assert mailing.send_due() == mailing.Tally(sent=97, failed=3)
    editing.close_done()
    db.session.expire_all()
    assert edition.state == EditionState.SENT


def test_the_mail_that_asks_says_the_same_as_text_and_as_html(sent: list[Mail]) -> None:
    ask("ada")
    mailing.send_due()
    message = read(sent[0])
    assert message["From"] == "Broadsheet <letter@[127.0.0.1]>"
    assert message["To"] == "ada@example.org"
    assert message["Subject"] == "Please confirm: the daily letter of Broadsheet"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    leave = message["List-Unsubscribe"].partition(">")[0].strip("<")
    text, html = (
        message.get_body((kind,)).get_content()  # type: ignore[union-attr]
        for kind in ("plain", "html")
    )
    for part in (text, html):
        assert "http://127.0.0.1:8000/newsletter/confirmation/" in part
        assert leave in part
        assert "7 days" in part
    assert "ada@example.org" not in text + html
    assert "<script" not in html
