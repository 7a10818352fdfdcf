"""Importing: what is known again, what changes, and what stays as it is."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, tzinfo
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import func, select

from tests import processes
from tests.conftest import NOON, Clock
from tests.factories import Pile, article_titled, fields_of, import_items, newest_made
from webapp import create_app
from webapp.errors import Busy
from webapp.extensions import db
from webapp.importers import ImportedArticle, Unreadable
from webapp.models import Article, Correction, FormerSlug, Section, Status
from webapp.services import checkup, finding, importing, indexing, publishing, reading
from webapp.settings import Settings

pytestmark = pytest.mark.usefixtures("app")


def count(noun: type) -> int:
    return db.session.scalar(select(func.count()).select_from(noun)) or 0


def names(articles_names: list) -> list[str]:
    return [name.name for name in articles_names]


def test_an_article_is_known_again_by_its_id_whatever_else_has_changed() -> None:
    import_items(
        fields_of(id="7", slug="first", title="First", source_url="https://a.example.org/")
    )
    tally = import_items(
        fields_of(id="7", slug="second", title="Second", source_url="https://b.example.org/")
    )
    assert (tally.created, tally.updated) == (0, 1)
    assert (newest_made().title, newest_made().slug) == ("Second", "second")


def test_a_slug_changed_by_its_source_leaves_the_old_one_leading_there() -> None:
    import_items(fields_of(id="7", slug="first"))
    import_items(fields_of(id="7", slug="second"))
    assert reading.slug_now("first") == "second"
    import_items(fields_of(id="7", slug="third"))
    assert (reading.slug_now("first"), reading.slug_now("second")) == ("third", "third")


def test_an_article_that_gets_its_old_slug_back_is_no_longer_led_to_by_it() -> None:
    for slug in ("first", "second", "first"):
        import_items(fields_of(id="7", slug=slug))
    assert newest_made().slug == "first"
    assert reading.slug_now("first") is None
    assert reading.slug_now("second") == "first"


@pytest.mark.parametrize("others", ["present", "former"])
def test_an_article_never_takes_the_slug_of_another(others: str) -> None:
    import_items(fields_of(id="1", slug="taken"), fields_of(id="2", slug="mine", title="Mine"))
    if others == "former":
        import_items(fields_of(id="1", slug="moved"))
    import_items(fields_of(id="2", slug="taken", title="Mine still"))
    assert article_titled("Mine still").slug == "mine"


def test_without_an_id_an_article_is_known_again_by_its_slug() -> None:
    import_items(fields_of(slug="boat", source_url="https://a.example.org/"))
    tally = import_items(
        fields_of(slug="boat", title="Changed", source_url="https://b.example.org/")
    )
    assert (tally.created, tally.updated, newest_made().title) == (0, 1, "Changed")


def test_a_former_slug_still_means_the_same_article() -> None:
    import_items(fields_of(id="7", slug="first"))
    import_items(fields_of(id="7", slug="second"))
    tally = import_items(fields_of(slug="first", title="Known by its former slug"))
    assert (tally.created, tally.updated) == (0, 1)
    assert newest_made().slug == "second"


def test_without_id_and_slug_an_article_is_known_again_by_its_source() -> None:
    source = "https://harbour.example.org/1"
    import_items(fields_of(source_url=source))
    tally = import_items(fields_of(source_url=source, title="Changed"))
    assert (tally.created, tally.updated, newest_made().title) == (0, 1, "Changed")


def test_without_all_these_an_article_is_known_again_by_title_and_date() -> None:
    same = {"title": "Daily notes", "published_at": "2026-11-01T08:00:00Z"}
    import_items(fields_of(**same))
    tally = import_items(
        fields_of(**same, body="Corrected."),
        fields_of(title="Daily notes", published_at="2026-11-02T08:00:00Z"),
    )
    assert (tally.created, tally.updated) == (1, 1)


def test_a_title_alone_will_do_where_no_date_is_given() -> None:
    import_items(fields_of(title="Undated", published_at=None))
    published_at = newest_made().published_at
    tally = import_items(fields_of(title="Undated", published_at=None, body="Corrected."))
    assert (tally.created, tally.updated) == (0, 1)
    assert newest_made().published_at == published_at == NOON


@pytest.mark.parametrize(
    "same",
    [
        {"slug": "boat"},
        {"source_url": "https://harbour.example.org/1"},
        {"title": "Boat", "published_at": "2026-11-01T08:00:00Z"},
    ],
)
def test_two_ids_are_two_articles_however_alike(same: dict[str, object]) -> None:
    first = {"title": "Boat", **same}
    tally = import_items(fields_of(**first, id="1"), fields_of(**first, id="2"))
    assert tally.created == 2
    slugs = set(db.session.scalars(select(Article.slug)))
    assert slugs == {"boat", "boat-2"}


def test_an_article_that_had_no_id_takes_the_one_that_comes_with_its_slug() -> None:
    import_items(fields_of(slug="boat"))
    import_items(fields_of(slug="boat", id="7"))
    tally = import_items(fields_of(id="7", slug="ship"))
    assert (tally.updated, count(Article), newest_made().slug) == (1, 1, "ship")


def test_an_article_keeps_the_id_that_a_later_source_does_not_tell() -> None:
    import_items(fields_of(slug="boat", id="7"))
    import_items(fields_of(slug="boat", title="Changed elsewhere"))
    tally = import_items(fields_of(id="7", slug="ship"))
    assert (tally.updated, count(Article), newest_made().slug) == (1, 1, "ship")


def test_a_new_article_does_not_take_a_slug_that_leads_elsewhere() -> None:
    import_items(fields_of(id="1", slug="first"))
    import_items(fields_of(id="1", slug="second"))
    import_items(fields_of(id="2", slug="first"))
    assert newest_made().slug == "first-2"
    assert reading.slug_now("first") == "second"


@pytest.mark.parametrize(
    ("given", "slug"), [("Not A Slug!", "not-a-slug"), ("", "the-title"), ("fine-1", "fine-1")]
)
def test_a_slug_is_made_when_what_is_given_is_none(given: str, slug: str) -> None:
    import_items(fields_of(title="The title", slug=given))
    assert newest_made().slug == slug


@pytest.mark.parametrize(
    "given", [{"id": "7"}, {"slug": "b"}, {"source_url": "https://a.example.org/"}, {}]
)
@pytest.mark.parametrize("size", [1, 2, 250])
def test_the_same_item_twice_in_a_run_is_one_article_also_over_the_border_of_a_batch(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, object], size: int
) -> None:
    monkeypatch.setattr(importing, "BATCH", size)
    item = fields_of(**given)
    tally = import_items(item, fields_of(), item)
    assert (tally.created, tally.updated, tally.unchanged) == (2, 0, 1)
    assert count(Article) == 2


@pytest.mark.parametrize("n", [1, 3, 4, 5, 8])
def test_nothing_is_lost_at_the_borders_of_batches(monkeypatch: pytest.MonkeyPatch, n: int) -> None:
    monkeypatch.setattr(importing, "BATCH", 4)
    items = [fields_of(authors=["Ada Quay"], topics=[f"Topic {i % 2}"]) for i in range(n)]
    assert import_items(*items).created == n
    assert count(Article) == n
    assert import_items(*items).unchanged == n


def test_the_batches_before_a_failure_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "BATCH", 2)

    def importer(zone: tzinfo) -> Iterator[ImportedArticle | Unreadable]:
        yield from Pile([fields_of() for _ in range(5)])(zone)
        raise OSError("the file is gone")

    with pytest.raises(OSError, match="gone"):
        importing.run_import(importer)
    db.session.rollback()
    assert count(Article) == 4
    assert indexing.pending() == 4


def test_articles_of_one_title_get_slugs_of_their_own() -> None:
    import_items(*(fields_of(title="Notes", published_at=f"2026-11-0{n}") for n in (1, 2, 3)))
    assert set(db.session.scalars(select(Article.slug))) == {"notes", "notes-2", "notes-3"}


def test_a_withdrawn_article_stays_withdrawn_when_imported_again() -> None:
    import_items(fields_of(slug="boat"))
    date = newest_made().published_at
    publishing.withdraw("boat")
    tally = import_items(fields_of(slug="boat", body="Corrected.", published_at="2026-12-24"))
    article = newest_made()
    assert (tally.updated, article.status, article.published_at) == (1, Status.WITHDRAWN, date)
    assert article.body == "Corrected."


def test_an_article_of_the_future_is_scheduled(clock: Clock) -> None:
    import_items(fields_of(published_at="2026-11-24T06:00:00Z"))
    assert newest_made().status == Status.SCHEDULED
    assert newest_made().updated_at == NOON
    assert not newest_made().is_visible(clock())


def test_a_draft_is_seen_by_nobody_and_dated_when_it_is_published(clock: Clock) -> None:
    import_items(fields_of(slug="boat", draft=True, published_at=None))
    assert (newest_made().status, newest_made().published_at) == (Status.DRAFT, None)
    clock.forward(days=2)
    publishing.publish("boat")
    assert newest_made().published_at == clock()


def test_a_draft_goes_out_when_its_source_says_so_no_more(clock: Clock) -> None:
    import_items(fields_of(slug="boat", draft=True, published_at=None))
    clock.forward(hours=3)
    import_items(fields_of(slug="boat", published_at=None))
    assert newest_made().is_visible(clock())
    assert newest_made().published_at == clock()


def test_an_article_goes_back_to_the_drafts_when_its_source_says_so() -> None:
    import_items(fields_of(slug="boat"))
    import_items(fields_of(slug="boat", draft=True))
    assert newest_made().status == Status.DRAFT


def test_an_article_without_a_date_is_published_at_the_moment_of_its_import() -> None:
    import_items(fields_of(published_at=None))
    assert (newest_made().status, newest_made().published_at) == (Status.PUBLISHED, NOON)


def test_what_comes_from_an_archive_is_not_called_updated_until_it_changes() -> None:
    import_items(fields_of(slug="boat", published_at="2025-03-30T06:00:00Z"))
    assert not reading.article_at("boat").is_updated
    assert newest_made().updated_at == datetime(2025, 3, 30, 6, 0, tzinfo=UTC)
    import_items(fields_of(slug="boat", published_at="2025-03-30T06:00:00Z"))
    assert reading.article_at("boat").is_updated
    assert newest_made().updated_at == NOON


def test_authors_and_topics_stand_in_the_order_in_which_they_were_given() -> None:
    import_items(
        fields_of(slug="boat", authors=["Zoë Pier", "Ada Quay", "Max Dock"], topics=["B", "A"])
    )
    assert names(newest_made().authors) == ["Zoë Pier", "Ada Quay", "Max Dock"]
    assert names(newest_made().topics) == ["B", "A"]
    db.session.expunge_all()
    import_items(fields_of(slug="boat", authors=["Max Dock", "Zoë Pier"], topics=[]))
    assert names(newest_made().authors) == ["Max Dock", "Zoë Pier"]
    assert newest_made().topics == []


def test_a_text_that_changed_has_its_new_sections_and_no_old_ones() -> None:
    import_items(fields_of(slug="boat", body="Lead.\n\n**Costs:** Much.\n\n**Crew:** Two."))
    assert [s.label for s in newest_made().sections] == ["", "Costs", "Crew"]
    import_items(fields_of(slug="boat", body="**Crew:** Three now."))
    assert [(s.position, s.label, s.text) for s in newest_made().sections] == [
        (0, "Crew", "Three now.")
    ]
    assert count(Section) == 1
    assert newest_made().word_count == 3


def test_an_article_in_no_language_is_in_the_sites() -> None:
    import_items(fields_of(slug="a"), fields_of(slug="b", language="pt-BR"))
    assert list(db.session.scalars(select(Article.language).order_by(Article.slug))) == [
        "en",
        "pt-BR",
    ]


def test_a_changed_and_a_new_article_wait_for_the_index_and_an_unchanged_one_does_not() -> None:
    item = fields_of(slug="boat")
    import_items(item)
    assert indexing.pending() == 1
    import_items(item)
    assert indexing.pending() == 1
    import_items({**item, "body": "Corrected."})
    assert indexing.pending() == 2


def test_a_picture_on_another_host_is_remarked_and_the_article_goes_in() -> None:
    tally = import_items(fields_of(image="https://cdn.example.org/boat.png"))
    assert tally.created == 1
    assert tally.remarks == [
        (
            "item 1",
            "the picture https://cdn.example.org/boat.png was not fetched; give it as a file",
        )
    ]
    assert newest_made().image_name == ""


def test_a_picture_that_is_missing_is_remarked_and_the_article_goes_in(tmp_path: Path) -> None:
    tally = import_items(fields_of(image="boat.png"), folder=tmp_path)
    assert tally.created == 1
    assert tally.remarks == [("item 1", "the picture boat.png cannot be read")]


def test_a_picture_is_stored_with_its_words_and_taken_out_again(
    tmp_path: Path, settings: Settings
) -> None:
    Image.new("RGB", (60, 40), "teal").save(tmp_path / "boat.png")
    picture = {"path": "boat.png", "alt": "A teal boat"}
    import_items(fields_of(slug="boat", image=picture), folder=tmp_path)
    article = newest_made()
    assert (article.image_width, article.image_height, article.image_alt) == (60, 40, "A teal boat")
    assert (settings.data / "uploads" / article.image_name).is_file()
    import_items(fields_of(slug="boat"), folder=tmp_path)
    assert (newest_made().image_name, newest_made().image_alt) == ("", "")


def test_pictures_in_a_text_are_stored_and_what_cannot_be_is_remarked(tmp_path: Path) -> None:
    (tmp_path / "in it").mkdir()
    Image.new("RGB", (1000, 500), "teal").save(tmp_path / "in it" / "boat.png")
    body = (
        "![A teal boat](in%20it/boat.png)\n\n<img src='in%20it/boat.png' alt='Again'>\n\n"
        "![Far](https://cdn.example.org/far.png)\n\n![Gone](gone.png)\n\n![Root](/root.png)"
    )
    tally = import_items(fields_of(slug="boat", body=body), folder=tmp_path)
    assert [sentence for _, sentence in tally.remarks] == [
        "the picture https://cdn.example.org/far.png was not fetched; give it as a file",
        "the picture gone.png cannot be read",
        "the picture /root.png was left out; give it as a file beside it",
    ]
    html = newest_made().html
    assert html.count('.webp" alt="A teal boat" width="1000" height="500">') == 1
    assert html.count('.webp" alt="Again" width="1000" height="500">') == 1
    assert "<em>Far</em>" in html
    assert "<em>Gone</em>" in html
    assert "cdn.example.org" not in html


@pytest.mark.parametrize("fields", [{"image": "boat.png"}, {"body": "![Boat](boat.png)"}])
def test_another_picture_under_the_same_name_is_noticed(
    tmp_path: Path, fields: dict[str, object]
) -> None:
    item = fields_of(slug="boat", **fields)
    Image.new("RGB", (60, 40), "teal").save(tmp_path / "boat.png")
    assert import_items(item, folder=tmp_path).created == 1
    assert import_items(item, folder=tmp_path).unchanged == 1
    before = newest_made()
    Image.new("RGB", (80, 40), "red").save(tmp_path / "boat.png")
    assert import_items(item, folder=tmp_path).updated == 1
    after = newest_made()
    assert (after.image_name, after.html) != (before.image_name, before.html)
    assert "80" in f"{after.image_width} {after.html}"


def test_an_article_without_pictures_keeps_the_digest_that_it_had() -> None:
    import_items(fields_of(title="T", body="B", published_at="2026-11-22"))
    assert newest_made().import_digest == (
        "45ae56768604d8963a799edaff7bc9686f33902db4e398f066caa90854cef669"
    )


def test_more_pictures_than_a_text_may_have_are_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "PICTURES", 1)
    for name in ("a", "b", "c"):
        Image.new("RGB", (6, 4), "teal").save(tmp_path / f"{name}.png")
    body = "![A](a.png) ![B](b.png) ![C](c.png)"
    tally = import_items(fields_of(body=body), folder=tmp_path)
    assert [s for _, s in tally.remarks] == ["it has more than 1 pictures; c.png was left out"]


CORRECTIONS = [
    {"at": "2026-11-22", "text": "The first boat goes at <b>six</b>."},
    {"at": "2026-11-21T10:00:00Z", "text": "It was Monday."},
]


def corrections() -> list[tuple[str, str]]:
    rows = db.session.scalars(select(Correction).order_by(Correction.corrected_at, Correction.id))
    return [(f"{row.corrected_at:%d}", row.text) for row in rows]


def test_corrections_come_in_once_and_are_what_the_import_says() -> None:
    item = fields_of(slug="boat", published_at="2026-11-20T08:00Z", corrections=CORRECTIONS)
    assert import_items(item).created == 1
    expected = [("21", "It was Monday."), ("22", "The first boat goes at six.")]
    assert corrections() == expected
    assert newest_made().updated_at == datetime(2026, 11, 22, tzinfo=UTC)
    assert import_items(item).unchanged == 1
    assert corrections() == expected
    assert import_items({**item, "corrections": CORRECTIONS[:1]}).updated == 1
    assert corrections() == expected[1:]
    db.session.remove()
    publishing.correct("boat", "Made at the desk.")
    assert import_items({**item, "corrections": []}).updated == 1
    assert corrections() == [("23", "Made at the desk.")]


def test_no_text_whatever_stops_an_import() -> None:
    odd = [
        "\x1b[0m red",
        "&#x1b;",
        "<",
        "<div>" * 3000,
        "\u202e\ufeff\ufffe",
        "[" * 3000,
        "```",
        "<!--",
    ]
    tally = import_items(
        *(fields_of(body=body, format=f) for body in odd for f in ("html", "markdown"))
    )
    assert tally.created == len(odd) * 2
    indexing.catch_up()
    assert indexing.pending() == 0


MOMENTS = {
    "while it writes a batch": """
