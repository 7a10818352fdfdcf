"""What every carrier does, and how each fails."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.mail.keys import CERTIFICATE, CERTIFIED
from tests.test_serving import free_port
from webapp.mail import (
    AddressRefused,
    CarrierDown,
    CarrierRefuses,
    FolderCarrier,
    Mail,
    MailDelayed,
    MemoryCarrier,
    MessageRefused,
    SmtpCarrier,
)
from webapp.services.storage import write_durably


class Box:
    """What a real server of SMTP took in, and whom it turns away."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, list[str], bytes]] = []
        self.connections = 0

    async def handle_EHLO(  # noqa: N802 - the library's own name
        self, _server: SMTP, session: Session, _envelope: Envelope, hostname: str, words: list[str]
    ) -> list[str]:
        self.connections += 1
        session.host_name = hostname
        return words

    async def handle_MAIL(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _o: list[str]
    ) -> str:
        if address.startswith("forged"):
            return "550 5.7.1 not your domain"
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _o: list[str]
    ) -> str:
        if address.startswith("gone"):
            return "550 5.1.1 nobody of that name"
        if address.startswith("closing"):
            return "421 4.3.2 closing"
        if address.startswith("full"):
            return "452 4.2.2 the box is full"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.original_content or b""
        if b"Subject: refuse" in content:
            return "554 5.7.1 not this"
        self.taken.append((envelope.mail_from or "", envelope.rcpt_tos, content))
        return "250 OK"


@contextmanager
def server(box: Box, **how: Any) -> Iterator[str]:
    controller = Controller(box, hostname="127.0.0.1", port=free_port(), **how)
    controller.start()
    try:
        yield f"smtp://127.0.0.1:{controller.port}"
    finally:
        controller.stop()


def mail(to: str = "ada@example.org", subject: str = "Hello", sender: str = "b@x.example") -> Mail:
    content = message(to, subject).as_bytes()
    return Mail(to, sender, f"{to.partition('@')[0]}.{subject}@example.com", content)


def message(to: str = "ada@example.org", subject: str = "Hello") -> EmailMessage:
    written = EmailMessage(policy=SMTP_POLICY)
    written["From"], written["To"], written["Subject"] = "letter@example.com", to, subject
    written["Message-ID"] = f"<{to.partition('@')[0]}.{subject}@example.com>"
    written.set_content("Łódź, naïve.\n.\nA dot by itself.\n", cte="quoted-printable")
    return written


def test_a_server_gets_the_message_as_it_was_written_under_our_return_path() -> None:
    box = Box()
    with server(box) as url, SmtpCarrier(url).connected() as send:
        send(mail(sender="bounce@example.com"))
    ((sender, to, content),) = box.taken
    assert (sender, to) == ("bounce@example.com", ["ada@example.org"])
    read = message_from_bytes(content, policy=default)
    assert read.get_content().replace("\r\n", "\n") == message().get_content()


def test_a_message_that_is_too_large_for_a_server_says_nothing_of_the_others() -> None:
    box = Box()
    with server(box, data_size_limit=2_000) as url, SmtpCarrier(url).connected() as send:
        with pytest.raises(MessageRefused, match="552"):
            send(mail(subject="long" * 1_000))
        send(mail())
    assert len(box.taken) == 1


def test_one_connection_serves_many_messages_and_one_refusal_stops_none() -> None:
    box = Box()
    with server(box) as url, SmtpCarrier(url).connected() as send:
        send(mail("ada@example.org"))
        with pytest.raises(AddressRefused, match="nobody of that name"):
            send(mail("gone@example.org"))
        with pytest.raises(MailDelayed, match="452"):
            send(mail("full@example.org"))
        # A message that is refused says nothing of the address.
        with pytest.raises(MessageRefused, match="554"):
            send(mail(subject="refuse"))
        send(mail("eve@example.org"))
    assert [to for _, to, _ in box.taken] == [["ada@example.org"], ["eve@example.org"]]
    assert box.connections == 1


def test_a_server_that_is_away_is_down() -> None:
    carrier = SmtpCarrier(f"smtp://127.0.0.1:{free_port()}")
    with pytest.raises(CarrierDown, match="refused"), carrier.connected():
        pass


def test_a_server_that_goes_away_between_two_messages_is_down() -> None:
    box = Box()
    with server(box) as url, SmtpCarrier(url).connected() as send:
        send(mail("ada@example.org"))
        with pytest.raises(CarrierDown):
            send(mail("closing@example.org"))
        with pytest.raises(CarrierDown):
            send(mail("eve@example.org"))
    assert [to for _, to, _ in box.taken] == [["ada@example.org"]]


@pytest.fixture
def certified(tmp_path: Path) -> ssl.SSLContext:
    """What a server has to show that it is localhost, to those who trust the certificate."""
    file = tmp_path / "certificate.pem"
    file.write_text(CERTIFICATE + CERTIFIED)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


@pytest.fixture
def trust(tmp_path: Path, certified: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch) -> None:
    """Trust it as a public authority."""
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))


