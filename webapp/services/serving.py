"""Serving the site with gunicorn, from the running process."""

from __future__ import annotations

import errno
import logging
import os
import socket
import time
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from gunicorn.app.base import Application
from gunicorn.arbiter import Arbiter

from webapp.errors import SiteError
from webapp.extensions import db, the_site
from webapp.services import working
from webapp.settings import ROOT, Settings

if TYPE_CHECKING:
    from flask import Flask
    from gunicorn.sock import BaseSocket

REBORN_SECONDS = 10.0
log = logging.getLogger(__name__)


class BindRefused(SiteError):
    """The address to serve at is malformed, taken or not this machine's."""


def check_bind(bind: str) -> None:
    """See that the site can be served there. Raises BindRefused, with what to do."""
    host, port = split_bind(bind)
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family[0]) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(family[4])
    except OSError as problem:
        reasons = {
            errno.EADDRINUSE: "another program serves there. Stop it, or choose another port",
            errno.EACCES: "ports under 1024 need root. Choose another port",
            errno.EADDRNOTAVAIL: "this machine does not have that address. Choose another host",
        }
        reason = reasons.get(problem.errno or 0, f"{problem.strerror}. Choose another address")
        raise BindRefused(
            f"Cannot serve at {bind}: {reason}, as in: bin/serve --bind 127.0.0.1:8001"
        ) from problem


def split_bind(bind: str) -> tuple[str, int]:
    """Read HOST:PORT. Raises BindRefused."""
    host, colon, port = bind.rpartition(":")
    if (
        not colon
        or not host
        or not port.isascii()
        or not port.isdigit()
        or not 0 < int(port) < 65536
    ):
        raise BindRefused(f"“{bind}” is not HOST:PORT, as in 127.0.0.1:8000.")
    return host.strip("[]"), int(port)


def answer_at(bind: str) -> None:
    """Take the address that is served as the public one, unless the operator has set one."""
    site = the_site()
    if site.settings.site_url == Settings.default("site_url"):
        site.settings = replace(site.settings, site_url=shown_address(bind))


def shown_address(bind: str) -> str:
    """Give the address to type into a browser of this machine."""
    host, port = split_bind(bind)
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    return f"http://{shown}:{port}"


class _Beside:
    """A process beside the server that does what is due; it ends when the server has ended."""

    def __init__(self) -> None:
        self._pid = 0
        self._begun_at = 0.0

    def begin(self, listeners: Iterable[BaseSocket] = ()) -> None:
        """Fork it; what the server listens at is not its own."""
        server, self._begun_at = os.getpid(), time.monotonic()
        self._pid = os.fork()
        if self._pid == 0:
            for listener in listeners:
                listener.sock.close()
            working.run(beside=server)
            os._exit(0)

    def keep(self, listeners: Iterable[BaseSocket]) -> None:
        """See that it runs: one that died is followed by another, after a while."""
        if time.monotonic() < self._begun_at + REBORN_SECONDS:
            return
        try:
            os.kill(self._pid, 0)
        except ProcessLookupError:
            log.warning("The worker beside the server has ended; another begins.")
            db.engine.dispose(close=False)
            self.begin(listeners)


class _Arbiter(Arbiter):  # type: ignore[misc]
    def manage_workers(self) -> None:
        """See that all processes run; asked every second."""
        super().manage_workers()
        self.app.beside.keep(self.LISTENERS)


class _Server(Application):  # type: ignore[misc]
    def __init__(self, app: Flask, bind: str, workers: int, greeting: str) -> None:
        self._site = app
        self.beside = _Beside()
        self._options = {"bind": bind, "workers": workers}
        self._greeting = greeting
        super().__init__(prog="broadsheet serve")

    def load_config(self) -> None:
        """Take the settings of gunicorn.conf.py, and what was typed over them."""
        self.load_config_from_file(str(ROOT / "gunicorn.conf.py"))
        for name, value in self._options.items():
            self.cfg.set(name, value)
        self.cfg.set("when_ready", self._greet)
        self.cfg.set("loglevel", "warning")

    def run(self) -> None:
        """Begin what runs beside it, which so shares its memory, and serve."""
        self.beside.begin()
        _Arbiter(self).run()

    def load(self) -> Flask:
        """Give the site that is loaded already."""
        return self._site

    def _greet(self, _server: object) -> None:
        print(self._greeting, flush=True)  # noqa: T201 - this is what the command prints


def serve(app: Flask, bind: str, workers: int) -> None:
    """Serve until stopped, having said where and what to try first."""
    db.session.remove()
    db.engine.dispose()
    with app.app_context():
        _Server(app, bind, workers, _greeting(bind)).run()


def _greeting(bind: str) -> str:
    address = shown_address(bind)
    host, _ = split_bind(bind)
    hint = ""
    if host in ("0.0.0.0", "::"):  # noqa: S104
        hint = (
            "\n  Other machines are answered under the names in BROADSHEET_SITE_URL and"
            "\n  BROADSHEET_ALLOWED_HOSTS alone.\n"
        )
    return (
        f"\n  Broadsheet is at {address}\n\n"
        "  Three things to try next:\n"
        f"    open {address}/search?q=theodolite and see the passage it stands in\n"
        "    bin/broadsheet import markdown FOLDER   to bring in your own articles\n"
        "    bin/broadsheet doctor                   to see that all is well\n\n"
        f"{hint}"
        "  Ctrl-C stops it.\n"
    )
