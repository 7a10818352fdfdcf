"""An index of another version answers as well as it can, and asks to be built anew."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from index.contract import IndexOutdated
from index.engines.whoosh import VERSION, WhooshSearch
from tests.index.factories import ask, document, filled, found

OUTDATED = "arrays-0." + VERSION.rpartition(".")[2]


@pytest.fixture
def outdated(folder: Path) -> WhooshSearch:
    engine = WhooshSearch(folder)
    filled(engine, [document(1, "meteor"), document(2, "meteor shower")])
    current = folder / "CURRENT"
    current.write_text(current.read_text().replace(VERSION, OUTDATED))
    return WhooshSearch(folder)


def test_an_index_of_another_version_goes_on_answering(outdated: WhooshSearch) -> None:
    assert set(found(outdated, "meteor")) == {1, 2}
    assert ask(outdated, "meteor", with_facets=True).facets is not None


def test_it_says_that_it_has_to_be_built_anew_to_whoever_writes(outdated: WhooshSearch) -> None:
    with outdated.turn(), pytest.raises(IndexOutdated):
        outdated.apply([document(3)])
    with pytest.raises(IndexOutdated):
        outdated.stamps()


def test_it_answers_until_the_new_one_takes_its_place(outdated: WhooshSearch) -> None:
    def watched():  # type: ignore[no-untyped-def]
        yield document(5, "comet")
        assert set(found(outdated, "meteor")) == {1, 2}

    filled(outdated, watched())
    assert found(outdated, "meteor OR comet") == [5]
    assert dict(outdated.stamps()) == {5: 5}


def test_an_index_of_other_files_is_not_read(folder: Path) -> None:
    filled(WhooshSearch(folder), [document(1, "meteor")])
    current = folder / "CURRENT"
    for version in ("arrays-8.999", "whoosh-2.1", VERSION.replace("arrays", "rays")):
        current.write_text(re.sub(r"^\S+", version, current.read_text()))
        with pytest.raises(IndexOutdated):
            ask(WhooshSearch(folder), "meteor")
