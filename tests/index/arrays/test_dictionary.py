"""Terms are found by word, by beginning and by likeness, as if they were all looked at."""

from __future__ import annotations

import io

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from index.arrays.dictionary import Dictionary, alike, write_dictionary
from index.arrays.files import ArrayFile, ArrayWriter
from index.spelling import distance, edits_allowed

WORDS = st.text("abcé1~天", min_size=1, max_size=9)


def dictionary_of(words: set[str]) -> tuple[Dictionary, list[str]]:
    terms = sorted(words)
    stream = io.BytesIO()
    writer = ArrayWriter(stream)
    write_dictionary(writer, "text", [term.encode() for term in terms])
    writer.finish()
    return Dictionary(ArrayFile(memoryview(stream.getvalue())), "text"), terms


@given(st.sets(WORDS, max_size=60), WORDS)
def test_a_term_is_found_by_its_number_and_no_other_is(words: set[str], other: str) -> None:
    dictionary, terms = dictionary_of(words)
    assert [dictionary.find(term.encode()) for term in terms] == list(range(len(terms)))
    assert dictionary.all() == [term.encode() for term in terms]
    if other not in words:
        assert dictionary.find(other.encode()) == -1


@given(st.sets(WORDS, max_size=60), st.text("abcé1~天", max_size=3))
def test_what_begins_in_one_way_stands_together(words: set[str], prefix: str) -> None:
    dictionary, terms = dictionary_of(words)
    first, end = dictionary.beginning_with(prefix.encode())
    assert terms[first:end] == [term for term in terms if term.startswith(prefix)]


@given(st.sets(WORDS, max_size=60), st.text("abcé1", min_size=1, max_size=9))
def test_words_nearly_alike_are_those_that_a_look_at_each_would_find(
    words: set[str], word: str
) -> None:
    dictionary, _ = dictionary_of(words)
    most = edits_allowed(word)
    expected = {
        other: distance(word, other, most)
        for other in words
        if other.isalnum() and other[0] == word[0] and 0 < distance(word, other, most) <= most
    }

    def everything(_place: int, numbers: np.ndarray) -> np.ndarray:
        return numbers

    assert alike(word, [dictionary], everything) == expected
