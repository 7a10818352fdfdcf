"""Addresses made of titles and names."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webapp.text.slugs import SLUG_LENGTH, is_slug, make_slug, number_slug


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("Night ferries begin", "night-ferries-begin"),
        ("  Zoë’s   “Big” Day!  ", "zoes-big-day"),
        ("Ночные паромы", "nochnye-paromy"),
        ("夜间渡轮", "ye-jian-du-lun"),
        ("Prices up 3.5%", "prices-up-3-5"),
        ("---", None),
        ("🚢🚢", None),
        ("", None),
    ],
)
def test_a_slug_is_the_words_in_plain_letters(text: str, slug: str | None) -> None:
    assert make_slug(text) == slug or (slug is None and make_slug(text).startswith("x"))


def test_texts_without_letters_have_slugs_of_their_own_the_same_each_time() -> None:
    assert make_slug("🚢") == make_slug("🚢")
    assert make_slug("🚢") != make_slug("⚓")


def test_a_long_title_is_cut_between_words() -> None:
    slug = make_slug("harbour " * 40)
    assert len(slug) <= SLUG_LENGTH
    assert set(slug.split("-")) == {"harbour"}


@settings(deadline=None)
@given(st.text(), st.integers(1, 120))
def test_any_text_makes_a_slug_that_fits(text: str, length: int) -> None:
    slug = make_slug(text, length)
    assert is_slug(slug)
    assert len(slug) <= max(length, 11)
    assert make_slug(text, length) == slug


@pytest.mark.parametrize("text", ["a", "a-b", "2026-budget", "x" * 200])
def test_what_can_stand_in_an_address_is_a_slug(text: str) -> None:
    assert is_slug(text)


@pytest.mark.parametrize("text", ["", "-a", "a-", "a--b", "A", "a b", "a/b", "é", "a\n", "x" * 201])
def test_what_cannot_is_none(text: str) -> None:
    assert not is_slug(text)


@settings(deadline=None)
@given(st.from_regex(r"[a-z0-9]{1,100}(-[a-z0-9]{1,99})?", fullmatch=True), st.integers(2, 10**6))
def test_a_numbered_slug_is_a_slug_and_never_too_long(slug: str, number: int) -> None:
    assert is_slug(number_slug(slug, number))
    assert number_slug(slug, number).endswith(f"-{number}")


def test_a_full_length_slug_gives_way_to_its_number() -> None:
    assert number_slug("x" * 197 + "-yz", 12) == "x" * 197 + "-12"
