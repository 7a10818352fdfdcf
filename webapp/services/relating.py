"""Which articles are nearest to each: found when the index has changed, read without it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime

from sqlalchemy import delete, false, func, insert, select

from webapp.extensions import db, the_site
from webapp.models import Article, RelatedArticle, RelatedDue
from webapp.services import revising
from webapp.services.storage import locked

# More than a page shows: some may be withdrawn, or their time may not have come.
KEPT = 6
# Of those that name a changed article as related, so many are looked at again.
NAMING = 20
# Articles between two commits, where somebody waits and where nobody does: so many are done
# again when a process dies. Each commit is a new state of the site, with a second of its own.
BATCH = 50
LARGE_BATCH = 500
# Whoever reads asks whether the time has come; so nothing is due when it comes.
_WHENEVER = datetime.max.replace(tzinfo=UTC)
log = logging.getLogger(__name__)


def note_changed(ids: Iterable[int]) -> None:
    """Note, in the running transaction, that the index has heard of changed or removed articles."""
    _note(ids, has_changed=True)


def note_all() -> None:
    """Note, in the running transaction, that the whole index is new."""
    db.session.execute(delete(RelatedDue))
    everything = select(Article.id, false())
    columns = [RelatedDue.article_id, RelatedDue.has_changed]
    db.session.execute(insert(RelatedDue).from_select(columns, everything))


def _note(ids: Iterable[int], *, has_changed: bool) -> None:
    rows = [{"article_id": id, "has_changed": has_changed} for id in sorted(ids)]
    if rows:
        db.session.execute(insert(RelatedDue), rows)


def waiting() -> int:
    """Count the articles whose related ones have yet to be found."""
    return db.session.scalars(select(func.count(RelatedDue.article_id.distinct()))).one()


def relate_some() -> None:
    """Find what is related to a few changed articles and their neighbours; never fails.

    For a deed that somebody waits for. What it does not come to, relate_all() does.
    """
    try:
        _relate_batch(BATCH)  # what has changed
        _relate_batch(BATCH)  # its neighbours
    except Exception:
        # What is published is published, whatever happens here.
        db.session.rollback()
        log.exception("Related articles could not be found now.")


def relate_all(advance: Callable[[int], None] = lambda _: None) -> None:
    """Find what is related to every article for which that is due.

    Stopped at any moment, the next call goes on; one that finds another process at it waits
    for it. `advance` is called with the number of articles done. Raises IndexUnavailable;
    what is not done stays due then.
    """
    if not waiting():
        return
    with locked(the_site().settings.data / "relating.lock"):
        while done := _relate_batch(LARGE_BATCH):
            advance(done)


def _relate_batch(size: int) -> int:
    # What has changed comes first, then the newest.
    order = (RelatedDue.has_changed.desc(), RelatedDue.article_id.desc())
    statement = select(RelatedDue.id, RelatedDue.article_id).order_by(*order).limit(size)
    due = db.session.execute(statement).all()
    if not due:
        return 0
    engine = the_site().engine
    found = {
        id: engine.related(id, now=_WHENEVER, limit=KEPT) for id in {row.article_id for row in due}
    }
    _store(found, [row.id for row in due])
    return len(found)


def _store(found: Mapping[int, Sequence[int]], due: Sequence[int]) -> None:
    claimed = _claim(due)
    is_new = _replace({id: found[id] for id in claimed})
    changed = [id for id, has_changed in claimed.items() if has_changed]
    neighbours = {near for id in changed for near in found[id]} | _naming(changed)
    # Those that are stored now were found when the index knew of the changes.
    _note(neighbours - claimed.keys(), has_changed=False)
    if is_new:
        revising.note_visible_change()
    db.session.commit()


def _claim(due: Sequence[int]) -> dict[int, bool]:
    """Take rows that are due; the articles of those that no other process was quicker to take."""
    # SQLite lets one write at a time; on PostgreSQL neither waits for the other.
    free = select(RelatedDue.id).where(RelatedDue.id.in_(due)).with_for_update(skip_locked=True)
    statement = delete(RelatedDue).where(RelatedDue.id.in_(free))
    claimed: dict[int, bool] = {}
    for id, has_changed in db.session.execute(
        statement.returning(RelatedDue.article_id, RelatedDue.has_changed)
    ):
        claimed[id] = claimed.get(id, False) or has_changed
    return claimed


def _replace(found: Mapping[int, Sequence[int]]) -> bool:
    """Store what was found in place of what was; whether that is anything else."""
    stored = delete(RelatedArticle).where(RelatedArticle.article_id.in_(found))
    columns = (RelatedArticle.article_id, RelatedArticle.position, RelatedArticle.related_id)
    before = {tuple(row) for row in db.session.execute(stored.returning(*columns))}
    # The index may hold articles that the database no longer has.
    named = {*found, *(near for nearest in found.values() for near in nearest)}
    known = set(db.session.scalars(select(Article.id).where(Article.id.in_(named))))
    rows = [
        {"article_id": id, "position": position, "related_id": near}
        for id, nearest in found.items()
        for position, near in enumerate(nearest)
        if {id, near} <= known
    ]
    if rows:
        db.session.execute(insert(RelatedArticle), rows)
    return before != {(row["article_id"], row["position"], row["related_id"]) for row in rows}


def _naming(changed: Collection[int]) -> set[int]:
    """Give some articles whose stored ones are among those, where these stand first at that."""
    statement = (
        select(RelatedArticle.article_id)
        .where(RelatedArticle.related_id.in_(changed))
        .order_by(RelatedArticle.position)
        .limit(NAMING * len(changed))
    )
    return set(db.session.scalars(statement))
