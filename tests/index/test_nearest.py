"""What follows when too little has all that was wanted, and what else there is to type."""

from __future__ import annotations

from datetime import timedelta

import pytest

from index.contract import Match, Name, SearchEngine, Sort
from index.spelling import distance
from tests.index.factories import NOON, ask, document, filled, found, found_all, names

PORTS = [
    document(1, "Rotterdam widens its harbour", "Dredging starts soon.", topics=names("Ports")),
    document(2, "Harbour pilots strike", "They want shorter shifts.", topics=names("Labour")),
    document(3, "Dredging banned", "The estuary may rest.", authors=names("Lena Voss")),
]


def matches(engine: SearchEngine, typed: str) -> list[tuple[int, str]]:
    return [(hit.id, hit.match.value) for hit in ask(engine, typed, limit=100).hits]


def test_what_has_all_words_comes_first_and_the_nearest_follow(engine: SearchEngine) -> None:
    filled(engine, PORTS)
    assert matches(engine, "harbour dredging")[0] == (1, "all")
    assert set(matches(engine, "harbour dredging")[1:]) == {(2, "some"), (3, "some")}
    answer = ask(engine, "harbour dredging")
    assert (answer.total, answer.matched_all) == (3, 1)


def test_where_enough_have_all_words_nothing_follows(engine: SearchEngine) -> None:
    both = [document(id, "harbour seal") for id in range(1, 6)]
    filled(engine, [*both, document(9, "harbour")])
    assert found(engine, "harbour seal", Sort.NEWEST) == [1, 2, 3, 4, 5]


def test_common_words_alone_are_not_near(engine: SearchEngine) -> None:
    filled(engine, [*(document(id, text="the sea") for id in range(1, 40)), document(50, "Kraken")])
    assert found(engine, "the kraken") == [50]


@pytest.mark.parametrize(
    "typed", ["rotterdm", "rottredam", "roterdam", "rotterdamm", "rotterrdamm"]
)
def test_a_misspelled_word_matches_nearly(engine: SearchEngine, typed: str) -> None:
    filled(engine, PORTS)
    answer = ask(engine, typed)
    assert [(hit.id, hit.match) for hit in answer.hits] == [(1, Match.NEAR)]
    assert answer.suggestion == "rotterdam"
    assert "<mark>Rotterdam</mark>" in answer.hits[0].title_html


@pytest.mark.parametrize("typed", ["otterdam", "rest4", "mai", "rotxxdxm"])
def test_what_is_too_far_is_no_misspelling(engine: SearchEngine, typed: str) -> None:
    filled(engine, PORTS)
    assert found(engine, typed) == []
    assert ask(engine, typed).suggestion is None


def test_a_suggestion_keeps_the_rest_of_the_question(engine: SearchEngine) -> None:
    filled(engine, PORTS)
    assert ask(engine, "title:rotterdm -pilots").suggestion == "title:rotterdam -pilots"
    assert ask(engine, '"harbuor pilots" strike').suggestion == '"harbour pilots" strike'


def test_a_suggestion_that_would_find_nothing_is_not_made(engine: SearchEngine) -> None:
    filled(engine, PORTS)
    assert ask(engine, "rotterdm -harbour").suggestion is None
    assert ask(engine, "rotterdm before:2020").suggestion is None


def test_of_likely_spellings_the_more_frequent_is_suggested(engine: SearchEngine) -> None:
    many = [document(id, "carter") for id in range(1, 5)]
    filled(engine, [*many, document(9, "caster")])
    assert ask(engine, "caiter").suggestion == "carter"
    voss = document(10, "x", authors=names("Ann Caster"))
    filled(engine, [*many, document(9, "caster"), voss])
    assert ask(engine, "caiter").suggestion == "caster"


def test_a_phrase_that_is_nowhere_is_suggested_without_its_quotes(engine: SearchEngine) -> None:
    filled(engine, PORTS)
    answer = ask(engine, '"harbour rotterdam"')
    assert (answer.total, answer.suggestion) == (0, "harbour rotterdam")


def test_digits_are_never_misspelled(engine: SearchEngine) -> None:
    filled(engine, [document(1, "The Zeta5 model")])
    assert found(engine, "zeta6") == []


def test_what_was_asked_for_on_purpose_is_never_relaxed(engine: SearchEngine) -> None:
    filled(engine, PORTS)
    assert found(engine, 'dredging "harbour pilots"') == [2]
    assert found(engine, "harbour title:dredging") == [3]
    assert found(engine, "harbour dredging -rotterdam", Sort.NEWEST) == [2, 3]
    assert found(engine, "harbour dredging before:2020") == []


def test_nothing_found_names_the_nearest_topics(engine: SearchEngine) -> None:
    filled(engine, PORTS)
    answer = ask(engine, "seaports")
    assert answer.total == 0
    assert answer.topics[0] == Name("ports", "Ports")
    assert ask(engine, "harbour").topics == ()


def test_a_sentence_is_answered_by_what_has_most_of_its_words(engine: SearchEngine) -> None:
    filled(engine, PORTS)
    asked = "why do the pilots of some harbour strike for shorter night shifts"
    assert found(engine, asked)[0] == 2
    assert found_all(engine, asked) == []


def test_words_written_apart_and_as_one_find_each_other(engine: SearchEngine) -> None:
    filled(engine, [document(1, "The seahorse swims"), document(2, "A lake house burns")])
    assert found(engine, "sea horse")[0] == 1
    assert found(engine, "lakehouse") == [2]


