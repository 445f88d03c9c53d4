"""The acts of orders. Whatever raises exposure goes through ``advance``: nothing else confirms an order."""

from __future__ import annotations

from .advance import lock_order
from .alternatives import accept_alternatives, look_ahead_of
from .authority import blockers_for
from .clocks import assign_case, watch_clocks
from .conditions import (
    Agreed,
    agree,
    agreement_not_kept,
    break_late_conditions,
    conditions_ended,
    follow_conditions,
    hold_again,
    limit_decided,
    order_without_object,
    release_when_met,
)
from .confirmations import issue_confirmation
from .decisions import hold, open_case_of, refuse, release
from .delivery_notes import delivery_note
from .entry import LineInput, cancel, change_order, close, copy, create_order, reopen, submit
from .exchange import WRITE as WRITE_MESSAGES
from .exchange import write_message
from .fulfilment import clear_for_invoice, deliver, note_progress, start_production, take_back
from .horizon import enter_horizon
from .mass import decide_many, decide_one, why_not
from .new_day import check_before_delivery, new_day
from .overrides import appeal_override, approve_override, refuse_override, request_override, withdraw_override
from .papers import PurchaseOrderLineInput, accept_difference, add_evidence, record_purchase_order
from .queue import nightly_recheck, recheck_account, reexamine, reexamine_held, reexamine_many
from .quotations import (
    accept_quotation,
    change_quotation,
    create_quotation,
    expire_quotations,
    make_order,
    refuse_quotation,
    send_quotation,
)
from .two_approvers import signatures_of
from .undoing import may_undo, undo_release, undoable

__all__ = [
    "WRITE_MESSAGES",
    "Agreed",
    "LineInput",
    "PurchaseOrderLineInput",
    "accept_alternatives",
    "accept_difference",
    "accept_quotation",
    "add_evidence",
    "agree",
    "agreement_not_kept",
    "appeal_override",
    "approve_override",
    "assign_case",
    "blockers_for",
    "break_late_conditions",
    "cancel",
    "change_order",
    "change_quotation",
    "check_before_delivery",
    "clear_for_invoice",
    "close",
    "conditions_ended",
    "copy",
    "create_order",
    "create_quotation",
    "decide_many",
    "decide_one",
    "deliver",
    "delivery_note",
    "enter_horizon",
    "expire_quotations",
    "follow_conditions",
    "hold",
    "hold_again",
    "issue_confirmation",
    "limit_decided",
    "lock_order",
    "look_ahead_of",
    "make_order",
    "may_undo",
    "new_day",
    "nightly_recheck",
    "note_progress",
    "open_case_of",
    "order_without_object",
    "recheck_account",
    "record_purchase_order",
    "reexamine",
    "reexamine_held",
    "reexamine_many",
    "refuse",
    "refuse_override",
    "refuse_quotation",
    "release",
    "release_when_met",
    "reopen",
    "request_override",
    "send_quotation",
    "signatures_of",
    "start_production",
    "submit",
    "take_back",
    "undo_release",
    "undoable",
    "watch_clocks",
    "why_not",
    "withdraw_override",
    "write_message",
]
