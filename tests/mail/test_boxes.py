"""Where mail arrives: each box gives its messages once, and says plainly what is wrong with it."""

from __future__ import annotations

import io
import mailbox
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.mail.imap import LOOPBACK, Box, imap_server
from tests.test_serving import free_port
from webapp.mail.boxes import BoxUnreadable, open_box, piped

FIRST = b"Subject: the first\r\n\r\nOf two.\r\n"
SECOND = b"Subject: the second\r\n\r\nNo more.\r\n"
ENOUGH = 10_000


def read(source: object, longest: int = ENOUGH, most: int | None = None) -> list[bytes]:
    return list(open_box(str(source), longest, most))


@pytest.fixture
def maildir(tmp_path: Path) -> Path:
    box = mailbox.Maildir(tmp_path / "box")
    box.add(FIRST)
    box.add(SECOND)
    return tmp_path / "box"


@pytest.fixture
def mbox(tmp_path: Path) -> Path:
    box = mailbox.mbox(tmp_path / "mbox")
    box.add(FIRST)
    box.add(SECOND)
    box.close()
    return tmp_path / "mbox"


@pytest.fixture
def imap(monkeypatch: pytest.MonkeyPatch) -> Iterator[Box]:
    monkeypatch.setenv("SSL_CERT_FILE", str(LOOPBACK))
    with imap_server() as box:
        box.put(FIRST, SECOND)
        yield box


def unix(content: bytes) -> bytes:
    return content.replace(b"\r\n", b"\n")


def test_a_message_of_a_maildir_is_seen_once_it_was_read(maildir: Path) -> None:
    assert sorted(map(unix, read(maildir))) == [unix(FIRST), unix(SECOND)]
    assert list((maildir / "new").iterdir()) == []
    assert {m.get_flags() for m in mailbox.Maildir(maildir, create=False)} == {"S"}
    assert read(maildir) == []


def test_a_message_that_was_not_done_with_comes_again(maildir: Path, imap: Box) -> None:
    for source in (str(maildir), imap.url()):
        messages = open_box(source, ENOUGH)
        first = next(messages)
        messages.close()
        assert first in read(source)


def test_a_message_that_another_program_took_is_left_out(maildir: Path) -> None:
    messages = open_box(str(maildir), ENOUGH)
    next(messages)
    for path in (maildir / "new").iterdir():
        path.unlink()
    assert list(messages) == []


def test_a_maildir_that_cannot_be_changed_is_told(maildir: Path) -> None:
    name = next((maildir / "new").iterdir()).name
    (maildir / "cur" / f"{name}:2,S").mkdir()
    with pytest.raises(BoxUnreadable, match=r"box could not be read \(Is a directory\)\."):
        read(maildir)


def test_an_mbox_is_read_whole_each_time_and_stays_as_it_is(mbox: Path) -> None:
    before = mbox.read_bytes(), mbox.stat().st_mtime_ns
    mbox.chmod(0o400)
    for _ in range(2):
        assert [unix(m).strip() for m in read(mbox)] == [unix(m).strip() for m in (FIRST, SECOND)]
    assert (mbox.read_bytes(), mbox.stat().st_mtime_ns) == before


def test_an_mbox_may_be_empty(tmp_path: Path) -> None:
    (tmp_path / "mbox").touch()
    assert read(tmp_path / "mbox") == []


def test_a_message_of_an_imap_server_is_seen_once_it_was_read(imap: Box) -> None:
    assert imap.unseen() == 2
    assert read(imap.url()) == [FIRST, SECOND]
    assert imap.unseen() == 0
    assert read(imap.url()) == []


def test_of_a_long_message_the_beginning_is_read(maildir: Path, mbox: Path, imap: Box) -> None:
    for source in (maildir, mbox, imap.url()):
        assert {len(message) for message in read(source, longest=20)} == {20}
    stream = io.BytesIO(FIRST * 10_000)
    assert list(piped(stream, 20)) == [FIRST[:20]]
    assert stream.read() == b""


def test_no_more_messages_are_read_than_asked_for(maildir: Path, mbox: Path, imap: Box) -> None:
    for source in (maildir, mbox, imap.url()):
        assert len(read(source, most=1)) == 1
    assert imap.unseen() == 1
    assert len(list((maildir / "new").iterdir())) == 1


def test_what_is_no_box_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "text").write_bytes(FIRST)
    (tmp_path / "folder").mkdir()
    for source, told in (
        (tmp_path / "none", "There is no folder or file"),
        (tmp_path / "folder", "is no maildir"),
        (tmp_path / "text", "is no mbox"),
        ("imap://a:secret@127.0.0.1/INBOX", "Give the box as imaps://"),
        ("imaps://127.0.0.1/INBOX", "Give the box as imaps://"),
        ("imaps://a:secret@[", "Give the box as imaps://"),
        (f"imaps://a:secret@127.0.0.1:{free_port()}", "127.0.0.1 could not be read (Connection"),
    ):
        with pytest.raises(BoxUnreadable) as refusal:
            read(source)
        assert told in str(refusal.value)
        assert str(refusal.value).endswith(".")
        assert "secret" not in str(refusal.value)


@pytest.mark.parametrize("password", ["wrong", "%22", "%C3%BC"])
def test_a_refused_login_is_told_without_name_or_password(imap: Box, password: str) -> None:
    with pytest.raises(BoxUnreadable) as refusal:
        read(imap.url(password=password))
    assert str(refusal.value) == "The mail server 127.0.0.1 refused the login."


@pytest.mark.parametrize("folder", ["/Nowhere", "/a%22b", "/a%5Cb"])
def test_a_folder_that_is_not_there_is_told(imap: Box, folder: str) -> None:
    with pytest.raises(BoxUnreadable, match="no folder of that name"):
        read(imap.url(folder=folder))


@pytest.mark.parametrize("folder", ["", "/"])
def test_without_a_folder_it_is_the_inbox(imap: Box, folder: str) -> None:
    assert len(read(imap.url(folder=folder))) == 2


def test_a_server_whose_certificate_nobody_signed_is_not_logged_in_to(
    imap: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/dev/null")
    with pytest.raises(BoxUnreadable, match="could not be read"):
        read(imap.url())