def know_ada(_s: SMTP, _session: Session, _e: Envelope, _kind: str, given: object) -> AuthResult:
    assert isinstance(given, LoginPassword)
    return AuthResult(success=given.password == b"right", handled=False)


@pytest.mark.parametrize(
    ("scheme", "how"), [("smtp", "tls_context"), ("smtps", "ssl_context")], ids=["STARTTLS", "TLS"]
)
def test_a_password_and_a_mail_go_to_a_server_whose_certificate_is_trusted(
    scheme: str, how: str, certified: ssl.SSLContext, trust: None
) -> None:
    box, login = Box(), {"authenticator": know_ada, "auth_require_tls": True}
    more = {"require_starttls": True} if scheme == "smtp" else {"auth_require_tls": False}
    with server(box, **{how: certified}, **(login | more)) as url:
        url = url.replace("smtp://127.0.0.1", f"{scheme}://ada:right@localhost")
        with SmtpCarrier(url).connected() as send:
            send(mail())
    assert len(box.taken) == 1


@pytest.mark.parametrize(
    ("scheme", "how"), [("smtp", "tls_context"), ("smtps", "ssl_context")], ids=["STARTTLS", "TLS"]
)
def test_to_a_server_that_cannot_show_who_it_is_goes_no_password(
    scheme: str, how: str, certified: ssl.SSLContext
) -> None:
    asked: list[object] = []

    def know(_s: SMTP, _session: Session, _e: Envelope, _kind: str, given: object) -> AuthResult:
        asked.append(given)
        return AuthResult(success=True)

    login = {"authenticator": know, "auth_require_tls": False}
    with server(Box(), **{how: certified}, **login) as url:
        url = url.replace("smtp://127.0.0.1", f"{scheme}://ada:right@localhost")
        with pytest.raises(CarrierDown, match="CERTIFICATE"), SmtpCarrier(url).connected():
            pass
    assert asked == []


def test_a_certificate_of_another_host_is_none(certified: ssl.SSLContext, trust: None) -> None:
    with server(Box(), ssl_context=certified) as url:
        url = url.replace("smtp://", "smtps://")
        with pytest.raises(CarrierDown, match="IP address mismatch"), SmtpCarrier(url).connected():
            pass


def test_a_server_that_knows_no_login_is_down() -> None:
    with server(Box()) as url:
        named = url.replace("smtp://", "smtp://letter:secret%40@")
        with pytest.raises(CarrierDown), SmtpCarrier(named).connected():
            pass


def test_a_server_that_refuses_the_login_or_the_sender_takes_nothing_from_us() -> None:
    def know(_s: SMTP, _session: Session, _e: Envelope, _kind: str, given: object) -> AuthResult:
        assert isinstance(given, LoginPassword)
        return AuthResult(success=given.password == b"right@", handled=False)

    box = Box()
    with server(box, authenticator=know, auth_require_tls=False) as url:
        wrong, right = (
            url.replace("smtp://", f"smtp://letter:{word}%40@") for word in ("wrong", "right")
        )
        with pytest.raises(CarrierRefuses, match="535"), SmtpCarrier(wrong).connected():
            pass
        with SmtpCarrier(right).connected() as send:
            send(mail())
            with pytest.raises(CarrierRefuses, match="not your domain"):
                send(mail(sender="forged@example.net"))
    assert len(box.taken) == 1


def test_an_address_with_letters_of_its_own_needs_a_server_that_knows_them() -> None:
    box = Box()
    with server(box, enable_SMTPUTF8=True) as url, SmtpCarrier(url).connected() as send:
        send(replace(mail(), recipient="łucja@example.org"))
    assert box.taken[0][1] == ["łucja@example.org"]
    with (
        server(Box(), enable_SMTPUTF8=False) as url,
        SmtpCarrier(url).connected() as send,
    ):
        with pytest.raises(AddressRefused, match="letters"):
            send(replace(mail(), recipient="łucja@example.org"))
        send(mail())


def test_a_folder_gets_a_file_of_each_message(tmp_path: Path) -> None:
    with FolderCarrier(tmp_path / "outbox", write_durably).connected() as send:
        send(mail("ada@example.org"))
        send(mail("eve@example.org"))
    files = sorted((tmp_path / "outbox").iterdir())
    assert [file.name for file in files] == ["ada.Hello.eml", "eve.Hello.eml"]
    read = message_from_bytes(files[0].read_bytes(), policy=default)
    assert read["To"] == "ada@example.org"
    assert read.get_content().replace("\r\n", "\n") == message().get_content()


def test_a_folder_that_cannot_be_made_is_down(tmp_path: Path) -> None:
    (tmp_path / "outbox").write_text("a file")
    with (
        pytest.raises(CarrierDown),
        FolderCarrier(tmp_path / "outbox", write_durably).connected(),
    ):
        pass


def test_memory_keeps_what_was_sent() -> None:
    carrier = MemoryCarrier()
    with carrier.connected() as send:
        send(mail())
    assert [sent["To"] for sent in carrier.sent] == ["ada@example.org"]
