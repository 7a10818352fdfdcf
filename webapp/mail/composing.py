"""A message from its templates, written once and filled in for each reader."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr

import css_inline
from flask import render_template

# For headers alone: one with an address longer than a line would be encoded, and not be read by
# all programs.
_LINES = SMTP.clone(max_line_length=76)  # RFC 2045, 6.7
_LONG_LINES = SMTP.clone(max_line_length=900)
_inliner = css_inline.CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)


def compose(
    template: str,
    /,
    *,
    sender: tuple[str, str],
    at: datetime,
    headers: Mapping[str, str],
    **names: object,
) -> EmailMessage:
    """Write the letter of that name: a subject, a plain text, and the same as HTML.

    `sender` is name and address, `headers` are those besides the usual ones; `names` go to the
    templates mail/<letter>/{subject.txt,body.txt,body.html}. The styles of the HTML stand at its
    elements, for programs that read no others. Needs the application's context.
    """
    subject, text, html = (
        render_template(f"mail/{template}/{part}", **names)
        for part in ("subject.txt", "body.txt", "body.html")
    )
    message = EmailMessage(policy=_LINES)
    message["From"] = formataddr(sender)
    message["Subject"] = " ".join(subject.split())
    message["Date"] = format_datetime(at)
    # RFC 3834: no machine shall answer it.
    message["Auto-Submitted"] = "auto-generated"
    for name, value in headers.items():
        message[name] = value
    message.set_content(_squeezed(text), cte="quoted-printable")
    message.add_alternative(_inliner.inline(html), subtype="html", cte="quoted-printable")
    return message


def _squeezed(text: str) -> str:
    """Give a text without the empty lines that conditions in its template leave."""
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


@dataclass(frozen=True, slots=True)
class Stencil:
    """A message that is another for each reader in a few places only.

    To put these in takes a thousandth of the time that it takes to compose the message.
    """

    pieces: tuple[bytes, ...]
    """What stands before, between and after the places."""
    places: tuple[tuple[str, bool], ...]
    """The mark of each place, and whether it is in a body."""

    @classmethod
    def of(cls, message: EmailMessage, marks: Iterable[str]) -> Stencil:
        """Find the marks, each a word of ASCII letters, in the message."""
        content = message.as_bytes(policy=_LONG_LINES)
        head = content.index(b"\r\n\r\n")
        # Quoted-printable breaks lines anywhere, also in the midst of a mark (RFC 2045, 6.7).
        words = ("(?:=\r\n)?".join(mark) for mark in marks)
        found = list(re.finditer("|".join(words).encode(), content))
        edges = [0, *(edge for each in found for edge in each.span()), len(content)]
        pieces = (content[a:b] for a, b in zip(edges[::2], edges[1::2], strict=True))
        places = ((each[0].replace(b"=\r\n", b"").decode(), each.start() > head) for each in found)
        return cls(tuple(pieces), tuple(places))

    def filled(self, values: Mapping[str, str], headers: Mapping[str, str]) -> bytes:
        """Give the message with values, of at most 75 characters of ASCII, at the marks.

        `headers` come before its own.
        """
        parts = [b"".join(f"{name}: {value}\r\n".encode() for name, value in headers.items())]
        for piece, (mark, is_in_body) in zip(self.pieces, self.places, strict=False):
            value = values[mark].encode()
            # A line of its own, that joins the lines around it.
            parts += (piece, b"=\r\n" + value + b"=\r\n" if is_in_body else value)
        return b"".join([*parts, self.pieces[-1]])
