"""Names with an ampersand are found however it is typed."""

from __future__ import annotations

import pytest

from index.contract import SearchEngine
from tests.index.factories import document, filled, found, names

AMPERSANDS = [
    document(1, "AT&T settles", "The AT&amp;T settlement is paid."),
    document(2, "S&P 500 climbs", "Stocks rose."),
    document(3, "Cut in R&D", "Spending on R&D fell."),
    document(4, "Powder maker", "Johnson & Johnson paid.", topics=names("Health")),
    document(5, "Matt Johnson", "Johnson, said Johnson, is Johnson, and Matt Johnson sings."),
    document(6, "Soap maker", "Procter and Gamble paid."),
    document(7, "Att, RD and SP", "An att is an old unit."),
]


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ("ATT settlement", 1), ("att settlement", 1), ("AT & T", 1), ("at&t", 1),
        ("SP 500", 2), ("S & P 500", 2), ("RD spending", 3), ("R & D", 3), ("r & d spending", 3),
        ("Johnson & Johnson", 4), ("Johnson and Johnson", 4), ("Johnson ＆ Johnson", 4),
        ('"Johnson & Johnson"', 4), ('"johnson and johnson"', 4), ("johnson & johnson paid", 4),
        ("Procter & Gamble", 6), ("procter and gamble", 6), ('"procter & gamble"', 6),
        ("ATT", 7), ("RD", 7), ("what did johnson & johnson have to pay for powder", 4),
    ],
)  # fmt: skip
def test_an_ampersand_is_typed_as_sign_as_word_or_not_at_all(
    engine: SearchEngine, typed: str, wanted: int
) -> None:
    assert found(filled(engine, AMPERSANDS), typed)[:1] == [wanted]


def test_without_the_sign_a_name_with_one_is_found_after_the_word(engine: SearchEngine) -> None:
    filled(engine, AMPERSANDS)
    assert found(engine, "ATT") == [7, 1]
    assert found(engine, "R & D")[:1] == [3]
    assert found(engine, "rd -unit") == [3]
    assert found(engine, "paid -&") == found(engine, "paid")
