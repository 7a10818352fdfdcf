"""What stands in each kind of mail: composed once, filled in for each reader."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from email.message import EmailMessage
from typing import NamedTuple
from urllib.parse import urlsplit

from markupsafe import Markup
from sqlalchemy import select

from webapp.extensions import db, the_site
from webapp.mail import Mail, Stencil, compose
from webapp.mail.signing import sign
from webapp.models import (
    Article,
    Edition,
    ListedArticle,
    Section,
    listed_in_order,
)
from webapp.services import account_letters, editing, linking, returning
from webapp.services.dressing import shades_of
from webapp.services.outbox import Due, Wishes
from webapp.text.addresses import article_path, edition_path, letter_path
from webapp.text.elsewhere import as_text, with_whole_addresses

CONFIRMATION_DAYS = 7
STENCILS = 64
# Mail programs cut a message off at 102 kB of HTML.
LEAD_CHARACTERS = 15_000
BRIEFS = 40
SUMMARY_CHARACTERS = 400
# Words that stand for what is another in each reader's mail: a link's token, by its deed.
MARKS = {
    "MARKOFDEPARTURE": "departure",
    "MARKOFCONFIRMATION": "confirmation",
    "MARKOFPREFERENCES": "preferences",
}


class Group(NamedTuple):
    """Briefs of an edition under one topic, or for one search."""

    name: str
    articles: list[ListedArticle]


class Source(NamedTuple):
    """The story that a brief was made from."""

    title: str
    url: str


class Part(NamedTuple):
    """A labelled part of the lead's text."""

    label: str
    html: Markup
    text: str


@dataclass(frozen=True, slots=True)
class Letter:
    """What is read in an edition: on its page, as HTML mail and as plain text alike.

    `left_out` counts the briefs that a mail has no room for.
    """

    title: str
    path: str
    on: date
    note: str
    lead: ListedArticle | None
    lead_parts: Sequence[Part]
    groups: Sequence[Group]
    searches: Sequence[Group]
    sources: Mapping[int, Source]
    left_out: int = 0

    @property
    def subject(self) -> str:
        """The title, or the headline that comes first."""
        return self.title or next(iter(self._headlines), the_site().settings.site_name)

    @property
    def preheader(self) -> str:
        """What mail programs show behind the subject: the headlines after the lead's."""
        others = [title for title in self._headlines if title != self.subject]
        return " · ".join(others[:3])

    @property
    def count(self) -> int:
        """How many briefs it has."""
        return len(self._headlines) + self.left_out

    @property
    def _headlines(self) -> list[str]:
        briefs = [self.lead] if self.lead else []
        for group in (*self.groups, *self.searches):
            briefs += group.articles
        return list(dict.fromkeys(article.title for article in briefs))


def letter_of(
    ids: Sequence[int],
    *,
    on: date,
    path: str = "",
    title: str = "",
    note: str = "",
    topics: Collection[str] | None = None,
    searches: Mapping[str, Sequence[int]] | None = None,
    most: int = editing.MOST_BRIEFS,
) -> Letter:
    """Make a letter of these articles, the lead first, as far as readers see them now.

    `topics` are the slugs of those that are wanted, None for all; `searches` what is new for
    each search. Grouped by the first topic of each brief, in the order of their first briefs.
    """
    now, searches = the_site().clock(), searches or {}
    articles = [a for a in listed_in_order(ids, now) if _is_wanted(a, topics)]
    kept = articles[:most]
    found = [Group(query, listed_in_order(fit, now)[:most]) for query, fit in searches.items()]
    lead = kept[0] if kept else None
    shown = [*kept, *(article for group in found for article in group.articles)]
    return Letter(
        title=title,
        path=path,
        on=on,
        note=note,
        lead=lead,
        lead_parts=_parts_of(lead) if lead else [],
        groups=_grouped(kept[1:]),
        searches=[group for group in found if group.articles],
        sources=_sources_of([article.id for article in shown]),
        left_out=len(articles) - len(kept),
    )


def _is_wanted(article: ListedArticle, topics: Collection[str] | None) -> bool:
    return topics is None or any(topic.slug in topics for topic in article.topics)


