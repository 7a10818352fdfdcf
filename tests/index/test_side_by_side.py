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


def test_an_asterisk_after_a_version_or_a_joined_name_stands_for_its_last_part(
    engine: SearchEngine,
) -> None:
    filled(
        engine,
        [
            document(1, text="Python 3.12.4 is out."),
            document(2, text="About 15 of 100 came 3 times."),
            document(3, text="GPT-4 is gone."),
            document(4, text="GPT-4.1 is here."),
            document(5, text="gpt4o speaks, GPT-4o-mini listens."),
            document(6, text="GPT-5 and 4 others."),
            document(7, text="An e-mail by deepseek."),
            document(8, text="An email by DeepSeek."),
        ],
    )
    assert set(found(engine, "3.1*")) == {1}
    assert set(found(engine, "3.12*")) == {1}
    assert found(engine, "3.2*") == []
    assert set(found(engine, "GPT-4*")) == {3, 4, 5}
    assert set(found(engine, "gpt-4.*")) == {3, 4, 5}
    assert set(found(engine, "e-mai*")) == {7, 8}
    assert set(found(engine, "DeepSee*")) == {7, 8}
    assert set(found(engine, "title:GPT-4* OR gpt4*")) == {3, 4, 5}
