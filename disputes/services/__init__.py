"""Acts on disputes."""

from __future__ import annotations

from .ending import credit_decided, receive_goods, reject, reopen, resolve, waiting_credit, withdraw
from .opening import Contested, adopt, amounts_ended, open_dispute, open_from_status
from .shared import ChangedMeanwhile, NotTheOwner
from .working import accept, assign, change, comment_on, propose, qualify, resume, wait

__all__ = [
    "ChangedMeanwhile",
    "Contested",
    "NotTheOwner",
    "accept",
    "adopt",
    "amounts_ended",
    "assign",
    "change",
    "comment_on",
    "credit_decided",
    "open_dispute",
    "open_from_status",
    "propose",
    "qualify",
    "receive_goods",
    "reject",
    "reopen",
    "resolve",
    "resume",
    "wait",
    "waiting_credit",
    "withdraw",
]
