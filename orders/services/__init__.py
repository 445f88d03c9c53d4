"""The acts of orders. Whatever raises exposure goes through ``advance``: nothing else confirms an order."""

from __future__ import annotations

from .clocks import assign_case, watch_clocks
from .confirmations import issue_confirmation
from .decisions import blockers_for, hold, refuse, release
from .entry import LineInput, cancel, change_order, close, copy, create_order, reopen, submit
from .fulfilment import clear_for_invoice, deliver, note_progress, start_production, take_back
from .mass import decide_many, decide_one, why_not
from .new_day import check_before_delivery, new_day
from .overrides import approve_override, refuse_override, request_override, withdraw_override
from .papers import PurchaseOrderLineInput, accept_difference, add_evidence, record_purchase_order
from .queue import nightly_recheck, recheck_account, reexamine, reexamine_held
from .quotations import (
    accept_quotation,
    change_quotation,
    create_quotation,
    expire_quotations,
    make_order,
    refuse_quotation,
    send_quotation,
)
from .undoing import may_undo, undo_release, undoable

__all__ = [
    "LineInput",
    "PurchaseOrderLineInput",
    "accept_difference",
    "accept_quotation",
    "add_evidence",
    "approve_override",
    "assign_case",
    "blockers_for",
    "cancel",
    "change_order",
    "change_quotation",
    "check_before_delivery",
    "clear_for_invoice",
    "close",
    "copy",
    "create_order",
    "create_quotation",
    "decide_many",
    "decide_one",
    "deliver",
    "expire_quotations",
    "hold",
    "issue_confirmation",
    "make_order",
    "may_undo",
    "new_day",
    "nightly_recheck",
    "note_progress",
    "recheck_account",
    "record_purchase_order",
    "reexamine",
    "reexamine_held",
    "refuse",
    "refuse_override",
    "refuse_quotation",
    "release",
    "reopen",
    "request_override",
    "send_quotation",
    "start_production",
    "submit",
    "take_back",
    "undo_release",
    "undoable",
    "watch_clocks",
    "why_not",
    "withdraw_override",
]
