"""Links that let the browser mark words on a page."""

from __future__ import annotations

from webapp.text.fragments import MOST_WORDS, fragment_of


def test_each_marked_text_is_named_once() -> None:
    passages = ["A <mark>ferry</mark> and a <mark>night</mark>", "the <mark>ferry</mark>"]
    assert fragment_of(passages) == ":~:text=ferry&text=night"


def test_what_means_something_in_a_directive_is_escaped() -> None:
    assert fragment_of(["<mark>AT&amp;T, GPT-4 #1</mark>"]) == (
        ":~:text=AT%26T%2C%20GPT%2D4%20%231"
    )


def test_nothing_marked_gives_nothing() -> None:
    assert fragment_of(["no mark here", "<mark> </mark>"]) == ""


def test_a_link_stays_short() -> None:
    passages = [f"<mark>word{n}</mark>" for n in range(50)]
    assert fragment_of(passages).count("text=") == MOST_WORDS
