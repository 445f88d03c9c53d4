"""The report of disputes: every case of a day with its cause, delay and cost, and what they add up to by cause."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any, Final

from django.db.models import Count, Q, Sum

from accounts.models import Company, User
from disputes.enums import Department, DisputeType, RootCause
from disputes.models import Dispute, DisputeCredit, DisputeLine, DisputeStep
from disputes.policy import time_cost
from disputes.queries import hour_rate_of
from invoicing.enums import DocumentKind
from invoicing.models import CreditNoteRequest, DisputedAmount, Invoice
from o2c.shared.money import ZERO

from .dispute_bars import (
    Bar,
    Shares,
    article_shares,
    bars,
    carrier_shares,
    mean,
    salespeople_of,
    shared_bars,
    total,
)
from .dispute_costs import interest_lost
from .scope import Selection

# Invoices issued within so many days are asked whether they were right first time.
_YEAR: Final = 365


@dataclass(frozen=True)
class DisputeRow:
    """One case as it stood at the end of a day; amounts in its own currency.

    :ivar days: from the opening to the end, or to the day of the report
    :ivar within: ended by its agreed date; None without one, and while it is open within it
    :ivar credited: taken off by its outcome
    :ivar key: of the case in the database
    :ivar time_cost: of its hours; None where nobody said what an hour costs, and in another currency
    :ivar interest_lost: late interest that its outcome took; None where a legal rate is missing
    :ivar articles: what it is about, the heaviest first; carriers likewise
    """

    number: str
    account: str
    name: str
    type: str
    root_cause: str
    department: str
    owner: str
    status: str
    outcome: str
    opened_on: date
    agreed_due_on: date | None
    closed_on: date | None
    currency: str
    amount: Decimal
    credited: Decimal
    days: int
    within: bool | None
    key: int = 0
    salesperson: str = ""
    hours: Decimal = ZERO
    time_cost: Decimal | None = None
    interest_lost: Decimal | None = ZERO
    articles: Sequence[str] = ()
    carriers: Sequence[str] = ()

    @property
    def cost(self) -> Decimal:
        """What is known of its cost: credited, the price of its hours, the interest nobody will pay (7.5)."""
        return self.credited + (self.time_cost or ZERO) + (self.interest_lost or ZERO)

    def as_record(self) -> dict[str, Any]:
        """The row of the JSON."""
        return {
            "number": self.number,
            "account": self.account,
            "name": self.name,
            "type": self.type,
            "root_cause": self.root_cause or None,
            "department": self.department,
            "owner": self.owner or None,
            "status": self.status,
            "outcome": self.outcome or None,
            "opened_on": self.opened_on.isoformat(),
            "agreed_due_on": self.agreed_due_on.isoformat() if self.agreed_due_on else None,
            "closed_on": self.closed_on.isoformat() if self.closed_on else None,
            "currency": self.currency,
            "amount": f"{self.amount:.2f}",
            "credited": f"{self.credited:.2f}",
            "days": self.days,
            "within_delay": self.within,
            "sales_rep": self.salesperson or None,
            "articles": list(self.articles),
            "carriers": list(self.carriers),
            "hours": f"{self.hours:.2f}",
            "time_cost": _text(self.time_cost),
            "interest_lost": _text(self.interest_lost),
            "cost": f"{self.cost:.2f}",
        }


@dataclass(frozen=True)
class DisputeReport:
    """Disputes of a day.

    :ivar ledger_total: what the book shows as disputed then, in the company's currency
    :ivar hour_rate: what an hour spent on them costs; None where nobody has said
    :ivar articles_in: what weighs how much in the invoices they are about; carriers likewise
    :ivar right_first_time: share of a year's invoices neither disputed nor credited; None without any
    """

    company: Company
    as_of: date
    scope: str
    rows: Sequence[DisputeRow]
    ledger_total: Decimal
    open_total: Decimal
    right_first_time: Decimal | None
    hour_rate: Decimal | None
    articles_in: Shares
    carriers_of: Shares

    @cached_property
    def own(self) -> list[DisputeRow]:
        """The rows in the company's currency, which alone add up."""
        return [row for row in self.rows if row.currency == self.company.currency]

    @property
    def difference(self) -> Decimal:
        """The book against the open cases."""
        return self.ledger_total - self.open_total

    @property
    def ended(self) -> list[DisputeRow]:
        """Those that have ended."""
        return [row for row in self.own if row.closed_on is not None]

    @property
    def average_days(self) -> Decimal | None:
        """How long those that ended took."""
        return mean([row.days for row in self.ended])

    @property
    def within_delay(self) -> Decimal | None:
        """Share of those that came to their date and kept it."""
        judged = [row.within for row in self.own if row.within is not None]
        return Decimal(sum(judged)) / len(judged) if judged else None

    def causes(self) -> list[Bar]:
        """Pareto of root causes, of what has one."""
        labels = {cause.value: str(cause.label) for cause in RootCause}
        return bars([row for row in self.own if row.root_cause], lambda row: row.root_cause, labels)

    def departments(self) -> list[Bar]:
        """The same by department."""
        labels = {each.value: str(each.label) for each in Department}
        return bars(self.own, lambda row: row.department, labels)

    def types(self) -> list[Bar]:
        """The same by type."""
        return bars(self.own, lambda row: row.type, {each.value: str(each.label) for each in DisputeType})

    def salespeople(self) -> list[Bar]:
        """The same by the sales rep of the order, else of the client when it was opened."""
        return bars([row for row in self.own if row.salesperson], lambda row: row.salesperson, {})

    def products(self) -> list[Bar]:
        """The same by article: what is disputed of an invoice falls on its lines by their net amounts."""
        return shared_bars(self.own, self.articles_in)

    def carriers(self) -> list[Bar]:
        """The same by carrier of what was invoiced, where somebody said who brought it."""
        return shared_bars(self.own, self.carriers_of)

    def as_contract(self) -> dict[str, Any]:
        """The JSON of contract §5."""
        return self.contract() | {"rows": list(self.records())}

    def records(self) -> Iterator[dict[str, Any]]:
        """The rows of the JSON."""
        return (row.as_record() for row in self.rows)

    def contract(self) -> dict[str, Any]:
        """The JSON, its rows left out."""
        days, within, right = self.average_days, self.within_delay, self.right_first_time
        return {
            "as_of": self.as_of.isoformat(),
            "company": self.company.code,
            "scope": self.scope,
            "rows": [],
            "totals": {
                "currency": self.company.currency,
                "count": len(self.own),
                "open": len(self.own) - len(self.ended),
                "amount": f"{total(self.own, 'amount'):.2f}",
                "credited": f"{total(self.own, 'credited'):.2f}",
                "hours": f"{total(self.own, 'hours'):.2f}",
                "hour_rate": _text(self.hour_rate),
                "interest_lost": f"{total(self.own, 'interest_lost'):.2f}",
                "cost": f"{total(self.own, 'cost'):.2f}",
                "average_days": None if days is None else f"{days:.1f}",
                "within_delay": None if within is None else f"{within:.4f}",
                "right_first_time": None if right is None else f"{right:.4f}",
                "causes": [bar.as_record() for bar in self.causes()],
                "departments": [bar.as_record() for bar in self.departments()],
                "types": [bar.as_record() for bar in self.types()],
                "sales_reps": [bar.as_record() for bar in self.salespeople()],
                "articles": [bar.as_record() for bar in self.products()],
                "carriers": [bar.as_record() for bar in self.carriers()],
            },
            "control": {
                "ledger_total": f"{self.ledger_total:.2f}",
                "difference": f"{self.difference:.2f}",
            },
        }


