"""Lists of subscribers come in whole or not at all, and go out so that they can come in again."""

from __future__ import annotations

import stat
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskCliRunner
from sqlalchemy import Executable, event, insert, select, update

from tests.conftest import NOON, Clock
from tests.factories import make_readers
from webapp.errors import SubscribersUnreadable
from webapp.extensions import db
from webapp.models import Delivery, Departure, Subscriber, SubscriberState
from webapp.services import (
    claiming,
    enlisting,
    linking,
    outbox,
    preferring,
    subscribing,
    transferring,
)
from webapp.services.transferring import Tally, import_subscribers

pytestmark = pytest.mark.usefixtures("app")
LIST = """email,status,consent_at,frequency,topics
ada@example.org,confirmed,2024-01-02T03:04:05+00:00,weekly:friday,Chips;Open source
eve@example.org,bounced,2024-01-02T03:04:05+00:00,daily,
'=zoe@example.org,confirmed,2024-01-02T03:04:05+00:00,each,-
''ida@example.org,confirmed,2024-01-02T03:04:05+00:00,daily,'@home;A\\;B
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "list.csv"


def known() -> dict[str, Subscriber]:
    db.session.expire_all()
    return {each.address: each for each in db.session.scalars(select(Subscriber))}


def exported() -> str:
    return "".join(transferring.export_subscribers())


def test_what_goes_out_comes_in_again_as_it_was(file: Path) -> None:
    file.write_text(LIST)
    assert import_subscribers(file) == Tally(added=4)
    assert exported() == LIST
    ada = known()["ada@example.org"]
    assert (ada.consent_form, ada.confirmed_at) == ("import", ada.consent_at)
    assert db.session.scalars(select(Delivery)).all() == [], "nobody is written to"


def test_the_second_time_all_are_unchanged_and_wishes_stay(file: Path) -> None:
    file.write_text(LIST)
    import_subscribers(file)
    known()["ada@example.org"].frequency = "daily"  # type: ignore[assignment]
    db.session.commit()
    assert import_subscribers(file) == Tally(unchanged=4)
    assert known()["ada@example.org"].frequency == "daily"


@contextmanager
def statements(before: Callable[[str], None] = lambda _: None) -> Iterator[list[str]]:
    """Hear what is said to the database, by its first word."""
    heard: list[str] = []

    def hear(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        heard.append(statement.split()[0])
        before(heard[-1])

    event.listen(db.engine, "before_cursor_execute", hear)
    try:
        yield heard
    finally:
        event.remove(db.engine, "before_cursor_execute", hear)


def test_whoever_is_pending_here_and_confirmed_in_the_list_is_confirmed(
    file: Path, clock: Clock
) -> None:
    subscribing.sign_up("ada@example.org", "page", "192.0.2.1")
    preferring.ask_to_follow("eve@example.org", "casinos", "192.0.2.1")
    key = known()["ada@example.org"].key
    file.write_text(LIST.replace("bounced", "confirmed"))
    assert import_subscribers(file) == Tally(added=2, confirmed=2)
    clock.forward(days=8)
    subscribing.erase_unconfirmed()
    assert exported() == LIST.replace("bounced", "confirmed"), "as the list says, nobody else"
    ada, eve = known()["ada@example.org"], known()["eve@example.org"]
    assert (ada.state, ada.key, ada.consent_form) == (SubscriberState.CONFIRMED, key, "import")
    assert ada.confirmed_at == ada.consent_at
    assert eve.searches == [], "nobody has confirmed that this was asked for"


def test_whoever_left_and_asks_again_is_not_confirmed_by_a_list(file: Path) -> None:
    make_readers("ada")
    subscribing.leave(linking.sign("departure", known()["ada@example.org"].key))
    subscribing.sign_up("ada@example.org", "page", "192.0.2.1")
    file.write_text("email\nada@example.org\n")
    assert import_subscribers(file) == Tally(left=1)
    assert known()["ada@example.org"].state == SubscriberState.PENDING


@pytest.mark.parametrize(
    ("left_at", "stays"),
    [("2019-05-01", True), ("2026-11-22 09:00:00", False), ("", False), ("long ago", False)],
)
def test_who_confirmed_here_after_leaving_elsewhere_stays(
    file: Path, left_at: str, stays: bool
) -> None:
    make_readers("ada")
    file.write_text(f"email,status,unsub_time\nada@example.org,unsubscribed,{left_at}\n")
    expected = Tally(unchanged=1) if stays else Tally(unsubscribed=1)
    assert import_subscribers(file) == expected
    assert bool(known()) == stays
    assert bool(db.session.scalars(select(Departure)).all()) != stays


def test_who_has_just_asked_can_confirm_though_an_old_list_says_left(file: Path) -> None:
    subscribing.sign_up("ada@example.org", "page", "192.0.2.1")
    file.write_text("email,unsub_time\nada@example.org,2019-05-01\n")
    assert import_subscribers(file) == Tally(unsubscribed=1)
    assert import_subscribers(file) == Tally(unchanged=1)
    assert known()["ada@example.org"].state == SubscriberState.PENDING
    subscribing.confirm(
        linking.sign_for("confirmation", known()["ada@example.org"].key, "ada@example.org")
    )
    assert db.session.scalars(select(Departure)).all() == []


def test_to_whom_bounced_elsewhere_no_waiting_mail_goes_any_more(file: Path) -> None:
    make_readers("ada", "eve")
    for name in ("ada", "eve"):
        outbox.put("preferences", known()[f"{name}@example.org"].id)
    db.session.commit()
    file.write_text("email,status\nada@example.org,cleaned\n")
    import_subscribers(file)
    with claiming.opened() as connection:
        assert [due.recipient for due in claiming.claim(connection, 10)] == ["eve@example.org"]


def test_who_bounced_elsewhere_has_confirmed_nothing_here(file: Path) -> None:
    file.write_text(LIST)
    import_subscribers(file)
    assert known()["eve@example.org"].confirmed_at is None
    subscribing.erase_unconfirmed()
    assert "eve@example.org" in known(), "another list is not to bring it back as confirmed"


def test_all_is_compared_before_the_first_row_is_written_and_many_are_written_at_once(
    file: Path,
) -> None:
    file.write_text(LIST)
    import_subscribers(file)
    lines = [f"reader-{n}@example.org,confirmed,Chips" for n in range(1200)]
    lines += ["ada@example.org,unsubscribed,", "'=zoe@example.org,bounced,"]
    file.write_text("email,status,topics\n" + "\n".join(lines))
    with statements() as heard:
        assert import_subscribers(file) == Tally(added=1200, unsubscribed=1, bounced=1)
    first = next(n for n, word in enumerate(heard) if word != "SELECT")
    assert heard[first:].count("SELECT") <= 1, "others wait while it is written"
    assert len(heard) - first <= 12


def test_a_dry_run_keeps_nobody_waiting(file: Path) -> None:
    file.write_text(LIST)
    with statements() as heard:
        import_subscribers(file, dry_run=True)
    assert set(heard) == {"SELECT"}


@pytest.mark.parametrize(
    ("deed", "expected"),
    [
        ("leaves", {}),
        ("asks", {"ada": "pending"}),
        ("confirms", {"ada": "confirmed", "eve": "confirmed"}),
    ],
)
def test_what_somebody_does_while_a_list_is_read_stands(
    file: Path, deed: str, expected: dict[str, str]
) -> None:
    subscribing.sign_up("eve@example.org", "page", "192.0.2.1")
    file.write_text(
        "email,unsub_time,topics\nada@example.org,,Chips\neve@example.org,2026-11-23 12:30,\n"
    )
    later = NOON.replace(hour=13)
    asked = {"consent_at": later, "consent_form": "page", "consent_wording": "1"}
    deeds: dict[str, Executable] = {
        "leaves": insert(Departure).values(
            address_hash=linking.keyed_hash("ada@example.org"), left_at=later
        ),
        "asks": insert(Subscriber).values(address="ada@example.org", **asked),
        "confirms": update(Subscriber).values(state="confirmed", confirmed_at=later),
    }
    statement: list[Executable] = [deeds[deed]]

    def act(word: str) -> None:
        if word != "SELECT" and statement:
            with db.engine.begin() as other:
                other.execute(statement.pop())

    with statements(act):
        import_subscribers(file)
    found = {address.partition("@")[0]: each for address, each in known().items()}
    assert {name: each.state for name, each in found.items()} == expected
    if deed == "asks":
        assert found["ada"].topics == [], "nor is anything wished for him"


def test_of_several_lines_of_one_address_the_most_refusing_counts(file: Path) -> None:
    lines = ["ada@example.org,confirmed", "Ada@example.org,unsubscribed", "ada@example.org,active"]
    file.write_text("email,status\n" + "\n".join(lines))
    assert import_subscribers(file) == Tally(unsubscribed=1, unchanged=2)
    assert known() == {}
    assert len(db.session.scalars(select(Departure)).all()) == 1


def test_a_bad_line_keeps_all_of_it_out(file: Path) -> None:
    file.write_text(LIST + "nobody,confirmed,,,\n")
    tally = import_subscribers(file)
    assert [bad.place for bad in tally.bad] == ["line 6"]
    assert known() == {}
    assert import_subscribers(file, skip_bad=True).added == 4
    assert len(known()) == 4


def test_a_dry_run_changes_nothing(file: Path) -> None:
    file.write_text(LIST)
    assert import_subscribers(file, dry_run=True) == Tally(added=4)
    assert known() == {}


def test_whoever_left_is_not_brought_back(file: Path) -> None:
    file.write_text(LIST)
    import_subscribers(file)
    subscribing.leave(linking.sign("departure", known()["ada@example.org"].key))
    assert import_subscribers(file) == Tally(left=1, unchanged=3)
    assert "ada@example.org" not in known()


def test_who_unsubscribed_elsewhere_leaves_here_and_stays_a_hash(file: Path) -> None:
    file.write_text(LIST)
    import_subscribers(file)
    file.write_text("email,status\nada@example.org,unsubscribed\nnew@example.org,unsubscribed\n")
    assert import_subscribers(file) == Tally(unsubscribed=2)
    assert import_subscribers(file) == Tally(unchanged=2)
    assert "ada@example.org" not in known()
    assert len(db.session.scalars(select(Departure)).all()) == 2


def test_who_bounced_elsewhere_gets_no_more_here(file: Path) -> None:
    file.write_text("email\nada@example.org\n")
    import_subscribers(file)
    file.write_text("email,status\nada@example.org,cleaned\n")
    assert import_subscribers(file) == Tally(bounced=1)
    assert known()["ada@example.org"].state == SubscriberState.BOUNCED


def test_who_has_yet_to_confirm_has_seven_days_from_now(file: Path, clock: Clock) -> None:
    file.write_text("email,status,consent_at\nada@example.org,pending,2020-01-01T00:00:00Z\n")
    import_subscribers(file)
    assert known()["ada@example.org"].consent_at == NOON
    subscribing.erase_unconfirmed()
    assert known()
    clock.forward(days=7, seconds=1)
    subscribing.erase_unconfirmed()
    assert not known()


def test_many_come_in_batches_and_the_same_address_once(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(enlisting, "BATCH", 7)
    lines = [f"reader-{n % 25}@example.org,Chips" for n in range(50)]
    file.write_text("email,topics\n" + "\n".join(lines))
    assert import_subscribers(file) == Tally(added=25, unchanged=25)
    assert exported().count("Chips") == 25


def test_another_encoding_is_refused_with_what_to_do(file: Path) -> None:
    file.write_bytes("email,name\nada@example.org,Zoë\n".encode("latin-1"))
    with pytest.raises(SubscribersUnreadable, match="UTF-8"):
        import_subscribers(file)


def test_the_commands_say_what_came_of_it(
    app: Flask, runner: FlaskCliRunner, file: Path, tmp_path: Path
) -> None:
    file.write_text(LIST + "nobody,confirmed,,,\n")
    refused = runner.invoke(args=["subscribers", "import", str(file)])
    assert refused.exit_code == 1
    assert "line 6: the address is none" in refused.output
    assert "nothing was imported" in refused.output
    done = runner.invoke(args=["subscribers", "import", "--skip-bad", str(file)])
    assert "4 added" in done.output
    assert "1 skipped" in done.output
    out = tmp_path / "out.csv"
    assert runner.invoke(args=["subscribers", "export", str(out)]).exit_code == 0
    assert out.read_text() == LIST
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert runner.invoke(args=["subscribers", "export", str(out)]).exit_code == 1
    assert runner.invoke(args=["subscribers", "export", "--force", str(out)]).exit_code == 0
    assert runner.invoke(args=["subscribers", "export", "-"]).stdout == LIST


def test_what_has_endless_lines_is_refused(file: Path) -> None:
    file.write_text("email\n" + "x" * 60_000)
    with pytest.raises(SubscribersUnreadable, match="50,000 characters"):
        import_subscribers(file)


def test_of_many_bad_lines_a_hundred_are_kept_and_all_are_counted(file: Path) -> None:
    file.write_text("email\n" + "nobody\n" * 300)
    tally = import_subscribers(file)
    assert (tally.bad_lines, len(tally.bad)) == (300, 100)


def test_an_export_is_never_in_memory_as_a_whole(
    runner: FlaskCliRunner, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transferring, "BATCH", 5)
    topics = ";".join(f"{n:03} " + "long " * 39 for n in range(200))
    lines = [f"reader-{n}@example.org,{topics}" for n in range(100)]
    file.write_text("email,topics\n" + "\n".join(lines))
    import_subscribers(file)
    db.session.remove()
    out = tmp_path / "out.csv"
    tracemalloc.start()
    try:
        assert runner.invoke(args=["subscribers", "export", str(out)]).exit_code == 0
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < out.stat().st_size
