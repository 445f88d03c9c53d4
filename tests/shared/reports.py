"""Delivery reports as mail servers write them."""

from __future__ import annotations

from o2c.shared.mail_ids import message_id

REPORT = """\
From: MAILER-DAEMON@mx.valmont.test
To: portail@localhost
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="here"

--here
Content-Type: text/plain; charset=utf-8

This is the mail system. Your message could not be delivered.

--here
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.valmont.test
Arrival-Date: Thu, 26 Nov 2026 09:00:00 +0100

Final-Recipient: rfc822; {to}
Action: {action}
Status: {code}
Diagnostic-Code: smtp; {text}

--here
Content-Type: message/rfc822

From: portail@localhost
To: {to}
Message-ID: {name}
Subject: Invoice

Please find attached
--here--
"""


def report(
    pk: int,
    *,
    to: str = "billing@client.test",
    action: str = "failed",
    code: str = "5.1.1",
    text: str = "550 5.1.1 user unknown",
    name: str = "",
) -> bytes:
    """What a server says of a message of ours."""
    return REPORT.format(to=to, action=action, code=code, text=text, name=name or message_id(pk)).encode()
