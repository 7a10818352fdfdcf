"""Addresses made of titles and names."""

from __future__ import annotations

import hashlib
import re

from slugify import slugify

SLUG_LENGTH = 100


def make_slug(text: str, length: int = SLUG_LENGTH) -> str:
    """Give lower-case ASCII words joined by hyphens, cut between words.

    A text with nothing in it that can be written so gets a name of its own, the same
    each time.
    """
    slug = str(slugify(text, max_length=length, word_boundary=True, save_order=True))
    return slug or "x" + hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:10]


def is_slug(text: str) -> bool:
    """Whether the text can stand in an address as it is."""
    return bool(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", text)) and len(text) <= SLUG_LENGTH * 2


def number_slug(slug: str, number: int) -> str:
    """Give the slug with a number behind it, for when it is taken; never too long for a slug."""
    ending = f"-{number}"
    return slug[: SLUG_LENGTH * 2 - len(ending)].rstrip("-") + ending
