"""The vocabulary of the journal's facts, of notices and of work in the background."""

from __future__ import annotations

from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy, pgettext_lazy

from .act_words import Words

FACTS: Final[dict[str, str | Promise]] = {
    "amount": gettext_lazy("Amount"),
    "total_incl_vat": gettext_lazy("Total incl. VAT"),
    "over_limit_by": pgettext_lazy("amount", "Over limit"),
    "reasons": gettext_lazy("Reasons"),
    "decision": gettext_lazy("Credit decision"),
    "level": gettext_lazy("Level"),
    "note": gettext_lazy("Note"),
    "note_kind": gettext_lazy("Kind"),
    "topic": gettext_lazy("About what"),
    "weight": gettext_lazy("For the credit"),
    "supersedes": gettext_lazy("Corrects"),
    "kind": gettext_lazy("Kind"),
    "valid_from": gettext_lazy("From"),
    "valid_until": gettext_lazy("Until"),
    "evidence_classes": gettext_lazy("Evidence asked for in class"),
    "checks_before_production": gettext_lazy("Check before production"),
    "member": gettext_lazy("Member"),
    "title_fr": gettext_lazy("Title in French"),
    "title_en": gettext_lazy("Title in English"),
    "text_fr": gettext_lazy("Rule in French"),
    "text_en": gettext_lazy("Rule in English"),
    "why_fr": gettext_lazy("Why, in French"),
    "why_en": gettext_lazy("Why, in English"),
    "team_role": gettext_lazy("Looks after"),
    "has_bonus": gettext_lazy("Bonus"),
    "review_on": gettext_lazy("Look again on"),
    "currency": gettext_lazy("Currency"),
    "term": gettext_lazy("Payment term"),
    "risk_class": gettext_lazy("Risk class"),
    "class": gettext_lazy("Class"),
    "cause": gettext_lazy("Why"),
    "closed_on": gettext_lazy("Year closed on"),
    "equity": gettext_lazy("Equity"),
    "total_assets": gettext_lazy("Total assets"),
    "current_assets": gettext_lazy("Current assets"),
    "current_liabilities": gettext_lazy("Current liabilities"),
    "revenue": gettext_lazy("Revenue"),
    "operating_result": gettext_lazy("Operating result"),
    "net_debt": gettext_lazy("Net debt"),
    "ebitda": gettext_lazy("EBITDA"),
    "founded_on": gettext_lazy("Founded on"),
    "changed_on": gettext_lazy("Changed on"),
    "change": gettext_lazy("What changed"),
    "rating_scale": gettext_lazy("Rated by"),
    "rating": gettext_lazy("Rating"),
    "rated_on": gettext_lazy("Rated on"),
    "is_natural_person": gettext_lazy("Natural person"),
    "class_follows_score": gettext_lazy("Classes follow the score"),
    "cap_regime": gettext_lazy("Legal cap"),
    "payment_method": gettext_lazy("Payment method"),
    "status": gettext_lazy("Status"),
    "country": gettext_lazy("Country"),
    "siren": gettext_lazy("SIREN"),
    "sales_rep": gettext_lazy("Sales rep"),
    "changed": gettext_lazy("Changed"),
    "role": gettext_lazy("Role"),
    "company": gettext_lazy("Company"),
    "due_date": gettext_lazy("Due"),
    "letter": gettext_lazy("Letter"),
    "date": gettext_lazy("Date"),
    "fee": gettext_lazy("Bank fee"),
    "events": gettext_lazy("Events"),
    "event": gettext_lazy("Event"),
    "delivery": gettext_lazy("Delivery number"),
    "is_active": gettext_lazy("Active"),
    "matches": gettext_lazy("Matches"),
    "issue_date": gettext_lazy("Issued"),
    "effective_date": gettext_lazy("Counts from"),
    "requested_delivery": gettext_lazy("Delivery"),
    "order_date": gettext_lazy("Order date"),
    "method": gettext_lazy("Payment method"),
    "order": gettext_lazy("Order"),
    "override": gettext_lazy("Override request"),
    "asked": gettext_lazy("Asked for"),
    "owner": gettext_lazy("Owner"),
    "absent": gettext_lazy("Absent"),
    "substitute": gettext_lazy("Substitute"),
    "alternative": gettext_lazy("Offered"),
    "covers": gettext_lazy("Reasons covered"),
    "debit": gettext_lazy("Document"),
    "credit": gettext_lazy("Paid by"),
    "debit_open": gettext_lazy("Still owed"),
    "credit_open": gettext_lazy("Still to match"),
    "state": gettext_lazy("State"),
    "lines": gettext_lazy("Lines"),
    "version": gettext_lazy("Version"),
    "entity": gettext_lazy("Legal entity"),
    "group": gettext_lazy("Group"),
    "required_role": gettext_lazy("Role needed"),
    "invoices": gettext_lazy("Invoices"),
    "payments": gettext_lazy("Payments"),
    "clients": gettext_lazy("Clients"),
    "file": gettext_lazy("File"),
    "as_of": gettext_lazy("As of"),
    "settlements": gettext_lazy("Settlements"),
    "created": pgettext_lazy("count", "New"),
    "updated": pgettext_lazy("count", "Changed"),
    "unchanged": pgettext_lazy("count", "Unchanged"),
    "refused": pgettext_lazy("count", "Refused"),
    "refused_lines": gettext_lazy("Refused lines"),
    "rates": gettext_lazy("Rates"),
    "currencies": gettext_lazy("Currencies"),
    "insured_pct": gettext_lazy("Insured, in percent"),
    "effective_on": gettext_lazy("Effective on"),
    "read": gettext_lazy("Read"),
    "booked": gettext_lazy("Booked"),
    "messages": gettext_lazy("Messages"),
    "fields": gettext_lazy("Fields"),
    "to": gettext_lazy("To"),
    "how": gettext_lazy("How"),
    "code": gettext_lazy("Code"),
    "promised_date": gettext_lazy("Promised for"),
    "first_date": gettext_lazy("First instalment"),
    "last_date": gettext_lazy("Last instalment"),
    "received": gettext_lazy("Received"),
    "why": gettext_lazy("Why"),
    "document": gettext_lazy("Document"),
    "documents": gettext_lazy("Documents"),
    "batch": gettext_lazy("List"),
    "received_on": gettext_lazy("Received on"),
    "passed_on": gettext_lazy("Passed on"),
    "financed": gettext_lazy("Financed"),
    "expires": gettext_lazy("Opens until"),
}

