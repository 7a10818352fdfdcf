"""The desk at which mails are written: composed once, filled in for each reader."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from urllib.parse import urlsplit

from webapp.errors import NothingToSend
from webapp.extensions import db, the_site
from webapp.mail import Mail, Stencil, compose
from webapp.mail.signing import sign
from webapp.models import Article, Edition
from webapp.services import (
    account_letters,
    editing,
    letters,
    linking,
    returning,
    subscribing,
)
from webapp.services.dressing import shades_of
from webapp.services.outbox import Due, Wishes
from webapp.text.addresses import article_path, edition_path, letter_path

STENCILS = 64
# Words that stand for what is another in each reader's mail: a link's token, by its deed.
MARKS = {
    "MARKOFDEPARTURE": "departure",
    "MARKOFCONFIRMATION": "confirmation",
    "MARKOFPREFERENCES": "preferences",
}


@dataclass(slots=True)
class Desk:
    """Writes mails; what many readers get alike is composed once."""

    stencils: dict[Hashable, Stencil] = field(default_factory=dict)

    def write(self, due: Due) -> Mail:
        """Write a mail to its reader.

        Raises NothingToSend where nothing is left in it, IndexUnavailable for one with searches.
        """
        settings = the_site().settings
        # What was asked for has links of its reader's own.
        own = due.id if due.letter in account_letters.LETTERS else 0
        name = (due.letter, due.edition_id, due.article_id, due.wishes, own)
        stencil = self.stencils.get(name)
        if stencil is None:
            message = LETTERS[due.letter](due, due.wishes)
            stencil = Stencil.of(message, MARKS)
            if len(self.stencils) >= STENCILS:
                self.stencils.pop(next(iter(self.stencils)))
            self.stencils[name] = stencil
        id = f"{_name_of(due)}@{urlsplit(settings.site_url).hostname}"
        headers = {"To": due.recipient, "Message-ID": f"<{id}>"}
        marks = {mark for mark, _ in stencil.places}
        values = {mark: _token(MARKS[mark], due) for mark in marks}
        content = signed(stencil.filled(values, headers))
        return Mail(due.recipient, _return_path(due), id, content)


def _token(deed: str, due: Due) -> str:
    # The way to leave is good for ever; the others while the reader has this address.
    if deed == "departure":
        return linking.sign(deed, due.key)
    return linking.sign_for(deed, due.key, due.recipient)


def signed(content: bytes) -> bytes:
    """Give a message with our signature, where a key is set."""
    settings = the_site().settings
    if not settings.dkim_key:
        return content
    domain = settings.sender.rpartition("@")[2]
    return sign(content, domain=domain, selector=settings.dkim_selector, key=settings.dkim_key)


def _return_path(due: Due) -> str:
    if due.subscriber_id is None:
        return the_site().settings.sender
    return returning.return_path_of(due.subscriber_id)


def _name_of(due: Due) -> str:
    """Give a name that the mail has each time it is sent, so that a repeated one can be told."""
    secret = hashlib.sha256(f"{due.id} {due.key} {due.recipient}".encode()).hexdigest()[:12]
    return f"{due.letter}.{due.id:07}.{secret}"


def _confirmation(_due: Due, _wishes: Wishes) -> EmailMessage:
    """Ask whether the one who has this address asked for the letter."""
    names = {"link": _link("confirmation"), "days": subscribing.CONFIRMATION_DAYS}
    return _composed("confirmation", leave=_link("departure"), **names)


def _edition(due: Due, wishes: Wishes) -> EmailMessage:
    edition = db.session.get_one(Edition, due.edition_id)
    found = _found(wishes, editing.since_of(edition), edition.published_until)
    letter = letters.edition_letter(edition, wishes.topics, found, letters.BRIEFS)
    return _edition_mail(letter, kind="daily")


def _weekly(due: Due, wishes: Wishes) -> EmailMessage:
    edition = db.session.get_one(Edition, due.edition_id)
    until = edition.published_until
    found = _found(wishes, until - editing.WEEK, until)
    letter = letters.letter_of(
        editing.week_ids(edition),
        on=letters.day_of(until),
        path=edition_path(""),
        topics=wishes.topics,
        searches=found,
        most=letters.BRIEFS,
    )
    return _edition_mail(letter, kind="weekly")


def _article(due: Due, _wishes: Wishes) -> EmailMessage:
    assert due.article_id is not None  # noqa: S101 - what this kind of mail is about
    article = db.session.get_one(Article, due.article_id)
    day = letters.day_of(the_site().clock())
    letter = letters.letter_of([due.article_id], on=day, path=article_path(article.slug))
    return _edition_mail(letter, kind="each")


def _preview(due: Due, _wishes: Wishes) -> EmailMessage:
    edition = db.session.get_one(Edition, due.edition_id)
    return preview_message(letters.edition_letter(edition, most=letters.BRIEFS), edition.due_at)


def preview_message(letter: letters.Letter, due_at: datetime | None = None) -> EmailMessage:
    """Write a letter for an editor, who sees when it goes to readers."""
    return _edition_mail(letter, kind="preview", due_at=due_at)


def _found(wishes: Wishes, since: datetime, until: datetime) -> dict[str, list[int]]:
    return {query: editing.new_for(query, since, until) for query in wishes.searches}


def _edition_mail(letter: letters.Letter, **names: object) -> EmailMessage:
    if not letter.count:
        raise NothingToSend("All of it was withdrawn.")
    links = {"leave": _link("departure"), "preferences": _link("preferences")}
    return _composed("edition", letter=letter, **links, **names)


def _asked_for(due: Due, _wishes: Wishes) -> EmailMessage:
    return _composed(due.letter, **account_letters.LETTERS[due.letter](due))


LETTERS: dict[str, Callable[[Due, Wishes], EmailMessage]] = {
    "confirmation": _confirmation,
    "edition": _edition,
    "weekly": _weekly,
    "article": _article,
    "preview": _preview,
    **dict.fromkeys(account_letters.LETTERS, _asked_for),
}
"""Every kind of mail, and how it is written."""


def _link(deed: str) -> str:
    mark = next(mark for mark, marked in MARKS.items() if marked == deed)
    noun = {"departure": "unsubscription"}.get(deed, deed)
    return the_site().settings.site_url + letter_path(noun, mark)


def _composed(template: str, **names: object) -> EmailMessage:
    """Compose a mail; where it has a link to leave, programs are told of it too."""
    settings = the_site().settings
    headers = _list_headers(str(names["leave"])) if "leave" in names else {}
    return compose(
        template,
        sender=(settings.site_name, settings.sender),
        at=the_site().clock(),
        headers=headers,
        shades=shades_of(settings.accent),
        **names,
    )


def _list_headers(leave: str) -> dict[str, str]:
    settings = the_site().settings
    host = urlsplit(settings.site_url).hostname
    token = leave.rpartition("/")[2]
    # Read by the same command as the bounces.
    mailto = f"mailto:{settings.mail_return_path or settings.sender}?subject=unsubscribe%20{token}"
    return {
        # RFC 8058: the program that shows the mail may leave for its reader, by one POST.
        "List-Unsubscribe": f"<{leave}>, <{mailto}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "List-Id": f"{_phrase(settings.site_name)} <letter.{host}>",  # RFC 2919
    }


def _phrase(name: str) -> str:
    """Give a name as RFC 5322 wants a phrase in a header; without what it cannot hold."""
    plain = name.encode("ascii", "ignore").decode()
    return '"' + "".join(c for c in plain if c not in '"\\<>') + '"'
