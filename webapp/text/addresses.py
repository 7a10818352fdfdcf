"""Facts about web addresses."""

from __future__ import annotations

from urllib.parse import urlsplit


def is_web_address(url: str) -> bool:
    """Whether the text is an http(s) address with a host, printable and without blanks."""
    if not url.isprintable() or " " in url or len(url.encode()) > 2000:
        return False
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return False


def domain_of(url: str) -> str:
    """Give the host of a web address without port and leading www; empty where there is none."""
    if not is_web_address(url):
        return ""
    host = (urlsplit(url).hostname or "").lower().rstrip(".")
    return host.removeprefix("www.")[:255]
