"""Signing up for the letter."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from dataclasses import asdict, replace

import pytest
from flask import Flask
from sqlalchemy import select

from tests.conftest import Clock
from tests.factories import make_article
from tests.pages import CheckingClient
from tests.proofs import solved
from webapp.extensions import db, the_site
from webapp.mail import MemoryCarrier
from webapp.models import Subscriber, SubscriberState
from webapp.services import mailing
from webapp.services.proving import BITS
from webapp.settings import Settings


def subscribers() -> list[Subscriber]:
    return list(db.session.scalars(select(Subscriber)))


@pytest.mark.parametrize("path", ["/", "/articles/a-brief", "/search", "/topics/", "/no-such-page"])
def test_every_page_asks_to_join(client: CheckingClient, path: str) -> None:
    make_article(slug="a-brief")
    page = client.page(path, status=404 if "no-such" in path else 200)
    assert "Join our daily newsletter for" in page.text
    forms = [form for form in page.all("form") if form.get("action") == "/newsletter"]
    assert forms
    assert all(form.get("method", "").lower() == "post" for form in forms)
    assert "Join now" in page.text
    assert "csrf" not in page.html


def test_a_sign_up_is_stored_as_pending_with_its_consent(client: CheckingClient) -> None:
    response = client.post("/newsletter", data={"email": "Ada@Example.org", "form": "banner"})
    assert (response.status_code, response.location) == (303, "/newsletter/received")
    client.page(response.location)
    (stored,) = subscribers()
    assert (stored.address, stored.state) == ("ada@example.org", SubscriberState.PENDING)
    assert stored.consent_form == "banner"
    assert stored.consent_wording


def test_the_same_address_twice_gets_the_same_answer_as_once(client: CheckingClient) -> None:
    answers = [
        client.post("/newsletter", data={"email": email})
        for email in ("ada@example.org", "ADA@example.org", "ada@example.org ")
    ]
    assert len({(a.status_code, a.location, a.data) for a in answers}) == 1
    assert len(subscribers()) == 1


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "   ",
        "ada",
        "ada@",
        "@example.org",
        "a b@example.org",
        "a" * 400 + "@example.org",
        "ada@exa mple.org",
        "\0@example.org",
    ],
)
def test_a_bad_address_gets_a_sentence_beside_the_field_and_keeps_what_was_typed(
    client: CheckingClient, typed: str
) -> None:
    page = client.page_of(client.post("/newsletter", data={"email": typed}), 422)
    (field,) = [i for i in page.root.find(".//main").iter("input") if i.get("name") == "email"]
    assert field.get("value", "").strip("\0\ufffd") == typed.strip("\0")
    assert field.get("aria-invalid") == "true"
    described = page.all("p", id=field.get("aria-describedby", "").split()[0])
    assert "".join(described[0].itertext()).strip()
    assert not subscribers()


def test_a_filled_honeypot_is_thanked_and_forgotten(client: CheckingClient) -> None:
    data = {"email": "bot@example.org", "website": "https://spam.example.com"}
    assert client.post("/newsletter", data=data).location == "/newsletter/received"
    assert not subscribers()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 303),
        ({"Sec-Fetch-Site": "same-origin"}, 303),
        ({"Sec-Fetch-Site": "none"}, 303),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "http://localhost"}, 303),
        ({"Origin": "http://127.0.0.1:8000"}, 303),
        ({"Origin": "https://evil.example.com"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://[broken"}, 403),
    ],
)
def test_only_the_sites_own_pages_can_send_the_form(
    client: CheckingClient, headers: dict[str, str], status: int
) -> None:
    response = client.post("/newsletter", data={"email": "ada@example.org"}, headers=headers)
    assert response.status_code == status
    assert len(subscribers()) == (status == 303)


def test_too_many_sign_ups_from_one_block_are_asked_to_wait(client: CheckingClient) -> None:
    def sign_up(n: int, client_address: str) -> int:
        return client.post(
            "/newsletter",
            data={"email": f"reader{n}@example.org"},
            environ_base={"REMOTE_ADDR": client_address},
        ).status_code

    assert [sign_up(n, f"203.0.113.{n}") for n in range(3)] == [303] * 3
    refused = client.post(
        "/newsletter",
        data={"email": "late@example.org"},
        environ_base={"REMOTE_ADDR": "203.0.113.99"},
    )
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) > 0
    assert "late@example.org" in refused.text
    assert sign_up(12, "198.51.100.1") == 303


def test_who_brings_a_right_answer_may_come_more_often(client: CheckingClient) -> None:
    def sign_up(n: int, **proof: str) -> int:
        data = {"email": f"reader{n}@example.org", **proof}
        return client.post("/newsletter", data=data).status_code

    assert [sign_up(n) for n in range(4)] == [303, 303, 303, 429]
    response = client.get("/newsletter/challenge")
    assert response.headers["Cache-Control"] == "no-store"
    assert response.json["bits"] == BITS
    proof = asdict(solved(response.json["challenge"]))
    assert sign_up(4, **{**proof, "answer": "0"}) == 429
    assert sign_up(5, **proof) == 303
    assert sign_up(6, **proof) == 429, "it counts once"


def test_the_page_says_where_its_script_asks_for_the_sum(client: CheckingClient) -> None:
    page = client.page("/newsletter")
    for form in page.all("form", action="/newsletter"):
        client.get(form.get("data-challenge", ""))
        assert form.get("data-challenge") == "/newsletter/challenge"


def test_where_no_proof_is_asked_for_the_form_and_the_limit_do_without(
    settings: Settings, make_app: Callable[[Settings], Flask]
) -> None:
    client = make_app(replace(settings, proof_of_work=False)).test_client()
    assert "data-challenge" not in client.get("/newsletter").text
    statuses = [client.post("/newsletter", data={"email": f"r{n}@example.org"}) for n in range(11)]
    assert [each.status_code for each in statuses] == [303] * 10 + [429]


def test_beyond_the_limit_for_all_the_page_says_to_try_later(client: CheckingClient) -> None:
    site = the_site()
    site.settings = replace(site.settings, sign_ups_in_all="2 per hour", proof_of_work=False)
    for n in range(4):
        refused = client.post(
            "/newsletter",
            data={"email": f"reader{n}@example.org"},
            environ_base={"REMOTE_ADDR": f"203.0.{n}.1"},
        )
    page = client.page_of(refused, 429)
    assert refused.headers["Retry-After"] == "3600"
    assert "Too many sign-ups are coming in just now. Please try again later." in page.main
    assert "reader3@example.org" in page.html
    assert len(subscribers()) == 2


def test_an_address_of_a_refused_provider_gets_a_sentence_beside_the_field(
    client: CheckingClient,
) -> None:
    site = the_site()
    site.settings = replace(site.settings, refused_domains=("throwaway.example",))
    typed = "ada@mx.throwaway.example"
    page = client.page_of(client.post("/newsletter", data={"email": typed}), 422)
    (field,) = [i for i in page.root.find(".//main").iter("input") if i.get("name") == "email"]
    assert (field.get("value"), field.get("aria-invalid")) == (typed, "true")
    (sentence,) = page.words("p", id=field.get("aria-describedby", ""))
    assert "We do not write to addresses of this provider" in sentence
    assert not subscribers()


def test_no_address_is_ever_logged(
    client: CheckingClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        client.post("/newsletter", data={"email": "quiet@example.org"})
        client.post("/newsletter", data={"email": "quiet@"})
    assert "quiet" not in caplog.text


def test_reading_the_form_changes_nothing(client: CheckingClient) -> None:
    client.page("/newsletter", query_string={"email": "ada@example.org"})
    client.page("/newsletter/received")
    assert not subscribers()


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "BREW"])
def test_other_methods_are_refused(client: CheckingClient, method: str) -> None:
    assert client.open("/newsletter", method=method).status_code == 405


def test_a_challenge_can_only_be_asked_for(client: CheckingClient) -> None:
    assert client.post("/newsletter/challenge").status_code == 405


@pytest.mark.parametrize(
    "body", ["[1]", "5", '"x"', '{"email": 5}', '{"email": "a@example.org"}', "[" * 30_000]
)
def test_what_no_form_sends_signs_nobody_up(client: CheckingClient, body: str) -> None:
    response = client.post("/newsletter", data=body, content_type="application/json")
    assert response.status_code == 422
    assert not subscribers()


def link(client: CheckingClient, deed: str) -> str:
    """Give the path of a link in the mail that a sign-up brings."""
    carrier = MemoryCarrier()
    the_site().carrier = carrier
    client.post("/newsletter", data={"email": "ada@example.org"})
    mailing.send_due()
    body = carrier.sent[-1].get_body(("plain",))
    assert body is not None
    found = re.search(rf"http://127.0.0.1:8000(/newsletter/{deed}/\S+)", body.get_content())
    assert found
    return found[1]


def test_only_the_button_confirms(client: CheckingClient) -> None:
    path = link(client, "confirmation")
    page = client.page(path)
    assert [form.get("action") for form in page.all("form", action=path)] == [path]
    client.head(path)
    assert subscribers()[0].state == SubscriberState.PENDING
    response = client.post(path)
    assert (response.status_code, response.location) == (303, "/newsletter/welcome")
    assert "confirmed" in client.page(response.location).text
    db.session.expire_all()
    assert subscribers()[0].state == SubscriberState.CONFIRMED


def test_another_site_cannot_confirm_for_a_reader(client: CheckingClient) -> None:
    path = link(client, "confirmation")
    assert client.post(path, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert subscribers()[0].state == SubscriberState.PENDING


def test_a_mail_program_leaves_by_one_post_without_cookie_origin_or_redirect(
    client: CheckingClient,
) -> None:
    path = link(client, "unsubscription")
    assert client.page(path).all("form", action=path)
    assert len(subscribers()) == 1
    response = client.post(
        path,
        data={"List-Unsubscribe": "One-Click"},
        headers={"Origin": "https://mail.example.net", "Sec-Fetch-Site": "cross-site"},
    )
    assert response.status_code == 200
    assert subscribers() == []
    # Pressed again, and opened again: it stays as it is.
    assert client.post(path).status_code == 200
    assert client.page(path)


@pytest.mark.parametrize("deed", ["confirmation", "unsubscription"])
def test_a_link_that_is_not_whole_says_so(client: CheckingClient, deed: str) -> None:
    path = f"/newsletter/{deed}/nothing"
    assert "not whole" in client.page(path, status=404).text
    assert client.post(path).status_code == 404


def test_a_late_link_says_what_to_do(client: CheckingClient, clock: Clock) -> None:
    path = link(client, "confirmation")
    clock.forward(days=8)
    assert "ask for the letter again" in client.page(path, status=410).text


def test_pages_of_one_reader_are_kept_nowhere(client: CheckingClient) -> None:
    for deed in ("confirmation", "unsubscription"):
        assert client.get(link(client, deed)).headers["Cache-Control"] == "no-store"
