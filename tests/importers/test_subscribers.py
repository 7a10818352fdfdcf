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
        ADA, "confirmed", None, datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "weekly", 4,
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


MAILCHIMP = (
    "Email Address,First Name,Last Name,MEMBER_RATING,OPTIN_TIME,OPTIN_IP,CONFIRM_TIME,CONFIRM_IP,"
    "LATITUDE,LONGITUDE,GMTOFF,DSTOFF,TIMEZONE,CC,REGION"
)
MEMBER = "ada@example.org,Ada,,4,,,2024-05-02 11:00:00,192.0.2.1,,,,,,,"
LAST = "LAST_CHANGED,LEID,EUID,NOTES,TAGS"


@pytest.mark.parametrize(
    ("first", "line", "status", "left_on"),
    [
        (f"{MAILCHIMP},{LAST}", f"{MEMBER},2024-06-01 00:00:00,1,a,,", "confirmed", None),
        (
            f"{MAILCHIMP},UNSUB_TIME,UNSUB_CAMPAIGN_TITLE,UNSUB_CAMPAIGN_ID,UNSUB_REASON,"
            f"UNSUB_REASON_OTHER,{LAST}",
            f"{MEMBER},2024-07-01 10:00:00,June,7,NORMAL,Too much,2024-07-01 10:00:00,1,a,,",
            "unsubscribed",
            "2024-07-01",
        ),
        (
            f"{MAILCHIMP},CLEAN_TIME,CLEAN_CAMPAIGN_TITLE,CLEAN_CAMPAIGN_ID,{LAST}",
            f"{MEMBER},2024-07-02 10:00:00,June,7,2024-07-02 10:00:00,1,a,,",
            "bounced",
            "2024-07-02",
        ),
        (
            "email,active_subscription,expiry,plan,email_disabled,digest_enabled,created_at,"
            "Subscription source (free),Subscription expires at",
            "ada@example.org,false,,other,false,false,2024-05-03T01:02:03.000Z,direct,",
            "confirmed",
            None,
        ),
        (
            "id,email,name,note,subscribed_to_emails,complimentary_plan,stripe_customer_id,"
            "created_at,deleted_at,labels,tiers",
            "1,ada@example.org,Ada,,true,false,,2024-05-04T00:00:00.000Z,,,",
            "confirmed",
            None,
        ),
        (
            "id,email,name,note,subscribed_to_emails,complimentary_plan,stripe_customer_id,"
            "created_at,deleted_at,labels,tiers",
            "1,ada@example.org,Ada,,true,false,,2024-05-04T00:00:00.000Z,"
            "2024-06-04T00:00:00.000Z,,",
            "unsubscribed",
            "2024-06-04",
        ),
        (
            "uuid,email,name,attributes,status,created_at,updated_at",
            "u,ada@example.org,Ada,{},disabled,2024-05-05 10:00:00.1 +0000 UTC,"
            "2024-05-05 10:00:00.1 +0000 UTC",
            "unsubscribed",
            None,
        ),
    ],
)
def test_whole_lines_of_other_programs_are_understood(
    first: str, line: str, status: str, left_on: str | None
) -> None:
    row = one(f"{first}\n{line}\n")
    assert (row.address, row.status) == (ADA, status)
    assert (f"{row.left_at:%Y-%m-%d}" if row.left_at else None) == left_on


@pytest.mark.parametrize(
    ("columns", "values", "status"),
    [
        ("status,subscription_status", "disabled,confirmed", "unsubscribed"),
        ("subscription_status,status", "unconfirmed,enabled", "pending"),
        ("status,unsubscribed", "active,false", "confirmed"),
        ("status,unsubscribed", "active,true", "unsubscribed"),
        ("unsubscribed", "true", "unsubscribed"),
        ("Unsubscribed?", "No", "confirmed"),
        ("Un-subscribed on", "2024-05-01", "unsubscribed"),
        ("unsubscribed_at", "some day in May", "unsubscribed"),
        ("unsubscribed_at", "0000-00-00 00:00:00", "confirmed"),
        ("deleted_at", "NULL", "confirmed"),
        ("Subscribed", "No", "unsubscribed"),
        ("Subscribed", "Yes", "confirmed"),
        ("subscribed on", "2024-05-01", "confirmed"),
        ("opted_out", "1", "unsubscribed"),
        ("Opt-in", "n", "unsubscribed"),
        ("blocked", "true", "unsubscribed"),
        ("bounced", "yes", "bounced"),
        ("confirmed", "false", "pending"),
        ("is_active", "0", "unsubscribed"),
        ("subscription", "unsubscribed", "unsubscribed"),
        ("subscription", "Opted out", "unsubscribed"),
        ("marketing_consent", "false", "unsubscribed"),
        ("status,unsub_time,bounced", "bounced,2024-05-01,yes", "unsubscribed"),
    ],
)
def test_of_all_that_columns_say_the_most_refusing_counts(
    columns: str, values: str, status: str
) -> None:
    assert one(f"email,{columns}\nada@example.org,{values}\n").status == status


def test_when_somebody_left_is_known_where_any_column_says_it() -> None:
    row = one("email,status,unsub_time\nada@example.org,unsubscribed,2019-05-01 10:00:00\n")
    assert row.left_at == datetime(2019, 5, 1, 10, tzinfo=UTC)
    assert one("email,status\nada@example.org,unsubscribed\n").left_at is None


@pytest.mark.parametrize(
    ("columns", "values", "named"),
    [
        ("subscription", "premium", "subscription"),
        ("Opt-out", "maybe", "opt_out"),
        ("bounces", "3", "bounces"),
        ("status,unsubscribed", "active,perhaps", "unsubscribed"),
        ("subscribed", "", "status"),
        ("status,unsubscribed", ",no", "status"),
        ("status", "1", "status"),
    ],
)
def test_what_speaks_of_consent_and_is_not_understood_is_told_with_what_to_do(
    columns: str, values: str, named: str
) -> None:
    (bad,) = read(f"email,{columns}\nada@example.org,{values}\n")
    assert isinstance(bad, Unreadable)
    assert named in bad.reason
    assert "write confirmed, pending, unsubscribed or bounced" in bad.reason


@pytest.mark.parametrize("columns", ["email,email", "email,E-Mail", "email,status,Status"])
def test_columns_of_one_name_are_refused_with_what_to_do(columns: str) -> None:
    with pytest.raises(SubscribersUnreadable, match="Take out all but the one that counts"):
        read(f"{columns}\n")


def test_columns_without_a_name_are_left_aside() -> None:
    assert one("email,,\nada@example.org,,x\n").status == "confirmed"


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
