"""What the engine on Whoosh promises beside the contract: its files, other processes, damage."""

from __future__ import annotations

import errno
import multiprocessing
import os
import random
import time
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import timedelta
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path

import pytest

from index import open_index
from index.arrays import gathering
from index.arrays.files import ArrayWriter
from index.arrays.opened import ArrayIndex
from index.arrays.writing import Commit
from index.contract import Document, IndexMissing, IndexUnavailable, SearchEngine, Sort
from index.engines import building
from index.engines import whoosh as engine_module
from index.engines.whoosh import WhooshSearch
from index.engines.whoosh_files import DurableStorage
from tests.index.factories import NOON, ask, changed, document, filled, found

# A process that shares nothing with ours but the files.
DAY = timedelta(days=1)
processes = multiprocessing.get_context("spawn")


@pytest.fixture
def whoosh(folder: Path) -> WhooshSearch:
    return WhooshSearch(folder)


def in_another_process(
    target: Callable[..., None], *given: object
) -> tuple[SpawnProcess, Connection]:
    ours, theirs = processes.Pipe()
    process = processes.Process(target=target, args=(theirs, *given), daemon=True)
    process.start()
    theirs.close()
    return process, ours


def _hold_turn(connection: Connection, folder: Path) -> None:
    with open_index("whoosh", folder).turn() as is_ours:
        connection.send(is_ours)
        connection.recv()


def test_the_turn_is_one_over_all_processes_and_ends_with_its_holder(
    whoosh: WhooshSearch, folder: Path
) -> None:
    process, other = in_another_process(_hold_turn, folder)
    assert other.recv() is True
    with whoosh.turn() as is_ours:
        assert not is_ours
    process.kill()
    process.join()
    with whoosh.turn() as is_ours:
        assert is_ours


def _write(connection: Connection, folder: Path) -> None:
    engine = open_index("whoosh", folder)
    while (order := connection.recv()) is not None:
        kind, ids = order
        documents = [document(id, "meteor") for id in ids]
        if kind == "apply":
            changed(engine, documents)
        else:
            filled(engine, documents)
        connection.send("done")
    connection.close()


def test_changes_of_another_process_are_seen_at_once(whoosh: WhooshSearch, folder: Path) -> None:
    filled(whoosh, [document(1, "meteor")])
    _, writer = in_another_process(_write, folder)
    expected = {1}
    for id in range(2, 12):
        writer.send(("apply", [id]))
        assert writer.recv() == "done"
        expected.add(id)
        assert set(found(whoosh, "meteor")) == expected
    writer.send(("rebuild", [90, 91]))
    assert writer.recv() == "done"
    assert set(found(whoosh, "meteor")) == {90, 91}
    writer.send(None)


def _write_until_killed(connection: Connection, folder: Path) -> None:
    engine = open_index("whoosh", folder)
    for round in range(1, 10_000):
        changed(engine, [document(id, f"round {round}", stamp=round) for id in range(1, 6)])
        connection.send(round)
        if round % 7 == 0:
            filled(engine, [document(id, f"round {round}", stamp=round) for id in range(1, 6)])


@pytest.mark.parametrize("seed", range(6))
def test_a_writer_killed_at_any_moment_leaves_the_index_before_or_after(
    folder: Path, seed: int
) -> None:
    filled(open_index("whoosh", folder), [document(id, stamp=0) for id in range(1, 6)])
    writer, ours = in_another_process(_write_until_killed, folder)
    done = 0
    until = time.monotonic() + random.Random(seed).uniform(0.05, 0.4)
    assert ours.poll(60)
    while time.monotonic() < until:
        if ours.poll(0.001):
            done = ours.recv()
    writer.kill()
    writer.join()
    with suppress(EOFError):
        while True:
            done = ours.recv()
    engine = open_index("whoosh", folder)
    stamps = dict(engine.stamps())
    assert set(stamps) == {1, 2, 3, 4, 5}
    assert len(set(stamps.values())) == 1
    assert stamps[1] in (done, done + 1)
    changed(engine, [document(6, "after the crash")])
    assert found(engine, "crash") == [6]
    filled(engine, [document(7)])
    assert len(list(folder.glob("g-*"))) == 1


