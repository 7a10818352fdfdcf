"""Articles as others take them over: entries of feeds, rows of sitemaps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from urllib.parse import urlsplit

from markupsafe import Markup
from sqlalchemy import Select, func, select, type_coerce
from sqlalchemy.orm import defer, selectinload

from webapp.extensions import db, the_site
from webapp.models import PUBLIC, Article, Articles, Author, Edition, Topic
from webapp.models.columns import UtcDateTime
from webapp.models.naming import article_author, article_topic
from webapp.services import illustrating, reading
from webapp.text.addresses import article_path, image_path
from webapp.text.elsewhere import with_whole_addresses
from webapp.text.markup import printable_line

ENTRIES = 30
SITEMAP_ROWS = 10_000  # the protocol allows 50,000; so one file takes 2 MB of memory, not ten
LISTING_ROWS = 50_000
NEWS_ROWS = 1_000
NEWS_DAYS = 2
MINTED_IN = 2026  # a tag URI names a year in which its authority was somebody's (RFC 4151)


# What readers see has its moment.
_PUBLISHED_AT = type_coerce(Article.published_at, UtcDateTime())
_MOMENTS = (func.max(Article.updated_at), func.max(_PUBLISHED_AT))


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that goes with an entry: where it is and how many bytes it has."""

    url: str
    size: int


@dataclass(frozen=True, slots=True)
class Piece:
    """What an entry that is no article says of itself."""

    title: str
    summary: str
    language: str
    source_url: str = ""
    authors: Sequence[Author] = ()
    topics: Sequence[Topic] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """An article, or a letter, in a feed: `html` is all of it, for readers that show nothing else.

    `id` stays when title, slug or date change; `url` is where the article is now.
    """

    article: Article | Piece
    id: str
    url: str
    html: str
    picture: Picture | None
    published_at: datetime
    updated_at: datetime


class SitemapFile(NamedTuple):
    """One file of the sitemap, and when anything in it changed last."""

    number: int
    changed_at: datetime


class SitemapRow(NamedTuple):
    """A page: the slug or domain that its address is made of, and when it changed last."""

    slug: str
    changed_at: datetime


class NewsRow(NamedTuple):
    """A recent article, as news search engines want to know it."""

    slug: str
    title: str
    language: str
    published_at: datetime


def newest(articles: Articles) -> list[Entry]:
    """Read the newest of these articles as entries, in a constant number of statements."""
    return entries_of(articles.newest_ids(ENTRIES))


def entries_of(ids: Sequence[int]) -> list[Entry]:
    """Read those of these articles that readers see as entries, in the order of the ids."""
    statement = _whole(reading.visible().with_ids(ids))
    by_id = {article.id: article for article in db.session.scalars(statement)}
    return [_entry(by_id[id]) for id in ids if id in by_id]


def _whole(articles: Articles) -> Select[Article]:
    return (
        select(Article)
        .where(*articles.conditions)
        .options(
            selectinload(Article.authors),
            selectinload(Article.topics),
            selectinload(Article.sections),
            defer(Article.body),
        )
    )


def _entry(article: Article) -> Entry:
    if article.published_at is None:
        raise ValueError("an article without a date is in no feed")
    url = the_site().settings.site_url + article_path(article.slug)
    return Entry(
        article=article,
        id=entry_id(article.id),
        url=url,
        html=with_whole_addresses(_all_of(article), url),
        picture=_picture(article),
        published_at=article.published_at,
        updated_at=max(article.updated_at, article.published_at),
    )


def entry_id(name: int | str, noun: str = "article") -> str:
    """Give an article, or a letter, a name that no change of its address touches (RFC 4151)."""
    host = urlsplit(the_site().settings.site_url).hostname
    return f"tag:{host},{MINTED_IN}:{noun}/{name}"


