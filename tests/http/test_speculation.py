"""The next page before the click: said by a header, for articles alone, not to who saves data."""

from __future__ import annotations

import json

import pytest

from tests.factories import make_article
from tests.pages import CheckingClient


@pytest.mark.parametrize("path", ["/", "/articles/a", "/search?q=body", "/archive/"])
def test_every_page_names_the_rules(client: CheckingClient, path: str) -> None:
    make_article(slug="a")
    named = json.loads(client.get(path).headers["Speculation-Rules"])
    rules = client.get(named)
    assert rules.mimetype == "application/speculationrules+json"
    assert rules.json is not None
    assert list(rules.json) == ["prerender"]
    (rule,) = rules.json["prerender"]
    assert rule["eagerness"] == "moderate"
    assert {"href_matches": "/articles/*"} in rule["where"]["and"]


@pytest.mark.parametrize("path", ["/no-such-page", "/search.json?q=a", "/opensearch.xml"])
def test_errors_and_data_name_none(client: CheckingClient, path: str) -> None:
    assert "Speculation-Rules" not in client.get(path).headers


def test_who_saves_data_gets_no_rules(client: CheckingClient) -> None:
    usual = client.get("/speculation-rules.json")
    saving = client.get("/speculation-rules.json", headers={"Save-Data": "on"})
    assert saving.json == {}
    assert "Save-Data" in usual.headers["Vary"]
    assert "Save-Data" in saving.headers["Vary"]
    assert "Speculation-Rules" not in saving.headers
