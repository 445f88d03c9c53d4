"""The portal's menu. Entries whose view does not exist in this installation are left out by themselves."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from o2c.shared.menu import Entry, Group, Menu

MENU = Menu(
    counts="o2c.home.queries.menu_counts",
    groups=(
        Group(
            label="",
            entries=(
                Entry(
                    "home", _("My work"), "home", "home", go="a", phone=pgettext_lazy("phone menu", "Home")
                ),
                Entry(
                    "holds",
                    _("Orders on hold"),
                    "hand-stop",
                    "orders:holds",
                    permission="orders.view",
                    go="c",
                    waits=True,
                    phone=pgettext_lazy("phone menu", "On hold"),
                ),
                Entry(
                    "limit_requests",
                    _("Limit requests"),
                    "adjustments-dollar",
                    "credit:limit_requests",
                    permission=("credit.request_limit", "credit.decide_limit"),
                    waits=True,
                ),
                Entry(
                    "alerts",
                    _("Alerts"),
                    "bell",
                    "credit:alerts",
                    permission="accounts.view",
                    waits=True,
                ),
                Entry(
                    "reviews",
                    _("Reviews due"),
                    "calendar-check",
                    "credit:reviews",
                    permission="credit.decide_limit",
                ),
                Entry(
                    "decisions",
                    _("Decisions"),
                    "scale",
                    "decisions",
                    permission="decisions.view",
                ),
            ),
        ),
        Group(
            label=_("Clients"),
            entries=(
                Entry(
                    "accounts",
                    _("Clients"),
                    "building-store",
                    "accounts:list",
                    permission="accounts.view",
                    phone=pgettext_lazy("phone menu", "Clients"),
                    order={"sales": 2, "sales_manager": 2},
                ),
                Entry(
                    "can_i_sell",
                    _("Can I sell?"),
                    "help-circle",
                    "credit:can_i_sell",
                    permission="accounts.view",
                    go="v",
                    phone=pgettext_lazy("phone menu", "Sell?"),
                    order={"sales": 1, "sales_manager": 1},
                ),
                Entry(
                    "notes",
                    _("Notes on clients"),
                    "notes",
                    "credit:notes",
                    permission="accounts.view",
                ),
                Entry(
                    "credit_policy",
                    _("Credit policy"),
                    "book-2",
                    "credit:policy",
                    permission="accounts.view",
                ),
                Entry(
                    "insurance",
                    _("Credit insurance"),
                    "shield-check",
                    "credit:covers",
                    permission=("credit.decide_limit", "policy.change", "audit.view"),
                ),
                Entry(
                    "legal_notices",
                    _("Legal notices"),
                    "gavel",
                    "credit:legal_notices",
                    permission=("accounts.block", "imports.run", "audit.view"),
                ),
                Entry(
                    "guarantees",
                    _("Guarantees"),
                    "certificate",
                    "credit:guarantees",
                    permission=("credit.rate", "credit.decide_limit", "audit.view"),
                ),
            ),
        ),
        Group(
            label=_("From order to cash"),
            entries=(
                Entry(
                    "quotations",
                    _("Quotations"),
                    "file-text",
                    "orders:quotations",
                    permission="orders.enter",
                ),
                Entry("orders", _("Orders"), "shopping-cart", "orders:list", permission="orders.view"),
                Entry(
                    "billing",
                    _("To invoice"),
                    "truck-delivery",
                    "invoicing:to_invoice",
                    permission="invoicing.issue",
                ),
                Entry(
                    "invoices", _("Invoices"), "file-invoice", "invoicing:list", permission="invoicing.view"
                ),
                Entry(
                    "recurring",
                    _("Recurring invoices"),
                    "calendar-repeat",
                    "invoicing:recurring",
                    permission=("invoicing.issue", "audit.view"),
                ),
                Entry(
                    "interest",
                    _("Interest notes"),
                    "receipt",
                    "invoicing:penalty_notes",
                    permission=("invoicing.claim_interest", "audit.view"),
                ),
                Entry(
                    "factoring",
                    _("Sold to the factor"),
                    "switch-horizontal",
                    "invoicing:batches",
                    permission=("invoicing.assign", "policy.change", "audit.view"),
                ),
                Entry(
                    "insurance_claims",
                    _("Claims on the insurer"),
                    "shield-check",
                    "invoicing:insurance_claims",
                    permission=("insurance.claim", "audit.view"),
                ),
                Entry(
                    "bank",
                    _("Bank"),
                    "building-bank",
                    "invoicing:statements",
                    permission="bank.view",
                ),
                Entry(
                    "disputes",
                    _("Disputes"),
                    "message-exclamation",
                    "disputes:list",
                    permission="disputes.view",
                    waits=True,
                ),
                Entry(
                    "committee",
                    _("Dispute committee"),
                    "users-group",
                    "disputes:committees",
                    permission="disputes.view",
                ),
                Entry(
                    "payments",
                    _("Matching"),
                    "arrows-join",
                    "invoicing:desk",
                    permission="payments.allocate",
                    go="l",
                    waits=True,
                ),
            ),
        ),
        Group(
            label=_("Collections"),
            entries=(
                Entry(
                    "work_list",
                    _("Work list"),
                    "phone-call",
                    "dunning:work_list",
                    permission="dunning.promise",
                ),
                Entry(
                    "dunning_runs",
                    _("Reminder runs"),
                    "mail-forward",
                    "dunning:runs",
                    permission="dunning.run",
                ),
                Entry(
                    "dunning_scenarios",
                    _("Reminder scenarios"),
                    "calendar-repeat",
                    "dunning:scenarios",
                    permission="dunning.run",
                ),
                Entry(
                    "promises",
                    _("Promises to pay"),
                    "calendar-check",
                    "dunning:promises",
                    permission="invoicing.view",
                ),
                Entry(
                    "plans",
                    _("Payment plans"),
                    "calendar-dollar",
                    "dunning:plans",
                    permission="invoicing.view",
                ),
                Entry(
                    "hand_overs", _("Hand-overs"), "gavel", "dunning:hand_overs", permission="invoicing.view"
                ),
            ),
        ),
        Group(
            label=_("Steering"),
            entries=(
                Entry(
                    "dispute_report",
                    _("Causes of disputes"),
                    "chart-bar",
                    "reports:disputes",
                    permission="reports.view",
                ),
                Entry(
                    "statements",
                    _("Monthly statements"),
                    "mail-forward",
                    "reports:statements",
                    permission="disputes.view",
                ),
                Entry(
                    "aged_balance",
                    _("Aged balance"),
                    "chart-bar",
                    "reports:aged_balance",
                    permission="reports.view",
                    go="b",
                ),
                Entry("releases", _("Releases"), "scale", "reports:releases", permission="reports.view"),
                Entry("exposure", _("Exposure"), "chart-pie", "reports:exposure", permission="reports.view"),
                Entry(
                    "periods",
                    _("Periods"),
                    "lock",
                    "invoicing:periods",
                    permission=("periods.close", "periods.reopen", "accounting.export"),
                ),
                Entry(
                    "seller",
                    _("Our details"),
                    "building",
                    "invoicing:seller",
                    permission=("policy.change", "audit.view"),
                ),
                Entry(
                    "rates",
                    _("Legal rates"),
                    "percentage",
                    "invoicing:rates",
                    permission=("rates.manage", "invoicing.claim_interest"),
                ),
                Entry(
                    "rules",
                    _("Order rules"),
                    "settings",
                    "orders:rules",
                    permission=("policy.change", "audit.view"),
                ),
                Entry(
                    "authority",
                    _("Who decides"),
                    "hierarchy",
                    "credit:authority",
                    permission=("policy.change", "audit.view"),
                ),
                Entry(
                    "thresholds",
                    _("Thresholds"),
                    "adjustments",
                    "credit:thresholds",
                    permission=("policy.change", "audit.view"),
                ),
                Entry(
                    "limit_rules",
                    _("Limit rules"),
                    "adjustments-dollar",
                    "credit:limit_rules",
                    permission=("policy.change", "audit.view"),
                ),
                Entry(
                    "rating_rules",
                    _("Rating rules"),
                    "shield-half",
                    "credit:rating_rules",
                    permission=("policy.change", "audit.view"),
                ),
                Entry(
                    "anomalies",
                    _("Invoice rules"),
                    "file-check",
                    "invoicing:anomalies",
                    permission=("policy.change", "audit.view"),
                ),
                Entry("imports", _("Imports"), "file-import", "imports:list", permission="imports.run"),
                Entry(
                    "duties",
                    _("Separation of duties"),
                    "shield-half",
                    "reports:duties",
                    permission="duties.view",
                ),
                Entry("outbox", _("Outbox"), "mail", "outbox", permission="accounts.view"),
                Entry("journal", _("Journal"), "history", "journal", permission="audit.view"),
                Entry(
                    "jobs",
                    _("Background work"),
                    "activity",
                    "jobs",
                    permission=("imports.run", "admin.users"),
                ),
                Entry("webhooks", _("Webhooks"), "webhook", "hooks:list", permission="webhooks.manage"),
                Entry(
                    "api", _("API reference"), "api", "api-docs", permission=("imports.run", "admin.users")
                ),
            ),
        ),
    ),
)
