"""The paths of pages: what Flask gives, whatever stands in them."""

from __future__ import annotations

import re

import pytest
from flask import Flask, render_template_string, url_for
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from webapp.http.paths import path_of

NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)


@example(name="!$&'()*+,/:;=@ %?#[]é-._~", mounted="")
@given(name=NAMES, mounted=st.sampled_from(["", "/news", "/a b"]))
@hypothesis_settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_the_path_of_a_page_is_the_one_that_flask_gives(
    app: Flask, name: str, mounted: str
) -> None:
    with app.test_request_context("/", base_url=f"http://localhost{mounted}"):
        for rule in app.url_map.iter_rules():
            if "int" not in rule.rule:
                names = re.findall(r"(\w+)>", rule.rule)
                given = url_for(rule.endpoint, **dict.fromkeys(names, name))
                assert path_of(rule.endpoint, *[name] * len(names)) == given


def test_a_template_gives_the_path_of_where_the_site_is_mounted_now(app: Flask) -> None:
    template = "{{ 'reading.list_topics'|path }} {{ 'reading.list_by_topic'|path('a&b') }}"
    for mounted in ("", "/news"):
        with app.test_request_context("/", base_url=f"http://localhost{mounted}"):
            paths = f"{mounted}/topics/ {mounted}/topics/a&amp;b"
            assert render_template_string(template) == paths


def test_a_page_that_is_not_there_or_lacks_its_name_has_no_path(app: Flask) -> None:
    with app.test_request_context("/"):
        with pytest.raises(KeyError):
            path_of("reading.none")
        with pytest.raises(TypeError):
            path_of("reading.show_article")
