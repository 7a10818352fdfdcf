"""Links to words on a page: text directives, as browsers read them behind the hash.

The form is that of "URL Fragment Text Directives" (W3C Community Group draft, 2024):
`#:~:text=words`, repeated for more words; "-", "," and "&" have to be escaped in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import unescape
from urllib.parse import quote

MOST_WORDS = 5
_MARKED = re.compile(r"<mark>(.*?)</mark>")


def fragment_of(passages: Iterable[str]) -> str:
    """Give the text directives for what is marked in these passages; empty where nothing is."""
    marked = (unescape(text) for passage in passages for text in _MARKED.findall(passage))
    words = list(dict.fromkeys(" ".join(text.split()) for text in marked))[:MOST_WORDS]
    directives = (f"text={quote(word, safe='').replace('-', '%2D')}" for word in words if word)
    joined = "&".join(directives)
    return f":~:{joined}" if joined else ""
