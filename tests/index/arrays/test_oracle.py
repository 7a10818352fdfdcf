"""Arrays answer as the plain dictionaries do: same documents, order, scores, passages, facets."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from index import open_index
from index.arrays import gathering
from index.contract import Answer, Document, Narrow, SearchEngine, Sort
from tests.index.factories import NOON, ask, changed, document, filled, names

WORDS = (
    "harbour harbours ferry ferries the of a may US us chip chips model models GPT-4 gpt4 gpt 4 "
    "e-mail email open source opensource AT&T C++ Málaga malaga regulate regulates regulation "
    "3.12 3.1 U.S. state-of-the-art iPhone17 H100s H100 organ organize X who The Who 天気予報 予報"
).split(" ")
LABELS = ("", "Why this matters", "The big picture", "What’s next")
QUERIES = st.lists(
    st.one_of(
        st.sampled_from(WORDS),
        st.sampled_from(WORDS).map(lambda w: f"-{w}"),
        st.lists(st.sampled_from(WORDS), min_size=2, max_size=3).map(lambda w: f'"{" ".join(w)}"'),
        st.sampled_from(WORDS).map(lambda w: f"{w[:3]}*"),
        st.tuples(
            st.sampled_from(["title:", "by:", "topic:", "source:", "why:", "big:", "in:why "]),
            st.sampled_from([*WORDS, "lena", "voss", "tides", "paper.example"]),
        ).map("".join),
        st.sampled_from(["OR", "(", ")", "before:2026-11", "after:2026-11-15", "date:2026-11-20"]),
        st.sampled_from(["harbuor", "feries", "modle", "regulatoin", "opne", "chpis"]),
    ),
    min_size=1,
    max_size=7,
).map(" ".join)


def grown(seed: int, count: int) -> list[Document]:
    """Make documents out of few words, so that much of it matches."""
    chance = random.Random(seed)

    def text(most: int) -> str:
        return " ".join(chance.choice(WORDS) for _ in range(chance.randint(0, most)))

    return [
        document(
            id,
            text(5),
            summary=text(8),
            sections=[(chance.choice(LABELS), text(25)) for _ in range(chance.randint(1, 3))],
            topics=names(*chance.sample(["Tides", "Open source", "US"], chance.randint(0, 2))),
            authors=names(*chance.sample(["Lena Voss", "Jon Bell"], chance.randint(0, 2))),
            source=chance.choice(["", "paper.example", "blog.paper.example", "www.ferry.example"]),
            source_title=text(3),
            language=chance.choice(["en", "en", "de"]),
            published_at=NOON - timedelta(hours=chance.randint(-30, 900)),
            stamp=chance.randint(1, 1000),
        )
        for id in range(1, count + 1)
    ]


def same_history(engine: SearchEngine, seed: int) -> SearchEngine:
    """Build an index, change and remove some of it, in several commits."""
    chance = random.Random(seed)
    filled(engine, grown(seed, 40))
    for step in range(chance.randint(0, 9)):
        put = chance.sample(grown(seed + step + 1, 50), chance.randint(0, 4))
        changed(engine, put, chance.sample(range(1, 50), chance.randint(0, 3)))
    return engine


@contextmanager
def both(seed: int) -> Iterator[tuple[SearchEngine, SearchEngine]]:
    with tempfile.TemporaryDirectory() as folder:
        arrays = same_history(open_index("whoosh", Path(folder) / "index"), seed)
        yield arrays, same_history(open_index("memory", Path(folder)), seed)


def assert_same(arrays: Answer, plain: Answer, typed: str) -> None:
    assert (arrays.total, arrays.matched_all) == (plain.total, plain.matched_all), typed
    scores = [hit.score for hit in plain.hits]
    assert [hit.score for hit in arrays.hits] == pytest.approx(scores, abs=1e-9), typed
    # What differs in the last digit only may change places.
    order = [(round(hit.score, 9), hit.id) for hit in plain.hits]
    if len({score for score, _ in order}) == len(order) or scores == [h.score for h in arrays.hits]:
        assert [hit.id for hit in arrays.hits] == [hit.id for hit in plain.hits], typed
    by_id = {hit.id: hit for hit in plain.hits}
    for hit in arrays.hits:
        if hit.id in by_id:
            other = by_id[hit.id]
            assert (hit.match, hit.title_html) == (other.match, other.title_html), typed
            assert hit.passages == other.passages, typed
    assert arrays.facets == plain.facets, typed
    assert (arrays.suggestion, arrays.topics) == (plain.suggestion, plain.topics), typed


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "MOST_ENTRIES", 400)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.integers(0, 10_000), st.lists(QUERIES, min_size=15, max_size=30), st.data())
def test_every_question_is_answered_as_by_dictionaries(
    seed: int, typed: list[str], data: st.DataObject
) -> None:
    options = {
        "sort": data.draw(st.sampled_from(Sort)),
        "narrow": data.draw(
            st.sampled_from(
                [Narrow(), Narrow(topic="tides"), Narrow(period="2026-11", author="jon-bell")]
            )
        ),
        "recency": data.draw(st.sampled_from([0.0, 0.1])),
        "offset": data.draw(st.sampled_from([0, 0, 3])),
        "now": NOON + timedelta(days=data.draw(st.integers(0, 3))),
        "with_facets": True,
    }
    with both(seed) as (arrays, plain):
        for each in typed:
            assert_same(ask(arrays, each, **options), ask(plain, each, **options), each)


@pytest.mark.parametrize("seed", range(5))
def test_related_documents_are_those_of_the_dictionaries(seed: int) -> None:
    with both(seed) as (arrays, plain):
        for id in range(1, 41):
            assert arrays.related(id, now=NOON) == plain.related(id, now=NOON)