def dispute_report(
    *, user: User | None, company: Company, as_of: date, selection: Selection
) -> DisputeReport:
    """Read the disputes of a day.

    :param user: None for the operator of the machine
    :raises NotAllowed: no right to reports
    :raises NotFound: as ``Selection.of``
    """
    accounts, scope = selection.of(user, company, on=as_of)
    seen = (
        Dispute.objects.filter(company=company) if user is None else Dispute.objects.visible_to(user, company)
    )
    cases = list(
        seen.filter(account__in=accounts, opened_on__lte=as_of)
        .select_related("account", "owner")
        .order_by("opened_on", "pk")
    )
    facts = _Facts.read(company, cases, as_of)
    rows = [_row(case, facts, as_of) for case in cases]
    return DisputeReport(
        company=company,
        as_of=as_of,
        scope=scope,
        rows=rows,
        ledger_total=_disputed(company, accounts, as_of),
        open_total=_lines_open(company, accounts, as_of),
        right_first_time=_right_first_time(company, accounts, as_of),
        hour_rate=facts.hour_rate,
        articles_in=facts.articles_in,
        carriers_of=facts.carriers_of,
    )


@dataclass(frozen=True)
class _Facts:
    """What is read of all cases at once, by case."""

    company: Company
    hour_rate: Decimal | None
    credited: Mapping[int, Decimal]
    hours: Mapping[int, Decimal]
    interest: Mapping[int, Decimal | None]
    sellers: Mapping[int, str]
    articles_in: Shares
    carriers_of: Shares

    @cached_property
    def articles(self) -> Mapping[int, Sequence[str]]:
        """What each case is about."""
        return self.articles_in.of_cases()

    @cached_property
    def carriers(self) -> Mapping[int, Sequence[str]]:
        """Who brought it."""
        return self.carriers_of.of_cases()

    @classmethod
    def read(cls, company: Company, cases: Sequence[Dispute], as_of: date) -> _Facts:
        """Read them, in a number of statements that does not grow with the cases."""
        keys = [case.pk for case in cases]
        return cls(
            company=company,
            hour_rate=hour_rate_of(company.pk),
            credited=_credited(keys),
            hours=_hours(keys, as_of),
            interest=interest_lost(cases, as_of=as_of),
            sellers=salespeople_of(cases),
            articles_in=article_shares(keys),
            carriers_of=carrier_shares(keys),
        )


