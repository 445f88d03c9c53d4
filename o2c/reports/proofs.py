"""Proofs across applications: figures kept for lists and history against the live book, orders against documents."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Final

from django.utils import timezone

from accounts.models import Company, CustomerAccount
from credit import standing
from credit.enums import Level
from credit.exposure import AccountFigures, Cuts, read
from credit.formulas import PART_CODES
from credit.models import CreditStanding
from credit.nightly import RANGE
from disputes.proofs import differences as dispute_differences
from invoicing.proofs import Difference
from invoicing.proofs import differences as book_differences
from o2c.shared import sealing
from o2c.shared.calendar import paris_date
from o2c.shared.models import Work
from o2c.shared.whole_tables import rows_of_whole_tables

_RANGE: Final = 1000

_ORDERS: Final[dict[str, str]] = {
    "delivered quantity": """
        SELECT o.company_id, o.number || '/' || l.line, COALESCE(d.quantity, 0), l.delivered
        FROM orders_orderline l
        JOIN orders_order o ON o.id = l.order_id
        LEFT JOIN (
            SELECT order_line_id, SUM(quantity) AS quantity FROM orders_deliveryline GROUP BY order_line_id
        ) AS d ON d.order_line_id = l.id
        WHERE l.delivered <> COALESCE(d.quantity, 0) AND {mine}
    """,
    "invoiced quantity": """
        SELECT o.company_id, o.number || '/' || l.line, v.quantity, l.invoiced
        FROM orders_orderline l
        JOIN orders_order o ON o.id = l.order_id
        JOIN (
            SELECT order_line_id, SUM(quantity) AS quantity FROM invoicing_invoiceline
            WHERE order_line_id IS NOT NULL GROUP BY order_line_id
        ) AS v ON v.order_line_id = l.id
        WHERE l.invoiced < v.quantity AND {mine}
    """,
}

# The last snapshot of a target against its standing: both are written together.
_SNAPSHOTS: Final = """
    SELECT a.company_id, a.code, s.net_exposure, n.net_exposure
    FROM credit_creditstanding s
    JOIN accounts_customeraccount a ON a.id = s.target_id
    JOIN LATERAL (
        SELECT net_exposure, gross_exposure, effective_limit FROM credit_exposuresnapshot x
        WHERE x.level = s.level AND x.target_id = s.target_id ORDER BY x.day DESC LIMIT 1
    ) AS n ON TRUE
    WHERE s.level = 3 AND {mine}
      AND (n.net_exposure, n.gross_exposure, n.effective_limit)
          IS DISTINCT FROM (s.net_exposure, s.gross_exposure, s.effective_limit)
"""

# An entity or group against its accounts, where all are kept in one currency.
_LEVELS: Final = """
    SELECT MIN(a.company_id), CASE s.level WHEN 2 THEN MIN(e.name) ELSE MIN(g.name) END,
           SUM(x.net_exposure), s.net_exposure
    FROM credit_creditstanding s
    JOIN accounts_legalentity e ON (s.level = 2 AND e.id = s.target_id) OR (s.level = 1 AND e.group_id = s.target_id)
    LEFT JOIN accounts_customergroup g ON g.id = e.group_id
    JOIN accounts_customeraccount a ON a.entity_id = e.id
    JOIN credit_creditstanding x ON x.level = 3 AND x.target_id = a.id
    WHERE s.level < 3 AND {mine}
    GROUP BY s.id
    HAVING COUNT(DISTINCT x.currency) = 1 AND SUM(x.net_exposure) <> s.net_exposure
