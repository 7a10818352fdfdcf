"""Signed mail: others can tell that it is ours and whole."""

from __future__ import annotations

import dkim
import pytest

from tests.mail.keys import KEY, OTHER, PUBLIC, SHORT
from webapp.mail.signing import is_signed_by, sign
from webapp.text.keys import KeyUnusable, dns_record

CONTENT = (
    b"To: ada@example.org\r\nFrom: Letter <letter@news.example.net>\r\nSubject: Hello\r\n"
    b"List-Unsubscribe: <https://news.example.net/leave>\r\n"
    b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n\r\nText.\r\n"
)


def signed(key: str = KEY) -> bytes:
    return sign(CONTENT, domain="news.example.net", selector="letter", key=key)


def test_the_record_is_what_openssl_says() -> None:
    assert dns_record(KEY) == f"v=DKIM1; k=rsa; p={PUBLIC}"


def test_a_signed_message_is_verified_by_the_record_at_its_selector() -> None:
    asked: list[bytes] = []

    def answer(name: bytes, timeout: int = 5) -> bytes:
        asked.append(name)
        return dns_record(KEY).encode()

    assert dkim.verify(signed(), dnsfunc=answer)
    assert asked == [b"letter._domainkey.news.example.net."]
    assert signed().endswith(CONTENT)


def test_another_key_a_changed_text_and_a_second_from_are_seen() -> None:
    record = dns_record(KEY)
    assert is_signed_by(signed(), record)
    assert not is_signed_by(signed(OTHER), record)
    assert not is_signed_by(signed().replace(b"Text.", b"Test."), record)
    assert not is_signed_by(b"From: evil@example.com\r\n" + signed(), record)
    assert not is_signed_by(signed(), "v=DKIM1; p=rubbish")
    for header in (b"List-Unsubscribe: <https://evil", b"Subject: Goodbye"):
        name = header.partition(b":")[0]
        assert not is_signed_by(signed().replace(name + b": ", header + b" "), record)


@pytest.mark.parametrize("key", ["", "rubbish", "-----BEGIN X-----\nAAAA\n-----END X-----", SHORT])
def test_what_is_no_key_is_refused(key: str) -> None:
    with pytest.raises(KeyUnusable, match="RSA key"):
        dns_record(key)
