"""Who may do what: the table of roles on one page (domain.md 10), stored by ``manage.py sync_roles``.

A permission says what a role may do at all. Whether this person may do it to this client, order or amount is
the business of the policies: portfolio, authority by amount, four eyes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

# Every permission there is. A code that stands nowhere here grants nothing and is a mistake (a test looks).
PERMISSIONS: Final = frozenset(
    {
        "accounts.view",
        "accounts.edit",
        "accounts.block",
        "accounts.watch",
        "accounts.move",  # to another legal entity, group or sales rep, from a day on
        "credit.request_limit",
        "credit.decide_limit",
        "credit.countersign",  # for sales, as the second of two approvers above level 3 (domain.md 5.4)
        "decisions.view",  # requests that wait for an answer: who decides, and who countersigns
        "notes.write",  # what is noted about a client: business, market, press, news
        "notes.restricted",  # notes that stay with credit management, and everybody's to correct or withdraw
        "notes.review",  # notes with words that should not stand in them, and those withdrawn or corrected
        "credit.rate",  # what ratings rest on, guarantees, and asking for a class against the score
        "orders.view",
        "orders.enter",
        "orders.deliver",
        "orders.hold",
        "orders.release",
        "orders.request_override",
        "invoicing.view",
        "invoicing.issue",
        "invoicing.credit",  # credit notes, alone as far as domain.md 5.4 says
        "invoicing.einvoice",  # what the platforms say of an invoice
        "invoicing.send",  # documents to the client's contacts by mail
        "invoicing.assign",  # invoices to the factor, their receipt, taking them back, money passed on to it
        "insurance.claim",  # files with the credit insurer: threat, claim, recovery, indemnity
        "invoicing.import",  # documents issued elsewhere, and documents of a past date
        "invoicing.change_due_date",  # what was late may be late no longer
        "invoicing.claim_interest",  # late-payment interest and the 40 € as a note, and taking one back
        "invoicing.waive_interest",  # the choice not to claim them of an invoice
        "dunning.stop",  # nobody is reminded of an item, or a client of anything, until a day
        "rates.manage",  # the table of legal rates
        "payments.record",
        "payments.allocate",
        "payments.write_off",  # small differences, up to the company's tolerance
        "bank.view",  # statements of the bank, with balances
        "bank.import",  # bring statements in, name the company's bank accounts, settle what the bank took back
        "dunning.promise",  # note what a client promises to pay, and take it back
        "dunning.promise_again",  # a third promise for the same item (domain.md 6.5)
        "dunning.plan",  # grant time by a payment plan, and end it (domain.md 6.6)
        "dunning.run",  # propose reminders, review them and let them go
        "dunning.sign",  # formal notices
        "dunning.hand_over",  # give debts to an agency, an officer or the court, and end it (domain.md 6.4)
        "dunning.configure",  # scenarios: steps, days, texts
        "policy.change",  # what a company asks of its orders, and putting a version of its credit policy in force
        "policy.write",  # the text of the written credit policy, until somebody puts it in force
        "policy.follow",  # bound by the written credit policy: reads and acknowledges each version
        "disputes.view",
        "disputes.open",  # note what a client contests
        "disputes.work",  # qualify, answer, propose
        "disputes.committee",  # plan, hold and close its sittings
        "disputes.resolve",  # say how a dispute ends; a credit note needs its own right beside it
        "periods.close",  # no entry takes effect in a closed month
        "periods.reopen",
        "accounting.export",  # entries for the general ledger
        "accounting.accounts",  # which accounts they are booked on
        "reports.view",
        "imports.run",
        "mail.report",  # what mail servers say of messages that left
        "audit.view",
        "duties.view",  # who holds duties in one hand
        "webhooks.manage",  # what other systems are told
        "admin.users",
    }
)

# What makes money move or lets goods go without money: never in one hand with the administration of users.
DECISIONS: Final = frozenset(
    {
        "accounts.block",
        "credit.decide_limit",
        "credit.countersign",
        "invoicing.credit",
        "insurance.claim",
        "invoicing.assign",
        "invoicing.change_due_date",
        "invoicing.claim_interest",
        "invoicing.waive_interest",
        "dunning.plan",
        "dunning.sign",
        "dunning.hand_over",
        "orders.hold",
        "orders.release",
        "payments.record",
        "payments.allocate",
        "payments.write_off",
        "bank.import",
        "disputes.resolve",
        "disputes.committee",
        "policy.change",
    }
)


@dataclass(frozen=True)
class RoleDefinition:
    """One role: what it may do, up to which level of the delegation matrix, and what it sees.

    :ivar authority_level: level of ``domain.md`` 5.4, 0 for none
    :ivar sees_all_accounts: every client of the company, not only the own portfolio
    :ivar sees_all_companies: every company, also those to come
    """

    label: str | Promise
    permissions: frozenset[str]
    authority_level: int = 0
    sees_all_accounts: bool = True
    sees_all_companies: bool = False


def _role(label: str | Promise, permissions: str, level: int = 0, **scope: bool) -> RoleDefinition:
    return RoleDefinition(label, frozenset(permissions.split()), level, **scope)


_READ: Final = "accounts.view orders.view invoicing.view reports.view disputes.view"
_DISPUTE: Final = "disputes.open disputes.work"
_BOUND: Final = "policy.follow"
_ADV: Final = (
    f"{_READ} {_DISPUTE} {_BOUND} notes.write disputes.resolve accounts.edit accounts.watch credit.request_limit"
    " orders.enter orders.deliver orders.hold"
    " orders.release decisions.view orders.request_override invoicing.issue invoicing.import invoicing.credit"
    " invoicing.einvoice invoicing.send imports.run dunning.promise dunning.run dunning.stop"
)
_CREDIT: Final = (
    f"{_READ} {_DISPUTE} {_BOUND} notes.write notes.restricted disputes.resolve accounts.edit accounts.block"
    " accounts.watch credit.request_limit credit.decide_limit credit.rate"
    " orders.hold orders.release decisions.view orders.request_override invoicing.credit invoicing.change_due_date"
    " bank.view invoicing.claim_interest invoicing.waive_interest invoicing.send dunning.promise"
    " dunning.plan dunning.run dunning.stop insurance.claim"
)

ROLES: Final[dict[str, RoleDefinition]] = {
    "adv_officer": _role(_("ADV officer"), _ADV, 1),
    "adv_manager": _role(_("ADV manager"), f"{_ADV} disputes.committee accounts.move audit.view", 1),
    "sales": _role(
        _("Sales rep"),
        f"{_READ} {_DISPUTE} {_BOUND} notes.write credit.request_limit orders.enter orders.request_override"
        " dunning.promise",
        sees_all_accounts=False,
    ),
    "sales_manager": _role(
        _("Sales manager"),
        f"{_READ} {_DISPUTE} {_BOUND} notes.write accounts.watch credit.request_limit credit.countersign decisions.view"
        " orders.enter orders.request_override dunning.promise",
    ),
    "credit_analyst": _role(_("Credit analyst"), _CREDIT, 2),
    "credit_manager": _role(
        _("Credit manager"),
        f"{_CREDIT} disputes.committee accounts.move audit.view dunning.promise_again dunning.configure"
        " dunning.hand_over policy.write notes.review",
        3,
    ),
    "receivables_accountant": _role(
        _("Receivables accountant"),
        f"{_READ} {_DISPUTE} {_BOUND} notes.write accounts.watch credit.request_limit invoicing.issue invoicing.import"
        " invoicing.credit"
        " invoicing.einvoice invoicing.send payments.record payments.allocate payments.write_off bank.view bank.import"
        " periods.close imports.run accounting.export invoicing.claim_interest invoicing.assign dunning.promise"
        " dunning.plan dunning.run dunning.stop",
    ),
    "finance_director": _role(
        _("Finance director"),
        f"{_CREDIT} disputes.committee accounts.move policy.change policy.write periods.close periods.reopen audit.view"
        " bank.import invoicing.assign"
        " accounting.export accounting.accounts rates.manage dunning.promise_again"
        " dunning.configure dunning.sign dunning.hand_over notes.review",
        4,
    ),
    "executive": _role(
        _("Chief executive"),
        f"{_CREDIT} credit.countersign disputes.committee accounts.move policy.change policy.write audit.view"
        " dunning.promise_again"
        " dunning.configure"
        " dunning.sign dunning.hand_over notes.review",
        5,
    ),
    "dispute_owner": _role(
        _("Dispute owner"),
        f"accounts.view orders.view invoicing.view disputes.view disputes.open disputes.work {_BOUND} notes.write",
    ),
    "auditor": _role(
        _("Auditor"),
        f"{_READ} decisions.view bank.view audit.view duties.view accounting.export notes.review",
    ),
    # Reads every company and sets it up; decides nothing (domain.md 10: no money right).
    "administrator": _role(
        _("Administrator"),
        f"{_READ} bank.view audit.view duties.view imports.run webhooks.manage admin.users rates.manage mail.report"
        " notes.review",
        sees_all_companies=True,
    ),
    # Somebody outside, an agency or an outsourced ADV: the clients entrusted to them, by dated rows of the team, and of
    # these what is owed; neither limits nor scores, orders or reports.
    "partner": _role(
        _("Outside partner"),
        "invoicing.view dunning.promise disputes.view disputes.open",
        sees_all_accounts=False,
    ),
    # Other systems, through the API: they post facts and release nothing.
    "integration": _role(
        _("Integration"),
        f"{_READ} notes.write disputes.open accounts.edit orders.enter orders.deliver invoicing.issue invoicing.import"
        " invoicing.einvoice invoicing.send mail.report payments.record payments.allocate bank.view bank.import"
        " imports.run webhooks.manage dunning.promise",
    ),
}
