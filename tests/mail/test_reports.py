"""What servers write back is read for what it is, and nothing else is taken for it."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.mail import reports
from tests.mail.reports import LINK, VERP
from webapp.mail.reports import LONGEST, Report, ReportKind, read_report

SAMPLES = {
    "postfix": reports.postfix(),
    "exim": reports.exim(),
    "exchange": reports.exchange(),
    "gmail": reports.gmail(),
    "yahoo": reports.yahoo(),
}
NOTHING = Report(ReportKind.NONE)


def kind(content: bytes) -> str:
    return read_report(content).kind.value


@pytest.mark.parametrize("server", SAMPLES)
def test_every_servers_report_says_what_for_whom_and_when(server: str) -> None:
    report = read_report(SAMPLES[server])
    assert report.kind == (ReportKind.COMPLAINT if server == "yahoo" else ReportKind.HARD)
    assert any(VERP in address for address in report.addresses)
    assert LINK in report.links
    assert report.arrived_at == datetime(2026, 11, 23, 11, tzinfo=UTC)


@pytest.mark.parametrize("server", SAMPLES)
def test_line_ends_do_not_matter(server: str) -> None:
    content = SAMPLES[server]
    assert read_report(content.replace(b"\n", b"\r\n")) == read_report(content)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("5.1.1", "hard"),
        ("5.1.1 (no such mailbox)", "hard"),
        ("5.1.2", "hard"),
        ("5.1.3", "hard"),
        ("5.1.6", "hard"),
        ("5.1.10", "hard"),
        ("5.2.1", "hard"),
        ("5.4.4", "hard"),
        ("5.1.0", "soft"),
        ("5.1.8", "soft"),
        ("5.2.2", "soft"),
        ("5.2.3", "soft"),
        ("5.3.4", "soft"),
        ("5.4.1", "soft"),
        ("5.7.1", "soft"),
        ("5.1.11", "soft"),
        ("4.1.1", "soft"),
        ("4.4.7", "soft"),
        ("2.1.5", "soft"),
        ("", "soft"),
        ("15.1.1", "soft"),
        ("nonsense", "soft"),
    ],
)
def test_only_a_code_that_proves_an_address_dead_is_hard(status: str, expected: str) -> None:
    assert kind(reports.postfix(status=status, said="550 no")) == expected


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("550 5.1.1 nobody", "hard"),
        ("550-5.2.1 shut\n 550 5.2.1 for good", "hard"),
        ("552 5.2.2 full", "soft"),
        ("550 5.7.1 your address 198.5.1.1 is on a list", "soft"),
        ("550 refused, see 5.1.1.7", "soft"),
        ("550 nobody, or spam: who knows", "soft"),
    ],
)
def test_a_bare_status_is_read_with_what_the_other_server_said(said: str, expected: str) -> None:
    assert kind(reports.exim(said=said)) == expected


@pytest.mark.parametrize("action", ["delayed", "delivered", "relayed", "expanded", "", "?"])
def test_what_is_not_failed_is_no_bounce(action: str) -> None:
    assert read_report(reports.postfix(action=action, status="5.1.1")) == NOTHING


def test_a_report_of_several_is_as_hard_as_its_softest() -> None:
    group = b"\n\nFinal-Recipient: rfc822; ada@elsewhere.example\nAction: failed\nStatus: "
    twice = reports.postfix().replace(b"\nRemote-MTA", group + b"5.2.2\nRemote-MTA")
    assert kind(twice) == "soft"
    assert kind(twice.replace(b"5.2.2", b"5.1.1")) == "hard"


@pytest.mark.parametrize(
    ("feedback", "expected"),
    [
        ("abuse", "complaint"),
        ("Abuse", "complaint"),
        ("fraud", "complaint"),
        ("not-spam", "none"),
        ("auth-failure", "none"),
        ("other", "none"),
        ("", "none"),
    ],
)
def test_a_complaint_asks_us_to_stop(feedback: str, expected: str) -> None:
    assert kind(reports.yahoo(feedback=feedback)) == expected


def test_an_answer_from_a_person_is_no_report() -> None:
    assert read_report(reports.vacation()) == NOTHING


def test_a_report_that_was_itself_sent_back_does_not_count() -> None:
    inner = b"Content-Type: message/rfc822\n\n" + reports.postfix()
    forwarded = b"Content-Type: multipart/mixed; boundary=x\n\n--x\n" + inner + b"\n--x--\n"
    assert read_report(forwarded) == NOTHING
    returned = reports.postfix(action="delayed").replace(b"text/rfc822-headers\n", inner[14:])
    assert read_report(returned) == NOTHING


def test_a_link_that_was_folded_is_whole_again() -> None:
    folded = LINK.replace("/newsletter", "\n /newsletter")
    assert LINK in read_report(reports.exim(link=folded)).links


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("Mon, 23 Nov 2026 12:00:00 +0100", datetime(2026, 11, 23, 11, tzinfo=UTC)),
        ("Mon, 23 Nov 2026 11:00:00 -0000", datetime(2026, 11, 23, 11, tzinfo=UTC)),
        ("a while ago", None),
        ("Fri, 31 Dec 9999 23:00:00 -1400", None),
        ("Mon, 23 Nov 99999999999 11:00:00 +0000", None),
    ],
)
def test_when_a_report_came_is_told_in_utc_or_not_at_all(
    date: str, expected: datetime | None
) -> None:
    assert read_report(reports.postfix(date=date)).arrived_at == expected


def test_of_a_long_message_the_first_million_bytes_are_read() -> None:
    assert kind(reports.postfix() + b"x" * LONGEST) == "hard"
    padded = reports.postfix().replace(b"\n\nThis is", b"\n\n" + b"x\n" * LONGEST + b"This is")
    assert kind(padded) == "none"


@pytest.mark.parametrize(
    "content",
    [
        b"Content-Type: message/rfc822\n\n" * 30_000,
        b"".join(
            b"Content-Type: multipart/report; boundary=%d\n\n--%d\n" % (n, n) for n in range(9000)
        )
        + b"\n" * 500_000,
        b"Content-Type: multipart/report; boundary=x\n\n"
        + b"--x\nContent-Type: message/delivery-status\n\nAction: failed\n\n" * 15_000,
        b"To: " + b"a@" * 400_000,
        b"List-Unsubscribe: " + b"<" * 900_000,
    ],
    ids=["nested messages", "nested boundaries", "many parts", "one address", "one link"],
)
def test_a_message_that_was_made_to_be_slow_is_read_in_seconds(content: bytes) -> None:
    began = time.process_time()
    read_report(content)
    assert time.process_time() - began < 5


SEEDS = st.sampled_from([*SAMPLES.values(), reports.vacation()])
ODD = st.sampled_from(
    [b"\xff\xfe", b"\0", b"\r", b"\n\n", b"boundary*9=x;", b"=?x?q?=ff?=", b"--", b";", b'"', b"<@"]
)


@given(SEEDS, st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 60), ODD | st.binary())))
def test_reading_never_fails_on_a_report_that_was_damaged(
    seed: bytes, cuts: list[tuple[int, int, bytes]]
) -> None:
    for place, length, put in cuts:
        seed = seed[:place] + put + seed[place + length :]
    assert isinstance(read_report(seed), Report)


@given(st.binary())
@example(b"")
@example(b"Content-Type: multipart/report; boundary*" + b"9" * 5000 + b"=x\n\n")
@example(b"Content-Type: multipart/report; boundary=x\nDate: \xff\n\n--x\n\xff\n--x--")
def test_reading_never_fails_on_any_bytes(content: bytes) -> None:
    assert read_report(content) == NOTHING
