"""What every engine promises: the same questions, the same documents, in the same order."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from index import open_index
from index.contract import Document, IndexMissing, SearchEngine, Sort
from tests.index.factories import NOON, ask, changed, document, filled, found, found_all, names

BIRDS = [
    document(1, "A heron fishes in the harbour", "It stands on one leg and waits for eels."),
    document(2, "Two herons nest on the crane", "The crane driver waits until the chicks fly."),
    document(3, "A crane falls over", "Nobody was hurt when the machine fell at the harbour."),
]


def test_all_words_are_wanted(engine: SearchEngine) -> None:
    filled(engine, BIRDS)
    assert found_all(engine, "crane harbour") == [3]
    assert found_all(engine, "crane zebra") == []


def test_a_word_is_found_in_title_summary_text_and_names(engine: SearchEngine) -> None:
    filled(
        engine,
        [
            document(1, "Kestrel"),
            document(2, summary="A kestrel."),
            document(3, text="One kestrel hovers."),
            document(4, topics=names("Kestrel")),
            document(5, authors=names("Ann Kestrel")),
            document(6, source="kestrel.example"),
            document(7, sections=[("Kestrel", "A bird.")]),
            document(8, "Nothing of the kind"),
        ],
    )
    assert set(found(engine, "kestrel")) == {1, 2, 3, 4, 5, 6, 7}
    assert found(engine, "kestrel")[0] == 1


def test_a_phrase_is_found_just_so(engine: SearchEngine) -> None:
    filled(engine, [document(1, text="slow food market"), document(2, text="food so slow")])
    assert found(engine, '"slow food"') == [1]
    assert found(engine, "“slow food”") == [1]
    assert set(found(engine, "slow food")) == {1, 2}


def test_a_phrase_takes_no_stems(engine: SearchEngine) -> None:
    filled(engine, [document(1, text="He regulates trains"), document(2, text="regulate trains")])
    assert found(engine, '"regulate trains"') == [2]


def test_a_phrase_does_not_reach_from_one_name_or_section_to_the_next(
    engine: SearchEngine,
) -> None:
    authors = names("Lena Voss", "Jon Bell")
    sections = [("", "the end is near"), ("Next", "Paris is far")]
    filled(engine, [document(1, authors=authors, sections=sections)])
    assert found(engine, '"voss jon"') == []
    assert found(engine, '"near paris"') == []
    assert found(engine, '"jon bell"') == [1]


def test_words_side_by_side_as_typed_come_first(engine: SearchEngine) -> None:
    filled(
        engine,
        [
            document(1, text="A source was open with us. This source, open to all, is open."),
            document(2, text="They wrote open source software and sold it."),
        ],
    )
    assert found(engine, "open source")[0] == 2


def test_minus_leaves_out_words_phrases_and_fields(engine: SearchEngine) -> None:
    filled(engine, BIRDS)
    assert found(engine, "crane -machine") == [2]
    assert found(engine, 'harbour -"one leg"') == [3]
    assert found(engine, "harbour -title:heron") == [3]
    assert set(found(engine, "-machine")) == {1, 2}


def test_or_finds_either_of_its_neighbours(engine: SearchEngine) -> None:
    filled(engine, BIRDS)
    assert set(found(engine, "eels OR chicks")) == {1, 2}
    assert found_all(engine, "eels OR chicks driver") == [2]
    assert set(found(engine, "(heron leg) OR machine")) == {1, 3}


def test_title_looks_in_the_title_alone(engine: SearchEngine) -> None:
    filled(engine, BIRDS)
    assert found(engine, "title:crane title:falls") == [3]
    assert found(engine, "title:harbour") == [1]
    assert found(engine, 'title:"on the crane"') == [2]


def test_names_are_found_by_word_phrase_and_slug(engine: SearchEngine) -> None:
    filled(
        engine,
        [
            document(1, "By Ana Rey", topics=names("City life"), authors=names("Lena Voss")),
            document(2, topics=names("Life"), authors=names("Ana Rey")),
        ],
    )
    assert found(engine, "by:voss") == [1]
    assert found(engine, 'by:"Ana Rey"') == [2]
    assert found(engine, "by:lena-voss") == [1]
    assert found(engine, "topic:city-life") == [1]
    assert set(found(engine, "topic:life")) == {1, 2}
    assert found(engine, "by:(voss OR nobody)") == [1]


def test_a_source_is_found_by_its_domain_and_those_above(engine: SearchEngine) -> None:
    filled(
        engine,
        [
            document(1, source="paper.example"),
            document(2, source="blog.paper.example"),
            document(3, source="paper.example.org"),
        ],
    )
    assert set(found(engine, "source:paper.example")) == {1, 2}
    assert found(engine, "source:www.paper.example.org") == [3]


SECTIONED = [
    document(1, sections=[("", "Rail costs rise."), ("Why this matters", "Buses may follow.")]),
    document(2, sections=[("", "Buses are late."), ("The big picture", "Rail is full.")]),
]


def test_a_section_is_searched_by_its_short_name(engine: SearchEngine) -> None:
    filled(engine, SECTIONED)
    assert found(engine, "why:buses") == [1]
    assert found(engine, "big:rail") == [2]
    assert found(engine, 'why:"buses may"') == [1]
    assert found(engine, "why:rail") == []


def test_in_looks_for_the_words_beside_it_in_that_section(engine: SearchEngine) -> None:
    filled(engine, SECTIONED)
    assert found(engine, 'in:"the big picture" rail') == [2]
    assert found(engine, "buses in:why") == [1]
    assert found(engine, 'in:"Why this matters"') == [1]
    assert found(engine, 'buses OR rail -in:"The big picture"') == [1]


def test_dates_bound_what_is_found(engine: SearchEngine) -> None:
    filled(engine, [document(id, "tide") for id in (1, 2, 30, 400)])
    assert found(engine, "tide after:2026-11-21", Sort.NEWEST) == [1, 2]
    assert found(engine, "tide before:2026", Sort.NEWEST) == [400]
    assert found(engine, "tide date:2026-10", Sort.NEWEST) == [30]
    assert found(engine, "date:yesterday") == [1]
    assert found(engine, "tide -date:2026", Sort.NEWEST) == [400]


def test_filters_alone_give_what_they_let_through_newest_first(engine: SearchEngine) -> None:
    filled(engine, [document(id, topics=names("Tides")) for id in (3, 1, 2)])
    assert found(engine, "after:2026-11-21 topic:tides") == [1, 2]


def test_an_asterisk_finds_words_that_begin_so(engine: SearchEngine) -> None:
    filled(engine, [document(1, "Quantum"), document(2, "Quantities"), document(3, "Quarrel")])
    assert set(found(engine, "quant*")) == {1, 2}
    assert found(engine, "zzz*") == []
    assert set(found(engine, "title:qua*")) == {1, 2, 3}


def test_names_are_found_in_every_way_they_are_typed(engine: SearchEngine) -> None:
    text = "The ZX-81 met Ms O’Hara's e-mail at H&M in Málaga; 2,000 users of F# and VisiCalc."
    filled(engine, [document(1, text=text), document(2, text="An f key. A zx spectrum.")])
    for typed in (
        "zx81", "ZX-81", '"zx 81"', "o'hara", "OHara", "email", "h&m", "malaga", "MÁLAGA",
        "2000", "f#", "visi calc", "visicalc", "user",
    ):  # fmt: skip
        assert found(engine, typed) == [1], typed
    assert found(engine, "f") == [2]


def test_the_exact_word_ranks_above_its_stem(engine: SearchEngine) -> None:
    filled(engine, [document(1, text="It organizes."), document(2, text="It is an organ.")])
    assert found(engine, "organ") == [2]
    filled(engine, [document(1, text="We regulated it."), document(2, text="We regulate it.")])
    assert found(engine, "regulate") == [2, 1]


def test_stems_follow_the_language_of_the_document(engine: SearchEngine) -> None:
    filled(engine, [document(1, "Die Zeitungen", language="de"), document(2, "Walking")])
    assert found(engine, "zeitung") == [1]
    assert found(engine, "walk") == [2]


def test_names_in_capitals_rank_above_the_common_word(engine: SearchEngine) -> None:
    filled(engine, [document(1, text="They told us so."), document(2, text="So the US agreed.")])
    assert found(engine, "US") == [2, 1]
    assert found(engine, "U.S.") == [2, 1]


def test_scripts_without_spaces_are_found_by_their_characters(engine: SearchEngine) -> None:
    filled(engine, [document(1, "天気予報は晴れ", language="ja"), document(2, "予備の天井")])
    assert found(engine, "天気") == [1]
    assert found(engine, "予報は晴") == [1]
    assert found(engine, "れ") == [1]
    assert set(found(engine, "天")) == {1, 2}
    assert found(engine, "報予") == []


def test_newest_orders_by_date_and_then_by_id(engine: SearchEngine) -> None:
    ids = [4, 2, 9]
    same_day = [document(id, "moon", published_at=NOON - timedelta(days=5)) for id in ids]
    filled(engine, [*same_day, document(7, "moon moon moon", published_at=NOON)])
    assert found(engine, "moon", Sort.NEWEST) == [7, 9, 4, 2]


def test_ties_are_broken_by_date_and_then_by_id(engine: SearchEngine) -> None:
    dates = {5: 3, 8: 3, 6: 1}
    filled(
        engine,
        [
            document(id, "moon", published_at=NOON - timedelta(days=days))
            for id, days in dates.items()
        ],
    )
    assert found(engine, "moon") == [6, 8, 5]


def test_pages_follow_on_and_the_total_counts_all(engine: SearchEngine) -> None:
    filled(engine, [document(id, "river") for id in range(1, 8)])
    first, second = (ask(engine, "river", offset=offset, limit=3) for offset in (0, 3))
    assert [hit.id for hit in first.hits + second.hits] == [1, 2, 3, 4, 5, 6]
    assert first.total == second.total == 7
    assert ask(engine, "river", offset=90).hits == ()


def test_nothing_asked_finds_nothing(engine: SearchEngine) -> None:
    filled(engine, BIRDS)
    for typed in ("", "   ", '"', "- -", "(((", "🚀"):
        assert ask(engine, typed).total == 0


def test_what_is_scheduled_is_indexed_and_shown_when_its_time_has_come(
    engine: SearchEngine,
) -> None:
    tomorrow = NOON + timedelta(days=1)
    filled(engine, [document(1, "comet"), document(2, "comet", published_at=tomorrow)])
    assert found(engine, "comet") == [1]
    assert found(engine, "-sun") == [1]
    assert ask(engine, "comet", now=tomorrow).total == 2
    assert dict(engine.stamps()) == {1: 1, 2: 2}


def test_a_title_is_escaped_and_its_matches_marked(engine: SearchEngine) -> None:
    filled(engine, [document(1, "<b>Salt</b> & 'pepper'")])
    (hit,) = ask(engine, "salt").hits
    assert hit.title_html == "&lt;b&gt;<mark>Salt</mark>&lt;/b&gt; &amp; &#x27;pepper&#x27;"


def test_markup_in_a_text_stays_text(engine: SearchEngine) -> None:
    hostile = '<script>salt()</script><img src=x onerror="salt"></mark>\x00\ud800 salt'
    filled(engine, [document(1, hostile.replace("\ud800", ""), hostile)])
    (hit,) = ask(engine, "salt <script>").hits or ask(engine, "salt").hits
    for html in (hit.title_html, hit.passages[0].html):
        bare = html.replace("<mark>", "").replace("</mark>", "")
        assert "<" not in bare
        assert ">" not in bare
        assert '"' not in bare
        assert "\x00" not in bare
        html.encode()


def test_passages_carry_the_label_and_the_anchor_of_their_section(engine: SearchEngine) -> None:
    sections = [("", "Ferries stop."), ("Why this matters", "Islands need ferries and ferry men.")]
    filled(engine, [document(1, sections=sections)])
    best, second = ask(engine, "ferries men").hits[0].passages
    assert (best.label, best.anchor) == ("Why this matters", "why-this-matters")
    assert best.html.startswith("Islands need <mark>ferries</mark>")
    assert (second.label, second.anchor) == ("", "")


def test_a_section_question_marks_that_section_alone(engine: SearchEngine) -> None:
    sections = [("", "Ferries stop."), ("Why this matters", "Islands need ferries.")]
    filled(engine, [document(1, "Ferries", sections=sections)])
    (hit,) = ask(engine, "why:ferries").hits
    assert [passage.label for passage in hit.passages] == ["Why this matters"]
    assert "<mark>" not in hit.title_html


def test_where_only_the_title_matched_the_passage_is_the_beginning(engine: SearchEngine) -> None:
    filled(
        engine,
        [
            document(1, "Zinc", "First words."),
            document(2, "Zinc", summary="About zinc."),
            document(3, "Zinc", summary="", text=""),
        ],
    )
    assert [hit.passages[0].html for hit in ask(engine, "zinc", sort=Sort.NEWEST).hits] == [
        "First words.",
        "About <mark>zinc</mark>.",
        "",
    ]


def test_an_update_replaces_what_was_there(engine: SearchEngine) -> None:
    filled(engine, [document(1, "iron"), document(2, "gold")])
    changed(engine, [document(1, "copper", stamp=77)])
    assert found(engine, "iron") == []
    assert found(engine, "copper") == [1]
    assert dict(engine.stamps()) == {1: 77, 2: 2}


def test_a_document_given_twice_counts_as_given_last(engine: SearchEngine) -> None:
    filled(engine, [])
    changed(engine, [document(1, "iron"), document(1, "gold")])
    assert found(engine, "iron OR gold") == [1]
    assert found(engine, "iron") == []


def test_what_was_removed_is_not_found(engine: SearchEngine) -> None:
    filled(engine, [document(1, "iron"), document(2, "iron")])
    changed(engine, [], [1, 99])
    assert found(engine, "iron") == [2]
    assert found(engine, "-gold") == [2]
    changed(engine, [], [99])
    changed(engine, [document(1, "iron again")], [2])
    assert found(engine, "iron") == [1]


def test_many_small_changes_leave_one_of_each(engine: SearchEngine) -> None:
    filled(engine, [])
    for turn in range(3):
        for id in range(1, 13):
            changed(engine, [document(id, f"wave number {turn}", stamp=turn)])
    assert found(engine, "wave", Sort.NEWEST) == list(range(1, 13))
    assert found(engine, '"number 1"') == []
    assert set(engine.stamps()) == {(id, 2) for id in range(1, 13)}


def test_a_rebuild_replaces_everything_and_says_how_many(engine: SearchEngine) -> None:
    filled(engine, BIRDS)
    with engine.turn():
        assert engine.rebuild([document(5, "stork")]) == 1
    assert found(engine, "stork") == [5]
    assert found(engine, "heron") == []


def test_readers_are_answered_by_the_old_index_until_the_swap(engine: SearchEngine) -> None:
    filled(engine, BIRDS)

    def watched() -> Iterator[Document]:
        yield document(5, "stork")
        assert found(engine, "heron") == [1, 2]
        yield document(6, "stork")

    filled(engine, watched())
    assert found(engine, "stork") == [5, 6]


def test_a_rebuild_that_fails_keeps_the_old_index(engine: SearchEngine) -> None:
    filled(engine, BIRDS)

    def broken() -> Iterator[Document]:
        yield document(5, "stork")
        raise RuntimeError("the database went away")

    with engine.turn(), pytest.raises(RuntimeError):
        engine.rebuild(broken())
    assert found(engine, "heron") == [1, 2]
    changed(engine, [document(6, "heron")])
    assert len(found(engine, "heron")) == 3


def test_related_documents_share_telling_words(engine: SearchEngine) -> None:
    filled(
        engine,
        [
            document(1, "Glacier melts", "The glacier above the valley lost ice."),
            document(2, "Ice core", "A glacier keeps the air of a thousand years in its ice."),
            document(3, "Tax day", "The valley has until Friday to file."),
            document(4, "Glacier", "Ice.", published_at=NOON + timedelta(days=1)),
            *(document(id, "Match report", "The valley team won.") for id in range(5, 12)),
        ],
    )
    assert engine.related(1, now=NOON)[0] == 2
    assert 4 not in engine.related(1, now=NOON, limit=9)
    assert engine.related(1, now=NOON, limit=1) == (2,)
    assert engine.related(99, now=NOON) == ()


def test_without_an_index_every_question_says_that_it_is_missing(engine: SearchEngine) -> None:
    with pytest.raises(IndexMissing):
        ask(engine, "heron")
    with pytest.raises(IndexMissing):
        engine.stamps()
    with pytest.raises(IndexMissing):
        engine.related(1, now=NOON)
    with engine.turn(), pytest.raises(IndexMissing):
        engine.apply([document(1)])


def test_an_empty_index_answers_with_nothing(engine: SearchEngine) -> None:
    filled(engine, [])
    assert found(engine, "heron OR a* -b") == []
    assert list(engine.stamps()) == []


def test_one_turn_at_a_time(engine: SearchEngine) -> None:
    with engine.turn() as first:
        with engine.turn() as second:
            assert (first, second) == (True, False)
        with engine.turn() as third:
            assert not third
    with engine.turn() as again:
        assert again


def test_a_closed_engine_can_be_used_again(engine: SearchEngine) -> None:
    filled(engine, BIRDS)
    engine.close()
    assert found(engine, "eels") == [1]


def test_a_kind_that_there_is_not_is_refused(folder) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match="choose from"):
        open_index("abacus", folder)


def test_hits_come_without_passages_where_none_are_wanted(engine: SearchEngine) -> None:
    filled(engine, BIRDS)
    with_them = ask(engine, "heron")
    without = ask(engine, "heron", with_passages=False)
    assert [hit.id for hit in without.hits] == [hit.id for hit in with_them.hits]
    assert without.hits[0].passages == ()
    assert without.hits[0].title_html == ""


def test_names_are_found_as_they_are_written_and_by_no_other_form(engine: SearchEngine) -> None:
    filled(
        engine,
        [
            document(1, authors=names("Ann Lee"), source="woods.example"),
            document(2, authors=names("Anne Lee"), source="wood.example"),
            document(3, authors=names("Tom Wood")),
            document(4, authors=names("Ana Woods")),
            document(5, "Walking", language="de"),
        ],
    )
    assert found(engine, "by:Anne") == [2]
    assert found(engine, "by:Ann") == [1]
    assert found(engine, "by:Woods") == [4]
    assert found(engine, "by:wood") == [3]
    assert found(engine, "source:woods") == [1]
    assert found(engine, "-by:woods", Sort.NEWEST) == [1, 2, 3, 5]


def test_minus_leaves_out_what_was_typed_and_no_other_form_of_it(engine: SearchEngine) -> None:
    filled(
        engine,
        [
            document(1, text="The general spoke."),
            document(2, text="The general is generally late."),
            document(3, text="Two banks fail in general."),
            document(4, text="Banking in general."),
            document(5, text="The general buys a GPT-4 and an e-mail."),
            document(6, text="In general GPT 4 writes email."),
        ],
    )
    assert set(found(engine, "general -generally")) == {1, 3, 4, 5, 6}
    assert set(found(engine, "general -banking")) == {1, 2, 3, 5, 6}
    assert set(found(engine, "general -bank")) == {1, 2, 3, 4, 5, 6}
    assert set(found(engine, "general -(banks OR banking)")) == {1, 2, 5, 6}
    assert set(found(engine, "general -gpt4")) == {1, 2, 3, 4}
    assert set(found(engine, "general -GPT-4")) == {1, 2, 3, 4}
    assert set(found(engine, "general -e-mail")) == {1, 2, 3, 4}


def test_a_source_is_a_domain_and_not_the_title_of_what_stands_there(engine: SearchEngine) -> None:
    filled(
        engine,
        [
            document(1, source="www.parliament.example", source_title="A bill is read"),
            document(2, source="paper.example", source_title="Parliament debates the bill"),
            document(3, source="news.paper.example", text="The parliament rests."),
        ],
    )
    assert found(engine, "source:parliament") == [1]
    assert set(found(engine, "parliament")) == {1, 2, 3}
    assert set(found(engine, "source:paper")) == {2, 3}
    assert set(found(engine, "source:paper.ex*")) == {2, 3}
    for typed in (
        "source:https://paper.example/2", "source:HTTP://www.paper.example",
        "source:paper.example/",
        "source:paper.example:443/a?b", "source:https://paper.example#top", "source：paper.example",
    ):  # fmt: skip
        assert set(found(engine, typed)) == {2, 3}, typed
