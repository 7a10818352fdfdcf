"""Checking, shrinking, naming and storing a picture."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from pathlib import Path

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from webapp.errors import ImageRefused
from webapp.services import illustrating

pytestmark = pytest.mark.usefixtures("app")


def drawn(
    path: Path, size: tuple[int, int] = (60, 40), mode: str = "RGB", **options: object
) -> Path:
    Image.new(mode, size, 1 if mode in "1P" else "teal").save(path, **options)
    return path


def shown(name: str) -> Image.Image:
    with Image.open(illustrating.folder() / name) as picture:
        picture.load()
        return picture


def png_claiming(width: int, height: int) -> bytes:
    head = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    data = b"IDAT" + zlib.compress(b"")
    chunks = (
        struct.pack(">I", len(c) - 4) + c + struct.pack(">I", zlib.crc32(c))
        for c in (head, data, b"IEND")
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


@pytest.mark.parametrize("kind", ["png", "jpg", "webp", "gif", "avif"])
def test_a_picture_of_any_usual_kind_is_stored_as_webp(tmp_path: Path, kind: str) -> None:
    stored = illustrating.store_image(drawn(tmp_path / f"boat.{kind}"))
    assert (stored.width, stored.height) == (60, 40)
    picture = shown(stored.name)
    assert (picture.format, picture.size) == ("WEBP", (60, 40))
    assert illustrating.is_image_name(stored.name)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGBA", "CMYK", "I;16"])
def test_a_picture_in_any_mode_is_stored(tmp_path: Path, mode: str) -> None:
    path = tmp_path / ("boat.jpg" if mode == "CMYK" else "boat.png")
    Image.new(mode, (8, 8)).save(path)
    assert illustrating.store_image(path).width == 8


def test_a_large_picture_is_shrunk_in_proportion(tmp_path: Path) -> None:
    stored = illustrating.store_image(drawn(tmp_path / "boat.png", (3200, 1000)))
    assert (stored.width, stored.height) == (1600, 500)
    assert shown(stored.name).size == (1600, 500)


def test_a_small_picture_is_not_blown_up_and_a_tower_is_kept_within_bounds(tmp_path: Path) -> None:
    assert illustrating.store_image(drawn(tmp_path / "a.png", (3, 2))).width == 3
    tower = illustrating.store_image(drawn(tmp_path / "b.png", (10, 20000)))
    assert tower.height == 6400


def test_what_a_camera_wrote_into_it_is_dropped_and_its_turn_is_applied(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees
    exif[0x010F] = "Spyglass Cameras"
    exif[0x8825] = {1: "N", 2: (38.0, 43.0, 0.0)}
    path = drawn(tmp_path / "boat.jpg", exif=exif, comment=b"taken at home")
    assert b"Spyglass" in path.read_bytes()
    stored = illustrating.store_image(path)
    assert (stored.width, stored.height) == (40, 60)
    content = (illustrating.folder() / stored.name).read_bytes()
    assert dict(shown(stored.name).getexif()) == {}
    for trace in (b"EXIF", b"XMP", b"ICCP", b"Spyglass", b"home"):
        assert trace not in content


def test_transparency_stays(tmp_path: Path) -> None:
    Image.new("RGBA", (4, 4), (0, 0, 0, 0)).save(tmp_path / "boat.png")
    stored = illustrating.store_image(tmp_path / "boat.png")
    assert shown(stored.name).convert("RGBA").getpixel((1, 1))[3] == 0


def test_the_same_picture_is_stored_once_and_another_beside_it(tmp_path: Path) -> None:
    first = illustrating.store_image(drawn(tmp_path / "a.png"))
    again = illustrating.store_image(drawn(tmp_path / "b.png"))
    assert first == again
    assert [path.name for path in illustrating.folder().iterdir()] == [first.name]
    illustrating.store_image(drawn(tmp_path / "c.png", (61, 40)))
    assert len(list(illustrating.folder().iterdir())) == 2


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("notes.png", b"These are only words."),
        ("empty.png", b""),
        ("drawing.svg", b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'),
        ("drawing.png", b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>'),
        ("page.eps", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n"),
        ("hollow.png", png_claiming(10, 10)),
        ("bomb.png", png_claiming(60_000, 60_000)),
        ("nothing.png", png_claiming(0, 10)),
    ],
)
def test_what_is_no_picture_is_refused_by_its_name(
    tmp_path: Path, name: str, content: bytes
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ImageRefused) as refusal:
        illustrating.store_image(tmp_path / name)
    assert str(refusal.value) == f"the picture {name} cannot be read"
    assert list(illustrating.folder().iterdir()) == []


@pytest.mark.parametrize("kind", ["bmp", "tiff", "ppm", "ico", "pdf"])
def test_kinds_that_no_browser_sends_are_not_even_tried(tmp_path: Path, kind: str) -> None:
    with pytest.raises(ImageRefused):
        illustrating.store_image(drawn(tmp_path / f"boat.{kind}"))


@pytest.mark.parametrize("side", [8000, 10_000, 13_000])
def test_a_picture_of_too_many_pixels_is_refused_before_it_is_unpacked(
    tmp_path: Path, side: int
) -> None:
    (tmp_path / "vast.png").write_bytes(png_claiming(side, side))
    with pytest.raises(ImageRefused, match=r"vast\.png has more than 50,000,000 pixels"):
        illustrating.store_image(tmp_path / "vast.png")


def test_a_picture_of_too_many_bytes_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(illustrating, "FILE_BYTES", 50)
    with pytest.raises(ImageRefused, match=r"boat\.png is larger than 50 bytes"):
        illustrating.store_image(drawn(tmp_path / "boat.png"))


@pytest.mark.parametrize("name", ["missing.png", ".", "x" * 300 + ".png"])
def test_a_picture_that_is_not_there_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ImageRefused):
        illustrating.store_image(tmp_path / name)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("whole")
    return {
        kind: drawn(folder / f"a.{kind}", exif=b"Exif\0\0MM\0*" + bytes(20)).read_bytes()
        for kind in ("jpg", "png", "webp")
    } | {"gif": drawn(folder / "a.gif").read_bytes()}


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60
)
@given(
    kind=st.sampled_from(["jpg", "png", "webp", "gif"]),
    hurts=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=8),
    kept=st.floats(0.2, 1),
)
def test_a_damaged_picture_is_stored_or_refused_and_nothing_else(
    app: Flask,
    tmp_path: Path,
    whole: dict[str, bytes],
    kind: str,
    hurts: list[tuple[float, int]],
    kept: float,
) -> None:
    content = bytearray(whole[kind])
    for where, byte in hurts:
        content[int(where * (len(content) - 1))] = byte
    path = tmp_path / "hurt"
    path.write_bytes(content[: int(len(content) * kept)])
    try:
        stored = illustrating.store_image(path)
    except ImageRefused:
        return
    assert Image.open(BytesIO((illustrating.folder() / stored.name).read_bytes())).format == "WEBP"


@pytest.mark.parametrize(
    "name",
    ["../secret-key", "a.webp", "A" * 32 + ".webp", "0" * 32 + ".webp\n", "0" * 32 + ".png", ""],
)
def test_only_names_of_ours_are_names_of_pictures(name: str) -> None:
    assert not illustrating.is_image_name(name)
