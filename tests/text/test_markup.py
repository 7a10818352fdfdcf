"""What may be shown of what was written."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webapp.text.markup import BLOCK_TAGS, INLINE_TAGS, INNER_TAGS, plain_line, render, sanitise

ALLOWED = BLOCK_TAGS | INLINE_TAGS | INNER_TAGS
HOSTILE = [
    "<script>alert(1)</script>",
    "<SCRIPT SRC=//evil.example.com/x.js></SCRIPT>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)><script>alert(1)</script></svg>",
    "<a href='javascript:alert(1)'>press</a>",
    "<a href=' java\tscript:alert(1)'>press</a>",
    "<a href='data:text/html,<script>alert(1)</script>'>press</a>",
    "<iframe src='https://evil.example.com'></iframe>",
    "<object data=x></object><embed src=x>",
    "<form action='https://evil.example.com'><input name=password></form>",
    "<p style='position:fixed'>over all</p>",
    "<style>body{display:none}</style>",
    "<math><mtext><style><img src=x onerror=alert(1)></style></mtext></math>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'></noscript>",
    "<p id='search' class='lead' onclick=alert(1)>x</p>",
    "<base href='https://evil.example.com/'><meta http-equiv=refresh content=0>",
    "<template><img src=x onerror=alert(1)></template>",
    "<!-- --!><script>alert(1)</script>",
    "<a name=x href=vbscript:x>press</a>",
    "<video src=x onerror=alert(1)><source onerror=alert(1)></video>",
]
pieces = st.lists(
    st.one_of(
        st.sampled_from(HOSTILE),
        st.text(max_size=20),
        st.sampled_from(
            ["<p>", "</p>", "<b>", "<li>", "<table>", "<td>", "\"'>", "<", "&lt;", "<!--"]
        ),
    ),
    max_size=12,
).map("".join)


def assert_harmless(html: str) -> None:
    tags = re.findall(r"<(/?)([a-zA-Z!?][^\s/>]*)((?:[^>\"]|\"[^\"]*\")*)>", html)
    for _, name, attributes in tags:
        assert name in ALLOWED
        for attribute in re.findall(r"([^\s=\"]+)=\"", attributes):
            assert not attribute.startswith("on")
            assert attribute != "style"
        for address in re.findall(r"(?:href|src|cite)=\"([^\"]*)\"", attributes):
            scheme = re.match(r"\s*([a-z][a-z0-9+.\s-]*):", address, re.IGNORECASE)
            assert scheme is None or scheme[1].lower() in ("http", "https", "mailto")


@pytest.mark.parametrize("html", HOSTILE)
@pytest.mark.parametrize("body_format", ["html", "markdown"])
def test_nothing_that_acts_gets_through(html: str, body_format: str) -> None:
    clean = render(f"before\n\n{html}\n\nafter", body_format)
    assert_harmless(clean)
    for word in ("alert", "evil.example.com", "display:none", "position"):
        assert word not in re.sub(r"&lt;.*?&gt;", "", clean)


@settings(deadline=None)
@given(pieces)
def test_whatever_is_written_comes_out_harmless(html: str) -> None:
    assert_harmless(sanitise(html))
    assert_harmless(render(html, "markdown"))


@settings(deadline=None)
@given(pieces)
def test_what_is_clean_stays_harmless_and_whole_when_it_is_read_again(html: str) -> None:
    clean = sanitise(html)
    again = sanitise(clean)
    assert_harmless(again)
    # Cells and items that stand astray may move; what they say may not go.
    first, second = (sorted(re.sub(r"<[^>]*>|\s", "", text)) for text in (clean, again))
    assert first == second


@pytest.mark.parametrize(
    "html",
    [
        "<p>One <em>soft</em> <strong>loud</strong> <code>word</code>.</p>",
        "<ul><li>One</li><li>Two</li></ul>",
        "<blockquote><p>Said so.</p></blockquote>",
        '<table><tbody><tr><td colspan="2">Cell</td></tr></tbody></table>',
        '<p lang="pt" dir="ltr">Bom dia</p>',
        '<ol start="3"><li value="7">Seven</li></ol>',
        "<h2>A heading</h2><pre><code>x = 1</code></pre>",
    ],
)
def test_the_structure_of_a_text_stays(html: str) -> None:
    assert sanitise(html) == html


def test_links_tell_the_other_site_nothing_of_our_window() -> None:
    assert sanitise('<a href="https://harbour.example.org/">x</a>') == (
        '<a href="https://harbour.example.org/" rel="noopener">x</a>'
    )


def test_ids_and_classes_of_others_are_taken_out_and_those_of_notes_stay() -> None:
    clean = render("A claim.[^1]\n\n[^1]: Its proof.\n", "markdown")
    assert 'id="fn1"' in clean
    assert 'href="#fn1"' in clean
    assert 'class="footnotes"' in clean or "footnotes-list" in clean
    stranger = sanitise('<p id="q" class="lead">x</p><a id="main" class="card footnote-ref">y</a>')
    assert "lead" not in stranger
    assert "card" not in stranger
    assert "id=" not in stranger
    assert 'class="footnote-ref"' in stranger


def test_a_quote_can_be_set_as_a_pull_quote() -> None:
    written = '<blockquote class="pull wide">Nobody passed.</blockquote>\n'
    assert render(written, "markdown") == written.replace(" wide", "")


@pytest.mark.parametrize("tag", ["div", "b", "blockquote", "ul><li", "table><tr><td"])
def test_five_thousand_nested_tags_lose_no_text(tag: str) -> None:
    clean = sanitise(f"before {f'<{tag}>' * 5000} the deepest words {'</b>' * 5000} after")
    assert "before" in clean
    assert "the deepest words" in clean
    assert "after" in clean
    depth = deepest = 0
    for closing, name in re.findall(r"<(/?)([a-z]+)", clean):
        assert name in ALLOWED
        depth += -1 if closing else 1
        deepest = max(deepest, depth)
    assert depth == 0
    assert deepest < 100


def test_tags_after_a_place_that_is_nested_too_deep_are_kept() -> None:
    clean = sanitise(
        "<div>" * 90 + '<img src="/images/a.webp"><br>' + "</div>" * 90 + "<p>Then.</p>"
    )
    assert '<img src="/images/a.webp">' in clean
    assert clean.endswith("<p>Then.</p>")


def test_quotes_within_quotes_of_markdown_lose_no_text() -> None:
    assert "the deepest words" in render("> " * 40 + "the deepest words", "markdown")


def test_markdown_gets_typographic_quotes_tables_and_strikethrough() -> None:
    assert "“Yes”" in render('She said "Yes".', "markdown")
    assert "<td>1</td>" in render("| a |\n|---|\n| 1 |\n", "markdown")
    assert "<s>old</s>" in render("~~old~~", "markdown")


def test_html_keeps_the_signs_that_markdown_would_read() -> None:
    assert render("<p>2 * 3 * 4 and **x**</p>", "html") == "<p>2 * 3 * 4 and **x**</p>"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("Plain", "Plain"),
        ("  two\n lines\t", "two lines"),
        ("<b>Bold</b> claim", "Bold claim"),
        ("Salt &amp; water &lt;now&gt;", "Salt & water <now>"),
        ("one&nbsp;two", "one two"),
        ("3 < 4 & 5 > 2", "3 < 4 & 5 > 2"),
        ("a<script>alert(1)</script>b", "ab"),
        ("Is x<y?", "Is x<y?"),
        ("if a<b then c", "if a<b then c"),
        ("the <Enter> key", "the <Enter> key"),
        ("&amp;lt;b&amp;gt;", "&lt;b&gt;"),
        ("bell\x07 and \u202eturned", "bell and turned"),
        ("", ""),
    ],
)
def test_a_plain_line_has_no_markup_entities_or_control_characters(text: str, line: str) -> None:
    assert plain_line(text) == line


@settings(deadline=None)
@given(st.text())
def test_a_plain_line_is_one_printable_line(text: str) -> None:
    line = plain_line(text)
    assert line.isprintable()
    assert line == " ".join(line.split())


def test_control_characters_are_taken_out_however_they_are_written() -> None:
    assert sanitise("<p>ring\x1bing&#x1b;\ufffe\tbell\n</p>") == "<p>ringing\tbell\n</p>"


def test_the_columns_of_a_table_are_aligned_by_class() -> None:
    html = render("| a | b | c |\n|---|--:|:-:|\n| 1 | 2 | 3 |\n", "markdown")
    assert '<td class="to-right">2</td>' in html
    assert '<th class="to-center">c</th>' in html
    assert "<td>1</td>" in html
    assert "style" not in html