def test_whoever_still_reads_a_superseded_index_goes_on(folder: Path) -> None:
    writer, reader = (open_index("whoosh", folder) for _ in range(2))
    filled(writer, [document(id, "meteor " * id) for id in range(1, 30)])
    assert isinstance(reader, WhooshSearch)
    snapshot = reader._snapshot()
    filled(writer, [document(99, "comet")])
    assert len(ArrayIndex(snapshot).holding("meteor")) == 29
    number = snapshot.number_of(3)
    assert number is not None
    assert b"meteor meteor meteor" in snapshot.shown(number)
    assert found(reader, "meteor OR comet") == [99]


def test_an_index_superseded_while_it_is_opened_is_opened_again(
    whoosh: WhooshSearch, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(whoosh, [document(1, "meteor")])
    current = whoosh._generations.current
    stale = iter(["g-gone"])
    monkeypatch.setattr(
        whoosh._generations, "current", lambda **given: next(stale, None) or current(**given)
    )
    assert found(whoosh, "meteor") == [1]


def test_leftovers_of_crashed_builds_are_removed_by_the_next(
    whoosh: WhooshSearch, folder: Path
) -> None:
    leftover = folder / "g-20200101T000000-00000000"
    leftover.mkdir(parents=True)
    (leftover / "MAIN_half.seg").write_bytes(b"half")
    filled(whoosh, [document(1)])
    filled(whoosh, [document(1)])
    assert len(list(folder.glob("g-*"))) == 1


def test_a_build_that_fails_leaves_nothing_behind(whoosh: WhooshSearch, folder: Path) -> None:
    def broken() -> Iterator[Document]:
        yield document(1)
        raise RuntimeError

    with whoosh.turn(), pytest.raises(RuntimeError):
        whoosh.rebuild(broken())
    assert list(folder.glob("g-*")) == []


def test_builds_of_many_batches_hold_everything(
    whoosh: WhooshSearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gathering, "MOST_ENTRIES", 12)
    filled(whoosh, [document(id, "meteor", f"number n{id}") for id in range(1, 12)])
    assert found(whoosh, "meteor", Sort.NEWEST) == list(range(1, 12))
    assert [found(whoosh, f"n{id}") for id in (1, 5, 11)] == [[1], [5], [11]]
    changed(whoosh, [document(5, "comet")], [11])
    assert found(whoosh, "meteor", Sort.NEWEST) == [1, 2, 3, 4, 6, 7, 8, 9, 10]
    assert found(whoosh, "me*", Sort.NEWEST) == [1, 2, 3, 4, 6, 7, 8, 9, 10]


@pytest.mark.parametrize(
    "content",
    ["", "nonsense", "\xff\xfe", "arrays-0.0 g-x", "{version} ../etc", "{version} g-gone"],
)
def test_an_index_of_another_version_or_none_is_missing(
    whoosh: WhooshSearch, folder: Path, content: str
) -> None:
    filled(whoosh, [document(1, "meteor")])
    line = content.format(version=engine_module.VERSION)
    (folder / "CURRENT").write_bytes(line.encode("latin-1"))
    with pytest.raises(IndexMissing):
        ask(whoosh, "meteor")
    with whoosh.turn(), pytest.raises(IndexMissing):
        whoosh.apply([document(2)])
    filled(whoosh, [document(1, "meteor")])
    assert found(whoosh, "meteor") == [1]


def _files(folder: Path, pattern: str) -> list[Path]:
    return sorted(file for file in folder.glob(f"g-*/{pattern}") if file.is_file())


@pytest.mark.parametrize("pattern", ["*.toc", "*.seg"])
@pytest.mark.parametrize("kept", [0, 7, 60])
def test_a_truncated_index_is_missing_not_wrong(folder: Path, pattern: str, kept: int) -> None:
    filled(open_index("whoosh", folder), [document(1, "meteor")])
    for file in _files(folder, pattern):
        file.write_bytes(file.read_bytes()[:kept])
    with pytest.raises(IndexMissing):
        ask(open_index("whoosh", folder), "meteor")


def test_an_index_without_its_segments_is_missing(folder: Path) -> None:
    filled(open_index("whoosh", folder), [document(1, "meteor")])
    for file in _files(folder, "*.seg"):
        file.unlink()
    with pytest.raises(IndexMissing):
        ask(open_index("whoosh", folder), "meteor")


def test_flipped_bits_are_called_damage_when_they_are_noticed(folder: Path) -> None:
    filled(open_index("whoosh", folder), [document(id, "meteor shower") for id in range(1, 40)])
    (segment,) = _files(folder, "*.seg")
    whole = segment.read_bytes()
    chance = random.Random(5)
    for _ in range(150):
        damaged = bytearray(whole)
        for _ in range(20):
            damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
        segment.write_bytes(damaged)
        engine = open_index("whoosh", folder)
        try:
            ask(engine, "meteor shower met*")
        except IndexMissing:
            continue


@pytest.mark.parametrize("deed", ["apply", "rebuild"])
def test_a_full_disk_is_said_so_and_the_old_index_answers(
    whoosh: WhooshSearch, monkeypatch: pytest.MonkeyPatch, deed: str
) -> None:
    filled(whoosh, [document(1, "meteor")])
    create = DurableStorage.create_file

    def full(self: DurableStorage, name: str, *given: object, **options: object) -> object:
        if name.endswith(".seg"):
            raise OSError(errno.ENOSPC, "No space left on device")
        return create(self, name, *given, **options)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(DurableStorage, "create_file", full)
        with whoosh.turn(), pytest.raises(IndexUnavailable, match="No space left"):
            getattr(whoosh, deed)([document(2, "comet")])
    assert found(whoosh, "meteor OR comet") == [1]
    changed(whoosh, [document(2, "comet")])
    assert set(found(whoosh, "meteor OR comet")) == {1, 2}


def test_a_folder_that_cannot_be_made_is_unavailable(folder: Path) -> None:
    folder.write_text("a file stands where the folder should be")
    engine = open_index("whoosh", folder)
    with pytest.raises(IndexMissing):
        ask(engine, "meteor")
    with pytest.raises(IndexUnavailable), engine.turn():
        pass
    with pytest.raises(IndexUnavailable):
        engine.rebuild([])


def test_an_index_that_may_not_be_read_is_unavailable(
    whoosh: WhooshSearch, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(whoosh, [document(1, "meteor")])

    def refuse(*_: object, **__: object) -> object:
        raise PermissionError(errno.EACCES, "Permission denied")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "read_text", refuse)
        with pytest.raises(IndexUnavailable, match="Permission denied"):
            ask(whoosh, "meteor")
    whoosh.close()
    monkeypatch.setattr(engine_module, "Snapshot", refuse)
    with pytest.raises(IndexUnavailable, match="Permission denied"):
        ask(whoosh, "meteor")


def test_a_segment_is_on_the_disk_before_the_contents_that_name_it(
    whoosh: WhooshSearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(whoosh, [])
    events: list[str] = []
    sync, rename = os.fsync, DurableStorage.rename_file

    def noted_sync(handle: int) -> None:
        events.append(Path(f"/proc/self/fd/{handle}").readlink().suffix)
        sync(handle)

    def noted_rename(self: DurableStorage, old: str, new: str, safe: bool = False) -> None:
        events.append("rename")
        rename(self, old, new, safe)

    monkeypatch.setattr(os, "fsync", noted_sync)
    monkeypatch.setattr(DurableStorage, "rename_file", noted_rename)
    changed(whoosh, [document(1)])
    assert events.index(".seg") < events.index("rename")
    assert events[-1] == ""  # the folder


def test_opening_copies_no_postings_into_memory(folder: Path) -> None:
    words = [f"word{n}" for n in range(3000)]
    engine: SearchEngine = open_index("whoosh", folder)
    filled(engine, [document(id, text=" ".join(words[id:])) for id in range(1, 60)])
    size = sum(file.stat().st_size for file in _files(folder, "*.seg"))
    engine = open_index("whoosh", folder)
    tracemalloc.start()
    list(engine.stamps())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < size / 4


def test_a_superseded_snapshot_lets_go_of_its_files(whoosh: WhooshSearch, folder: Path) -> None:
    filled(whoosh, [document(1, "meteor")])
    assert found(whoosh, "meteor") == [1]
    (old,) = folder.glob("g-*")
    assert old.name in Path("/proc/self/maps").read_text()
    filled(whoosh, [document(1, "meteor")])
    assert found(whoosh, "meteor") == [1]
    assert old.name not in Path("/proc/self/maps").read_text()


def test_damage_that_no_question_meets_is_found_by_the_checksums(folder: Path) -> None:
    filled(open_index("whoosh", folder), [document(id, "meteor shower") for id in range(1, 40)])
    open_index("whoosh", folder).verify()
    (segment,) = _files(folder, "*.seg")
    whole = segment.read_bytes()
    chance = random.Random(3)
    unread = 0
    for _ in range(60):
        damaged = bytearray(whole)
        place = chance.randrange(len(damaged))
        damaged[place] ^= 1 << chance.randrange(8)
        segment.write_bytes(damaged)
        try:
            open_index("whoosh", folder).verify()
        except IndexMissing:
            continue
        unread += whole[place] == 0
        assert whole[place] == 0, "a byte that is read was damaged unnoticed"
    assert unread < 30


def test_what_our_own_code_raises_is_not_called_damage(
    whoosh: WhooshSearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(whoosh, [document(1, "meteor")])

    def broken(*_: object) -> object:
        raise ZeroDivisionError

    monkeypatch.setattr(engine_module, "ArrayIndex", broken)
    with pytest.raises(ZeroDivisionError):
        ask(whoosh, "meteor")


def test_few_segments_are_left_of_many_changes(whoosh: WhooshSearch, folder: Path) -> None:
    filled(whoosh, [])
    for id in range(1, 150):
        changed(whoosh, [document(id, "wave", text=f"number n{id}")])
    assert len(_files(folder, "*.seg")) <= 12
    assert found(whoosh, "n77") == [77]
    assert len(set(found(whoosh, "wave", limit=200))) == 149


def test_a_change_merges_no_more_than_takes_a_moment(
    whoosh: WhooshSearch, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    merge = Commit.merge
    monkeypatch.setattr(Commit, "merge", lambda self, most=6: merge(self, most))
    filled(whoosh, [])
    for id in range(1, 60):
        changed(whoosh, [document(id, "wave")])
    before = len(_files(folder, "*.seg"))
    assert before > 6
    monkeypatch.undo()
    with whoosh.turn():
        whoosh.tidy()
    assert len(_files(folder, "*.seg")) < before
    assert found(whoosh, "wave", Sort.NEWEST) == list(range(1, 60))


def test_a_segment_of_which_much_was_deleted_is_written_anew(
    whoosh: WhooshSearch, folder: Path
) -> None:
    filled(whoosh, [document(id, f"wave w{id}") for id in range(1, 41)])
    (whole,) = _files(folder, "*.seg")
    changed(whoosh, [], range(1, 11))
    assert _files(folder, "*.seg") == [whole]
    changed(whoosh, [], range(11, 31))
    assert _files(folder, "*.seg") != [whole]
    assert found(whoosh, "wave", Sort.NEWEST) == list(range(31, 41))
    assert found(whoosh, "w5*") == []


def test_an_answer_is_kept_until_the_index_changes(
    whoosh: WhooshSearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(whoosh, [document(1, "meteor"), document(2, "comet")])
    asked: list[object] = []
    given = engine_module.answer
    monkeypatch.setattr(engine_module, "answer", lambda *args: asked.append(args) or given(*args))
    first = ask(whoosh, "meteor")
    assert ask(whoosh, "meteor") is first
    assert len(asked) == 1
    for other in ("comet", "meteor "):
        ask(whoosh, other)
    ask(whoosh, "meteor", limit=1)
    ask(whoosh, "meteor", sort=Sort.NEWEST)
    ask(whoosh, "meteor", with_facets=True)
    assert len(asked) == 6
    changed(whoosh, [document(3, "meteor")])
    assert found(whoosh, "meteor", limit=10) == [1, 3]


def test_an_answer_is_not_kept_while_something_is_still_to_come(whoosh: WhooshSearch) -> None:
    filled(whoosh, [document(1, "meteor"), document(2, "meteor", published_at=NOON + DAY)])
    assert ask(whoosh, "meteor").total == 1
    assert ask(whoosh, "meteor", now=NOON + 2 * DAY).total == 2
    assert ask(whoosh, "meteor").total == 1


def test_so_many_answers_are_kept_and_no_more(folder: Path) -> None:
    engine = WhooshSearch(folder, answers_kept=3)
    filled(engine, [document(1, "meteor")])
    for n in range(9):
        ask(engine, f"meteor {n}")
    assert len(engine._present().answers) == 3


def test_a_build_with_a_second_process_holds_everything(
    whoosh: WhooshSearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_module, "BUILT_ALONE", 5)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    documents = [document(id, "meteor", f"number n{id}") for id in range(1, 1500)]
    with whoosh.turn():
        assert whoosh.rebuild(iter(documents)) == len(documents)
    assert dict(whoosh.stamps()) == {each.id: each.stamp for each in documents}
    assert [found(whoosh, f"n{id}") for id in (1, 700, 1499)] == [[1], [700], [1499]]


def test_a_build_whose_second_process_dies_fails_and_keeps_the_old_index(
    whoosh: WhooshSearch, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(whoosh, [document(1, "meteor")])
    monkeypatch.setattr(engine_module, "BUILT_ALONE", 5)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    monkeypatch.setattr(building.sys, "executable", "/bin/false")
    with whoosh.turn(), pytest.raises(IndexUnavailable, match="second process"):
        whoosh.rebuild(document(id, "comet") for id in range(1, 2000))
    assert found(whoosh, "meteor OR comet") == [1]
    assert len(list(folder.glob("g-*"))) == 1


def _remove_and_verify(engine: SearchEngine, ids: Iterable[int]) -> None:
    engine.apply([], ids)
    engine.verify()


def test_a_change_does_not_give_damage_new_checksums(folder: Path) -> None:
    filled(open_index("whoosh", folder), [document(id, f"meteor m{id}") for id in range(1, 41)])
    (segment,) = _files(folder, "*.seg")
    whole = segment.read_bytes()
    chance = random.Random(8)
    for _ in range(30):
        damaged = bytearray(whole)
        place = chance.choice([i for i, byte in enumerate(whole) if byte])
        damaged[place] ^= 1 << chance.randrange(8)
        segment.write_bytes(damaged)
        engine = open_index("whoosh", folder)
        with engine.turn(), pytest.raises(IndexMissing):
            # So much goes that the segment is written anew.
            _remove_and_verify(engine, range(1, 31))


def test_every_flipped_bit_of_the_contents_is_noticed(folder: Path) -> None:
    engine = filled(open_index("whoosh", folder), [document(id, "meteor") for id in range(1, 6)])
    changed(engine, [], [2])
    expected = found(engine, "meteor")
    (contents,) = _files(folder, "*.toc")
    whole = contents.read_bytes()
    for place in range(len(whole)):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << place % 8
        contents.write_bytes(damaged)
        engine = open_index("whoosh", folder)
        try:
            engine.verify()
        except IndexMissing:
            continue
        # What is left are Whoosh's own notes, of the version that wrote it and the like.
        assert found(engine, "meteor") == expected, place


def test_a_file_cut_short_behind_its_map_is_noticed_and_ends_no_process(folder: Path) -> None:
    engine = filled(open_index("whoosh", folder), [document(id, "meteor") for id in range(1, 400)])
    assert found(engine, "meteor")
    (segment,) = _files(folder, "*.seg")
    os.truncate(segment, 4096)
    with pytest.raises(IndexMissing):
        engine.verify()


def test_a_disk_that_fills_is_not_kept_full_by_what_failed(
    whoosh: WhooshSearch, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(whoosh, [document(1, "meteor")])
    before = set(folder.rglob("*"))
    write = ArrayWriter.add

    def full(self: ArrayWriter, name: str, *given: object) -> None:
        if name == "text.low":
            raise OSError(errno.ENOSPC, "No space left on device")
        write(self, name, *given)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(ArrayWriter, "add", full)
        for _ in range(3):
            with whoosh.turn(), pytest.raises(IndexUnavailable, match="No space left"):
                whoosh.apply([document(2, "comet")])
    assert set(folder.rglob("*")) == before
    changed(whoosh, [document(2, "comet")])
    assert found(whoosh, "comet") == [2]


def test_tidying_removes_what_a_build_that_died_has_left(
    whoosh: WhooshSearch, folder: Path
) -> None:
    filled(whoosh, [document(1, "meteor")])
    leftover = folder / "g-20200101T000000-00000000"
    leftover.mkdir()
    (leftover / "MAIN_half.seg").write_bytes(b"half")
    with whoosh.turn():
        whoosh.tidy()
    assert not leftover.exists()
    assert found(whoosh, "meteor") == [1]


def test_the_language_of_deleted_documents_is_forgotten_before_they_are_merged_away(
    whoosh: WhooshSearch,
) -> None:
    filled(whoosh, [document(id, "Haus") for id in range(2, 30)])
    changed(whoosh, [document(1, "Haus", language="de"), document(40, "Haus", language="de")])
    assert found(whoosh, "häuser")
    changed(whoosh, [], [1])
    assert found(whoosh, "häuser")
    changed(whoosh, [], [40])
    assert found(whoosh, "häuser") == []
