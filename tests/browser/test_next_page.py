"""The next page before the click, and back to the last one as it was left."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Page

from tests.browser.conftest import FLAGS, program
from tests.test_serving import until

pytestmark = pytest.mark.browser
ARTICLE = "main h2 a"
WHY_NOT = "JSON.stringify(performance.getEntriesByType('navigation')[0].notRestoredReasons)"
IS_BACK = "window.wasKept !== undefined && !location.pathname.endsWith('/bare')"


@pytest.fixture
def whole_page(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """A page of a Chromium that keeps pages for the way back; by default Playwright's does not."""
    context: BrowserContext = chromium.browser_type.launch_persistent_context(
        str(tmp_path_factory.mktemp("profile")),
        executable_path=program(),
        args=FLAGS,
        ignore_default_args=["--disable-back-forward-cache"],
    )
    yield context.pages[0]
    context.close()


def is_back(page: Page) -> bool:
    try:
        return bool(page.evaluate(IS_BACK))
    except Error:  # on the way
        return False


def test_back_from_an_article_the_page_is_as_it_was_left(whole_page: Page, site: str) -> None:
    whole_page.add_init_script(
        "addEventListener('pageshow', (event) => { window.wasKept = event.persisted })"
    )
    for first in ("/", "/topics/models", "/search?q=model", "/articles/heron-4-price-cut"):
        assert_is_kept_alive(whole_page, site + first)


def assert_is_kept_alive(page: Page, address: str) -> None:
    page.goto(address)
    page.evaluate("window.left = 'a mark'")
    page.goto(address.partition("//")[0] + "//" + address.split("/")[2] + "/articles/bare")
    # Playwright's own way back waits for a load, and there is none.
    page.evaluate("history.back()")
    until(lambda: is_back(page))
    assert page.evaluate("window.wasKept"), page.evaluate(WHY_NOT)
    assert page.evaluate("[location.href, window.left]") == [address, "a mark"]


def test_an_article_is_prepared_while_the_pointer_rests_on_its_link(
    whole_page: Page, site: str
) -> None:
    session = whole_page.context.new_cdp_session(whole_page)
    rules: list[dict[str, Any]] = []
    wanted: list[tuple[str, str]] = []
    session.on("Preload.ruleSetUpdated", lambda told: rules.append(told["ruleSet"]))
    session.on(
        "Preload.prerenderStatusUpdated",
        lambda told: wanted.append((told["key"]["url"], told.get("prerenderStatus", "Ready"))),
    )
    session.send("Preload.enable")
    whole_page.goto(site + "/")
    for _ in range(100):
        if rules:
            break
        whole_page.wait_for_timeout(50)
    assert [(rule["url"], rule.get("errorMessage")) for rule in rules] == [
        (site + "/speculation-rules.json", None)
    ]
    whole_page.locator(".nav a").first.hover()
    whole_page.locator("header input[name=q]").hover()
    link = whole_page.locator(ARTICLE).first
    link.hover()
    for _ in range(100):
        if wanted:
            break
        whole_page.wait_for_timeout(50)
    # Playwright forbids the browser to do it; what it would do it says all the same.
    article = site + (link.get_attribute("href") or "")
    assert wanted[0] in {(article, "PrerenderingDisabledByDevTools"), (article, "Ready")}
