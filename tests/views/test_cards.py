"""Cards: one picture an article, drawn once, from what the database says alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from flask import Flask
from PIL import Image

from tests.factories import make_article
from tests.pages import CheckingClient
from webapp.extensions import the_site
from webapp.services import picturing
from webapp.services.picturing import Card
from webapp.services.storage import locked
from webapp.settings import Settings
from webapp.views.cards import card_url


def drawn(card: Card) -> Image.Image:
    return Image.open(picturing.card_file(card)).convert("RGB")


def path_of_card(client: CheckingClient, slug: str) -> str:
    (tag,) = client.page(f"/articles/{slug}").all("meta", property="og:image")
    return tag.get("content", "").removeprefix("http://127.0.0.1:8000")


def test_a_card_is_a_picture_of_the_size_that_is_said(client: CheckingClient) -> None:
    make_article(title="Night ferries", slug="a", topics=["Harbours"])
    response = client.get(path_of_card(client, "a"))
    assert "immutable" in response.headers["Cache-Control"]
    with Image.open(BytesIO(response.data)) as image:
        assert (image.format, image.size) == ("PNG", (1200, 630))
    assert len(response.data) < 60_000
    assert client.head(path_of_card(client, "a")).status_code == 200


def test_a_card_is_drawn_once(client: CheckingClient) -> None:
    make_article(slug="a")
    path = path_of_card(client, "a")
    client.get(path)
    (card,) = (the_site().settings.data / "cards").glob("*.png")
    before = card.stat().st_mtime_ns
    client.get(path)
    assert card.stat().st_mtime_ns == before


def test_another_title_is_another_card_and_the_old_address_leads_to_it(
    client: CheckingClient,
) -> None:
    make_article(id="1", slug="a", title="Before")
    old = path_of_card(client, "a")
    make_article(id="1", slug="a", title="After")
    new = path_of_card(client, "a")
    assert old != new
    response = client.get(old)
    assert (response.status_code, response.location) == (301, new)


def test_strangers_cannot_have_a_card_made_of_what_they_write(client: CheckingClient) -> None:
    make_article(slug="a")
    make_article(slug="secret", draft=True)
    folder = the_site().settings.data / "cards"
    before = set(folder.glob("*"))
    for path in ("/articles/a/card-x.png?title=Mine", "/card-x.png", "/articles/none/card-x.png"):
        assert client.get(path).status_code in (301, 404)
    assert client.get("/articles/secret/card-x.png").status_code == 404
    assert set(folder.glob("*")) == before


def test_cards_are_limited_in_number_and_the_oldest_go(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(picturing, "KEPT", 2)
    files = [picturing.card_file(Card(title=title)) for title in "abc"]
    assert [file.exists() for file in files] == [False, True, True]
    assert drawn(Card(title="a")).size == (1200, 630)


@pytest.mark.parametrize(
    ("title", "is_set"),
    [
        ("Łódź: “50 % – more”, naïve façade… €9", True),
        ("Новости и Ελλάδα", True),
        ("مرحبا بالعالم", False),
        ("漢字かな交じり文", False),
        ("한국어 제목", False),
        ("Rocket 🚀 launched", False),
        ("שלום", False),
    ],
)
def test_no_title_comes_out_as_boxes(app: Flask, title: str, is_set: bool) -> None:
    assert picturing.can_set(title) is is_set
    is_the_sites_own = drawn(Card(title=title)).tobytes() == drawn(Card()).tobytes()
    assert is_the_sites_own is not is_set


@pytest.mark.parametrize("title", ["Short", "word " * 99, "W" * 500, "a " * 250])
def test_no_title_leaves_its_place(app: Flask, title: str) -> None:
    image = drawn(Card(title=title))
    paper = image.getpixel((5, 300))
    right = image.crop((1130, 20, 1200, 530))
    below = image.crop((0, 500, 1200, 534))
    for part in (right, below):
        assert part.getcolors() == [(part.width * part.height, paper)]


def test_a_card_shows_the_picture_of_its_article(client: CheckingClient, tmp_path: Path) -> None:
    Image.new("RGB", (800, 450), "#0000ff").save(tmp_path / "sea.png")
    article = make_article(slug="a", image={"path": str(tmp_path / "sea.png")})
    image = drawn(picturing.card_of(article))
    assert image.getpixel((1100, 300))[2] > 200
    assert image.getpixel((5, 300))[0] > 200


@pytest.mark.parametrize("name", ["A rather long name for a publication of this kind " * 5, "新聞"])
def test_any_name_of_a_site_has_a_card(
    settings: Settings, make_app: Callable[[Settings], Flask], name: str
) -> None:
    app = make_app(replace(settings, site_name=name[:300], tagline=name[:300]))
    with app.test_request_context():
        path = card_url().removeprefix(settings.site_url)
    response = app.test_client().get(path)
    with Image.open(BytesIO(response.data)) as image:
        assert image.size == (1200, 630)


def test_cards_and_the_emblem_have_the_operators_accent(
    settings: Settings, make_app: Callable[[Settings], Flask]
) -> None:
    usual, own = make_app(settings), make_app(replace(settings, accent="#8b1e3f"))
    addresses = []
    for app in (usual, own):
        with app.test_request_context():
            addresses.append(card_url().removeprefix(settings.site_url))
    assert addresses[0] != addresses[1]
    for path, spot in ((addresses[1], (600, 5)), ("/logo.png", (5, 5))):
        with Image.open(BytesIO(own.test_client().get(path).data)) as image:
            assert image.convert("RGB").getpixel(spot) == (0x8B, 0x1E, 0x3F)


@pytest.mark.parametrize(
    "path",
    [
        "/images/16x9/" + "0" * 32 + ".webp",
        "/images/2x1/NAME",
        "/images/16x9/STEM-480.webp",
        "/images/16x9/..%2Fuploads%2FNAME",
    ],
)
def test_only_the_known_crops_of_stored_pictures_are_there(
    app: Flask, client: CheckingClient, tmp_path: Path, path: str
) -> None:
    Image.new("RGB", (800, 450), "teal").save(tmp_path / "boat.png")
    make_article(slug="a", image={"path": str(tmp_path / "boat.png"), "alt": ""})
    (name,) = [
        path.name
        for path in (the_site().settings.data / "uploads").glob("*.webp")
        if len(path.name) == 37
    ]
    asked = path.replace("NAME", name).replace("STEM", name[:32])
    assert client.get(asked).status_code == 404
    assert client.get(f"/images/1x1/{name}").status_code == 200


def test_a_crop_of_a_damaged_picture_is_not_there_and_a_busy_machine_says_so(
    app: Flask, client: CheckingClient, tmp_path: Path
) -> None:
    Image.new("RGB", (800, 450), "teal").save(tmp_path / "boat.png")
    make_article(slug="a", image={"path": str(tmp_path / "boat.png"), "alt": ""})
    folder = the_site().settings.data / "uploads"
    (stored,) = [path for path in folder.glob("*.webp") if len(path.name) == 37]
    (folder.parent / "crops").mkdir()
    with locked(folder.parent / "crops" / "lock"):
        assert client.get(f"/images/1x1/{stored.name}").status_code == 503
    whole = stored.read_bytes()
    stored.write_bytes(whole[:60])
    assert client.get(f"/images/1x1/{stored.name}").status_code == 404
    stored.write_bytes(whole)
    moved = client.get(f"/images/1X1/{stored.name.upper()}")
    assert (moved.status_code, moved.location) == (301, f"/images/1x1/{stored.name}")


def test_a_long_topic_stays_on_its_side_of_a_card(app: Flask) -> None:
    long, short = (picturing.Card("A title", topic) for topic in ("Topic " * 30, "Topic"))
    right = picturing.WIDTH - picturing.MARGIN
    for card in (long, short):
        margin = drawn(card).convert("L").crop((right + 2, 40, picturing.WIDTH, 110))
        assert margin.getextrema()[0] > 240, "nothing but paper"