def _all_of(article: Article) -> str:
    parts: list[str] = []
    if article.image_name:
        picture = Markup('<figure><img src="{}" alt="{}"></figure>')
        words = printable_line(article.image_alt)
        parts.append(picture.format(image_path(article.image_name), words))
    if article.summary:
        parts.append(Markup("<p><em>{}</em></p>").format(article.summary))
    parts.append(article.html)
    if article.source_url:
        title = article.source_title or article.source_domain or article.source_url
        source = Markup('<p>Source: <a href="{}">{}</a></p>')
        parts.append(source.format(article.source_url, title))
    whole = "\n".join(parts)
    if article.language == the_site().settings.language:
        return whole
    in_its_voice = Markup('<div lang="{}" dir="{}">').format(article.language, article.direction)
    return f"{in_its_voice}{whole}</div>"


def _picture(article: Article) -> Picture | None:
    if not article.image_name:
        return None
    stored = illustrating.folder() / article.image_name
    size = stored.stat().st_size if stored.is_file() else 0
    return Picture(the_site().settings.site_url + image_path(article.image_name), size)


def sitemap_files() -> list[SitemapFile]:
    """Give the files of the sitemap that have articles; an article never moves between them."""
    number = ((Article.id - 1) // SITEMAP_ROWS).label("number")
    statement = (
        select(number, *_MOMENTS)
        .where(*reading.visible().conditions)
        .group_by(number)
        .order_by(number)
    )
    return [SitemapFile(row[0] + 1, max(row[1], row[2])) for row in db.session.execute(statement)]


def sitemap_rows(number: int) -> Iterator[SitemapRow]:
    """Yield the articles of one file of the sitemap; none where there is no such file."""
    first = (number - 1) * SITEMAP_ROWS
    statement = (
        select(Article.slug, Article.updated_at, _PUBLISHED_AT)
        .where(
            Article.id > first,
            Article.id <= first + SITEMAP_ROWS,
            *reading.visible().conditions,
        )
        .order_by(Article.id)
        .execution_options(yield_per=1000)
    )
    for slug, updated_at, published_at in db.session.execute(statement):
        yield SitemapRow(slug, max(updated_at, published_at))


def topic_rows() -> list[SitemapRow]:
    """Give the topics that have articles."""
    return _filed_rows(Topic, article_topic.c.topic_id, article_topic.c.article_id)


def author_rows() -> list[SitemapRow]:
    """Give the authors who have written something."""
    return _filed_rows(Author, article_author.c.author_id, article_author.c.article_id)


def letter_rows() -> list[SitemapRow]:
    """Give the editions of the letter that readers can see."""
    editions = select(Edition.slug, Edition.due_at).where(Edition.state.in_(PUBLIC))
    rows = db.session.execute(editions.order_by(Edition.id.desc()).limit(LISTING_ROWS))
    return [SitemapRow(*row) for row in rows]


def _filed_rows(
    noun: type[Topic] | type[Author], noun_id: object, article_id: object
) -> list[SitemapRow]:
    statement = (
        select(noun.slug, *_MOMENTS)
        .join_from(noun, noun_id.table, noun_id == noun.id)  # type: ignore[attr-defined]
        .join(Article, Article.id == article_id)
        .where(*reading.visible().conditions)
        .group_by(noun.id, noun.slug)
        .order_by(noun.id)
    )
    rows = db.session.execute(statement.limit(LISTING_ROWS))
    return [SitemapRow(row[0], max(row[1], row[2])) for row in rows]


def source_rows() -> list[SitemapRow]:
    """Give the domains whose stories articles were made from."""
    statement = (
        select(Article.source_domain, *_MOMENTS)
        .where(*reading.visible().conditions, Article.source_domain != "")
        .group_by(Article.source_domain)
        .order_by(Article.source_domain)
    )
    rows = db.session.execute(statement.limit(LISTING_ROWS))
    return [SitemapRow(row[0], max(row[1], row[2])) for row in rows]


def news_rows() -> list[NewsRow]:
    """Give what was published in the last two days, newest first."""
    since = the_site().clock() - timedelta(days=NEWS_DAYS)
    statement = (
        select(Article.slug, Article.title, Article.language, _PUBLISHED_AT)
        .where(*reading.visible().conditions, Article.published_at > since)
        .order_by(Article.published_at.desc(), Article.id.desc())
        .limit(NEWS_ROWS)
    )
    return [NewsRow(*row) for row in db.session.execute(statement)]
