"""Keeping the index in step with the database; the only translator of articles into documents."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence

from sqlalchemy import delete, func, insert, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import selectinload

from index.contract import Document, IndexMissing, IndexUnavailable, Name, Section
from webapp.extensions import db, the_site
from webapp.models import Article, IndexChange, Status
from webapp.services import relating

BATCH = 1000
log = logging.getLogger(__name__)


def record_change(article: Article) -> None:
    """Note, in the running transaction, that the index has to hear of this article."""
    db.session.add(IndexChange(article_id=article.id))


def pending() -> int:
    """Count the changes that the index has yet to hear of."""
    return db.session.scalars(select(func.count()).select_from(IndexChange)).one()


def keep_in_step() -> None:
    """Tell the index what has changed, and leave it for later when the index cannot hear it."""
    try:
        tell_index()
    except (IndexUnavailable, DBAPIError) as problem:
        db.session.rollback()
        log.error("The index did not take a change: %s", problem)
        return
    relating.relate_some()
    tidy()


def tidy() -> None:
    """Put the index together where many changes have left it in pieces; never fails."""
    try:
        with the_site().engine.turn() as is_ours:
            if is_ours:
                the_site().engine.tidy()
        # What was changed while the turn was taken had to wait for it.
        tell_index()
    except (IndexUnavailable, DBAPIError) as problem:
        log.error("The index was not tidied: %s", problem)
    # It may only have asked, and leaves no transaction open.
    db.session.rollback()


def note_differences() -> int:
    """Note a change for every article of which the index has another state; how many they are.

    The database is the truth: an index that lost its last commits with the power is mended so.
    Raises IndexUnavailable.
    """
    wanted = iter(stamps())
    held = the_site().engine.stamps()
    different = [id for id, _ in _differing(wanted, held)]
    for start in range(0, len(different), BATCH):
        rows = [{"article_id": id} for id in different[start : start + BATCH]]
        db.session.execute(insert(IndexChange), rows)
    db.session.commit()
    return len(different)


Stamp = tuple[int, int]


def _differing(left: Iterator[Stamp], right: Iterator[Stamp]) -> Iterator[Stamp]:
    """Give what is in one of two rising sequences only, by id; of two stamps of one id the left."""
    a, b = next(left, None), next(right, None)
    while a is not None or b is not None:
        if a == b:
            a, b = next(left, None), next(right, None)
        elif a is not None and (b is None or a[0] <= b[0]):
            yield a
            b = next(right, None) if b is not None and a[0] == b[0] else b
            a = next(left, None)
        elif b is not None:
            yield b
            b = next(right, None)


def catch_up(advance: Callable[[int], None] = lambda _: None) -> None:
    """Do all that a change leaves to be done: tell the index, then find what is related anew.

    `advance` is called with the number of changes applied. Raises IndexUnavailable; what is
    not done stays noted then.
    """
    tell_index(advance)
    relating.relate_all()


def tell_index(advance: Callable[[int], None] = lambda _: None) -> None:
    """Tell the index all that has changed, unless another process is just doing so.

    Whoever finds changes after giving up the turn to write takes it again: a change
    committed while the turn was another's is so never left lying. `advance` is called
    with the number of changes applied. Raises IndexUnavailable; nothing is lost then.
    """
    while pending():
        with the_site().engine.turn() as is_ours:
            if not is_ours:
                return
            _catch_up_in_turn(advance)


def _catch_up_in_turn(advance: Callable[[int], None]) -> None:
    waiting = pending()
    if waiting > BATCH and waiting * 2 > count_documents():
        # Where most has changed, building anew is quicker than mending, and the result smaller.
        _rebuild_in_turn(advance)
        return
    try:
        while _apply_some(advance):
            pass
    except IndexMissing:
        db.session.rollback()
        _rebuild_in_turn(advance)


def _apply_some(advance: Callable[[int], None]) -> bool:
    statement = select(IndexChange.id, IndexChange.article_id).order_by(IndexChange.id)
    rows = db.session.execute(statement.limit(BATCH)).all()
    if not rows:
        return False
    ids = {row.article_id for row in rows}
    documents = list(_documents(sorted(ids)))
    the_site().engine.apply(documents, ids - {document.id for document in documents})
    relating.note_changed(ids)
    _forget([row.id for row in rows])
    advance(len(rows))
    return True


def _forget(changes: Sequence[int]) -> None:
    for start in range(0, len(changes), BATCH):
        some = changes[start : start + BATCH]
        db.session.execute(delete(IndexChange).where(IndexChange.id.in_(some)))
    db.session.commit()


def rebuild(advance: Callable[[int], None] = lambda _: None) -> int | None:
    """Build the whole index anew beside the present one and swap; how many articles it holds.

    None when another process is just writing. What is related is then due to be found anew
    for all articles; catch_up() does it. Raises IndexUnavailable; the present index stays then.
    """
    with the_site().engine.turn() as is_ours:
        if not is_ours:
            return None
        count = _rebuild_in_turn(advance)
    tell_index()
    return count


def _rebuild_in_turn(advance: Callable[[int], None]) -> int:
    heard = db.session.scalars(select(IndexChange.id)).all()
    count = the_site().engine.rebuild(_counted(all_documents(), advance))
    relating.note_all()
    _forget(heard)
    return count


def _counted(documents: Iterator[Document], advance: Callable[[int], None]) -> Iterator[Document]:
    for document in documents:
        yield document
        advance(1)


def count_documents() -> int:
    """Count the articles that should be indexed."""
    statement = select(func.count()).select_from(Article).where(*_LISTED)
    return db.session.scalars(statement).one()


_LISTED = (
    Article.status.in_([Status.PUBLISHED, Status.SCHEDULED]),
    Article.published_at.is_not(None),
)


def all_documents() -> Iterator[Document]:
    """Yield every article that should be indexed, by id, a batch in memory at a time."""
    last = 0
    while True:
        ids = db.session.scalars(
            select(Article.id).where(Article.id > last, *_LISTED).order_by(Article.id).limit(BATCH)
        ).all()
        if not ids:
            return
        yield from _documents(ids)
        last = ids[-1]


def stamps() -> Iterator[Stamp]:
    """Yield id and stamp of every article that should be indexed, by id."""
    statement = select(Article.id, Article.updated_at).where(*_LISTED).order_by(Article.id)
    rows = db.session.execute(statement.execution_options(yield_per=BATCH))
    return ((row.id, _stamp(row.updated_at.timestamp())) for row in rows)


def count_differences() -> int:
    """Count the articles of which the index has another state. Raises IndexUnavailable."""
    return sum(1 for _ in _differing(stamps(), the_site().engine.stamps()))


def _stamp(seconds: float) -> int:
    return round(seconds * 1_000_000)


def _documents(ids: Sequence[int]) -> Iterator[Document]:
    statement = (
        select(Article)
        .where(Article.id.in_(ids), *_LISTED)
        .order_by(Article.id)
        .options(
            selectinload(Article.authors),
            selectinload(Article.topics),
            selectinload(Article.sections),
        )
        .execution_options(populate_existing=True)
    )
    for article in db.session.scalars(statement).all():
        yield _document(article)
        db.session.expunge(article)


def _document(article: Article) -> Document:
    if article.published_at is None:
        raise ValueError("an article without a date is not indexed")
    return Document(
        id=article.id,
        stamp=_stamp(article.updated_at.timestamp()),
        title=article.title,
        summary=article.summary,
        sections=tuple(Section(s.label, s.anchor, s.text) for s in article.sections),
        published_at=article.published_at,
        topics=tuple(Name(topic.slug, topic.name) for topic in article.topics),
        authors=tuple(Name(author.slug, author.name) for author in article.authors),
        source=article.source_domain,
        source_title=article.source_title,
        language=article.language,
    )
