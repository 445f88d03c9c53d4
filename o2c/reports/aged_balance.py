"""The aged balance: what each client owes by age, as the book stood at the end of any day (domain.md 8.7).

One statement reads the rows and the control line, so that both see the same book: the rows add up open amounts, the
control line adds up documents (``invoicing.queries.LEDGER_TOTALS``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any, Final, NamedTuple

from django.db import connection

from accounts.models import Company, User
from invoicing.ageing import EDGES, NOT_DUE, Basis, bucket_names
from invoicing.queries import CONTESTED, LEDGER_TOTALS, OF_COMPANY, OF_SCOPE, OPEN_BOOK, scope_sql
from o2c.shared.money import ZERO
from o2c.shared.problems import Invalid

from .scope import COMPANY, EVERYBODY, Selection

_AGED_ON: Final = {Basis.DUE_DATE: "due_date", Basis.INVOICE_DATE: "issue_date"}

# The limit in force on the day at the lowest level that holds a decision: NULL when none does or it is unlimited,
# an expired base counts 0 (contract §4), temporary raises come on top.
_LIMITS: Final = """
    decided AS (
        SELECT DISTINCT ON (level, target_id) level, target_id, currency,
               CASE WHEN kind = 'unlimited' AND valid_until >= %(on)s THEN NULL
                    WHEN valid_until < %(on)s THEN 0 ELSE amount END AS amount
        FROM (SELECT *, COALESCE(account_id, entity_id, group_id) AS target_id FROM credit_creditlimit) AS base
        WHERE valid_from <= %(on)s AND (closed_on IS NULL OR closed_on > %(on)s)
        ORDER BY level, target_id, valid_from DESC, id DESC
    ),
    raised AS (
        SELECT level, COALESCE(account_id, entity_id, group_id) AS target_id, SUM(amount) AS amount
        FROM credit_temporarylimit
        WHERE valid_from <= %(on)s AND valid_until >= %(on)s AND (closed_on IS NULL OR closed_on > %(on)s)
        GROUP BY 1, 2
    ),
    limits AS (
        SELECT d.level, d.target_id, d.currency, d.amount + COALESCE(r.amount, 0) AS amount
        FROM decided d
        LEFT JOIN raised r ON r.level = d.level AND r.target_id = d.target_id
    )
"""

# Who belonged to whom on the day, where that has changed since; everybody else belongs there still.
_BELONGING: Final = """
    entity_then AS (
        SELECT account_id, entity_id FROM accounts_entitymembership
        WHERE valid_from <= %(on)s AND valid_to > %(on)s
    ),
    group_then AS (
        SELECT entity_id, MAX(group_id) FILTER (WHERE valid_from <= %(on)s) AS group_id
        FROM accounts_groupmembership
        WHERE valid_to > %(on)s OR (valid_to IS NULL AND valid_from > %(on)s)
        GROUP BY entity_id
    )
"""

_STATEMENT: Final = """
    WITH scope AS MATERIALIZED ({scope}), {book}, {contested}, {limits}, {belonging},
    aged AS (
        SELECT b.account_id, b.currency, {buckets},
               SUM(b.open) FILTER (WHERE b.open < 0) AS credits,
               SUM(b.open) AS total,
               SUM(LEAST(b.open, c.amount)) FILTER (WHERE b.open > 0 AND c.amount > 0) AS disputed,
               MIN(b.due_date) FILTER (WHERE b.open > 0) AS oldest_due
        FROM book b
        LEFT JOIN contested c ON c.item_id = b.id
        GROUP BY b.account_id, b.currency
    )
    SELECT a.id, a.code, a.name, COALESCE(e.siren, ''), COALESCE(u.username, ''), g.currency, {names},
           g.credits, g.total, g.disputed,
           CASE WHEN COALESCE(la.currency, le.currency, lg.currency) <> g.currency THEN NULL
                WHEN la.target_id IS NOT NULL THEN la.amount
                WHEN le.target_id IS NOT NULL THEN le.amount
                ELSE lg.amount END,
           GREATEST(0, %(on)s - g.oldest_due), a.sort_key AS place
    FROM aged g
    JOIN accounts_customeraccount a ON a.id = g.account_id
    LEFT JOIN entity_then et ON et.account_id = a.id
    JOIN accounts_legalentity e ON e.id = COALESCE(et.entity_id, a.entity_id)
    LEFT JOIN group_then gt ON gt.entity_id = e.id
    LEFT JOIN accounts_teammember t ON t.account_id = a.id AND t.role = 'sales_rep'
         AND t.valid_from <= %(on)s AND (t.valid_to IS NULL OR t.valid_to > %(on)s)
    LEFT JOIN accounts_user u ON u.id = t.user_id
    LEFT JOIN limits la ON la.level = 3 AND la.target_id = a.id
    LEFT JOIN limits le ON le.level = 2 AND le.target_id = e.id
    LEFT JOIN limits lg ON lg.level = 1
         AND lg.target_id = CASE WHEN gt.entity_id IS NULL THEN e.group_id ELSE gt.group_id END
    UNION ALL
    SELECT NULL, NULL, NULL, NULL, NULL, currency, {nothing}, NULL, amount, NULL, NULL, NULL, NULL
    FROM ({ledger}) AS control
    ORDER BY place, code, currency
