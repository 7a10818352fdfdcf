"""Excerpts are safe, short, cut at borders, and marked where the question matches."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from index.analysis import TOKEN
from index.highlight import LONGEST_EXCERPT, Match, excerpt, find_matches, mark, spans_at, worth
from index.matching import compile_words
from index.question import parse
from index.reading import wanted_leaves
from index.texts import starts_from, steps_of

FILLER = "Nothing to see in this sentence at all. " * 20


def marked(text: str, typed: str, language: str = "en") -> str:
    return mark(text, matches(text, typed, language))


def matches(text: str, typed: str, language: str = "en"):  # type: ignore[no-untyped-def]
    wanted = [compile_words(leaf, ["en"]) for leaf in wanted_leaves(parse(typed).root)]
    return find_matches(text, language, [each for each in wanted if each.units])


def test_markup_is_escaped_first_and_marks_come_then() -> None:
    assert marked("<i>owl</i> & owl", "owl i") == (
        "&lt;<mark>i</mark>&gt;<mark>owl</mark>&lt;/<mark>i</mark>&gt; &amp; <mark>owl</mark>"
    )


def test_stems_and_forms_are_marked_as_they_are_found() -> None:
    assert marked("It regulates ZX-81s", "regulation zx81") == (
        "It <mark>regulates</mark> <mark>ZX-81s</mark>"
    )


def test_a_phrase_is_marked_as_one_and_its_words_alone_are_not() -> None:
    assert marked("food, slow food", '"slow food"') == "food, <mark>slow food</mark>"


def test_what_is_left_out_of_the_question_is_not_marked() -> None:
    assert marked("owl and hawk", "owl -hawk") == "<mark>owl</mark> and hawk"


def test_a_prefix_marks_the_words_that_begin_so() -> None:
    assert marked("owl owlet bowl", "owl*") == "<mark>owl</mark> <mark>owlet</mark> bowl"


def test_characters_of_unspaced_scripts_are_marked_as_found() -> None:
    assert marked("東京で会議", "会議", "ja") == "東京で<mark>会議</mark>"


def test_lines_become_one_and_control_signs_are_replaced() -> None:
    assert mark("a\n b\x00\ud800", ()) == "a b\ufffd?"


def test_an_excerpt_begins_with_the_sentence_of_the_match() -> None:
    text = FILLER + "The owl came. " + FILLER
    assert excerpt(text, matches(text, "owl")).startswith("The <mark>owl</mark> came.")


def test_two_things_found_are_worth_more_than_one_found_twice() -> None:
    assert worth(matches("owl hawk", "owl hawk")) > worth(matches("owl owl owl", "owl hawk"))


def test_an_excerpt_shows_the_place_where_most_is_found_together() -> None:
    text = "An owl. " + FILLER + "Here owl and hawk meet. " + FILLER
    assert excerpt(text, matches(text, "owl hawk")).startswith("Here <mark>owl</mark>")


def test_within_long_sentences_an_excerpt_is_cut_between_words() -> None:
    text = "word " * 100 + "owl " + "word " * 100
    html = excerpt(text, matches(text, "owl"))
    assert re.fullmatch(r"…(word )+<mark>owl</mark>( word)+…", html)
    assert "owl" in excerpt("x" * 500 + " owl", matches("x" * 500 + " owl", "owl"))
    assert excerpt("y" * 500, ()) == "y" * LONGEST_EXCERPT + "…"


def test_a_short_text_is_shown_whole() -> None:
    assert excerpt("Just this.", ()) == "Just this."


def test_without_matches_an_excerpt_is_the_beginning() -> None:
    html = excerpt(FILLER, ())
    assert html.startswith("Nothing to see")
    assert html.endswith(("all.", "all.…"))


@given(st.text(), st.sampled_from(["owl", "a", "1", '"a b"', "a*", "x OR b"]))
def test_any_text_becomes_safe_html_of_bounded_length(text: str, typed: str) -> None:
    html = excerpt(text, matches(text, typed))
    bare = re.sub(r"</?mark>", "", html)
    assert not re.search(r"[<>\"']", bare)
    assert html.count("<mark>") == html.count("</mark>")
    assert len(re.sub(r"&#?\w+;", "?", bare)) <= LONGEST_EXCERPT + 2
    html.encode()


def test_the_best_excerpt_of_many_matches_is_found_in_one_go() -> None:
    many = [Match(10 * i, 10 * i + 3, i % 2) for i in range(60_000)]
    # To look at each pair of them would take many minutes.
    assert worth(many) == worth(many[:100])


@pytest.mark.parametrize("name", ["The U.S. Navy", "Then J. K. Rowling", "So Mr. Hill"])
def test_the_point_of_an_abbreviation_ends_no_sentence(name: str) -> None:
    text = FILLER + f"{name} saw an owl. " + FILLER
    assert excerpt(text, matches(text, "owl")).startswith(name)


def test_without_spaces_what_stands_before_the_match_is_shown_too() -> None:
    text = "鯨" * 300 + "予報" + "鯨" * 300
    html = excerpt(text, matches(text, "予報"))
    assert html.startswith("…鯨鯨鯨")
    assert "予報" in html.replace("<mark>", "").replace("</mark>", "")


@given(st.text("ab &é.-'\x1d鯨x1\n", max_size=80))
@example("1& &")
def test_where_tokens_begin_is_kept_in_a_character_each(text: str) -> None:
    tokens = list(TOKEN.finditer(text))
    starts = starts_from(steps_of(text, [token.group() for token in tokens]))
    assert starts == [token.start() for token in tokens]
    spans = spans_at(text, range(len(tokens)), starts)
    assert [spans[i] for i in range(len(tokens))] == [token.span() for token in tokens]


def test_tokens_too_far_apart_are_not_kept() -> None:
    assert steps_of("a" + " " * 70_000 + "b", ["a", "b"]) == ""
