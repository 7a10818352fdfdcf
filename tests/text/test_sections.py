"""Cutting a text into its labelled sections."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.text.test_markup import HOSTILE, assert_harmless, pieces
from webapp.text.markup import render, sanitise
from webapp.text.sections import PAGE_ID_STARTS, PAGE_IDS, SectionText, split_sections


def sections_of(markdown: str) -> list[SectionText]:
    return split_sections(render(markdown, "markdown"))


def labels_of_html(html: str) -> list[str]:
    return [section.label for section in split_sections(sanitise(html))]


def labels_of(markdown: str) -> list[str]:
    return [section.label for section in sections_of(markdown)]


def test_bold_labels_begin_sections_and_the_lead_has_none() -> None:
    lead, why, big = sections_of(
        "Ferries will run all night.\n\n"
        "**Why this matters:** Night nurses get home.\n\n- One boat\n- Two crews\n\n"
        "**The big picture**: The harbour asked for years.\n"
    )
    assert (lead.label, lead.anchor, lead.text) == ("", "", "Ferries will run all night.")
    assert (why.label, why.anchor) == ("Why this matters", "why-this-matters")
    assert why.text == "Night nurses get home.\nOne boat\nTwo crews"
    assert '<strong class="label">Why this matters:</strong> Night nurses' in why.html
    assert "<li>Two crews</li>" in why.html
    assert (big.label, big.text) == ("The big picture", "The harbour asked for years.")


def test_one_bold_label_alone_is_a_section() -> None:
    assert labels_of("A lead.\n\n**Yes, but:** The crews are tired.") == ["", "Yes, but"]


def test_plain_labels_begin_sections_where_there_are_two() -> None:
    first, second = sections_of("The big picture: Boats run.\n\nWhat’s next: Trams might.")
    assert (first.label, first.text) == ("The big picture", "Boats run.")
    assert (second.label, second.anchor) == ("What’s next", "whats-next")
    assert second.html == '<p><strong class="label">What’s next:</strong> Trams might.</p>'


def test_one_plain_colon_is_just_a_sentence() -> None:
    assert labels_of("He had one wish: to sail.\n\nNobody heard him.") == [""]


@pytest.mark.parametrize(
    "paragraph",
    [
        "the big picture: It begins with a small letter.",
        "This label has far too many words: So it is a sentence.",
        "Doors open at 10:30 in the morning.",
        "See https://harbour.example.org/ for more.",
        "Ada Quay: “That is what somebody said.”",
        "Ada Quay: 'That is what somebody said.'",
        "It rained. So: They stayed.",
        "Antidisestablishmentarianistically Extraterritorialisationalists: Too long a label.",
        ": Nothing stands before the colon.",
        "2026: A year is no label.",
        "Mr Quay added: that is what somebody said.",
    ],
)
def test_what_only_looks_like_a_plain_label_is_none(paragraph: str) -> None:
    labelled = "The big picture: Boats run.\n\nWhy this matters: People travel."
    assert labels_of(f"{labelled}\n\n{paragraph}") == ["The big picture", "Why this matters"]


@pytest.mark.parametrize(
    "paragraph",
    [
        "**Loud words** open it.",
        "Soft words and **a label:** within.",
        "**:** nothing",
        "**2026:** a number",
        f"**{'Long ' * 15}:** too long",
        "*Italic:* is no label.",
        "**?!:** signs",
    ],
)
def test_bold_words_without_a_label_begin_no_section(paragraph: str) -> None:
    assert labels_of(f"A lead.\n\n{paragraph}") == [""]


def test_headings_begin_sections_and_leave_the_page_its_one_h1() -> None:
    lead, first, second = sections_of(
        "A lead.\n\n# How it works\n\nIt floats.\n\n### Costs:\n\nMuch."
    )
    assert lead.label == ""
    assert (first.label, first.anchor, first.text) == ("How it works", "how-it-works", "It floats.")
    assert first.html.startswith("<h2>How it works</h2>")
    assert (second.label, second.text) == ("Costs", "Much.")


@pytest.mark.parametrize(
    "html",
    [
        "<blockquote><h1>Loud</h1></blockquote>",
        "<blockquote><main>Words</main></blockquote>",
        "<table><tr><td><form action='/x'><fieldset>Words</fieldset></form></td></tr></table>",
        "<ul><li><nav>Words</nav><header>More</header></li></ul>",
        "<form action='/x'>Words</form>",
    ],
)
def test_the_parts_that_only_a_page_has_are_not_in_a_text(html: str) -> None:
    (section,) = split_sections(sanitise(html))
    assert set(re.findall(r"<([a-z0-9]+)", section.html)).isdisjoint(
        {"h1", "main", "form", "fieldset", "nav", "header"}
    )
    assert section.text in ("Loud", "Words", "Words\nMore")


def test_a_heading_without_words_begins_no_section() -> None:
    assert [s.label for s in split_sections("<p>One.</p><h2> </h2><p>Two.</p>")] == [""]


def test_the_same_label_twice_gets_two_anchors() -> None:
    anchors = [
        s.anchor for s in sections_of("**Costs:** One.\n\n**Costs:** Two.\n\n**Costs:** Three.")
    ]
    assert anchors == ["costs", "costs-2", "costs-3"]


def test_a_label_in_another_script_has_an_anchor() -> None:
    (section,) = sections_of("**ΓιατίΣημασία:** Κείμενο.")
    assert re.fullmatch(r"[a-z0-9-]+", section.anchor)


def test_wrappers_are_opened_and_loose_text_stands_in_paragraphs() -> None:
    html = sanitise(
        "<div>loose <em>words</em> here<section><p><b>Costs:</b> Much.</p></section>tail</div>"
    )
    lead, costs = split_sections(html)
    assert lead.html == "<p>loose <em>words</em> here</p>"
    assert (costs.label, costs.text) == ("Costs", "Much.\ntail")


def test_empty_paragraphs_are_left_out() -> None:
    assert split_sections("<p> </p><p>&nbsp;</p>") == []
    assert split_sections("") == []


def test_a_label_may_stand_alone_before_its_list() -> None:
    (section,) = sections_of("**By the numbers:**\n\n- Two boats\n- One crew\n")
    assert section.text == "Two boats\nOne crew"
    assert '<strong class="label">By the numbers:</strong></p>' in section.html


def test_a_label_keeps_what_stands_behind_it_in_its_paragraph() -> None:
    (section,) = sections_of("**Costs:** *much* and [more](https://harbour.example.org/).")
    assert section.text == "much and more."
    assert '<strong class="label">Costs:</strong> <em>much</em>' in section.html


def test_a_picture_on_another_host_becomes_a_link_to_it() -> None:
    (section,) = split_sections(
        sanitise('<p>See <img src="https://cdn.example.org/boat.png" alt="A boat"> there.</p>')
    )
    assert "<img" not in section.html
    assert 'href="https://cdn.example.org/boat.png"' in section.html
    assert section.text == "See A boat there."


def test_a_picture_of_ours_stays_and_one_from_nowhere_is_its_words() -> None:
    (section,) = split_sections(
        '<p><img src="/images/0123456789abcdef0123456789abcdef.webp" alt="Quay"></p>'
        '<p><img src="x.png"></p>'
    )
    assert '<img src="/images/0123456789abcdef0123456789abcdef.webp" alt="Quay">' in section.html
    assert section.text == "Picture"
    assert "x.png" not in section.html


def test_cells_items_and_breaks_each_begin_a_line_of_the_plain_text() -> None:
    html = sanitise("<table><tr><th>Boat</th><td>Two\ndecks</td></tr></table><p>one<br>two</p>")
    (section,) = split_sections(html)
    assert section.text.split("\n") == ["Boat", "Two decks", "one", "two"]


@pytest.mark.parametrize("tag", ["div", "b", "blockquote", "ul><li", "section", "q"])
def test_five_thousand_nested_tags_do_not_break_it(tag: str) -> None:
    found = split_sections(sanitise(f"before {f'<{tag}>' * 5000} the deepest words"))
    text = " ".join(section.text for section in found)
    assert "before" in text
    assert "the deepest words" in text


@settings(deadline=None)
@given(pieces)
def test_whatever_is_cut_comes_out_harmless_with_anchors_of_its_own(html: str) -> None:
    found = split_sections(sanitise(html))
    for section in found:
        assert_harmless(section.html)
        assert bool(section.label) == bool(section.anchor)
    anchors = [section.anchor for section in found if section.anchor]
    assert len(set(anchors)) == len(anchors)


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["p", "div", "h2", "li", "b", "blockquote", "td"]), st.integers(0, 999)
        ),
        min_size=1,
        max_size=9,
    )
)
def test_no_word_is_lost_and_their_order_stays(words: list[tuple[str, int]]) -> None:
    html = "".join(f"<{tag}>word{number} " for tag, number in words)
    shown = " ".join(re.sub(r"<[^>]+>", " ", s.html) for s in split_sections(sanitise(html)))
    # A table's stray cells lose their tags, never their words.
    assert re.findall(r"word\d+", shown) == [f"word{number}" for _, number in words]


@pytest.mark.parametrize("html", HOSTILE)
def test_hostile_html_leaves_the_text_around_it(html: str) -> None:
    found = split_sections(sanitise(f"<p>before</p>{html}<p>after</p>"))
    assert "before" in found[0].text


@pytest.mark.parametrize("label", ["Main", "Recent news", "Join us", "Search tips"])
def test_an_anchor_is_never_an_id_of_the_page(label: str) -> None:
    (section,) = sections_of(f"**{label}:** Words.")
    assert section.anchor not in PAGE_IDS
    assert not section.anchor.startswith(PAGE_ID_STARTS)


def test_a_plain_label_may_stand_over_a_list_or_before_a_quotation_or_a_link() -> None:
    html = (
        "<p>Why this matters:</p><ul><li>One</li></ul>"
        "<p>The big picture: “Boats run”, he wrote.</p>"
        '<p>What is next: <a href="https://a.example.org/">a tram</a></p>'
    )
    assert labels_of_html(html) == ["Why this matters", "The big picture", "What is next"]
    why, big, following = split_sections(sanitise(html))
    assert (why.text, big.text, following.text) == ("One", "“Boats run”, he wrote.", "a tram")


def test_a_picture_within_a_link_leaves_the_link_where_it_led() -> None:
    picture = '<img src="http://b.example.org/p.png" alt="Pier">'
    html = f'<p><a href="https://a.example.org/x">{picture}</a></p>'
    (section,) = split_sections(sanitise(html))
    assert 'href="https://a.example.org/x"' in section.html
    assert "b.example.org" not in section.html
    assert section.text == "Pier"


def test_ids_come_once_and_links_lead_to_what_is_there() -> None:
    html = (
        '<p><a id="fn1">x</a><a id="fn1">y</a> <a href="#fn1">1</a> <a href="#gone">2</a></p>'
        "<h2>Fn1</h2><p>z</p>"
    )
    sections = split_sections(sanitise(html))
    whole = "".join(section.html for section in sections)
    assert whole.count('id="fn1"') == 1
    assert 'href="#fn1"' in whole
    assert "#gone" not in whole
    assert [section.anchor for section in sections] == ["", "section-fn1"]


def test_an_empty_heading_is_left_out() -> None:
    assert labels_of_html("<h2></h2><p>Text</p>") == [""]


def test_the_empty_corner_of_a_table_heads_nothing() -> None:
    (section,) = split_sections("<table><thead><tr><th></th><th>Now</th></tr></thead></table>")
    assert "<td></td><th>Now</th>" in section.html
