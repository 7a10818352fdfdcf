"""Mails a second of an edition, against a loop over smtplib that has its messages ready.

Run by `bin/bench letter`. Both feed the same SMTP server over one connection, in turn, the best
of several rounds; what counts is the ratio. Also: how memory grows from the first reader to the
last.
"""

from __future__ import annotations

import argparse
import json
import resource
import smtplib
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import insert

from tests.bench.searching.articles import articles, as_imported
from tests.factories import Pile
from tests.test_serving import free_port, until
from webapp import create_app
from webapp.extensions import db, the_site
from webapp.mail import Mail, SmtpCarrier
from webapp.models import Subscriber, SubscriberState
from webapp.services import claiming, editing, importing, mailing, outbox
from webapp.services.desk import Desk
from webapp.settings import read_settings

SINK = """
import asyncio, sys
from aiosmtpd.smtp import SMTP

class Box:
    async def handle_DATA(self, server, session, envelope):
        return "250 OK"

async def main():
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(Box()), "127.0.0.1", int(sys.argv[1]))
    await server.serve_forever()

asyncio.run(main())
"""
BRIEFS = 20
READY = 200


def main() -> None:
    """Measure, print the figures, and write them where asked to."""
    parser = argparse.ArgumentParser(prog="bin/bench letter", description=__doc__)
    parser.add_argument("--readers", type=int, default=5_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0, help="of one round")
    parser.add_argument("--server", metavar="HOST:PORT", help="in place of one of our own")
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, server(options.server) as place:
        figures = measure(Path(folder), place, options.readers, options.rounds, options.seconds)
    for name, value in figures.items():
        print(f"{name:24} {value}")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")


@contextmanager
def server(place: str | None) -> Iterator[tuple[str, int]]:
    """Give a server of SMTP that takes everything: the one that is named, or a process of ours."""
    if place:
        host, _, port = place.rpartition(":")
        yield host, int(port)
        return
    port = free_port()
    process = subprocess.Popen([sys.executable, "-c", SINK, str(port)])
    try:
        until(lambda: listens(port))
        yield "127.0.0.1", port
    finally:
        process.terminate()
        process.wait()


def listens(port: int) -> bool:
    """Whether somebody takes connections there."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def measure(
    folder: Path, place: tuple[str, int], readers: int, rounds: int, seconds: float
) -> dict[str, object]:
    """Send an edition to many readers, and between its parts the same messages by the loop."""
    settings = replace(read_settings({}), data=folder / "data", search_engine="memory")
    app = create_app(settings)
    with app.app_context():
        fill(readers)
        edition = editing.compose_now()
        ready = written(READY)
        the_site().carrier = SmtpCarrier(f"smtp://{place[0]}:{place[1]}")
        best = {"loop": 0.0, "letter": 0.0}
        begun_kb = 0
        for number in range(rounds):
            best["loop"] = max(best["loop"], loop_rate(place, ready, seconds))
            best["letter"] = max(best["letter"], letter_rate(seconds))
            begun_kb = begun_kb or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            print(f"round {number + 1}: {best}", file=sys.stderr)
        while outbox.waiting():
            mailing.send_due()
        ended_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        count = len(edition.briefs)
    return {
        "readers": readers,
        "briefs": count,
        "message_bytes": len(ready[0].content),
        "loop_mails_per_second": round(best["loop"]),
        "letter_mails_per_second": round(best["letter"]),
        "ratio": round(best["letter"] / best["loop"], 2),
        "memory_growth_mb": round((ended_kb - begun_kb) / 1024, 1),
    }


def fill(readers: int) -> None:
    """Make an edition's worth of articles, and readers."""
    now = datetime.now(UTC)
    fresh = [
        as_imported(article) | {"published_at": (now - timedelta(minutes=n + 1)).isoformat()}
        for n, article in enumerate(articles(BRIEFS))
    ]
    importing.run_import(Pile(fresh))
    rows = [
        {
            "address": f"reader-{n}@example.org",
            "key": f"{n:022}",
            "state": SubscriberState.CONFIRMED,
            "consent_at": now,
            "consent_form": "page",
            "consent_wording": "1",
        }
        for n in range(readers)
    ]
    db.session.execute(insert(Subscriber), rows)
    db.session.commit()


def written(count: int) -> list[Mail]:
    """Write the edition to some readers, without sending it."""
    desk = Desk()
    with claiming.opened() as connection:
        claimed = claiming.claim(connection, count)
        mails = [desk.write(due) for due in claimed]
        db.session.rollback()
        claiming.give_back(connection, claimed)
    return mails


def loop_rate(place: tuple[str, int], ready: list[Mail], seconds: float) -> float:
    """Give the mails a second of a loop that does nothing else."""
    begun, sent = time.monotonic(), 0
    with smtplib.SMTP(*place) as smtp:
        while time.monotonic() < begun + seconds:
            mail = ready[sent % len(ready)]
            smtp.sendmail(mail.return_path, [mail.recipient], mail.content)
            sent += 1
    return sent / (time.monotonic() - begun)


def letter_rate(seconds: float) -> float:
    """Give the mails a second of the outbox."""
    begun = time.monotonic()
    sent = mailing.send_due(lambda: time.monotonic() > begun + seconds).sent
    return sent / (time.monotonic() - begun)


if __name__ == "__main__":
    main()
