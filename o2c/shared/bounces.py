"""What mail servers say of a message: delivery status notifications (RFC 3464), read as the hostile input they may be.

No rows, no clock: bytes in, reports out. Nothing is guessed from the words of a message; what is no notification is
said to be none.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesHeaderParser, BytesParser
from email.policy import compat32
from enum import StrEnum
from typing import Any, Final

# The report and the head of the message it is about come first: of a longer one only this much is read.
LONGEST: Final = 256 * 1024
_MOST_PARTS: Final = 20
_MOST_RECIPIENTS: Final = 50
_CODE: Final = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f\s]+")
# Of class 5 all the same: the mailbox is full, the message too long or unwanted; the address is right (RFC 3463).
_NOT_THE_ADDRESS: Final = ("5.2.2", "5.2.3", "5.3.4", "5.6.", "5.7.")


class NotAReport(ValueError):
    """The message is no delivery status notification: an answer, an absence note, or nothing that can be read."""


class Action(StrEnum):
    """What a server did with the message (RFC 3464, 2.3.3)."""

    FAILED = "failed"
    DELAYED = "delayed"
    DELIVERED = "delivered"
    RELAYED = "relayed"
    EXPANDED = "expanded"


@dataclass(frozen=True, slots=True)
class Report:
    """What became of a message for one recipient.

    :ivar code: status as RFC 3463 writes it, empty where the server gave none
    :ivar text: the server's own words, in one line
    """

    recipient: str
    action: Action
    code: str
    text: str

    @property
    def is_hard(self) -> bool:
        """Whether the address itself takes no mail, rather than not this message or not today."""
        return self.code.startswith("5") and not self.code.startswith(_NOT_THE_ADDRESS)

    def digest(self) -> str:
        """The same for the same report heard twice."""
        return hashlib.sha256(f"{self.recipient}|{self.action}|{self.code}|{self.text}".encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Notification:
    """A notification: the names of the message it is about, the likeliest first, and what it says."""

    message_ids: tuple[str, ...]
    reports: tuple[Report, ...]


def read(content: bytes) -> Notification:
    """Read a notification.

    :raises NotAReport: it is none, or cannot be read
    """
    cut = content[:LONGEST]
    if cut.lower().count(b"boundary=") > _MOST_PARTS:
        raise NotAReport("more parts within parts than any notification has")
    try:
        message = BytesParser(policy=compat32).parsebytes(cut)
        parts = _parts(message)
        reports = tuple(report for part in parts for report in _reports(part))
        names = (*(name for part in parts for name in _original(part)), *_answered(message))
    except Exception as error:  # whatever a hostile message does to the parser, it is no report
        raise NotAReport(f"unreadable: {type(error).__name__}") from error
    if not reports:
        raise NotAReport("no delivery status in it")
    return Notification(names, reports)


def _parts(message: Message[Any, Any]) -> list[Message[Any, Any]]:
    """The message and what is beside each other in it; messages within are not looked into."""
    found: list[Message[Any, Any]] = []
    waiting = [message]
    while waiting and len(found) < 10 * _MOST_PARTS:
        part = waiting.pop(0)
        found.append(part)
        if part.get_content_maintype() == "multipart" and isinstance(payload := part.get_payload(), list):
            waiting += [each for each in payload if isinstance(each, Message)]
    return found


def _reports(part: Message[Any, Any]) -> Iterator[Report]:
    if part.get_content_type() != "message/delivery-status":
        return
    payload = part.get_payload()
    blocks = payload if isinstance(payload, list) else []
    for block in blocks[: _MOST_RECIPIENTS + 1]:
        if not isinstance(block, Message):
            continue
        action = _line(block["Action"], 20).lower()
        recipient = _address(block["Original-Recipient"]) or _address(block["Final-Recipient"])
        if action not in list(Action) or not recipient:
            continue
        text = _line(block["Diagnostic-Code"], 600).partition(";")[2].strip()[:500]
        code = _CODE.search(_line(block["Status"], 60)) or _CODE.search(text)
        yield Report(recipient, Action(action), ".".join(code.groups()) if code else "", text)


def _original(part: Message[Any, Any]) -> Iterator[str]:
    """The Message-ID of the message that came back with the notification."""
    kind = part.get_content_type()
    if kind == "message/rfc822" and isinstance(payload := part.get_payload(), list):
        for original in payload[:1]:
            if isinstance(original, Message):
                yield _line(original["Message-ID"], 400)
    elif kind in {"text/rfc822-headers", "message/rfc822-headers"}:
        raw = part.get_payload(decode=True)
        if isinstance(raw, bytes):
            yield _line(BytesHeaderParser(policy=compat32).parsebytes(raw)["Message-ID"], 400)


def _answered(message: Message[Any, Any]) -> Iterator[str]:
    for name in ("In-Reply-To", "References"):
        yield _line(message[name], 4000)


def _address(value: Any) -> str:
    """The mail address of ``rfc822;somebody@example.test``; empty where it is none."""
    kind, _mark, text = _line(value, 400).partition(";")
    found = text.strip().strip("<>").lower()
    return found if kind.strip().lower() in {"rfc822", "utf-8"} and "@" in found and len(found) <= 254 else ""


def _line(value: Any, longest: int) -> str:
    """A header in one line that any database takes."""
    text = "" if value is None else str(value)[: 4 * longest]
    return _CONTROL.sub(" ", text.encode("utf-8", "replace").decode()).strip()[:longest]
