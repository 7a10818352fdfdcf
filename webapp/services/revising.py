"""The site's revision: what readers see from one change to the next, and how a process knows it."""

from __future__ import annotations

import hashlib
import logging
import threading
import time as clocks
from collections.abc import Callable
from dataclasses import fields, replace
from datetime import UTC, datetime, time, timedelta, tzinfo
from wsgiref.handlers import format_date_time

from sqlalchemy import Engine, Row, Select, Update, asc, bindparam, desc, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionFree

from webapp.extensions import Revision, db, the_site
from webapp.models import Article, SiteRevision, Status
from webapp.models.columns import UtcDateTime
from webapp.settings import ROOT, Settings

REREAD_SECONDS = 0.15
# So long after a change of its own a process asks the database at every request.
HURRY_SECONDS = 1.0
# What was read so long ago is not given to who finds another thread asking; nor does it
# count as what was right just before.
RECENT_SECONDS = 0.3
# Who waits longer for a thread that asks a database that does not answer takes what was known.
PATIENCE_SECONDS = 1.0
# So long it waits before it asks a database again that did not answer.
LOST_SECONDS = 1.0
SECOND = timedelta(seconds=1)
# What pages are made with; the demo's texts are not.
LOOK = ("templates/**/*", "static/**/*", "webapp/**/*.py", "index/**/*.py")
log = logging.getLogger(__name__)


def note_visible_change() -> None:
    """Note, in the running transaction, that readers will see something else than before.

    For the last line before the commit: on PostgreSQL whoever notes another change waits
    for it. `changed_at` is a whole second that no revision had before, even where several
    follow within one: Last-Modified tells them apart (RFC 9110, section 8.8.2.2).
    """
    before = db.session.scalars(select(SiteRevision.changed_at).with_for_update()).one()
    db.session.execute(_anew(before))
    the_site().revisions.hurry()


def note_look() -> None:
    """Begin a new revision where the site is made or set otherwise than when it last started."""
    look = _look(the_site().settings)
    row = db.session.execute(select(SiteRevision.look, SiteRevision.changed_at)).one()
    if row.look != look:
        # Of the workers that start together one does it.
        other = SiteRevision.look != look
        db.session.execute(_anew(row.changed_at).where(other).values(look=look))
    db.session.commit()


def _anew(before: datetime) -> Update:
    changed_at = max(_second_after(the_site().clock()), before + SECOND)
    return update(SiteRevision).values(number=SiteRevision.number + 1, changed_at=changed_at)


def _look(settings: Settings) -> str:
    """Give a hash of all that pages are made with besides the database."""
    digest = hashlib.sha256()
    for path in sorted(path for pattern in LOOK for path in ROOT.glob(pattern) if path.is_file()):
        digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes())
    public = [field.name for field in fields(settings) if not field.metadata["secret"]]
    digest.update(repr([(name, getattr(settings, name)) for name in public]).encode())
    return digest.hexdigest()[:32]


def _second_after(moment: datetime) -> datetime:
    """Give the first whole second at or after a moment."""
    return moment if not moment.microsecond else moment.replace(microsecond=0) + SECOND


class Watch:
    """What revision it is, for all threads of a process; asks the database now and then.

    A change of another process is known 0.15 s after its commit at the latest, one of this
    process at once, and what comes due, at that moment. While the database does not answer,
    the last that was known stands.
    """

    def __init__(self, engine: Engine, clock: Callable[[], datetime], zone: tzinfo) -> None:
        self._engine = engine
        self._clock = clock
        self._zone = zone
        self._turn = threading.Lock()
        self._known: Revision | None = None
        self._reread_at = self._hurry_until = 0.0
        self._read_at = -RECENT_SECONDS
        self._is_lost = False

    def __call__(self) -> Revision | None:
        """Give the revision it is now; None where the database never answered."""
        known, asked = self._known, clocks.monotonic()
        is_over = known is None or self._clock() >= known.valid_until
        if not is_over and asked < self._reread_at:
            return known
        must_wait = is_over or asked < self._hurry_until or asked > self._read_at + RECENT_SECONDS
        patience = 0.0 if known and (self._is_lost or not must_wait) else PATIENCE_SECONDS
        if self._turn.acquire(timeout=patience):
            try:
                # Another may have asked while this one waited for its turn.
                if self._read_at < asked:
                    self._reread()
            finally:
                self._turn.release()
        return self._known

    def hurry(self) -> None:
        """Ask at every request for a moment: a change is just being committed here."""
        self._hurry_until = clocks.monotonic() + HURRY_SECONDS
        self._reread_at = 0.0

    def _reread(self) -> None:
        began, now = clocks.monotonic(), self._clock()
        if self._is_lost and began < self._reread_at:
            return
        try:
            with self._engine.connect() as connection:
                row = connection.execute(_STATE, {"now": now}).first()
        except (DBAPIError, NoConnectionFree) as problem:
            self._reread_at = began + LOST_SECONDS
            if not self._is_lost:
                log.error("The revision cannot be read, the last one stands: %s", problem)
            self._is_lost = True
            return
        self._is_lost = False
        self._known = self._revision(row, now, began) if row else None
        self._read_at = began
        self._reread_at = began + (0 if began < self._hurry_until else REREAD_SECONDS)

    def _revision(
        self, row: Row[int, datetime, datetime | None, datetime | None], now: datetime, began: float
    ) -> Revision:
        number, changed_at, came_at, comes_at = row
        today = now.astimezone(self._zone).date()
        begins_at, ends_at = (
            datetime.combine(today + timedelta(days=days), time(), self._zone).astimezone(UTC)
            for days in (0, 1)
        )
        since = max(changed_at, begins_at, _second_after(came_at or begins_at))
        valid_until = min(comes_at or ends_at, ends_at)
        known = self._known
        tag = (number, valid_until)
        revision = Revision(
            tag=tag,
            changed_at=changed_at,
            valid_until=valid_until,
            # Not before that second has come: what changes until then bears it as well.
            last_modified=format_date_time(since.timestamp()) if since <= now else "",
            known_since=clocks.monotonic(),
        )
        if known is None:
            return revision
        if known.tag == tag:
            return replace(revision, known_since=known.known_since, previous_tag=known.previous_tag)
        was_seen_just_now = began <= self._read_at + RECENT_SECONDS
        return replace(revision, previous_tag=known.tag if was_seen_just_now else None)


def _nearest(is_past: bool) -> Select[datetime | None]:
    """Select the moment nearest to now at which a listed article came, or will come, due."""
    at, now = Article.published_at, bindparam("now", type_=UtcDateTime())
    listed = Article.status.in_([Status.PUBLISHED, Status.SCHEDULED])
    side = at <= now if is_past else at > now
    return select(at).where(listed, side).order_by(desc(at) if is_past else asc(at)).limit(1)


_STATE = select(
    SiteRevision.number,
    SiteRevision.changed_at,
    _nearest(is_past=True).scalar_subquery(),
    _nearest(is_past=False).scalar_subquery(),
)
