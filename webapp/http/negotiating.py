"""Which of an article's forms a request wants; both stand at one address, told apart by Accept.

A cache that stands in front and keeps pages by their path has to ask `wants_markdown` too,
or keep to the `Vary: Accept` that these answers carry.
"""

from __future__ import annotations

from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header

MARKDOWN = "text/markdown"


def wants_markdown(accept: str) -> bool:
    """Whether an Accept header wants Markdown more than HTML; browsers never do."""
    if MARKDOWN not in accept.lower():
        return False
    wanted = parse_accept_header(accept, MIMEAccept)
    return wanted.best_match(["text/html", MARKDOWN]) == MARKDOWN
