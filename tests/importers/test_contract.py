"""What holds for every importer, and what makes an article."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from tests.factories import fields_of
from webapp.errors import ArticleUnreadable
from webapp.extensions import db
from webapp.importers import ImportedArticle, Importer, Unreadable
from webapp.importers.contract import read_article, read_moment
from webapp.importers.jsonl import JsonLines
from webapp.importers.markdown import MarkdownFolder
from webapp.models import Article
from webapp.services import importing

BERLIN = ZoneInfo("Europe/Berlin")
Writer = Callable[[Path, list[dict[str, object]]], Importer]


def as_jsonl(folder: Path, items: list[dict[str, object]]) -> Importer:
    folder.mkdir(exist_ok=True)
    path = folder / "articles.jsonl"
    path.write_text("".join(json.dumps(item) + "\n" for item in items))
    return JsonLines(path)


def as_markdown(folder: Path, items: list[dict[str, object]]) -> Importer:
    folder.mkdir(exist_ok=True)
    for number, item in enumerate(items):
        front = {name: value for name, value in item.items() if name != "body"}
        text = f"---\n{yaml.safe_dump(front)}---\n{item.get('body', '')}"
        (folder / f"{number:03}.md").write_text(text)
    return MarkdownFolder(folder)


every_importer = pytest.mark.parametrize("written", [as_jsonl, as_markdown])
WHOLE: dict[str, object] = {
    "id": "wire-77",
    "slug": "night-ferries",
    "title": "Night ferries begin",
    "summary": "The harbour board agreed on Monday.",
    "body": "Boats run all night.",
    "format": "markdown",
    "authors": ["Ada Quay", "Ben Pier"],
    "topics": ["Harbours", "Transport"],
    "published_at": "2026-10-12T16:10:00Z",
    "source_url": "https://harbour.example.org/1",
    "source_title": "Board agrees",
    "language": "en",
    "image": {"path": "boat.png", "alt": "A boat"},
    "draft": False,
    "corrections": [{"at": "2026-11-24T09:00:00Z", "text": "It was Monday."}],
}


def read(**fields: object) -> ImportedArticle:
    given = {"title": "A title", "body": "A body.", **fields}
    return read_article(given, place="line 1", folder=Path(), zone=BERLIN)


@every_importer
def test_every_importer_reads_every_field(written: Writer, tmp_path: Path) -> None:
    (article,) = written(tmp_path, [WHOLE])(UTC)
    assert isinstance(article, ImportedArticle)
    assert article.id == "wire-77"
    assert article.slug == "night-ferries"
    assert article.title == "Night ferries begin"
    assert article.summary == "The harbour board agreed on Monday."
    assert article.body == "Boats run all night."
    assert article.body_format == "markdown"
    assert article.authors == ("Ada Quay", "Ben Pier")
    assert article.topics == ("Harbours", "Transport")
    assert article.published_at == datetime(2026, 10, 12, 16, 10, tzinfo=UTC)
    assert article.source_url == "https://harbour.example.org/1"
    assert article.source_title == "Board agrees"
    assert article.language == "en"
    assert (article.image, article.image_alt) == ("boat.png", "A boat")
    assert article.folder == tmp_path
    assert not article.is_draft
    (correction,) = article.corrections
    assert correction.text == "It was Monday."
    assert correction.corrected_at == datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@every_importer
def test_every_importer_gives_an_article_the_same_digest_each_time(
    written: Writer, tmp_path: Path
) -> None:
    first, again = (next(iter(written(tmp_path / n, [WHOLE])(UTC))) for n in ("one", "two"))
    assert first.digest() == again.digest()  # type: ignore[union-attr]
    changed = written(tmp_path / "three", [{**WHOLE, "summary": "Or did it?"}])
    assert next(iter(changed(UTC))).digest() != first.digest()  # type: ignore[union-attr]


@every_importer
def test_an_import_run_twice_says_that_all_is_unchanged(
    app: Flask, written: Writer, tmp_path: Path
) -> None:
    importer = written(tmp_path, [fields_of() for _ in range(5)] + [fields_of(draft=True)])
    first, second = importing.run_import(importer), importing.run_import(importer)
    assert (first.created, first.updated, first.unchanged) == (6, 0, 0)
    assert (second.created, second.updated, second.unchanged) == (0, 0, 6)
    assert db.session.scalar(select(func.count()).select_from(Article)) == 6


@every_importer
def test_a_bad_item_is_reported_with_its_place_and_reason_and_the_rest_goes_in(
    app: Flask, written: Writer, tmp_path: Path
) -> None:
    tally = importing.run_import(
        written(tmp_path, [fields_of(), fields_of(source_url="no address"), fields_of()])
    )
    assert tally.created == 2
    ((place, reason),) = tally.refused
    assert place in ("line 2", "001.md")
    assert reason == "source_url is not a web address (http://… or https://…)"


@every_importer
def test_every_importer_takes_a_time_without_a_zone_as_of_the_zone_it_is_told(
    written: Writer, tmp_path: Path
) -> None:
    (article,) = written(tmp_path, [fields_of(published_at="2026-07-01 08:00")])(BERLIN)
    assert isinstance(article, ImportedArticle)
    assert article.published_at == datetime(2026, 7, 1, 6, 0, tzinfo=UTC)


@every_importer
def test_every_importer_yields_a_piece_at_a_time(written: Writer, tmp_path: Path) -> None:
    items = iter(written(tmp_path, [fields_of() for _ in range(3)])(UTC))
    assert isinstance(next(items), ImportedArticle)
    assert len(list(items)) == 2


def test_only_title_and_body_are_needed() -> None:
    article = read()
    assert (article.slug, article.summary, article.authors, article.topics) == ("", "", (), ())
    assert article.published_at is None
    assert not article.is_draft


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"title": None}, "title is missing"),
        ({"title": "   "}, "title is missing"),
        ({"title": "<b></b>"}, "title is missing"),
        ({"title": "\x01"}, "title is missing"),
        ({"title": ["x"]}, "title is not a text"),
        ({"title": True}, "title is not a text"),
        ({"title": "x" * 501}, "title is longer than 500 characters"),
        ({"body": ""}, "body is missing"),
        ({"body": {"html": "x"}}, "body is not a text"),
        ({"body": "x" * 1_000_001}, "body is longer than 1,000,000 characters"),
        ({"format": "docx"}, "format is 'docx'; it has to be markdown or html"),
        (
            {"source_url": "javascript:alert(1)"},
            "source_url is not a web address (http://… or https://…)",
        ),
        ({"language": "English!"}, "language is 'English!'; give a tag as in en or pt-BR"),
        ({"authors": 5}, "authors is not a list of at most 50 names"),
        ({"authors": [{"name": "Ada"}]}, "authors is not a text"),
        ({"topics": ["x"] * 51}, "topics is not a list of at most 50 names"),
        ({"topics": ["x" * 201]}, "topics is longer than 200 characters"),
        (
            {"published_at": "last Monday"},
            "published_at is not a date or time as in 2026-11-23T06:30:00Z",
        ),
        ({"draft": "yes"}, "draft is neither true nor false"),
        (
            {"corrections": "It was Monday."},
            "corrections is not a list of at most 50, each with at and text",
        ),
        (
            {"corrections": [{"at": "2026-11-24", "text": "x"}] * 51},
            "corrections is not a list of at most 50, each with at and text",
        ),
        ({"corrections": ["It was Monday."]}, "a correction has to have at and text"),
        ({"corrections": [{"text": "It was Monday."}]}, "a correction has no at"),
        (
            {"corrections": [{"at": "soon", "text": "x"}]},
            "a correction's at is not a date or time as in 2026-11-23T06:30:00Z",
        ),
        ({"corrections": [{"at": "2026-11-24"}]}, "the text of a correction is missing"),
        (
            {"corrections": [{"at": "2026-11-24", "text": "x" * 2001}]},
            "a correction is longer than 2,000 characters",
        ),
    ],
)
def test_what_is_no_article_is_refused_with_a_reason(
    fields: dict[str, object], reason: str
) -> None:
    with pytest.raises(ArticleUnreadable) as refusal:
        read(**fields)
    assert str(refusal.value) == reason


def test_markup_and_line_breaks_are_taken_out_of_what_is_shown_as_a_line() -> None:
    article = read(
        title="Night\nferries <b>begin</b>",
        summary="Salt &amp; water",
        source_title="<i>Board</i> agrees",
        authors=["<b>Ada</b> Quay"],
    )
    assert article.title == "Night ferries begin"
    assert article.summary == "Salt & water"
    assert article.source_title == "Board agrees"
    assert article.authors == ("Ada Quay",)


def test_one_name_may_stand_alone_and_empty_and_double_ones_are_left_out() -> None:
    assert read(authors="Ada Quay").authors == ("Ada Quay",)
    assert read(topics=["Ports", "", None, "Ports", "Boats"]).topics == ("Ports", "Boats")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"image": "boat.png", "image_alt": "A boat"}, ("boat.png", "A boat")),
        (
            {"image": {"url": "https://cdn.example.org/b.png"}},
            ("https://cdn.example.org/b.png", ""),
        ),
        ({}, ("", "")),
    ],
)
def test_a_picture_is_a_path_or_a_table_with_its_words(
    fields: dict[str, object], expected: tuple[str, str]
) -> None:
    article = read(**fields)
    assert (article.image, article.image_alt) == expected


def test_what_no_database_can_hold_is_replaced() -> None:
    article = read(title="a\0b\ud800c", body="x\0\udfff")
    assert article.title == "ab?c"
    assert article.body == "x?"


def test_numbers_are_read_as_texts() -> None:
    assert read(title=1984, id=7).title == "1984"
    assert read(id=7).id == "7"


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        (None, None),
        ("", None),
        ("2026-11-23T06:30:00Z", datetime(2026, 11, 23, 6, 30, tzinfo=UTC)),
        (" 2026-11-23T06:30:00+02:00 ", datetime(2026, 11, 23, 4, 30, tzinfo=UTC)),
        ("2026-11-23", datetime(2026, 11, 22, 23, 0, tzinfo=UTC)),
        (date(2026, 11, 23), datetime(2026, 11, 22, 23, 0, tzinfo=UTC)),
        (datetime(2026, 11, 23, 6, 30), datetime(2026, 11, 23, 5, 30, tzinfo=UTC)),  # noqa: DTZ001
    ],
)
def test_a_moment_is_read_as_utc_and_without_a_zone_as_of_the_sites(
    value: object, moment: datetime | None
) -> None:
    assert read_moment(value, BERLIN) == moment


@pytest.mark.parametrize(
    "value", ["0001-01-01", "9999-12-31T23:59:59-12:00", 1764000000, True, [], "²"]
)
def test_a_moment_that_no_calendar_of_ours_has_is_refused(value: object) -> None:
    with pytest.raises(ArticleUnreadable):
        read_moment(value, BERLIN)


names = st.sampled_from([*WHOLE, "image_alt", "anything"])
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.dates()
    | st.datetimes(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)


@settings(deadline=None)
@given(st.dictionaries(names, values), st.booleans())
def test_anything_is_an_article_or_is_refused_with_a_sentence(
    fields: dict[str, object], is_whole: bool
) -> None:
    try:
        article = read_article(
            {**(WHOLE if is_whole else {}), **fields}, place="line 1", folder=Path(), zone=BERLIN
        )
    except ArticleUnreadable as refusal:
        assert str(refusal)  # noqa: PT017 - both outcomes are right
        return
    assert article.title.strip()
    assert article.body.strip()
    assert len(article.digest()) == 64
    assert article.published_at is None or article.published_at.tzinfo is UTC
    repr(article).encode()


def test_what_cannot_be_read_says_where_it_stood(tmp_path: Path) -> None:
    (bad,) = as_jsonl(tmp_path, [{"title": "No body"}])(UTC)
    assert bad == Unreadable("line 1", "body is missing")