"""


def differences(*, today: date, company: Company | None = None) -> Iterator[Difference]:
    """Yield everything stored that does not agree with what it was made from, in every application.

    :param today: the day the live figures are read at
    """
    yield from book_differences(company=company, today=today)
    yield from dispute_differences(company=company)
    for proof, sql in _ORDERS.items():
        yield from _listed(proof, sql, "o", company)
    yield from standing_differences(today=today, company=company)
    # Figures of a client whose refresh still waits are late, not wrong: levels and snapshots follow them.
    if not waiting_accounts():
        yield from _listed("last snapshot", _SNAPSHOTS, "a", company)
        if company is None:
            yield from _listed("standing of a level", _LEVELS, "a", None)


def nightly_differences(*, company: Company | None = None, day: date) -> list[dict[str, str]]:
    """Return what the nightly run could not prove, as plain rows (``settings.BOOK_PROOFS``).

    The book against its documents, orders against deliveries and invoices, standings against what is live; all in
    statements over the whole book or ranges of it.
    """
    found = [*book_differences(company=company, today=day), *dispute_differences(company=company)]
    for proof, sql in _ORDERS.items():
        found += _listed(proof, sql, "o", company)
    found += _drifted(company, day)
    return [difference._asdict() for difference in found]


def journal_differences(*, company: Company | None = None, day: date) -> list[dict[str, str]]:
    """Return what is not as the journal was sealed, as plain rows (``settings.BOOK_PROOFS``).

    The journal is one for all companies: a run of one company leaves it out. Events that have waited too long for
    their seal count once a first seal was made: before that nobody has begun to seal.
    """
    if company is not None:
        return []
    begun = sealing.last_seal() is not None
    return [
        Difference("audit seal", "", str(fault), "", "")._asdict()
        for fault in sealing.faults(at=timezone.now())
        if begun or not fault.is_warning
    ]


def _drifted(company: Company | None, day: date) -> Iterator[Difference]:
    codes = dict(Company.objects.values_list("pk", "code"))
    accounts = CustomerAccount.objects.order_by("pk")
    mine = accounts if company is None else accounts.filter(company=company)
    keys = list(mine.values_list("pk", flat=True))
    for position in range(0, len(keys), RANGE):
        part = keys[position : position + RANGE]
        waiting = waiting_accounts()
        rows = standing.drift(
            part, waiting=waiting, at=timezone.now(), day=day, company_id=company.pk if company else None
        )
        for company_id, code, live, stored in rows:
            yield Difference("standing", codes[company_id], code, str(live), str(stored))


def _listed(proof: str, sql: str, table: str, company: Company | None) -> Iterator[Difference]:
    codes = dict(Company.objects.values_list("pk", "code"))
    mine = "TRUE" if company is None else f"{table}.company_id = %(company)s"
    rows = rows_of_whole_tables(sql.format(mine=mine), {"company": company.pk if company else None})
    for company_id, document, expected, found in rows:
        yield Difference(proof, codes[company_id], document, str(expected), str(found))


def waiting_accounts() -> set[int]:
    """Return the accounts whose figures are asked to be computed again and wait for a worker."""
    waiting = Work.objects.filter(
        state__in=[Work.State.QUEUED, Work.State.RUNNING], kind__contains="standing"
    )
    return {key for key in waiting.values_list("payload__account_id", flat=True) if key is not None}


def standing_differences(*, today: date, company: Company | None = None) -> Iterator[Difference]:
    """Yield stored standings that are neither the live figures of today nor those of the day they were computed."""
    waiting = waiting_accounts()
    accounts = CustomerAccount.objects.select_related("company").order_by("company_id", "pk")
    mine = accounts if company is None else accounts.filter(company=company)
    for own, clients in groupby(mine.iterator(chunk_size=2000), key=lambda account: account.company):
        by_key = {client.pk: client for client in clients}
        keys = [key for key in by_key if key not in waiting]
        for position in range(0, len(keys), _RANGE):
            yield from _range(own, keys[position : position + _RANGE], by_key, today)


def _range(
    company: Company, keys: Sequence[int], clients: dict[int, CustomerAccount], today: date
) -> Iterator[Difference]:
    stored = {
        row.target_id: row for row in CreditStanding.objects.filter(level=Level.ACCOUNT, target_id__in=keys)
    }
    live = read(list(stored), currency=company.currency, cuts=Cuts.on(today))
    for key, row in stored.items():
        expected = _figures(live.of(key))
        found = _stored(row)
        computed_on = paris_date(row.computed_at)
        if expected == found or live.of(key).missing_rates:
            continue
        if computed_on != today:
            expected = _figures(read([key], currency=company.currency, cuts=Cuts.on(computed_on)).of(key))
        if expected != found:
            name = next(name for name in expected if expected[name] != found[name])
            yield Difference(
                f"standing, {name}", company.code, clients[key].code, str(expected[name]), str(found[name])
            )


def _figures(figures: AccountFigures) -> dict[str, Decimal]:
    exposure = figures.exposure()
    return dict(exposure.items()) | {
        "gross exposure": exposure.gross,
        "net exposure": exposure.net,
        "overdue": figures.overdue,
        "disputed": figures.disputed,
        "orders on hold": figures.on_hold,
    }


def _stored(row: CreditStanding) -> dict[str, Decimal]:
    return dict(zip(PART_CODES, row.parts, strict=True)) | {
        "gross exposure": row.gross_exposure,
        "net exposure": row.net_exposure,
        "overdue": row.overdue,
        "disputed": row.disputed,
        "orders on hold": row.on_hold_orders,
    }
