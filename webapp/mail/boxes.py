"""Where mail arrives for us: a maildir, an mbox, an IMAP server, a pipe.

Each gives the beginning of every message, so much as it is asked for, and takes one for read
when the next is asked for: what stopped half-way comes again.
"""

from __future__ import annotations

import imaplib
import mailbox
import ssl
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote, urlsplit

TIMEOUT_SECONDS = 30
IMAPS_PORT = 993
PIECE = 1 << 16


class BoxUnreadable(Exception):
    """Messages cannot be had from there; the message is a sentence, without name or password."""


def open_box(source: str, longest: int, most: int | None = None) -> Iterator[bytes]:
    """Give the messages of a maildir folder, an mbox file, or imaps://name:password@host/INBOX.

    `longest` is in bytes; `most` says how many messages at most. Raises BoxUnreadable.
    """
    if "://" in source:
        return _imap(source, longest, most)
    path = Path(source)
    if path.is_dir():
        return _maildir(path, longest, most)
    if path.is_file():
        return _mbox(path, longest, most)
    raise BoxUnreadable(f"There is no folder or file {source}.")


def piped(stream: BinaryIO, longest: int) -> Iterator[bytes]:
    """Give the one message that is piped to us, and let who pipes it come to an end."""
    yield stream.read(longest)
    while stream.read(PIECE):
        pass


def _maildir(folder: Path, longest: int, most: int | None) -> Iterator[bytes]:
    """Give the new messages of a maildir; those that were read go to cur/, as seen."""
    new, seen = folder / "new", folder / "cur"
    if not new.is_dir() or not seen.is_dir():
        raise BoxUnreadable(f"The folder {folder} is no maildir: it has no new/ and cur/.")
    with _told_plainly(f"The folder {folder}"):
        for path in sorted(path for path in new.iterdir() if path.is_file())[:most]:
            with suppress(FileNotFoundError):  # another program was first
                with path.open("rb") as file:
                    content = file.read(longest)
                yield content
                path.rename(seen / f"{path.name.partition(':')[0]}:2,S")


def _mbox(path: Path, longest: int, most: int | None) -> Iterator[bytes]:
    """Give all messages of an mbox (RFC 4155), which stays as it is."""
    with _told_plainly(f"The file {path}"):
        with path.open("rb") as file:
            if file.read(5) not in (b"", b"From "):
                raise BoxUnreadable(f"The file {path} is no mbox: it does not begin with “From ”.")
        with closing(mailbox.mbox(path, create=False)) as box:
            for key in box.keys()[:most]:
                with box.get_file(key) as message:
                    yield message.read(longest)


def _imap(url: str, longest: int, most: int | None) -> Iterator[bytes]:
    """Give the unseen messages of a folder on an IMAP server (RFC 3501, TLS as in RFC 8314)."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port or IMAPS_PORT
    except ValueError:
        host = None
    if not host or parts.scheme != "imaps" or not parts.password:
        raise BoxUnreadable("Give the box as imaps://name:password@host/INBOX.")
    named = unquote(parts.username or ""), unquote(parts.password)
    with _told_plainly(f"The mail server {host}"), _logged_in(host, port, *named) as server:
        _select(server, host, unquote(parts.path.strip("/")) or "INBOX")
        _, (found, *_) = server.uid("SEARCH", "UNSEEN")
        for number in (found or b"").decode().split()[:most]:
            # PEEK: a message that nobody has understood yet is not to be seen.
            _, answer = server.uid("FETCH", number, f"(BODY.PEEK[]<0.{longest}>)")
            content = next((part[1] for part in answer if isinstance(part, tuple)), None)
            if content is not None:  # None: another program has removed it
                yield content
                server.uid("STORE", number, "+FLAGS.SILENT", r"(\Seen)")


@contextmanager
def _told_plainly(what: str) -> Iterator[None]:
    try:
        yield
    except (OSError, UnicodeError, imaplib.IMAP4.error) as problem:
        # What a server says may repeat names.
        why = problem.strerror if isinstance(problem, OSError) else None
        told = why or "it does not answer as it should"
        raise BoxUnreadable(f"{what} could not be read ({told}).") from problem


@contextmanager
def _logged_in(host: str, port: int, name: str, password: str) -> Iterator[imaplib.IMAP4_SSL]:
    context = ssl.create_default_context()
    server = imaplib.IMAP4_SSL(host, port, ssl_context=context, timeout=TIMEOUT_SECONDS)
    try:
        try:
            # PLAIN (RFC 4616), which every server has, takes names and passwords of any letters.
            server.authenticate("PLAIN", lambda _: f"\0{name}\0{password}".encode())
        except imaplib.IMAP4.abort:
            raise
        except imaplib.IMAP4.error as problem:
            raise BoxUnreadable(f"The mail server {host} refused the login.") from problem
        yield server
    finally:
        with suppress(OSError, imaplib.IMAP4.error):
            server.logout()


def _select(server: imaplib.IMAP4_SSL, host: str, folder: str) -> None:
    quoted = '"' + folder.replace("\\", r"\\").replace('"', r"\"") + '"'
    answer, _ = server.select(quoted)
    if answer != "OK":
        raise BoxUnreadable(f"The mail server {host} has no folder of that name.")
