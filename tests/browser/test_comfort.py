"""Reading as one likes, by keys, later and without a network: kept by the device alone."""

from __future__ import annotations

import gzip

import pytest
from playwright.sync_api import Browser, Page, Request, expect

pytestmark = pytest.mark.browser

ARTICLE = "/articles/everything"
OTHER = "/articles/heron-4-price-cut"


def css(page: Page, selector: str, name: str) -> str:
    return str(page.locator(selector).first.evaluate(f"e => getComputedStyle(e)['{name}']"))


def choose(page: Page, group: str, choice: str) -> None:
    """Choose in the panel, by keyboard alone."""
    summary = page.locator(".comfort summary")
    if not page.locator(".comfort-panel").is_visible():
        summary.focus()
        page.keyboard.press("Enter")
    page.get_by_role("group", name=group).get_by_role("radio", name=choice, exact=True).focus()
    page.keyboard.press("Space")


def has_worker(page: Page) -> None:
    """The worker is at work from the next page on; this one goes on without."""
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")


def until(page: Page, promise: str, arg: str = "") -> None:
    """Wait for what only a promise can tell; the page asks again and again, for ten seconds."""
    page.evaluate(
        f"""async (arg) => {{
            for (let left = 200; !(await ({promise})); left--) {{
                if (!left) throw new Error("it did not happen in time");
                await new Promise((then) => setTimeout(then, 50));
            }}
        }}""",
        arg,
    )


def is_kept(page: Page, path: str) -> None:
    until(page, "caches.match(arg)", path)


def test_what_the_reader_likes_is_kept_and_there_before_the_first_paint(
    page: Page, site: str
) -> None:
    page.goto(site + ARTICLE)
    before = {n: css(page, ".prose", n) for n in ("fontSize", "maxInlineSize", "fontFamily")}
    width = page.locator(".story-main").evaluate("e => e.clientWidth")
    choose(page, "Text size", "Largest")
    choose(page, "Column", "Narrow")
    choose(page, "Typeface", "Sans")
    choose(page, "Theme", "Dark")
    # The page's script is held back: what holds now was applied by the one that blocks.
    page.route("**/js/site.js", lambda route: route.abort())
    page.reload()
    assert float(css(page, ".prose", "fontSize")[:-2]) > float(before["fontSize"][:-2]) * 1.3
    assert css(page, ".prose", "fontFamily") != before["fontFamily"]
    size = float(css(page, ".prose", "fontSize")[:-2])
    narrow = page.locator(".story-main").evaluate("e => e.clientWidth") / size
    assert narrow < width / float(before["fontSize"][:-2])
    assert css(page, "body", "backgroundColor") == "rgb(18, 21, 19)"
    page.unroute("**/js/site.js")
    page.reload()
    bars = "[...document.querySelectorAll('meta[name=theme-color]')].map(bar => bar.content)"
    assert page.evaluate(bars) == ["#121513"] * 2, "the browser's bar follows"
    choose(page, "Theme", "Device")
    assert page.evaluate(bars) == ["#fbfbf8", "#121513"]


@pytest.mark.parametrize("width", [320, 1280])
def test_the_panel_moves_nothing_and_fits(page: Page, site: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 700})
    page.goto(site + ARTICLE)
    top = page.locator("h1").bounding_box()
    page.locator(".comfort summary").click()
    expect(page.locator(".comfort-panel")).to_be_visible()
    assert page.locator("h1").bounding_box() == top
    choose(page, "Text size", "Largest")
    beyond = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(beyond) <= 0
    page.keyboard.press("Escape")
    expect(page.locator(".comfort-panel")).to_be_hidden()
    expect(page.locator(".comfort summary")).to_be_focused()


def test_a_page_shifts_nothing_while_its_script_arrives(page: Page, site: str) -> None:
    page.add_init_script(
        "window.shift = 0; new PerformanceObserver(list => { for (const e of list.getEntries())"
        " window.shift += e.value }).observe({ type: 'layout-shift', buffered: true })"
    )
    for path in ("/", ARTICLE, "/topics/models"):
        page.goto(site + path)
        page.wait_for_load_state("networkidle")
        assert page.evaluate("window.shift") == 0, path


