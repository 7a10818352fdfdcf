"""Searching in Chromium: as one types, by keyboard, and back to the same place."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.conftest import FLAGS, program

pytestmark = pytest.mark.browser


def test_results_come_as_one_types_and_open_by_arrows_and_enter(page: Page, site: str) -> None:
    page.goto(site + "/topics/")
    page.keyboard.press("/")
    expect(page.locator(".search-masthead input[type=search]")).to_be_focused()
    page.keyboard.type("theodol*")
    first = page.locator(".quick a.quick-hit").first
    first.wait_for()
    assert page.locator(".quick mark").count() >= 1
    expect(page.locator(".search-masthead [role=status]")).to_contain_text("brief")
    page.keyboard.press("ArrowDown")
    expect(first).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url("**/articles/**")
    assert "theodolite" in page.locator("main").inner_text()


def test_control_k_opens_and_escape_closes(page: Page, site: str) -> None:
    page.goto(site + "/")
    page.keyboard.press("Control+k")
    page.keyboard.type("model")
    page.locator(".quick a.quick-hit").first.wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Escape")
    expect(page.locator(".quick").first).to_be_hidden()
    expect(page.locator(".search-masthead input[type=search]")).to_be_focused()


@pytest.mark.parametrize("leaving", ["Escape", "Shift+Tab"])
def test_a_panel_that_was_left_asks_for_nothing_more(page: Page, site: str, leaving: str) -> None:
    asked: list[str] = []
    page.on("request", lambda r: asked.append(r.url) if "/search.json" in r.url else None)
    page.clock.install(time=0)
    page.goto(site + "/")
    page.clock.pause_at(60_000)  # however long the machine takes for a key
    page.keyboard.press("/")
    page.keyboard.type("model")
    page.keyboard.press(leaving)
    page.clock.run_for(1000)
    assert asked == []
    expect(page.locator(".quick").first).to_be_hidden()
    expect(page.locator(".search-masthead input[type=search]")).to_have_value("model")


@pytest.mark.parametrize("leaving", ["Escape", "Shift+Tab"])
def test_a_panel_that_was_left_calls_off_what_it_asked_for(
    page: Page, site: str, leaving: str
) -> None:
    held: list[Route] = []
    page.route("**/search.json?*", lambda route: held.append(route))
    page.goto(site + "/")
    page.keyboard.press("/")
    with page.expect_request("**/search.json?*"):
        page.keyboard.type("model")
    with page.expect_event("requestfailed"):
        page.keyboard.press(leaving)
    expect(page.locator(".quick").first).to_be_hidden()


@pytest.mark.parametrize(
    ("query", "line"),
    [
        ("theodolties", "with a spelling near to it"),
        ("theodolite zyzzyva", "No brief has all of it"),
        ("theodol", "with a word that begins so"),
        ("theodolite", "1 brief"),
        ("zyzzyva", "No brief fits this search"),
    ],
)
def test_the_panel_says_how_well_its_results_fit(
    page: Page, site: str, query: str, line: str
) -> None:
    page.goto(site + "/")
    page.keyboard.press("/")
    page.keyboard.type(query)
    expect(page.locator(".quick-line").first).to_contain_text(line)
    page.locator(".quick-all").click()
    page.wait_for_url("**/search?q=*")
    assert page.locator(".hit").count() == (0 if query == "zyzzyva" else 1)


def test_an_arrow_opens_again_what_escape_closed(page: Page, site: str) -> None:
    page.goto(site + "/")
    page.keyboard.press("/")
    page.keyboard.type("model")
    first = page.locator(".quick a.quick-hit").first
    first.wait_for()
    page.keyboard.press("Escape")
    expect(first).to_be_hidden()
    page.keyboard.press("ArrowDown")
    expect(first).to_be_visible()


def test_a_click_beside_the_links_of_the_panel_leaves_it_open(page: Page, site: str) -> None:
    page.goto(site + "/")
    page.keyboard.press("/")
    page.keyboard.type("model")
    page.locator(".quick a.quick-hit").first.wait_for()
    page.locator(".quick").first.click(position={"x": 3, "y": 3})
    expect(page.locator(".quick a.quick-hit").first).to_be_visible()


def test_a_slash_within_a_field_is_a_slash(page: Page, site: str) -> None:
    page.goto(site + "/newsletter")
    page.locator("main input[type=email]").focus()
    page.keyboard.type("a/b")
    assert page.locator("main input[type=email]").input_value() == "a/b"


def test_back_from_an_article_keeps_the_query_and_the_place(page: Page, site: str) -> None:
    page.goto(site + "/search?q=model")
    link = page.locator(".hit-title a").nth(6)
    link.scroll_into_view_if_needed()
    before = page.evaluate("scrollY")
    link.click()
    page.wait_for_url("**/articles/**")
    page.go_back()
    assert page.url == site + "/search?q=model"
    assert page.locator("#search-page").input_value() == "model"
    page.wait_for_function(f"Math.abs(scrollY - {before}) < 50")


@pytest.mark.parametrize("start", ["/", "/search?q=price"])
def test_back_from_a_hit_in_the_panel_keeps_the_query_and_the_place(
    page: Page, site: str, start: str
) -> None:
    page.goto(site + start)
    open_second_hit(page)
    page.go_back()
    expect(page.locator(".quick a.quick-hit").nth(1)).to_be_focused()
    expect(page.locator("form.search input[type=search]").first).to_have_value("model")
    page.keyboard.press("Escape")
    page.reload()
    page.wait_for_load_state("networkidle")
    expect(page.locator(".quick").first).to_be_hidden()


def test_back_to_a_page_that_was_kept_alive_finds_the_panel_open(
    chromium: Browser, site: str
) -> None:
    with chromium.browser_type.launch(
        executable_path=str(program()),
        args=FLAGS,
        ignore_default_args=["--disable-back-forward-cache"],
    ) as browser:
        page = browser.new_page()
        page.goto(site + "/")
        page.evaluate("() => { window.isKeptAlive = true }")
        open_second_hit(page)
        page.go_back(wait_until="commit")
        assert page.evaluate("window.isKeptAlive")
        expect(page.locator(".quick a.quick-hit").nth(1)).to_be_focused()
        expect(page.locator("form.search input[type=search]").first).to_have_value("model")


def test_back_on_a_narrow_page_opens_the_field_again(chromium: Browser, site: str) -> None:
    with chromium.new_context(viewport={"width": 360, "height": 740}) as context:
        page = context.new_page()
        page.goto(site + "/")
        open_second_hit(page)
        page.go_back()
        expect(page.locator(".quick a.quick-hit").nth(1)).to_be_focused()


def open_second_hit(page: Page) -> None:
    page.keyboard.press("/")
    page.keyboard.type("model")
    hits = page.locator(".quick a.quick-hit")
    hits.nth(1).wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(hits.nth(1)).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url("**/articles/**")


TYPE = """word => {
    const field = document.activeElement;
    for (const letter of word) {
        field.value += letter;
        field.dispatchEvent(new InputEvent("input", { bubbles: true, data: letter }));
    }
}"""


def test_requests_are_few_however_fast_one_types(page: Page, site: str) -> None:
    asked: list[str] = []
    page.on("request", lambda r: asked.append(r.url) if "/search.json" in r.url else None)
    page.goto(site + "/")
    page.keyboard.press("/")
    # All letters within a moment, however slow the machine is.
    page.evaluate(TYPE, "theodolite")
    page.locator(".quick a.quick-hit").first.wait_for()
    assert len(asked) <= 2
    known = len(asked)
    page.keyboard.press("Backspace")
    page.locator(".quick-all").wait_for()
    page.keyboard.type("e")
    page.locator(".quick a.quick-hit").first.wait_for()
    assert len(asked) <= known + 1, "an answer is asked for once"


def test_recent_searches_stay_on_the_device_and_can_be_cleared(page: Page, site: str) -> None:
    page.goto(site + "/")
    field = page.locator(".search-masthead input[type=search]")
    field.fill("theodolite")
    field.press("Enter")
    page.wait_for_url("**/search?q=theodolite")
    page.goto(site + "/")
    page.keyboard.press("/")
    expect(page.locator(".quick a.quick-recent")).to_have_text("theodolite")
    page.get_by_role("button", name="Clear recent searches").click()
    page.goto(site + "/")
    page.keyboard.press("/")
    assert page.locator(".quick a.quick-recent").count() == 0


def test_the_spelling_that_was_chosen_is_what_is_remembered(page: Page, site: str) -> None:
    page.goto(site + "/")
    page.keyboard.press("/")
    page.keyboard.type("langage model")
    page.locator(".quick-instead").click()
    page.wait_for_url("**/search?q=*")
    kept = page.evaluate("JSON.parse(localStorage.getItem('searches'))")
    assert kept == [page.locator("#search-page").input_value()]


@pytest.mark.parametrize("damaged", ['[{}, "ferries", 7, null]', '"ferries"', "{", "{}", "7"])
def test_what_is_damaged_among_recent_searches_is_not_shown(
    page: Page, site: str, damaged: str
) -> None:
    page.goto(site + "/")
    page.evaluate("text => localStorage.setItem('searches', text)", damaged)
    page.keyboard.press("/")
    shown = page.locator(".quick-recent").all_inner_texts()
    assert shown == (["ferries"] if "ferries" in damaged else [])


def test_on_a_narrow_page_the_search_link_opens_the_field(chromium: Browser, site: str) -> None:
    with chromium.new_context(viewport={"width": 360, "height": 740}) as context:
        page = context.new_page()
        page.goto(site + "/")
        page.locator("nav a", has_text="Search").first.click()
        page.keyboard.type("model")
        page.locator(".quick a.quick-hit").first.wait_for()
        over = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert page.evaluate(over) <= 0


SEES_THE_WORD = (
    "() => { const w = document.createTreeWalker(document.querySelector('main'), 4);"
    "while (w.nextNode()) if (w.currentNode.data.includes('theodolite')) {"
    "const r = w.currentNode.parentElement.getBoundingClientRect();"
    "return r.top < innerHeight && r.bottom > 0 } }"
)


@pytest.mark.parametrize("width", [360, 768])
def test_below_a_field_across_the_page_the_panel_is_as_wide(
    chromium: Browser, site: str, width: int
) -> None:
    with chromium.new_context(viewport={"width": width, "height": 740}) as context:
        page = context.new_page()
        page.goto(site + "/")
        page.keyboard.press("/")
        page.keyboard.type("model")
        page.locator(".quick a.quick-hit").first.wait_for()
        form, panel = (page.locator(f).bounding_box() for f in (".search-masthead", ".quick"))
        assert form
        assert panel
        assert abs(form["width"] - panel["width"]) < 2


def test_the_words_are_marked_on_the_article_by_the_browser(page: Page, site: str) -> None:
    page.goto(site + "/search?q=theodolite")
    page.locator(".hit-title a").first.click()
    page.wait_for_url("**/articles/**")
    assert page.evaluate(SEES_THE_WORD), "the browser scrolled to the words"


def test_the_words_are_marked_also_when_a_hit_is_opened_while_one_types(
    page: Page, site: str
) -> None:
    page.goto(site + "/")
    page.keyboard.press("/")
    page.keyboard.type("theodolite")
    first = page.locator(".quick a.quick-hit").first
    address = first.get_attribute("href") or ""
    assert address.endswith(":~:text=theodolite")
    first.click()
    page.wait_for_url("**/articles/**")
    assert page.evaluate(SEES_THE_WORD), "the browser scrolled to the words"


@pytest.mark.parametrize("query", ["title:model date:today", "models date:2026", "model -chip"])
def test_what_comes_as_one_types_is_what_enter_gives_first(
    page: Page, site: str, query: str
) -> None:
    page.goto(site + "/")
    page.keyboard.press("/")
    page.keyboard.type(query)
    page.locator(".quick-all").wait_for()
    page.wait_for_load_state("networkidle")
    shown = page.locator(".quick-title").all_inner_texts()
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?q=*")
    assert shown == page.locator(".hit-title").all_inner_texts()[:6]


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_tab_goes_through_choices_and_results_as_they_stand_on_the_screen(
    chromium: Browser, site: str, width: int
) -> None:
    with chromium.new_context(
        viewport={"width": width, "height": 900}, java_script_enabled=False
    ) as context:
        page = context.new_page()
        page.goto(site + "/search?q=model")
        facets, results = (
            page.locator(".facets").bounding_box(),
            page.locator(".hits").bounding_box(),
        )
        assert facets
        assert results
        if width < 960:
            assert facets["y"] + facets["height"] < results["y"]
            assert facets["height"] < 100, "closed, they keep nobody from the results"
            assert page.locator(".facets a").first.is_hidden()
            page.locator(".facets summary").click()
        else:
            assert facets["x"] + facets["width"] < results["x"]
            assert page.locator(".facets summary").is_hidden()
        stops = page.locator(".facets a, .facets summary, .hits a").and_(page.locator(":visible"))
        assert page.locator(".facets a").first.is_visible()
        page.locator("main button").focus()
        for stop in stops.all()[:4]:
            page.keyboard.press("Tab")
            expect(stop).to_be_focused()


def test_on_a_narrow_page_one_sees_what_was_chosen(chromium: Browser, site: str) -> None:
    with chromium.new_context(viewport={"width": 360, "height": 740}) as context:
        page = context.new_page()
        page.goto(site + "/search?q=model&topic=policy&period=2026-10")
        chosen = page.locator(".facets summary")
        expect(chosen).to_have_text("Narrow these results: Policy, October 2026")
        chosen.click()
        page.locator(".facets .chosen a").first.click()
        page.wait_for_url("**/search?q=model&period=2026-10")
