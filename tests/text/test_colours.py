"""Shades of any colour that can be read on what they stand on."""

from __future__ import annotations

import colorsys

import pytest

from webapp.text.colours import contrast, darker, ink_on, is_colour, lighter, luminance


def every_kind_of_colour() -> list[str]:
    """Colours of 36 hues, 4 lightnesses and 3 saturations, and all greys in steps."""
    hues = [
        colorsys.hls_to_rgb(hue / 36, lightness, saturation)
        for hue in range(36)
        for lightness in (0.1, 0.35, 0.6, 0.9)
        for saturation in (0.2, 0.6, 1.0)
    ]
    greys = [(grey / 16, grey / 16, grey / 16) for grey in range(17)]
    return ["#" + "".join(f"{round(255 * part):02x}" for part in c) for c in (*hues, *greys)]


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    # Greys that are often quoted as just passing AA and AAA on white.
    [("#000000", "#ffffff", 21.0), ("#767676", "#ffffff", 4.54), ("#595959", "#ffffff", 7.0)],
)
def test_contrast_is_that_of_wcag(one: str, other: str, ratio: float) -> None:
    assert contrast(one, other) == pytest.approx(ratio, abs=0.05)
    assert contrast(other, one) == contrast(one, other)


@pytest.mark.parametrize("ratio", [4.5, 7.0])
def test_a_shade_of_any_colour_reads_well_on_light_and_on_dark(ratio: float) -> None:
    light, dark = ("#fbfbf8", "#f0f2ec"), ("#121513", "#1a1f1c")
    for colour in every_kind_of_colour():
        below, above = darker(colour, light, ratio), lighter(colour, dark, ratio)
        assert all(contrast(below, background) >= ratio for background in light), colour
        assert all(contrast(above, background) >= ratio for background in dark), colour


def test_a_colour_that_reads_well_stays_as_it_is() -> None:
    assert darker("#0B5F47", ["#ffffff"], 4.5) == "#0b5f47"
    assert lighter("#86d6b4", ["#000000"], 4.5) == "#86d6b4"


def test_a_shade_is_no_further_away_than_it_has_to_be_and_keeps_its_hue() -> None:
    shade = darker("#ff8800", ["#ffffff"], 4.5)
    assert 4.5 <= contrast(shade, "#ffffff") < 4.7
    hues = [colorsys.rgb_to_hls(*rgb(colour))[0] for colour in ("#ff8800", shade)]
    assert abs(hues[0] - hues[1]) < 0.03


def test_what_no_shade_can_reach_ends_in_black_or_white() -> None:
    assert darker("#ff0000", ["#808080"], 21) == "#000000"
    assert lighter("#ff0000", ["#808080"], 21) == "#ffffff"


def test_ink_on_any_colour_reads_well() -> None:
    assert all(contrast(ink_on(colour), colour) >= 4.5 for colour in every_kind_of_colour())


def test_luminance_goes_from_black_to_white() -> None:
    assert (luminance("#000000"), luminance("#ffffff")) == pytest.approx((0, 1))


@pytest.mark.parametrize("text", ["", "red", "#fff", "#12345g", "0b5f47", "#0b5f47;}", "#0b5f47 "])
def test_only_six_digits_are_a_colour(text: str) -> None:
    assert not is_colour(text)
    assert is_colour("#0B5f47")


def rgb(colour: str) -> tuple[float, float, float]:
    red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return red, green, blue
