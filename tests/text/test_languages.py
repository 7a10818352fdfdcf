"""What a language tag says about a text."""

from __future__ import annotations

import pytest

from webapp.text.languages import direction_of


@pytest.mark.parametrize("language", ["ar", "he", "fa-IR", "UR", "ckb-IQ"])
def test_scripts_from_the_right_are_known(language: str) -> None:
    assert direction_of(language) == "rtl"


@pytest.mark.parametrize("language", ["en", "pt-BR", "zh-Hant", "arn", "", "en-AR"])
def test_all_others_run_from_the_left(language: str) -> None:
    assert direction_of(language) == "ltr"
