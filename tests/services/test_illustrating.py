"""Checking, shrinking, naming and storing a picture."""

from __future__ import annotations

import struct
import subprocess
import sys
import zlib
from io import BytesIO
from pathlib import Path

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from tests.factories import fields_of, import_items
from webapp.errors import ImageRefused
from webapp.services import illustrating
from webapp.settings import ROOT
from webapp.text.pictures import is_picture_name

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
    assert is_picture_name(stored.name)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGBA", "CMYK", "I;16"])
def test_a_picture_in_any_mode_is_stored(tmp_path: Path, mode: str) -> None:
    path = tmp_path / ("boat.jpg" if mode == "CMYK" else "boat.png")
    Image.new(mode, (8, 8)).save(path)
    assert illustrating.store_image(path).width == 8


def test_a_large_picture_is_shrunk_in_proportion(tmp_path: Path) -> None:
    stored = illustrating.store_image(drawn(tmp_path / "boat.png", (3200, 1000)))
    assert (stored.width, stored.height) == (1600, 500)
    assert shown(stored.name).size == (1600, 500)


def test_a_picture_is_kept_in_the_sizes_that_screens_need_and_none_above_its_own(
    tmp_path: Path,
) -> None:
    stored = illustrating.store_image(drawn(tmp_path / "boat.jpg", (1200, 800)))
    sizes = {
        f"{stored.name[:32]}{size}.{kind}": (kind.upper(), pixels)
        for kind in ("webp", "avif")
        for size, pixels in (("", (1200, 800)), ("-960", (960, 640)), ("-480", (480, 320)))
    }
    names = [path.name for path in illustrating.folder().iterdir()]
    assert {name: (shown(name).format, shown(name).size) for name in names} == sizes
    small = illustrating.store_image(drawn(tmp_path / "small.jpg", (480, 10)))
    assert len(list(illustrating.folder().glob(f"{small.name[:32]}*"))) == 2


def test_a_large_photograph_is_never_unpacked_whole(tmp_path: Path) -> None:
    path = drawn(tmp_path / "vast.jpg", (8000, 6000))
    code = f"""
from pathlib import Path
from webapp.services import illustrating
def peak_kb():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
before = peak_kb()
picture = illustrating._read(Path({str(path)!r}))
print(picture.size, (peak_kb() - before) // 1024)
"""
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    size, _, megabytes = ran.stdout.strip().rpartition(" ")
    assert size == "(1600, 1200)"
    assert int(megabytes) < 100  # unpacked whole it takes twice that


def test_a_turned_photograph_is_as_wide_as_an_upright_one(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    stored = illustrating.store_image(drawn(tmp_path / "boat.jpg", (4000, 3000), exif=exif))
    assert (stored.width, stored.height) == (1600, 2133)


def test_a_turned_photograph_with_colours_of_its_own_is_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    path = drawn(tmp_path / "boat.jpg", (400, 300), exif=exif, icc_profile=swapping_profile())
    stored = illustrating.store_image(path)
    assert (stored.width, stored.height) == (300, 400)


def test_colours_of_another_space_are_turned_into_those_of_browsers(tmp_path: Path) -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
    picture = Image.new("RGB", (8, 8), "teal")
    picture.save(tmp_path / "odd.png", icc_profile=lab.tobytes())
    assert illustrating.store_image(tmp_path / "odd.png").width == 8  # of no use, and left out
    picture.save(tmp_path / "broken.png", icc_profile=b"no profile at all")
    assert illustrating.store_image(tmp_path / "broken.png").width == 8
    swapped = swapping_profile()
    Image.new("RGB", (8, 8), (200, 10, 10)).save(tmp_path / "wide.png", icc_profile=swapped)
    red, green, _ = shown(illustrating.store_image(tmp_path / "wide.png").name).getpixel((4, 4))
    assert green > 150 > red


def swapping_profile() -> bytes:
    """Give a profile whose red is the green of sRGB and the other way round."""
    content = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    (count,) = struct.unpack(">I", content[128:132])
    tags = {bytes(content[132 + 12 * n : 136 + 12 * n]): 136 + 12 * n for n in range(count)}
    red, green = tags[b"rXYZ"], tags[b"gXYZ"]
    content[red : red + 8], content[green : green + 8] = (
        content[green : green + 8],
        content[red : red + 8],
    )
    return bytes(content)


def test_of_a_moving_picture_the_first_is_stored(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (20, 10), colour) for colour in ("teal", "red", "blue")]
    frames[0].save(tmp_path / "moving.gif", save_all=True, append_images=frames[1:])
    stored = shown(illustrating.store_image(tmp_path / "moving.gif").name)
    assert getattr(stored, "n_frames", 1) == 1
    red, green, blue = stored.convert("RGB").getpixel((10, 5))
    assert red < 30 < 100 < min(green, blue)


def test_sixteen_bits_are_shown_as_bright_as_they_are(tmp_path: Path) -> None:
    Image.new("I;16", (8, 8), 32768).save(tmp_path / "grey.png")
    stored = shown(illustrating.store_image(tmp_path / "grey.png").name)
    assert abs(stored.convert("L").getpixel((4, 4)) - 128) < 3


def test_a_size_that_is_not_there_is_shown_by_the_largest(tmp_path: Path) -> None:
    stored = illustrating.store_image(drawn(tmp_path / "boat.png", (600, 400)))
    small = f"{stored.name[:32]}-480.avif"
    assert illustrating.file_of(small) == small
    (illustrating.folder() / small).unlink()
    assert illustrating.file_of(small) == stored.name
    assert illustrating.file_of("0" * 32 + ".webp") is None
    assert illustrating.file_of("../secret-key") is None


def test_tidying_makes_the_sizes_that_are_lacking_and_removes_what_nothing_shows(
    tmp_path: Path,
) -> None:
    drawn(tmp_path / "boat.png", (600, 400))
    drawn(tmp_path / "inside.png", (500, 400))
    import_items(
        fields_of(slug="boat", image="boat.png", body="![Inside](inside.png)"), folder=tmp_path
    )
    unused = illustrating.store_image(drawn(tmp_path / "other.png", (70, 40)))
    stored = {path.name for path in illustrating.folder().iterdir()}
    lacking = {name for name in stored if "-480" in name or name.endswith("avif")}
    assert len(lacking) == 7
    for name in lacking:
        (illustrating.folder() / name).unlink()
    (illustrating.folder() / "notes.txt").write_text("Not ours.")
    found = illustrating.survey()
    assert (len(found.gone), len(found.partial), found.unused) == (0, 2, {unused.name})
    assert illustrating.tidy_pictures() == (6, 1)
    now = {path.name for path in illustrating.folder().iterdir()}
    assert now == {n for n in stored if not n.startswith(unused.name[:32])} | {"notes.txt"}
    assert illustrating.survey() == illustrating.Survey(frozenset(), frozenset(), frozenset())


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
    kept = {path.name for path in illustrating.folder().iterdir()}
    assert kept == {first.name, first.name.replace("webp", "avif")}
    illustrating.store_image(drawn(tmp_path / "c.png", (61, 40)))
    assert len(list(illustrating.folder().iterdir())) == 4


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
    assert not is_picture_name(name)
