"""The signature by which others know that a mail is ours and whole (DKIM, RFC 6376)."""

from __future__ import annotations

import dkim

# All that readers and their programs see or act on (RFC 6376, 5.4.1; RFC 8058, 4).
SIGNED = (
    b"from to subject date message-id mime-version content-type content-transfer-encoding"
    b" auto-submitted list-id list-unsubscribe list-unsubscribe-post"
).split()


def sign(content: bytes, *, domain: str, selector: str, key: str) -> bytes:
    """Give a message with its signature before it.

    `key` is an RSA key as PEM; its public half stands in DNS at <selector>._domainkey.<domain>.
    Nobody can add a second From to what was signed.
    """
    head = b"\r\n" + content.partition(b"\r\n\r\n")[0].lower()
    present = [name for name in SIGNED if b"\r\n" + name + b":" in head]
    signature = dkim.sign(
        content,
        selector.encode(),
        domain.encode(),
        key.encode(),
        canonicalize=(b"relaxed", b"relaxed"),
        include_headers=[*present, b"from"],
    )
    return bytes(signature) + content


def is_signed_by(content: bytes, record: str) -> bool:
    """Whether the signature of a message fits a record of DNS."""
    try:
        return bool(dkim.verify(content, dnsfunc=lambda *_, **__: record.encode()))
    except dkim.DKIMException:
        return False
