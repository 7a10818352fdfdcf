"""Reports in the shapes in which servers send them; the sentences are our own.

`to` is the return path that a report goes to, `link` the way to leave of the mail that it tells of.
"""

from __future__ import annotations

VERP = "bounces+7-0123456789abcdef@letters.example.org"
LINK = "https://news.example.org/newsletter/unsubscription/eyJ.aaa.bbb"
DATE = "Mon, 23 Nov 2026 11:00:00 +0000"


def _message(text: str, **names: str) -> bytes:
    for name, value in names.items():
        text = text.replace("{" + name + "}", value)
    return text.lstrip().encode()


def postfix(
    to: str = VERP,
    *,
    status: str = "5.1.1",
    said: str = "550 5.1.1 nobody of that name",
    action: str = "failed",
    link: str = LINK,
    date: str = DATE,
) -> bytes:
    return _message(POSTFIX, to=to, status=status, said=said, action=action, link=link, date=date)


def exim(to: str = VERP, *, said: str = "550 5.1.1 nobody of that name", link: str = LINK) -> bytes:
    return _message(EXIM, to=to, said=said, link=link, date=DATE)


def exchange(to: str = VERP, *, status: str = "5.1.10", link: str = LINK) -> bytes:
    return _message(EXCHANGE, to=to, status=status, link=link, date=DATE)


def gmail(to: str = VERP, *, status: str = "5.1.1", link: str = LINK) -> bytes:
    return _message(GMAIL, to=to, status=status, link=link, date=DATE)


def yahoo(
    to: str = "fbl@letters.example.org",
    *,
    feedback: str = "abuse",
    return_path: str = VERP,
    link: str = LINK,
) -> bytes:
    return _message(YAHOO, to=to, feedback=feedback, path=return_path, link=link, date=DATE)


def vacation(to: str = VERP) -> bytes:
    return _message(VACATION, to=to, date=DATE)


# The headers of the mail come back alone, as text/rfc822-headers.
POSTFIX = """
Return-Path: <>
Delivered-To: {to}
Received: by mx.letters.example.org (Postfix)
\tid 4C81B2A0; {date}
Date: {date}
From: MAILER-DAEMON@mx.letters.example.org (Mail Delivery System)
Subject: A mail of yours came back
To: {to}
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="4C81B2A0.1700000000/mx.letters.example.org"
Message-Id: <20261123110000.4C81B2A0@mx.letters.example.org>

This is a MIME-encapsulated message.

--4C81B2A0.1700000000/mx.letters.example.org
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

The mail system of mx.letters.example.org could not hand over a mail to
<ada@example.com>. The other server said: {said}

--4C81B2A0.1700000000/mx.letters.example.org
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.letters.example.org
X-Postfix-Queue-ID: 4C81B2A0
X-Postfix-Sender: rfc822; {to}
Arrival-Date: {date}

Final-Recipient: rfc822; ada@example.com
Original-Recipient: rfc822;ada@example.com
Action: {action}
Status: {status}
Remote-MTA: dns; mx.example.com
Diagnostic-Code: smtp; {said}

--4C81B2A0.1700000000/mx.letters.example.org
Content-Description: Undelivered Message Headers
Content-Type: text/rfc822-headers

Return-Path: <{to}>
From: Broadsheet <letter@letters.example.org>
To: ada@example.com
Subject: The day
List-Unsubscribe: <mailto:leave@letters.example.org>,
 <{link}>
Message-ID: <1@letters.example.org>

--4C81B2A0.1700000000/mx.letters.example.org--
"""

# What the other server said stands in Diagnostic-Code alone; the status is a bare 5.0.0.
EXIM = """
Return-path: <>
Envelope-to: {to}
Delivery-date: {date}
Received: from Debian-exim by relay.letters.example.org with local (Exim 4.96)
\tid 1r5xYz-0001Ab-2c
\tfor {to};
\t{date}
X-Failed-Recipients: ada@example.com
Auto-Submitted: auto-replied
From: Mail Delivery System <Mailer-Daemon@relay.letters.example.org>
To: {to}
References: <1@letters.example.org>
Content-Type: multipart/report; report-type=delivery-status; boundary=1700000000-eximdsn-1804289383
MIME-Version: 1.0
Subject: A mail could not be handed over
Message-Id: <E1r5xYz-0001Ab-2c@relay.letters.example.org>
Date: {date}

--1700000000-eximdsn-1804289383
Content-type: text/plain; charset=us-ascii

One address could not be reached:

  ada@example.com
    host mx.example.com [192.0.2.7]
    after RCPT TO:<ada@example.com>: {said}

--1700000000-eximdsn-1804289383
Content-type: message/delivery-status

Reporting-MTA: dns; relay.letters.example.org

Action: failed
Final-Recipient: rfc822;ada@example.com
Status: 5.0.0
Remote-MTA: dns; mx.example.com
Diagnostic-Code: smtp; {said}

--1700000000-eximdsn-1804289383
Content-type: message/rfc822

Return-path: <{to}>
Received: from web.letters.example.org ([192.0.2.1])
\tby relay.letters.example.org with esmtps (Exim 4.96)
\t(envelope-from <{to}>)
\tid 1r5xYz-0001Aa-1b
\tfor ada@example.com;
\t{date}
From: Broadsheet <letter@letters.example.org>
To: ada@example.com
Subject: The day
List-Unsubscribe: <{link}>
Content-Type: text/plain; charset=utf-8

The briefs.

--1700000000-eximdsn-1804289383--
"""

