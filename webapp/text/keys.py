"""Keys for signing mail, and what of them stands in DNS (RFC 6376, 3.6.1)."""

from __future__ import annotations

import base64

from dkim.crypto import UnparsableKeyError, parse_pem_private_key

SHORTEST_KEY_BITS = 1024  # RFC 8301, 3.2
_RSA = bytes.fromhex("06092a864886f70d0101010500")  # RFC 8017, A.1: rsaEncryption, NULL


class KeyUnusable(ValueError):
    """What was given as a key for signing is none."""


def dns_record(key: str) -> str:
    """Give the record that stands in DNS for a key. Raises KeyUnusable."""
    try:
        parsed = parse_pem_private_key(key.encode())
    except (UnparsableKeyError, ValueError, IndexError) as problem:
        raise KeyUnusable("give an RSA key as PEM, as openssl genrsa 2048 makes it") from problem
    modulus, exponent = parsed["modulus"], parsed["publicExponent"]
    if modulus.bit_length() < SHORTEST_KEY_BITS:
        raise KeyUnusable(f"give an RSA key of {SHORTEST_KEY_BITS} bits or more")
    # SubjectPublicKeyInfo (RFC 5280, 4.1) of an RSAPublicKey (RFC 8017, A.1.1).
    public = _der(0x30, _integer(modulus) + _integer(exponent))
    info = _der(0x30, _der(0x30, _RSA) + _der(0x03, b"\0" + public))
    return f"v=DKIM1; k=rsa; p={base64.b64encode(info).decode()}"


def _integer(number: int) -> bytes:
    return _der(0x02, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def _der(tag: int, content: bytes) -> bytes:
    """Give a value with its tag and length (X.690, 8.1)."""
    size = len(content)
    if size < 128:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content
