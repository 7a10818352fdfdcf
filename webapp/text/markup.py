"""From what was written to what may be shown: Markdown or HTML in, sanitised HTML out."""

from __future__ import annotations

import re
from html import unescape

import nh3
from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from mdit_py_plugins.footnote import footnote_plugin

BLOCK_TAGS = frozenset(
    "address article aside blockquote details div dl fieldset figure footer form h1 h2 h3 h4 h5 h6"
    " header hr main nav ol p pre section table ul".split()
)
WRAPPER_TAGS = frozenset(
    "address article aside body div fieldset footer form header main nav section".split()
)
INLINE_TAGS = frozenset(
    "a abbr b bdi bdo br cite code del dfn em i img ins kbd mark q s samp small strong sub sup"
    " time u var wbr".split()
)
INNER_TAGS = frozenset(
    "caption col colgroup dd dt figcaption li summary tbody td tfoot th thead tr".split()
)
ATTRIBUTES = {
    "a": {"href", "title", "id", "class"},
    "abbr": {"title"},
    "bdo": {"dir"},
    "blockquote": {"class"},
    "del": {"datetime"},
    "hr": {"class"},
    "img": {"src", "alt", "width", "height"},
    "ins": {"datetime"},
    "li": {"id", "class", "value"},
    "ol": {"class", "start", "reversed"},
    "p": {"dir", "lang"},
    "q": {"cite"},
    "strong": {"class"},
    "sup": {"class"},
    "td": {"class", "colspan", "rowspan"},
    "th": {"class", "colspan", "rowspan", "scope"},
    "time": {"datetime"},
    "*": {"lang", "dir"},
}
UNSEEN_TAGS = frozenset("iframe math noscript object script style svg template".split())
OWN_CLASSES = frozenset(
    "label pull footnotes footnotes-list footnotes-sep footnote-item footnote-ref"
    " footnote-backref to-center to-right".split()
)

NESTING = 60  # deeper than any text; the readers of HTML after us recurse, or give up and drop text


def _align_by_class(state: StateCore) -> None:
    """Say by a class how a column of a table is aligned: pages hold no inline style."""
    for token in state.tokens:
        style = str(token.attrs.pop("style", "")) if token.type in ("td_open", "th_open") else ""
        if style in ("text-align:right", "text-align:center"):
            token.attrs["class"] = f"to-{style.removeprefix('text-align:')}"


_markdown = (
    MarkdownIt("commonmark", {"html": True, "typographer": True, "maxNesting": NESTING})
    .enable(["table", "strikethrough", "smartquotes", "replacements"])
    .use(footnote_plugin)
)
_markdown.core.ruler.push("align_by_class", _align_by_class)


def _keep(_tag: str, attribute: str, value: str) -> str | None:
    """Keep ids and classes of our own only: any other could collide with those of the page."""
    if attribute == "id":
        return value if re.fullmatch(r"fn(ref)?[0-9]{1,4}(:[0-9]{1,4})?", value) else None
    if attribute == "class":
        return " ".join(name for name in value.split() if name in OWN_CLASSES) or None
    return value


_cleaner = nh3.Cleaner(
    tags=set(BLOCK_TAGS | INLINE_TAGS | INNER_TAGS),
    clean_content_tags={
        "script",
        "style",
        "template",
        "noscript",
        "iframe",
        "object",
        "svg",
        "math",
    },
    attributes=ATTRIBUTES,
    attribute_filter=_keep,
    url_schemes={"http", "https", "mailto"},
    link_rel="noopener",
)


def sanitise(html: str) -> str:
    """Give HTML with nothing in it but text structure: no script, style, frame, form or event."""
    cleaned = _UNWANTED.sub("", _cleaner.clean(html))
    return _flattened(cleaned) if cleaned.count("</") > NESTING else cleaned


# What no XML may hold, and so no reader of HTML that is built on one, nor any feed.
_UNWANTED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_CLEAN_TAG = re.compile(r"""<(/?)([a-z][a-z0-9]*)(?:[^>"]|"[^"]*")*>""")
_VOID = frozenset("br col hr img wbr".split())


def _flattened(html: str) -> str:
    """Leave out the tags, and only the tags, that are nested too deep in well-formed HTML."""
    depth = 0

    def kept(tag: re.Match[str]) -> str:
        nonlocal depth
        if tag[2] in _VOID:
            return tag[0]
        depth -= bool(tag[1])
        is_kept = depth < NESTING
        depth += not tag[1]
        return tag[0] if is_kept else ""

    return _CLEAN_TAG.sub(kept, html)


def render(body: str, body_format: str) -> str:
    """Give sanitised HTML of a body in "markdown" (CommonMark, tables, footnotes) or "html"."""
    return sanitise(_markdown.render(body) if body_format == "markdown" else body)


_KNOWN = "|".join(sorted(BLOCK_TAGS | INLINE_TAGS | INNER_TAGS | {"font", "span"}))
_TAG = re.compile(
    rf"<({'|'.join(sorted(UNSEEN_TAGS))})\b[^<>]*>.*?</\1>|</?({_KNOWN})(\s[^<>]*)?/?>",
    re.IGNORECASE | re.DOTALL,
)


def plain_line(text: str) -> str:
    """Give one line of plain text: tags of HTML taken out, entities read, white space folded.

    Only what is a tag is taken out: angle brackets around other words are part of the text.
    """
    if "<" in text:
        text = _TAG.sub("", text)
    if "&" in text:
        text = unescape(text)
    return printable_line(text)


def printable_line(text: str) -> str:
    """Give one line without what cannot be printed, white space folded."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
