"""A text's labelled sections: where each begins, its label, anchor, HTML and plain text.

A section begins at a heading, or at a paragraph that opens with a short label and a
colon, bold ("**Why this matters:** …") or plain ("The big picture: …"). A plain label
counts only where the text has two or more: one colon alone is just a sentence.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from lxml import html as lxml_html
from lxml.etree import _Element as Element

from webapp.text.markup import BLOCK_TAGS, INNER_TAGS, WRAPPER_TAGS, sanitise
from webapp.text.slugs import make_slug

HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
SAYING = HEADINGS | {"p"}
LABEL_WORDS = 6
LABEL_LENGTH = 60
# The ids that an article's page needs for itself.
PAGE_IDS = frozenset({"corrections", "main", "more-on-this", "recent-news", "topics-label"})
PAGE_ID_STARTS = ("join-", "reader-", "search-")
# Words that introduce what somebody said: "Mr Quay added: …" is no label.
SPEECH = frozenset(
    "add added adds admitted announced argued argues ask asked asks claimed concluded continued"
    " declared explained explains insisted joked noted quoted read reads replied reported say"
    " saying says said stated states tell telling tells think thinks thought told tweeted warned"
    " warns wrote writes".split()
)
QUOTES = frozenset("\"“”‘’'«»„")
_PLAIN_LABEL = re.compile(r"\s*([^\W\d_][^:.!?;\n]*?)\s*:(\s+|\Z)")
_NOTE_ID = re.compile(r"fn(ref)?[0-9]+")


@dataclass(frozen=True, slots=True)
class SectionText:
    """A part of a text; the lead, before the first label, has neither label nor anchor."""

    label: str
    anchor: str
    html: str
    text: str


def split_sections(html: str) -> list[SectionText]:
    """Split sanitised HTML into its sections, in order; the lead first, when there is one."""
    root = lxml_html.fragment_fromstring(html, create_parent="div")
    blocks = list(_blocks(root))
    plain = [_plain_label(block) for block in blocks]
    has_plain_labels = sum(label is not None for label in plain) >= 2
    groups: list[tuple[str, list[Element]]] = [("", [])]
    for block, candidate in zip(blocks, plain, strict=True):
        label = _heading(block) or _bold_label(block)
        if label is None and has_plain_labels and candidate:
            label = _set_plain_label(block, candidate)
        if label:
            groups.append((label, []))
        groups[-1][1].append(block)
    anchors = _anchors([label for label, _ in groups])
    _mend_links(blocks, set(anchors))
    return [
        _section(label, anchor, group)
        for (label, group), anchor in zip(groups, anchors, strict=True)
        if group
    ]


def _anchors(labels: list[str]) -> list[str]:
    taken: set[str] = set()
    return [_anchor(label, taken) if label else "" for label in labels]


def _mend_links(blocks: list[Element], anchors: set[str]) -> None:
    """Leave each id once, and no link to a place that the text does not have."""
    ids = set(anchors)
    elements = [element for block in blocks for element in block.iter()]
    for element in elements:
        own = element.get("id")
        if own is not None and own in ids:
            del element.attrib["id"]
        elif own is not None:
            ids.add(own)
    for element in elements:
        target = element.get("href", "")
        if target.startswith("#") and target[1:] not in ids:
            del element.attrib["href"]


def _section(label: str, anchor: str, group: list[Element]) -> SectionText:
    # What leaves is what was sanitised last: lxml's reading of HTML is not a browser's.
    html = sanitise("".join(_serialise(block) for block in group))
    text = "\n".join(filter(None, (_text(block) for block in group)))
    if label:
        text = text[len(label) :].lstrip(" :\n") if text.startswith(label) else text
    return SectionText(label=label, anchor=anchor, html=html, text=text)


def _anchor(label: str, taken: set[str]) -> str:
    """Give an id that no other section has, nor the page for itself."""
    slug = make_slug(label, 60)
    if slug in PAGE_IDS or slug.startswith(PAGE_ID_STARTS) or _NOTE_ID.fullmatch(slug):
        slug = f"section-{slug}"
    anchor, number = slug, 1
    while anchor in taken:
        number += 1
        anchor = f"{slug}-{number}"
    taken.add(anchor)
    return anchor


def _blocks(parent: Element) -> Iterator[Element]:
    """Yield the blocks of a text: wrappers opened, loose text put into paragraphs."""
    loose: list[Element | str] = [parent.text or ""]
    for child in list(parent):
        tail, child.tail = child.tail or "", None
        if child.tag in BLOCK_TAGS:
            yield from _paragraph(loose)
            loose = []
            if child.tag in WRAPPER_TAGS:
                yield from _blocks(child)
            elif child.tag not in SAYING or _says_something(child):
                yield _mended(child)
        else:
            loose.append(child)
        loose.append(tail)
    yield from _paragraph(loose)


def _says_something(element: Element) -> bool:
    return bool(_text(element)) or element.find(".//img") is not None


def _paragraph(loose: Iterable[Element | str]) -> Iterator[Element]:
    paragraph: Element = lxml_html.Element("p")
    for part in loose:
        if not isinstance(part, str):
            paragraph.append(part)
        elif len(paragraph):
            paragraph[-1].tail = (paragraph[-1].tail or "") + part
        else:
            paragraph.text = (paragraph.text or "") + part
    if _says_something(paragraph):
        yield _mended(paragraph)


def _mended(block: Element) -> Element:
    """Leave the page its h1 and its parts, and make a picture on another host a link to it."""
    for element in block.iter():
        if element.tag == "h1":
            element.tag = "h2"
        elif element.tag in WRAPPER_TAGS:
            element.tag = "div"
        elif element.tag == "th" and not _text(element):
            element.tag = "td"  # the corner of a table heads nothing
    for image in list(block.iter("img")):
        source = image.get("src", "")
        if not re.fullmatch(r"/images/[0-9a-f]{32}\.webp", source):
            _replace_by_link(image, source)
    return block


def _replace_by_link(image: Element, source: str) -> None:
    # A picture that is a link already leads where it led.
    is_link = any(above.tag == "a" for above in image.iterancestors())
    is_address = source.startswith(("http://", "https://")) and not is_link
    link = lxml_html.Element("a" if is_address else "span")
    link.text = image.get("alt") or "Picture"
    link.tail = image.tail
    if link.tag == "a":
        link.set("href", source)
    parent = image.getparent()
    if parent is not None:
        parent.replace(image, link)


def _heading(block: Element) -> str | None:
    if block.tag not in HEADINGS:
        return None
    return _text(block)[:200].rstrip(" :") or None


def _bold_label(block: Element) -> str | None:
    """Find a label in bold that opens a paragraph, mark it and give it without its colon."""
    if block.tag != "p" or (block.text or "").strip() or not len(block):
        return None
    bold = block[0]
    if bold.tag not in ("strong", "b"):
        return None
    text, tail = _text(bold), (bold.tail or "").lstrip()
    if not text.endswith(":") and not tail.startswith(":"):
        return None
    label = text.rstrip(" :")
    if not label or len(label) > LABEL_LENGTH or not any(c.isalpha() for c in label):
        return None
    _mark(block, bold, label, tail.removeprefix(":").lstrip())
    return label


def _mark(block: Element, bold: Element, label: str, tail: str) -> None:
    mark = lxml_html.Element("strong")
    mark.set("class", "label")
    mark.text = f"{label}:"
    mark.tail = f" {tail}" if tail or len(block) > 1 else ""
    block.text = None
    bold.tail = None
    block.replace(bold, mark)


def _plain_label(block: Element) -> str | None:
    if block.tag != "p":
        return None
    found = _PLAIN_LABEL.match(block.text or "")
    if not found:
        return None
    label = " ".join(found[1].split())
    words = label.split()
    if not label[0].isupper() or len(label) > LABEL_LENGTH or len(words) > LABEL_WORDS:
        return None
    is_name = all(word[0].isupper() for word in words)
    is_quoted = (block.text or "")[found.end() :][:1] in QUOTES
    introduces = words[-1].casefold() in SPEECH or (is_name and is_quoted)
    return None if introduces else label


def _set_plain_label(block: Element, label: str) -> str:
    found = _PLAIN_LABEL.match(block.text or "")
    rest = (block.text or "")[found.end() :] if found else ""
    mark = lxml_html.Element("strong")
    mark.set("class", "label")
    mark.text = f"{label}:"
    mark.tail = f" {rest}" if rest or len(block) else ""
    block.text = None
    block.insert(0, mark)
    return label


def _serialise(block: Element) -> str:
    return str(lxml_html.tostring(block, encoding="unicode"))


def _text(element: Element) -> str:
    """Give the text of an element, a line for each block in it, white space folded."""
    parts: list[str] = []
    _gather(element, parts)
    lines = (" ".join(line.split()) for line in "".join(parts).split("\n"))
    return "\n".join(filter(None, lines))


def _gather(element: Element, parts: list[str]) -> None:
    is_block = element.tag in BLOCK_TAGS or element.tag in INNER_TAGS or element.tag == "br"
    if is_block:
        parts.append("\n")
    # A line break within running text is white space; only blocks begin a line.
    parts.append((element.text or "").replace("\n", " "))
    for child in element:
        _gather(child, parts)
        parts.append((child.tail or "").replace("\n", " "))
    if is_block:
        parts.append("\n")
