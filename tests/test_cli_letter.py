"""The commands of the letter."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskCliRunner

from tests.conftest import Clock
from tests.factories import make_article, make_readers
from tests.mail.keys import KEY
from tests.test_serving import free_port
from webapp.extensions import the_site
from webapp.mail import MemoryCarrier, SmtpCarrier
from webapp.services import editing


@pytest.fixture
def post(app: Flask) -> MemoryCarrier:
    carrier = MemoryCarrier()
    the_site().carrier = carrier
    return carrier


def run(runner: FlaskCliRunner, *words: str, code: int = 0) -> str:
    result = runner.invoke(args=["letter", *words])
    assert result.exit_code == code, result.output
    return str(result.output)


def test_preview_prints_the_letter_and_sends_nothing(
    runner: FlaskCliRunner, post: MemoryCarrier, tmp_path: Path
) -> None:
    assert "no brief yet" in run(runner, "preview", code=1)
    make_article(title="Old ferries", published_at="2025-01-01T00:00:00Z")
    make_article(title="Night ferries", published_at="2026-11-23T11:00:00Z")
    page = tmp_path / "letter.html"
    told = run(runner, "preview", "--html", str(page))
    assert "Night ferries" in told
    assert "Old ferries" not in told
    assert "Night ferries" in page.read_text()
    assert post.mails == []
    assert editing.count_editions() == 0


def test_preview_shows_a_sample_where_nothing_is_new(
    runner: FlaskCliRunner, post: MemoryCarrier, clock: Clock
) -> None:
    make_article(title="Night ferries", published_at="2026-11-23T11:00:00Z")
    editing.compose_now()
    told = run(runner, "preview")
    assert "Nothing is new" in told
    assert "Night ferries" in told


def test_a_test_goes_to_one_address_alone(runner: FlaskCliRunner, post: MemoryCarrier) -> None:
    make_readers("ada")
    make_article(title="Night ferries", published_at="2026-11-23T11:00:00Z")
    assert "Night ferries" in run(runner, "test", "desk@example.org")
    assert [mail.recipient for mail in post.mails] == ["desk@example.org"]
    assert b"MARKOF" not in post.mails[0].content
    the_site().settings = replace(the_site().settings, dkim_key=KEY)
    run(runner, "test", "desk@example.org")
    assert post.sent[1]["DKIM-Signature"]
    assert editing.count_editions() == 0
    assert "not an address" in run(runner, "test", "desk", code=1)


def test_send_sends_now_and_says_when_there_is_nothing(
    runner: FlaskCliRunner, post: MemoryCarrier
) -> None:
    make_readers("ada", "eve")
    assert "No edition yet" in run(runner, "status")
    assert "Nothing was published" in run(runner, "send", code=1)
    make_article(published_at="2026-11-23T11:00:00Z")
    assert "2026-11-23  sent  2 sent, 0 waiting, 0 failed" in run(runner, "send")
    assert len(post.mails) == 2
    assert "Nothing was published" in run(runner, "send", code=1)
    assert "2 sent" in run(runner, "status")


def test_a_server_that_is_away_loses_nothing_and_send_goes_on(runner: FlaskCliRunner) -> None:
    make_readers("ada", "eve")
    make_article(published_at="2026-11-23T11:00:00Z")
    the_site().carrier = SmtpCarrier(f"smtp://127.0.0.1:{free_port()}")
    told = run(runner, "send", code=1)
    assert "Nothing is lost" in told
    assert "2 waiting" in run(runner, "status")
    the_site().carrier = MemoryCarrier()
    assert "2 sent" in run(runner, "send")


def test_an_edition_that_is_held_gets_a_note_or_is_cancelled(
    runner: FlaskCliRunner, post: MemoryCarrier, clock: Clock
) -> None:
    assert "No edition is held" in run(runner, "note", "Good morning.", code=1)
    assert "No edition is held" in run(runner, "cancel", code=1)
    the_site().settings = replace(the_site().settings, letter_hold_minutes=30)
    editing.compose_due()
    make_article(published_at="2026-11-24T05:00:00Z")
    clock.now = clock.now.replace(day=24, hour=6)
    editing.compose_due()
    assert "2026-11-24  held" in run(runner, "status")
    assert "goes at 06:30" in run(runner, "note", "Good morning.")
    assert "TEXT" in run(runner, "note", code=2)
    assert "Good morning." in run(runner, "preview")
    assert "cancelled" in run(runner, "cancel")
    assert "2026-11-24  cancelled" in run(runner, "status")
