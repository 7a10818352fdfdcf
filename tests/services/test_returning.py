"""The return path names who was written to, and nobody else can make one."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from flask import Flask

from webapp.extensions import the_site
from webapp.services import returning

pytestmark = pytest.mark.usefixtures("app")


@pytest.fixture(autouse=True)
def _return_path(app: Flask) -> None:
    change(mail_return_path="bounces@letters.example.org")


def return_path_of(id: int, address: str = "ada@example.org") -> str:
    return returning.return_path_of(id, address)


def subscriber_id_in(path: str) -> int | None:
    return returning.subscriber_id_in(path, lambda _: "ada@example.org")


def change(**settings: str) -> None:
    site = the_site()
    site.settings = replace(site.settings, **settings)


def test_a_return_path_names_one_subscriber() -> None:
    path = return_path_of(12)
    assert re.fullmatch(r"bounces\+12-[0-9a-f]{16}@letters\.example\.org", path)
    assert subscriber_id_in(path) == 12
    assert return_path_of(12) == path
    assert return_path_of(13)[-40:] != path[-40:]


def test_it_is_of_one_address_and_says_nothing_of_another() -> None:
    path = return_path_of(12, "ada@old.example.org")
    assert path != return_path_of(12)
    assert subscriber_id_in(path) is None
    assert returning.subscriber_id_in(return_path_of(12), lambda _: None) is None, "has left"


def test_servers_may_change_capitals() -> None:
    assert subscriber_id_in(return_path_of(12).upper()) == 12


@pytest.mark.parametrize(
    "form",
    [
        "SRS0=Ab1c=XY=letters.example.org={local}@forwarder.example",
        "prvs=1234567890={local}@letters.example.org",
        "smtp.mailfrom={local}@letters.example.org",
    ],
)
def test_a_return_path_is_found_where_forwarders_have_wrapped_it(form: str) -> None:
    local = return_path_of(12).partition("@")[0]
    assert subscriber_id_in(form.format(local=local)) == 12


def test_nobody_can_make_one_for_another() -> None:
    signature = return_path_of(12).partition("-")[2]
    for forged in (
        f"bounces+13-{signature}",
        f"bounces+012-{signature}",
        "bounces+12-0000000000000000@letters.example.org",
        return_path_of(12).replace("@", "0@"),
        "bounces@letters.example.org",
        f"bounces+{'9' * 400}-{signature}",
        f"bounces+١٢-{signature}",
        "",
    ):
        assert subscriber_id_in(forged) is None


def test_another_site_signs_otherwise() -> None:
    path = return_path_of(12)
    the_site().secret = "another key, as long as keys have to be"
    assert subscriber_id_in(path) is None


def test_where_no_address_is_set_mails_come_back_to_where_they_come_from() -> None:
    change(mail_return_path="", mail_from="letter@news.example.org")
    assert return_path_of(12) == "letter@news.example.org"


def test_the_longest_fits_into_what_smtp_allows() -> None:
    change(mail_return_path="b" * 36 + "@letters.example.org")
    path = return_path_of(2**31 - 1)
    assert len(path.partition("@")[0]) == 64
    assert subscriber_id_in(path) == 2**31 - 1
