"""What was typed is read as meant, and reading never fails."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from index.nodes import Dated, Either, Every, Field, Labelled, Node, Without, Words
from index.question import parse
from index.reading import wanted_leaves

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def shape(node: Node | None) -> object:
    """Write a question down without its offsets."""
    match node:
        case Words():
            text = f'"{node.text}"' if node.is_phrase else node.text + "*" * node.is_prefix
            where = node.label or node.field.value
            return f"{where}:{text}" if where else text
        case Labelled():
            return f"[{node.label}]"
        case Dated():
            return (node.name, node.text)
        case Without(part):
            return ("-", shape(part))
        case Every(parts):
            return [shape(part) for part in parts]
        case Either(parts):
            return {"or": [shape(part) for part in parts]}
        case None:
            return None


def read(typed: str) -> object:
    return shape(parse(typed, now=NOW).root)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("wind  solar", ["wind", "solar"]),
        ('"wind farm" sea', ['"wind farm"', "sea"]),
        ("„wind farm“ «deep sea»", ['"wind farm"', '"deep sea"']),
        ("-wind sea", [("-", "wind"), "sea"]),
        ('-"wind farm" -title:sea', [("-", '"wind farm"'), ("-", "title:sea")]),
        ("a OR b OR c d", [{"or": ["a", "b", "c"]}, "d"]),
        ("a (b OR (c d))", ["a", {"or": ["b", ["c", "d"]]}]),
        ("-(a b)", ("-", ["a", "b"])),
        ("a AND b", ["a", "b"]),
        ("by:ann topic:sea source:x.example", ["by:ann", "topic:sea", "source:x.example"]),
        ("TITLE:sea", "title:sea"),
        ('title:("deep sea" OR x)', {"or": ['title:"deep sea"', "title:x"]}),
        ("why:cost big:cost", ["Why this matters:cost", "The big picture:cost"]),
        ('in:"Next up" cost -x', ["[Next up]", "Next up:cost", ("-", "Next up:x")]),
        (
            "in:why a OR by:ann",
            ["[Why this matters]", {"or": ["Why this matters:a", "by:ann"]}],
        ),
        ("in:why (a b)", ["[Why this matters]", ["Why this matters:a", "Why this matters:b"]]),
        ("gover*", "gover*"),
        ("（a OR b） －c title：d e＊", [{"or": ["a", "b"]}, ("-", "c"), "title:d", "e*"]),
        ("why：（cost）", "Why this matters:cost"),
        ("after:2026 date:2026-02-03 sea", [("after", "2026"), ("date", "2026-02-03"), "sea"]),
    ],
)  # fmt: skip
def test_the_grammar_is_read_as_meant(typed: str, expected: object) -> None:
    assert read(typed) == expected


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("foo:bar", "foo:bar"),
        ("16:9", "16:9"),
        ("http://x.example", "http://x.example"),
        ("title: sea", ["title:", "sea"]),
        ("date:2026-13-45", "date:2026-13-45"),
        ("before:never", "before:never"),
        ("in:?", "in:?"),
        ("OR", "OR"),
        ("OR a", ["OR", "a"]),
        ("a OR", "a"),
        ("a OR )", "a"),
        ("w?ld", "w?ld"),
        ("*", None),
        ("a** b", ["a**", "b"]),
        ("- -", None),
        ("a - b", ["a", "b"]),
        ("--a", "--a"),
        ("e-mail", "e-mail"),
        ("or not", ["or", "not"]),
        (")(", None),
        ("a) b", ["a", "b"]),
        ("()", None),
        ("-()", None),
        ("title:)", None),
        ('"', None),
        ('"open end', '"open end"'),
        ('in:""', "in:"),
        ("", None),
    ],
)
def test_what_is_no_operator_is_text(typed: str, expected: object) -> None:
    assert read(typed) == expected


@given(st.text(st.characters(), max_size=300))
@example("\x00")
@example("\ud800 \udfff title:\ud800")
@example("'; DROP TABLE articles; --")
@example('<script>alert("x")</script>')
@example("\u202eabc\u202c \u200f")
@example('-title:("')
def test_any_text_is_read(typed: str) -> None:
    question = parse(typed, now=NOW)
    assert question.text == typed
    assert bool(question) == (question.root is not None)


@given(
    st.lists(st.sampled_from(['"', "(", ")", "-", "OR", "title:", "in:", "why:", "a*", " ", "x"]))
)
def test_any_order_of_signs_is_read(signs: list[str]) -> None:
    parse("".join(signs), now=NOW)
    parse(" ".join(signs), now=NOW)


@pytest.mark.parametrize(
    "typed",
    [
        "x" * 10_000,
        "word " * 500,
        "(" * 200 + "a" + ")" * 200,
        '"' * 9_999,
        "-(" * 3_000,
        "a OR " * 999,
    ],
)
def test_the_longest_questions_are_read_in_bounded_time(typed: str) -> None:
    before = time.process_time()
    parse(typed, now=NOW)
    assert time.process_time() - before < 0.5


def test_words_beyond_the_limit_are_left_out() -> None:
    root = parse("word " * 500, now=NOW).root
    assert isinstance(root, Every)
    assert len(root.parts) == 64


def test_parentheses_beyond_the_limit_are_read_as_spaces() -> None:
    assert read("(" * 200 + "a b" + ")" * 200) == ["a", "b"]


def test_each_part_knows_where_it_was_typed() -> None:
    typed = 'sea -title:"deep blue" after:2026 gover*'
    root = parse(typed, now=NOW).root
    assert isinstance(root, Every)
    pieces = [
        typed[part.start : part.end] for part in root.parts if not isinstance(part, Every | Either)
    ]
    assert pieces == ["sea", '-title:"deep blue"', "after:2026", "gover*"]


def test_section_names_come_from_the_table_that_is_given() -> None:
    root = parse("Next:cost why:cost", sections={"next": "What is next"}, now=NOW).root
    assert shape(root) == ["What is next:cost", "why:cost"]


def bounds(typed: str, zone: str = "UTC") -> tuple[str, str]:
    root = parse(typed, now=NOW, zone=ZoneInfo(zone)).root
    assert isinstance(root, Dated)
    return tuple(d.isoformat()[:16] if d else "" for d in (root.first, root.last))  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("typed", "first", "last"),
    [
        ("date:2026", "2026-01-01T00:00", "2027-01-01T00:00"),
        ("date:2026-12", "2026-12-01T00:00", "2027-01-01T00:00"),
        ("date:2026-2-3", "2026-02-03T00:00", "2026-02-04T00:00"),
        ("before:2026-11", "", "2026-11-01T00:00"),
        ("after:2026-01-15", "2026-01-15T00:00", ""),
        ("date:today", "2026-11-23T00:00", "2026-11-24T00:00"),
        ("date:Yesterday", "2026-11-22T00:00", "2026-11-23T00:00"),
        ("date:this-week", "2026-11-23T00:00", "2026-11-30T00:00"),
        ('date:"last-week"', "2026-11-16T00:00", "2026-11-23T00:00"),
        ("date:this_month", "2026-11-01T00:00", "2026-12-01T00:00"),
        ("date:last-month", "2026-10-01T00:00", "2026-11-01T00:00"),
        ("date:this-year", "2026-01-01T00:00", "2027-01-01T00:00"),
        ("date:last-year", "2025-01-01T00:00", "2026-01-01T00:00"),
    ],
)
def test_dates_are_whole_years_months_weeks_and_days(typed: str, first: str, last: str) -> None:
    assert bounds(typed) == (first, last)


def test_days_are_those_of_the_time_zone() -> None:
    assert bounds("date:2026-07-01", "Asia/Tokyo") == ("2026-06-30T15:00", "2026-07-01T15:00")
    assert bounds("date:today", "Pacific/Kiritimati")[0] == "2026-11-23T10:00"


@pytest.mark.parametrize("typed", ["date:0000", "date:0001-01-01", "after:9999", "date:9999-12-31"])
def test_the_ends_of_the_calendar_do_no_harm(typed: str) -> None:
    parse(typed, now=NOW, zone=ZoneInfo("Asia/Tokyo"))
    parse(typed, now=NOW, zone=ZoneInfo("America/Lima"))


def test_without_a_clock_today_is_today() -> None:
    assert isinstance(parse("date:today").root, Dated)
    assert parse("sea", now=NOW).root == Words("sea", 0, 3, Field.ANY)


@pytest.mark.parametrize("typed", ["harbour OR", "harbour AND", "harbour OR  ", "(harbour OR)"])
def test_an_operator_that_nothing_follows_is_no_word(typed: str) -> None:
    leaves = wanted_leaves(parse(typed).root)
    assert [leaf.text for leaf in leaves] == ["harbour"]


def test_operators_alone_are_words() -> None:
    assert [leaf.text for leaf in wanted_leaves(parse("OR").root)] == ["OR"]


def test_what_is_excluded_too_deep_does_not_become_wanted() -> None:
    typed = "(" * 16 + "boat -(oil (and) tar) sail" + ")" * 16
    assert [leaf.text for leaf in wanted_leaves(parse(typed).root)] == ["boat", "sail"]


def test_each_section_has_the_words_that_follow_it() -> None:
    leaves = wanted_leaves(parse("in:why buses in:big rail").root)
    assert [(leaf.text, leaf.label) for leaf in leaves] == [
        ("buses", "Why this matters"),
        ("rail", "The big picture"),
    ]


@pytest.mark.parametrize("typed", ['date:"last week"', "before:tomorrow", "date:next-month"])
def test_days_are_understood_as_people_say_them(typed: str) -> None:
    assert isinstance(parse(typed, now=datetime(2026, 11, 23, tzinfo=UTC)).root, Dated)
