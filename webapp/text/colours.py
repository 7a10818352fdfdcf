"""Colours by their contrast: shades of one colour that stay readable on given backgrounds.

Contrast and luminance are those of WCAG 2.2; lightness is that of Oklab (Björn Ottosson,
"A perceptual color space for image processing", 2020), so that a shade keeps its hue.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

Rgb = tuple[float, float, float]
STEP = 0.005  # of lightness; finer than an eye tells apart


def is_colour(text: str) -> bool:
    """Whether the text is a colour as in #0b5f47."""
    return bool(re.fullmatch(r"#[0-9a-fA-F]{6}", text))


def contrast(one: str, other: str) -> float:
    """Give the contrast ratio of two colours, 1 to 21 (WCAG 2.2, "contrast ratio")."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    """Give the relative luminance, 0 for black to 1 for white (WCAG 2.2)."""
    red, green, blue = _linear(colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def darker(colour: str, backgrounds: Iterable[str], ratio: float) -> str:
    """Give the colour, or its lightest shade below that has this contrast to all backgrounds."""
    return _shade(colour, tuple(backgrounds), ratio, -STEP)


def lighter(colour: str, backgrounds: Iterable[str], ratio: float) -> str:
    """Give the colour, or its darkest tint above that has this contrast to all backgrounds."""
    return _shade(colour, tuple(backgrounds), ratio, STEP)


def ink_on(colour: str, *, dark: str = "#000000", light: str = "#ffffff") -> str:
    """Give that one of two inks which reads better on the colour."""
    return max(dark, light, key=lambda ink: contrast(ink, colour))


def _shade(colour: str, backgrounds: tuple[str, ...], ratio: float, step: float) -> str:
    lightness, chroma, hue = _oklch(colour)
    shade = colour.lower()
    while any(contrast(shade, background) < ratio for background in backgrounds):
        lightness += step
        if not 0 < lightness < 1:
            return "#000000" if step < 0 else "#ffffff"
        shade = _from_oklch(lightness, chroma, hue)
    return shade


def _linear(colour: str) -> Rgb:
    red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return _decoded(red), _decoded(green), _decoded(blue)


def _decoded(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


def _encoded(value: float) -> float:
    return 12.92 * value if value <= 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055


def _oklch(colour: str) -> Rgb:
    r, g, b = _linear(colour)
    long = math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b)
    middle = math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b)
    short = math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b)
    lightness = 0.2104542553 * long + 0.7936177850 * middle - 0.0040720468 * short
    a = 1.9779984951 * long - 2.4285922050 * middle + 0.4505937099 * short
    b = 0.0259040371 * long + 0.7827717662 * middle - 0.8086757660 * short
    return lightness, math.hypot(a, b), math.atan2(b, a)


def _from_oklch(lightness: float, chroma: float, hue: float) -> str:
    """Give the colour; one that no screen shows loses chroma until one does."""
    while True:
        linear = _rgb(lightness, chroma * math.cos(hue), chroma * math.sin(hue))
        if chroma < 0.001 or all(-0.0001 <= value <= 1.0001 for value in linear):
            break
        chroma *= 0.96
    parts = (round(255 * _encoded(min(1.0, max(0.0, value)))) for value in linear)
    return "#" + "".join(f"{part:02x}" for part in parts)


def _rgb(lightness: float, a: float, b: float) -> Rgb:
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    middle = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        4.0767416621 * long - 3.3077115913 * middle + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * middle - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * middle + 1.7076147010 * short,
    )
