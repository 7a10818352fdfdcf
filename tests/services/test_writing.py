"""Putting a text into an article."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from tests.conftest import NOON
from webapp.extensions import db
from webapp.models import Article, Author, FormerSlug, Topic
from webapp.services import writing

pytestmark = pytest.mark.usefixtures("app")


def stored(slug: str = "boat") -> Article:
    article = Article(slug=slug, title="Boat", language="en", updated_at=NOON)
    writing.set_text(article, "A boat.", "markdown")
    writing.set_source(article, "", "")
    db.session.add(article)
    db.session.flush()
    return article


def filed(article: Article) -> tuple[list[str], list[str]]:
    db.session.commit()
    db.session.expire_all()
    return [a.name for a in article.authors], [t.name for t in article.topics]


def test_a_text_is_stored_as_written_and_shown_sanitised() -> None:
    article = stored()
    written = "Lead.\n\n**Costs:** Much <script>alert(1)</script>more."
    writing.set_text(article, written, "markdown")
    assert article.body == written
    assert [(s.position, s.label, s.text) for s in article.sections] == [
        (0, "", "Lead."),
        (1, "Costs", "Much more."),
    ]
    assert "script" not in article.html
    assert article.html.count("<p>") == 2


def test_the_words_of_labels_and_texts_are_counted() -> None:
    article = stored()
    writing.set_text(article, "One two.\n\n**The big picture:** three four five.", "markdown")
    assert article.word_count == 8
    writing.set_text(article, "word " * 714, "markdown")
    assert article.word_count == 714


def test_a_text_in_html_is_read_as_html() -> None:
    article = stored()
    writing.set_text(article, "<p>2 * 3 * 4</p>", "html")
    assert article.sections[0].html == "<p>2 * 3 * 4</p>"
    assert article.body_format == "html"


def test_a_source_has_its_domain_and_none_where_there_is_no_address() -> None:
    article = stored()
    writing.set_source(article, "Board agrees", "https://www.harbour.example.org/1")
    assert article.source_domain == "harbour.example.org"
    writing.set_source(article, "A letter", "")
    assert (article.source_title, article.source_domain) == ("A letter", "")


def test_names_are_made_once_and_kept_in_order() -> None:
    article, desk = stored(), writing.Desk()
    writing.file_under(article, ["Zoë Pier", "Ada Quay"], ["Ports", "Boats"], desk)
    assert filed(article) == (["Zoë Pier", "Ada Quay"], ["Ports", "Boats"])
    writing.file_under(article, ["Ada Quay", "Zoë Pier"], [], writing.Desk())
    assert filed(article) == (["Ada Quay", "Zoë Pier"], [])
    assert db.session.scalar(select(func.count()).select_from(Author)) == 2
    assert db.session.scalar(select(func.count()).select_from(Topic)) == 2


def test_one_name_written_in_two_ways_is_one_name() -> None:
    article = stored()
    writing.file_under(article, ["Ada Quay", "ada quay"], ["AI", "ai"], writing.Desk())
    authors, topics = filed(article)
    assert (len(authors), len(topics)) == (1, 1)
    other = stored("ship")
    writing.file_under(other, ["ADA QUAY"], [], writing.Desk())
    assert filed(other)[0] == authors


def test_names_that_no_slug_can_spell_are_not_mixed_up() -> None:
    article = stored()
    writing.file_under(article, ["🚢", "⚓"], [], writing.Desk())
    assert filed(article)[0] == ["🚢", "⚓"]


def test_a_slug_that_was_ever_taken_gets_a_number() -> None:
    article = stored("boat")
    assert writing.free_slug("ship", set()) == "ship"
    assert writing.free_slug("boat", set()) == "boat-2"
    assert writing.free_slug("boat", {"boat-2", "boat-3"}) == "boat-4"
    writing.rename(article, "ferry")
    db.session.flush()
    assert writing.free_slug("boat", set()) == "boat-2"


def test_renaming_to_the_same_slug_leaves_no_trace() -> None:
    article = stored("boat")
    writing.rename(article, "boat")
    db.session.commit()
    assert db.session.scalars(select(FormerSlug)).all() == []


def test_renaming_back_leaves_one_former_slug() -> None:
    article = stored("boat")
    for slug in ("ship", "boat"):
        writing.rename(article, slug)
        db.session.flush()
    assert [f.slug for f in db.session.scalars(select(FormerSlug))] == ["ship"]


def test_the_way_a_text_is_read_comes_from_its_language() -> None:
    article = stored()
    assert article.direction == "ltr"
    article.language = "ar"
    assert article.direction == "rtl"
