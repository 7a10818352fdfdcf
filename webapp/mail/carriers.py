"""Three carriers of one shape: an SMTP server, a folder of files, a list in memory."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP
from functools import partial
from pathlib import Path
from urllib.parse import unquote, urlsplit

from webapp.mail.contract import AddressRefused, MailDelayed, Send

TIMEOUT_SECONDS = 30
LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(slots=True)
class MemoryCarrier:
    """Keeps what was sent: the plain definition of a carrier, for tests."""

    sent: list[EmailMessage] = field(default_factory=list)

    @contextmanager
    def connected(self) -> Iterator[Send]:
        """Give what puts a message into the list."""
        yield self.sent.append


@dataclass(frozen=True, slots=True)
class FolderCarrier:
    """Writes each message into a file of its own, named after the time and its Message-ID."""

    folder: Path
    write: Callable[[Path, bytes], None]
    """Writes a file that is whole or not there."""

    @contextmanager
    def connected(self) -> Iterator[Send]:
        """Give what writes a message. Raises MailDelayed where the folder cannot be made."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as problem:
            raise MailDelayed(_told(problem)) from problem
        yield self._send

    def _send(self, message: EmailMessage) -> None:
        name = str(message["Message-ID"]).strip("<>").partition("@")[0]
        try:
            self.write(self.folder / f"{name}.eml", message.as_bytes(policy=SMTP))
        except OSError as problem:
            raise MailDelayed(_told(problem)) from problem


@dataclass(frozen=True, slots=True)
class SmtpCarrier:
    """Hands messages to an SMTP server (RFC 5321), over TLS unless it is on this machine.

    `url` is smtps://… for TLS from the start (RFC 8314), or smtp://… for STARTTLS (RFC 3207);
    with name and password where the server wants them. Its certificate is checked.
    """

    url: str
    return_path: str

    @contextmanager
    def connected(self) -> Iterator[Send]:
        """Log in once and hand over as many as there are. Raises MailDelayed."""
        try:
            server = self._connect()
            try:
                self._begin(server)
            except BaseException:
                server.close()
                raise
        except (OSError, smtplib.SMTPException) as problem:
            raise MailDelayed(_told(problem)) from problem
        try:
            yield partial(self._send, server)
        finally:
            server.close()

    def _connect(self) -> smtplib.SMTP:
        parts = urlsplit(self.url)
        host = parts.hostname or ""
        if parts.scheme == "smtp":
            return smtplib.SMTP(host, parts.port or 587, timeout=TIMEOUT_SECONDS)
        context = ssl.create_default_context()
        return smtplib.SMTP_SSL(host, parts.port or 465, timeout=TIMEOUT_SECONDS, context=context)

    def _begin(self, server: smtplib.SMTP) -> None:
        """Go over to TLS and log in."""
        parts = urlsplit(self.url)
        server.ehlo()
        if parts.scheme == "smtp" and (
            parts.hostname not in LOOPBACK or server.has_extn("starttls")
        ):
            server.starttls(context=ssl.create_default_context())
            server.ehlo()
        if parts.username:
            server.login(unquote(parts.username), unquote(parts.password or ""))

    def _send(self, server: smtplib.SMTP, message: EmailMessage) -> None:
        try:
            server.send_message(message, self.return_path, [str(message["To"])])
        except smtplib.SMTPRecipientsRefused as problem:
            ((code, said),) = problem.recipients.values()
            raise _refusal(code, said) from problem
        except smtplib.SMTPResponseException as problem:
            # What is said of the message or the sender is not the address's fault.
            raise MailDelayed(_told(problem)) from problem
        except (OSError, smtplib.SMTPException) as problem:
            raise MailDelayed(_told(problem)) from problem


def _refusal(code: int, said: bytes | str) -> Exception:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    # RFC 5321, 4.2.1: 5yz is for good, 4yz is for now.
    kind = AddressRefused if 500 <= code < 600 else MailDelayed
    return kind(f"{code} {text}"[:300])


def _told(problem: Exception) -> str:
    if isinstance(problem, smtplib.SMTPResponseException):
        said = problem.smtp_error
        text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
        return f"{problem.smtp_code} {text}"[:300]
    return f"{type(problem).__name__}: {problem}"[:300]
