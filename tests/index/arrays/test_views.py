"""Whoosh's own readers, matchers and queries see in the arrays what the arrays answer."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from whoosh import query
from whoosh.index import FileIndex
from whoosh.searching import Searcher

from index.arrays import gathering
from index.arrays.opened import ArrayIndex
from index.arrays.postings import TermPostings
from index.arrays.schema import schema
from index.clock import Clock
from index.engines.whoosh import WhooshSearch
from index.engines.whoosh_files import DurableStorage
from index.matching import Unit, Wanted
from tests.index.arrays.test_oracle import same_history


@pytest.fixture
def opened(folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Searcher, WhooshSearch]:
    monkeypatch.setattr(gathering, "MOST_ENTRIES", 400)
    engine = WhooshSearch(folder)
    same_history(engine, 7)
    (generation,) = folder.glob("g-*")
    return FileIndex(DurableStorage(generation), schema=schema()).searcher(), engine


def ids(searcher: Searcher, asked: query.Query) -> list[int]:
    columns = [leaf.column_reader("id") for leaf, _ in searcher.reader().leaf_readers()]
    offsets = [offset for _, offset in searcher.reader().leaf_readers()]
    found = []
    for number in searcher.docs_for_query(asked):
        leaf = max(i for i, offset in enumerate(offsets) if offset <= number)
        found.append(columns[leaf][number - offsets[leaf]])
    return sorted(found)


def test_the_index_has_several_segments_and_deleted_documents(
    opened: tuple[Searcher, WhooshSearch],
) -> None:
    reader = opened[0].reader()
    assert len(reader.leaf_readers()) > 1
    assert reader.has_deletions()


def test_every_term_has_the_same_postings(opened: tuple[Searcher, WhooshSearch]) -> None:
    searcher, engine = opened
    snapshot = engine._snapshot()
    terms = {text for name, text in searcher.reader().all_terms() if name == "text"}
    assert len(terms) > 30
    for term in terms:
        matcher = searcher.reader().postings("text", term)
        seen, places = {}, []
        while matcher.is_active():
            seen[matcher.id()] = round(matcher.weight() * 10)
            places += [matcher.id() << 32 | place for place in matcher.value_as("positions")]
            matcher.next()
        postings = TermPostings(snapshot, term.decode())
        assert dict(zip(postings.documents, postings.tenths.values, strict=True)) == seen, term
        assert postings.places().tolist() == places, term


@pytest.mark.parametrize("seed", range(20))
def test_whoosh_finds_the_same_documents(opened: tuple[Searcher, WhooshSearch], seed: int) -> None:
    searcher, engine = opened
    chance = random.Random(seed)
    words = ["harbour", "ferry", "the", "of", "us", "chips", "model", "open", "source", "who"]
    some = chance.sample(words, 3)
    terms = [query.Term("text", word) for word in some]
    arrays = ArrayIndex(engine._snapshot())

    def have(*chains: str) -> list[int]:
        unit = Unit(tuple((word,) for word in chains))
        found = arrays.words(Wanted((unit,)), 1.0, Clock(9))
        return sorted(arrays.id(d) for d in found.documents())

    assert ids(searcher, query.Or(terms)) == have(*some)
    every = set(have(some[0])) & set(have(some[1]))
    assert ids(searcher, query.And(terms[:2])) == sorted(every)
    without = query.And([terms[0], query.Not(terms[1])])
    assert ids(searcher, without) == sorted(set(have(some[0])) - set(have(some[1])))
    prefix = Wanted((Unit((), prefixes=((some[2][:2],),)),))
    found = arrays.words(prefix, 1.0, Clock(9)).documents()
    asked = query.Prefix("text", some[2][:2])
    assert ids(searcher, asked) == sorted(arrays.id(d) for d in found)


def test_whoosh_reads_columns_keys_and_what_is_shown(
    opened: tuple[Searcher, WhooshSearch],
) -> None:
    searcher, engine = opened
    stamps = dict(engine.stamps())
    snapshot = engine._snapshot()
    for leaf, offset in searcher.reader().leaf_readers():
        held = leaf.column_reader("id").load()
        stamped = leaf.column_reader("stamp")
        for number in leaf.all_doc_ids():
            assert stamps[held[number]] == stamped[number]
            assert leaf.stored_fields(number)["shown"] == snapshot.shown(number + offset)
            assert leaf.doc_field_length(number, "text") > 0
    languages = {text for name, text in searcher.reader().all_terms() if name == "keys"}
    assert b"language:de" in languages
    assert searcher.reader().doc_count() == len(stamps)
