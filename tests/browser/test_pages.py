"""The pages in Chromium: at every width, in both themes, by keyboard alone, without script."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request

pytestmark = pytest.mark.browser

WIDTHS = (320, 360, 768, 1280, 1920)
PATHS = {
    "front": "/",
    "older": "/?page=2",
    "article": "/articles/heron-4-price-cut",
    "everything": "/articles/everything",
    "long-words": "/articles/long-words",
    "bare": "/articles/bare",
    "right-to-left": "/articles/right-to-left",
    "topics": "/topics/",
    "topic": "/topics/models",
    "author": "/authors/zoe-lindqvist",
    "source": "/sources/wire.example.com",
    "archive": "/archive/",
    "month": "/archive/2026/11",
    "search": "/search?q=model",
    "search-narrowed": "/search?q=model&topic=policy",
    "search-relaxed": "/search?q=albacete+dry+cooling+-water",
    "search-nothing": "/search?q=zyzzyva",
    "search-empty": "/search",
    "letter": "/newsletter",
    "thanks": "/newsletter/received",
    "welcome": "/newsletter/welcome",
    "preferences-asked": "/newsletter/preferences",
    "preferences-requested": "/newsletter/requested",
    "preferences-moved": "/newsletter/moved",
    "follow-by-mail": "/newsletter/searches?q=model",
    "letters": "/letters/",
    "edition": "",  # of the day it was sent: the first of the letters
    "saved": "/saved",
    "offline": "/offline",
    "not-found": "/no-such-page",
}


def go(page: Page, site: str, name: str) -> None:
    """Open a page of that name."""
    if name == "edition":
        page.goto(site + PATHS["letters"])
        path = page.locator(".card-title a").first.get_attribute("href")
        page.goto(f"{site}{path}")
    else:
        page.goto(site + PATHS[name])


def test_no_page_overflows_sideways(chromium: Browser, site: str) -> None:
    """With SHOTS naming a folder, each page is also kept there as a picture, dark ones as well."""
    shots = os.environ.get("SHOTS")
    over = {}
    for scheme in ("light", "dark"):
        with chromium.new_context(color_scheme=scheme) as context:
            page = context.new_page()
            put_on_the_shelf(page, site)
            for name in PATHS:
                go(page, site, name)
                for width in WIDTHS:
                    page.set_viewport_size({"width": width, "height": 900})
                    beyond = page.evaluate(
                        "document.documentElement.scrollWidth"
                        " - document.documentElement.clientWidth"
                    )
                    if beyond > 0:
                        over[f"{name} {width} {scheme}"] = beyond
                    if shots:
                        file = Path(shots) / f"{name}-{width}-{scheme}.png"
                        page.screenshot(path=file, full_page=True)
    assert over == {}


def put_on_the_shelf(page: Page, site: str) -> None:
    """Save a brief, and one of the longest words, so that the device's own pages hold some."""
    for path in (PATHS["article"], PATHS["long-words"]):
        page.goto(site + path)
        page.keyboard.press("s")


def test_no_page_overflows_at_the_largest_text_on_the_narrowest_screen(
    page: Page, site: str
) -> None:
    page.set_viewport_size({"width": 320, "height": 640})
    put_on_the_shelf(page, site)
    page.evaluate("localStorage.size = 'largest'; localStorage.measure = 'wide'")
    over = []
    for name in PATHS:
        go(page, site, name)
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            over.append(name)
    assert over == []


def test_pages_that_are_too_wide_are_noticed(page: Page, site: str) -> None:
    page.set_viewport_size({"width": 320, "height": 900})
    page.goto(site + PATHS["bare"])
    page.evaluate("document.querySelector('h1').style.inlineSize = '400px'")
    assert page.evaluate("document.documentElement.scrollWidth") > 320


@pytest.mark.parametrize("name", PATHS)
def test_a_page_is_quiet_and_asks_nobody_else(page: Page, site: str, name: str) -> None:
    errors: list[str] = []
    foreign: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        if message.type == "error" and "404" not in message.text:
            errors.append(message.text)

    def watch(request: Request) -> None:
        if not request.url.startswith(site):
            foreign.append(request.url)

    page.on("console", hear)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("request", watch)
    go(page, site, name)
    assert (errors, foreign) == ([], [])
    assert page.context.cookies() == []


