"""Initials are the same with points, with spaces and with neither."""

from __future__ import annotations

import pytest

from index.contract import SearchEngine
from tests.index.factories import document, filled, found, found_all

WRITERS = [
    document(1, "A new novel", "J. K. Rowling wrote it."),
    document(2, "J.K. Simmons", "J.K. Simmons plays, J.K. Simmons sings."),
    document(3, "Rowling", "A village called Rowling, near Rowling."),
    document(4, "A ring", "By J.R.R. Tolkien, who was no R. R. Martin."),
    document(5, "Rumours", "He lives in the U.S. I think. Plan B. Then the U. N. went."),
    document(6, "Rechnung", "Das gilt z. B. für Aal.", language="de"),
    document(7, "Story", "А. С. Пушкин", language="ru"),
]


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ("J.K. Rowling", 1), ("JK Rowling", 1), ("J. K. Rowling", 1), ("jk rowling", 1),
        ("J K Rowling", 1), ('"J.K. Rowling"', 1), ('"JK Rowling wrote"', 1), ("k rowling", 1),
        ('"J. K. Rowling"', 1), ("J. K. Simmons", 2), ("JK Simmons", 2), ("jrr tolkien", 4),
        ("J. R. R. Tolkien", 4), ("J.R.R. Tolkien", 4), ("R.R. Martin", 4), ("U.S.", 5),
        ("UN", 5), ("z.B.", 6), ("А.С. Пушкин", 7), ("U. S.", 5),
    ],
)  # fmt: skip
def test_initials_are_found_in_every_way_they_are_typed(
    engine: SearchEngine, typed: str, wanted: int
) -> None:
    filled(engine, WRITERS)
    assert found_all(engine, typed)[:1] == [wanted]


def test_letters_in_points_alone_are_no_single_letters(engine: SearchEngine) -> None:
    filled(engine, [document(1, text="The U.S. rests."), document(2, text="Take vitamin S. Daily")])
    assert found(engine, "S") == [2]
    assert found(engine, "US") == [1]
