"""A text as it is read elsewhere: with whole addresses, as XHTML, Markdown, plain text."""

from __future__ import annotations

import re
from html import escape

from lxml import etree
from lxml import html as lxml_html
from lxml.etree import _Element as Element
from markdownify import MarkdownConverter

_VOID = frozenset("br col hr img wbr".split())


def with_whole_addresses(html: str, address: str) -> str:
    """Give sanitised HTML with every link and picture named whole, as seen from that address."""
    root = _parsed(html)
    root.make_links_absolute(address, resolve_base_href=False, handle_failures="ignore")
    return _serialised(root, "html")


def as_xhtml(html: str) -> str:
    """Give sanitised HTML as XML that can stand in a document of another kind."""
    root = _parsed(html)
    for element in root.iter():
        # <p/> would be an open paragraph to whoever reads it as HTML.
        if element.text is None and element.tag not in _VOID:
            element.text = ""
    return _serialised(root, "xml")


def _parsed(html: str) -> lxml_html.HtmlElement:
    return lxml_html.fragment_fromstring(html, create_parent="div")


def _serialised(root: Element, method: str) -> str:
    parts = [etree.tostring(each, encoding="unicode", method=method) for each in root]
    return escape(root.text or "", quote=False) + "".join(parts)


def escape_markdown(text: str) -> str:
    """Give one line of plain text so that Markdown shows it as it is."""
    return re.sub(r"([\\`*_<\[\]])", r"\\\1", text)


class _Converter(MarkdownConverter):
    def escape(self, text: str, parent_tags: set[str]) -> str:
        """Keep what looks like markup from being taken for it."""
        escaped = escape_markdown(text)
        return escaped.replace("|", "\\|") if parent_tags & {"td", "th"} else escaped


def as_markdown(html: str) -> str:
    """Give sanitised HTML as Markdown (CommonMark, with the tables of GitHub's)."""
    converter = _Converter(heading_style="atx", bullets="-", newline_style="backslash")
    markdown = str(converter.convert(html))
    return re.sub(r"\n{3,}", "\n\n", markdown).strip()


class _PlainConverter(MarkdownConverter):
    def escape(self, text: str, *_: object, **_named: object) -> str:
        """Keep every sign: nobody reads it as markup."""
        return text

    def convert_a(self, el: Element, text: str, **_: object) -> str:
        """Give the words of a link, and its address where it is another."""
        address = str(el.get("href") or "")
        return f"{text} ({address})" if address.startswith("http") and address != text else text

    def convert_img(self, el: Element, _text: str, **_: object) -> str:
        """Give the words that stand for a picture."""
        return str(el.get("alt") or "")

    def convert_strong(self, _el: Element, text: str, **_: object) -> str:
        """Give the words alone."""
        return text

    convert_b = convert_em = convert_i = convert_code = convert_strong


def as_text(html: str) -> str:
    """Give sanitised HTML as plain text, with the addresses of its links behind their words."""
    converter = _PlainConverter(heading_style="underlined", bullets="-", newline_style="spaces")
    return re.sub(r"\n{3,}", "\n\n", re.sub(r" +\n", "\n", converter.convert(html))).strip()
