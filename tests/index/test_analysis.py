"""What counts as a word, and in how many ways it may be typed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.analysis import PARTS, number_forms, stems, tokenize
from index.characters import fold
from index.layout import LAST_PART, PART_SHIFT, label_term, lay_out, part_of
from tests.index.factories import document


def terms(text: str, language: str = "en") -> set[str]:
    return {term for token in tokenize(text, language) for _, term in token.form.terms}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("ZX-81", {"zx", "81", "zx81"}),
        ("ZX81", {"zx", "81", "zx81"}),
        ("U.N.", {"un", "^UN"}),
        ("H&M", {"h", "m", "h&m"}),
        ("H&amp;M", {"h&m"}),
        ("F# and J++", {"f#", "j++"}),
        ("J++17", {"j++", "17"}),
        (".ORG", {".org"}),
        ("k9", {"k9", "k", "9"}),
        ("B52s", {"b52s", "b52"}),
        ("two-step", {"two", "step", "twostep"}),
        ("O’Hara’s o'hara", {"ohara", "o", "hara"}),
        ("It wasn’t", {"wasnt"}),
        ("VisiCalc", {"visi", "calc", "visicalc"}),
        ("JSONReader", {"json", "reader", "jsonreader"}),
        ("GPUs and PCBs", {"gpus", "~gpu", "pcbs", "~pcb"}),
        ("12,500.75", {"12500", "75"}),
        ("2.7.18", {"2", "7", "18"}),
        ("some.host.example", {"some", "host", "example", "somehostexample"}),
        ("@some_one", {"some", "one", "someone"}),
        ("Größe", {"grosse", "^größe"}),
        ("smørrebrød Łódź cœur", {"smorrebrod", "lodz", "coeur"}),
        ("ﬂight ＮＡＳＡ ½", {"flight", "nasa"}),
        ("co\u00adoperate a\u200db", {"cooperate", "ab"}),
        ("e\u0301cole", {"ecole", "^école"}),
        ("WHO who", {"^WHO", "who"}),
        ("walking", {"walking", "~walk"}),
        ("हिन्दी", {"हिन्दी"}),
        ("한국어", {"한국어", "한국", "국어"}),
        ("LG전자는", {"lg", "전자", "자는", "lg전자는"}),
        ("5️⃣", {"5"}),
        ("大阪へ", {"大阪", "阪へ", "へ"}),
        ("ภาษาไทย", {"ภา", "าษ"}),
    ],
)
def test_a_name_is_indexed_in_every_way_it_is_typed(text: str, wanted: set[str]) -> None:
    assert wanted <= terms(text)


@pytest.mark.parametrize(
    ("text", "unwanted"),
    [
        ("F#", "f"),
        (".ORG", "org"),
        ("2.7.18", "2718"),
        ("V2-1", "v21"),
        ("U.N.", "u"),
        ("don't", "don"),
        ("the", "~the"),
    ],
)
def test_what_it_is_not_is_not_indexed(text: str, unwanted: str) -> None:
    assert unwanted not in terms(text)


def test_nothing_is_dropped_for_being_short_or_common() -> None:
    assert {"to", "be", "or", "not", "x", "i", "the"} <= terms("To be, or not to be: X, I, the")


def test_signs_and_emoji_are_no_words() -> None:
    assert terms("🚀 — … ☞ !? \x00 \ud800") == set()


def test_offsets_are_those_of_the_text() -> None:
    text = "«ﬂuﬀy» Größe, naïve ＡＢ"
    assert [text[t.start : t.end] for t in tokenize(text)] == ["ﬂuﬀy", "Größe", "naïve", "ＡＢ"]


def test_parts_of_a_token_share_its_place() -> None:
    (first, second) = tokenize("ZX-81 computer")
    assert (first.number, second.number) == (0, 1)
    assert (0, "zx81") in first.form.terms
    assert (1, "81") in first.form.terms


def test_long_tokens_stay_within_their_place() -> None:
    (token,) = tokenize("-".join("abcdefghijkl"))
    assert max(place for place, _ in token.form.terms) == PARTS - 1
    assert all(len(term) <= 66 for term in terms("x" * 999))


def test_characters_of_unspaced_scripts_count_one_by_one() -> None:
    assert [t.number for t in tokenize("東京 AI 大阪府 x")] == [0, 2, 3, 6]


def test_stems_are_snowballs_and_none_for_unknown_languages() -> None:
    assert stems("walking", "en") == ("walk",)
    assert stems("walk", "en") == ()
    assert stems("walking", "xx") == ()
    assert "~zeitung" in terms("Zeitungen", "de-AT")


@given(st.text())
def test_any_text_can_be_analyzed_and_stored(text: str) -> None:
    tokens = list(tokenize(text, "en"))
    assert [(t.number, t.form) for t in tokens] == list(number_forms(text, "en"))
    for token in tokens:
        assert 0 <= token.start < token.end <= len(text)
        for _, term in token.form.terms:
            term.encode()


@given(st.text())
def test_folding_twice_changes_nothing(text: str) -> None:
    once = fold(text)
    assert fold(once) in (once, fold(fold(once)))


def test_every_part_of_a_document_has_places_of_its_own() -> None:
    sections = [("", "owl"), ("Next up", "owl owl")]
    laid = lay_out(document(1, "owl", summary="owl", sections=sections))
    assert [part_of(place) for place in laid.places["owl"]] == [0, 1, 8, 9, 9]
    assert laid.weights["owl"] == pytest.approx(2 + 1 + 1 + 2)
    assert laid.places[label_term("NEXT  up")] == [9 << PART_SHIFT]


def test_endless_texts_and_endless_sections_fit() -> None:
    laid = lay_out(document(1, text="owl " * 140_000 + "end"))
    assert {part_of(place) for place in laid.places["end"]} == {8}
    many = lay_out(document(1, sections=[("Label", "owl")] * (LAST_PART + 10)))
    assert max(part_of(place) for place in many.places["owl"]) == LAST_PART


def test_entities_are_read_and_keep_their_offsets() -> None:
    text = "A caf&eacute; &amp; bar, R&amp;D"
    tokens = list(tokenize(text))
    assert [text[t.start : t.end] for t in tokens] == [
        "A", "caf&eacute;", "&amp;", "bar", "R&amp;D",
    ]  # fmt: skip
    assert {"cafe", "and", "r&d", "~rd"} <= terms(text)