# Several Received, HTML, and a status of Microsoft's own with remarks behind it.
EXCHANGE = """
Received: from AM0PR01.example.com (2001:db8::1) by mx.letters.example.org
\twith ESMTPS; {date}
MIME-Version: 1.0
From: <postmaster@outlook.example.com>
To: <{to}>
Date: {date}
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="c0ffee00-1234-4321-8765-abcdefabcdef"
X-MS-Exchange-Message-Is-Ndr:
Content-Language: en-GB
Message-ID: <c0ffee00-1234@outlook.example.com>
In-Reply-To: <1@letters.example.org>
Subject: Could not be delivered: The day
Auto-Submitted: auto-replied

--c0ffee00-1234-4321-8765-abcdefabcdef
Content-Type: multipart/alternative; differences=Content-Type;
\tboundary="b1b1b1b1-0000"

--b1b1b1b1-0000
Content-Type: text/plain; charset="us-ascii"
Content-Transfer-Encoding: quoted-printable

Your message did not come to ada@example.com.

--b1b1b1b1-0000
Content-Type: text/html; charset="us-ascii"
Content-Transfer-Encoding: quoted-printable

<p>Your message did not come to ada@example.com.</p>

--b1b1b1b1-0000--

--c0ffee00-1234-4321-8765-abcdefabcdef
Content-Type: message/delivery-status

Reporting-MTA: dns;AM0PR01.example.com
Received-From-MTA: dns;web.letters.example.org
Arrival-Date: {date}

Final-Recipient: rfc822;ada@example.com
Action: failed
Status: {status}
Diagnostic-Code: smtp;550 {status} the recipient was not found by its address
X-Display-Name: ada@example.com

--c0ffee00-1234-4321-8765-abcdefabcdef
Content-Type: message/rfc822

Received: from web.letters.example.org (192.0.2.1) by AM0PR01.example.com; {date}
Authentication-Results: spf=pass (sender IP is 192.0.2.1)
 smtp.mailfrom={to}; dkim=pass header.d=letters.example.org
From: Broadsheet <letter@letters.example.org>
To: <ada@example.com>
Subject: The day
List-Unsubscribe: <{link}>
Return-Path: {to}
Content-Type: text/plain

--c0ffee00-1234-4321-8765-abcdefabcdef--
"""

# Boundaries within boundaries, and capitals where they need not be.
GMAIL = """
Delivered-To: {to}
Received: by 2002:a05:0:0:0:0:0:1 with SMTP id x1csp1;
        {date}
X-Google-Smtp-Source: AGHT+IE000
Return-Path: <>
From: Mail Delivery Subsystem <mailer-daemon@googlemail.example>
To: {to}
Auto-Submitted: auto-replied
Subject: Delivery report (failure)
References: <1@letters.example.org>
In-Reply-To: <1@letters.example.org>
X-Failed-Recipients: ada@example.com
Message-ID: <656000.1a2b@mx.google.example>
Date: {date}
Content-Type: multipart/report; boundary="00000000000012ab34"; report-type=delivery-status

--00000000000012ab34
Content-Type: multipart/related; boundary="00000000000012ab35"

--00000000000012ab35
Content-Type: multipart/alternative; boundary="00000000000012ab36"

--00000000000012ab36
Content-Type: text/plain; charset="UTF-8"

There is no ada@example.com, or it takes no mail.

--00000000000012ab36--
--00000000000012ab35--
--00000000000012ab34
Content-Type: message/delivery-status

Reporting-MTA: dns; googlemail.example
Arrival-Date: {date}
X-Original-Message-ID: <1@letters.example.org>

Final-Recipient: rfc822; ada@example.com
Action: FAILED
Status: {status}
Remote-MTA: dns; gmail-smtp-in.example. (2001:db8::2, the server for the domain.)
Diagnostic-Code: smtp; 550-{status} There is no such account.
 550 {status} x1-20020a000000.1 - gsmtp
Last-Attempt-Date: {date}

--00000000000012ab34
Content-Type: message/rfc822

Return-Path: <{to}>
From: Broadsheet <letter@letters.example.org>
To: ada@example.com
Subject: The day
List-Unsubscribe: <{link}>
Content-Type: multipart/alternative; boundary="===1=="

--===1==
Content-Type: text/plain

--00000000000012ab34--
"""

# RFC 5965; the complaint goes to a box of its own, and the reader's address is blacked out.
YAHOO = """
Received: from sonic.feedback.example (192.0.2.9) by mx.letters.example.org; {date}
From: feedback@arf.feedback.example
To: {to}
Date: {date}
Subject: FW: The day
MIME-Version: 1.0
Content-Type: multipart/report; boundary="__fbl_1__"; report-type="feedback-report"
Message-ID: <1@arf.feedback.example>

--__fbl_1__
Content-Type: text/plain; charset="US-ASCII"

A reader has marked this mail as spam.

--__fbl_1__
Content-Type: message/feedback-report

Feedback-Type: {feedback}
User-Agent: Feedback/2.0
Version: 1
Original-Mail-From: <{path}>
Original-Rcpt-To: redacted@feedback.example
Arrival-Date: {date}
Reported-Domain: letters.example.org

--__fbl_1__
Content-Type: message/rfc822
Content-Disposition: inline

Return-Path: <{path}>
From: Broadsheet <letter@letters.example.org>
To: redacted@feedback.example
Subject: The day
List-Unsubscribe: <{link}>
List-Unsubscribe-Post: List-Unsubscribe=One-Click
Content-Type: text/plain

The briefs.

--__fbl_1__--
"""

VACATION = """
From: Ada <ada@example.com>
To: {to}
Date: {date}
Subject: Out of office: The day
Auto-Submitted: auto-replied
Content-Type: text/plain

Action: failed
Status: 5.1.1 is what I would say if I were a server. I am on holiday.
"""
