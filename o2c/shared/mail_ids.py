"""The Message-ID of a message of ours: the same on every attempt, and one that nobody can guess."""

from __future__ import annotations

import re
from email.utils import parseaddr
from typing import Final

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac

_OURS: Final = re.compile(r"<outbox-([0-9]{1,18})-([0-9a-f]{24})@[^<>\s]{1,200}>")


def message_id(pk: int) -> str:
    """The Message-ID of the message with this key."""
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
    return f"<outbox-{pk}-{_token(pk)}@{domain}>"


def key_in(text: str) -> int | None:
    """The key of the message that a text names by its Message-ID; None where none of ours stands in it."""
    for found in _OURS.finditer(text[:10_000]):
        pk = int(found[1])
        if constant_time_compare(found[2], _token(pk)):
            return pk
    return None


def _token(pk: int) -> str:
    return salted_hmac("o2c.outbox", str(pk), algorithm="sha256").hexdigest()[:24]
