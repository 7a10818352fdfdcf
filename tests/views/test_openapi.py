"""The description of the data addresses is the truth about them."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.factories import make_article, make_articles
from tests.pages import CheckingClient


@pytest.fixture
def description(client: CheckingClient) -> dict[str, Any]:
    described = client.get("/openapi.json").json
    assert described["openapi"].startswith("3.1")
    return described


def validator(description: dict[str, Any], schema: dict[str, Any]) -> Draft202012Validator:
    return Draft202012Validator({**schema, "components": description["components"]})


def check(client: CheckingClient, description: dict[str, Any], path: str) -> None:
    response = client.get(path)
    answers = description["paths"][path.partition("?")[0]]["get"]["responses"]
    content = answers[str(response.status_code)]["content"][response.mimetype]
    validator(description, content["schema"]).validate(response.json)


@pytest.mark.parametrize(
    "path",
    [
        "/search.json",
        "/search.json?q=ferries",
        "/search.json?q=ferries+theodolite+nothing",
        "/search.json?q=ferrys",
        "/search.json?q=zyzzyva",
        "/search.json?q=ferries+-ferries",
        "/search.json?q=ferries&topic=harbours&sort=newest&limit=2&page=2&facets=no",
        "/search.json?q=ferries&period=2026-11",
        "/search.json?q=ferr&typing=yes",
        "/search.json?q=ferries&typing=soon",
        "/search.json?q=ferries&limit=0",
        "/search.json?q=ferries&sort=x",
        "/search.json?q=ferries&period=soon",
        "/search/feed.json?q=ferries",
        "/search/feed.json",
    ],
)
def test_every_answer_is_as_described(
    client: CheckingClient, description: dict[str, Any], path: str
) -> None:
    make_articles(3, body="All about ferries.", topics=["Harbours"], authors=["Ada Quay"])
    make_article(body="**Why:** A theodolite.\n\n**Then:** x", source_url="https://a.example.org/1")
    check(client, description, path)


def test_every_parameter_is_described_with_its_bounds(
    client: CheckingClient, description: dict[str, Any]
) -> None:
    make_article(body="ferries")
    for parameter in description["paths"]["/search.json"]["get"]["parameters"]:
        schema, name = parameter["schema"], parameter["name"]
        for good in [schema.get("default"), *schema.get("enum", []), schema.get("minimum")]:
            if good is not None:
                assert client.get(f"/search.json?q=ferries&{name}={good}").status_code == 200
        for bad in (schema.get("minimum", 1) - 1, schema.get("maximum", 0) + 1):
            if schema["type"] == "integer":
                assert client.get(f"/search.json?q=ferries&{name}={bad}").status_code == 400


def test_a_description_that_lies_would_be_noticed(
    client: CheckingClient, description: dict[str, Any]
) -> None:
    make_article()
    answer = client.get("/search.json?q=a").json
    schema = {"$ref": "#/components/schemas/Answer"}
    assert validator(description, schema).is_valid(answer)
    assert not validator(description, schema).is_valid({**answer, "more": 1})
    assert not validator(description, schema).is_valid({**answer, "total": "1"})
