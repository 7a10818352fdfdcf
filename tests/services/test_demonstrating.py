"""The demo publication."""

from __future__ import annotations

import re
from collections import Counter
from html import unescape

import pytest
from sqlalchemy import func, select

from tests.conftest import Clock
from tests.factories import fields_of, import_items
from webapp.extensions import db
from webapp.models import Article, Articles
from webapp.services import demonstrating, indexing
from webapp.services.demonstrating import load_demo

pytestmark = pytest.mark.usefixtures("app")


def briefs() -> list[Article]:
    return list(db.session.scalars(select(Article)))


def test_forty_briefs_are_loaded_and_all_of_them_can_be_read(clock: Clock) -> None:
    assert load_demo() == 40
    assert Articles.published(clock()).count() == 40
    assert indexing.pending() == 40


def test_each_brief_has_the_parts_of_a_brief() -> None:
    load_demo()
    for brief in briefs():
        labelled = [section for section in brief.sections if section.label]
        assert brief.summary.endswith((".", "?", "!", "”")), brief.slug
        assert "\n" not in brief.summary
        assert brief.authors, brief.slug
        assert brief.topics, brief.slug
        assert brief.source_title, brief.slug
        assert brief.source_domain.endswith((".example.com", ".example.org", ".example.net")), (
            brief.slug
        )
        assert brief.sections[0].label == "", f"{brief.slug} has a lead"
        assert len(labelled) >= 3, brief.slug
        assert all(section.text for section in labelled), brief.slug
        assert brief.language == "en"


def test_the_briefs_fill_several_weeks_and_listings_of_several_articles() -> None:
    load_demo()
    days = [brief.published_at for brief in briefs() if brief.published_at]
    assert (max(days) - min(days)).days >= 21
    for names in ("topics", "authors"):
        filed = Counter(name.slug for brief in briefs() for name in getattr(brief, names))
        assert len(filed) >= 3
        assert filed.most_common(1)[0][1] >= 5
    assert len({brief.source_domain for brief in briefs()}) >= 3


def test_the_briefs_are_set_with_typographic_signs() -> None:
    load_demo()
    for brief in briefs():
        # Code is shown as it is typed into a machine.
        body = re.sub(r"(?s)<(pre|code)>.*?</\1>|<[^>]+>", " ", unescape(brief.html))
        shown = " ".join([brief.title, brief.summary, brief.source_title, body])
        for sign in ('"', "'", "--", "..."):
            assert sign not in shown, f"{sign} in {brief.slug}"


def test_no_two_briefs_share_a_title_or_a_summary() -> None:
    load_demo()
    assert len({brief.title for brief in briefs()}) == 40
    assert len({brief.summary for brief in briefs()}) == 40
    assert {brief.slug for brief in briefs()} == {
        path.stem for path in demonstrating.FOLDER.glob("*.md")
    }


def test_the_demo_is_loaded_once() -> None:
    load_demo()
    assert load_demo() == 0
    assert db.session.scalar(select(func.count()).select_from(Article)) == 40


@pytest.mark.parametrize("fields", [{}, {"draft": True}])
def test_a_site_with_an_article_of_its_own_gets_no_demo(fields: dict[str, object]) -> None:
    import_items(fields_of(title="Mine", **fields))
    assert load_demo() == 0
    assert [brief.title for brief in briefs()] == ["Mine"]
