"""Documents gathered as arrays have the postings that each of them is laid out with."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.arrays import gathering
from index.arrays.gathering import TENTHS, Gatherer, Terms
from index.contract import Document
from index.layout import Part, lay_out
from tests.index.arrays.test_oracle import grown
from tests.index.factories import document


def postings_of(terms: Terms, number: int) -> dict[str, tuple[float, list[int]]]:
    """Give the terms of one document, with weight and places."""
    found = {}
    for t, term in enumerate(terms.terms):
        first_place = int(terms.place_starts[t]) if len(terms.place_starts) > 1 else 0
        for p in range(terms.starts[t], terms.starts[t + 1]):
            end = first_place + int(terms.counts[p]) if len(terms.places) else first_place
            if terms.documents[p] == number:
                places = terms.places[first_place:end].tolist()
                found[term.decode()] = (terms.tenths[p] / TENTHS, places)
            first_place = end
    return found


def assert_laid_out(documents: list[Document]) -> None:
    gatherer = Gatherer()
    for each in documents:
        gatherer.add(each)
    batch = gatherer.done()
    for number, each in enumerate(documents):
        laid = lay_out(each)
        expected = {t: (round(laid.weights[t], 6), p) for t, p in laid.places.items()}
        assert postings_of(batch.text, number) == expected
        assert set(postings_of(batch.keys, number)) == set(laid.keys)
        assert batch.columns["length"][number] == laid.length
        assert batch.columns["id"][number] == each.id


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 1000), st.integers(1, 12))
def test_postings_are_those_of_the_layout(seed: int, count: int) -> None:
    assert_laid_out(grown(seed, count))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.text(max_size=60), st.text(max_size=60)), min_size=1, max_size=4))
def test_any_text_is_gathered_as_it_is_laid_out(texts: list[tuple[str, str]]) -> None:
    assert_laid_out([document(i, title, text) for i, (title, text) in enumerate(texts)])


def test_thousands_of_sections_and_tokens_are_gathered_as_laid_out() -> None:
    sections = [("Label", f"word w{i % 7}") for i in range(4100)]
    assert len(sections) > 4096 - Part.SECTION
    assert_laid_out([document(1, sections=sections), document(2, text="again " * 140_000)])


def test_a_batch_is_full_after_so_many_documents() -> None:
    gatherer = Gatherer()
    gatherer.count = 1 << 16
    assert gatherer.is_full


def test_a_batch_is_full_after_so_many_occurrences_in_any_script(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gathering, "MOST_ENTRIES", 1000)
    gatherer = Gatherer()
    gatherer.add(document(1, text="天気予報" * 200))
    assert 800 <= gatherer.entries < 1000
    gatherer.add(document(2, text="天気予報" * 100))
    assert gatherer.is_full


def test_a_run_of_characters_stays_in_its_part() -> None:
    assert_laid_out([document(1, "Title", summary="鯨" * 140_000, text="words")])
