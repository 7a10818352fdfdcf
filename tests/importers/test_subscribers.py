"""Lists of subscribers, as our own command and as other programs write them."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import NOON
from webapp.errors import SubscribersUnreadable
from webapp.importers.contract import Unreadable
from webapp.importers.subscribers import (
    ListedSubscriber,
    harmless,
    plain,
    read_subscribers,
    write_topics,
)

ADA = "ada@example.org"


def read(text: str) -> list[ListedSubscriber | Unreadable]:
    return list(read_subscribers(text.splitlines(keepends=True), NOON))


def one(text: str) -> ListedSubscriber:
    (row,) = read(text)
    assert isinstance(row, ListedSubscriber), row
    return row


def test_our_own_columns_are_read_whole() -> None:
    row = one(
        "email,status,consent_at,frequency,topics\n"
        'Ada@Example.org,confirmed,2026-01-02T03:04:05+00:00,weekly:friday,"Chips;Open  source"\n'
    )
    assert row == ListedSubscriber(
        ADA, "confirmed", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "weekly", 4,
        ("Chips", "Open source"),
    )  # fmt: skip


def test_the_address_alone_is_enough_and_separators_and_marks_of_windows_are_understood() -> None:
    row = one("\ufeffEMAIL;Name\r\nada@example.org;Ada\r\n")
    assert (row.status, row.consent_at, row.frequency, row.topics) == (
        "confirmed", None, "daily", None,
    )  # fmt: skip
    assert one("email\temail_type\n'+a@example.org\tx\n").address == "+a@example.org"
    assert one("email,topics\nada@example.org,-\n").topics == ()
    assert read("email\n\n \n") == []


@pytest.mark.parametrize(
    ("text", "status", "day"),
    [
        (
            "Email Address,First Name,MEMBER_RATING,OPTIN_TIME,CONFIRM_TIME\n"
            "ada@example.org,Ada,4,2024-05-01 10:00:00,2024-05-02 11:00:00\n",
            "confirmed",
            2,
        ),
        ("Email Address,UNSUB_TIME\nada@example.org,2024-05-02 11:00:00\n", "unsubscribed", None),
        ("Email Address,CLEAN_TIME\nada@example.org,2024-05-02 11:00:00\n", "bounced", None),
        (
            "Email,Active Subscription,Expiry,Email disabled,Created at\n"
            "ada@example.org,false,,false,2024-05-03T01:02:03.000Z\n",
            "confirmed",
            3,
        ),
        ("Email,Email disabled\nada@example.org,true\n", "unsubscribed", None),
        (
            "id,email,name,note,subscribed_to_emails,complimentary_plan,created_at,labels\n"
            "1,ada@example.org,Ada,,true,false,2024-05-04T00:00:00.000Z,\n",
            "confirmed",
            4,
        ),
        ("email,subscribed_to_emails\nada@example.org,false\n", "unsubscribed", None),
        (
            "uuid,email,name,attributes,status,created_at\n"
            'u,ada@example.org,Ada,"{""a"": 1}",enabled,2024-05-05 10:00:00.123456 +0000 UTC\n',
            "confirmed",
            5,
        ),
        ("email,subscription_status\nada@example.org,unconfirmed\n", "pending", None),
        ("email,status,subscription_status\nada@example.org,blocklisted,confirmed\n",
         "unsubscribed", None),
    ],
)  # fmt: skip
def test_lists_of_other_programs_are_understood(text: str, status: str, day: int | None) -> None:
    row = one(text)
    assert (row.address, row.status) == (ADA, status)
    assert (row.consent_at.day if row.consent_at else None) == day


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("ada@,confirmed,,,", "address"),
        (",confirmed,,,", "address"),
        ("ada@example.org,maybe,,,", "status"),
        ("ada@example.org,,,,", "status"),
        ("ada@example.org,active", "2 columns in place of 5"),
        ("ada@example.org,active,,,,more", "6 columns in place of 5"),
        ("ada@example.org,active,yesterday,,", "time"),
        ("ada@example.org,active,0001-01-01T00:00:00+14:00,,", "time"),
        ("ada@example.org,active,2099-01-01T00:00:00Z,,", "time"),
        ("x,ada@example.org,,,", "address"),
        ("ada@example.org,eve@example.org,,,", "status"),
        ("ada@example.org,active,,ada@example.org,", "frequency"),
        ("ada@example.org,active,,hourly,", "frequency"),
        ("ada@example.org,active,,weekly:someday,", "frequency"),
        (f"ada@example.org,active,,,{'x' * 201}", "topic"),
    ],
)
def test_a_bad_line_is_told_by_its_number_and_without_its_address(line: str, reason: str) -> None:
    (bad,) = read(f"email,status,consent_at,frequency,topics\n{line}\n")
    assert isinstance(bad, Unreadable)
    assert bad.place == "line 2"
    assert reason in bad.reason
    assert "@example" not in bad.reason


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name\nAda\n",
        "email\n" + "x" * 200_000,
        'email,name\nada@example.org,"Ada\neve@example.org,Eve\n',
        'email,name\nada@example.org,"Ada" x\n',
    ],
)
def test_what_is_no_list_is_refused_with_what_it_should_be(text: str) -> None:
    with pytest.raises(SubscribersUnreadable):
        read(text)


@given(st.text())
def test_whatever_stands_in_a_line_is_read_or_told(text: str) -> None:
    try:
        rows = read("email,status,consent_at,frequency,topics\n" + text)
    except SubscribersUnreadable:
        return
    assert all(isinstance(row, ListedSubscriber | Unreadable) for row in rows)


@given(st.lists(st.text(st.characters(codec="utf-8", categories=("L", "P", "S")), min_size=1)))
def test_topics_come_back_as_they_were_written(names: list[str]) -> None:
    names = list(dict.fromkeys(names))
    lines = StringIO()
    csv.writer(lines).writerows([["email", "topics"], [ADA, write_topics(names)]])
    assert one(lines.getvalue()).topics == tuple(names)


@given(st.text(st.characters(exclude_categories=("Cs",))))
def test_a_harmless_field_begins_no_formula_and_is_undone(text: str) -> None:
    assert plain(harmless(text)) == text
    assert harmless(text)[:1] not in tuple("=+-@")