def test_without_script_no_control_is_shown_that_needs_it(chromium: Browser, site: str) -> None:
    with chromium.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(site + ARTICLE)
        for unseen in ("#reader-controls", "#reader-tools"):
            expect(page.locator(unseen)).to_be_hidden()
        page.goto(site + "/saved")
        expect(page.locator("main")).to_contain_text("JavaScript")


def test_j_and_k_go_through_a_listing_and_o_opens(page: Page, site: str) -> None:
    page.goto(site + "/topics/models")
    titles = page.locator(".card-title a")
    page.keyboard.press("j")
    expect(titles.nth(0)).to_be_focused()
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(titles.nth(2)).to_be_focused()
    page.keyboard.press("k")
    expect(titles.nth(1)).to_be_focused()
    paths = titles.evaluate_all("all => all.map(a => a.pathname)")
    page.keyboard.press("o")
    page.wait_for_url("**" + paths[1])
    # The order of the listing leads on.
    page.keyboard.press("j")
    page.wait_for_url("**" + paths[2])
    page.keyboard.press("k")
    page.wait_for_url("**" + paths[1])


def test_j_on_an_article_that_no_listing_led_to_goes_to_the_next_one_on_the_page(
    page: Page, site: str
) -> None:
    page.goto(site + ARTICLE)
    page.evaluate("scrollTo(0, 1500)")
    page.keyboard.press("j")
    expect(page.locator(".after .card-title a").first).to_be_focused()
    assert page.url == site + ARTICLE


def test_single_keys_can_be_switched_off_and_never_get_in_the_way(page: Page, site: str) -> None:
    page.goto(site + "/newsletter")
    field = page.locator("main input[type=email]")
    field.focus()
    page.keyboard.type("jks?o/")
    assert field.input_value() == "jks?o/"
    page.goto(site + "/topics/models")
    for held in ("Control", "Alt", "Meta"):
        page.keyboard.press(f"{held}+j")
    assert page.evaluate("document.activeElement.localName") == "body"
    choose(page, "Single keys", "Off")
    page.reload()
    for key in ("j", "s", "?", "/", "o"):
        page.keyboard.press(key)
    assert page.evaluate("document.activeElement.localName") == "body"
    expect(page.locator("dialog")).to_have_count(0)
    assert page.evaluate("localStorage.getItem('saved')") is None


def test_a_question_mark_shows_the_keys_and_the_panel_does_too(page: Page, site: str) -> None:
    page.goto(site + "/")
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keys")
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    page.locator(".comfort summary").click()
    page.get_by_role("button", name="What the keys do").click()
    expect(dialog).to_be_visible()
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).to_be_hidden()


def test_what_was_saved_and_read_is_marked_listed_and_can_be_forgotten(
    page: Page, site: str
) -> None:
    page.goto(site + OTHER)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("status").last).to_contain_text("Saved on this device")
    assert page.get_by_role("button", name="Saved").get_attribute("aria-pressed") == "true"
    page.goto(site + "/topics/models")
    card = page.locator(".card", has=page.locator(f"a[href='{OTHER}']"))
    expect(card).to_contain_text("Saved")
    expect(card).to_contain_text("Read")
    page.locator(".card-title a").first.focus()
    page.keyboard.press("s")
    page.goto(site + "/saved")
    saved = page.locator("section", has_text="To read later").locator(".card-title")
    expect(saved).to_have_count(2)
    page.get_by_role("button", name="Remove: ").first.click()
    expect(saved).to_have_count(1)
    for _ in range(2):
        page.get_by_role("button", name="Forget them all").first.click()
    expect(page.locator(".shelf .card")).to_have_count(0)
    assert page.evaluate("[localStorage.saved, localStorage.read]") == ["[]", "[]"]


