"""How a question was read is said in plain words, and each part of it can be taken away."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.explaining import explain
from index.question import parse
from tests.index.test_question import shape

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
PIECES = st.sampled_from(
    ["owl", "-", "OR", "AND", "(", ")", '"', "title:", "by:x", "in:why", "why:", "before:2026",
     "a*", "*", " ", "  ", "“", "🚀", "date:last-week", "C++", "O'Hara", "\x00", "or"]
)  # fmt: skip


def said(typed: str) -> list[str]:
    return [part.text for part in explain(parse(typed, now=NOW))]


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("heron", ["the word “heron”"]),
        ('"slow food"', ["the phrase “slow food”"]),
        ("title:heron", ["in the title: heron"]),
        ('by:"Lena Voss"', ["by Lena Voss"]),
        ("topic:tides", ["on the topic tides"]),
        ("source:paper.example", ["from paper.example"]),
        ("source:https://paper.example/2", ["from paper.example"]),
        ("heron*", ["words beginning with heron"]),
        ("why:heron", ["in sections “Why this matters”: heron"]),
        ("in:big", ["with a section “The big picture”"]),
        ("-heron", ["without heron"]),
        ('-"slow food"', ["without the phrase “slow food”"]),
        ("a OR (b c)", ["either a or (b and c)"]),
        ("before:2026-05", ["published before 1 May 2026"]),
        ("after:2026-01-15", ["published on or after 15 January 2026"]),
        ("date:yesterday", ["published on 22 November 2026"]),
        ("date:2025", ["published in 2025"]),
        ("date:2025-04", ["published in April 2025"]),
        ("date:last-week", ["published from 16 November 2026 to 22 November 2026"]),
        ("a b", ["the word “a”", "the word “b”"]),
        ("", []),
    ],
)
def test_a_question_is_said_in_plain_words(typed: str, expected: list[str]) -> None:
    assert said(typed) == expected


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("a b", ["b", "a"]),
        ("a AND b", ["b", "a"]),
        ("a  OR b   c", ["c", "a OR b"]),
        ('"a b" -c', ["-c", '"a b"']),
        ('c "open end', ['"open end', "c"]),
        ("(a b) c", ["c", "(a b)"]),
        ("a)) (b", ["(b", "a"]),
        ("（a OR b） c", ["c", "（a OR b）"]),
    ],
)
def test_taking_a_part_away_leaves_a_tidy_question(typed: str, expected: list[str]) -> None:
    assert [part.without for part in explain(parse(typed))] == expected


@given(st.lists(PIECES, max_size=20).map("".join) | st.text())
def test_what_is_left_is_read_as_the_rest(typed: str) -> None:
    question = parse(typed, now=NOW)
    shapes = [_plain(shape(part)) for part, _ in question.typed]
    for number, part in enumerate(explain(question)):
        rest = [_plain(shape(left)) for left, _ in parse(part.without, now=NOW).typed]
        assert len(rest) == len(shapes) - 1
        if "in:" not in typed:
            assert rest == shapes[:number] + shapes[number + 1 :]


def _plain(node: object) -> str:
    return "".join(str(node).replace('"', "").split()).replace(r"\u2028", "")


def test_words_that_only_sentences_need_are_not_said_to_be_wanted() -> None:
    said = [part.text for part in explain(parse("what is the price of chips in Malaga today"))]
    assert said == [f"the word “{word}”" for word in ("price", "chips", "Malaga", "today")]
    without = explain(parse("what is the price of chips in Malaga today"))[0].without
    assert without == "what is the of chips in Malaga today"


@pytest.mark.parametrize(
    ("typed", "said"),
    [("-in:why", "without a section “Why this matters”"), ("-(-chip)", "with chip")],
)
def test_an_exclusion_is_said_once(typed: str, said: str) -> None:
    assert [part.text for part in explain(parse(typed))] == [said]
