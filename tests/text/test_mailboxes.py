"""E-mail addresses."""

from __future__ import annotations

import pytest

from webapp.text.mailboxes import kept_as, mailbox_of


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("Ada.B+News@Example.org", "ada.b+news@example.org"),
        ("İ@x.org", "İ@x.org"),
        ("ÉVA@x.org", "Éva@x.org"),
    ],
)
def test_only_the_letters_a_to_z_are_made_small(address: str, kept: str) -> None:
    assert kept_as(address) == kept


@pytest.mark.parametrize(
    "spelling",
    [
        "ada@example.org",
        "ADA@example.org",
        "ada+1@example.org",
        "ada+@example.org",
        "ａda@example.org",
    ],
)
def test_spellings_of_a_mailbox_count_together(spelling: str) -> None:
    assert mailbox_of(spelling) == "ada@example.org"


def test_two_mailboxes_do_not() -> None:
    assert (
        len({mailbox_of(a) for a in ("ada@example.org", "ada@example.com", "a@example.org")}) == 3
    )
