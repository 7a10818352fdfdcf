"""The desk at which mails are written: composed once, filled in for each reader."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from functools import partial
from urllib.parse import urlsplit

from email_validator import validate_email

from webapp.errors import NothingToSend
from webapp.extensions import db, the_site
from webapp.mail import Mail, Stencil, compose
from webapp.mail.signing import sign
from webapp.models import Article, Edition
from webapp.services import (
    account_letters,
    editing,
    hours,
    letters,
    linking,
    returning,
    subscribing,
)
from webapp.services.claiming import Due, Wishes
from webapp.services.dressing import shades_of
from webapp.text.addresses import article_path, edition_path, letter_path

STENCILS = 64
# Mail programs cut a message off at 102 kB of HTML.
MOST_BYTES = 100_000
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
    searched: dict[Hashable, list[int]] = field(default_factory=dict)

    def write(self, due: Due) -> Mail:
        """Write a mail to its reader.

        Raises NothingToSend where nothing is left in it, IndexUnavailable for one with searches.
        """
        settings = the_site().settings
        # What was asked for has links of its reader's own.
        own = due.id if due.letter in account_letters.LETTERS else 0
        name = (due.letter, due.edition_id, due.article_id, due.about, due.wishes, own)
        stencil = self.stencils.get(name)
        if stencil is None:
            message = LETTERS[due.letter](self, due)
            stencil = Stencil.of(message, MARKS)
            if len(self.stencils) >= STENCILS:
                self.stencils.pop(next(iter(self.stencils)))
            self.stencils[name] = stencil
        id = f"{_name_of(due)}@{settings.mail_domain}"
        recipient = deliverable(due.recipient)
        headers = {"To": recipient, "Message-ID": f"<{id}>"}
        marks = {mark for mark, _ in stencil.places}
        values = {mark: _token(MARKS[mark], due) for mark in marks}
        content = signed(stencil.filled(values, headers))
        return Mail(recipient, _return_path(due), id, content)

    def found(self, wishes: Wishes, since: datetime, until: datetime) -> dict[str, list[int]]:
        """Give what is new for each search of a reader. Raises IndexUnavailable."""
        found: dict[str, list[int]] = {}
        for query in wishes.searches:
            name = (query, since, until)
            if name not in self.searched:
                self.searched[name] = editing.new_for(query, since, until)
            found[query] = self.searched[name]
        return found


def deliverable(address: str) -> str:
    """Give an address as any server takes it: the domain by its name in DNS (RFC 5890).

    One with other letters before the @ stays as it is, and needs SMTPUTF8 (RFC 6531).
    """
    if address.isascii():
        return address
    found = validate_email(address, check_deliverability=False, test_environment=True)
    return found.ascii_email or address


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
    if due.subscriber_id is None or due.is_elsewhere:
        return returning.common_path()
    return returning.return_path_of(due.subscriber_id, due.recipient)


def _name_of(due: Due) -> str:
    """Give a name that the mail has each time it is sent, so that a repeated one can be told."""
    secret = hashlib.sha256(f"{due.id} {due.key} {due.recipient}".encode()).hexdigest()[:12]
    return f"{due.letter}.{due.id:07}.{secret}"


def _confirmation(_desk: Desk, _due: Due) -> EmailMessage:
    """Ask whether the one who has this address asked for the letter."""
    names = {"link": _link("confirmation"), "days": subscribing.CONFIRMATION_DAYS}
    return _composed("confirmation", leave=_link("departure"), **names)


def _edition(desk: Desk, due: Due) -> EmailMessage:
    edition = db.session.get_one(Edition, due.edition_id)
    found = desk.found(due.wishes, editing.since_of(edition), edition.published_until)
    write = partial(letters.edition_letter, edition, due.wishes.topics, found)
    return _edition_mail(write, kind="daily")


def _weekly(desk: Desk, due: Due) -> EmailMessage:
    until = datetime.fromisoformat(due.about)
    since = hours.week_before(until)
    write = partial(
        letters.letter_of,
        editing.published(since, until),
        on=hours.day_of(until),
        path=edition_path(""),
        topics=due.wishes.topics,
        searches=desk.found(due.wishes, since, until),
    )
    return _edition_mail(write, kind="weekly")


def _article(desk: Desk, due: Due) -> EmailMessage:
    assert due.article_id is not None  # noqa: S101 - what this kind of mail is about
    article = db.session.get_one(Article, due.article_id)
    write = partial(
        letters.letter_of,
        [article.id],
        on=hours.day_of(the_site().clock()),
        path=article_path(article.slug),
        topics=None if _is_searched_for(desk, due.wishes, article) else due.wishes.topics,
    )
    return _edition_mail(write, kind="each")


def _is_searched_for(desk: Desk, wishes: Wishes, article: Article) -> bool:
    at = article.published_at
    if at is None or wishes.topics is None:
        return False
    found = desk.found(wishes, at - editing.JUST_AFTER, at)
    return any(article.id in ids for ids in found.values())


def _preview(_desk: Desk, due: Due) -> EmailMessage:
    edition = db.session.get_one(Edition, due.edition_id)
    return preview_message(partial(letters.edition_letter, edition), edition.due_at)


def preview_message(
    write: Callable[..., letters.Letter], due_at: datetime | None = None
) -> EmailMessage:
    """Write a letter for an editor, who sees when it goes to readers."""
    return _edition_mail(write, kind="preview", due_at=due_at)


def _edition_mail(write: Callable[..., letters.Letter], **names: object) -> EmailMessage:
    """Compose a letter with as many briefs as a mail has room for."""
    links = {"leave": _link("departure"), "preferences": _link("preferences")}
    most = letters.BRIEFS
    while True:
        letter = write(most=most)
        if not letter.count:
            raise NothingToSend("Nothing is in it: all of it was withdrawn, or nothing is new.")
        message = _composed("edition", letter=letter, **links, **names)
        html = message.get_body(("html",))
        if most == 1 or html is None or len(html.get_content().encode()) <= MOST_BYTES:
            return message
        most = max(1, most * 3 // 4)


def _asked_for(_desk: Desk, due: Due) -> EmailMessage:
    return _composed(due.letter, **account_letters.LETTERS[due.letter](due))


LETTERS: dict[str, Callable[[Desk, Due], EmailMessage]] = {
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
