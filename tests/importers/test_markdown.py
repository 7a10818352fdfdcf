"""A folder of Markdown files with front matter."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from webapp.importers import ImportedArticle, Unreadable
from webapp.importers import markdown as markdown_room
from webapp.importers.markdown import MarkdownFolder, markdown_files


def read_one(
    folder: Path, text: str | bytes, name: str = "boat.md"
) -> ImportedArticle | Unreadable:
    content = text.encode() if isinstance(text, str) else text
    (folder / name).write_bytes(content)
    (item,) = MarkdownFolder(folder)(UTC)
    return item


def article_of(folder: Path, text: str | bytes, name: str = "boat.md") -> ImportedArticle:
    item = read_one(folder, text, name)
    assert isinstance(item, ImportedArticle), item
    return item


def test_only_markdown_files_are_read_in_order_from_folders_too(tmp_path: Path) -> None:
    (tmp_path / "deep" / "deeper").mkdir(parents=True)
    (tmp_path / "folder.md").mkdir()
    for name in ("b.md", "a.markdown", "deep/c.md", "deep/deeper/d.md", "notes.txt", "README"):
        (tmp_path / name).write_text("# Title\n\nBody.")
    found = [str(p.relative_to(tmp_path)) for p in markdown_files(tmp_path)]
    assert found == ["a.markdown", "b.md", "deep/c.md", "deep/deeper/d.md"]
    told: list[int] = []
    assert len(list(MarkdownFolder(tmp_path, told.append)(UTC))) == 4
    assert told == [1, 1, 1, 1]


def test_front_matter_and_body_are_told_apart(tmp_path: Path) -> None:
    article = article_of(tmp_path, "---\ntitle: Boats\n---\nThey float.\n\n---\n\nAlways.\n")
    assert article.title == "Boats"
    assert article.body == "They float.\n\n---\n\nAlways.\n"


def test_the_names_that_other_programs_use_are_understood(tmp_path: Path) -> None:
    article = article_of(
        tmp_path,
        "---\ntitle: Boats\ndate: 2026-10-12\nauthor: Ada Quay\ntags: [Ports]\nlang: pt\n---\nX.",
    )
    assert article.published_at == datetime(2026, 10, 12, tzinfo=UTC)
    assert article.authors == ("Ada Quay",)
    assert article.topics == ("Ports",)
    assert article.language == "pt"


@pytest.mark.parametrize(
    ("front", "is_draft"),
    [("published: false", True), ("published: true", False), ("draft: true", True), ("{}", False)],
)
def test_a_draft_says_so(tmp_path: Path, front: str, is_draft: bool) -> None:
    assert article_of(tmp_path, f"---\n{front}\n---\n# T\nBody.").is_draft is is_draft


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("boat.md", "boat"),
        ("2026-10-12-night-ferries.md", "night-ferries"),
        ("2026-1-2-x.markdown", "x"),
    ],
)
def test_the_slug_is_the_files_name_without_its_date(tmp_path: Path, name: str, slug: str) -> None:
    assert article_of(tmp_path, "# T\nBody.", name).slug == slug


def test_a_slug_that_is_given_stands(tmp_path: Path) -> None:
    assert article_of(tmp_path, "---\nslug: ferry\n---\n# T\nBody.").slug == "ferry"


def test_without_front_matter_the_first_heading_is_the_title(tmp_path: Path) -> None:
    article = article_of(tmp_path, "\n# Night ferries #\n\nThey run.\n")
    assert article.title == "Night ferries"
    assert article.body.strip() == "They run."


def test_a_heading_stays_in_the_body_when_there_is_a_title(tmp_path: Path) -> None:
    article = article_of(tmp_path, "---\ntitle: Boats\n---\n# Costs\n\nMuch.")
    assert article.body.startswith("# Costs")


@pytest.mark.parametrize("front", ["", "# only a remark\n"])
def test_front_matter_may_be_empty(tmp_path: Path, front: str) -> None:
    assert article_of(tmp_path, f"---\n{front}---\n# Boats\nThey float.").title == "Boats"


def test_line_ends_and_marks_of_other_systems_are_understood(tmp_path: Path) -> None:
    article = article_of(tmp_path, b"\xef\xbb\xbf---\r\ntitle: Boats\r\n---\r\nThey float.\r\n")
    assert (article.title, article.body) == ("Boats", "They float.\n")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("No heading at all.", "title is missing"),
        ("---\ntitle: Boats\n---\n", "body is missing"),
        (
            "---\ntitle: [unclosed\n---\nBody.",
            "its front matter is not YAML (while parsing a flow sequence)",
        ),
        (
            "---\ntitle: 2026-99-99\n---\nBody.",
            "its front matter is not YAML (month must be in 1..12)",
        ),
        ("---\n- one\n- two\n---\nBody.", "its front matter is not a list of names and values"),
        ("---\ntitle: !!python/object:os.system x\n---\nBody.", None),
        (f"---\ntitle: {'[' * 1500}\n---\nBody.", None),
        (b"caf\xe9", "it is not UTF-8"),
    ],
)
def test_a_bad_file_is_reported_by_its_name(
    tmp_path: Path, text: str | bytes, reason: str | None
) -> None:
    (tmp_path / "deep").mkdir()
    bad = read_one(tmp_path, text, "deep/bad.md")
    assert isinstance(bad, Unreadable)
    assert bad.place == "deep/bad.md"
    assert bad.reason == reason or (reason is None and "is not YAML" in bad.reason)


def test_a_huge_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(markdown_room, "FILE_BYTES", 20)
    bad = read_one(tmp_path, "# Title\n\nA body that is long.")
    assert bad == Unreadable("boat.md", "it is larger than 20 bytes")


def test_a_file_that_cannot_be_opened_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> str:
        raise PermissionError(13, "Permission denied")

    # Root may read everything, so no mode of a file would show this everywhere.
    monkeypatch.setattr(Path, "read_text", refuse)
    bad = read_one(tmp_path, "# Title\n\nBody.")
    assert bad == Unreadable("boat.md", "it cannot be read (Permission denied)")


def test_pictures_are_looked_for_beside_the_file(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    article = article_of(tmp_path, "# Boats\nThey float.", "deep/boat.md")
    assert article.folder == tmp_path / "deep"


def test_a_text_in_a_folder_of_its_own_is_named_for_the_folder(tmp_path: Path) -> None:
    for name in ("night-ferries", "day-ferries"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "index.md").write_text(f"---\ntitle: {name}\n---\nText.\n")
    slugs = [item.slug for item in MarkdownFolder(tmp_path)(UTC)]
    assert slugs == ["day-ferries", "night-ferries"]
