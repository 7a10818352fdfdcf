"""Which form of what stands at one address a request wants, told by its Accept header.

Answers that come in more than one form carry `Vary: Accept`. A cache in front that keeps
pages by their path has to put `form_wanted` into its key for those.
"""

from __future__ import annotations

from enum import StrEnum

from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header

MARKDOWN = "text/markdown"
_PAGE = "text/html"
_FEEDS = ("atom+xml", "rss+xml")


class Form(StrEnum):
    """What a request wants, of all the forms that anything here has."""

    ANY = "any"
    PAGE = "page"  # to be looked at by a person: what browsers ask for
    MARKDOWN = "markdown"


# An Accept header for each, for who asks in the name of all that want the form.
ACCEPTING = {Form.ANY: "*/*", Form.PAGE: _PAGE, Form.MARKDOWN: MARKDOWN}


def form_wanted(accept: str) -> Form:
    """Read an Accept header; one that cannot be read wants anything."""
    accept = accept.lower()
    if MARKDOWN in accept:
        wanted = parse_accept_header(accept, MIMEAccept)
        if wanted.best_match([_PAGE, MARKDOWN]) == MARKDOWN:
            return Form.MARKDOWN
    # Programs that read feeds name them, and often a page too, to find the feed on it.
    is_browser = _PAGE in accept and not any(feed in accept for feed in _FEEDS)
    return Form.PAGE if is_browser else Form.ANY
