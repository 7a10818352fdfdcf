"""What a device needs to keep the site."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO

import pytest
from flask import Flask
from PIL import Image

from tests.conftest import Clock
from tests.factories import make_article
from tests.pages import CheckingClient
from webapp.settings import Settings


def revision(client: CheckingClient) -> str:
    found = re.search(r'"shell-(\w+)"', client.get("/sw.js").text)
    assert found
    return found[1]


def test_without_script_the_saved_page_says_what_it_is_and_what_to_do(
    client: CheckingClient,
) -> None:
    main = client.page("/saved").main
    assert "JavaScript" in main
    assert "bookmark" in main


@pytest.mark.parametrize("path", ["/saved", "/offline"])
def test_pages_of_the_device_are_in_no_search_engine_and_name_no_day(
    client: CheckingClient, path: str
) -> None:
    page = client.page(path)
    assert page.all("meta", name="robots")[0].get("content") == "noindex"
    assert not page.all("time")


def test_the_offline_page_offers_to_try_the_same_address_again(client: CheckingClient) -> None:
    assert "" in client.page("/offline").links()


def test_the_manifest_describes_the_site_and_its_icons_are_there(
    settings: Settings, make_app: Callable[[Settings], Flask]
) -> None:
    named = replace(settings, site_name="The Harbour Post", language="he", tagline="All the tides")
    client = make_app(named).test_client()
    link = client.page("/").all("link", rel="manifest")[0].get("href")
    response = client.get(link)
    assert response.mimetype == "application/manifest+json"
    manifest = json.loads(response.text)
    assert manifest["name"] == "The Harbour Post"
    assert (manifest["lang"], manifest["dir"], manifest["start_url"]) == ("he", "rtl", "/")
    assert {icon["purpose"] for icon in manifest["icons"]} == {"any", "maskable"}
    for icon in manifest["icons"]:
        answer = client.get(icon["src"])
        assert answer.mimetype == "image/png"
        with Image.open(BytesIO(answer.data)) as picture:
            assert f"{picture.width}x{picture.height}" == icon["sizes"]
    for shortcut in manifest["shortcuts"]:
        assert client.get(shortcut["url"]).status_code == 200


def test_the_worker_is_asked_for_each_time_and_sent_once(client: CheckingClient) -> None:
    first = client.get("/sw.js")
    assert first.mimetype == "text/javascript"
    assert first.headers["Cache-Control"] == "no-cache"
    same = client.get("/sw.js", headers={"If-None-Match": first.headers["ETag"]})
    assert (same.status_code, same.data) == (304, b"")


def test_all_that_the_worker_keeps_is_there_and_none_of_it_is_news(client: CheckingClient) -> None:
    files = json.loads(re.search(r"FILES = (\[.*\])", client.get("/sw.js").text)[1])
    assert all(client.get(file).status_code == 200 for file in files)
    assert not {"/", "/search", "/topics/", "/archive/"} & {*files}
    page = client.page("/offline")
    needed = [e.get("src") or e.get("href") for e in (*page.all("script"), *page.all("link"))]
    needed = [n for n in needed if n and n.startswith("/static/") and "icons/" not in n]
    assert {*needed} <= {*files}


def test_the_worker_changes_with_the_look_and_not_with_the_news(
    client: CheckingClient,
    clock: Clock,
    settings: Settings,
    make_app: Callable[[Settings], Flask],
) -> None:
    first = revision(client)
    make_article()
    clock.forward(days=3)
    assert revision(client) == first
    other = make_app(replace(settings, tagline="Another line")).test_client()
    assert revision(other) != first
