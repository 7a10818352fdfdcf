"""Facts about web addresses, and the paths of our own that more than the pages know."""

from __future__ import annotations

from urllib.parse import urlsplit


def article_path(slug: str) -> str:
    """Give the path of an article's page."""
    return f"/articles/{slug}"


def letter_path(deed: str, token: str) -> str:
    """Give the path of what a signed link in a mail leads to."""
    return f"/newsletter/{deed}/{token}"


def edition_path(slug: str) -> str:
    """Give the path of an edition of the letter; of all of them where it names none."""
    return f"/letters/{slug}"


FEED_KINDS = ("atom", "rss", "json")


def feed_paths(*under: str) -> tuple[str, ...]:
    """Give the paths of the feeds of the site, or of what stands under these names."""
    return tuple("/".join(["", *under, f"feed.{kind}"]) for kind in FEED_KINDS)


def image_path(name: str) -> str:
    """Give the path of a stored picture."""
    return f"/images/{name}"


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