def stop_at(article, recorded=[]):
    recorded.append(record_change(article))
    if len(recorded) == 50:
        say_here_and_wait()
record_change, indexing.record_change = indexing.record_change, stop_at
""",
    "between two batches": """
def stop_between(batch, tally, done=[]):
    import_batch(batch, tally)
    done.append(batch)
    if len(done) == 2:
        say_here_and_wait()
import_batch, importing._import_batch = importing._import_batch, stop_between
""",
    "before the index hears of it": """
indexing.catch_up = say_here_and_wait
""",
    "when the index has heard and the database has not": """
def stop_after(*told):
    apply(*told)
    say_here_and_wait()
indexing.rebuild()
class Engine:
    def __getattr__(self, name):
        return getattr(engine, name)
engine, the_site().engine = the_site().engine, Engine()
apply, Engine.apply = engine.apply, staticmethod(stop_after)
""",
}
KILLED = """
from pathlib import Path
from webapp import create_app
from webapp.extensions import the_site
from webapp.importers.jsonl import JsonLines
from webapp.services import importing, indexing
importing.BATCH = 20
app = create_app()
with app.app_context():
    {moment}
    importing.run_import(JsonLines(Path(sys.argv[1])))
    indexing.catch_up()
"""


@pytest.mark.parametrize("moment", MOMENTS)
def test_an_import_that_is_killed_and_run_again_loses_nothing_and_has_nothing_twice(
    settings: Settings, clock: Clock, tmp_path: Path, moment: str
) -> None:
    data, path = tmp_path / "killed", tmp_path / "articles.jsonl"
    items = [
        fields_of(authors=["Ada Quay"], topics=["Ports"], title=f"Boat {n}") for n in range(60)
    ]
    path.write_text("".join(json.dumps(item) + "\n" for item in items))
    code = KILLED.format(moment=MOMENTS[moment].replace("\n", "\n    "))
    with processes.started(code, data, str(path)) as victim:
        victim.kill()

    again = processes.run(data, "import", "jsonl", str(path))
    assert again.returncode == 0, again.stderr
    survivor = create_app(replace(settings, data=data, search_engine="whoosh"), clock)
    with survivor.app_context():
        assert sorted(db.session.scalars(select(Article.title))) == sorted(
            str(item["title"]) for item in items
        )
        assert {names(a.authors) == ["Ada Quay"] for a in db.session.scalars(select(Article))} == {
            True
        }
        assert finding.find("boat").total == 60
        assert [check for check in checkup.examine() if not check.is_well] == []
        db.session.remove()
        db.engine.dispose()
        survivor.extensions["broadsheet"].engine.close()
    third = processes.run(data, "import", "jsonl", str(path))
    assert "All 60 articles are unchanged." in third.stdout


def test_an_import_waits_for_another_one(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = (
        "from pathlib import Path\nfrom webapp.services.storage import locked\n"
        "with locked(Path(sys.argv[1])):\n    say_here_and_wait()\n"
    )
    take = fcntl.flock
    with (
        processes.started(code, settings.data, str(settings.data / "import.lock")),
        monkeypatch.context() as impatient,
    ):
        impatient.setattr(fcntl, "flock", lambda file, how: take(file, how | fcntl.LOCK_NB))
        with pytest.raises(Busy):
            import_items(fields_of())
    assert import_items(fields_of()).created == 1


def test_former_slugs_go_with_their_article() -> None:
    import_items(fields_of(id="7", slug="first"))
    import_items(fields_of(id="7", slug="second"))
    db.session.delete(newest_made())
    db.session.commit()
    assert (count(FormerSlug), count(Section)) == (0, 0)
