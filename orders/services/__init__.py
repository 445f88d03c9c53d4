"""The acts of orders. Whatever raises exposure goes through ``advance``: nothing else confirms an order."""

from __future__ import annotations

from .decisions import blockers_for, hold, refuse, release
from .entry import LineInput, cancel, change_order, close, copy, create_order, reopen, submit
from .fulfilment import clear_for_invoice, deliver, note_progress, start_production, take_back
from .overrides import approve_override, refuse_override, request_override, withdraw_override
from .queue import nightly_recheck, recheck_account, reexamine, reexamine_held

__all__ = [
    "LineInput",
    "approve_override",
    "blockers_for",
    "cancel",
    "change_order",
    "clear_for_invoice",
    "close",
    "copy",
    "create_order",
    "deliver",
    "hold",
    "nightly_recheck",
    "note_progress",
    "recheck_account",
    "reexamine",
    "reexamine_held",
    "refuse",
    "refuse_override",
    "release",
    "reopen",
    "request_override",
    "start_production",
    "submit",
    "take_back",
    "withdraw_override",
]
