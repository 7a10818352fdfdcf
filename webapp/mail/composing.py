"""A message from its templates: a subject, a plain text, and the same as HTML."""

from __future__ import annotations

from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr, make_msgid

from flask import render_template


def compose(
    letter: str, *, sender: tuple[str, str], to: str, at: datetime, **names: object
) -> EmailMessage:
    """Write the letter of that name, to one address.

    `sender` is name and address; `names` go to the templates
    mail/<letter>/{subject.txt,body.txt,body.html}. Needs the application's context.
    """
    subject, text, html = (
        render_template(f"mail/{letter}/{part}", **names)
        for part in ("subject.txt", "body.txt", "body.html")
    )
    message = EmailMessage(policy=SMTP)
    message["From"] = formataddr(sender)
    message["To"] = to
    message["Subject"] = " ".join(subject.split())
    message["Date"] = format_datetime(at)
    message["Message-ID"] = make_msgid(domain=sender[1].rpartition("@")[2])
    # RFC 3834: no machine shall answer it.
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text.strip() + "\n", cte="quoted-printable")
    message.add_alternative(html, subtype="html", cte="quoted-printable")
    return message