def test_a_question_that_may_take_no_time_says_that_it_is_incomplete(engine: SearchEngine) -> None:
    filled(engine, PORTS)
    answer = ask(engine, '"harbour pilots" dredging', time_limit_seconds=-1)
    assert not answer.is_complete
    assert ask(engine, "harbour", time_limit_seconds=5).is_complete


@pytest.mark.parametrize(
    ("left", "right", "edits"),
    [("abcd", "abcd", 0), ("abcd", "abdc", 1), ("abcd", "acbde", 2), ("abc", "xyz", 3),
     ("kitten", "sitting", 3), ("ca", "abc", 3), ("", "ab", 2)],
)  # fmt: skip
def test_edits_are_counted_with_swaps_as_one(left: str, right: str, edits: int) -> None:
    assert distance(left, right, 3) == distance(right, left, 3) == edits
    assert distance(left, right, 0) == min(edits, 1)


def test_order_by_date_keeps_what_has_all_first(engine: SearchEngine) -> None:
    filled(engine, PORTS)
    answer = ask(engine, "dredging estuary", sort=Sort.NEWEST, now=NOON)
    assert [hit.match for hit in answer.hits] == [Match.ALL, Match.SOME]


def build_old_and_new(engine: SearchEngine) -> None:
    old_and_new = [
        document(1, "Ferries", "Ferries sail by night.", published_at=NOON - timedelta(days=900)),
        document(2, "Boats", "Ferries sail by night now.", published_at=NOON - timedelta(days=2)),
        document(3, "Bread", "Ferries, among much else, bring bread, cheese and wine to town."),
    ]
    filled(engine, old_and_new)


def test_what_is_new_is_lifted_gently_and_only_when_asked(engine: SearchEngine) -> None:
    build_old_and_new(engine)
    plain = [hit.id for hit in ask(engine, "ferries").hits]
    assert plain[0] == 1, "the title counts more than the date"
    assert ask(engine, "ferries", recency=5.0).hits[0].id == 2
    scores = {hit.id: hit.score for hit in ask(engine, "ferries").hits}
    lifted = {hit.id: hit.score for hit in ask(engine, "ferries", recency=0.1).hits}
    assert scores[2] * 1.09 < lifted[2] <= scores[2] * 1.1
    assert scores[1] < lifted[1] < scores[1] * 1.01


def test_newest_first_knows_no_lift(engine: SearchEngine) -> None:
    build_old_and_new(engine)
    plain = ask(engine, "ferries", sort=Sort.NEWEST)
    lifted = ask(engine, "ferries", sort=Sort.NEWEST, recency=1.0)
    assert [hit.id for hit in plain.hits] == [hit.id for hit in lifted.hits]


def test_no_word_is_respelled_to_or_from_one_that_only_a_sentence_needs(
    engine: SearchEngine,
) -> None:
    often = [document(id, text="It may rain where whales swim.") for id in range(1, 60)]
    filled(engine, [*often, document(70, text="How qubits may be kept.")])
    assert ask(engine, "how many qubits").suggestion is None
    assert ask(engine, "mays").suggestion is None
    assert ask(engine, "whalse").suggestion == "whales"


COURT = [
    document(1, "Zuckerberg in court", "Zuckerberg spoke for two hours."),
    document(2, "Court rests", "The court in Bonn is closed."),
    document(3, "Anthropic hires", "Anthropic opens in Oslo."),
    document(4, "Harbour pilots strike", "They want shorter shifts."),
    *(document(id, "Court report", "A court heard the case.") for id in range(10, 24)),
    *(document(id, "Harbour news", "Ships in the harbour.") for id in range(30, 45)),
]


@pytest.mark.parametrize(
    ("typed", "wanted", "suggestion"),
    [
        ("zuckerburg court", 1, "zuckerberg court"),
        ("court zuckerburg", 1, "court zuckerberg"),
        ("zuckerburg hearing before senate committee", 1,
         "zuckerberg hearing before senate committee"),
        ("what did zuckerburg say in court today", 1, "what did zuckerberg say in court today"),
        ("antropic harbour", 3, "anthropic harbour"),
        ("antropic hires people for an office there", 3,
         "anthropic hires people for an office there"),
    ],
)  # fmt: skip
def test_a_misspelled_word_beside_others_counts_as_what_was_meant(
    engine: SearchEngine, typed: str, wanted: int, suggestion: str
) -> None:
    filled(engine, COURT)
    answer = ask(engine, typed, limit=50)
    assert answer.hits[0].id == wanted
    assert answer.suggestion == suggestion


def test_a_word_that_is_found_is_not_respelled_for_a_little_more(engine: SearchEngine) -> None:
    filled(engine, [*COURT, document(50, "Courtz", "Courtz hires.")])
    assert ask(engine, "courtz hires").suggestion is None
    assert ask(engine, "courtz xylophone").suggestion is None


def test_a_common_word_that_tells_something_brings_documents_in_after_rarer_ones(
    engine: SearchEngine,
) -> None:
    common = [document(id, text="The harbour is open.") for id in range(1, 20)]
    others = [document(id, text="The hills are green.") for id in range(30, 60)]
    filled(engine, [*common, *others, document(70, text="A chip."), document(71, text="A chip.")])
    assert found(engine, "harbour AND chip")[:2] == [70, 71]
    assert set(found(engine, "harbour AND chip")[2:]) == set(range(1, 20))
    assert set(found(engine, "the chip")) == {70, 71}
    assert set(found(engine, "harbour title:chip")) == set()


def test_beside_a_misspelled_word_the_others_are_found_as_well(engine: SearchEngine) -> None:
    filled(engine, COURT)
    assert set(found(engine, "antropic harbour")) == {3, 4, *range(30, 45)}
    assert {1, 2} < set(found(engine, "zuckerburg court"))