# Facts that are written as amounts, and dates as people write them.
NOTICES: Final[dict[str, Words]] = {
    "order.held": Words(gettext_lazy("%(order)s of %(client)s is on hold"), "hand-stop", "warn"),
    "order.released": Words(gettext_lazy("%(order)s of %(client)s may go"), "circle-check", "ok"),
    "order.refused": Words(gettext_lazy("%(order)s of %(client)s is refused"), "circle-x", "bad"),
    "order.message": Words(gettext_lazy("%(by)s wrote about %(order)s of %(client)s"), "messages", "info"),
    "note.written": Words(gettext_lazy("%(by)s noted about %(client)s: %(about)s"), "notes", "info"),
    "note.worrying": Words(
        gettext_lazy("%(by)s noted something worrying about %(client)s: %(about)s"), "notes", "warn"
    ),
    "override.requested": Words(
        gettext_lazy("An override is asked for %(order)s of %(client)s"), "send", "warn"
    ),
    "override.approved": Words(
        gettext_lazy("The override of %(order)s of %(client)s is approved"), "circle-check", "ok"
    ),
    "override.refused": Words(
        gettext_lazy("The override of %(order)s of %(client)s is refused"), "circle-x", "bad"
    ),
    "case.alert": Words(gettext_lazy("The answer on %(order)s of %(client)s is due soon"), "clock", "warn"),
    "case.overdue": Words(
        gettext_lazy("The answer on %(order)s of %(client)s is overdue"), "clock-exclamation", "bad"
    ),
    "limit.submitted": Words(
        gettext_lazy("A limit for %(client)s waits for you"), "adjustments-dollar", "warn"
    ),
    "override.signed": Words(
        gettext_lazy("%(order)s of %(client)s waits for your approval, the second of two"),
        "hand-stop",
        "warn",
    ),
    "limit.signed": Words(
        gettext_lazy("A limit for %(client)s waits for your approval, the second of two"),
        "adjustments-dollar",
        "warn",
    ),
    "limit.approved": Words(gettext_lazy("The limit for %(client)s is granted"), "adjustments-dollar", "ok"),
    "limit.refused": Words(gettext_lazy("The limit for %(client)s is refused"), "adjustments-dollar", "bad"),
    "score.changed": Words(
        gettext_lazy(
            "%(client)s: score %(score)s, class %(class)s; it was %(score_before)s, %(class_before)s"
        ),
        "shield-half",
        "warn",
    ),
    "authority.asked": Words(
        gettext_lazy("Another authority is asked for at %(company)s (level %(level)s): it waits for you"),
        "hierarchy",
        "warn",
    ),
    "authority.agreed": Words(
        gettext_lazy("The authority you asked for at %(company)s (level %(level)s) is agreed"),
        "hierarchy",
        "ok",
    ),
    "authority.refused": Words(
        gettext_lazy("The authority you asked for at %(company)s (level %(level)s) is refused"),
        "hierarchy",
        "bad",
    ),
    "credit_policy.published": Words(
        gettext_lazy(
            "Credit policy of %(company)s, version %(number)s, in force from %(day)s: to read and acknowledge"
        ),
        "book-2",
        "info",
    ),
    "class_override.asked": Words(
        gettext_lazy("Class %(class)s is asked for %(client)s, whatever its score"), "scale", "warn"
    ),
    "class_override.approved": Words(
        gettext_lazy("%(client)s is in class %(class)s by decision"), "scale", "warn"
    ),
    "class_override.refused": Words(
        gettext_lazy("Class %(class)s for %(client)s is refused"), "circle-x", "bad"
    ),
    "class_override.ended": Words(
        gettext_lazy("The class of %(client)s set by decision is over: class %(class)s"), "scale", ""
    ),
    "payment.returned": Words(
        gettext_lazy("The bank took payment %(payment)s of %(client)s back"), "arrow-back-up", "bad"
    ),
    "payment.return_undone": Words(
        gettext_lazy("The return of payment %(payment)s of %(client)s was a mistake"), "rotate", "ok"
    ),
    "client.relayed": Words(gettext_lazy("%(client)s is yours to remind now"), "arrow-right", ""),
    "clients.relayed": Words(
        gettext_lazy("%(count)s clients are yours to remind now, %(client)s first"), "arrow-right", ""
    ),
    "call.relayed": Words(
        gettext_lazy("The call to %(client)s was not made: it is yours now"), "phone-call", "warn"
    ),
    "reminder.bounced": Words(
        gettext_lazy("The reminder of %(client)s did not arrive at %(to)s"), "arrow-back-up", "bad"
    ),
    "client_statement.bounced": Words(
        gettext_lazy("The statement of %(client)s did not arrive at %(to)s"), "arrow-back-up", "bad"
    ),
    "call.displeased": Words(
        gettext_lazy("%(client)s is not content with us: %(score)s of 5"), "alert-triangle", "warn"
    ),
    "condition.met": Words(
        gettext_lazy("%(order)s: what was agreed with %(client)s is there"), "check", "ok"
    ),
    "condition.broken": Words(
        gettext_lazy("%(order)s: %(client)s has not kept what was agreed for %(day)s"), "calendar-x", "bad"
    ),
    "release.void": Words(
        gettext_lazy("%(order)s: everything agreed is there, but its release needs a new decision"),
        "hand-stop",
        "warn",
    ),
    "promise.through_link": Words(
        gettext_lazy("%(client)s announces a payment for %(day)s"), "calendar-check", "ok"
    ),
    "alert.block_ahead": Words(
        gettext_lazy("%(client)s: orders will be held from %(day)s"), "hand-stop", "bad"
    ),
    "alert.raised": Words(gettext_lazy("%(client)s: look at the alert"), "bell", "warn"),
    "promise.not_kept": Words(
        gettext_lazy("%(client)s has not kept a promise for %(day)s"), "calendar-x", "bad"
    ),
    "plan.signed": Words(
        gettext_lazy("%(client)s has signed a payment plan: it waits for your approval"),
        "calendar-dollar",
        "warn",
    ),
    "plan.late": Words(
        gettext_lazy("%(client)s has missed an instalment of its payment plan"), "calendar-x", "bad"
    ),
    "plan.broken": Words(gettext_lazy("The payment plan of %(client)s is broken"), "calendar-x", "bad"),
    "einvoice.disputed": Words(
        gettext_lazy("%(client)s disputes invoice %(invoice)s on the platform"), "message-exclamation", "disp"
    ),
    "einvoice.suspended": Words(
        gettext_lazy("%(client)s waits for something to go with invoice %(invoice)s"), "paperclip", "warn"
    ),
    "einvoice.refused": Words(
        gettext_lazy("%(client)s refused invoice %(invoice)s: credit it and invoice again"), "circle-x", "bad"
    ),
    "einvoice.rejected": Words(
        gettext_lazy("The platform rejected invoice %(invoice)s of %(client)s: correct it"), "circle-x", "bad"
    ),
    "dispute.opened": Words(
        gettext_lazy("%(client)s opens dispute %(dispute)s: to be qualified"), "message-exclamation", "disp"
    ),
    "dispute.assigned": Words(
        gettext_lazy("Dispute %(dispute)s of %(client)s is yours"), "user-check", "warn"
    ),
    "dispute.proposed": Words(
        gettext_lazy("A solution of dispute %(dispute)s of %(client)s is proposed"), "scale", "warn"
    ),
    "dispute.due_soon": Words(
        gettext_lazy("Dispute %(dispute)s of %(client)s is to be solved in two days"), "clock", "warn"
    ),
    "dispute.breached": Words(
        gettext_lazy("Dispute %(dispute)s of %(client)s is over its agreed date"), "clock-exclamation", "bad"
    ),
    "dispute.directors": Words(
        gettext_lazy("Dispute %(dispute)s of %(client)s is ten days over its date"), "alert-triangle", "bad"
    ),
    "statement.sent_causes": Words(
        gettext_lazy("Your statement of %(month)s: causes of disputes"), "mail-forward", ""
    ),
    "statement.sent_satisfaction": Words(
        gettext_lazy("Your statement of %(month)s: satisfaction of clients"), "mail-forward", ""
    ),
    "committee.closed": Words(gettext_lazy("Minutes of the dispute committee of %(day)s"), "file-text", "ok"),
    "dispute.closed": Words(
        gettext_lazy("Dispute %(dispute)s of %(client)s is closed"), "message-check", "ok"
    ),
    "invoice.bounced": Words(
        gettext_lazy("The mail with %(invoice)s to %(client)s came back: correct the address, send it again"),
        "arrow-back-up",
        "bad",
    ),
    "file.ready": Words(gettext_lazy("%(name)s is ready"), "file-check", "ok"),
    "book.differs": Words(
        gettext_lazy("%(company)s: figures do not agree with their documents (%(count)s)"),
        "alert-triangle",
        "bad",
    ),
}
JOBS: Final[dict[str, str | Promise]] = {
    "reports.file": gettext_lazy("Report as a file"),
    "lists.file": gettext_lazy("List as a file"),
    "imports.ledger": gettext_lazy("Import of a file"),
    "imports.preview": gettext_lazy("Reading of a file"),
    "credit.nightly": gettext_lazy("Nightly run"),
    "credit.nightly_accounts": gettext_lazy("Nightly run, clients"),
    "credit.nightly_levels": gettext_lazy("Nightly run, legal entities and groups"),
    "credit.nightly_proofs": gettext_lazy("Nightly run, proofs"),
}
