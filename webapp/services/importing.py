"""Running an importer: each article created, updated or left as it is, and counted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from itertools import islice

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from webapp.errors import ImageRefused
from webapp.extensions import db, the_site
from webapp.importers import ImportedArticle, Importer, Unreadable
from webapp.models import Article, Correction, FormerSlug, Status
from webapp.services import announcing, illustrating, indexing, revising, writing
from webapp.services.storage import locked
from webapp.text.addresses import is_web_address
from webapp.text.pictures import Picture, file_named, pictures_written
from webapp.text.slugs import is_slug, make_slug

BATCH = 250
PICTURES = 100
"""Pictures in one text; those after them are left out."""


@dataclass(slots=True)
class Tally:
    """What an import did; `refused` and `remarks` hold the place and a sentence each.

    `changed` holds the ids of what is new or was updated.
    """

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: list[tuple[str, str]] = field(default_factory=list)
    remarks: list[tuple[str, str]] = field(default_factory=list)
    changed: list[int] = field(default_factory=list)


def run_import(importer: Importer) -> Tally:
    """Import everything an importer yields; a batch at a time is in memory and committed.

    An article is known again by its id, else its slug, else its source's address, else its
    title and date. Stopped at any moment and run again, it goes on: nothing is lost or
    twice. The index is told at the end, or at the next start when it was stopped before.
    Raises IndexUnavailable when all is stored and the index cannot be written.
    """
    tally = Tally()
    with locked(the_site().settings.data / "import.lock"):
        for batch in _batched(importer(the_site().settings.time_zone), BATCH):
            _import_batch(batch, tally)
    announcing.announce(tally.changed)
    return tally


def _batched(
    items: Iterator[ImportedArticle | Unreadable], size: int
) -> Iterator[list[ImportedArticle | Unreadable]]:
    while batch := list(islice(items, size)):
        yield batch


def _import_batch(batch: Iterable[ImportedArticle | Unreadable], tally: Tally) -> None:
    known = _Known([item for item in batch if isinstance(item, ImportedArticle)])
    desk = writing.Desk()
    now = the_site().clock()
    before = tally.created + tally.updated
    for item in batch:
        if isinstance(item, Unreadable):
            tally.refused.append((item.place, item.reason))
        else:
            _import_one(item, known, desk, now, tally)
    if tally.created + tally.updated > before:
        revising.note_visible_change()
    db.session.commit()
    db.session.expunge_all()


def _import_one(
    item: ImportedArticle, known: _Known, desk: writing.Desk, now: datetime, tally: Tally
) -> None:
    article = known.find(item)
    digest = _digest(item)
    if article is not None and article.import_digest == digest:
        tally.unchanged += 1
        return
    if article is None:
        article = Article(status=Status.DRAFT, slug=known.free_slug(item))
        tally.created += 1
    else:
        if item.id and article.external_id == item.id and is_slug(item.slug):
            _rename(article, item.slug, known)
        tally.updated += 1
    pictures = _Pictures(item, tally)
    _fill(article, item, pictures, now)
    _illustrate(article, item, pictures)
    article.import_digest = digest
    db.session.add(article)
    db.session.flush()
    writing.file_under(article, list(item.authors), list(item.topics), desk)
    known.remember(article)
    tally.changed.append(article.id)
    indexing.record_change(article)


def _rename(article: Article, slug: str, known: _Known) -> None:
    if slug != article.slug and not known.is_anothers(slug, article):
        writing.rename(article, slug)


def _fill(article: Article, item: ImportedArticle, pictures: _Pictures, now: datetime) -> None:
    article.external_id = item.id or article.external_id
    article.title, article.summary = item.title, item.summary
    article.language = item.language or the_site().settings.language
    writing.set_source(article, item.source_title, item.source_url)
    writing.set_text(article, item.body, item.body_format, pictures.of_text)
    _correct(article, item)
    if article.status != Status.WITHDRAWN:
        _date(article, item, now)
    article.updated_at = now
    if article.id is None and article.published_at is not None:
        # What comes from an archive has not been changed since it was published there.
        corrected = [c.corrected_at for c in article.corrections]
        article.updated_at = min(now, max([article.published_at, *corrected]))


def _correct(article: Article, item: ImportedArticle) -> None:
    """Let an article have the corrections that the import has, besides those made here."""
    if not item.corrections and article.id is None:
        return
    own = [each for each in article.corrections if not each.is_imported]
    article.corrections = own + [
        Correction(corrected_at=each.corrected_at, text=each.text, is_imported=True)
        for each in item.corrections
    ]


def _date(article: Article, item: ImportedArticle, now: datetime) -> None:
    article.published_at = item.published_at or article.published_at
    if item.is_draft:
        article.status = Status.DRAFT
        return
    article.published_at = article.published_at or now
    article.status = Status.SCHEDULED if article.published_at > now else Status.PUBLISHED


def _digest(item: ImportedArticle) -> str:
    """Give a number that is the same as long as neither the article nor a picture has changed."""
    written = map(file_named, pictures_written(item.body))
    names = dict.fromkeys([item.image, *islice(filter(None, written), PICTURES)])
    files = [item.folder / name for name in names if name and not is_web_address(name)]
    if not files:
        return item.digest()
    prints = [item.digest(), *(illustrating.fingerprint(file) for file in files)]
    return sha256("\n".join(prints).encode()).hexdigest()


def _illustrate(article: Article, item: ImportedArticle, pictures: _Pictures) -> None:
    article.image_alt = item.image_alt
    if not item.image:
        article.image_name, article.image_width, article.image_height = "", 0, 0
        return
    picture = pictures.at(item.image)
    if picture is not None:
        article.image_name = picture.name
        article.image_width, article.image_height = picture.width, picture.height


class _Pictures:
    """The pictures of one article, each stored once; what cannot be is remarked on."""

    def __init__(self, item: ImportedArticle, tally: Tally) -> None:
        self._item, self._tally = item, tally
        self._stored: dict[str, Picture | None] = {}

    def at(self, place: str) -> Picture | None:
        """Store the picture that is a file beside the import; None where it cannot be shown."""
        if place not in self._stored:
            self._stored[place] = self._store(place)
        return self._stored[place]

    def of_text(self, place: str) -> Picture | None:
        """Store a picture that a text names as one does in HTML or Markdown."""
        name = place if is_web_address(place) else file_named(place)
        if not name:
            self._remark(f"the picture {place[:200]} was left out; give it as a file beside it")
            return None
        return self.at(name)

    def _store(self, place: str) -> Picture | None:
        if len(self._stored) > PICTURES:
            self._remark(f"it has more than {PICTURES} pictures; {place} was left out")
            return None
        if is_web_address(place):
            self._remark(f"the picture {place} was not fetched; give it as a file")
            return None
        try:
            return illustrating.store_image(self._item.folder / place)
        except ImageRefused as problem:
            self._remark(str(problem))
            return None

    def _remark(self, sentence: str) -> None:
        self._tally.remarks.append((self._item.place, sentence))


class _Known:
    """The articles of the database that a batch may be about, looked up together."""

    def __init__(self, items: list[ImportedArticle]) -> None:
        self._by_id: dict[str, Article] = {}
        self._by_slug: dict[str, Article] = {}
        self._by_url: dict[str, Article] = {}
        self._by_title: dict[str, list[Article]] = {}
        self._former: dict[str, int] = {}
        slugs = [_slug_of(item) for item in items]
        for article in _articles(
            Article.external_id.in_([item.id for item in items if item.id])
            | Article.slug.in_(slugs)
            | Article.source_url.in_([i.source_url for i in items if not i.slug and i.source_url])
            | Article.title.in_([i.title for i in items if not i.slug and not i.source_url])
        ):
            self.remember(article)
        rows = db.session.scalars(select(FormerSlug).where(FormerSlug.slug.in_(slugs)))
        self._former = {row.slug: row.article_id for row in rows}
        for article in _articles(Article.id.in_(set(self._former.values()))):
            self.remember(article)

    def remember(self, article: Article) -> None:
        """Know an article from now on by all that it can be known by."""
        self._by_slug[article.slug] = article
        if article.external_id:
            self._by_id[article.external_id] = article
        if article.source_url:
            self._by_url.setdefault(article.source_url, article)
        if article not in self._by_title.setdefault(article.title, []):
            self._by_title[article.title].append(article)

    def find(self, item: ImportedArticle) -> Article | None:
        """Give the article that an imported one was before, if it was."""
        if item.id and item.id in self._by_id:
            return self._by_id[item.id]
        found = self._find_without_id(item)
        # What is known by another id is another article.
        return None if found and item.id and found.external_id else found

    def _find_without_id(self, item: ImportedArticle) -> Article | None:
        if item.slug:
            return self._holder(_slug_of(item))
        if item.source_url:
            return self._by_url.get(item.source_url)
        for article in self._by_title.get(item.title, []):
            if item.published_at in (None, article.published_at):
                return article
        return None

    def _holder(self, slug: str) -> Article | None:
        if slug in self._by_slug:
            return self._by_slug[slug]
        former = self._former.get(slug)
        return db.session.get(Article, former) if former is not None else None

    def is_anothers(self, slug: str, article: Article) -> bool:
        """Whether the slug leads, or led, to another article."""
        holder = self._holder(slug)
        return holder is not None and holder is not article

    def free_slug(self, item: ImportedArticle) -> str:
        """Give the slug that a new article gets."""
        wanted = _slug_of(item)
        if wanted not in self._by_slug and wanted not in self._former:
            return wanted
        return writing.free_slug(wanted, set(self._by_slug))


def _slug_of(item: ImportedArticle) -> str:
    return item.slug if is_slug(item.slug) else make_slug(item.slug or item.title)


def _articles(condition: object) -> Iterator[Article]:
    statement = (
        select(Article)
        .where(condition)  # type: ignore[arg-type]
        .options(selectinload(Article.sections), selectinload(Article.corrections))
    )
    yield from db.session.scalars(statement)
