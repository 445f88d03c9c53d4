"""The aged balance: what each client owes by age, as the book stood at the end of any day (domain.md 8.7).

One statement reads the rows and the control line, so that both see the same book: the rows add up open amounts, the
control line adds up documents (``invoicing.queries.LEDGER_TOTALS``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.db.models import QuerySet

from accounts.models import Company, CustomerAccount, User
from invoicing.ageing import EDGES, Basis, bucket_names
from invoicing.book import moved_after, scope_sql
from o2c.shared.memory import FOR_A_REPORT, no_cycles
from o2c.shared.money import ZERO
from o2c.shared.problems import Invalid

from .aged_sql import MOVED_MEANWHILE, statement
from .scope import COMPANY, EVERYBODY, Selection


class AgedRow(NamedTuple):
    """One client in one currency; a tuple, since a big book makes a hundred thousand of them.

    :ivar buckets: amounts owed by age, in the order of the report's ``bucket_names``
    :ivar credits: payments and credit notes not matched, negative
    :ivar total: net of credits
    :ivar limit: in the row's currency; None when none is decided, or unlimited, or in another currency
    :ivar oldest_days: days the oldest item is late, 0 when none is
    """

    account_id: int
    account: str
    name: str
    siren: str
    sales_rep: str
    currency: str
    buckets: tuple[Decimal, ...]
    credits: Decimal
    total: Decimal
    disputed: Decimal
    limit: Decimal | None
    oldest_days: int


@dataclass(frozen=True, slots=True)
class AgedTotal:
    """Everything in one currency, with the control line: what the documents make, and the difference."""

    currency: str
    buckets: tuple[Decimal, ...]
    credits: Decimal
    total: Decimal
    disputed: Decimal
    oldest_days: int
    ledger_total: Decimal

    @property
    def difference(self) -> Decimal:
        """What rows and documents do not agree on: 0 in a sound book."""
        return self.total - self.ledger_total


@dataclass(frozen=True)
class AgedBalance:
    """The report of one company for one reader.

    :ivar scope: ``company`` when it covers every client, ``portfolio`` when the reader sees some, ``selection`` when
        filtered; totals and control line tie to that scope
    """

    company: Company
    as_of: date
    basis: Basis
    edges: tuple[int, ...]
    scope: str
    rows: tuple[AgedRow, ...]
    totals: tuple[AgedTotal, ...]

    @property
    def bucket_names(self) -> tuple[str, ...]:
        """Codes of the columns by age, youngest first."""
        return bucket_names(self.edges, self.basis)

    def overdue(self, line: AgedRow | AgedTotal) -> Decimal:
        """What of a line is late; by invoice date unknown and counted 0."""
        return sum(line.buckets[1:], ZERO) if self.basis is Basis.DUE_DATE else ZERO

    def as_contract(self) -> dict[str, Any]:
        """The JSON of contract §5."""
        return self.contract() | {"rows": list(self.records())}

    def records(self) -> Iterator[dict[str, Any]]:
        """The rows of the JSON."""
        return map(self._row, self.rows)

    def contract(self) -> dict[str, Any]:
        """The JSON, its rows left out."""
        totals = [self._amounts(total) | {"oldest_days": total.oldest_days} for total in self.totals]
        return {
            "as_of": self.as_of.isoformat(),
            "company": self.company.code,
            "scope": self.scope,
            "rows": [],
            "totals": totals[0] if len(totals) == 1 else totals,
            "control": self._control(),
        }

    def _row(self, row: AgedRow) -> dict[str, Any]:
        named = {"account": row.account, "name": row.name, "siren": row.siren, "sales_rep": row.sales_rep}
        limit = None if row.limit is None else f"{row.limit:.2f}"
        return named | self._amounts(row) | {"limit": limit, "oldest_days": row.oldest_days}

    def _amounts(self, line: AgedRow | AgedTotal) -> dict[str, str]:
        amounts = dict(zip(self.bucket_names, line.buckets, strict=True)) | {
            "credits": line.credits,
            "total": line.total,
            "disputed": line.disputed,
        }
        return {"currency": line.currency} | {name: f"{amount:.2f}" for name, amount in amounts.items()}

    def _control(self) -> dict[str, Any]:
        """One pair of figures; with several currencies one for each, their differences added without sign."""
        pairs = [
            {
                "currency": total.currency,
                "ledger_total": f"{total.ledger_total:.2f}",
                "difference": f"{total.difference:.2f}",
            }
            for total in self.totals
        ]
        if len(pairs) == 1:
            return pairs[0]
        apart = sum((abs(total.difference) for total in self.totals), ZERO)
        ledger = {total.currency: f"{total.ledger_total:.2f}" for total in self.totals}
        return {"ledger_total": ledger, "difference": f"{apart:.2f}", "by_currency": pairs}


def aged_balance(
    *,
    user: User | None,
    company: Company,
    as_of: date,
    by: Basis | str = Basis.DUE_DATE,
    buckets: Sequence[int] = EDGES,
    selection: Selection = EVERYBODY,
) -> AgedBalance:
    """Read the aged balance of the clients this user sees.

    :param user: None for the operator of the machine, who sees every client
    :param as_of: any day; a past one gives the book as it stood at its end
    :param by: the date an item's age counts from
    :param buckets: last day of each bucket, rising from above 0
    :param selection: which of them; everybody when not given
    :raises NotAllowed: no right to reports
    :raises NotFound: a client, legal entity or group that is not there or not the reader's to see
    :raises Invalid: buckets or a basis that cannot be read
    """
    try:
        basis, edges = Basis(by), tuple(buckets)
        bucket_names(edges, basis)
    except ValueError as error:
        raise Invalid(str(error)) from error
    accounts, scope = selection.of(user, company, on=as_of)
    rows, totals = _book(accounts, scope, company=company, on=as_of, edges=edges, basis=basis)
    return AgedBalance(
        company=company,
        as_of=as_of,
        basis=basis,
        edges=edges,
        scope=scope,
        rows=rows,
        totals=totals,
    )


def in_currency(report: AgedBalance, currency: str) -> AgedBalance:
    """Return the part of a report in one currency; the whole where nothing is in it."""
    totals = tuple(total for total in report.totals if total.currency == currency)
    if not totals:
        return report
    return replace(report, totals=totals, rows=tuple(row for row in report.rows if row.currency == currency))


def _book(
    accounts: QuerySet[CustomerAccount],
    scope: str,
    *,
    company: Company,
    on: date,
    edges: tuple[int, ...],
    basis: Basis,
) -> tuple[tuple[AgedRow, ...], tuple[AgedTotal, ...]]:
    keys, params = scope_sql(accounts)
    width = len(bucket_names(edges, basis))
    moved = moved_after(on)
    with transaction.atomic(savepoint=False), no_cycles(), connection.cursor() as cursor:
        cursor.execute(FOR_A_REPORT)
        while True:
            sql = statement(None if scope == COMPANY else keys, edges, basis, moved=moved)
            cursor.execute(sql, {**params, "on": on, "company": company.pk})
            controls, rows = [], []
            for line in cursor:  # what came is freed as soon as it is a row
                if line[0] is None:
                    controls.append(line)
                else:
                    rows.append(AgedRow._make(_figures(line, 6 + width)))
            if all(code != MOVED_MEANWHILE for _key, code, *_rest in controls):
                break
            moved = True
    return tuple(rows), _totals(controls, company.currency, width)


def _figures(line: Sequence[Any], end: int) -> tuple[Any, ...]:
    """The fields of a row: most amounts are nothing, and come as NULL. One object stands for all of them."""
    return (
        *line[:6],
        tuple([amount or ZERO for amount in line[6:end]]),
        line[end] or ZERO,
        line[end + 1],
        line[end + 2] or ZERO,
        line[end + 3],
        line[end + 4] or 0,
    )


def _totals(controls: Sequence[Sequence[Any]], own: str, width: int) -> tuple[AgedTotal, ...]:
    """The totals per currency, the company's own first; an empty book has one line of zeros."""
    made = []
    for line in controls:
        buckets, (credits_, total, disputed, ledger, oldest) = line[6 : 6 + width], line[6 + width :]
        if total is None and not ledger:
            continue
        made.append(
            AgedTotal(
                currency=line[5],
                buckets=tuple(amount or ZERO for amount in buckets),
                credits=credits_ or ZERO,
                total=total or ZERO,
                disputed=disputed or ZERO,
                oldest_days=oldest or 0,
                ledger_total=ledger or ZERO,
            )
        )
    nothing = AgedTotal(own, (ZERO,) * width, ZERO, ZERO, ZERO, 0, ZERO)
    return tuple(sorted(made, key=lambda total: (total.currency != own, total.currency))) or (nothing,)
