"""Three carriers of one shape: an SMTP server, a folder of files, a list in memory."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from functools import partial
from pathlib import Path
from urllib.parse import unquote, urlsplit

from webapp.mail.contract import (
    AddressRefused,
    CarrierDown,
    CarrierRefuses,
    Mail,
    MailDelayed,
    MessageRefused,
    Send,
)

TIMEOUT_SECONDS = 30
LOOPBACK = ("127.0.0.1", "localhost", "::1")
# RFC 5321, 3.8: "closing transmission channel".
CLOSING = 421
# RFC 1870, 6.1: said of the sender, and meant of this one message.
TOO_LARGE = 552


@dataclass(slots=True)
class MemoryCarrier:
    """Keeps what was sent: the plain definition of a carrier, for tests."""

    mails: list[Mail] = field(default_factory=list)
    sent: list[EmailMessage] = field(default_factory=list)
    """The same as a mail program reads them."""

    @contextmanager
    def connected(self) -> Iterator[Send]:
        """Give what puts a mail into the lists."""
        yield self._keep

    def _keep(self, mail: Mail) -> None:
        self.mails.append(mail)
        self.sent.append(message_from_bytes(mail.content, policy=default))


@dataclass(frozen=True, slots=True)
class FolderCarrier:
    """Writes each message into a file of its own, named after its Message-ID."""

    folder: Path
    write: Callable[[Path, bytes], None]
    """Writes a file that is whole or not there."""

    @contextmanager
    def connected(self) -> Iterator[Send]:
        """Give what writes a message. Raises CarrierDown where the folder cannot be made."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as problem:
            raise CarrierDown(_told(problem)) from problem
        yield self._send

    def _send(self, mail: Mail) -> None:
        try:
            self.write(self.folder / f"{mail.id.partition('@')[0]}.eml", mail.content)
        except OSError as problem:
            raise CarrierDown(_told(problem)) from problem


@dataclass(frozen=True, slots=True)
class SmtpCarrier:
    """Hands messages to an SMTP server (RFC 5321), over TLS unless it is on this machine.

    `url` is smtps://… for TLS from the start (RFC 8314), or smtp://… for STARTTLS (RFC 3207);
    with name and password where the server wants them. Its certificate is checked.
    """

    url: str

    @contextmanager
    def connected(self) -> Iterator[Send]:
        """Log in once and hand over as many as there are. Raises CarrierDown, CarrierRefuses."""
        with self._server() as server:
            yield partial(_send, server)

    @contextmanager
    def _server(self) -> Iterator[smtplib.SMTP]:
        try:
            server = self._connect()
            try:
                self._begin(server)
            except BaseException:
                server.close()
                raise
        except smtplib.SMTPAuthenticationError as problem:
            raise _of_all(problem) from problem
        except (OSError, smtplib.SMTPException) as problem:
            raise CarrierDown(_told(problem)) from problem
        try:
            yield server
        finally:
            server.close()

    def probe(self, sender: str) -> None:
        """See whether the server would take a mail; none is sent. Raises as `connected`."""
        with self._server() as server:
            for code, said in (server.mail(sender), server.rcpt(sender), server.rset()):
                if code >= 400:
                    raise _of_all(smtplib.SMTPResponseException(code, said))

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


def _send(server: smtplib.SMTP, mail: Mail) -> None:
    options: list[str] = []
    if not mail.recipient.isascii():
        if not server.has_extn("smtputf8"):
            raise AddressRefused("The mail server takes no address with such letters (RFC 6531).")
        options = ["SMTPUTF8", "BODY=8BITMIME"]
    try:
        server.sendmail(mail.return_path, [mail.recipient], mail.content, options)
    except smtplib.SMTPRecipientsRefused as problem:
        ((code, said),) = problem.recipients.values()
        raise _refusal(code, said, AddressRefused) from problem
    except smtplib.SMTPSenderRefused as problem:
        if problem.smtp_code == TOO_LARGE:
            raise MessageRefused(_told(problem)) from problem
        raise _of_all(problem) from problem
    except smtplib.SMTPDataError as problem:
        raise _refusal(problem.smtp_code, problem.smtp_error, MessageRefused) from problem
    except (OSError, smtplib.SMTPException) as problem:
        raise CarrierDown(_told(problem)) from problem


def _refusal(code: int, said: bytes | str, for_good: type[Exception]) -> Exception:
    """Give what a refusal of one mail means (RFC 5321, 4.2.1: 5yz is for good, 4yz for now)."""
    if code == CLOSING:
        return CarrierDown(_words(code, said))
    kind = for_good if 500 <= code < 600 else MailDelayed
    return kind(_words(code, said))


def _of_all(problem: smtplib.SMTPResponseException) -> Exception:
    """Give what a refusal of the sender, or of the login, means."""
    kind = CarrierRefuses if 500 <= problem.smtp_code < 600 else CarrierDown
    return kind(_told(problem))


def _words(code: int, said: bytes | str) -> str:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return f"{code} {text}"[:300]


def _told(problem: Exception) -> str:
    if isinstance(problem, smtplib.SMTPResponseException):
        return _words(problem.smtp_code, problem.smtp_error)
    return f"{type(problem).__name__}: {problem}"[:300]
