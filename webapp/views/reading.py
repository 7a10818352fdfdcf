"""The front page, articles, and listings by topic, author, source and date."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from flask import (
    Blueprint,
    Response,
    abort,
    redirect,
    render_template,
    request,
    send_from_directory,
    url_for,
)
from flask.typing import ResponseReturnValue

from webapp.errors import ArticleNotFound, ListingNotFound
from webapp.extensions import the_site
from webapp.http.caching import kept, public
from webapp.http.negotiating import Form, form_wanted
from webapp.http.paging import pages_of
from webapp.http.paths import path_of
from webapp.models import Articles
from webapp.models.articles import Count
from webapp.presenting import MONTHS, day, month
from webapp.services import illustrating, listing, reading
from webapp.views.markdown import answer_in_markdown
from webapp.views.structured import tell_of_article, tell_of_front, tell_of_listing

pages = Blueprint("reading", __name__)


@dataclass(frozen=True, slots=True)
class Entry:
    """A name, its page, and how many articles stand there."""

    name: str
    url: str
    count: int


@dataclass(frozen=True, slots=True)
class YearEntry:
    """A year, its page, and its months."""

    year: int
    url: str
    count: int
    months: list[Entry]


@pages.get("/")
@kept("page")
def show_front() -> ResponseReturnValue:
    """Show the newest brief as the lead, the latest under it, and older ones by pages."""
    articles, size = listing.listing_of(reading.visible()), the_site().settings.page_size
    paging = pages_of(articles.total, size)
    shown = articles.newest_first(size, (paging.number - 1) * size)
    lead = shown.pop(0) if paging.number == 1 and shown else None
    return render_template(
        "reading/home.html",
        lead=lead,
        labels=reading.labels_of(lead) if lead else [],
        articles=shown,
        pages=paging,
        told=tell_of_front(),
    )


@pages.get("/articles/")
@public
def list_articles() -> ResponseReturnValue:
    """Lead to the archive, where all articles are."""
    return redirect(url_for(".show_archive"), 301)


@pages.get("/articles/<slug>")
@kept()
def show_article(slug: str) -> ResponseReturnValue:
    """Show an article, as a page or as Markdown by Accept; an address it had leads to its own."""
    try:
        article = reading.article_at(slug)
    except ArticleNotFound:
        return _moved("reading.show_article", slug)
    if form_wanted(request.headers.get("Accept", "")) is Form.MARKDOWN:
        response = answer_in_markdown(article)
    else:
        beside = reading.beside(article)
        page = render_template(
            "reading/article.html",
            article=article,
            related=beside.related,
            recent=beside.recent,
            told=tell_of_article(article),
        )
        response = Response(page)
    response.vary.add("Accept")
    return response


@pages.get("/articles/<slug>.md")
@kept()
def show_article_as_markdown(slug: str) -> ResponseReturnValue:
    """Show an article as Markdown."""
    try:
        return answer_in_markdown(reading.article_at(slug))
    except ArticleNotFound:
        return _moved("reading.show_article_as_markdown", slug)


def _moved(endpoint: str, slug: str) -> ResponseReturnValue:
    """Lead to the article that used to have the slug. Raises ArticleNotFound."""
    now = reading.slug_now(slug)
    if now is None:
        raise ArticleNotFound("There is no article at this address.")
    return redirect(path_of(endpoint, now), 301)


@pages.get("/topics/")
@kept()
def list_topics() -> ResponseReturnValue:
    """Show all topics."""
    counts = listing.counts(reading.visible(), "topic")
    return _directory("Topics", counts, lambda slug: url_for(".list_by_topic", slug=slug))


@pages.get("/topics/<slug>")
@kept("page")
def list_by_topic(slug: str) -> ResponseReturnValue:
    """Show what was written on a topic."""
    topic = reading.topic_at(slug)
    crumbs = [("Topics", url_for(".list_topics"))]
    return _listing("Topic", topic.name, reading.visible().on_topic(topic), crumbs)


@pages.get("/authors/")
@kept()
def list_authors() -> ResponseReturnValue:
    """Show all authors."""
    counts = listing.counts(reading.visible(), "author")
    return _directory("Authors", counts, lambda slug: url_for(".list_by_author", slug=slug))


@pages.get("/authors/<slug>")
@kept("page")
def list_by_author(slug: str) -> ResponseReturnValue:
    """Show what an author wrote."""
    author = reading.author_at(slug)
    crumbs = [("Authors", url_for(".list_authors"))]
    return _listing("Author", author.name, reading.visible().by_author(author), crumbs)


@pages.get("/sources/")
@kept()
def list_sources() -> ResponseReturnValue:
    """Show all sources."""
    counts = listing.counts(reading.visible(), "source")
    return _directory("Sources", counts, lambda name: url_for(".list_by_source", domain=name))


@pages.get("/sources/<domain>")
@kept("page")
def list_by_source(domain: str) -> ResponseReturnValue:
    """Show what was made from the stories of a source."""
    articles = reading.visible().from_source(domain)
    return _listing("Source", domain, articles, [("Sources", url_for(".list_sources"))])


@pages.get("/archive/")
@kept()
def show_archive() -> ResponseReturnValue:
    """Show the years and months in which something was published."""
    years = [
        YearEntry(
            year=year.year,
            url=url_for(".list_by_date", year=year.year),
            count=year.count,
            months=[
                Entry(MONTHS[m.first_on.month - 1], _month_url(m.first_on), m.count)
                for m in year.months
            ],
        )
        for year in reading.archive()
    ]
    return render_template("reading/archive.html", years=years)


@pages.get("/archive/<int(fixed_digits=4):year>")
@pages.get("/archive/<int(fixed_digits=4):year>/<int(fixed_digits=2):month>")
@pages.get(
    "/archive/<int(fixed_digits=4):year>/<int(fixed_digits=2):month>/<int(fixed_digits=2):day>"
)
@kept("page")
def list_by_date(
    year: int, month: int | None = None, day: int | None = None
) -> ResponseReturnValue:
    """Show what was published in a year, a month or on a day."""
    start, end = reading.stretch(year, month, day)
    articles = reading.visible().between(start, end)
    heading, crumbs = _date_heading(start.date(), month, day)
    return _listing("Archive", heading, articles, crumbs)


@pages.get("/images/<name>")
@public
def show_image(name: str) -> ResponseReturnValue:
    """Send a stored picture; its name is made of its content, so it can be kept for ever."""
    file = illustrating.file_of(name)
    if file is None:
        abort(404)
    kind = f"image/{file.rpartition('.')[2]}"
    response = send_from_directory(illustrating.folder(), file, mimetype=kind)
    # In place of a size that may be made one day, the largest is not for ever.
    seconds = "31536000, immutable" if file == name else "3600"
    response.headers["Cache-Control"] = f"public, max-age={seconds}"
    return response


def _listing(
    kicker: str, heading: str, articles: Articles, crumbs: list[tuple[str, str]]
) -> ResponseReturnValue:
    listed, size = listing.listing_of(articles), the_site().settings.page_size
    if not listed.total:
        raise ListingNotFound("There is nothing to read here.")  # a draft's name is nobody's yet
    paging = pages_of(listed.total, size)
    shown = listed.newest_first(size, (paging.number - 1) * size)
    return render_template(
        "reading/listing.html",
        kicker=kicker,
        heading=heading,
        crumbs=crumbs,
        articles=shown,
        pages=paging,
        told=tell_of_listing(kicker, heading, crumbs, shown),
    )


def _directory(
    heading: str, counts: Sequence[Count], url: Callable[[str], str]
) -> ResponseReturnValue:
    entries = [Entry(each.name, url(each.slug), each.count) for each in counts]
    return render_template("reading/directory.html", heading=heading, entries=entries, intro="")


def _month_url(first_on: date) -> str:
    return url_for(".list_by_date", year=first_on.year, month=first_on.month)


def _date_heading(
    first_on: date, month_number: int | None, day_number: int | None
) -> tuple[str, list[tuple[str, str]]]:
    crumbs = [("Archive", url_for(".show_archive"))]
    if month_number is None:
        return str(first_on.year), crumbs
    crumbs.append((str(first_on.year), url_for(".list_by_date", year=first_on.year)))
    if day_number is None:
        return month(first_on), crumbs
    crumbs.append((MONTHS[first_on.month - 1], _month_url(first_on)))
    return day(first_on), crumbs