def _row(case: Dispute, facts: _Facts, as_of: date) -> DisputeRow:
    hours = facts.hours.get(case.pk, ZERO)
    ended = case.closed_on if case.closed_on and case.closed_on <= as_of else None
    agreed = case.agreed_due_on
    within = None if agreed is None or (ended is None and as_of <= agreed) else (ended or as_of) <= agreed
    return DisputeRow(
        number=case.number,
        account=case.account.code,
        name=case.account.name,
        type=case.type,
        root_cause=case.root_cause,
        department=case.department,
        owner=case.owner.label() if case.owner else "",
        status=case.status,
        outcome=case.outcome,
        opened_on=case.opened_on,
        agreed_due_on=agreed,
        closed_on=ended,
        currency=case.currency,
        amount=case.amount,
        credited=facts.credited.get(case.pk, ZERO),
        days=((ended or as_of) - case.opened_on).days,
        within=within,
        key=case.pk,
        salesperson=facts.sellers.get(case.pk, ""),
        hours=hours,
        # An hour costs in the company's currency: of another one it adds up to nothing.
        time_cost=time_cost(hours, facts.hour_rate) if case.currency == facts.company.currency else None,
        interest_lost=facts.interest.get(case.pk, ZERO),
        articles=facts.articles.get(case.pk, ()),
        carriers=facts.carriers.get(case.pk, ()),
    )


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else f"{amount:.2f}"


def _credited(cases: Sequence[int]) -> dict[int, Decimal]:
    rows = DisputeCredit.objects.filter(dispute__in=cases, request__status="issued")
    return dict(rows.values_list("dispute").annotate(total=Sum("request__amount")))


def _hours(cases: Sequence[int], as_of: date) -> dict[int, Decimal]:
    """What people say the cases took by the end of a day."""
    rows = DisputeStep.objects.filter(dispute__in=cases, hours__isnull=False, at__date__lte=as_of)
    return dict(rows.values_list("dispute").annotate(total=Sum("hours")))


def _disputed(company: Company, accounts: Any, as_of: date) -> Decimal:
    """What the book shows as contested at the end of a day."""
    rows = DisputedAmount.objects.filter(
        Q(effective_to=None) | Q(effective_to__gt=as_of),
        item__company=company, account__in=accounts, item__currency=company.currency, effective_from__lte=as_of,
    )  # fmt: skip
    found: Decimal = rows.aggregate(total=Sum("amount"))["total"] or ZERO
    return found


def _lines_open(company: Company, accounts: Any, as_of: date) -> Decimal:
    """What the lines of cases contest then."""
    rows = DisputeLine.objects.filter(
        Q(closed_on=None) | Q(closed_on__gt=as_of),
        item__company=company, item__account__in=accounts, item__currency=company.currency,
        contested__effective_from__lte=as_of,
    )  # fmt: skip
    found: Decimal = rows.aggregate(total=Sum("amount"))["total"] or ZERO
    return found


def _right_first_time(company: Company, accounts: Any, as_of: date) -> Decimal | None:
    issued = Invoice.objects.filter(
        company=company, account__in=accounts, kind=DocumentKind.INVOICE, issue_date__lte=as_of,
        issue_date__gt=as_of - timedelta(days=_YEAR),
    )  # fmt: skip
    whole = issued.count()
    if not whole:
        return None
    disputed = DisputeLine.objects.filter(item__invoice__in=issued).values("item__invoice")
    credited = CreditNoteRequest.objects.filter(invoice__in=issued, status="issued").values("invoice")
    wrong = issued.filter(Q(pk__in=disputed) | Q(pk__in=credited)).aggregate(n=Count("pk"))["n"]
    return Decimal(whole - wrong) / whole
