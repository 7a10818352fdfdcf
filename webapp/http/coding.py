"""Content codings: which one an answer goes in, and bytes in it.

RFC 9110, sections 8.4 and 12.5.3. What is compressed here holds nothing that is secret to the
reader it goes to; so the length of an answer tells a listener nothing (BREACH).
"""

from __future__ import annotations

import gzip
from functools import lru_cache

import brotli
import zstandard
from flask import Flask, Response, request

IDENTITY = "identity"
SMALLEST_FIRST = ("br", "zstd", "gzip")
FASTEST_FIRST = ("zstd", "br", "gzip")
# Under it the headers of a coding outweigh what it saves.
WORTH_BYTES = 400
_TEXTS = ("json", "xml", "javascript")


def attach(app: Flask) -> None:
    """Compress every text that is worth it, fast, on its way out."""
    app.after_request(_compress)


def is_text(media_type: str) -> bool:
    """Whether a media type is one that compresses well; pictures are compressed already."""
    kind = media_type.partition(";")[0].strip().lower()
    return kind.startswith("text/") or kind.endswith(_TEXTS) or kind.endswith("rules+json")


# Bounded, and asked for by a handful of browsers again and again.
@lru_cache(maxsize=256)
def choose(accepted: str, offered: tuple[str, ...]) -> str:
    """Give the coding a client likes best of those offered, which are in our own order.

    What it does not name it takes as it likes `*`, or not at all. Whoever sends no such
    header could take any, and gets none.
    """
    liked = _qualities(accepted)
    others = liked.get("*", 0.0)
    best, quality = IDENTITY, liked.get(IDENTITY, 0.0)
    for coding in offered:
        if liked.get(coding, others) > quality or (
            best == IDENTITY and 0 < liked.get(coding, others) == quality
        ):
            best, quality = coding, liked.get(coding, others)
    return best


def _qualities(accepted: str) -> dict[str, float]:
    liked = {}
    for part in accepted.lower().split(","):
        name, _, weight = part.partition(";")
        key, _, value = weight.partition("=")
        try:
            quality = float(value) if key.strip() == "q" else 1.0
        except ValueError:
            quality = 0.0
        liked[name.strip().removeprefix("x-")] = min(quality, 1.0)
    return liked


def compress(coding: str, plain: bytes, *, thoroughly: bool) -> bytes:
    """Give bytes in a coding: thoroughly what goes out often, fast what goes out once."""
    if coding == "br":
        quality = 11 if thoroughly else 5
        return bytes(brotli.compress(plain, mode=brotli.MODE_TEXT, quality=quality))
    if coding == "zstd":
        return zstandard.ZstdCompressor(level=19 if thoroughly else 3).compress(plain)
    return gzip.compress(plain, 9 if thoroughly else 5, mtime=0)


def _compress(response: Response) -> Response:
    """Compress an answer; a validator it has then speaks of its meaning, not of its bytes."""
    if not is_text(response.mimetype or "") or response.status_code in (204, 206, 304):
        return response
    response.vary.add("Accept-Encoding")
    coding = choose(request.headers.get("Accept-Encoding", ""), FASTEST_FIRST)
    if coding == IDENTITY or response.content_encoding:
        return response
    response.direct_passthrough = False
    plain = response.get_data()
    if len(plain) < WORTH_BYTES:
        return response
    response.set_data(compress(coding, plain, thoroughly=False))
    response.content_encoding = coding
    etag, _ = response.get_etag()
    if etag:
        response.set_etag(etag, weak=True)
    return response
