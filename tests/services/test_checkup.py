"""The doctor: every check fails for its reason, with its remedy, and stops no other."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from PIL import Image
from sqlalchemy import text

from index.contract import IndexMissing
from tests.conftest import Clock
from tests.factories import fields_of, import_items, make_article, make_articles, newest_made
from webapp.extensions import db, the_site
from webapp.models import Article
from webapp.services import checkup, illustrating, indexing
from webapp.services.checkup import Check
from webapp.settings import Settings

pytestmark = pytest.mark.usefixtures("app")
ALL = [
    "settings",
    "data folder",
    "secret key",
    "clock",
    "database",
    "tables",
    "index",
    "related articles",
    "pictures",
    "letter",
    "worker",
    "mail server",
]


def examined() -> dict[str, Check]:
    return {check.name: check for check in checkup.examine()}


def failing() -> Check:
    """Give the one check that fails."""
    (check,) = [check for check in checkup.examine() if not check.is_well]
    return check


def spoil_database(settings: Settings, spoil: Callable[[bytearray], None]) -> None:
    db.session.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
    db.session.remove()
    db.engine.dispose()
    path = settings.data / "broadsheet.sqlite3"
    content = bytearray(path.read_bytes())
    spoil(content)
    path.write_bytes(content)


def test_a_site_in_order_passes_every_check() -> None:
    make_articles(2)
    checks = examined()
    assert list(checks) == ALL
    assert [check.name for check in checks.values() if not check.is_well] == []
    assert not any(check.remedy for name, check in checks.items() if name != "mail server")
    assert "2 articles" in checks["tables"].seen
    assert "2 articles" in checks["index"].seen
    assert "http://127.0.0.1:8000" in checks["settings"].seen


def test_a_full_disk_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    indexing.rebuild()
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=5_000_000))
    check = failing()
    assert (check.name, check.remedy) == ("data folder", "Free some space.")
    assert "has 5 MB left" in check.seen


def test_a_secret_key_that_others_can_read_is_seen(settings: Settings) -> None:
    indexing.rebuild()
    path = settings.data / "secret-key"
    path.chmod(0o640)
    check = failing()
    assert (check.name, check.remedy) == ("secret key", f"Run: chmod 600 {path}")


def test_a_secret_key_that_was_removed_is_seen(settings: Settings) -> None:
    indexing.rebuild()
    (settings.data / "secret-key").unlink()
    check = failing()
    assert check.name == "secret key"
    assert check.remedy


def test_the_operators_own_key_is_well() -> None:
    site = the_site()
    site.settings = replace(site.settings, secret_key="k" * 40)
    assert examined()["secret key"] == Check("secret key", True, "set by the operator")


def test_a_clock_of_the_past_is_seen(clock: Clock) -> None:
    indexing.rebuild()
    clock.now = datetime(2025, 12, 31, tzinfo=UTC)
    check = failing()
    assert (check.name, check.remedy) == ("clock", "Set the machine's clock.")
    assert "2025-12-31 00:00 UTC" in check.seen


def test_a_clock_that_was_put_back_is_seen(clock: Clock) -> None:
    import_items(fields_of(published_at=None))
    indexing.catch_up()
    clock.forward(hours=-2)
    check = failing()
    assert (check.name, check.remedy) == ("clock", "Set the machine's clock.")
    assert "an article was changed at 2026-11-23 12:00" in check.seen


def test_a_database_that_does_not_answer_is_seen(settings: Settings) -> None:
    def overwrite(content: bytearray) -> None:
        content[:] = b"this is no database at all" * 200

    spoil_database(settings, overwrite)
    checks = examined()
    assert list(checks) == ALL[:5]
    assert not checks["database"].is_well
    assert checks["database"].seen == "sqlite does not answer: file is not a database"
    assert "backup" in checks["database"].remedy
    assert not checkup.is_database_there()


@pytest.mark.parametrize("pages", [(1, None), (20, None), (-6, -1), (25, 28)])
def test_a_damaged_database_is_seen(settings: Settings, pages: tuple[int, int | None]) -> None:
    make_articles(40, body="Words and more words. " * 100)
    assert checkup.is_database_there()

    def overwrite(content: bytearray) -> None:
        start, end = (n if n is None else n * 4096 for n in pages)
        content[start:end] = b"\xa5" * len(content[start:end])

    spoil_database(settings, overwrite)
    checks = examined()
    assert list(checks) == ALL[:5]
    assert not checks["database"].is_well
    assert re.search("damaged|malformed|not answer", checks["database"].seen)
    assert "backup" in checks["database"].remedy


def test_a_server_that_does_not_answer_is_seen(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    spoil_database(settings, bytearray.clear)
    (settings.data / "broadsheet.sqlite3").write_bytes(b"this is no database at all" * 200)
    monkeypatch.setattr(db.engine.dialect, "name", "postgresql")
    check = failing()
    assert (check.name, check.seen) == ("database", "postgresql does not answer")
    assert "BROADSHEET_DATABASE_URL" in check.remedy


def test_tables_of_another_version_are_seen() -> None:
    indexing.rebuild()
    db.session.execute(text("UPDATE alembic_version SET version_num = 'future'"))
    db.session.commit()
    check = failing()
    assert check.name == "tables"
    assert check.remedy == "Start the site once, or run any command."


def test_changes_that_wait_for_the_index_are_seen() -> None:
    indexing.rebuild()
    import_items(fields_of(), fields_of())
    check = failing()
    assert (check.name, check.remedy) == ("index", "Run: broadsheet reindex")
    assert check.seen == "2 changes wait to be indexed"


def test_articles_whose_related_ones_were_not_found_yet_are_seen() -> None:
    make_articles(2)
    indexing.rebuild()
    check = failing()
    assert (check.name, check.seen) == ("related articles", "2 articles wait for theirs")
    assert check.remedy.endswith("run: broadsheet reindex")
    indexing.catch_up()
    assert examined()["related articles"].is_well


def test_pictures_that_are_gone_and_pictures_that_nothing_shows_are_seen(tmp_path: Path) -> None:
    for name, width in (("boat", 60), ("pier", 50)):
        Image.new("RGB", (width, 40), "teal").save(tmp_path / f"{name}.png")
    make_article(slug="boat", image=str(tmp_path / "boat.png"))
    illustrating.store_image(tmp_path / "pier.png")
    check = examined()["pictures"]
    assert (check.is_well, check.seen) == (True, "all are there; 2 files are shown by no article")
    assert check.remedy == "To remove them, run: broadsheet pictures"
    (illustrating.folder() / newest_made().image_name).unlink()
    check = failing()
    assert (check.name, check.seen) == ("pictures", "1 that articles show are gone")
    assert "import their articles again" in check.remedy


def test_an_index_that_differs_from_the_database_is_seen(clock: Clock) -> None:
    make_article()
    article = db.session.get(Article, newest_made().id)
    article.updated_at = datetime(2026, 11, 23, 11, 0, tzinfo=UTC)
    db.session.commit()
    check = failing()
    assert (check.name, check.remedy) == ("index", "Run: broadsheet reindex")
    assert check.seen.startswith("differs from the database in")


def test_an_index_that_is_missing_is_seen() -> None:
    class Missing:
        def stamps(self) -> None:
            raise IndexMissing("There is no index.")

        def close(self) -> None:
            return None

    the_site().engine = Missing()  # type: ignore[assignment]
    check = failing()
    assert (check.name, check.seen, check.remedy) == (
        "index",
        "There is no index.",
        "Run: broadsheet reindex",
    )


def test_a_deep_look_finds_damage_in_the_files_of_the_index(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_article()
    assert "index files" not in examined()
    deep = {check.name: check for check in checkup.examine(is_deep=True)}
    assert deep["index files"].is_well

    def damaged() -> None:
        raise IndexMissing("The search index is damaged.")

    monkeypatch.setattr(the_site().engine, "verify", damaged)
    deep = {check.name: check for check in checkup.examine(is_deep=True)}
    assert not deep["index files"].is_well
    assert "reindex" in deep["index files"].remedy
