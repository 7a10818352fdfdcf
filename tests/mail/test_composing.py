"""A message is composed once, and is each reader's own."""

from __future__ import annotations

import re
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP, default

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.mail import Stencil

MARKS = ("MARKOFDEPARTURE", "MARKOFPREFERENCES")
TOKEN = "IkhwdW9rT0ZqY1hNQ1pRZ0pBWVZRSVEi.aR2q5A.P0t3sJq7sCSqkKq9-Vd3_1hJb6c"


def message(text: str, html: str = "<p>Nothing.</p>") -> EmailMessage:
    written = EmailMessage(policy=SMTP.clone(max_line_length=76))
    written["Subject"] = "Hello"
    written["List-Unsubscribe"] = "<https://example.org/leave/MARKOFDEPARTURE>"
    written.set_content(text, cte="quoted-printable")
    written.add_alternative(html, subtype="html", cte="quoted-printable")
    return written


def read(content: bytes) -> tuple[EmailMessage, str, str]:
    message = message_from_bytes(content, policy=default)
    text, html = (message.get_body((kind,)) for kind in ("plain", "html"))
    assert text is not None
    assert html is not None
    shown = (part.get_content().replace("\r\n", "\n") for part in (text, html))
    return message, *shown


@given(st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp"))))
def test_a_mark_is_found_wherever_lines_are_broken(before: str) -> None:
    text = f"{before}/MARKOFDEPARTURE and MARKOFPREFERENCES.\n{before}\n"
    stencil = Stencil.of(message(text), MARKS)
    content = stencil.filled({"MARKOFDEPARTURE": TOKEN, "MARKOFPREFERENCES": "x.y"}, {})
    _, shown, _ = read(content)
    assert shown == text.replace("MARKOFDEPARTURE", TOKEN).replace("MARKOFPREFERENCES", "x.y")


def test_headers_of_a_reader_stand_first_and_marks_in_headers_are_filled_in_too() -> None:
    stencil = Stencil.of(message("Leave: MARKOFDEPARTURE"), MARKS)
    content = stencil.filled({"MARKOFDEPARTURE": TOKEN}, {"To": "ada@example.org"})
    assert content.startswith(b"To: ada@example.org\r\n")
    written, text, _ = read(content)
    assert written["List-Unsubscribe"] == f"<https://example.org/leave/{TOKEN}>"
    assert text == f"Leave: {TOKEN}\n"
    assert written.defects == []


@pytest.mark.parametrize("width", range(60, 80))
def test_no_line_of_a_body_is_longer_than_76_characters(width: int) -> None:
    html = f'<p>{"x" * width}<a href="https://example.org/MARKOFDEPARTURE">leave</a></p>'
    stencil = Stencil.of(message("Text", html), MARKS)
    content = stencil.filled({"MARKOFDEPARTURE": TOKEN}, {})
    _, _, shown = read(content)
    assert TOKEN in shown
    body = content.partition(b"\r\n\r\n")[2]
    assert max(len(line) for line in re.split(rb"\r\n", body)) <= 76


def test_a_message_without_marks_is_as_it_was() -> None:
    written = EmailMessage(policy=SMTP)
    written.set_content("Nothing to fill in.")
    assert Stencil.of(written, MARKS).filled({}, {}) == written.as_bytes()
