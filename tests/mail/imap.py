"""A real server of IMAP with one box, that speaks TLS from the start, in a thread of its own."""

from __future__ import annotations

import asyncio
import imaplib
import ssl
import threading
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from proxyprotocol.reader import ProxyProtocolReader
from proxyprotocol.version import ProxyProtocolVersion
from pymap.backend.dict import DictBackend
from pymap.imap import IMAPServer, IMAPService
from pysasl.hashing import BuiltinHash

LOOPBACK = Path(__file__).resolve().parents[1] / "samples" / "loopback.pem"
NAME, PASSWORD = "bounces@example.org", "pa/ss wörd"
IN_AN_ADDRESS = "pa%2Fss%20w%C3%B6rd"


class Box:
    """What tests see of the server: its address, and its box by a connection of their own."""

    def __init__(self, port: int) -> None:
        self.port = port

    def url(self, password: str = IN_AN_ADDRESS, folder: str = "/INBOX") -> str:
        return f"imaps://bounces%40example.org:{password}@127.0.0.1:{self.port}{folder}"

    @contextmanager
    def opened(self) -> Iterator[imaplib.IMAP4_SSL]:
        trust = ssl.create_default_context(cafile=str(LOOPBACK))
        with imaplib.IMAP4_SSL("127.0.0.1", self.port, ssl_context=trust) as server:
            server.authenticate("PLAIN", lambda _: f"\0{NAME}\0{PASSWORD}".encode())
            server.select()
            yield server

    def put(self, *messages: bytes) -> None:
        with self.opened() as server:
            for message in messages:
                server.append("INBOX", "", "", message)

    def unseen(self) -> int:
        with self.opened() as server:
            return len(server.search(None, "UNSEEN")[1][0].split())


@contextmanager
def imap_server() -> Iterator[Box]:
    """Run a server until the test is over."""
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()
    port: list[int] = []
    started = threading.Event()

    async def serve() -> None:
        callback = await _callback()
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(LOOPBACK)
        server = await asyncio.start_server(callback, "127.0.0.1", 0, ssl=context)
        async with server:
            port.append(server.sockets[0].getsockname()[1])
            started.set()
            await stop.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    try:
        assert started.wait(30)
        yield Box(port[0])
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


async def _callback() -> ProxyProtocolReader:
    parser = ArgumentParser()
    parser.set_defaults(debug=False, passlib_cfg=None)
    IMAPService.add_arguments(parser)
    DictBackend.add_subparser("dict", parser.add_subparsers())
    words = ["--no-tls", "dict", "--demo-user", NAME, "--demo-password", PASSWORD]
    # One round: a password that nobody has to guess may be hashed fast.
    fast = BuiltinHash(rounds=1)
    backend, config = await DictBackend.init(parser.parse_args(words), hash_context=fast)
    config.apply_context()
    server = IMAPServer(backend.login, config)
    return ProxyProtocolReader(ProxyProtocolVersion.get("noop")).get_callback(server)
