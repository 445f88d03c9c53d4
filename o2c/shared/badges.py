"""Words, tones and icons of the states people see; one state looks the same on every screen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


@dataclass(frozen=True, slots=True)
class Badge:
    """A state as an icon and a word; ``tone`` is one of ok, warn, bad, disp, info, mute."""

    tone: str
    icon: str
    label: str | Promise


_UNKNOWN: Final = Badge("mute", "circle-dashed", "")

BADGES: Final[dict[str, Badge]] = {
    # orders
    "draft": Badge("mute", "pencil", _("Draft")),
    "submitted": Badge("info", "hourglass", _("Submitted")),
    "on_hold": Badge("warn", "hand-stop", _("On hold")),
    "to_decide": Badge("warn", "hand-stop", _("To decide")),
    "in_negotiation": Badge("info", "messages", _("In negotiation")),
    "conditional": Badge("info", "hourglass", _("Released on condition")),
    "confirmed": Badge("ok", "check", _("Confirmed")),
    "partially_delivered": Badge("info", "truck", _("Partly delivered")),
    "delivered": Badge("info", "truck", _("Delivered")),
    "invoiced": Badge("ok", "file-check", _("Invoiced")),
    "closed": Badge("mute", "lock", _("Closed")),
    "refused": Badge("bad", "x", _("Refused")),
    "cancelled": Badge("mute", "ban", _("Cancelled")),
    # quotations
    "quotation_draft": Badge("mute", "pencil", pgettext_lazy("quotation", "Draft")),
    "quotation_sent": Badge("info", "send", pgettext_lazy("quotation", "Sent")),
    "quotation_accepted": Badge("ok", "check", pgettext_lazy("quotation", "Accepted")),
    "quotation_refused": Badge("mute", "x", pgettext_lazy("quotation", "Declined")),
    "quotation_expired": Badge("mute", "calendar-off", pgettext_lazy("quotation", "Run out")),
    "quotation_ordered": Badge("ok", "shopping-cart", pgettext_lazy("quotation", "Ordered")),
    "accept": Badge("ok", "circle-check", pgettext_lazy("credit answer", "Would pass")),
    "warn": Badge("warn", "alert-triangle", pgettext_lazy("credit answer", "Passes, with remarks")),
    "hold": Badge("warn", "hand-stop", pgettext_lazy("credit answer", "Would be held")),
    # requests and decisions
    "requested": Badge("info", "hourglass", _("To be decided")),
    "pending": Badge("info", "hourglass", _("To be decided")),
    "approved": Badge("ok", "check", _("Granted")),
    "expired": Badge("warn", "calendar-off", _("Expired")),
    "released": Badge("ok", "check", _("Released")),
    # what became of a released order
    "outcome_open": Badge("info", "hourglass", pgettext_lazy("outcome", "Still open")),
    "outcome_paid": Badge("ok", "check", pgettext_lazy("outcome", "Paid on time")),
    "outcome_late": Badge("warn", "clock-exclamation", pgettext_lazy("outcome", "Paid late")),
    "outcome_lost": Badge("bad", "x", pgettext_lazy("outcome", "Lost")),
    # recurring invoices
    "recurring_running": Badge("ok", "calendar-repeat", pgettext_lazy("recurring invoice", "Running")),
    "recurring_stuck": Badge("bad", "alert-triangle", pgettext_lazy("recurring invoice", "Not billed")),
    "recurring_paused": Badge("warn", "player-pause", pgettext_lazy("recurring invoice", "Paused")),
    "recurring_finished": Badge("mute", "check", pgettext_lazy("recurring invoice", "All billed")),
    "recurring_ended": Badge("mute", "lock", pgettext_lazy("recurring invoice", "Ended")),
    # invoices and items
    "open": Badge("info", "file-invoice", pgettext_lazy("invoice", "Open")),
    "partly_paid": Badge("mute", "arrows-split", _("Partly matched")),
    "paid": Badge("ok", "check", _("Paid")),
    "matched": Badge("ok", "check", _("Matched")),
    "unallocated": Badge("warn", "hourglass", _("To be matched")),
    "returned": Badge("bad", "arrow-back-up", pgettext_lazy("payment", "Returned")),
    "unidentified": Badge("warn", "user-question", _("Not identified")),
    # promises to pay
    "condition_open": Badge("info", "hourglass", pgettext_lazy("condition", "Expected")),
    "condition_met": Badge("ok", "check", pgettext_lazy("condition", "Met")),
    "condition_broken": Badge("bad", "calendar-x", pgettext_lazy("condition", "Not kept")),
    "condition_withdrawn": Badge("mute", "ban", pgettext_lazy("condition", "Withdrawn")),
    "promise_open": Badge("info", "hourglass", pgettext_lazy("promise", "Open")),
    "promise_kept": Badge("ok", "check", pgettext_lazy("promise", "Kept")),
    "promise_partial": Badge("warn", "calendar-x", pgettext_lazy("promise", "Kept in part")),
    "promise_broken": Badge("bad", "calendar-x", pgettext_lazy("promise", "Broken")),
    "promise_cancelled": Badge("mute", "ban", pgettext_lazy("promise", "Cancelled")),
    # credit alerts
    "alert_block_ahead": Badge("bad", "hand-stop", _("Orders will be held")),
    "alert_utilisation": Badge("warn", "alert-octagon", _("Use of the limit")),
    "alert_overdue": Badge("bad", "clock-exclamation", _("Long overdue")),
    "alert_delay_trend": Badge("warn", "trending-up", _("Pays later and later")),
    "alert_unusual_order": Badge("info", "chart-bar", pgettext_lazy("alert", "Unusual order")),
    "alert_new_dispute": Badge("disp", "message-exclamation", _("Large new dispute")),
    "alert_cover_change": Badge("bad", "shield-x", _("Insurer changed its cover")),
    "alert_review_due": Badge("warn", "calendar-check", _("Limit to be reviewed")),
    "alert_score_fall": Badge("bad", "trending-down", _("Score fell")),
    "alert_broken_promise": Badge("bad", "calendar-x", pgettext_lazy("alert", "Broken promise")),
    "alert_first_overdue": Badge("bad", "clock-exclamation", _("Overdue by more than 30 days")),
    "alert_insolvent": Badge("bad", "gavel", _("Insolvency proceedings")),
    "alert_growth": Badge("warn", "trending-up", _("Exposure grows fast")),
    "alert_declaration": Badge("bad", "shield-x", _("To declare to the insurer")),
    "alert_legal_notice": Badge("bad", "gavel", _("Legal notice")),
    "alert_client_note": Badge("warn", "notes", _("Worrying note")),
    "alert_claim_filing": Badge("bad", "gavel", _("Claim to file")),
    "alert_title_claim": Badge("warn", "package", _("Goods to claim back")),
    "alert_sold_disputed": Badge("disp", "message-exclamation", _("Sold and in dispute")),
    "alert_indemnity_due": Badge("warn", "cash", _("Indemnity is due")),
    "alert_to_pass_on": Badge("warn", "cash", _("To pass on to the factor")),
    "alert_frozen_payment": Badge("bad", "cash", _("Money for a frozen debt")),
    "legal_safeguard": Badge("warn", "gavel", _("Safeguard proceedings")),
    "legal_receivership": Badge("bad", "gavel", _("Receivership")),
    "legal_liquidation": Badge("bad", "gavel", _("Liquidation")),
    "legal_plan": Badge("info", "calendar-dollar", pgettext_lazy("legal notice", "Plan adopted")),
    "legal_sale": Badge("warn", "switch-horizontal", pgettext_lazy("legal notice", "Sale of the business")),
    "legal_dissolution": Badge("warn", "ban", pgettext_lazy("legal notice", "Dissolution")),
    "alert_limitation": Badge("bad", "hourglass", _("Limitation comes near")),
    "alert_displeased": Badge("warn", "phone-call", _("Not content with us")),
    "alert_guarantee_end": Badge("warn", "calendar-off", _("Guarantee ends")),
    "guarantee_waiting": Badge("info", "hourglass", pgettext_lazy("guarantee", "To confirm")),
    "guarantee_counts": Badge("ok", "certificate", pgettext_lazy("guarantee", "Counts")),
    "guarantee_not_eligible": Badge("mute", "ban", pgettext_lazy("guarantee", "Not eligible")),
    "guarantee_later": Badge("mute", "clock", pgettext_lazy("guarantee", "From later on")),
    "guarantee_expired": Badge("bad", "calendar-off", pgettext_lazy("guarantee", "Expired")),
    "guarantee_ended": Badge("mute", "x", pgettext_lazy("guarantee", "Ended")),
    "factor_approved": Badge("ok", "shield-check", pgettext_lazy("factor", "Approved")),
    "factor_reduced": Badge("warn", "shield-half", pgettext_lazy("factor", "Reduced")),
    "factor_refused": Badge("bad", "shield-x", pgettext_lazy("factor", "Refused")),
    "factor_cancelled": Badge("bad", "shield-x", pgettext_lazy("factor", "Cancelled")),
    "batch_sent": Badge("info", "hourglass", pgettext_lazy("batch", "Sent")),
    "batch_received": Badge("ok", "check", pgettext_lazy("batch", "Received")),
    "assignment_sent": Badge("info", "hourglass", pgettext_lazy("assignment", "On the way")),
    "assignment_sold": Badge("ok", "switch-horizontal", pgettext_lazy("assignment", "Sold")),
    "assignment_taken_back": Badge("mute", "arrow-back-up", pgettext_lazy("assignment", "Taken back")),
    "insurance_claim_threat": Badge(
        "warn", "alert-triangle", pgettext_lazy("insurance claim", "Threat of loss told")
    ),
    "insurance_claim_declared": Badge("info", "send", pgettext_lazy("insurance claim", "Claim declared")),
    "insurance_claim_in_recovery": Badge(
        "info", "switch-horizontal", pgettext_lazy("insurance claim", "The insurer recovers")
    ),
    "insurance_claim_indemnified": Badge("ok", "cash", pgettext_lazy("insurance claim", "Indemnified")),
    "insurance_claim_paid": Badge("ok", "check", pgettext_lazy("insurance claim", "Paid by the client")),
    "insurance_claim_refused": Badge("bad", "shield-x", pgettext_lazy("insurance claim", "Refused")),
    "insurance_claim_withdrawn": Badge(
        "mute", "arrow-back-up", pgettext_lazy("insurance claim", "Taken back")
    ),
    # the written credit policy
    "policy_coming": Badge(
        "info", "hourglass", pgettext_lazy("credit policy", "Published, not yet in force")
    ),
    "policy_in_force": Badge("ok", "check", pgettext_lazy("credit policy", "In force")),
    "policy_superseded": Badge("mute", "history", pgettext_lazy("credit policy", "Replaced")),
    "policy_read": Badge("ok", "check", pgettext_lazy("credit policy", "Acknowledged")),
    "policy_unread": Badge("warn", "hourglass", pgettext_lazy("credit policy", "Not yet")),
    "policy_added": Badge("ok", "plus", pgettext_lazy("credit policy", "New")),
    "policy_removed": Badge("bad", "minus", pgettext_lazy("credit policy", "Left out")),
    "policy_changed": Badge("info", "pencil", pgettext_lazy("credit policy", "Changed")),
    "cover_requested": Badge("info", "hourglass", pgettext_lazy("cover", "Requested")),
    "cover_active": Badge("ok", "shield-check", pgettext_lazy("cover", "Granted")),
    "cover_partial": Badge("warn", "shield-half", pgettext_lazy("cover", "Granted in part")),
    "cover_refused": Badge("bad", "shield-x", pgettext_lazy("cover", "Refused")),
    "cover_reduced": Badge("warn", "shield-half", pgettext_lazy("cover", "Reduced")),
    "cover_cancelled": Badge("bad", "shield-x", pgettext_lazy("cover", "Cancelled")),
    "cover_expired": Badge("mute", "shield-x", pgettext_lazy("cover", "Expired")),
    "note_business": Badge("mute", "notes", _("Business note")),
    "note_market": Badge("info", "chart-line", _("Market information")),
    "note_press": Badge("info", "world", pgettext_lazy("note", "Press")),
    "note_news": Badge("info", "bell", pgettext_lazy("note", "News")),
    "note_restricted": Badge("warn", "lock", _("Restricted to credit management")),
    "note_good": Badge("ok", "trending-up", pgettext_lazy("note", "Good sign")),
    "note_neutral": Badge("mute", "minus", pgettext_lazy("note", "Neutral")),
    "note_worrying": Badge("bad", "alert-triangle", pgettext_lazy("note", "Worrying")),
    "alert_state_open": Badge("info", "hourglass", pgettext_lazy("alert", "To do")),
    "alert_state_answered": Badge("ok", "check", pgettext_lazy("alert", "Answered")),
    "alert_state_passed": Badge("mute", "circle-dashed", pgettext_lazy("alert", "Gone by itself")),
    # payment plans
    "plan_draft": Badge("mute", "pencil", pgettext_lazy("plan", "Draft")),
    "plan_sent": Badge("info", "send", pgettext_lazy("plan", "Sent, not signed yet")),
    "plan_signed": Badge("warn", "file-pencil", pgettext_lazy("plan", "Signed, to be approved")),
    "plan_active": Badge("info", "calendar-dollar", pgettext_lazy("plan", "Running")),
    "hand_over_open": Badge("warn", "gavel", pgettext_lazy("hand-over", "Out")),
    "hand_over_paid": Badge("ok", "check", pgettext_lazy("hand-over", "Paid")),
    "hand_over_part_paid": Badge("warn", "calendar-x", pgettext_lazy("hand-over", "Paid in part")),
    "hand_over_irrecoverable": Badge("bad", "x", pgettext_lazy("hand-over", "Irrecoverable")),
    "hand_over_taken_back": Badge("mute", "arrow-back-up", pgettext_lazy("hand-over", "Taken back")),
    "plan_late": Badge("bad", "calendar-x", pgettext_lazy("plan", "Instalment missing")),
    "plan_broken": Badge("bad", "calendar-x", pgettext_lazy("plan", "Broken")),
    "plan_completed": Badge("ok", "check", pgettext_lazy("plan", "Completed")),
    "plan_cancelled": Badge("mute", "ban", pgettext_lazy("plan", "Cancelled")),
    # runs of reminders, and what they send
    "link_alive": Badge("ok", "link", pgettext_lazy("link", "Opens")),
    "link_expired": Badge("mute", "calendar-off", pgettext_lazy("link", "Expired")),
    "link_revoked": Badge("mute", "ban", pgettext_lazy("link", "Revoked")),
    "run_proposed": Badge("info", "hourglass", pgettext_lazy("run", "Proposed")),
    "run_reviewed": Badge("info", "send", pgettext_lazy("run", "Reviewed")),
    "run_sent": Badge("ok", "check", pgettext_lazy("run", "Sent")),
    "statement_on_its_way": Badge("info", "send", pgettext_lazy("statement", "On its way")),
    "statement_sent": Badge("ok", "check", pgettext_lazy("statement", "Sent")),
    "statement_came_back": Badge("bad", "arrow-back-up", pgettext_lazy("statement", "Came back")),
    "statement_uncertain": Badge("warn", "help-circle", pgettext_lazy("statement", "Uncertain")),
    "statement_not_sent": Badge("bad", "user-question", pgettext_lazy("statement", "Not sent")),
    "reminder_proposed": Badge("info", "hourglass", pgettext_lazy("reminder", "Proposed")),
    "reminder_approved": Badge("info", "send", pgettext_lazy("reminder", "Approved")),
    "reminder_sent": Badge("ok", "check", pgettext_lazy("reminder", "Sent")),
    "reminder_to_call": Badge("warn", "phone", pgettext_lazy("reminder", "To call")),
    "reminder_called": Badge("ok", "phone-call", pgettext_lazy("reminder", "Called")),
    "reminder_dropped": Badge("mute", "ban", pgettext_lazy("reminder", "Dropped")),
    "reminder_no_contact": Badge("bad", "user-question", pgettext_lazy("reminder", "Nobody to send it to")),
    # lines of a bank statement, and how statements follow each other
    "bank_payment": Badge("ok", "cash", _("Payment")),
    "bank_return": Badge("bad", "arrow-back-up", pgettext_lazy("bank line", "Return")),
    "bank_fee": Badge("mute", "receipt", _("Bank fee")),
    "bank_other": Badge("mute", "minus", _("Not ours")),
    "bank_duplicate": Badge("mute", "copy", _("Known already")),
    "first": Badge("mute", "flag", _("First of its account")),
    "continues": Badge("ok", "check", _("Continues")),
    "gap": Badge("warn", "alert-triangle", _("Gap before it")),
    "overlap": Badge("info", "copy", _("Overlaps")),
    "overdue": Badge("bad", "clock-exclamation", _("Overdue")),
    "disputed": Badge("disp", "message-exclamation", _("Disputed")),
    "stopped": Badge("info", "player-pause", _("No reminder")),
    "credited": Badge("mute", "receipt-refund", _("Credited")),
    # disputes
    "dispute_open": Badge("warn", "tag", pgettext_lazy("dispute", "To qualify")),
    "dispute_qualified": Badge("disp", "message-exclamation", pgettext_lazy("dispute", "Qualified")),
    "dispute_in_progress": Badge("disp", "progress", pgettext_lazy("dispute", "In progress")),
    "dispute_waiting_customer": Badge("info", "hourglass", _("Waits for the client")),
    "dispute_waiting_internal": Badge("info", "hourglass", _("Waits for a colleague")),
    "dispute_proposed": Badge("warn", "scale", pgettext_lazy("dispute", "Proposed")),
    "dispute_reopened": Badge("warn", "rotate", pgettext_lazy("dispute", "Opened again")),
    "dispute_resolved": Badge("info", "truck", pgettext_lazy("dispute", "Decided, to be carried out")),
    "dispute_closed": Badge("ok", "check", pgettext_lazy("dispute", "Closed")),
    "dispute_rejected": Badge("mute", "x", pgettext_lazy("dispute", "Unfounded")),
    "dispute_withdrawn": Badge("mute", "arrow-back-up", pgettext_lazy("dispute", "Withdrawn")),
    # clients
    "active": Badge("ok", "check", _("Active")),
    "watched": Badge("warn", "eye", _("On watch")),
    "blocked": Badge("bad", "lock", _("Blocked")),
    "in_review": Badge("info", "hourglass", _("In review")),
    "incomplete": Badge("warn", "alert-triangle", _("Incomplete")),
    # months of the books
    "current": Badge("mute", "clock", _("Running month")),
    "open_period": Badge("info", "lock-open", pgettext_lazy("period", "Open")),
    "closed_period": Badge("mute", "lock", pgettext_lazy("period", "Closed")),
    "reopened": Badge("warn", "rotate", _("Opened again")),
    # background work
    "uploaded": Badge("mute", "upload", _("Uploaded")),
    "previewed": Badge("info", "eye", _("To be confirmed")),
    "queued": Badge("mute", "clock", _("Waiting")),
    "running": Badge("info", "progress", _("Running")),
    "done": Badge("ok", "check", _("Done")),
    "failed": Badge("bad", "alert-octagon", _("Failed")),
    # messages
    "waiting": Badge("info", "hourglass", pgettext_lazy("message", "Waiting")),
    "sent": Badge("ok", "send", pgettext_lazy("message", "Sent")),
    "uncertain": Badge("warn", "alert-triangle", pgettext_lazy("message", "Uncertain")),
    "mail_delivered": Badge("ok", "mail", pgettext_lazy("message", "Delivered")),
    "mail_bounced": Badge("bad", "arrow-back-up", pgettext_lazy("message", "Came back")),
    "withdrawn": Badge("mute", "arrow-back-up", pgettext_lazy("request", "Withdrawn")),
    # why an order is on hold (domain.md 5.1)
    "OVER_LIMIT": Badge("bad", "alert-octagon", _("Over limit")),
    "NO_LIMIT": Badge("bad", "ban", _("No credit limit")),
    "REVIEW_EXPIRED": Badge("warn", "calendar-off", _("Limit expired")),
    "OVERDUE_DAYS": Badge("bad", "clock-exclamation", _("Late payment")),
    "OVERDUE_AMOUNT": Badge("bad", "cash", _("Overdue amount")),
    "DISPUTE_OPEN": Badge("disp", "message-exclamation", _("Open dispute")),
    "ACCOUNT_BLOCKED": Badge("bad", "lock", _("Client blocked")),
    "TERMS_CHANGED": Badge("warn", "calendar-repeat", _("Terms changed")),
    "UNUSUAL_ORDER": Badge("warn", "trending-up", _("Unusual order")),
    "NEW_ACCOUNT": Badge("warn", "user-question", _("New client")),
    "MANUAL": Badge("warn", "hand-stop", _("Held by hand")),
    "RECONFIRM": Badge("info", "refresh", _("To be confirmed again")),
    "INSURANCE_STOP": Badge("bad", "shield-x", _("Insurer")),
    "INSOLVENCY": Badge("bad", "gavel", _("Insolvency")),
    "COMPLIANCE": Badge("bad", "scale", _("Compliance")),
    "BROKEN_PROMISE": Badge("bad", "calendar-x", _("Promise broken")),
    "PART_LIMIT": Badge("bad", "adjustments-dollar", _("Over a sub-limit")),
    "UNPAID_INSTRUMENT": Badge("bad", "arrow-back-up", _("Returned payment")),
    "DEPOSIT_MISSING": Badge("warn", "coins", _("Deposit missing")),
    "PO_MISMATCH": Badge("warn", "file-search", _("Purchase order differs")),
    "EVIDENCE_MISSING": Badge("warn", "paperclip", _("Evidence missing")),
    "RATE_MISSING": Badge("warn", "arrows-exchange", _("Exchange rate missing")),
    "TOLERANCE_USED": Badge("info", "plus-minus", _("Within tolerance")),
    # why this came about (contract, cause codes)
    "LATE_PAYMENT": Badge("bad", "clock-exclamation", _("Late payment")),
    "OPEN_DISPUTE": Badge("disp", "message-exclamation", _("Open dispute")),
    "EXCEPTIONAL_ORDERS": Badge("warn", "trending-up", _("Unusual surge")),
    "LIMIT_REDUCED": Badge("info", "trending-down", _("Limit lowered")),
}


def badge_for(code: str) -> Badge:
    """Return how a state is shown; an unknown one is shown grey under its own code, never hidden."""
    found = BADGES.get(code) or BADGES.get(code.lower())
    return found or Badge(_UNKNOWN.tone, _UNKNOWN.icon, code)
