"""Telling those who asked to hear of it that something was published or taken back.

The hub of the feeds (WebSub, W3C 2018) and search engines (IndexNow). Told in the
background, after the commit: whoever does not answer costs a line in the log and no more.
"""

from __future__ import annotations

import http.client
import json
import logging
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from sqlalchemy import select
from sqlalchemy.orm import load_only, selectinload

from webapp.extensions import db, the_site
from webapp.models import Article, Status
from webapp.services import progress
from webapp.settings import Settings
from webapp.text.addresses import article_path, feed_paths

TIMEOUT_SECONDS = 5
LAST_SECONDS = 5
# Whoever is told comes at once, and shall not meet a page that a cache still kept as it was.
PAUSE_SECONDS = 1.5
PAGES_AT_ONCE = 10_000  # what IndexNow takes in one request
FEEDS_AT_ONCE = 200  # a hub is asked for each; a large import touches every topic there is
BATCH = 500
KEY_PATH = "/indexnow.txt"
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class News:
    """What has changed for readers: pages and feeds, by their paths."""

    pages: tuple[str, ...]
    feeds: tuple[str, ...]


def announce(ids: Sequence[int]) -> None:
    """Tell in the background that these articles have changed; never fails, never waits.

    Nothing is said of an article that readers never saw.
    """
    settings = the_site().settings
    if not _asked_for(settings):
        return
    news = _news(ids[-PAGES_AT_ONCE:])
    if news.pages:
        threading.Thread(target=_tell, args=(settings, news), name="announcing").start()


def finish() -> None:
    """Give those who are being told a few seconds; for a process that ends."""
    ends_at = time.monotonic() + LAST_SECONDS
    for thread in threading.enumerate():
        if thread.name == "announcing":
            thread.join(max(0.0, ends_at - time.monotonic()))


def announce_due() -> None:
    """Tell of the scheduled articles that have come due since this was last called.

    Of several workers one tells; one that dies at it tells nobody.
    """
    if not _asked_for(the_site().settings):
        return
    now, before = the_site().clock(), progress.until("announced")
    scheduled = Article.status == Status.SCHEDULED
    came = select(Article.id).where(
        scheduled, Article.published_at > (before or now), Article.published_at <= now
    )
    due = db.session.scalars(came).all()
    if before is None or due:
        is_ours = progress.advance("announced", before, now)
        db.session.commit()
        if is_ours:
            announce(due)


def _asked_for(settings: Settings) -> bool:
    return bool(settings.websub_hub or settings.indexnow_key)


def _news(ids: Sequence[int]) -> News:
    pages: list[str] = []
    feeds = dict.fromkeys(feed_paths())
    for article in _known_to_readers(ids):
        pages.append(article_path(article.slug))
        for topic in article.topics:
            feeds.update(dict.fromkeys(feed_paths("topics", topic.slug)))
        for author in article.authors:
            feeds.update(dict.fromkeys(feed_paths("authors", author.slug)))
        if article.source_domain:
            feeds.update(dict.fromkeys(feed_paths("sources", article.source_domain)))
    if len(feeds) > FEEDS_AT_ONCE:
        log.warning("The hub hears of %s of %s changed feeds.", FEEDS_AT_ONCE, len(feeds))
    return News(tuple(pages), tuple(feeds)[:FEEDS_AT_ONCE])


def _known_to_readers(ids: Sequence[int]) -> Iterator[Article]:
    now = the_site().clock()
    for start in range(0, len(ids), BATCH):
        statement = (
            select(Article)
            .where(Article.id.in_(ids[start : start + BATCH]))
            .options(
                load_only(
                    Article.slug, Article.status, Article.published_at, Article.source_domain
                ),
                selectinload(Article.authors),
                selectinload(Article.topics),
            )
        )
        for article in db.session.scalars(statement):
            if article.is_visible(now) or article.was_published(now):
                yield article


def _tell(settings: Settings, news: News) -> None:
    time.sleep(PAUSE_SECONDS)
    if settings.websub_hub:
        _tell_hub(settings, news.feeds)
    if settings.indexnow_key:
        _tell_search_engines(settings, news.pages)


def _tell_hub(settings: Settings, feeds: Sequence[str]) -> None:
    for path in feeds:
        form = urlencode({"hub.mode": "publish", "hub.url": settings.site_url + path})
        if not _sent(settings.websub_hub, form.encode(), "application/x-www-form-urlencoded"):
            return


def _tell_search_engines(settings: Settings, pages: Sequence[str]) -> None:
    told = {
        "host": settings.site_url.partition("://")[2],
        "key": settings.indexnow_key,
        "keyLocation": settings.site_url + KEY_PATH,
        "urlList": [settings.site_url + path for path in pages],
    }
    _sent(settings.indexnow_url, json.dumps(told).encode(), "application/json; charset=utf-8")


def _sent(url: str, content: bytes, content_type: str) -> bool:
    headers = {"Content-Type": content_type, "User-Agent": "Broadsheet"}
    request = Request(url, content, headers)  # noqa: S310 - the settings take http and https alone
    try:
        with urlopen(request, timeout=TIMEOUT_SECONDS):  # noqa: S310
            return True
    except (OSError, http.client.HTTPException) as problem:
        log.warning("%s could not be told what is new: %s", url, problem)
        return False
