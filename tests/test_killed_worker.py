"""Workers that are killed while they send: nobody goes without, at most one mail repeats each."""

from __future__ import annotations

import os
import random
import resource
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from sqlalchemy import func, insert, select

from tests.factories import Pile
from tests.test_serving import environment_of, free_port, until
from webapp import create_app
from webapp.extensions import db
from webapp.models import Delivery, DeliveryState, Subscriber, SubscriberState
from webapp.services import editing, importing, mailing
from webapp.settings import read_settings

# More by hand: READERS=10000 KILLS=20 AWAY=60 bin/test tests/test_killed_worker.py
READERS = int(os.environ.get("READERS", "300"))
KILLS = int(os.environ.get("KILLS", "4"))
WORKERS = int(os.environ.get("WORKERS", "2"))
AWAY_SECONDS = float(os.environ.get("AWAY", "2"))
REFUSED = 0.03


class Box:
    """What a real server took in, by address; of some it says that nobody is there."""

    def __init__(self, refused: set[str]) -> None:
        self.taken: Counter[str] = Counter()
        self.refused = refused

    async def handle_RCPT(  # noqa: N802 - the library's own name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _o: list[str]
    ) -> str:
        if address in self.refused:
            return "550 5.1.1 nobody of that name"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.taken.update(envelope.rcpt_tos)
        return "250 OK"


@pytest.fixture
def addresses() -> list[str]:
    return [f"reader-{n}@example.org" for n in range(READERS)]


@pytest.fixture
def data(tmp_path: Path, addresses: list[str]) -> Iterator[Path]:
    """A site with an edition in the outbox of all its readers."""
    app = create_app(replace(read_settings({}), data=tmp_path / "data"))
    now = datetime.now(UTC)
    with app.app_context():
        importing.run_import(
            Pile(
                [
                    {
                        "title": "Night ferries",
                        "body": "They sail.",
                        "published_at": (now - timedelta(hours=1)).isoformat(),
                    }
                ]
            )
        )
        rows = [
            {
                "address": address,
                "key": f"{n:022}",
                "state": SubscriberState.CONFIRMED,
                "consent_at": now,
                "consent_form": "page",
                "consent_wording": "1",
            }
            for n, address in enumerate(addresses)
        ]
        db.session.execute(insert(Subscriber), rows)
        db.session.commit()
        editing.compose_now()
        yield tmp_path / "data"
        db.session.remove()
        db.engine.dispose()
    app.extensions["broadsheet"].engine.close()


def worker(data: Path, port: int) -> subprocess.Popen[bytes]:
    url = f"smtp://127.0.0.1:{port}"
    return subprocess.Popen(
        [sys.executable, "-m", "webapp", "worker"],
        env=environment_of(data, BROADSHEET_SMTP_URL=url),
        stderr=subprocess.DEVNULL,
    )


def test_a_disk_that_is_full_for_a_while_costs_no_reader_the_edition(
    data: Path, addresses: list[str]
) -> None:
    box, port = Box(set()), free_port()
    server = Controller(box, hostname="127.0.0.1", port=port)
    server.start()
    process = worker(data, port)
    files = [data / "broadsheet.sqlite3", data / "broadsheet.sqlite3-wal"]
    try:
        until(lambda: box.taken.total() >= READERS // 4, seconds=90)
        # No file may grow, and what is written beyond an end fails, as on a disk without room.
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (8_192, resource.RLIM_INFINITY))
        full_at = box.taken.total()
        threading.Event().wait(2)
        assert process.poll() is None, "the worker lives on"
        assert box.taken.total() - full_at <= 2 * mailing.BATCH
        assert all(file.stat().st_size > 8_192 for file in files[:1])
        resource.prlimit(
            process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        )
        until(lambda: still_open() == 0, seconds=READERS / 20 + 60)
    finally:
        process.terminate()
        process.wait()
        server.stop()
    assert set(box.taken) == set(addresses)
    # The one on its way when the disk was full.
    assert sum(box.taken.values()) - len(box.taken) <= 1


def still_open() -> int:
    db.session.rollback()
    states = (DeliveryState.WAITING, DeliveryState.CLAIMED)
    count = select(func.count()).select_from(Delivery).where(Delivery.state.in_(states))
    return db.session.scalars(count).one()


def test_every_reader_gets_the_edition_whoever_is_killed_and_whatever_goes_away(
    data: Path, addresses: list[str]
) -> None:
    dice = random.Random(7)
    refused = set(dice.sample(addresses, round(READERS * REFUSED)))
    box, port = Box(refused), free_port()
    server = Controller(box, hostname="127.0.0.1", port=port)
    server.start()
    workers = [worker(data, port) for _ in range(WORKERS)]
    killed = 0
    try:
        while killed < KILLS:
            goal = min(box.taken.total() + READERS // (KILLS + 2), READERS - len(refused))
            until(lambda goal=goal: box.taken.total() >= goal, seconds=90)  # type: ignore[misc]
            threading.Event().wait(dice.uniform(0, 0.05))  # at any point of a mail's way
            victim = killed % WORKERS
            workers[victim].send_signal(signal.SIGKILL)
            workers[victim].wait()
            killed += 1
            workers[victim] = worker(data, port)
            if killed == KILLS // 2:
                server.stop()
                threading.Event().wait(AWAY_SECONDS)
                server = Controller(box, hostname="127.0.0.1", port=port)
                server.start()
        until(lambda: still_open() == 0, seconds=READERS / 20 + 60)
    finally:
        for process in workers:
            process.terminate()
            process.wait()
        server.stop()
    assert set(box.taken) == set(addresses) - refused
    repeated = sum(box.taken.values()) - len(box.taken)
    assert repeated <= killed
