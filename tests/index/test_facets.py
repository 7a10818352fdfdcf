"""What was found is counted by topic, author, source and time, and narrowed by them."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from index import open_index
from index.contract import FacetValue, Name, Narrow, SearchEngine
from tests.index.factories import ask, changed, document, filled, found_all, names


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


TIDES = [
    document(1, "tide", topics=names("Sea", "Moon"), authors=names("Lena Voss"),
             source="www.paper.example", published_at=at("2026-03-31T23:30")),
    document(2, "tide", topics=names("Sea"), authors=names("Jon Bell"),
             source="blog.paper.example", published_at=at("2026-03-01T00:00")),
    document(3, "tide", topics=names("Sea"), authors=names("Lena Voss", "Jon Bell"),
             source="paper.example", published_at=at("2025-12-31T23:59")),
    document(4, "ebb", topics=names("Moon"), published_at=at("2024-01-01T12:00")),
]  # fmt: skip


def facets(engine: SearchEngine, typed: str, **options: object):  # type: ignore[no-untyped-def]
    answer = ask(engine, typed, with_facets=True, **options)
    assert answer.facets is not None
    return answer.facets


def pairs(values: tuple[FacetValue, ...]) -> list[tuple[str, int]]:
    return [(value.key, value.count) for value in values]


def test_facets_are_counted_most_frequent_first_then_by_name(engine: SearchEngine) -> None:
    filled(engine, TIDES)
    counted = facets(engine, "tide")
    assert counted.topics == (FacetValue("sea", "Sea", 3), FacetValue("moon", "Moon", 1))
    assert pairs(counted.authors) == [("jon-bell", 2), ("lena-voss", 2)]
    assert pairs(counted.sources) == [("paper.example", 2), ("blog.paper.example", 1)]
    assert pairs(counted.periods) == [("2026", 2), ("2025", 1)]
    assert ask(engine, "tide").facets is None


def test_narrowing_filters_exactly_and_counts_what_is_left(engine: SearchEngine) -> None:
    filled(engine, TIDES)
    for narrow, ids in (
        (Narrow(topic="moon"), [1]),
        (Narrow(author="jon-bell"), [2, 3]),
        (Narrow(source="paper.example"), [1, 3]),
        (Narrow(period="2026"), [1, 2]),
        (Narrow(period="2026-03"), [1, 2]),
        (Narrow(topic="sea", author="lena-voss", period="2025"), [3]),
        (Narrow(topic="se"), []),
        (Narrow(period="never"), []),
    ):
        hits = ask(engine, "tide", narrow=narrow).hits
        assert sorted(hit.id for hit in hits) == ids, narrow
    narrowed = facets(engine, "tide", narrow=Narrow(author="jon-bell"))
    assert pairs(narrowed.topics) == [("sea", 2)]


def test_every_facet_narrows_to_as_many_as_it_counts(engine: SearchEngine) -> None:
    filled(engine, TIDES)
    counted = facets(engine, "tide OR ebb")
    for kind, values in (
        ("topic", counted.topics), ("author", counted.authors),
        ("source", counted.sources), ("period", counted.periods),
    ):  # fmt: skip
        for value in values:
            answer = ask(engine, "tide OR ebb", narrow=Narrow(**{kind: value.key}))
            assert answer.total == value.count, value


def test_periods_are_months_in_a_year_of_the_asked_zone(engine: SearchEngine) -> None:
    filled(engine, TIDES)
    year = Narrow(period="2026")
    assert pairs(facets(engine, "tide", narrow=year).periods) == [("2026-03", 2)]
    berlin = facets(engine, "tide", zone=ZoneInfo("Europe/Berlin"))
    assert pairs(berlin.periods) == [("2026-04", 1), ("2026-03", 1), ("2026-01", 1)]


def test_facets_count_what_has_all_words_where_any_has(engine: SearchEngine) -> None:
    filled(engine, [*TIDES, document(6, "neap")])
    assert pairs(facets(engine, "ebb neap").periods) == [("2026", 1), ("2024", 1)]
    filled(engine, [*TIDES, document(5, "tide ebb", topics=names("Both"))])
    assert pairs(facets(engine, "tide ebb").topics) == [("both", 1)]


def test_a_renamed_topic_and_a_removed_document_are_counted_anew(engine: SearchEngine) -> None:
    filled(engine, TIDES)
    changed(engine, [document(4, "ebb", topics=(Name("moon", "The Moon"),))], [1])
    assert facets(engine, "ebb").topics == (FacetValue("moon", "The Moon", 1),)
    assert pairs(facets(engine, "tide").topics) == [("sea", 2)]


def test_there_are_twelve_values_at_most(engine: SearchEngine) -> None:
    filled(engine, [document(id, "tide", topics=names(f"t{id:02}")) for id in range(1, 20)])
    assert len(facets(engine, "tide").topics) == 12


@settings(max_examples=150, deadline=1000)
@given(st.text(), st.text(max_size=8))
def test_any_question_and_any_narrowing_is_answered(typed: str, chosen: str) -> None:
    engine = filled(open_index("memory", None), TIDES)  # type: ignore[arg-type]
    ask(engine, typed, with_facets=True)
    ask(engine, "tide", with_facets=True, narrow=Narrow(chosen, "", chosen, chosen))
    assert found_all(engine, "tide") != []


def test_a_period_is_a_year_or_a_month_and_no_other_words_for_time(engine: SearchEngine) -> None:
    filled(engine, TIDES)
    for period in ("today", "2026-03-31", "2026-13", "last-week", "20260"):
        assert ask(engine, "tide", narrow=Narrow(period=period)).total == 0