def test_the_keyboard_alone_reaches_everything_and_shows_where_it_is(page: Page, site: str) -> None:
    page.goto(site + PATHS["article"])
    wanted = page.evaluate(
        "[...document.querySelectorAll('a[href],button,input:not([type=hidden])')]"
        ".filter(e => e.tabIndex >= 0 && e.checkVisibility()).length"
    )
    reached: set[str] = set()
    for step in range(wanted):
        page.keyboard.press("Tab")
        here = page.evaluate(
            """() => { const e = document.activeElement, s = getComputedStyle(e);
            const r = e.getBoundingClientRect();
            return [e.outerHTML + r.top + scrollY,
                    s.outlineStyle != 'none' || s.boxShadow != 'none',
                    r.width > 0 && r.height > 0 && r.bottom > 0 && r.top < innerHeight,
                    e.getAttribute('href')] }"""
        )
        reached.add(here[0])
        assert here[1], f"no focus ring on {here[0][:100]}"
        assert here[2], f"focus out of sight on {here[0][:100]}"
        if step == 0:
            assert here[3] == "#main", "the first stop leads past the masthead"
    assert len(reached) == wanted


def test_the_banner_stays_away_once_it_was_closed(page: Page, site: str) -> None:
    page.goto(site + PATHS["article"])
    banner = page.locator("#join-banner")
    assert banner.is_visible()
    banner.get_by_role("button", name="Close").click()
    assert not banner.is_visible()
    page.goto(site + PATHS["bare"])
    assert not page.locator("#join-banner").is_visible()


def test_the_theme_is_chosen_once_and_kept_on_the_device(page: Page, site: str) -> None:
    page.emulate_media(color_scheme="light")
    page.goto(site + "/")
    before = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.locator(".comfort summary").click()
    page.get_by_role("radio", name="Dark").check(force=True)
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert dark != before
    page.goto(site + "/topics/")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == dark


def test_without_script_one_can_read_search_and_sign_up(chromium: Browser, site: str) -> None:
    with chromium.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(site + "/")
        page.locator("main h2 a").first.click()
        assert len(page.locator("article").first.inner_text()) > 300
        page.locator("header input[name=q]").fill("theodolite")
        page.keyboard.press("Enter")
        assert page.locator("main mark").first.inner_text() == "theodolite"
        page.locator("main .hits a").first.click()
        assert "theodolite" in page.locator("main").inner_text()
        page.locator("footer input[type=email]").fill("reader@example.org")
        page.keyboard.press("Enter")
        page.wait_for_url("**/newsletter/received")


def test_a_passage_leads_to_its_section(page: Page, site: str) -> None:
    page.goto(site + "/search?q=theodolite")
    page.locator("a.passage-label").first.click()
    anchor = page.url.partition("#")[2].partition(":~:")[0]
    assert anchor
    assert page.locator(f"#{anchor}").is_visible()


def test_a_wrong_address_is_told_beside_its_field(page: Page, site: str) -> None:
    page.goto(site + "/newsletter")
    field = page.locator("main input[type=email]")
    field.fill("reader@localhost")
    field.press("Enter")
    page.wait_for_selector("main [aria-invalid=true]")
    assert page.locator("main input[type=email]").input_value() == "reader@localhost"


@pytest.mark.parametrize("setting", [{"reduced_motion": "reduce"}, {"forced_colors": "active"}])
def test_what_a_reader_has_set_is_honoured(
    chromium: Browser, site: str, setting: dict[str, str]
) -> None:
    with chromium.new_context(**setting) as context:
        page = context.new_page()
        page.goto(site + "/")
        moving = page.evaluate(
            "[...document.querySelectorAll('*')].filter(e => "
            "parseFloat(getComputedStyle(e).transitionDuration) > 0.01).length"
        )
        assert moving == 0 or "forced_colors" in setting
        assert page.locator("main a").first.is_visible()
