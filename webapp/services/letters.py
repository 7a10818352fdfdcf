"""A letter as it is read: on its page, as HTML mail and as plain text, for all or for one."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from markupsafe import Markup
from sqlalchemy import select

from webapp.extensions import db, the_site
from webapp.models import (
    Article,
    Edition,
    ListedArticle,
    Section,
    listed_in_order,
)
from webapp.services import editing, hours
from webapp.text.addresses import article_path, edition_path
from webapp.text.elsewhere import as_text, with_whole_addresses

# Of a long lead the rest is read on the web.
LEAD_BYTES = 15_000
BRIEFS = 40


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
    groups = [Group(query, listed_in_order(fit, now)) for query, fit in searches.items()]
    found = _first(groups, most - len(kept))
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
        searches=found,
        sources=_sources_of([article.id for article in shown]),
        left_out=len(articles) - len(kept) + _size(groups) - _size(found),
    )


def _first(groups: Sequence[Group], most: int) -> list[Group]:
    """Give the first so many articles of some groups, without groups of none."""
    first: list[Group] = []
    for group in groups:
        articles = group.articles[: max(0, most - _size(first))]
        first += [Group(group.name, articles)] if articles else []
    return first


def _size(groups: Sequence[Group]) -> int:
    return sum(len(group.articles) for group in groups)


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
    parts, room = [], LEAD_BYTES
    for label, html in db.session.execute(statement.order_by(Section.position)):
        room -= len(html.encode())
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
        on=hours.day_of(edition.published_until),
        path=edition_path(edition.slug),
        title=edition.subject,
        note=edition.note,
        topics=topics,
        searches=searches,
        most=most,
    )
