"""Who may open which address and do what there: the table that the portal is measured against.

``test_access.py`` sends every method to every address, as every role, about a thing of the own portfolio, of
another rep's client, of another company's client. ``docs/access.md`` is written from this table.

**A new address** needs a line in ``ACCESS``, or ``./portal check`` names it. Write the address as the URL conf
has it, without converters, and say for each method which permission it takes::

    "orders/<number>/release/": Entry(get="orders.view", post="orders.release", about="order", body=_REASON),

* ``about``: the thing in the address, an attribute of ``world.World`` (``client``, ``order``, ``invoice``, …);
  a thing of a new kind becomes an attribute there. Further placeholders are filled from ``then``, in order (all
  of them where ``about`` is empty).
* ``body``: what a valid request says, so that a refusal can only be for want of a right. ``{client}`` stands
  for the code of the client it is about, and so for every attribute of ``World``. ``asks`` is the same for the
  query string. An address that names a thing nowhere is asked once per role.
* ``by_authority``: who holds the permission may still be refused for want of authority, or for four eyes.
* ``upload``: the content of the file that a form of the API brings; ``upload_asks`` its query string;
  ``upload_says`` what the form says beside it.
* ``ANYONE`` needs no sign-in, ``SIGNED_IN`` no permission; ``HELD`` needs the link itself, whoever holds it.

**A new permission** needs a line in ``HOLDERS``, which repeats ``o2c/roles.py`` on purpose: a right given by
mistake there fails here. Then write the document again: ``.venv/bin/python -m tests.access.document``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

ANYONE: Final = "anyone"
SIGNED_IN: Final = "signed in"
HELD: Final = "the link itself"

ROLES: Final = (
    "adv_officer", "adv_manager", "sales", "sales_manager", "credit_analyst", "credit_manager",
    "receivables_accountant", "finance_director", "executive", "dispute_owner", "auditor", "administrator",
    "integration", "partner",
)  # fmt: skip

# Sees the clients of its own portfolio alone; every other role sees all clients of its company.
OWN_PORTFOLIO: Final = frozenset({"sales", "partner"})
# Does not read what colleagues sold to an own client.
OWN_SALES: Final = frozenset({"sales"})
# Sees every company; every other role sees its own.
EVERY_COMPANY: Final = frozenset({"administrator"})

_OUTSIDE: Final = frozenset({"partner"})
_EVERYBODY: Final = frozenset(ROLES)
_HOUSE: Final = _EVERYBODY - _OUTSIDE
_ADV: Final = frozenset({"adv_officer", "adv_manager"})
_CREDIT: Final = frozenset({"credit_analyst", "credit_manager", "finance_director", "executive"})
_SALES: Final = frozenset({"sales", "sales_manager"})
_BOOKS: Final = frozenset({"receivables_accountant", "integration"})

HOLDERS: Final[Mapping[str, frozenset[str]]] = {
    "accounts.view": _HOUSE,
    "accounts.edit": _ADV | _CREDIT | {"integration"},
    "accounts.block": _CREDIT,
    "accounts.watch": _ADV | _CREDIT | {"sales_manager", "receivables_accountant"},
    "accounts.move": frozenset({"adv_manager", "credit_manager", "finance_director", "executive"}),
    "credit.request_limit": _ADV | _CREDIT | _SALES | {"receivables_accountant"},
    "credit.decide_limit": _CREDIT,
    "credit.countersign": frozenset({"sales_manager", "executive"}),
    "decisions.view": _ADV | _CREDIT | {"sales_manager", "auditor"},
    "credit.rate": _CREDIT,
    "notes.write": _HOUSE - {"auditor", "administrator"},
    "notes.restricted": _CREDIT,
    "notes.review": (_CREDIT - {"credit_analyst"}) | {"auditor", "administrator"},
    "orders.view": _HOUSE,
    "orders.enter": _ADV | _SALES | {"integration"},
    "orders.deliver": _ADV | {"integration"},
    "orders.hold": _ADV | _CREDIT,
    "orders.release": _ADV | _CREDIT,
    "orders.request_override": _ADV | _CREDIT | _SALES,
    "invoicing.view": _EVERYBODY,
    "invoicing.issue": _ADV | _BOOKS,
    "accounting.export": frozenset({"receivables_accountant", "finance_director", "auditor"}),
    "accounting.accounts": frozenset({"finance_director"}),
    "invoicing.einvoice": _ADV | _BOOKS,
    "invoicing.send": _ADV | _CREDIT | _BOOKS,
    "invoicing.import": _ADV | _BOOKS,
    "invoicing.credit": _ADV | _CREDIT | {"receivables_accountant"},
    "invoicing.change_due_date": _CREDIT,
    "invoicing.assign": frozenset({"receivables_accountant", "finance_director"}),
    "insurance.claim": _CREDIT,
    "invoicing.claim_interest": _CREDIT | {"receivables_accountant"},
    "invoicing.waive_interest": _CREDIT,
    "dunning.stop": _ADV | _CREDIT | {"receivables_accountant"},
    "rates.manage": frozenset({"finance_director", "administrator"}),
    "payments.record": _BOOKS,
    "payments.allocate": _BOOKS,
    "payments.write_off": frozenset({"receivables_accountant"}),
    "bank.view": _BOOKS | _CREDIT | {"auditor", "administrator"},
    "bank.import": _BOOKS | {"finance_director"},
    "dunning.promise": _ADV | _CREDIT | _SALES | _BOOKS | _OUTSIDE,
    "dunning.plan": _CREDIT | {"receivables_accountant"},
    "dunning.run": _ADV | _CREDIT | {"receivables_accountant"},
    "dunning.sign": frozenset({"finance_director", "executive"}),
    "dunning.hand_over": frozenset({"credit_manager", "finance_director", "executive"}),
    "dunning.configure": frozenset({"credit_manager", "finance_director", "executive"}),
    "dunning.promise_again": frozenset({"credit_manager", "finance_director", "executive"}),
    "policy.change": frozenset({"finance_director", "executive"}),
    "policy.write": frozenset({"credit_manager", "finance_director", "executive"}),
    "policy.follow": _HOUSE - {"auditor", "administrator", "integration"},
    "disputes.view": _EVERYBODY,
    "disputes.open": _EVERYBODY - {"auditor", "administrator"},
    "disputes.work": _HOUSE - {"auditor", "administrator", "integration"},
    "disputes.committee": (_CREDIT - {"credit_analyst"}) | {"adv_manager"},
    "disputes.resolve": _ADV | _CREDIT,
    "periods.close": frozenset({"receivables_accountant", "finance_director"}),
    "periods.reopen": frozenset({"finance_director"}),
    "reports.view": _HOUSE - {"dispute_owner"},
    "imports.run": _ADV | _BOOKS | {"administrator"},
    "mail.report": frozenset({"administrator", "integration"}),
    "audit.view": (_CREDIT - {"credit_analyst"}) | {"adv_manager", "auditor", "administrator"},
    "duties.view": frozenset({"auditor", "administrator"}),
    "webhooks.manage": frozenset({"administrator", "integration"}),
    "admin.users": frozenset({"administrator"}),
}


@dataclass(frozen=True)
class Entry:
    """One address: the permission each method takes; a method without one does not exist there."""

    get: str = ""
    post: str = ""
    put: str = ""
    patch: str = ""
    delete: str = ""
    about: str = ""
    then: tuple[str, ...] = ()
    body: Any = None
    asks: Mapping[str, str] = field(default_factory=dict)
    by_authority: bool = False
    upload: bytes = b""
    upload_asks: Mapping[str, str] = field(default_factory=dict)
    upload_says: Mapping[str, str] = field(default_factory=dict)

    def permission(self, method: str) -> str:
        """The permission a method takes, empty where it does not exist."""
        return str(getattr(self, method))


_NO_ANSWER: Final = Entry()
_RECEIVED: Final = (
    b'<rsm:CrossIndustryInvoice xmlns:rsm="urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100"/>'
)
_STATEMENT: Final = b"\r\n".join(
    (
        b":20:1",
        b":25:FR7630006000011234567890189",
        b":28C:1",
        b":60F:C260102EUR1,00",
        b":62F:C260102EUR1,00",
        b"-",
        b"",
    )
)
_PUBLIC: Final = Entry(get=ANYONE)
_NEW_HOOK: Final = {"url": "https://93.184.215.14/new", "events": ["order.held"]}
_NOTE: Final = {
    "kind": "NEWS", "weight": "NEUTRAL", "seen_on": "1/1/2026", "text": "A new shop",
    "key": "5d0b2f5e-0000-4000-8000-000000000001",
}  # fmt: skip
_REASON: Final = {"reason": "Agreed with the client"}
_POLICY_ARTICLE: Final = {
    "title_fr": "t", "title_en": "t", "text_fr": "t", "text_en": "t", "why_fr": "", "why_en": "", "seen": "1",
}  # fmt: skip
_STOP: Final = {"reason": "Agreed with the client", "until": "2099-12-31"}
_DEPOSIT: Final = {"amount": "1.00", "due_date": "2099-12-31"}
_RECURRING: Final = {"account": "{client}", "rhythm": "month", "first_day": "2030-01-01"}
_RECURRING_FORM: Final = {
    "client": "{client}", "rhythm": "month", "timing": "advance", "first_day": "2030-01-01",
    "lines-TOTAL_FORMS": "1", "lines-INITIAL_FORMS": "0", "lines-0-sku": "A1", "lines-0-description": "Rent",
    "lines-0-quantity": "1", "lines-0-unit_price": "10", "lines-0-vat_rate": "20",
}  # fmt: skip
_FACTOR: Final = {
    "factor": "Factor", "number": "F-1", "valid_from": "1/1/2031", "advance_pct": "85", "guarantee_fund_pct": "10",
    "commission_pct": "1", "max_term_days": "90", "max_overdue_days": "0",
}  # fmt: skip
_GUARANTEE_FILE: Final = {"name": "guarantee.pdf", "content": "JVBERi0xLjQ="}
_RATE: Final = {"ecb": "2.50", "legal": "2.60", "source": "JO"}
_COMMENT: Final = {"comment": "Agreed with the client"}
_LINE: Final = {"sku": "A1", "description": "Goods", "quantity": "1", "unit_price": "10.00", "vat_rate": "20"}
NEW_ORDER: Final = {"number": "NEW-1", "account": "{client}", "currency": "EUR", "lines": [_LINE]}
_RECURRING_NEW: Final = _RECURRING | {"lines": [_LINE]}
_EVIDENCE: Final = {"channel": "email", "reference": "PO-7"}
_ACCEPTED: Final = _REASON | {"place": "10.quantity"}
_THEIRS: Final = {"number": "PO-8", "lines": [{"sku": "A1", "quantity": "3", "unit_price": "10.00"}]}
_THEIR_FORM: Final = {
    "number": "PO-8", "theirs-TOTAL_FORMS": "1", "theirs-INITIAL_FORMS": "0", "theirs-0-sku": "A1",
    "theirs-0-quantity": "3", "theirs-0-unit_price": "10",
}  # fmt: skip
_NEW_CLIENT: Final = {"code": "NEW-1", "name": "New", "country": "DE", "currency": "EUR", "term": "NET30"}
_NEW_INVOICE: Final = {
    "number": "NEW-1", "account": "{client}", "issue_date": "2026-01-05", "due_date": "2026-02-04",
    "currency": "EUR", "total_incl_vat": "10.00", "origin": "imported",
}  # fmt: skip
_NEW_PAYMENT: Final = {
    "external_id": "NEW-1", "account": "{client}", "date": "2026-01-05", "amount": "10.00", "currency": "EUR",
}  # fmt: skip
_MATCHING_RULES: Final = {"confidence": "0.90", "tolerance": "1"}
_NEW_DUE_DATE: Final = {"due_date": "{later_due}", "reason": "Agreed with the client"}
_ORDER_FORM: Final = {
    "client": "{client}", "currency": "EUR", "term": "NET30", "order_date": "2026-01-05",
    "form-TOTAL_FORMS": "1", "form-INITIAL_FORMS": "0", "form-0-sku": "A1", "form-0-description": "Goods",
    "form-0-quantity": "1", "form-0-unit_price": "10", "form-0-vat_rate": "20",
}  # fmt: skip
_CLIENT_FORM: Final = {"code": "NEW-1", "name": "New", "country": "DE", "currency": "EUR", "term": "NET30"}
_LIMIT_WISH: Final = {
    "account": "{client}", "level": "account", "kind": "base", "amount": "1000.00", "currency": "EUR",
    "valid_from": "2026-12-01", "reason": "Agreed with the client",
}  # fmt: skip

PAGES: Final[Mapping[str, Entry]] = {
    "api/": _NO_ANSWER,
    "health/live": _PUBLIC,
    "health/ready": _PUBLIC,
    "metrics": _PUBLIC,
    "i18n/setlang/": Entry(get=ANYONE, post=ANYONE, put=ANYONE, patch=ANYONE, delete=ANYONE),
    "login/": Entry(get=ANYONE, post=ANYONE, put=ANYONE, body={"username": "nobody", "password": "wrong"}),
    "logout/": Entry(post=ANYONE),
    # Around all others
    "": Entry(get=SIGNED_IN),
    "search/": Entry(get=SIGNED_IN, asks={"q": "world"}),
    "journal/": Entry(get="audit.view"),
    "notifications/": Entry(get=SIGNED_IN, post=SIGNED_IN),
    "notifications/<pk>/": Entry(get=SIGNED_IN, about="notice"),
    "work/": Entry(get=SIGNED_IN),
    "work/<pk>/": Entry(get=SIGNED_IN, about="work"),
    "work/<pk>/file/": Entry(get=SIGNED_IN, about="written"),
    "work/list/": Entry(post="accounts.view", body={"path": "/clients/", "query": "", "kind": "csv"}),
    "decisions/": Entry(
        get="decisions.view",
        post="decisions.view",
        body=_REASON | {"request": "override-{override}", "decision": "refuse"},
        by_authority=True,
    ),
    "decisions/mine/": Entry(get="decisions.view"),
    "substitutes/": Entry(get=SIGNED_IN, post=SIGNED_IN, body=_REASON),
    "substitutes/<pk>/end/": Entry(post=SIGNED_IN, about="substitution"),
    "outbox/": Entry(get="accounts.view"),
    "outbox/<pk>/": Entry(
        get="accounts.view", post="accounts.view", about="message", body={"wish": "cancel"}, by_authority=True
    ),
    "my-mail/": Entry(get=SIGNED_IN, post=SIGNED_IN, body={"order.held": "at_once"}),
    "company/": Entry(post=SIGNED_IN, about="company", body={"company": "{company}"}),
    "language/": Entry(post=ANYONE, body={"language": "en"}),
    # Clients
    "clients/": Entry(get="accounts.view"),
    "clients/new/": Entry(get="accounts.edit", post="accounts.edit", body=_CLIENT_FORM),
    "clients/check/": Entry(get="accounts.edit", asks={"code": "NEW-1"}),
    "clients/search/": Entry(get="accounts.view", asks={"q": "world"}),
    "clients/<code>/": Entry(get="accounts.view", about="client"),
    "clients/<code>/circuit/": Entry(get="accounts.view", post="accounts.edit", about="client"),
    "clients/<code>/team/": Entry(
        get="accounts.view", post="accounts.view", about="client", body={"role": "adv"}, by_authority=True
    ),
    "clients/<code>/team/<pk>/end/": Entry(
        post="accounts.view", about="client", then=("{member}",), by_authority=True
    ),
    "clients/<code>/part/<name>/": Entry(get="accounts.view", about="client", then=("timeline",)),
    # Credit
    "credit/can-i-sell/": Entry(get="accounts.view", asks={"client": "{client}", "amount": "10"}),
    "credit/client-options/": Entry(get="accounts.view", asks={"q": "world"}),
    "credit/credit-alerts/": Entry(get="accounts.view"),
    "credit/credit-alerts/<pk>/": Entry(
        get="accounts.view", post="accounts.watch", about="alert", body={"outcome": "NO_ACTION"}
    ),
    "credit/legal-notices/": Entry(get="accounts.view"),
    "credit/legal-notices/<pk>/": Entry(get="accounts.view", about="legal_notice"),
    "credit/legal-notices/<pk>/end/": Entry(
        post="credit.decide_limit", about="legal_notice", body=_REASON, by_authority=True
    ),
    "credit/clients/<code>/legal-notice/": Entry(
        get="accounts.block",
        post="accounts.block",
        about="client",
        body={
            "kind": "DISSOLUTION",
            "judgement_on": "1/1/2026",
            "published_on": "9/1/2026",
            "reference": "A-9",
        },
    ),
    "credit/reviews/": Entry(get="accounts.view"),
    "credit/factor/": Entry(get="accounts.view"),
    "credit/factor/agreement/": Entry(get="accounts.view", post="policy.change", body=_FACTOR),
    "credit/clients/<code>/factor/": Entry(
        get="credit.rate",
        post="credit.rate",
        about="client",
        body={"status": "REFUSED", "amount": "0", "effective_on": "1/1/2031"},
    ),
    "credit/notes/": Entry(get="accounts.view"),
    "credit/notes/<pk>/": Entry(get="accounts.view", about="note"),
    "credit/notes/<pk>/correct/": Entry(
        get="notes.write", post="notes.write", about="note", body=_NOTE, by_authority=True
    ),
    "credit/notes/<pk>/withdraw/": Entry(post="notes.write", about="note", body=_REASON, by_authority=True),
    "credit/clients/<code>/note/": Entry(get="notes.write", post="notes.write", about="client", body=_NOTE),
    "credit/guarantees/": Entry(get="accounts.view"),
    "credit/guarantees/<pk>/": Entry(get="accounts.view", about="guarantee"),
    "credit/guarantees/<pk>/confirm/": Entry(
        post="credit.decide_limit", about="guarantee", by_authority=True
    ),
    "credit/guarantees/<pk>/end/": Entry(post="credit.rate", about="guarantee", body=_REASON),
    "credit/guarantees/<pk>/file/": Entry(get="accounts.view", about="guarantee"),
    "credit/clients/<code>/guarantee/": Entry(
        get="credit.rate",
        post="credit.rate",
        about="client",
        body={
            "level": "account",
            "kind": "BANK",
            "guarantor": "Bank",
            "reference": "G-9",
            "amount": "10",
            "currency": "EUR",
            "haircut_pct": "100",
            "valid_from": "1/1/2026",
        },
    ),
    "credit/insurance/": Entry(get="accounts.view"),
    "credit/insurance/policy/": Entry(
        get="accounts.view",
        post="policy.change",
        body={
            "insurer": "X",
            "number": "1",
            "valid_from": "2026-01-01",
            "extension_days": "60",
            "declaration_days": "60",
            "waiting_days": "90",
            "insolvency_days": "10",
            "blind_pct": "90",
        },
    ),
    "credit/limit-requests/": Entry(get="accounts.view"),
    "credit/limit-requests/new/": Entry(
        get="credit.request_limit", post="credit.request_limit", asks={"client": "{client}"}, body=_LIMIT_WISH
    ),
    "credit/limit-requests/<pk>/": Entry(
        get="accounts.view",
        post="credit.decide_limit",
        about="limit_request",
        body=_REASON | {"decision": "refuse"},
        by_authority=True,
    ),
    "credit/limit-rules/": Entry(
        get="accounts.view",
        post="policy.change",
        body=_REASON | {"risk_class": "C", "limit_cap": "1234", "review_months": "9"},
    ),
    "credit/policy/": Entry(get="accounts.view"),
    "credit/policy/draft/": Entry(get="policy.write"),
    "credit/policy/draft/start/": Entry(post="policy.write"),
    "credit/policy/draft/publish/": Entry(
        post="policy.change", body={"effective_on": "2099-12-31", "change": "new", "seen": "1-1"}
    ),
    "credit/policy/draft/discard/": Entry(post="policy.write"),
    "credit/policy/draft/add/": Entry(
        get="policy.write", post="policy.write", body=_POLICY_ARTICLE | {"number": "9.9", "setting": ""}
    ),
    "credit/policy/draft/<article>/leave-out/": Entry(post="policy.write", then=("9",)),
    "credit/policy/draft/<article>/": Entry(
        get="policy.write", post="policy.write", then=("4.2",), body=_POLICY_ARTICLE
    ),
    "credit/policy/<number>/": Entry(get="accounts.view", about="policy"),
    "credit/policy/<number>/acknowledge/": Entry(post="policy.follow", about="policy"),
    "credit/policy/<number>/differences/": Entry(get="accounts.view", about="policy"),
    "credit/policy/<number>/pdf/": Entry(get="accounts.view", about="policy"),
    "credit/policy/<number>/readers/": Entry(get="audit.view", about="policy"),
    "credit/authority/": Entry(
        get="accounts.view",
        post="policy.change",
        body=_REASON
        | {
            "level": "2",
            "release_amount": "9000",
            "release_with_overdue": "on",
            "limit_amount": "25000",
            "write_off_amount": "500",
            "effective_from": "2099-12-31",
        },
    ),
    "credit/authority/<pk>/answer/": Entry(
        post="policy.change", about="authority_change", body=_REASON | {"answer": "refuse"}
    ),
    "credit/thresholds/": Entry(
        get="accounts.view",
        post="policy.change",
        body=_REASON
        | {
            "risk_class": "C",
            "overdue_days": "11",
            "overdue_floor": "100",
            "grace_days": "2",
            "overdue_pct": "10",
            "overdue_cap": "5000",
            "dispute_pct": "20",
            "tolerance_pct": "0",
            "tolerance_amount": "0",
            "unusual_factor": "2",
            "unusual_min_orders": "3",
            "new_account_days": "180",
            "effective_from": "2099-12-31",
        },
    ),
    "credit/exposure-rules/": Entry(
        get="accounts.view",
        post="policy.change",
        body=_REASON | {"part": "open_orders", "counts": "0"},
    ),
    "credit/stakes/": Entry(
        get="decisions.view",
        post="policy.change",
        body=_REASON | {"margin_pct": "12"} | {f"loss_{name}": "3" for name in "ABCDE"},
    ),
    "credit/rating-rules/": Entry(
        get="accounts.view", post="policy.change", body=_REASON | {"follows": "on"}
    ),
    "credit/clients/<code>/scorecard/": Entry(get="accounts.view", about="client"),
    "credit/clients/<code>/scorecard/statement/": Entry(
        get="credit.rate",
        post="credit.rate",
        about="client",
        body={"closed_on": "31/12/2025", "currency": "EUR", "equity": "10"},
    ),
    "credit/clients/<code>/scorecard/known/": Entry(
        get="credit.rate", post="credit.rate", about="client", body={"founded_on": "1/1/2000"}
    ),
    "credit/clients/<code>/scorecard/class/": Entry(
        get="credit.rate",
        post="credit.rate",
        about="client",
        body=_REASON | {"cause": "judgement", "risk_class": "D", "valid_until": "+30"},
    ),
    "credit/clients/<code>/scorecard/class/decide/": Entry(
        post="credit.decide_limit",
        about="client",
        body=_REASON | {"decision": "refuse"},
        by_authority=True,
    ),
    "credit/clients/<code>/scorecard/class/adopt/": Entry(post="credit.rate", about="client"),
    "credit/clients/<code>/edit/": Entry(
        get="accounts.edit", post="accounts.edit", about="client", body=_CLIENT_FORM
    ),
    "credit/clients/<code>/move/": Entry(
        get="accounts.move", post="accounts.move", about="client", body=_REASON | {"siren": "732829320"}
    ),
    "credit/clients/<code>/part-limits/": Entry(
        get="credit.decide_limit",
        post="credit.decide_limit",
        about="client",
        body={"overdue": "5000", "reason": "Stocks"},
    ),
    "credit/clients/<code>/block/": Entry(
        get="accounts.block", post="accounts.block", about="client", body=_REASON
    ),
    "credit/clients/<code>/unblock/": Entry(
        get="accounts.block", post="accounts.block", about="client", body=_REASON
    ),
    "credit/clients/<code>/watch/": Entry(
        get="accounts.watch", post="accounts.watch", about="client", body=_REASON
    ),
    "credit/clients/<code>/unwatch/": Entry(
        get="accounts.watch", post="accounts.watch", about="client", body=_REASON
    ),
    # Orders
    "orders/": Entry(get="orders.view"),
    "orders/new/": Entry(get="orders.enter", post="orders.enter", body=_ORDER_FORM),
    "orders/new/answer/": Entry(post="orders.enter", body=_ORDER_FORM),
    "orders/rules/": Entry(get="orders.view", post="policy.change", body=_REASON | {"seen": "|1"}),
    "orders/holds/": Entry(get="orders.view"),
    "orders/holds/decide/": Entry(
        post="orders.release", body=_REASON | {"ids": "{case}", "confirmed": "1"}, by_authority=True
    ),
    "orders/holds/decided/<pk>/": Entry(get="orders.release", about="mass"),
    "orders/quotations/": Entry(get="orders.view"),
    "orders/quotations/new/": Entry(get="orders.enter", post="orders.enter", body=_ORDER_FORM),
    "orders/quotations/<number>/": Entry(get="orders.view", about="quotation"),
    "orders/quotations/<number>/edit/": Entry(
        get="orders.enter", post="orders.enter", about="quotation", body=_ORDER_FORM
    ),
    "orders/quotations/<number>/pdf/": Entry(get="orders.view", about="quotation"),
    "orders/quotations/<number>/send/": Entry(post="orders.enter", about="quotation"),
    "orders/quotations/<number>/accept/": Entry(post="orders.enter", about="quotation"),
    "orders/quotations/<number>/decline/": Entry(
        get="orders.enter", post="orders.enter", about="quotation", body=_REASON
    ),
    "orders/quotations/<number>/order/": Entry(post="orders.enter", about="quotation"),
    "orders/of-client/<account>/": Entry(get="orders.view", about="client_id"),
    "orders/<number>/papers/": Entry(get="orders.view", about="order"),
    "orders/<number>/papers/evidence/": Entry(
        get="orders.enter", post="orders.enter", about="order", body=_EVIDENCE
    ),
    "orders/<number>/papers/evidence/<pk>/": Entry(get="orders.view", about="order", then=("{evidence}",)),
    "orders/<number>/papers/accept/": Entry(
        get="orders.release", post="orders.release", about="order", body=_ACCEPTED, by_authority=True
    ),
    "orders/<number>/papers/purchase-order/": Entry(
        get="orders.enter", post="orders.enter", about="order", body=_THEIR_FORM
    ),
    "orders/<number>/confirmation/": Entry(get="orders.view", about="order"),
    "orders/<number>/confirmation/issue/": Entry(post="orders.enter", about="order"),
    "orders/<number>/confirmation/<issue>/": Entry(get="orders.view", about="order", then=("1",)),
    "orders/<number>/deliveries/<pk>/note/": Entry(get="orders.view", about="order", then=("{shipment}",)),
    "orders/<number>/production/": Entry(post="orders.deliver", about="order"),
    "orders/<number>/alternatives/": Entry(get="orders.view", about="order"),
    "orders/<number>/edit/": Entry(get="orders.enter", post="orders.enter", about="order", body=_ORDER_FORM),
    "orders/<number>/edit/answer/": Entry(post="orders.enter", about="order", body=_ORDER_FORM),
    "orders/<number>/submit/": Entry(post="orders.enter", about="draft"),
    "orders/<number>/hold/": Entry(get="orders.hold", post="orders.hold", about="order", body=_REASON),
    "orders/<number>/release/": Entry(
        get="orders.view", post="orders.release", about="order", body=_REASON, by_authority=True
    ),
    "orders/<number>/refuse/": Entry(
        get="orders.view", post="orders.release", about="order", body=_REASON, by_authority=True
    ),
    "orders/<number>/release-when-met/": Entry(
        get="orders.view", post="orders.release", about="order", body=_REASON, by_authority=True
    ),
    "orders/<number>/agree/": Entry(
        get="orders.request_override", post="orders.request_override", about="order", body=_REASON
    ),
    # Disputes
    "disputes/": Entry(get="disputes.view"),
    "disputes/committee/": Entry(get="disputes.view"),
    "disputes/committee/plan/": Entry(post="disputes.committee", body={"held_on": "05/01/2099"}),
    "disputes/committee/members/": Entry(post="disputes.committee", body={"chair": ""}),
    "disputes/committee/<pk>/": Entry(get="disputes.view", about="committee"),
    "disputes/committee/<pk>/attend/": Entry(post="disputes.committee", about="committee", body={}),
    "disputes/committee/<pk>/close/": Entry(post="disputes.committee", about="committee", body={}),
    "disputes/committee/<pk>/minutes/": Entry(get="disputes.view", about="validated", by_authority=True),
    "disputes/committee/<pk>/decide/<number>/": Entry(
        post="disputes.committee", about="committee", then=("{dispute}",), body={}
    ),
    "disputes/assign/": Entry(post="disputes.resolve", body={"ids": ["1"]}),
    "disputes/open/": Entry(
        get="disputes.open",
        post="disputes.open",
        body={"invoice": "{invoice}", "type": "PRICE", "amount": "1.00", "origin": "call"},
    ),
    "disputes/rules/": Entry(get="disputes.view", post="policy.change"),
    "disputes/<number>/": Entry(get="disputes.view", about="dispute"),
    "disputes/<number>/qualify/": Entry(post="disputes.work", about="dispute", body={"type": "PRICE"}),
    "disputes/<number>/assign/": Entry(post="disputes.work", about="dispute", by_authority=True),
    "disputes/<number>/accept/": Entry(post="disputes.work", about="dispute", body={}, by_authority=True),
    "disputes/<number>/wait/": Entry(
        post="disputes.work", about="dispute", body={"waits_for": "client"}, by_authority=True
    ),
    "disputes/<number>/resume/": Entry(post="disputes.work", about="dispute", body={}, by_authority=True),
    "disputes/<number>/propose/": Entry(
        post="disputes.work", about="dispute", body={"proposal": "X"}, by_authority=True
    ),
    "disputes/<number>/links/": Entry(
        post="disputes.work",
        about="dispute",
        body={"name": "X", "email": "x@y.test", "days": "5"},
        by_authority=True,
    ),
    "disputes/<number>/links/<pk>/revoke/": Entry(
        post="disputes.work", about="dispute", then=("{resolver_link}",), by_authority=True
    ),
    "disputes/<number>/comment/": Entry(post="disputes.open", about="dispute", body={"text": "X"}),
    "disputes/<number>/resolve/": Entry(
        post="disputes.resolve",
        about="dispute",
        body=_REASON | {"outcome": "DOCUMENT_SENT", "root_cause": "PICKING"},
    ),
    "disputes/<number>/receive/": Entry(post="disputes.resolve", about="dispute", body={}),
    "disputes/<number>/withdraw/": Entry(
        post="disputes.open", about="dispute", body=_REASON, by_authority=True
    ),
    "disputes/<number>/reopen/": Entry(post="disputes.open", about="dispute", body=_REASON),
    "disputes/<number>/evidence/<pk>/": Entry(
        get="disputes.view", about="dispute", then=("{evidence_file}",)
    ),
    "orders/<number>/override/": Entry(
        get="orders.request_override", post="orders.request_override", about="order", body=_REASON
    ),
    "orders/<number>/refuse-override/": Entry(
        get="orders.view", post="orders.release", about="order", body=_REASON, by_authority=True
    ),
    "orders/<number>/override/<pk>/appeal/": Entry(
        post="orders.request_override", about="order", then=("{override}",), body=_REASON
    ),
    "orders/<number>/override/<pk>/withdraw/": Entry(
        post="orders.request_override", about="order", then=("{override}",), by_authority=True
    ),
    "orders/<number>/messages/": Entry(
        post="orders.request_override", about="order", body={"text": "Signed by the town"}
    ),
    "orders/<number>/decisions/<pk>/": Entry(get="decisions.view", about="order", then=("{decision}",)),
    "orders/<number>/take/": Entry(post="orders.hold", about="order"),
    "orders/<number>/undo-release/": Entry(post="orders.release", about="order", by_authority=True),
    "orders/<number>/documents/<pk>/": Entry(get="orders.view", about="order", then=("{document}",)),
    "orders/<number>/cancel/": Entry(get="orders.enter", post="orders.enter", about="order", body=_REASON),
    "orders/<number>/close/": Entry(get="orders.enter", post="orders.enter", about="order", body=_REASON),
    "orders/<number>/copy/": Entry(post="orders.enter", about="order"),
    "orders/<number>/reopen/": Entry(post="orders.enter", about="order"),
    "orders/<number>/deliver/": Entry(
        get="orders.deliver", post="orders.deliver", about="order", body={"on": "2026-01-05", "line_1": "1"}
    ),
    "orders/<number>/": Entry(get="orders.view", about="order"),
    # Invoicing
    "invoicing/": Entry(get="invoicing.view"),
    "invoicing/items/": Entry(get="invoicing.view"),
    "invoicing/items/<key>/match/": Entry(
        get="payments.allocate", post="payments.allocate", about="credit", body={"item_{item}": "1"}
    ),
    "invoicing/orders/<number>/deposits/": Entry(get="orders.view", about="order"),
    "invoicing/orders/<number>/deposit/": Entry(
        get="invoicing.issue", post="invoicing.issue", about="order", body=_DEPOSIT
    ),
    "invoicing/deposits/<key>/pdf/": Entry(get="orders.view", about="deposit"),
    "invoicing/deposits/<key>/take-back/": Entry(post="invoicing.issue", about="deposit", body=_REASON),
    "invoicing/items/<key>/stop/": Entry(get="dunning.stop", post="dunning.stop", about="item", body=_STOP),
    "invoicing/items/<key>/resume/": Entry(post="dunning.stop", about="item"),
    "invoicing/clients/<code>/stop/": Entry(
        get="dunning.stop", post="dunning.stop", about="client", body=_STOP
    ),
    "invoicing/clients/<code>/resume/": Entry(post="dunning.stop", about="client"),
    "invoicing/items/<key>/due-date/": Entry(
        get="invoicing.change_due_date", post="invoicing.change_due_date", about="item", body=_NEW_DUE_DATE
    ),
    "invoicing/matching/": Entry(get="payments.allocate"),
    "invoicing/matching/clearing/": Entry(
        get="invoicing.view",
        post="policy.change",
        body={
            "transfer": "0",
            "direct_debit": "5",
            "sdd_b2b": "3",
            "lcr": "4",
            "bor": "4",
            "cheque": "8",
            "card": "0",
            "offset": "0",
        },
    ),
    "invoicing/papers/check/": Entry(get="invoicing.view", post="invoicing.view"),
    "invoicing/matching/rules/": Entry(get="invoicing.view", post="policy.change", body=_MATCHING_RULES),
    "invoicing/matching/<key>/pick/": Entry(
        get="payments.allocate", post="payments.allocate", about="payment"
    ),
    "invoicing/matching/<key>/settle/": Entry(post="payments.allocate", about="payment"),
    "invoicing/matching/<key>/identify/": Entry(post="payments.allocate", about="payment"),
    "invoicing/payments/": Entry(get="invoicing.view"),
    "invoicing/payments/<key>/": Entry(get="invoicing.view", about="payment"),
    "invoicing/payments/<key>/trace/": Entry(get="invoicing.view", about="payment"),
    "invoicing/payments/<key>/return/": Entry(
        get="payments.record",
        post="payments.record",
        about="payment",
        body={"returned_on": "2026-01-05", "reason": "test"},
    ),
    "invoicing/payments/<key>/return/undo/": Entry(
        get="payments.record", post="payments.record", about="payment"
    ),
    "invoicing/matches/<keys>/undo/": Entry(post="payments.allocate", about="match"),
    "invoicing/matches/<keys>/again/": Entry(post="payments.allocate", about="match"),
    "invoicing/clients/<code>/panel/": Entry(get="invoicing.view", about="client"),
    "invoicing/orders/<number>/invoice/": Entry(post="invoicing.issue", about="order"),
    "invoicing/credit/<number>/": Entry(
        get="invoicing.credit",
        post="invoicing.credit",
        about="invoice",
        body=_REASON | {"amount": "1"},
    ),
    "invoicing/credit/<number>/preview/": Entry(
        get="invoicing.credit", about="invoice", asks={"amount": "1"}
    ),
    "invoicing/to-invoice/": Entry(get="invoicing.view"),
    "invoicing/to-invoice/issue/": Entry(post="invoicing.issue"),
    "invoicing/anomalies/": Entry(get="invoicing.view", post="policy.change", body=_REASON),
    "invoicing/seller/": Entry(
        get="invoicing.view", post="policy.change", body={"name": "Here", "operation_category": "goods"}
    ),
    "invoicing/clients/<code>/details/": Entry(get="invoicing.view", post="accounts.edit", about="client"),
    "invoicing/send/": Entry(post="invoicing.send"),
    "invoicing/hand-over/": Entry(post="invoicing.einvoice"),
    "invoicing/send/<number>/": Entry(get="invoicing.send", post="invoicing.send", about="invoice"),
    "invoicing/platform/<number>/": Entry(
        get="invoicing.einvoice", post="invoicing.einvoice", about="invoice", body={"status": "APPROVED"}
    ),
    "invoicing/credit-notes/<key>/decide/": Entry(
        post="invoicing.credit",
        about="credit_request",
        body=_REASON | {"decision": "refuse"},
        by_authority=True,
    ),
    "invoicing/recurring/": Entry(get="invoicing.view"),
    "invoicing/recurring/new/": Entry(get="invoicing.issue", post="invoicing.issue", body=_RECURRING_FORM),
    "invoicing/recurring/preview/": Entry(post="invoicing.issue", body=_RECURRING_FORM),
    "invoicing/recurring/<key>/": Entry(get="invoicing.view", about="recurring"),
    "invoicing/recurring/<key>/bill/": Entry(post="invoicing.issue", about="recurring"),
    "invoicing/recurring/<key>/pause/": Entry(post="invoicing.issue", about="recurring", body=_REASON),
    "invoicing/recurring/<key>/resume/": Entry(post="invoicing.issue", about="recurring"),
    "invoicing/recurring/<key>/end/": Entry(post="invoicing.issue", about="recurring", body=_REASON),
    "invoicing/factor/": Entry(get="invoicing.view"),
    "invoicing/factor/new/": Entry(get="invoicing.assign", post="invoicing.assign", body={"item": "{item}"}),
    "invoicing/factor/sold/": Entry(get="invoicing.view"),
    "invoicing/factor/sold/<key>/take-back/": Entry(
        get="invoicing.assign", post="invoicing.assign", about="assignment", body=_REASON
    ),
    "invoicing/factor/to-pass-on/": Entry(get="invoicing.view"),
    "invoicing/factor/to-pass-on/<key>/": Entry(
        get="invoicing.assign", post="invoicing.assign", about="to_pass_on", body={"passed_on": "1/1/2020"}
    ),
    "invoicing/factor/<key>/": Entry(
        get="invoicing.view", post="invoicing.assign", about="batch", body={"received_on": "1/1/2020"}
    ),
    "invoicing/insurance-claims/": Entry(get="invoicing.view"),
    "invoicing/insurance-claims/<key>/": Entry(get="invoicing.view", about="insurance_claim"),
    "invoicing/insurance-claims/<key>/declare/": Entry(
        get="insurance.claim",
        post="insurance.claim",
        about="insurance_claim",
        body={"on": "1/1/2020", "reference": "R"},
    ),
    "invoicing/insurance-claims/<key>/recovery/": Entry(
        get="insurance.claim", post="insurance.claim", about="insurance_claim", body={"on": "1/1/2020"}
    ),
    "invoicing/insurance-claims/<key>/indemnity/": Entry(
        get="insurance.claim",
        post="insurance.claim",
        about="insurance_claim",
        body={"on": "1/1/2020", "amount": "1", "words": "V"},
    ),
    "invoicing/insurance-claims/<key>/close/": Entry(
        get="insurance.claim", post="insurance.claim", about="insurance_claim", body=_REASON
    ),
    "invoicing/insurance-claims/clients/<code>/": Entry(
        get="insurance.claim", post="insurance.claim", about="client", body={"told_on": "1/1/2020"}
    ),
    "invoicing/interest/": Entry(get="invoicing.view"),
    "invoicing/interest/<key>/": Entry(get="invoicing.view", about="penalty_note"),
    "invoicing/interest/<key>/pdf/": Entry(get="invoicing.view", about="penalty_note"),
    "invoicing/interest/<key>/take-back/": Entry(
        get="invoicing.claim_interest", post="invoicing.claim_interest", about="penalty_note", body=_REASON
    ),
    "invoicing/interest/terms/": Entry(
        get="invoicing.view", post="policy.change", body=_REASON | {"regime": "BCE10", "valid_from": "1/1"}
    ),
    "invoicing/clients/<code>/discount/": Entry(
        get="accounts.edit", post="accounts.edit", about="client", body=_REASON
    ),
    "invoicing/interest/clients/<code>/": Entry(
        get="invoicing.claim_interest", post="invoicing.claim_interest", about="client", body={"as_of": "1/1"}
    ),
    "invoicing/interest/clients/<code>/terms/": Entry(
        get="accounts.edit",
        post="accounts.edit",
        about="client",
        body=_REASON | {"regime": "PUBLIC8", "valid_from": "2026-01-01"},
    ),
    "invoicing/interest/waivers/<key>/lift/": Entry(
        get="invoicing.waive_interest", post="invoicing.waive_interest", about="waiver", body=_REASON
    ),
    "invoicing/interest/waive/<number>/": Entry(
        get="invoicing.waive_interest",
        post="invoicing.waive_interest",
        about="invoice",
        body=_REASON | {"interest": "on"},
    ),
    "invoicing/rates/": Entry(get="invoicing.view"),
    "invoicing/rates/add/": Entry(get="rates.manage", post="rates.manage", body=_RATE | {"is_assumed": "1"}),
    "invoicing/rates/<year>-S<half>/correct/": Entry(
        get="rates.manage", post="rates.manage", then=("2024-S1",), body=_RATE | _REASON
    ),
    "invoicing/bank/": Entry(get="bank.view"),
    "invoicing/bank/import/": Entry(get="bank.import", post="bank.import"),
    "invoicing/bank/accounts/": Entry(
        get="bank.view", post="bank.import", body={"number": "1", "account": "12345", "currency": "EUR"}
    ),
    "invoicing/bank/files/<key>/": Entry(get="bank.import", post="bank.import", about="statement_file"),
    "invoicing/bank/files/<key>/progress/": Entry(get="bank.import", about="statement_file"),
    "invoicing/bank/returns/<key>/": Entry(
        get="payments.record", post="payments.record", about="bank_return", body=_REASON | {"act": "leave"}
    ),
    "invoicing/bank/<key>/": Entry(get="bank.view", about="statement"),
    "invoicing/periods/": Entry(get="invoicing.view"),
    "invoicing/periods/accounts/": Entry(get="accounting.accounts", post="accounting.accounts"),
    "invoicing/periods/<year>-<month>/entries/": Entry(get="accounting.export", then=("2026-01",)),
    "invoicing/periods/<year>-<month>/close/": Entry(
        get="periods.close", post="periods.close", then=("2026-01",)
    ),
    "invoicing/periods/<year>-<month>/reopen/": Entry(
        get="periods.reopen", post="periods.reopen", then=("2026-01",), body=_REASON
    ),
    "invoicing/<number>/bundle/": Entry(get="invoicing.view", about="invoice"),
    "invoicing/<number>/file/<kind>/": Entry(get="invoicing.view", about="invoice", then=("xml",)),
    "invoicing/<number>/": Entry(get="invoicing.view", about="invoice"),
    # Collections
    "link/<token>/": Entry(get=HELD, then=("{client_token}",)),
    "link/<token>/statement/": Entry(get=HELD, then=("{client_token}",)),
    "link/<token>/invoices/<key>/": Entry(get=HELD, then=("{client_token}", "{invoice_key}")),
    "link/<token>/promise/": Entry(post=HELD, then=("{client_token}",), body={"items": "{item}"}),
    "link/<token>/dispute/": Entry(post=HELD, then=("{client_token}",), body={"item": "{item}"}),
    "case/<token>/": Entry(get=HELD, then=("{case_token}",)),
    "case/<token>/evidence/<key>/": Entry(get=HELD, then=("{case_token}", "{evidence_file}")),
    "case/<token>/accept/": Entry(post=HELD, then=("{case_token}",)),
    "case/<token>/answer/": Entry(post=HELD, then=("{case_token}",)),
    "case/<token>/propose/": Entry(post=HELD, then=("{case_token}",)),
    "collections/links/<key>/": Entry(get="invoicing.view", about="client_link"),
    "collections/links/<key>/revoke/": Entry(post="dunning.promise", about="client_link"),
    "collections/links/<code>/new/": Entry(
        get="dunning.promise", post="dunning.promise", about="client", body={"days": "5"}, by_authority=True
    ),
    "collections/work/": Entry(get="dunning.promise"),
    "collections/work/load/": Entry(get="dunning.run"),
    "collections/work/<code>/call/": Entry(post="dunning.promise", about="client", body={"outcome": "other"}),
    "collections/statements/": Entry(get="dunning.run"),
    "collections/statements/again/": Entry(post="dunning.run"),
    "collections/runs/": Entry(get="dunning.run"),
    "collections/runs/make/": Entry(post="dunning.run"),
    "collections/runs/<key>/": Entry(get="dunning.run", about="dunning_run"),
    "collections/runs/<key>/approve/": Entry(post="dunning.run", about="dunning_run"),
    "collections/runs/<key>/print/": Entry(get="dunning.run", about="dunning_run"),
    "collections/scenarios/": Entry(get="dunning.run"),
    "collections/scenarios/new/": Entry(get="dunning.configure", post="dunning.configure"),
    "collections/scenarios/<key>/": Entry(get="dunning.run", about="scenario"),
    "collections/scenarios/<key>/change/": Entry(
        get="dunning.configure", post="dunning.configure", about="scenario"
    ),
    "collections/scenarios/<key>/retire/": Entry(post="dunning.configure", about="scenario"),
    "collections/scenarios/<key>/letters/<number>/": Entry(get="dunning.run", about="scenario", then=("2",)),
    "collections/scenarios/<key>/letters/<number>/pdf/": Entry(
        get="dunning.run", about="scenario", then=("2",), asks={"client": "{client}"}
    ),
    "collections/reminders/": Entry(get="invoicing.view"),
    "collections/reminders/<key>/": Entry(get="invoicing.view", about="reminder"),
    "collections/reminders/<key>/number/": Entry(
        post="dunning.run", about="reminder", body={"number": "2C1234567890"}
    ),
    "collections/reminders/<key>/again/": Entry(post="dunning.run", about="reminder"),
    "collections/reminders/<key>/pdf/": Entry(get="invoicing.view", about="reminder"),
    "collections/reminders/<key>/print/": Entry(get="dunning.run", about="reminder"),
    "collections/promises/": Entry(get="invoicing.view"),
    "collections/promises/<key>/": Entry(get="invoicing.view", about="promise"),
    "collections/promises/<key>/cancel/": Entry(
        get="dunning.promise", post="dunning.promise", about="promise", body=_REASON
    ),
    "collections/hand-overs/": Entry(get="invoicing.view"),
    "collections/hand-overs/<key>/": Entry(get="invoicing.view", about="hand_over"),
    "collections/hand-overs/<key>/file/": Entry(get="dunning.hand_over", about="hand_over"),
    "collections/hand-overs/<key>/cost/": Entry(
        get="dunning.hand_over", post="dunning.hand_over", about="hand_over"
    ),
    "collections/hand-overs/<key>/claim/": Entry(
        get="dunning.hand_over", post="dunning.hand_over", about="hand_over"
    ),
    "collections/hand-overs/<key>/end/": Entry(
        get="dunning.hand_over", post="dunning.hand_over", about="hand_over"
    ),
    "collections/clients/<code>/hand-over/": Entry(
        get="dunning.hand_over", post="dunning.hand_over", about="client"
    ),
    "collections/clients/<code>/limitation/": Entry(
        get="dunning.promise", post="dunning.promise", about="client"
    ),
    "collections/plans/": Entry(get="invoicing.view"),
    "collections/plans/<key>/": Entry(get="invoicing.view", about="plan"),
    "collections/plans/<key>/pdf/": Entry(get="invoicing.view", about="plan"),
    "collections/plans/<key>/send/": Entry(get="dunning.promise", post="dunning.promise", about="plan"),
    "collections/plans/<key>/sign/": Entry(get="dunning.promise", post="dunning.promise", about="plan"),
    "collections/plans/<key>/approve/": Entry(post="dunning.plan", about="plan"),
    "collections/plans/<key>/cancel/": Entry(get="dunning.promise", post="dunning.promise", about="plan"),
    "collections/plans/<key>/break/": Entry(get="dunning.plan", post="dunning.plan", about="plan"),
    "collections/plans/<key>/notice/": Entry(post="dunning.sign", about="plan"),
    "collections/plans/<key>/notice/pdf/": Entry(get="invoicing.view", about="late_plan"),
    "collections/clients/<code>/pass-on/": Entry(
        get="dunning.run", post="dunning.run", about="client", body=_REASON | {"to": "executive"}
    ),
    "collections/clients/<code>/plan/": Entry(get="dunning.promise", post="dunning.promise", about="client"),
    "collections/clients/<code>/promise/": Entry(
        get="dunning.promise", post="dunning.promise", about="client", body={"promised_date": "+5"}
    ),
    # Reports and imports
    "reports/aged-balance/": Entry(get="reports.view"),
    "reports/aged-balance/items/": Entry(get="reports.view", asks={"bucket": "not_due"}),
    "reports/aged-balance/history/": Entry(get="reports.view"),
    "reports/exposure/": Entry(get="reports.view"),
    "reports/disputes/": Entry(get="reports.view"),
    "reports/<report>/file/": Entry(post="reports.view", then=("exposure",), body={"kind": "csv"}),
    "reports/releases/": Entry(get="reports.view"),
    "reports/statements/": Entry(get="disputes.view"),
    "reports/statements/send/": Entry(
        get="disputes.committee", post="disputes.committee", body={"told": "causes:1", "month": "2026-01-01"}
    ),
    "reports/statements/<pk>/<kind>/": Entry(get="disputes.view", about="told", then=("pdf",)),
    "reports/process-owners/": Entry(get="disputes.view", post="policy.change", body=_REASON),
    "reports/duties/": Entry(get="duties.view"),
    "webhooks/": Entry(get="webhooks.manage"),
    "webhooks/new/": Entry(get="webhooks.manage", post="webhooks.manage", body=_NEW_HOOK),
    "webhooks/<pk>/": Entry(get="webhooks.manage", about="webhook"),
    "webhooks/<pk>/edit/": Entry(
        get="webhooks.manage", post="webhooks.manage", about="webhook", body=_NEW_HOOK
    ),
    "webhooks/<pk>/secret/": Entry(post="webhooks.manage", about="webhook"),
    "webhooks/<pk>/end/": Entry(get="webhooks.manage", post="webhooks.manage", about="webhook"),
    "webhooks/<pk>/deliveries/<delivery>/replay/": Entry(
        post="webhooks.manage", about="webhook", then=("{delivery}",)
    ),
    "imports/": Entry(get="imports.run"),
    "imports/new/": Entry(get="imports.run", post="imports.run"),
    "imports/sample/<kind>/": Entry(get="imports.run", then=("rates",)),
    "imports/mappings/": Entry(get="imports.run"),
    "imports/mappings/<key>/": Entry(get="imports.run", post="imports.run", about="mapping"),
    "imports/mappings/<key>/drop/": Entry(post="imports.run", about="mapping"),
    "imports/<key>/": Entry(get="imports.run", about="run"),
    "imports/<key>/mapping/": Entry(get="imports.run", post="imports.run", about="run"),
    "imports/<key>/confirm/": Entry(post="imports.run", about="run"),
    "imports/<key>/refused/": Entry(get="imports.run", about="run"),
    "imports/<key>/progress/": Entry(get="imports.run", about="run"),
}

API: Final[Mapping[str, Entry]] = {
    "auth/token/": Entry(post=ANYONE, body={"username": "nobody", "password": "wrong"}),
    "schema/": Entry(get=ANYONE),
    "docs/": Entry(get=ANYONE),
    ".": _NO_ANSWER,
    "jobs/<pk>/": Entry(get=SIGNED_IN, about="job"),
    "jobs/<pk>/file/": Entry(get=SIGNED_IN, about="written"),
    "audit/": Entry(get=SIGNED_IN),
    "outbox/": Entry(get="accounts.view"),
    "outbox/<pk>/": Entry(get="accounts.view", about="message"),
    "company-details/": Entry(get="invoicing.view", patch="policy.change", body={"city": "Lyon"}),
    "accounts/<code>/payment-circuit/": Entry(
        get="accounts.view", patch="accounts.edit", about="client", body={"run_days": [10]}
    ),
    "accounts/<code>/invoice-details/": Entry(
        get="invoicing.view", patch="accounts.edit", about="client", body={"reference": "S1"}
    ),
    "outbox/reports/": Entry(post="mail.report", body={"message": "none"}),
    "webhooks/": Entry(get="webhooks.manage", post="webhooks.manage", body=_NEW_HOOK),
    "webhooks/<pk>/": Entry(
        get="webhooks.manage",
        patch="webhooks.manage",
        delete="webhooks.manage",
        about="webhook",
        body={"active": False},
    ),
    "webhooks/<pk>/secret/": Entry(post="webhooks.manage", about="webhook"),
    "webhooks/<pk>/deliveries/": Entry(get="webhooks.manage", about="webhook"),
    "webhooks/<pk>/deliveries/<delivery>/replay/": Entry(
        post="webhooks.manage", about="webhook", then=("{delivery}",)
    ),
    # Clients
    "accounts/": Entry(get="accounts.view", post="accounts.edit", body=_NEW_CLIENT),
    "accounts/bulk/": Entry(post="accounts.edit", body=[_NEW_CLIENT]),
    "accounts/<code>/": Entry(
        get="accounts.view",
        put="accounts.edit",
        patch="accounts.edit",
        about="client",
        body={"name": "World", "country": "DE", "currency": "EUR", "term": "NET30"},
    ),
    "accounts/<code>/block/": Entry(post="accounts.block", about="client", body=_REASON),
    "accounts/<code>/unblock/": Entry(post="accounts.block", about="client", body=_REASON),
    "accounts/<code>/watch/": Entry(post="accounts.watch", about="client", body=_REASON),
    "accounts/<code>/unwatch/": Entry(post="accounts.watch", about="client", body=_REASON),
    "accounts/<code>/stop/": Entry(post="dunning.stop", about="client", body=_STOP),
    "accounts/<code>/resume/": Entry(post="dunning.stop", about="client"),
    "accounts/<code>/credit-check/": Entry(post="accounts.view", about="client", body={"amount": "10.00"}),
    "accounts/<code>/exposure/": Entry(get="accounts.view", about="client"),
    "accounts/<code>/part-limits/": Entry(
        get="accounts.view",
        post="credit.decide_limit",
        about="client",
        body={"overdue": "5000.00", "reason": "Stocks"},
    ),
    "accounts/<code>/limits/": Entry(get="accounts.view", about="client"),
    "accounts/<code>/scorecard/": Entry(get="accounts.view", about="client"),
    "accounts/<code>/suggested-limit/": Entry(get="accounts.view", about="client"),
    "accounts/<code>/timeline/": Entry(get="accounts.view", about="client"),
    "credit-alerts/": Entry(get="accounts.view"),
    "credit-alerts/<pk>/": Entry(get="accounts.view", about="alert"),
    "credit-alerts/<pk>/answer/": Entry(post="accounts.watch", about="alert", body={"outcome": "NO_ACTION"}),
    "credit-alerts/<pk>/take/": Entry(post="accounts.watch", about="alert"),
    "client-notes/": Entry(
        get="accounts.view",
        post="notes.write",
        body={"account": "{client}", "kind": "NEWS", "text": "A new shop"},
    ),
    "client-notes/<pk>/": Entry(get="accounts.view", about="note"),
    "client-notes/<pk>/withdraw/": Entry(post="notes.write", about="note", body=_REASON, by_authority=True),
    "guarantees/": Entry(
        get="accounts.view",
        post="credit.rate",
        body={
            "account": "{client}",
            "kind": "BANK",
            "guarantor": "Bank",
            "reference": "G-8",
            "amount": "10",
            "currency": "EUR",
            "valid_from": "2026-01-01",
            "file": _GUARANTEE_FILE,
        },
    ),
    "guarantees/<pk>/": Entry(get="accounts.view", about="guarantee"),
    "guarantees/<pk>/confirm/": Entry(post="credit.decide_limit", about="guarantee", by_authority=True),
    "guarantees/<pk>/extend/": Entry(
        post="credit.rate",
        about="guarantee",
        body={"reference": "G-7", "valid_until": "2099-12-31", "file": _GUARANTEE_FILE},
    ),
    "guarantees/<pk>/end/": Entry(post="credit.rate", about="guarantee", body=_REASON),
    "buyer-covers/": Entry(
        get="accounts.view",
        post="imports.run",
        body={
            "account": "{client}",
            "amount": "10",
            "insured_pct": "90",
            "status": "REQUESTED",
            "effective_on": "2026-02-01",
        },
    ),
    "limit-requests/": Entry(get="accounts.view", post="credit.request_limit", body=_LIMIT_WISH),
    "limit-requests/<pk>/": Entry(get="accounts.view", about="limit_request"),
    "limit-requests/<pk>/submit/": Entry(post="credit.request_limit", about="limit_request"),
    "limit-requests/<pk>/approve/": Entry(
        post="credit.decide_limit", about="limit_request", body=_REASON, by_authority=True
    ),
    "limit-requests/<pk>/refuse/": Entry(
        post="credit.decide_limit", about="limit_request", body=_REASON, by_authority=True
    ),
    "limit-requests/<pk>/appeal/": Entry(post="credit.request_limit", about="limit_request", body=_REASON),
    # Orders
    "orders/": Entry(get="orders.view", post="orders.enter", body=NEW_ORDER),
    "orders/bulk/": Entry(post="orders.enter", body=[NEW_ORDER]),
    "orders/<number>/": Entry(
        get="orders.view", patch="orders.enter", about="order", body={"customer_reference": "X"}
    ),
    "orders/<number>/submit/": Entry(post="orders.enter", about="draft"),
    "orders/<number>/copy/": Entry(post="orders.enter", about="order", body={"number": "NEW-1"}),
    "orders/<number>/reopen/": Entry(post="orders.enter", about="order"),
    "orders/<number>/cancel/": Entry(post="orders.enter", about="order", body=_REASON),
    "orders/<number>/close/": Entry(post="orders.enter", about="order", body=_REASON),
    "orders/<number>/start-production/": Entry(post="orders.deliver", about="order"),
    "orders/<number>/alternatives/": Entry(
        get="orders.view", post="orders.view", about="order", body={"measures": []}
    ),
    "orders/<number>/deliver/": Entry(post="orders.deliver", about="order", body={}),
    "orders/<number>/deliveries/": Entry(get="orders.view", about="order"),
    "orders/<number>/deliveries/<delivery>/note/": Entry(
        get="orders.view", about="order", then=("{shipment}",)
    ),
    "orders/<number>/evidence/": Entry(get="orders.view", post="orders.enter", about="order", body=_EVIDENCE),
    "orders/<number>/purchase-order/": Entry(
        get="orders.view", put="orders.enter", about="order", body=_THEIRS
    ),
    "orders/<number>/purchase-order/accept/": Entry(
        post="orders.release", about="order", body=_ACCEPTED, by_authority=True
    ),
    "orders/<number>/confirmation/": Entry(get="orders.view", post="orders.enter", about="order"),
    "orders/<number>/return/": Entry(
        post="orders.deliver",
        about="order",
        body=_REASON | {"lines": [{"line": 1, "quantity": "1"}]},
    ),
    "orders/<number>/hold/": Entry(post="orders.hold", about="order", body=_COMMENT),
    "orders/<number>/release/": Entry(post="orders.release", about="order", body=_COMMENT, by_authority=True),
    "orders/<number>/refuse/": Entry(post="orders.release", about="order", body=_REASON, by_authority=True),
    "orders/<number>/deposit-request/": Entry(
        get="orders.view", post="invoicing.issue", about="order", body=_DEPOSIT
    ),
    "orders/<number>/deposit-request/cancel/": Entry(post="invoicing.issue", about="order", body=_REASON),
    "orders/<number>/invoice/": Entry(post="invoicing.issue", about="order", body={}),
    "orders/<number>/messages/": Entry(
        get="orders.view", post="orders.request_override", about="order", body={"text": "Signed by the town"}
    ),
    "orders/<number>/override-requests/": Entry(post="orders.request_override", about="order", body=_REASON),
    "holds/": Entry(get="orders.view"),
    "override-requests/": Entry(get="orders.view"),
    "override-requests/<pk>/": Entry(get="orders.view", about="override"),
    "override-requests/<pk>/approve/": Entry(
        post="orders.release", about="override", body=_REASON, by_authority=True
    ),
    "override-requests/<pk>/refuse/": Entry(
        post="orders.release", about="override", body=_REASON, by_authority=True
    ),
    "override-requests/<pk>/appeal/": Entry(post="orders.request_override", about="override", body=_REASON),
    "override-requests/<pk>/withdraw/": Entry(
        post="orders.request_override", about="override", by_authority=True
    ),
    "committees/": Entry(get="disputes.view", post="disputes.committee", body={"held_on": "2099-01-05"}),
    "committees/<pk>/": Entry(get="disputes.view", about="committee"),
    "committees/<pk>/agenda/": Entry(get="disputes.view", about="committee"),
    "committees/<pk>/attend/": Entry(post="disputes.committee", about="committee", body={"present": []}),
    "committees/<pk>/decide/": Entry(
        post="disputes.committee",
        about="committee",
        body={
            "dispute": "{dispute}",
            "decision": "X",
            "owner": "dispute_owner",
            "agreed_resolution_on": "2099-01-05",
        },
        by_authority=True,
    ),
    "committees/<pk>/close/": Entry(post="disputes.committee", about="committee", body={}),
    "disputes/": Entry(
        get="disputes.view",
        post="disputes.open",
        body={"item": "{item}", "type": "PRICE", "amount": "1.00", "origin": "call"},
    ),
    "disputes/<number>/": Entry(
        get="disputes.view", patch="disputes.work", about="dispute", body={"comment": "X"}
    ),
    "disputes/<number>/qualify/": Entry(
        post="disputes.work", about="dispute", body={"owner": "dispute_owner"}
    ),
    "disputes/<number>/assign/": Entry(
        post="disputes.work", about="dispute", body={"owner": "dispute_owner"}, by_authority=True
    ),
    "disputes/<number>/accept/": Entry(post="disputes.work", about="dispute", body={}, by_authority=True),
    "disputes/<number>/wait/": Entry(
        post="disputes.work", about="dispute", body={"waits_for": "client"}, by_authority=True
    ),
    "disputes/<number>/resume/": Entry(post="disputes.work", about="dispute", body={}, by_authority=True),
    "disputes/<number>/propose/": Entry(
        post="disputes.work", about="dispute", body={"proposal": "X"}, by_authority=True
    ),
    "disputes/<number>/comments/": Entry(post="disputes.open", about="dispute", body={"text": "X"}),
    "disputes/<number>/links/": Entry(
        get="disputes.view",
        post="disputes.work",
        about="dispute",
        body={"name": "X", "email": "x@y.test"},
        by_authority=True,
    ),
    "disputes/<number>/links/<pk>/revoke/": Entry(
        post="disputes.work", about="dispute", then=("{resolver_link}",), by_authority=True
    ),
    "client-links/": Entry(
        get="invoicing.view", post="dunning.promise", body={"account": "{client}"}, by_authority=True
    ),
    "client-links/<pk>/": Entry(get="invoicing.view", about="client_link"),
    "client-links/<pk>/revoke/": Entry(post="dunning.promise", about="client_link"),
    "disputes/<number>/resolve/": Entry(
        post="disputes.resolve",
        about="dispute",
        body=_REASON | {"outcome": "DOCUMENT_SENT", "root_cause": "PICKING"},
    ),
    "disputes/<number>/reject/": Entry(post="disputes.resolve", about="dispute", body=_REASON),
    "disputes/<number>/receive/": Entry(post="disputes.resolve", about="dispute", body={}),
    "disputes/<number>/withdraw/": Entry(
        post="disputes.open", about="dispute", body=_REASON, by_authority=True
    ),
    "disputes/<number>/reopen/": Entry(post="disputes.open", about="dispute", body=_REASON),
    "quotations/": Entry(get="orders.view", post="orders.enter", body=NEW_ORDER),
    "quotations/<number>/": Entry(
        get="orders.view", patch="orders.enter", about="quotation", body={"customer_reference": "X"}
    ),
    "quotations/<number>/send/": Entry(post="orders.enter", about="quotation"),
    "quotations/<number>/accept/": Entry(post="orders.enter", about="quotation"),
    "quotations/<number>/refuse/": Entry(post="orders.enter", about="quotation", body=_REASON),
    "quotations/<number>/order/": Entry(post="orders.enter", about="quotation", body={"number": "NEW-1"}),
    "quotations/<number>/pdf/": Entry(get="orders.view", about="quotation"),
    # Invoicing
    "invoices/": Entry(get="invoicing.view", post="invoicing.import", body=_NEW_INVOICE),
    "invoices/bulk/": Entry(post="invoicing.issue", body=[_NEW_INVOICE]),
    "invoices/<number>/": Entry(get="invoicing.view", about="invoice"),
    # On paper a client's book stands whole: a rep beside whom a colleague sells gets none.
    "accounts/<code>/statement/": Entry(get="invoicing.view", about="client", by_authority=True),
    "einvoices/read/": Entry(post="invoicing.view", upload=_RECEIVED),
    "credit-authority/": Entry(get="accounts.view"),
    "credit-thresholds/": Entry(get="accounts.view"),
    "credit-policy/": Entry(get="accounts.view"),
    "credit-policy/<number>/": Entry(get="accounts.view", about="policy"),
    "clearing-days/": Entry(get="invoicing.view", patch="policy.change", body={"cheque": 8}),
    "papers/check/": Entry(post="invoicing.view", upload=_RECEIVED, upload_says={"paper": "terms"}),
    "invoices/<number>/pdf/": Entry(get="invoicing.view", about="invoice"),
    "invoices/<number>/bundle/": Entry(get="invoicing.view", about="invoice"),
    "invoices/<number>/xml/": Entry(get="invoicing.view", about="invoice"),
    "interest-notes/": Entry(
        get="invoicing.view",
        post="invoicing.claim_interest",
        body={"account": "{client}", "invoices": ["{invoice}"]},
    ),
    "interest-notes/<pk>/": Entry(get="invoicing.view", about="penalty_note"),
    "interest-notes/<pk>/cancel/": Entry(post="invoicing.claim_interest", about="penalty_note", body=_REASON),
    "invoices/<number>/interest/waive/": Entry(
        post="invoicing.waive_interest", about="invoice", body=_REASON
    ),
    "invoices/<number>/interest/lift/": Entry(post="invoicing.waive_interest", about="invoice", body=_REASON),
    "insurance-claims/": Entry(get="invoicing.view"),
    "insurance-claims/<pk>/": Entry(get="invoicing.view", about="insurance_claim"),
    "factor-assignments/": Entry(get="invoicing.view"),
    "factor-assignments/<pk>/": Entry(get="invoicing.view", about="assignment"),
    "recurring-invoices/": Entry(get="invoicing.view", post="invoicing.issue", body=_RECURRING_NEW),
    "recurring-invoices/preview/": Entry(post="invoicing.issue", body=_RECURRING),
    "recurring-invoices/<pk>/": Entry(get="invoicing.view", about="recurring"),
    "recurring-invoices/<pk>/pause/": Entry(post="invoicing.issue", about="recurring", body=_REASON),
    "recurring-invoices/<pk>/resume/": Entry(post="invoicing.issue", about="recurring", body={}),
    "recurring-invoices/<pk>/end/": Entry(post="invoicing.issue", about="recurring", body=_REASON),
    "invoices/<number>/interest/": Entry(get="invoicing.view", about="invoice"),
    "invoices/<number>/credit/": Entry(
        get="invoicing.view", post="invoicing.credit", about="invoice", body=_REASON | {"amount": "1.00"}
    ),
    "invoices/<number>/credit/approve/": Entry(post="invoicing.credit", about="invoice", body=_REASON),
    "invoices/<number>/credit/refuse/": Entry(post="invoicing.credit", about="invoice", body=_REASON),
    "invoices/<number>/send/": Entry(
        get="invoicing.view", post="invoicing.send", about="invoice", body={"again": True}
    ),
    "invoices/<number>/hand-over/": Entry(post="invoicing.einvoice", about="invoice"),
    "invoices/<number>/status/": Entry(
        get="invoicing.view", post="invoicing.einvoice", about="invoice", body={"code": 205}
    ),
    "invoices/<number>/approve/": Entry(post="invoicing.credit", about="invoice", body=_REASON),
    "payments/": Entry(get="invoicing.view", post="payments.record", body=_NEW_PAYMENT),
    "payments/bulk/": Entry(post="payments.record", body=[_NEW_PAYMENT]),
    "payments/<pk>/": Entry(get="invoicing.view", about="payment"),
    "payments/<pk>/trace/": Entry(get="invoicing.view", about="payment"),
    "payments/<pk>/propose/": Entry(get="invoicing.view", post="invoicing.view", about="payment"),
    "payments/<pk>/allocate/": Entry(
        post="payments.allocate", about="payment", body={"items": [{"item": "{item}", "amount": "1.00"}]}
    ),
    "payments/<pk>/return/": Entry(
        post="payments.record",
        delete="payments.record",
        about="payment",
        body={"date": "2026-01-05", "reason": "test"},
    ),
    "allocations/": Entry(
        get="invoicing.view",
        post="payments.allocate",
        body={"from_item": "{credit}", "to_item": "{item}", "amount": "1.00"},
    ),
    "allocations/<pk>/": Entry(get="invoicing.view", delete="payments.allocate", about="match"),
    "items/": Entry(get="invoicing.view"),
    "items/<pk>/": Entry(get="invoicing.view", about="item"),
    "items/<pk>/stop/": Entry(post="dunning.stop", about="item", body=_STOP),
    "items/<pk>/resume/": Entry(post="dunning.stop", about="item"),
    "calls/": Entry(
        get="invoicing.view", post="dunning.promise", body={"account": "{client}", "outcome": "other"}
    ),
    "calls/<pk>/": Entry(get="invoicing.view", about="call"),
    "dunning-runs/": Entry(get="dunning.run", post="dunning.run", body={"dry_run": True}),
    "dunning-runs/<pk>/": Entry(get="dunning.run", about="dunning_run"),
    "dunning-runs/<pk>/approve/": Entry(post="dunning.run", about="dunning_run", by_authority=True),
    "dunning-scenarios/": Entry(get="dunning.run"),
    "work-list/": Entry(get="dunning.promise"),
    "workload/": Entry(get="dunning.run"),
    "client-relays/": Entry(get="invoicing.view"),
    "client-relays/<pk>/": Entry(get="invoicing.view", about="client_relay"),
    "dunning-scenarios/<pk>/": Entry(get="dunning.run", about="scenario"),
    "reminders/": Entry(get="invoicing.view"),
    "reminders/<pk>/": Entry(get="invoicing.view", about="reminder"),
    "reminders/<pk>/pdf/": Entry(get="invoicing.view", about="reminder"),
    "hand-overs/": Entry(
        get="invoicing.view",
        post="dunning.hand_over",
        body={"items": ["{item}"], "route": "amicable", "recipient": "Agency", "reason": "no answer"},
    ),
    "hand-overs/<pk>/": Entry(get="invoicing.view", about="hand_over"),
    "hand-overs/<pk>/costs/": Entry(
        post="dunning.hand_over", about="hand_over", body={"what": "Fee", "amount": "10.00"}
    ),
    "hand-overs/<pk>/claim/": Entry(
        post="dunning.hand_over", about="hand_over", body={"reference": "26/1", "on": "2026-01-01"}
    ),
    "hand-overs/<pk>/end/": Entry(
        post="dunning.hand_over", about="hand_over", body={"outcome": "taken_back", **_REASON}
    ),
    "hand-overs/<pk>/file/": Entry(get="dunning.hand_over", about="hand_over"),
    "limitation-interruptions/": Entry(
        post="dunning.promise",
        body={"items": ["{item}"], "kind": "acknowledged", "on": "2026-01-01", "words": "Letter"},
    ),
    "payment-plans/": Entry(
        get="invoicing.view",
        post="dunning.promise",
        body={
            "account": "{client}",
            "items": ["{item}"],
            "instalments": [{"date": "2099-01-04", "amount": "1.00"}],
        },
    ),
    "payment-plans/<pk>/": Entry(get="invoicing.view", about="plan"),
    "payment-plans/<pk>/sign/": Entry(post="dunning.promise", about="plan", body={"signatory": "Anne"}),
    "payment-plans/<pk>/approve/": Entry(post="dunning.plan", about="plan"),
    "payment-plans/<pk>/cancel/": Entry(post="dunning.promise", about="plan", body=_REASON),
    "payment-plans/<pk>/break/": Entry(post="dunning.plan", about="plan", body=_REASON),
    "payment-plans/<pk>/notice/": Entry(post="dunning.sign", about="plan"),
    "promises/": Entry(
        get="invoicing.view",
        post="dunning.promise",
        body={"account": "{client}", "items": ["{item}"], "promised_date": "2099-01-04"},
    ),
    "promises/<pk>/": Entry(get="invoicing.view", about="promise"),
    "promises/<pk>/cancel/": Entry(post="dunning.promise", about="promise", body=_REASON),
    "items/<pk>/due-date/": Entry(post="invoicing.change_due_date", about="item", body=_NEW_DUE_DATE),
    "statements/": Entry(
        get="bank.view", post="bank.import", upload=_STATEMENT, upload_asks={"dry_run": "1"}
    ),
    "statements/<pk>/": Entry(get="bank.view", about="statement"),
    "statements/<pk>/lines/": Entry(get="bank.view", about="statement"),
    "bank-accounts/": Entry(
        get="bank.view", post="bank.import", body={"account": "{mark}-1234", "currency": "EUR"}
    ),
    "periods/": Entry(get="invoicing.view"),
    # Reports
    "reports/aged-balance/": Entry(get="reports.view"),
    "reports/exposure/": Entry(get="reports.view"),
    "reports/disputes/": Entry(get="reports.view"),
    "reports/duties/": Entry(get="duties.view"),
}

API_PREFIX: Final = "api/v1/"
ACCESS: Final[Mapping[str, Entry]] = {
    **PAGES,
    **{f"{API_PREFIX}{address}": entry for address, entry in API.items()},
}