@pytest.mark.parametrize("kept", ["{", "7", '[{"path": "javascript:alert(1)", "title": "x"}, 3]'])
def test_a_damaged_list_is_an_empty_one(page: Page, site: str, kept: str) -> None:
    failed: list[str] = []
    page.on("pageerror", lambda error: failed.append(str(error)))
    page.goto(site + "/saved")
    page.evaluate("kept => localStorage.setItem('saved', kept)", kept)
    page.reload()
    expect(page.locator("main")).to_contain_text("Nothing yet")
    page.goto(site + ARTICLE)
    page.keyboard.press("s")
    page.goto(site + "/saved")
    expect(page.locator(".shelf .card").first).to_be_visible()
    assert failed == []


def test_saved_and_read_briefs_open_without_a_network_and_the_rest_says_so(
    page: Page, site: str
) -> None:
    page.goto(site + "/")
    has_worker(page)
    page.goto(site + ARTICLE)
    is_kept(page, ARTICLE)  # it was read
    page.goto(site + "/topics/models")
    page.keyboard.press("j")
    saved = str(page.evaluate("document.activeElement.pathname"))
    page.keyboard.press("s")  # it was never opened
    is_kept(page, saved)
    page.context.set_offline(True)
    for path in (ARTICLE, saved + "?from=elsewhere"):
        page.goto(site + path)
        expect(page.locator(".prose")).to_be_visible()
        assert css(page, "body", "fontFamily") != "serif"  # with its stylesheet
    for path in ("/", "/topics/models", "/search?q=model", "/articles/bare"):
        page.goto(site + path)
        expect(page.locator("h1")).to_have_text("You are offline")
    page.locator(".shelf a", has_text="lamp room").first.click()
    expect(page.locator("h1")).to_contain_text("lamp room")
    page.goto(site + "/saved")
    expect(page.locator(".shelf .card").first).to_be_visible()


def test_briefs_kept_for_more_than_a_day_are_fetched_anew_and_withdrawn_ones_dropped(
    page: Page, site: str
) -> None:
    page.goto(site + "/")
    page.evaluate(
        """async (paths) => {
            const briefs = paths.map((path) => ({ path, title: path, at: 0 }));
            localStorage.saved = JSON.stringify(briefs);
            const shelf = await caches.open("articles");
            for (const [n, hours] of [25, 23, 25].entries()) {
                const Date = new globalThis.Date(globalThis.Date.now() - hours * 3_600_000);
                await shelf.put(paths[n], new Response("of before", { headers: { Date } }));
            }
        }""",
        [ARTICLE, OTHER, "/articles/withdrawn"],
    )
    page.goto(site + "/saved")
    until(page, "caches.match(arg).then(p => p.text()).then(t => t != 'of before')", ARTICLE)
    until(page, "caches.match('/articles/withdrawn').then(p => !p)")
    until(page, "!localStorage.saved.includes('withdrawn')")
    assert page.evaluate(f"caches.match('{OTHER}').then(p => p.text())") == "of before"


def test_with_a_network_pages_are_never_those_of_before(page: Page, site: str) -> None:
    page.goto(site + "/")
    has_worker(page)
    page.goto(site + ARTICLE)
    is_kept(page, ARTICLE)
    for path in ("/", ARTICLE, "/topics/"):
        response = page.goto(site + path)
        assert response is not None
        assert response.request.redirected_from is None
        assert page.evaluate(
            "performance.getEntriesByType('navigation')[0].responseStart > 0"
            " && performance.getEntriesByType('navigation')[0].transferSize > 0"
        ), path
    held = page.evaluate(
        "caches.keys().then(names => Promise.all(names.map(name => caches.open(name)"
        ".then(c => c.keys()).then(all => all.map(r => new URL(r.url).pathname)))))"
    )
    pages = {path for shelf in held for path in shelf if not path.startswith("/static/")}
    assert pages == {"/saved", "/offline", ARTICLE}


