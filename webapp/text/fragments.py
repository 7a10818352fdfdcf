"""Links to words on a page: text directives, as browsers read them behind the hash.

The form is that of "URL Fragment Text Directives" (W3C Community Group draft, 2024):
`#:~:text=words`, repeated for more words; "-", "," and "&" have to be escaped in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from html import unescape
from urllib.parse import quote

MOST_WORDS = 5
_MARKED = re.compile(r"<mark>(.*?)</mark>")


def fragment_of(passages: Iterable[str]) -> str:
    """Give the text directives for what is marked in these passages; empty where nothing is."""
    marked = [text for passage in passages for text in _MARKED.findall(passage)]
    directives = [*dict.fromkeys(_directive(text) for text in dict.fromkeys(marked))][:MOST_WORDS]
    joined = "&".join(filter(None, directives))
    return f":~:{joined}" if joined else ""


@lru_cache(maxsize=2000)  # the same few words are marked all over a page of results
def _directive(marked: str) -> str:
    word = " ".join(unescape(marked).split())
    return f"text={quote(word, safe='').replace('-', '%2D')}" if word else ""
