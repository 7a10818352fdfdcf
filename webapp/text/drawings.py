"""SVG made safe: shapes, paint and text stay; what runs, loads or embeds is left out."""

from __future__ import annotations

import re

from lxml import etree

SVG = "http://www.w3.org/2000/svg"
XLINK = "{http://www.w3.org/1999/xlink}href"
TAGS = frozenset(
    "svg g defs symbol use title desc path rect circle ellipse line polyline polygon text tspan"
    " linearGradient radialGradient stop clipPath mask pattern".split()
)
ATTRIBUTES = frozenset(
    "id class viewBox preserveAspectRatio width height x y x1 y1 x2 y2 dx dy cx cy r rx ry fx fy d"
    " points transform fill fill-opacity fill-rule stroke stroke-width stroke-linecap"
    " stroke-linejoin stroke-miterlimit stroke-dasharray stroke-dashoffset stroke-opacity opacity"
    " clip-path clip-rule mask color offset stop-color stop-opacity gradientUnits"
    " gradientTransform spreadMethod patternUnits patternTransform clipPathUnits maskUnits"
    " font-family font-size font-weight font-style letter-spacing text-anchor".split()
)
_OUTSIDE = re.compile(r"url\(\s*['\"]?(?!#)|javascript:|data:|\\", re.IGNORECASE)


class DrawingUnreadable(ValueError):
    """The file is no SVG that we can show; the message says why."""


def clean_svg(content: bytes) -> tuple[bytes, float, float]:
    """Give the drawing without anything that is no drawing, and its width and height.

    Entities that it declares are left out, too. Raises DrawingUnreadable for what is not SVG
    or has no size.
    """
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as problem:
        raise DrawingUnreadable("it is no well-formed SVG") from problem
    if root.tag != f"{{{SVG}}}svg":
        raise DrawingUnreadable("its outermost element is not svg")
    width, height = _size(root)
    _clean(root)
    root.set("viewBox", root.get("viewBox") or f"0 0 {width:g} {height:g}")
    return etree.tostring(root, encoding="utf-8"), width, height


def _size(root: etree._Element) -> tuple[float, float]:
    numbers = re.findall(r"-?[\d.]+(?:e-?\d+)?", root.get("viewBox", ""))
    if len(numbers) != 4:
        numbers = ["0", "0", *(_pixels(root.get(name, "")) for name in ("width", "height"))]
    try:
        width, height = float(numbers[2]), float(numbers[3])
    except ValueError:
        width = height = 0.0
    if not (0 < width < 1e6 and 0 < height < 1e6):
        raise DrawingUnreadable("it has neither a viewBox nor width and height")
    return width, height


def _pixels(text: str) -> str:
    return text.strip().removesuffix("px") or "0"


def _clean(element: etree._Element) -> None:
    for child in list(element):
        is_element = isinstance(child.tag, str)  # and no reference to an entity
        if not is_element or child.tag.removeprefix(f"{{{SVG}}}") not in TAGS:
            element.remove(child)
        else:
            _clean(child)
    for name, value in list(element.attrib.items()):
        is_inner = name in ("href", XLINK) and str(value).startswith("#")
        if not is_inner and (name not in ATTRIBUTES or _OUTSIDE.search(str(value))):
            del element.attrib[name]
