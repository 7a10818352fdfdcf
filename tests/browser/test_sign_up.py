"""Signing up with the page's script, which does a sum for it, and without."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qsl

import pytest
from playwright.sync_api import Browser, Page, Request

from tests.test_serving import free_port, serving
from webapp.services.proving import Proof, is_right

pytestmark = pytest.mark.browser


@pytest.fixture
def strict(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a site where without a right answer one may sign up once a day."""
    data, port = tmp_path_factory.mktemp("strict"), free_port()
    limit = {"BROADSHEET_SIGN_UP_LIMIT_UNPROVEN": "1 per day"}
    with serving(data, "--no-demo", port=port, **limit):
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def asked(page: Page) -> list[Request]:
    """What the page asks of the sign-up's addresses."""
    requests: list[Request] = []
    page.on("request", lambda r: requests.append(r) if "/newsletter/c" in r.url else None)
    page.on("request", lambda r: requests.append(r) if r.method == "POST" else None)
    return requests


def sign_up(page: Page, name: str) -> None:
    page.locator("footer input[type=email]").fill(f"{name}@example.org")
    page.keyboard.press("Enter")


def sent(request: Request) -> dict[str, str]:
    return dict(parse_qsl(request.post_data or "", keep_blank_values=True))


def proof_in(request: Request) -> Proof:
    fields = sent(request)
    return Proof(fields.get("challenge", ""), fields.get("answer", ""))


def test_a_sum_is_asked_for_when_the_field_is_focused_and_sent_with_the_form(
    page: Page, strict: str, asked: list[Request]
) -> None:
    page.goto(strict + "/")
    page.wait_for_load_state("networkidle")
    assert asked == []
    with page.expect_response("**/newsletter/challenge"):
        page.locator("footer input[type=email]").focus()
    sign_up(page, "first")
    page.wait_for_url("**/newsletter/received")
    _, post = asked
    assert is_right(proof_in(post))
    assert sent(post)["email"] == "first@example.org"


def test_whoever_sends_the_form_again_does_another_sum(
    page: Page, strict: str, asked: list[Request]
) -> None:
    # Without content the browser stays on the page, as it comes back to one that it has kept.
    page.route("**/newsletter", lambda route: route.fulfill(status=204))
    page.goto(strict + "/")
    for name in ("first", "second", "third"):
        with page.expect_response("**/newsletter"):
            sign_up(page, name)
    proofs = {proof_in(request) for request in asked if request.method == "POST"}
    assert len(proofs) == 3
    assert all(is_right(proof) for proof in proofs)


def test_with_right_answers_one_may_sign_up_more_often(page: Page, strict: str) -> None:
    for name in ("first", "second", "third"):
        page.goto(strict + "/")
        sign_up(page, name)
        page.wait_for_url("**/newsletter/received")


def test_a_sum_that_cannot_be_had_holds_nobody_up(
    page: Page, strict: str, asked: list[Request]
) -> None:
    page.route("**/newsletter/challenge", lambda route: route.abort())
    page.goto(strict + "/")
    sign_up(page, "first")
    page.wait_for_url("**/newsletter/received")
    assert proof_in(asked[-1]) == Proof()


def test_a_sum_that_does_not_come_is_waited_for_only_a_moment(
    page: Page, strict: str, asked: list[Request]
) -> None:
    page.clock.install()
    page.route("**/newsletter/challenge", lambda _: None)  # never answered
    page.goto(strict + "/")
    with page.expect_request("**/newsletter/challenge"):
        sign_up(page, "first")
    page.clock.fast_forward(5000)
    page.wait_for_url("**/newsletter/received")
    assert proof_in(asked[-1]) == Proof()


def test_the_page_stays_at_hand_while_the_sum_is_done(page: Page, strict: str) -> None:
    # Harder than any that is given out: it goes on for ever.
    challenge = {"challenge": "never.solved", "bits": 33}
    page.route("**/newsletter/challenge", lambda route: route.fulfill(json=challenge))
    page.goto(strict + "/")
    with page.expect_response("**/newsletter/challenge"):
        page.locator("footer input[type=email]").focus()
    frames = (
        "new Promise(then => { let left = 60; const next = () => left-- ?"
        " requestAnimationFrame(next) : then('all'); next() })"
    )
    assert page.evaluate(frames) == "all"
    page.keyboard.type("ada")
    assert page.locator("footer input[type=email]").input_value() == "ada"


def test_without_script_the_form_works_within_the_stricter_limit(
    chromium: Browser, strict: str
) -> None:
    with chromium.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(strict + "/")
        sign_up(page, "first")
        page.wait_for_url("**/newsletter/received")
        page.goto(strict + "/")
        sign_up(page, "second")
        page.wait_for_selector("main [aria-invalid=true]")
        assert "try again later" in page.locator("main .field-error").inner_text()
