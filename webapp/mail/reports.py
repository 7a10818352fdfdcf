"""What mail servers write back: reports of what was not delivered, and complaints.

Bytes in, a Report out, whatever the bytes; knows nothing of subscribers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import Message
from email.utils import parsedate_to_datetime
from enum import StrEnum

LONGEST = 1_000_000  # bytes of a message that are read; a report stands at its beginning
MOST_BOUNDARIES = 100  # reading parts within parts takes time by their depth


class ReportKind(StrEnum):
    """What a report says: never again, not this time, "this is spam", or nothing to us."""

    HARD = "hard"
    SOFT = "soft"
    COMPLAINT = "complaint"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Report:
    """What came back, and by what one may find out of whose mail it tells.

    `addresses` are all that stand in headers: of the report, of what it tells, and of the mail
    that it gives back. `links` are the ways to leave that this mail had. `arrived_at` is None
    where that is not told; it stays the same however often a report is read.
    """

    kind: ReportKind
    addresses: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    arrived_at: datetime | None = None


HARD = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.4", "5.1.6", "5.1.10", "5.2.1", "5.4.4"})
"""The codes that prove that an address takes no mail, now or later (RFC 3463, 3.2 to 3.5).

There is no such mailbox (5.1.1), host (5.1.2, 5.4.4) or address (5.1.3, 5.1.4), it has moved
(5.1.6), it is shut (5.2.1), its domain takes no mail at all (5.1.10, RFC 7505). Other permanent
codes tell of the one message, of us, or of a time: the mailbox is full (5.2.2), the message too
large (5.2.3, 5.3.4), our address is not liked (5.1.7, 5.1.8), a policy forbids it (5.7.x), or
nothing is known (5.0.0). They are no proof that the address is dead, and so are soft.
"""

COMPLAINTS = frozenset({"abuse", "fraud", "virus", "opt-out"})
"""The kinds of feedback that ask us to stop (RFC 5965, 7.3).

Not "not-spam" (RFC 6430), which says the opposite, nor "auth-failure" (RFC 6591), which no
reader wrote.
"""

_CODE = re.compile(r"(?<![0-9.])([245]\.[0-9]{1,3}\.[0-9]{1,3})(?![0-9.])", re.ASCII)
_BETWEEN_ADDRESSES = re.compile(r'[\s<>()\[\],;:"]+')
_LINK = re.compile(r"<([^<>]*)>")


def token_to_leave(content: bytes) -> str:
    """Give the token in the subject of a mail that asks to leave (RFC 2369, 3.2); "" in others.

    Mail programs send it where the List-Unsubscribe of a mail has an address.
    """
    head = re.split(rb"\r?\n\r?\n", content[:LONGEST], maxsplit=1)[0]
    # Unfolded; what is encoded is no token of ours.
    subject = re.search(rb"^subject:((?:.|\r?\n[ \t])*)", head, re.IGNORECASE | re.MULTILINE)
    words = subject[1].decode("ascii", "replace").split() if subject else []
    is_request = len(words) == 2 and words[0].lower() == "unsubscribe"
    return words[1] if is_request else ""


def read_report(content: bytes) -> Report:
    """Read a message of which at most the first million bytes count; never fails."""
    content = content[:LONGEST]
    if content.lower().count(b"boundary") > MOST_BOUNDARIES:
        return Report(ReportKind.NONE)
    try:
        return _read(message_from_bytes(content))
    except Exception:  # noqa: BLE001 - the email package has many ways to fail on odd bytes
        return Report(ReportKind.NONE)


def _read(message: Message) -> Report:
    kind = _kind(message)
    if kind == ReportKind.NONE:
        return Report(kind)
    headers = [header for part in _all_parts(message) for header in part.items()]
    # Twice the same is once; the order stays.
    addresses = dict.fromkeys(
        word for _, value in headers for word in _BETWEEN_ADDRESSES.split(str(value)) if "@" in word
    )
    links = dict.fromkeys(
        "".join(link.split())  # a long header is folded where there is a space, or was none
        for name, value in headers
        if name.lower() == "list-unsubscribe"
        for link in _LINK.findall(str(value))
    )
    return Report(kind, tuple(addresses), tuple(links), _arrived_at(message))


def _kind(message: Message) -> ReportKind:
    """Say what a report says; what is given back in it may be a report too, and does not count."""
    if message.get_content_type() == "multipart/report":
        for part in _parts(message):
            if part.get_content_type() == "message/delivery-status":
                return _kind_of_delivery(part)
            if part.get_content_type() == "message/feedback-report":
                return _kind_of_feedback(part)
    return ReportKind.NONE


def _kind_of_delivery(part: Message) -> ReportKind:
    """Give the kind of a report as of RFC 3464: one group of fields a recipient.

    A delay is no failure: the server is still trying, and tells again when it gives up.
    """
    failed = [group for group in _parts(part) if _first_word(group, "Action") == "failed"]
    if not failed:
        return ReportKind.NONE
    return ReportKind.HARD if all(map(_is_hard, failed)) else ReportKind.SOFT


def _is_hard(group: Message) -> bool:
    status = _CODE.search(str(group.get("Status", "")))
    code = status[1] if status else "5.0.0"
    if code.endswith(".0.0"):
        # Exim says no more than that of what another server refused; that one often did.
        told = _CODE.search(str(group.get("Diagnostic-Code", "")))
        code = told[1] if told else code
    return code in HARD


def _kind_of_feedback(part: Message) -> ReportKind:
    is_complaint = any(_first_word(each, "Feedback-Type") in COMPLAINTS for each in _parts(part))
    return ReportKind.COMPLAINT if is_complaint else ReportKind.NONE


def _parts(message: Message) -> list[Message]:
    """Give what a message consists of, one level down."""
    inner = message.get_payload()
    return [part for part in inner if isinstance(part, Message)] if isinstance(inner, list) else []


def _first_word(fields: Message, name: str) -> str:
    """Give the first word of a field; RFC 3464 allows remarks in brackets behind it."""
    return (str(fields.get(name, "")).lower().split() or [""])[0]


def _all_parts(message: Message) -> Iterator[Message]:
    for part in message.walk():
        yield part
        if part.get_content_type() == "text/rfc822-headers":
            headers = part.get_payload(decode=True)
            yield message_from_bytes(headers if isinstance(headers, bytes) else b"")


def _arrived_at(message: Message) -> datetime | None:
    """Say when a message came: by the last server, which is ours, else by the one who wrote it."""
    for told in (str(message.get("Received", "")).rpartition(";")[2], message.get("Date", "")):
        try:
            at = parsedate_to_datetime(str(told))
            # RFC 5322, 3.3: -0000 says nothing of the zone, and the time is UTC.
            return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
        except (ValueError, OverflowError, TypeError):
            continue
    return None
