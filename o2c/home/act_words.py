"""The vocabulary of the journal: how each act reads, looks and is grouped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

DECISIONS, ORDERS, MONEY, CLIENT, OTHER = "decisions", "orders", "money", "client", "other"


@dataclass(frozen=True)
class Words:
    """How an act reads: ``%(label)s`` is the object's own name."""

    text: str | Promise
    icon: str
    tone: str = ""
    group: str = OTHER


WORDS: Final[dict[str, Words]] = {
    "alert.raised": Words(gettext_lazy("Alert on client %(label)s"), "bell", "warn", CLIENT),
    "alert.taken": Words(gettext_lazy("Alert on client %(label)s taken over"), "user-check", "", CLIENT),
    "alert.answered": Words(gettext_lazy("Alert on client %(label)s answered"), "check", "ok", CLIENT),
    "client_note.written": Words(gettext_lazy("Note on client %(label)s"), "notes", "", CLIENT),
    "client_note.withdrawn": Words(
        gettext_lazy("Note on client %(label)s withdrawn"), "notes", "warn", CLIENT
    ),
    "insurance.policy_set": Words(
        gettext_lazy("Credit insurance policy %(label)s entered"), "shield-check", "", DECISIONS
    ),
    "legal_notice.recorded": Words(
        gettext_lazy("Legal notice %(label)s entered"), "gavel", "warn", DECISIONS
    ),
    "legal_notice.ended": Words(gettext_lazy("Legal notice %(label)s is over"), "gavel", "", DECISIONS),
    "guarantee.recorded": Words(gettext_lazy("Guarantee %(label)s entered"), "certificate", "", DECISIONS),
    "guarantee.confirmed": Words(
        gettext_lazy("Guarantee %(label)s confirmed"), "certificate", "ok", DECISIONS
    ),
    "guarantee.ended": Words(gettext_lazy("Guarantee %(label)s ended"), "certificate", "warn", DECISIONS),
    "factor.agreed": Words(
        gettext_lazy("Agreement %(label)s with the factor entered"), "building-bank", "", DECISIONS
    ),
    "factor.approved": Words(
        gettext_lazy("The factor’s word on client %(label)s entered"), "shield-check", "", DECISIONS
    ),
    "batch.sent": Words(gettext_lazy("List %(label)s made for the factor"), "send", "", MONEY),
    "batch.received": Words(
        gettext_lazy("List %(label)s received by the factor"), "switch-horizontal", "ok", MONEY
    ),
    "item.taken_back": Words(
        gettext_lazy("%(label)s taken back from the factor"), "arrow-back-up", "warn", MONEY
    ),
    "item.passed_on": Words(gettext_lazy("Money for %(label)s passed on to the factor"), "cash", "ok", MONEY),
    "insurance_claim.opened": Words(
        gettext_lazy("Claim file %(label)s opened with the insurer"), "shield-check", "warn", MONEY
    ),
    "insurance_claim.declared": Words(
        gettext_lazy("Claim %(label)s declared to the insurer"), "send", "", MONEY
    ),
    "insurance_claim.in_recovery": Words(
        gettext_lazy("Recovery of claim %(label)s left to the insurer"), "switch-horizontal", "", MONEY
    ),
    "insurance_claim.indemnified": Words(
        gettext_lazy("Indemnity for claim %(label)s entered"), "cash", "ok", MONEY
    ),
    "insurance_claim.closed": Words(gettext_lazy("Claim file %(label)s closed"), "check", "", MONEY),
    "order.entered": Words(gettext_lazy("Order %(label)s entered"), "pencil", "", ORDERS),
    "order.changed": Words(gettext_lazy("Order %(label)s changed"), "pencil", "", ORDERS),
    "order.submitted": Words(gettext_lazy("Order %(label)s submitted"), "send", "", ORDERS),
    "order.held": Words(gettext_lazy("Order %(label)s on hold"), "hand-stop", "warn", DECISIONS),
    "order.held_by_hand": Words(gettext_lazy("Order %(label)s held by hand"), "hand-stop", "warn", DECISIONS),
    "order.freed": Words(gettext_lazy("Order %(label)s freed by itself"), "circle-check", "ok", DECISIONS),
    "order.released": Words(gettext_lazy("Order %(label)s released"), "circle-check", "ok", DECISIONS),
    "order.refused": Words(gettext_lazy("Order %(label)s refused"), "circle-x", "bad", DECISIONS),
    "order.release_undone": Words(
        gettext_lazy("Release of order %(label)s undone"), "rotate", "warn", DECISIONS
    ),
    "order.assigned": Words(gettext_lazy("Hold of order %(label)s taken over"), "user-check", "", ORDERS),
    "order.message_written": Words(gettext_lazy("Message about %(label)s"), "messages", "", DECISIONS),
    "order.override_requested": Words(
        gettext_lazy("Override of order %(label)s asked for"), "send", "warn", DECISIONS
    ),
    "order.release_signed": Words(
        gettext_lazy("Release of order %(label)s approved by the first of two"), "check", "", DECISIONS
    ),
    "order.override_refused": Words(
        gettext_lazy("Override of order %(label)s refused"), "circle-x", "bad", DECISIONS
    ),
    "order.override_withdrawn": Words(
        gettext_lazy("Override request of order %(label)s taken back"), "arrow-back-up", "", DECISIONS
    ),
    "order.ready_to_reconfirm": Words(
        gettext_lazy("Order %(label)s fits again, to be confirmed with the client"), "refresh", "", DECISIONS
    ),
    "order.entered_horizon": Words(
        gettext_lazy("Order %(label)s entered the horizon"), "calendar-check", "", ORDERS
    ),
    "order.confirmed": Words(gettext_lazy("Order %(label)s confirmed"), "check", "ok", ORDERS),
    "order.delivered": Words(gettext_lazy("Order %(label)s delivered"), "truck", "", ORDERS),
    "order.returned": Words(gettext_lazy("Goods of order %(label)s returned"), "truck-return", "", ORDERS),
    "order.production_started": Words(
        gettext_lazy("Production of order %(label)s started"), "settings", "", ORDERS
    ),
    "order.reopened": Words(gettext_lazy("Order %(label)s re-opened"), "rotate", "", ORDERS),
    "order.cancelled": Words(gettext_lazy("Order %(label)s cancelled"), "ban", "", ORDERS),
    "order.closed": Words(gettext_lazy("Order %(label)s closed"), "lock", "", ORDERS),
    "invoice.files_made": Words(gettext_lazy("PDF and XML of %(label)s made"), "file-text"),
    "invoice.issued": Words(gettext_lazy("Invoice %(label)s issued"), "file-invoice", "", MONEY),
    "invoice.imported": Words(gettext_lazy("Invoice %(label)s taken over"), "file-import", "", MONEY),
    "credit_note.requested": Words(
        gettext_lazy("Credit note on %(label)s asked for"), "receipt-refund", "warn", MONEY
    ),
    "credit_note.issued": Words(gettext_lazy("Credit note %(label)s issued"), "receipt-refund", "ok", MONEY),
    "credit_note.refused": Words(gettext_lazy("Credit note on %(label)s refused"), "circle-x", "bad", MONEY),
    "company.details_changed": Words(
        gettext_lazy("Details of %(label)s on documents changed"), "pencil", "warn", OTHER
    ),
    "account.invoice_details_changed": Words(
        gettext_lazy("Details of %(label)s on invoices changed"), "pencil", "", CLIENT
    ),
    "invoice.mailed": Words(gettext_lazy("Document %(label)s sent by mail"), "mail", "", MONEY),
    "einvoice.status": Words(
        gettext_lazy("New status of %(label)s on the e-invoicing platform"), "send", "", MONEY
    ),
    "payment.recorded": Words(gettext_lazy("Payment %(label)s received"), "cash", "ok", MONEY),
    "payment.returned": Words(
        gettext_lazy("Payment %(label)s returned by the bank"), "arrow-back-up", "bad", MONEY
    ),
    "payment.return_undone": Words(
        gettext_lazy("Return of payment %(label)s undone"), "rotate", "warn", MONEY
    ),
    "item.due_date_changed": Words(
        gettext_lazy("Due date of %(label)s changed"), "calendar-repeat", "warn", MONEY
    ),
    "item.reminders_stopped": Words(
        gettext_lazy("Reminders of %(label)s stopped"), "player-pause", "warn", MONEY
    ),
    "item.reminders_resumed": Words(gettext_lazy("Reminders of %(label)s go on"), "player-play", "", MONEY),
    "account.reminders_stopped": Words(
        gettext_lazy("All reminders of %(label)s stopped"), "player-pause", "warn", MONEY
    ),
    "account.reminders_resumed": Words(
        gettext_lazy("Reminders of %(label)s go on"), "player-play", "", MONEY
    ),
    "recurring.created": Words(
        gettext_lazy("Recurring invoice %(label)s set up"), "calendar-repeat", "", MONEY
    ),
    "recurring.billed": Words(gettext_lazy("A period of %(label)s billed"), "calendar-repeat", "ok", MONEY),
    "recurring.stuck": Words(
        gettext_lazy("A period of %(label)s could not be billed"), "alert-triangle", "bad", MONEY
    ),
    "recurring.paused": Words(
        gettext_lazy("Recurring invoice %(label)s paused"), "player-pause", "warn", MONEY
    ),
    "recurring.resumed": Words(gettext_lazy("Recurring invoice %(label)s goes on"), "player-play", "", MONEY),
    "recurring.ended": Words(gettext_lazy("Recurring invoice %(label)s ended"), "ban", "warn", MONEY),
    "deposit.requested": Words(gettext_lazy("Deposit %(label)s asked for"), "coins", "", MONEY),
    "deposit.received": Words(gettext_lazy("Deposit %(label)s received"), "coins", "ok", MONEY),
    "deposit.cancelled": Words(gettext_lazy("Deposit %(label)s taken back"), "coins", "warn", MONEY),
    "company.anomalies_changed": Words(
        gettext_lazy("What is looked for before an invoice is issued changed (%(label)s)"),
        "adjustments",
        "warn",
        MONEY,
    ),
    "accounting.accounts": Words(
        gettext_lazy("Accounts of the accounting interface changed (%(label)s)"),
        "list-details",
        "warn",
        MONEY,
    ),
    "penalty_note.issued": Words(gettext_lazy("Interest note %(label)s issued"), "percentage", "", MONEY),
    "penalty_note.cancelled": Words(
        gettext_lazy("Interest note taken back by %(label)s"), "rotate", "warn", MONEY
    ),
    "penalty.waived": Words(gettext_lazy("Interest of %(label)s waived"), "hand-stop", "warn", MONEY),
    "penalty.waiver_lifted": Words(
        gettext_lazy("Waiver of interest of %(label)s lifted"), "rotate", "", MONEY
    ),
    "penalty.terms_agreed": Words(
        gettext_lazy("Late-payment terms of %(label)s noted"), "percentage", "", MONEY
    ),
    "legal_rate.added": Words(gettext_lazy("Legal rates of %(label)s added"), "percentage", "", MONEY),
    "legal_rate.corrected": Words(
        gettext_lazy("Legal rates of %(label)s corrected"), "percentage", "warn", MONEY
    ),
    "period.closed": Words(gettext_lazy("Month %(label)s closed"), "lock", "", MONEY),
    "period.reopened": Words(gettext_lazy("Month %(label)s opened again"), "rotate", "warn", MONEY),
    "dunning.planned": Words(gettext_lazy("Reminders of %(label)s proposed"), "mail-forward", "", MONEY),
    "dunning.approved": Words(gettext_lazy("Reminders of %(label)s approved"), "mail-forward", "ok", MONEY),
    "reminder.sent": Words(gettext_lazy("Reminder sent (%(label)s)"), "mail-forward", "", MONEY),
    "reminder.dropped": Words(gettext_lazy("Reminder not sent any more (%(label)s)"), "ban", "", MONEY),
    "reminder.no_contact": Words(
        gettext_lazy("Nobody to send a reminder to (%(label)s)"), "user-question", "warn", MONEY
    ),
    "reminder.tried_again": Words(gettext_lazy("Reminder tried again (%(label)s)"), "refresh", "", MONEY),
    "call.made": Words(gettext_lazy("Call with %(label)s"), "phone", "", CLIENT),
    "link.made": Words(gettext_lazy("Link of %(label)s made"), "link", "", CLIENT),
    "link.revoked": Words(gettext_lazy("Link of %(label)s revoked"), "ban", "warn", CLIENT),
    "link.opened": Words(gettext_lazy("Link of %(label)s opened"), "eye", "", CLIENT),
    "link.statement_taken": Words(
        gettext_lazy("Statement of %(label)s taken by link"), "file-text", "", CLIENT
    ),
    "link.document_taken": Words(
        gettext_lazy("Document of %(label)s taken by link"), "file-invoice", "", CLIENT
    ),
    "link.refused": Words(gettext_lazy("Link refused (%(label)s)"), "lock", "bad", CLIENT),
    "credit.part_limits_set": Words(
        gettext_lazy("Limits by kind of risk of %(label)s set"), "adjustments-dollar", "", DECISIONS
    ),
    "client_statement.sent": Words(gettext_lazy("Monthly statement %(label)s sent"), "send", "", CLIENT),
    "client_statement.asked_again": Words(
        gettext_lazy("Monthly statement %(label)s asked for again"), "send", "", CLIENT
    ),
    "account.relayed": Words(gettext_lazy("Client %(label)s passed on"), "arrow-right", "", CLIENT),
    "call.relayed": Words(gettext_lazy("Call to %(label)s passed on"), "arrow-right", "warn", CLIENT),
    "handover.made": Words(gettext_lazy("Debts of %(label)s handed over"), "gavel", "warn", DECISIONS),
    "handover.cost": Words(gettext_lazy("Cost of the hand-over of %(label)s"), "receipt", "", MONEY),
    "handover.claimed": Words(gettext_lazy("Claim against %(label)s lodged"), "gavel", "warn", DECISIONS),
    "handover.ended": Words(gettext_lazy("Hand-over of %(label)s ended"), "check", "", DECISIONS),
    "limitation.interrupted": Words(
        gettext_lazy("Limitation of debts of %(label)s starts anew"), "hourglass", "", DECISIONS
    ),
    "promise.made": Words(gettext_lazy("Promise to pay of %(label)s"), "calendar-check", "", MONEY),
    "promise.kept": Words(gettext_lazy("Promise of %(label)s kept"), "circle-check", "ok", MONEY),
    "promise.kept_in_part": Words(
        gettext_lazy("Promise of %(label)s kept in part"), "calendar-x", "warn", MONEY
    ),
    "promise.broken": Words(gettext_lazy("Promise of %(label)s broken"), "calendar-x", "bad", MONEY),
    "promise.cancelled": Words(gettext_lazy("Promise of %(label)s cancelled"), "ban", "", MONEY),
    "plan.made": Words(gettext_lazy("Payment plan of %(label)s written down"), "calendar-dollar", "", MONEY),
    "plan.sent": Words(gettext_lazy("Payment plan of %(label)s sent to be signed"), "send", "", MONEY),
    "plan.signed": Words(gettext_lazy("Payment plan of %(label)s signed"), "file-pencil", "", MONEY),
    "plan.began": Words(gettext_lazy("Payment plan of %(label)s begins"), "calendar-dollar", "ok", DECISIONS),
    "plan.instalment_missed": Words(
        gettext_lazy("Instalment of %(label)s missing"), "calendar-x", "warn", MONEY
    ),
    "plan.caught_up": Words(gettext_lazy("Payment plan of %(label)s caught up"), "circle-check", "ok", MONEY),
    "plan.noticed": Words(
        gettext_lazy("Formal notice on the payment plan of %(label)s"), "gavel", "bad", DECISIONS
    ),
    "plan.broken": Words(gettext_lazy("Payment plan of %(label)s broken"), "calendar-x", "bad", DECISIONS),
    "plan.completed": Words(gettext_lazy("Payment plan of %(label)s completed"), "circle-check", "ok", MONEY),
    "plan.cancelled": Words(gettext_lazy("Payment plan of %(label)s cancelled"), "ban", "", MONEY),
    "allocation.made": Words(gettext_lazy("Matched: %(label)s"), "arrows-join", "ok", MONEY),
    "allocation.reversed": Words(gettext_lazy("Unmatched: %(label)s"), "arrows-split", "warn", MONEY),
    "dispute.noted": Words(
        gettext_lazy("Amount of %(label)s disputed"), "message-exclamation", "disp", DECISIONS
    ),
    "dispute.ended": Words(gettext_lazy("Dispute about %(label)s ended"), "message-check", "ok", DECISIONS),
    "dispute.opened": Words(
        gettext_lazy("Dispute %(label)s opened"), "message-exclamation", "disp", DECISIONS
    ),
    "dispute.rules_changed": Words(
        gettext_lazy("Agreed days for disputes of %(label)s changed"), "adjustments", "", OTHER
    ),
    "account.circuit_changed": Words(
        gettext_lazy("Payment circuit of %(label)s changed"), "calendar-check", "", CLIENT
    ),
    "process_owners.changed": Words(
        gettext_lazy("Process owners of %(label)s changed"), "user-check", "", OTHER
    ),
    "statement.sent": Words(gettext_lazy("Monthly statement sent: %(label)s"), "mail-forward", "", OTHER),
    "dispute.qualified": Words(gettext_lazy("Dispute %(label)s qualified"), "tag", "", DECISIONS),
    "dispute.assigned": Words(
        gettext_lazy("Dispute %(label)s given to somebody else"), "user-check", "", OTHER
    ),
    "dispute.decided_by_committee": Words(
        gettext_lazy("Dispute %(label)s decided by the committee"), "users-group", "", DECISIONS
    ),
    "dispute.postponed": Words(
        gettext_lazy("Dispute %(label)s put off by the committee"), "calendar-repeat", "warn", DECISIONS
    ),
    "committee.planned": Words(gettext_lazy("Committee of %(label)s planned"), "calendar", "", OTHER),
    "committee.attended": Words(gettext_lazy("Committee of %(label)s held"), "users-group", "", OTHER),
    "committee.closed": Words(gettext_lazy("Minutes of %(label)s validated"), "file-text", "ok", OTHER),
    "committee.members_set": Words(gettext_lazy("Members of the committee of %(label)s"), "users", "", OTHER),
    "dispute.changed": Words(gettext_lazy("Dispute %(label)s corrected"), "pencil", "", OTHER),
    "dispute.accepted": Words(gettext_lazy("Date of dispute %(label)s accepted"), "check", "", OTHER),
    "dispute.waits": Words(gettext_lazy("Dispute %(label)s waits"), "hourglass", "", OTHER),
    "dispute.resumed": Words(gettext_lazy("Dispute %(label)s goes on"), "refresh", "", OTHER),
    "dispute.proposed": Words(
        gettext_lazy("Solution of dispute %(label)s proposed"), "send", "warn", DECISIONS
    ),
    "dispute.answered": Words(gettext_lazy("Client answered about dispute %(label)s"), "mail", "", CLIENT),
    "dispute.commented": Words(gettext_lazy("Dispute %(label)s commented"), "messages", "", OTHER),
    "dispute.resolved": Words(gettext_lazy("Dispute %(label)s decided"), "scale", "ok", DECISIONS),
    "dispute.goods_received": Words(gettext_lazy("Goods of dispute %(label)s are back"), "truck", "", OTHER),
    "dispute.outcome_refused": Words(
        gettext_lazy("Credit note of dispute %(label)s refused"), "circle-x", "bad", DECISIONS
    ),
    "dispute.closed": Words(gettext_lazy("Dispute %(label)s closed"), "message-check", "ok", DECISIONS),
    "dispute.reopened": Words(gettext_lazy("Dispute %(label)s opened again"), "rotate", "warn", DECISIONS),
    "limit.requested": Words(
        gettext_lazy("Limit asked for (%(label)s)"), "adjustments-dollar", "", DECISIONS
    ),
    "limit.submitted": Words(
        gettext_lazy("Limit request sent (%(label)s)"), "adjustments-dollar", "", DECISIONS
    ),
    "limit.approved": Words(gettext_lazy("Limit granted (%(label)s)"), "adjustments-dollar", "ok", DECISIONS),
    "limit.refused": Words(gettext_lazy("Limit refused (%(label)s)"), "adjustments-dollar", "bad", DECISIONS),
    "limit.expired": Words(
        gettext_lazy("Limit request without answer (%(label)s)"), "adjustments-dollar", "warn", DECISIONS
    ),
    "account.opened": Words(gettext_lazy("Client %(label)s opened"), "building-store", "", CLIENT),
    "account.changed": Words(gettext_lazy("Client %(label)s changed"), "pencil", "", CLIENT),
    "account.class_changed": Words(
        gettext_lazy("Class of %(label)s changed"), "shield-half", "warn", DECISIONS
    ),
    "score.changed": Words(gettext_lazy("Score changed: %(label)s"), "shield-half", "warn", DECISIONS),
    "statement.recorded": Words(
        gettext_lazy("Financial statement of %(label)s recorded"), "file-spreadsheet", "", CLIENT
    ),
    "entity.facts_recorded": Words(
        gettext_lazy("What is known of %(label)s recorded"), "building-store", "", CLIENT
    ),
    "class_override.asked": Words(
        gettext_lazy("Class asked for %(label)s, whatever its score"), "scale", "", DECISIONS
    ),
    "class_override.approved": Words(
        gettext_lazy("Class of %(label)s set by decision"), "scale", "warn", DECISIONS
    ),
    "class_override.refused": Words(
        gettext_lazy("Class for %(label)s refused"), "circle-x", "bad", DECISIONS
    ),
    "class_override.ended": Words(
        gettext_lazy("Class of %(label)s set by decision: ended"), "scale", "", DECISIONS
    ),
    "class_override.lapsed": Words(
        gettext_lazy("Class for %(label)s: nobody answered"), "scale", "warn", DECISIONS
    ),
    "limit.signed": Words(
        gettext_lazy("Limit %(label)s approved by the first of two"), "check", "", DECISIONS
    ),
    "limit.appealed": Words(
        gettext_lazy("Refusal of limit %(label)s appealed"), "arrow-up", "warn", DECISIONS
    ),
    "credit_policy.draft_started": Words(
        gettext_lazy("Version %(label)s of the credit policy begun"), "book-2", "", DECISIONS
    ),
    "credit_policy.article_changed": Words(
        gettext_lazy("Article %(label)s of the credit policy rewritten"), "pencil", "", DECISIONS
    ),
    "credit_policy.article_added": Words(
        gettext_lazy("Article %(label)s added to the credit policy"), "plus", "", DECISIONS
    ),
    "credit_policy.article_left_out": Words(
        gettext_lazy("Article %(label)s left out of the credit policy"), "minus", "", DECISIONS
    ),
    "credit_policy.draft_discarded": Words(
        gettext_lazy("Draft of version %(label)s of the credit policy given up"), "x", "", DECISIONS
    ),
    "credit_policy.published": Words(
        gettext_lazy("Version %(label)s of the credit policy published"), "book-2", "ok", DECISIONS
    ),
    "credit_policy.acknowledged": Words(
        gettext_lazy("Version %(label)s of the credit policy read and acknowledged"), "user-check", "", OTHER
    ),
    "exposure.part_switched": Words(
        gettext_lazy("What counts in the exposure changed"), "settings", "", DECISIONS
    ),
    "exposure.horizon_set": Words(
        gettext_lazy("Which orders count in the exposure changed"), "settings", "", DECISIONS
    ),
    "authority.change_asked": Words(
        gettext_lazy("Another authority of a level asked for"), "hierarchy", "warn", DECISIONS
    ),
    "authority.change_agreed": Words(
        gettext_lazy("Authority of a level changed"), "hierarchy", "ok", DECISIONS
    ),
    "authority.change_refused": Words(
        gettext_lazy("Change of an authority refused"), "hierarchy", "bad", DECISIONS
    ),
    "thresholds.changed": Words(
        gettext_lazy("Thresholds of class %(label)s changed"), "settings", "", DECISIONS
    ),
    "stake.rules_changed": Words(gettext_lazy("Rates of margin and loss changed"), "settings", "", DECISIONS),
    "limit.rules_changed": Words(
        gettext_lazy("Rules of limits of class %(label)s changed"), "settings", "", DECISIONS
    ),
    "rating.rules_changed": Words(gettext_lazy("Rules of rating changed"), "settings", "", DECISIONS),
    "account.rep_changed": Words(gettext_lazy("New sales rep for %(label)s"), "user-check", "", CLIENT),
    "account.member_added": Words(gettext_lazy("Team of %(label)s: one more"), "user-plus", "", CLIENT),
    "account.member_ended": Words(gettext_lazy("Team of %(label)s: one less"), "users", "", CLIENT),
    "account.entity_changed": Words(
        gettext_lazy("Client %(label)s moved to another legal entity"), "sitemap", "", CLIENT
    ),
    "account.blocked": Words(gettext_lazy("Client %(label)s blocked"), "lock", "bad", DECISIONS),
    "account.unblocked": Words(
        gettext_lazy("Block of client %(label)s lifted"), "lock-open", "ok", DECISIONS
    ),
    "account.watched": Words(gettext_lazy("Client %(label)s on watch"), "eye", "warn", DECISIONS),
    "account.unwatched": Words(gettext_lazy("Watch of client %(label)s ended"), "eye-off", "", DECISIONS),
    "entity.group_changed": Words(
        gettext_lazy("Legal entity %(label)s moved to another group"), "sitemap", "", CLIENT
    ),
    "ledger.imported": Words(gettext_lazy("Ledger %(label)s imported"), "file-import", "", OTHER),
    "mapping.saved": Words(gettext_lazy("Mapping %(label)s saved"), "table", "", OTHER),
    "mapping.dropped": Words(gettext_lazy("Mapping %(label)s deleted"), "trash", "", OTHER),
    "file.imported": Words(gettext_lazy("File imported into %(label)s"), "file-import", "", OTHER),
    "rates.recorded": Words(gettext_lazy("Exchange rates recorded"), "coins", "", OTHER),
    "cover.recorded": Words(gettext_lazy("Insurer's cover of %(label)s recorded"), "shield", "", DECISIONS),
    "company.rules_changed": Words(
        gettext_lazy("Order rules of %(label)s changed"), "settings", "warn", OTHER
    ),
    "webhook.created": Words(gettext_lazy("Webhook to %(label)s made"), "send", "", OTHER),
    "webhook.changed": Words(gettext_lazy("Webhook to %(label)s changed"), "send", "", OTHER),
    "webhook.ended": Words(gettext_lazy("Webhook to %(label)s ended"), "ban", "", OTHER),
    "webhook.secret_renewed": Words(
        gettext_lazy("New secret for the webhook to %(label)s"), "lock", "", OTHER
    ),
    "webhook.replayed": Words(gettext_lazy("Delivery to %(label)s sent again"), "refresh", "", OTHER),
    "company.created": Words(gettext_lazy("Company %(label)s created"), "building", "", OTHER),
    "message.arrived": Words(gettext_lazy("Message %(label)s arrived"), "mail", "", OTHER),
    "message.sent_again": Words(gettext_lazy("Message %(label)s sent again"), "mail", "", OTHER),
    "message.bounced": Words(gettext_lazy("Message %(label)s came back"), "arrow-back-up", "bad", OTHER),
    "address.trusted": Words(
        gettext_lazy("Address of message %(label)s said to work again"), "mail", "", OTHER
    ),
    "message.cancelled": Words(gettext_lazy("Message %(label)s not sent"), "mail", "", OTHER),
    "user.role_granted": Words(gettext_lazy("Role granted to %(label)s"), "user-shield", "", OTHER),
    "user.substitute_named": Words(gettext_lazy("Substitute named: %(label)s"), "users", "", OTHER),
    "user.substitute_ended": Words(gettext_lazy("Substitution ended: %(label)s"), "users", "", OTHER),
    "user.role_revoked": Words(gettext_lazy("Role taken from %(label)s"), "user-shield", "", OTHER),
}

# Acts by the filter of the client's timeline.

# Acts by what they are about.
GROUPS: Final[dict[str, tuple[str, ...]]] = {
    group: tuple(action for action, words in WORDS.items() if words.group == group)
    for group in (DECISIONS, ORDERS, MONEY, CLIENT, OTHER)
}

# Names of the facts of an event; one not named here is shown under its own name.

# Looks, not acts: under their own filter and in the journal, not among what happened with a client.
QUIET: Final = frozenset({"link.opened", "link.statement_taken", "link.document_taken"})
