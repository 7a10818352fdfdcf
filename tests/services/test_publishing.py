"""Publishing an article and taking it back."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.conftest import NOON, Clock
from tests.factories import YESTERDAY, fields_of, import_items, make_article, newest_made
from webapp.errors import ArticleNotFound, CorrectionRefused
from webapp.models import Status
from webapp.services import finding, indexing, publishing, reading

pytestmark = pytest.mark.usefixtures("app")


def found(word: str) -> int:
    return len(finding.find(word).results)


def test_publishing_a_draft_shows_it_from_now_on_and_lets_it_be_found(clock: Clock) -> None:
    import_items(fields_of(slug="boat", body="A theodolite.", draft=True, published_at=None))
    indexing.catch_up()
    assert found("theodolite") == 0
    publishing.publish("boat")
    article = newest_made()
    assert (article.status, article.published_at) == (Status.PUBLISHED, NOON)
    assert article.is_visible(clock())
    assert found("theodolite") == 1
    assert indexing.pending() == 0


def test_publishing_what_was_scheduled_brings_it_forward() -> None:
    import_items(fields_of(slug="boat", published_at="2026-12-24"))
    publishing.publish("boat")
    assert (newest_made().status, newest_made().published_at) == (Status.PUBLISHED, NOON)


def test_an_article_that_was_published_before_keeps_its_date(clock: Clock) -> None:
    import_items(fields_of(slug="boat"))
    publishing.withdraw("boat")
    clock.forward(days=3)
    publishing.publish("boat")
    assert newest_made().published_at == YESTERDAY
    assert newest_made().updated_at == datetime(2026, 11, 26, 12, 0, tzinfo=UTC)


def test_a_withdrawn_article_is_found_no_more_and_says_when_it_changed(clock: Clock) -> None:
    import_items(fields_of(slug="boat", body="A theodolite."))
    indexing.catch_up()
    assert found("theodolite") == 1
    clock.forward(hours=1)
    publishing.withdraw("boat")
    assert newest_made().status == Status.WITHDRAWN
    assert newest_made().updated_at == clock()
    assert found("theodolite") == 0
    assert indexing.pending() == 0


@pytest.mark.parametrize("deed", [publishing.publish, publishing.withdraw])
def test_what_is_not_there_can_be_neither_published_nor_withdrawn(deed: object) -> None:
    with pytest.raises(ArticleNotFound, match="no article with the slug nothing"):
        deed("nothing")  # type: ignore[operator]


def test_a_correction_is_told_under_its_date_and_the_text_stays(clock: Clock) -> None:
    article = make_article(slug="boat", body="It floats.")
    publishing.correct("boat", "The boat is\n <b>teal</b>.")
    clock.forward(days=1)
    publishing.correct("boat", "The pier, too.")
    shown = reading.article_at("boat")
    assert [(c.corrected_at.day, c.text) for c in shown.corrections] == [
        (23, "The boat is teal."),
        (24, "The pier, too."),
    ]
    assert (shown.html, shown.updated_at) == (article.html, clock.now)
    assert indexing.pending() == 0
    assert indexing.count_differences() == 0


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (" <b></b> ", "Say what was wrong and what is right."),
        ("x" * 2001, "A correction has at most 2,000 characters."),
    ],
)
def test_a_correction_that_says_nothing_or_too_much_is_refused(text: str, reason: str) -> None:
    make_article(slug="boat")
    with pytest.raises(CorrectionRefused) as refusal:
        publishing.correct("boat", text)
    assert str(refusal.value) == reason
    with pytest.raises(ArticleNotFound):
        publishing.correct("no-such-boat", "Nothing.")


def test_an_article_has_so_many_corrections_and_no_more() -> None:
    many = [{"at": "2026-11-22", "text": f"Number {n}."} for n in range(50)]
    make_article(slug="boat", corrections=many)
    with pytest.raises(CorrectionRefused, match="at most 50"):
        publishing.correct("boat", "One more.")
