"""The forms that a person fills in."""

from __future__ import annotations

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict

from webapp.forms import FORM_NAMES, NewsletterForm, PreferencesForm


def filled(app: Flask, **typed: str) -> NewsletterForm:
    with app.test_request_context("/newsletter", method="POST"):
        form = NewsletterForm(MultiDict(typed))
        form.validate()
        return form


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("ada@example.org", "ada@example.org"),
        ("  ada@example.org\t", "ada@example.org"),
        ("Ada@EXAMPLE.org", "Ada@example.org"),
        ("ada+news@example.org", "ada+news@example.org"),
        ("ada@bücher.example.org", "ada@bücher.example.org"),
    ],
)
def test_an_address_that_mail_can_reach_is_taken_in_its_usual_form(
    app: Flask, typed: str, address: str
) -> None:
    form = filled(app, email=typed)
    assert not form.errors
    assert form.address == address
    assert form.email.data == typed


@pytest.mark.parametrize("typed", ["", "   ", "\t"])
def test_an_empty_field_is_asked_for(app: Flask, typed: str) -> None:
    assert filled(app, email=typed).errors == {"email": ["Please type your e-mail address."]}


@pytest.mark.parametrize(
    "typed",
    [
        "ada",
        "ada@",
        "@example.org",
        "ada@localhost",
        "a b@example.org",
        "ada@example..org",
        "ada@example.org, ben@example.org",
        "ada@[127.0.0.1]",
        "Ada <ada@example.org>",
        "a" * 65 + "@example.org",
    ],
)
def test_what_is_no_address_gets_a_sentence_with_an_example(app: Flask, typed: str) -> None:
    (sentence,) = filled(app, email=typed).errors["email"]
    assert "does not look like an e-mail address" in sentence
    assert "name@example.org" in sentence


def test_an_address_that_is_too_long_is_refused(app: Flask) -> None:
    assert filled(app, email="a" * 400 + "@example.org").errors["email"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(typed=st.text(max_size=60) | st.emails())
def test_whatever_is_typed_is_an_address_or_gets_a_sentence(app: Flask, typed: str) -> None:
    form = filled(app, email=typed)
    if not form.errors:
        assert form.address.count("@") == 1
        assert len(form.address) <= 320
        assert form.address.isprintable()


def test_a_missing_field_is_an_empty_one(app: Flask) -> None:
    assert filled(app).errors == {"email": ["Please type your e-mail address."]}


def test_the_form_has_no_token_because_its_page_is_the_same_for_everyone(app: Flask) -> None:
    app.config["WTF_CSRF_ENABLED"] = True
    form = filled(app, email="ada@example.org")
    assert not form.errors
    assert "csrf_token" not in form


@pytest.mark.parametrize(("website", "is_bots"), [("", False), ("https://spam.example.com", True)])
def test_a_field_that_people_do_not_see_shows_who_is_none(
    app: Flask, website: str, is_bots: bool
) -> None:
    assert filled(app, email="ada@example.org", website=website).is_bots is is_bots


@pytest.mark.parametrize("name", FORM_NAMES)
def test_the_form_says_where_it_stood(app: Flask, name: str) -> None:
    assert filled(app, email="ada@example.org", form=name).form_name == name


@pytest.mark.parametrize("typed", [{}, {"form": ""}, {"form": "'; DROP TABLE"}, {"form": "PAGE"}])
def test_a_form_that_is_none_of_ours_counts_as_the_page(app: Flask, typed: dict[str, str]) -> None:
    assert filled(app, email="ada@example.org", **typed).form_name == "page"


@pytest.mark.parametrize("typed", [{}, {"challenge": "", "answer": ""}, {"answer": "x" * 60_000}])
def test_what_a_script_adds_or_leaves_out_is_never_the_readers_error(
    app: Flask, typed: dict[str, str]
) -> None:
    form = filled(app, email="ada@example.org", **typed)
    assert not form.errors
    assert form.answer.data == typed.get("answer", form.answer.default)


@pytest.mark.parametrize("said", ["a\0b", "\udc80", "a\nb"])
def test_a_topic_that_no_database_takes_is_none(app: Flask, said: str) -> None:
    with app.test_request_context("/", method="POST"):
        form = PreferencesForm(MultiDict([("topics", said), ("topics", "night")]))
        assert form.chosen == {"night"}
