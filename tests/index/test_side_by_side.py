"""Parts of names and versions count as side by side only where they are."""

from __future__ import annotations

import pytest

from index.contract import SearchEngine
from tests.index.factories import document, filled, found, found_all

JOINED = [
    document(1, text="Python 3.12.4 is out."),
    document(2, text="It is state-of-the-art work."),
    document(3, text="The SARS-CoV-2 virus spreads."),
    document(4, text="Connect to 192.168.1.10 first."),
    document(5, text="The Coca-Cola-Bottling-Company moves."),
    document(6, text="GPT-4 turbo and DeepSeek-R1-Zero run VisiCalc."),
    document(7, text="one-two-three-four-five-six-seven-eight-nine-ten plans"),
]


@pytest.mark.parametrize(
    "typed",
    [
        "python 3.4", "3.4", '"state art"', "CO2", "192.10", '"coca company"',
        '"deep r1"', '"deepseek zero"', '"one three"',
    ],
)  # fmt: skip
def test_parts_of_a_name_that_are_apart_are_not_side_by_side(
    engine: SearchEngine, typed: str
) -> None:
    filled(engine, JOINED)
    assert found_all(engine, typed) == []


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ("3.12", 1), ("12.4", 1), ("3.12.4", 1), ('"python 3.12"', 1), ('"of the"', 2),
        ("CoV-2", 3), ("168.1", 4), ('"cola bottling"', 5), ('"gpt 4 turbo"', 6),
        ("gpt-4-turbo", 6), ('"gpt4 turbo"', 6), ('"deep seek r1"', 6), ('"deepseek r1"', 6),
        ("deepseek-r1", 6), ('"deepseek r1 zero"', 6), ('"deepseek r 1 zero run"', 6),
        ('"run visi calc"', 6), ('"zero run visicalc"', 6), ('"eight ten"', 7), ('"ten plans"', 7),
    ],
)  # fmt: skip
def test_parts_of_a_name_and_what_they_make_stand_beside_what_follows(
    engine: SearchEngine, typed: str, wanted: int
) -> None:
    filled(engine, JOINED)
    assert found(engine, typed) == [wanted]
