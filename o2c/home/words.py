"""The journal in words: what each act was, how it looks, and where its object stands."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy, pgettext_lazy
from django.utils.translation import gettext as _

from accounts.models import User
from credit.enums import Finding, Level
from o2c.shared import formats
from o2c.shared.models import AuditEvent, Notice

DECISIONS, ORDERS, MONEY, CLIENT, OTHER = "decisions", "orders", "money", "client", "other"


@dataclass(frozen=True)
class Words:
    """How an act reads: ``%(label)s`` is the object's own name."""

    text: str | Promise
    icon: str
    tone: str = ""
    group: str = OTHER


WORDS: Final[dict[str, Words]] = {
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
    "order.override_requested": Words(
        gettext_lazy("Override of order %(label)s asked for"), "send", "warn", DECISIONS
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
    "allocation.made": Words(gettext_lazy("Matched: %(label)s"), "arrows-join", "ok", MONEY),
    "allocation.reversed": Words(gettext_lazy("Unmatched: %(label)s"), "arrows-split", "warn", MONEY),
    "dispute.noted": Words(
        gettext_lazy("Amount of %(label)s disputed"), "message-exclamation", "disp", DECISIONS
    ),
    "dispute.ended": Words(gettext_lazy("Dispute about %(label)s ended"), "message-check", "ok", DECISIONS),
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
    "message.cancelled": Words(gettext_lazy("Message %(label)s not sent"), "mail", "", OTHER),
    "user.role_granted": Words(gettext_lazy("Role granted to %(label)s"), "user-shield", "", OTHER),
    "user.substitute_named": Words(gettext_lazy("Substitute named: %(label)s"), "users", "", OTHER),
    "user.substitute_ended": Words(gettext_lazy("Substitution ended: %(label)s"), "users", "", OTHER),
    "user.role_revoked": Words(gettext_lazy("Role taken from %(label)s"), "user-shield", "", OTHER),
}

# Acts by the filter of the client's timeline.
GROUPS: Final[dict[str, tuple[str, ...]]] = {
    group: tuple(action for action, words in WORDS.items() if words.group == group)
    for group in (DECISIONS, ORDERS, MONEY, CLIENT, OTHER)
}

# Names of the facts of an event; one not named here is shown under its own name.
FACTS: Final[dict[str, str | Promise]] = {
    "amount": gettext_lazy("Amount"),
    "total_incl_vat": gettext_lazy("Total incl. VAT"),
    "over_limit_by": pgettext_lazy("amount", "Over limit"),
    "reasons": gettext_lazy("Reasons"),
    "decision": gettext_lazy("Credit decision"),
    "level": gettext_lazy("Level"),
    "kind": gettext_lazy("Kind"),
    "valid_from": gettext_lazy("From"),
    "valid_until": gettext_lazy("Until"),
    "evidence_classes": gettext_lazy("Evidence asked for in class"),
    "checks_before_production": gettext_lazy("Check before production"),
    "member": gettext_lazy("Member"),
    "team_role": gettext_lazy("Looks after"),
    "has_bonus": gettext_lazy("Bonus"),
    "review_on": gettext_lazy("Look again on"),
    "currency": gettext_lazy("Currency"),
    "term": gettext_lazy("Payment term"),
    "risk_class": gettext_lazy("Risk class"),
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
}

# Facts that are written as amounts, and dates as people write them.
_AMOUNTS: Final = frozenset(
    {"amount", "asked", "total_incl_vat", "over_limit_by", "debit_open", "credit_open", "fee"}
)
_ISO_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_AMOUNT_FACTS = ("total_incl_vat", "amount")


def words_of(action: str) -> Words:
    """How an act reads; one not known yet is shown under its code, never hidden."""
    return WORDS.get(action) or Words(f"{action} %(label)s", "circle-dashed")


def title_of(event: AuditEvent) -> str:
    """An event in one line."""
    return str(words_of(event.action).text) % {"label": _label(event)}


def _label(event: AuditEvent) -> str:
    """What the act was about; a limit by its level, since its amount stands apart."""
    level = (event.after or {}).get("level") if event.object_type == "credit.limitrequest" else None
    return (
        str(Level.from_word(level).label) if level in {"account", "entity", "group"} else event.object_label
    )


def amount_of(event: AuditEvent) -> Decimal | None:
    """The amount an event was about, if it names one."""
    for name in _AMOUNT_FACTS:
        value = (event.after or {}).get(name)
        if value is not None:
            try:
                return Decimal(str(value))
            except InvalidOperation:
                return None
    return None


def facts_of(values: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    """The facts before or after an act as (name, value) in words."""
    return [(str(FACTS.get(name, name)), _shown(name, value)) for name, value in (values or {}).items()]


def _shown(name: str, value: Any) -> str:
    if value is None or value == "":
        return formats.NOTHING
    if name in {"reasons", "covers"} and isinstance(value, list):
        return ", ".join(_finding(code) for code in value)
    if isinstance(value, list):
        return ", ".join(str(each) for each in value)
    if isinstance(value, dict):
        return ", ".join(f"{key} {each}" for key, each in value.items())
    if name in _AMOUNTS:
        try:
            return formats.amount(Decimal(str(value)), get_language() or "fr")
        except InvalidOperation:
            return str(value)
    if isinstance(value, str) and _ISO_DAY.fullmatch(value):
        return formats.date_short(date.fromisoformat(value))
    return str(value)


def _finding(code: str) -> str:
    return str(Finding(code).label) if code in Finding.values else code


def people(events: Iterable[AuditEvent]) -> dict[str, str]:
    """Names of the people behind user names, in one query; the portal itself has none."""
    rows = list(events)
    names = {event.actor for event in rows if event.actor} | {
        event.on_behalf_of for event in rows if event.on_behalf_of
    }
    return {user.username: user.label() for user in User.objects.filter(username__in=names)}


def actor_of(event: AuditEvent, names: Mapping[str, str]) -> str:
    """Who did it."""
    if not event.actor:
        return _("the portal")
    who = names.get(event.actor, event.actor)
    if not event.on_behalf_of:
        return who
    return _("%(name)s for %(absent)s") % {
        "name": who,
        "absent": names.get(event.on_behalf_of, event.on_behalf_of),
    }


def address_of(event: AuditEvent, client_code: str | None = None) -> str:
    """Where the object of an event is shown; empty when it has no page."""
    try:
        match event.object_type:
            case "orders.order":
                return reverse("orders:detail", args=[event.object_label])
            case "invoicing.invoice":
                return reverse("invoicing:detail", args=[event.object_label])
            case "invoicing.payment":
                return reverse("invoicing:payment", args=[event.object_id])
            case "credit.limitrequest":
                return reverse("credit:limit_request", args=[event.object_id])
            case "accounts.customeraccount" if client_code:
                return reverse("accounts:detail", args=[client_code])
    except NoReverseMatch:
        pass
    return ""


# --- notices and background work ---

NOTICES: Final[dict[str, Words]] = {
    "order.held": Words(gettext_lazy("%(order)s of %(client)s is on hold"), "hand-stop", "warn"),
    "order.released": Words(gettext_lazy("%(order)s of %(client)s may go"), "circle-check", "ok"),
    "order.refused": Words(gettext_lazy("%(order)s of %(client)s is refused"), "circle-x", "bad"),
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
    "limit.approved": Words(gettext_lazy("The limit for %(client)s is granted"), "adjustments-dollar", "ok"),
    "limit.refused": Words(gettext_lazy("The limit for %(client)s is refused"), "adjustments-dollar", "bad"),
    "payment.returned": Words(
        gettext_lazy("The bank took payment %(payment)s of %(client)s back"), "arrow-back-up", "bad"
    ),
    "payment.return_undone": Words(
        gettext_lazy("The return of payment %(payment)s of %(client)s was a mistake"), "rotate", "ok"
    ),
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


def notice_of(notice: Notice) -> dict[str, Any]:
    """A notice in words, with its amount and what else there is to say."""
    look = NOTICES.get(notice.kind) or Words(notice.kind, "bell")
    facts = notice.figures or {}
    try:
        text = str(look.text) % facts
    except KeyError:
        text = notice.kind
    amount = facts.get("amount")
    return {
        "text": text,
        "icon": look.icon,
        "tone": look.tone,
        "amount": Decimal(str(amount)) if amount else None,
        "currency": facts.get("currency", "EUR"),
        "sub": facts.get("reason", ""),
    }


def job_label(kind: str) -> str:
    """A kind of background work in words; an unknown one under its code."""
    return str(JOBS.get(kind, kind))
