"""Articles as JSON, one on each line."""

from __future__ import annotations

import gzip
import io
import json
import lzma
import sys
from datetime import UTC
from pathlib import Path
from types import SimpleNamespace

import pytest

from webapp.importers import ImportedArticle, Unreadable
from webapp.importers import jsonl as jsonl_room
from webapp.importers.jsonl import JsonLines

LINES = [json.dumps({"title": f"Boat {n}", "body": "It floats."}).encode() for n in range(3)]
WHOLE = b"\n".join(LINES) + b"\n"


def titles(path: Path) -> list[str]:
    return [item.title for item in JsonLines(path)(UTC) if isinstance(item, ImportedArticle)]


def problems(path: Path) -> list[tuple[str, str]]:
    return [(p.place, p.reason) for p in JsonLines(path)(UTC) if isinstance(p, Unreadable)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "articles.jsonl"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.jsonl", WHOLE),
        ("a.jsonl.gz", gzip.compress(WHOLE)),
        ("a.jsonl.xz", lzma.compress(WHOLE)),
        ("a.jsonl.gz", gzip.compress(WHOLE[:50]) + gzip.compress(WHOLE[50:])),
    ],
    ids=["plain", "gzip", "xz", "gzip in two parts"],
)
def test_a_file_is_read_plain_or_compressed(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    assert titles(tmp_path / name) == ["Boat 0", "Boat 1", "Boat 2"]


def test_standard_input_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(WHOLE)))
    assert titles(Path("-")) == ["Boat 0", "Boat 1", "Boat 2"]


def test_empty_lines_are_passed_over_and_counted(path: Path) -> None:
    path.write_bytes(b"\n  \n" + LINES[0] + b"\r\n\nnot json")
    assert titles(path) == ["Boat 0"]
    ((place, reason),) = problems(path)
    assert place == "line 5"
    assert reason.startswith("it is not JSON")


def test_a_byte_order_mark_is_no_part_of_the_text(path: Path) -> None:
    path.write_bytes(b"\xef\xbb\xbf" + LINES[0])
    assert titles(path) == ["Boat 0"]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"[1, 2]", "it is not a JSON object"),
        (b"null", "it is not a JSON object"),
        (b'"text"', "it is not a JSON object"),
        (b'{"title": "caf\xe9", "body": "x"}', "it is not UTF-8"),
        (b"{title}", "it is not JSON"),
        (b"[" * 200_000, "it is not JSON"),
        (b'{"title": ' + b"9" * 5000 + b"}", "it is not JSON"),
        (b'{"title": "x"}', "body is missing"),
    ],
)
def test_a_bad_line_is_reported_and_the_next_is_read(path: Path, line: bytes, reason: str) -> None:
    path.write_bytes(b"\n".join([LINES[0], line, LINES[1]]))
    assert titles(path) == ["Boat 0", "Boat 1"]
    ((place, said),) = problems(path)
    assert place == "line 2"
    assert said.startswith(reason)
    assert len(said) < 200


def test_a_line_that_is_too_long_is_refused_without_reading_it_into_memory(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jsonl_room, "LINE_BYTES", 100)
    path.write_bytes(b"\n".join([LINES[0], b"{" + b" " * 1000 + b"}", LINES[1]]))
    assert titles(path) == ["Boat 0", "Boat 1"]
    assert problems(path) == [("line 2", "it is longer than 100 bytes")]


def test_a_line_of_just_the_allowed_length_is_read(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jsonl_room, "LINE_BYTES", len(LINES[0]) + 1)
    path.write_bytes(WHOLE)
    assert problems(path) == []
    assert len(titles(path)) == 3


@pytest.mark.parametrize("kind", ["gz", "xz"])
@pytest.mark.parametrize("hurt", ["cut off", "overwritten", "something else"])
def test_of_a_damaged_file_what_stands_before_the_damage_is_read(
    tmp_path: Path, kind: str, hurt: str
) -> None:
    compress = gzip.compress if kind == "gz" else lzma.compress
    many = b"".join(
        json.dumps({"title": f"Boat {n}", "body": f"It floats {n * 7919 % 9973} days."}).encode()
        + b"\n"
        for n in range(20_000)
    )
    content = compress(many)
    half = len(content) // 2
    content = {
        "cut off": content[:half],
        "overwritten": content[:half] + b"\xff" * 400 + content[half + 400 :],
        "something else": b"this is no archive at all",
    }[hurt]
    path = tmp_path / f"a.jsonl.{kind}"
    path.write_bytes(content)
    items = list(JsonLines(path)(UTC))
    assert items[-1] == Unreadable("the file", "it is damaged; what stood before that was read")
    if hurt != "something else":
        assert len(items) > 1000
        assert all(isinstance(item, ImportedArticle) for item in items[:1000])


def test_of_an_archive_with_a_broken_part_the_parts_before_it_are_read(tmp_path: Path) -> None:
    # Three is no kind of block that deflate knows (RFC 1951, 3.2.3).
    broken = gzip.compress(WHOLE)[:10] + b"\xff" * 50
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(WHOLE) + broken)
    assert titles(tmp_path / "a.jsonl.gz") == ["Boat 0", "Boat 1", "Boat 2"]
    assert problems(tmp_path / "a.jsonl.gz") == [
        ("the file", "it is damaged; what stood before that was read")
    ]


def test_the_bytes_read_are_told_and_add_up_to_the_file(path: Path) -> None:
    path.write_bytes(WHOLE)
    told: list[int] = []
    list(JsonLines(path, told.append)(UTC))
    assert sum(told) == len(WHOLE)
    assert min(told) > 0


def test_pictures_are_looked_for_beside_the_file(path: Path) -> None:
    path.write_bytes(LINES[0])
    (article,) = JsonLines(path)(UTC)
    assert isinstance(article, ImportedArticle)
    assert article.folder == path.parent