def test_files_of_an_older_look_are_dropped(page: Page, site: str) -> None:
    page.goto(site + "/saved")
    page.evaluate("caches.open('shell-older').then(c => c.put('/x', new Response('')))")
    page.evaluate("caches.open('articles').then(c => c.put('/articles/x', new Response('')))")
    has_worker(page)
    page.evaluate("navigator.serviceWorker.getRegistration().then(r => r.unregister())")
    page.reload()
    until(page, "caches.has('shell-older').then(is => !is)")
    assert page.evaluate("caches.has('articles')")


def test_a_page_that_is_only_made_ready_is_not_read_yet(page: Page, site: str) -> None:
    page.add_init_script(
        "let ready = true; Object.defineProperty(document, 'prerendering', { get: () => ready });"
        "window.activate = () => { ready = false;"
        " document.dispatchEvent(new Event('prerenderingchange')) }"
    )
    page.goto(site + ARTICLE)
    assert page.evaluate("localStorage.read") is None
    page.evaluate("window.activate()")
    assert ARTICLE in page.evaluate("localStorage.read")


def test_no_more_than_the_last_thirty_that_were_read_are_kept(page: Page, site: str) -> None:
    page.goto(site + "/")
    page.evaluate(
        "localStorage.read = JSON.stringify([...Array(40).keys()].map(n => "
        "({ path: `/articles/no-${n}`, title: `No ${n}`, at: 0 })));"
        "caches.open('articles').then(c => Promise.all([...Array(40).keys()].map(n =>"
        " c.put(`/articles/no-${n}`, new Response('', { headers: { Date: new Date() } })))))"
    )
    page.goto(site + ARTICLE)
    is_kept(page, ARTICLE)
    until(page, "caches.open('articles').then(c => c.keys()).then(all => all.length <= 30)")
    held = page.evaluate(
        "caches.open('articles').then(c => c.keys()).then(all => all.map(r => r.url))"
    )
    assert len(held) == 30
    assert not [url for url in held if url.endswith("/no-29")]


def test_a_link_to_a_section_is_copied_and_followed(page: Page, site: str) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(site + ARTICLE)
    page.locator("#the-catch .permalink").click()
    expect(page.get_by_role("status").last).to_contain_text("copied")
    address = page.evaluate("navigator.clipboard.readText()")
    assert address == page.url == f"{site}{ARTICLE}#the-catch"
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_role("status").last).to_have_text("Link copied")
    assert page.evaluate("navigator.clipboard.readText()") == site + ARTICLE


def test_where_the_browser_has_a_sheet_to_share_by_it_is_used(page: Page, site: str) -> None:
    page.add_init_script("navigator.share = async (what) => { window.shared = what }")
    page.goto(site + ARTICLE)
    page.get_by_role("button", name="Share").click()
    shared = page.evaluate("window.shared")
    assert shared["url"] == site + ARTICLE
    assert "lamp room" in shared["title"]


def test_progress_is_shown_unless_motion_is_unwelcome(chromium: Browser, site: str) -> None:
    for setting, names in (("no-preference", "progress"), ("reduce", "none")):
        with chromium.new_context(reduced_motion=setting) as context:
            page = context.new_page()
            page.goto(site + ARTICLE)
            found = page.evaluate(
                "getComputedStyle(document.querySelector('.story'), '::after').animationName"
            )
            assert found == names


@pytest.mark.parametrize("path", ["/", ARTICLE, "/search?q=model"])
def test_a_first_visit_is_five_requests_and_thirty_kilobytes(
    page: Page, site: str, path: str
) -> None:
    asked: list[Request] = []
    page.on("request", lambda request: asked.append(request))
    page.goto(site + path)
    page.wait_for_load_state("load")
    own = [r for r in asked if "/images/" not in r.url and not r.url.endswith("/sw.js")]
    assert len(own) <= 5, [r.url for r in own]
    responses = [r.response() for r in own]
    sizes = {r.url: len(gzip.compress(r.body(), 9)) for r in responses if r}
    assert sum(sizes.values()) <= 30_000, sizes
    for url, size in sizes.items():
        limits = {".css": 12_000, "theme.js": 1_000, "site.js": 10_000}
        assert all(size <= limit for end, limit in limits.items() if url.endswith(end)), url