"""


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
        totals = [self._amounts(total) | {"oldest_days": total.oldest_days} for total in self.totals]
        return {
            "as_of": self.as_of.isoformat(),
            "company": self.company.code,
            "scope": self.scope,
            "rows": [self._row(row) for row in self.rows],
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
        names = bucket_names(edges, basis)
    except ValueError as error:
        raise Invalid(str(error)) from error
    accounts, scope = selection.of(user, company, on=as_of)
    sql, params = scope_sql(accounts)
    whose = OF_COMPANY if scope == COMPANY else OF_SCOPE
    with connection.cursor() as cursor:
        cursor.execute(_statement(sql, whose, edges, basis), {**params, "on": as_of, "company": company.pk})
        rows, ledger = _read(cursor.fetchall(), len(names))
    return AgedBalance(
        company=company,
        as_of=as_of,
        basis=basis,
        edges=edges,
        scope=scope,
        rows=rows,
        totals=_totals(rows, ledger, company.currency, len(names)),
    )


def in_currency(report: AgedBalance, currency: str) -> AgedBalance:
    """Return the part of a report in one currency; the whole where nothing is in it."""
    totals = tuple(total for total in report.totals if total.currency == currency)
    if not totals:
        return report
    return replace(report, totals=totals, rows=tuple(row for row in report.rows if row.currency == currency))


def _statement(scope: str, whose: str, edges: Sequence[int], basis: Basis) -> str:
    """Write the statement for some buckets; all that comes from outside is a checked number or a parameter."""
    age, names = "(%(on)s - b.aged_on)", bucket_names(edges, basis)
    lows = (
        [None, 1, *(edge + 1 for edge in edges)] if names[0] == NOT_DUE else [None, *(e + 1 for e in edges)]
    )
    highs = [0, *edges, None] if names[0] == NOT_DUE else [*edges, None]
    columns = [
        f"SUM(b.open) FILTER (WHERE b.open > 0 AND {_between(age, low, high)}) AS {name}"
        for name, low, high in zip(names, lows, highs, strict=True)
    ]
    return _STATEMENT.format(
        scope=scope,
        book=OPEN_BOOK.format(aged_on=_AGED_ON[basis]),
        contested=CONTESTED,
        limits=_LIMITS,
        belonging=_BELONGING,
        buckets=", ".join(columns),
        names=", ".join(f"g.{name}" for name in names),
        nothing=", ".join(["NULL::numeric"] * len(names)),
        ledger=LEDGER_TOTALS.format(whose=whose),
    )


def _between(age: str, low: int | None, high: int | None) -> str:
    bounds = [] if low is None else [f"{age} >= {low:d}"]
    return " AND ".join(bounds if high is None else [*bounds, f"{age} <= {high:d}"])


def _read(found: Sequence[Sequence[Any]], width: int) -> tuple[tuple[AgedRow, ...], dict[str, Decimal]]:
    rows: list[AgedRow] = []
    ledger: dict[str, Decimal] = {}
    for line in found:
        key, code, name, siren, rep, currency = line[:6]
        amounts = line[6 : 6 + width]
        credits_, total, disputed, limit, oldest = line[6 + width : -1]
        if key is None:
            ledger[currency] = total
            continue
        # Most amounts are nothing, and come as NULL: reading a number costs more than that. One object stands for all.
        buckets = tuple(amount or ZERO for amount in amounts)
        owed = (credits_ or ZERO, total, disputed or ZERO)
        rows.append(AgedRow(key, code, name, siren, rep, currency, buckets, *owed, limit, oldest or 0))
    return tuple(rows), ledger


def _totals(
    rows: Sequence[AgedRow], ledger: dict[str, Decimal], own: str, width: int
) -> tuple[AgedTotal, ...]:
    """Add up per currency, the company's own first; an empty book has one line of zeros."""
    sums: dict[str, list[Decimal]] = {}
    oldest: dict[str, int] = {}
    for row in rows:
        line = sums.setdefault(row.currency, [ZERO] * (width + 3))
        for position, amount in enumerate((*row.buckets, row.credits, row.total, row.disputed)):
            if amount:
                line[position] += amount
        oldest[row.currency] = max(row.oldest_days, oldest.get(row.currency, 0))
    currencies = {*sums, *(currency for currency, amount in ledger.items() if amount)} or {own}
    made = []
    for currency in sorted(currencies, key=lambda code: (code != own, code)):
        *buckets, credits_, total, disputed = sums.get(currency, [ZERO] * (width + 3))
        made.append(
            AgedTotal(
                currency=currency,
                buckets=tuple(buckets),
                credits=credits_,
                total=total,
                disputed=disputed,
                oldest_days=oldest.get(currency, 0),
                ledger_total=ledger.get(currency, ZERO),
            )
        )
    return tuple(made)