def _grouped(articles: Sequence[ListedArticle]) -> list[Group]:
    groups: dict[str, list[ListedArticle]] = {}
    for article in articles:
        name = article.topics[0].name if article.topics else ""
        groups.setdefault(name, []).append(article)
    # What is filed under nothing comes last.
    return [Group(*each) for each in sorted(groups.items(), key=lambda group: not group[0])]


def _parts_of(lead: ListedArticle) -> list[Part]:
    """Give the text of the lead with whole addresses, as much of it as a mail has room for."""
    statement = select(Section.label, Section.html).where(Section.article_id == lead.id)
    parts, room = [], LEAD_CHARACTERS
    for label, html in db.session.execute(statement.order_by(Section.position)):
        room -= len(html)
        if room < 0:
            break
        address = the_site().settings.site_url + article_path(lead.slug)
        whole = with_whole_addresses(html, address)
        # It was sanitised when it was saved.
        parts.append(Part(label, Markup(whole), as_text(whole)))  # noqa: S704
    return parts


def _sources_of(ids: Sequence[int]) -> dict[int, Source]:
    told = select(Article.id, Article.source_title, Article.source_url, Article.source_domain)
    rows = db.session.execute(told.where(Article.id.in_(ids), Article.source_url != "")).all()
    return {id: Source(title or domain, url) for id, title, url, domain in rows}


def edition_letter(
    edition: Edition,
    topics: Collection[str] | None = None,
    searches: Mapping[str, Sequence[int]] | None = None,
    most: int = editing.MOST_BRIEFS,
) -> Letter:
    """Give an edition as it is read."""
    return letter_of(
        [brief.article_id for brief in edition.briefs],
        on=_day_of(edition.published_until),
        path=edition_path(edition.slug),
        title=edition.subject,
        note=edition.note,
        topics=topics,
        searches=searches,
        most=most,
    )


def _day_of(moment: datetime) -> date:
    return moment.astimezone(the_site().settings.time_zone).date()


@dataclass(slots=True)
class Desk:
    """Writes mails; what many readers get alike is composed once."""

    stencils: dict[Hashable, Stencil] = field(default_factory=dict)

    def write(self, due: Due) -> Mail:
        """Write a mail to its reader. Raises IndexUnavailable for one with searches."""
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
        values = {mark: linking.sign(MARKS[mark], due.key) for mark in marks}
        content = signed(stencil.filled(values, headers))
        return Mail(due.recipient, _return_path(due), id, content)


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
    names = {"link": _link("confirmation"), "days": CONFIRMATION_DAYS}
    return _composed("confirmation", leave=_link("departure"), **names)


def _edition(due: Due, wishes: Wishes) -> EmailMessage:
    edition = db.session.get_one(Edition, due.edition_id)
    found = _found(wishes, editing.since_of(edition), edition.published_until)
    letter = edition_letter(edition, wishes.topics, found, BRIEFS)
    return _edition_mail(letter, kind="daily")


def _weekly(due: Due, wishes: Wishes) -> EmailMessage:
    edition = db.session.get_one(Edition, due.edition_id)
    until = edition.published_until
    found = _found(wishes, until - editing.WEEK, until)
    letter = letter_of(
        editing.week_ids(edition),
        on=_day_of(until),
        path=edition_path(""),
        topics=wishes.topics,
        searches=found,
        most=BRIEFS,
    )
    return _edition_mail(letter, kind="weekly")


def _article(due: Due, _wishes: Wishes) -> EmailMessage:
    assert due.article_id is not None  # noqa: S101 - what this kind of mail is about
    article = db.session.get_one(Article, due.article_id)
    day = _day_of(the_site().clock())
    letter = letter_of([due.article_id], on=day, path=article_path(article.slug))
    return _edition_mail(letter, kind="each")


def _preview(due: Due, _wishes: Wishes) -> EmailMessage:
    edition = db.session.get_one(Edition, due.edition_id)
    return preview_message(edition_letter(edition, most=BRIEFS), edition.due_at)


def preview_message(letter: Letter, due_at: datetime | None = None) -> EmailMessage:
    """Write a letter for an editor, who sees when it goes to readers."""
    return _edition_mail(letter, kind="preview", due_at=due_at)


def _found(wishes: Wishes, since: datetime, until: datetime) -> dict[str, list[int]]:
    return {query: editing.new_for(query, since, until) for query in wishes.searches}


def _edition_mail(letter: Letter, **names: object) -> EmailMessage:
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
