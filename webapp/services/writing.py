"""Putting a text into an article: rendered, cut into sections, filed; commits nothing itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from sqlalchemy import Table, delete, insert, select, update

from webapp.extensions import db
from webapp.models import Article, Author, FormerSlug, Section, Topic
from webapp.models.naming import article_author, article_topic
from webapp.text.addresses import domain_of
from webapp.text.markup import render
from webapp.text.pictures import Picture, place_pictures
from webapp.text.sections import split_sections
from webapp.text.slugs import make_slug, number_slug

Noun = TypeVar("Noun", Author, Topic)


@dataclass(slots=True)
class Desk:
    """What one deed has looked up already: names by slug, so that a batch asks once for each."""

    authors: dict[str, Author] = field(default_factory=dict)
    topics: dict[str, Topic] = field(default_factory=dict)


def set_text(
    article: Article,
    body: str,
    body_format: str,
    find: Callable[[str], Picture | None] = lambda _place: None,
) -> None:
    """Give an article its body, its sections and its number of words.

    `find` gives the stored picture for what the body names as the place of one; by itself only
    those that are stored already are shown.
    """
    article.body, article.body_format = body, body_format
    sections = split_sections(place_pictures(render(body, body_format), find))
    if article.id is not None and article.sections:
        article.sections.clear()
        db.session.flush()  # the new sections take the old ones' places
    article.sections = [
        Section(position=n, label=s.label, anchor=s.anchor, html=s.html, text=s.text)
        for n, s in enumerate(sections)
    ]
    article.word_count = sum(len(s.label.split()) + len(s.text.split()) for s in sections)


def set_source(article: Article, title: str, url: str) -> None:
    """Name the story that an article was made from."""
    article.source_title, article.source_url = title, url
    article.source_domain = domain_of(url)


def file_under(article: Article, authors: list[str], topics: list[str], desk: Desk) -> None:
    """File a stored article under names, in their order; names that are new are made."""
    _file(article, article_author, _named(Author, authors, desk.authors))
    _file(article, article_topic, _named(Topic, topics, desk.topics))


def refile(article: Article) -> None:
    """Let the listings of an article's names show it as long as readers are to see it."""
    for table in (article_author, article_topic):
        filed = table.c.article_id == article.id
        db.session.execute(update(table).where(filed).values(listed_at=article.listed_at))


def _file(article: Article, table: Table, names: Sequence[Author | Topic]) -> None:
    db.session.flush()
    column = next(c.name for c in table.c if c.name not in ("article_id", "position"))
    db.session.execute(delete(table).where(table.c.article_id == article.id))
    if names:
        rows = [
            {
                "article_id": article.id,
                column: name.id,
                "position": n,
                "listed_at": article.listed_at,
            }
            for n, name in enumerate(names)
        ]
        db.session.execute(insert(table), rows)


def topics_named(names: list[str]) -> dict[str, Topic]:
    """Give the topic of each of these names; those that are new are made."""
    known: dict[str, Topic] = {}
    _named(Topic, names, known)
    return {name: known[make_slug(name)] for name in names}


def _named(noun: type[Noun], names: list[str], known: dict[str, Noun]) -> list[Noun]:
    wanted = {make_slug(name): name for name in names}
    missing = [slug for slug in wanted if slug not in known]
    if missing:
        for row in db.session.scalars(select(noun).where(noun.slug.in_(missing))):
            known[row.slug] = row
    for slug in missing:
        if slug not in known:
            known[slug] = noun(slug=slug, name=wanted[slug])
            db.session.add(known[slug])
    return [known[slug] for slug in wanted]


def free_slug(wanted: str, taken: set[str]) -> str:
    """Give the slug, with a number behind it when an article has or had it already."""
    slug, number = wanted, 1
    while slug in taken or _is_taken(slug):
        number += 1
        slug = number_slug(wanted, number)
    return slug


def _is_taken(slug: str) -> bool:
    current = select(Article.id).where(Article.slug == slug)
    former = select(FormerSlug.article_id).where(FormerSlug.slug == slug)
    return db.session.scalars(current.union_all(former)).first() is not None


def rename(article: Article, slug: str) -> None:
    """Give an article another slug; the old one goes on leading to it."""
    if slug == article.slug:
        return
    own = db.session.get(FormerSlug, slug)
    if own is not None:
        db.session.delete(own)
    db.session.add(FormerSlug(slug=article.slug, article_id=article.id))
    article.slug = slug
