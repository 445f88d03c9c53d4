"""The exposure of every client in sight against its limit: today live, a past day as it was recorded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple

from django.db import connection
from django.utils.translation import gettext_lazy as _

from accounts.models import Company, User
from credit import formulas
from credit.enums import Level
from credit.formulas import PART_CODES, LimitState
from credit.history import NoSnapshot
from credit.standing import parameters
from invoicing.book import scope_sql
from o2c.shared.calendar import paris_date
from o2c.shared.money import ZERO
from o2c.shared.problems import Invalid

from .exposure_sql import RECEIVABLE_PARTS, live_statement, recorded_statement
from .scope import EVERYBODY, Selection

LIVE: Final = "live"
SNAPSHOT: Final = "snapshot"
# Amounts of a row that add up over rows; limits do not, since clients share them.
SUMMED: Final = (
    *PART_CODES,
    "gross_exposure",
    "net_exposure",
    "insured_cover",
    "uncovered_exposure",
    "overdue",
    "disputed",
    "on_hold_orders",
)
_PLACES: Final = {code: place for place, code in enumerate(PART_CODES)}


class ExposureRow(NamedTuple):
    """One client, in the company's currency; the words are those of contract §4.

    :ivar parts: one amount for each of ``PART_CODES``, in that order
    :ivar limit: the base amount of the level that binds; None when none is decided or it has no bound
    :ivar effective_limit: what counts of it, raises included; None when unlimited
    :ivar available: the least over the levels that hold a decision; None when unlimited
    :ivar utilisation: net exposure of the level that binds over its limit
    :ivar binding_level: ``account``, ``entity`` or ``group``; None when no limit binds
    """

    account_id: int
    account: str
    name: str
    siren: str
    sales_rep: str
    currency: str
    parts: tuple[Decimal, ...]
    gross_exposure: Decimal
    net_exposure: Decimal
    limit_kind: str
    limit: Decimal | None
    temporary: Decimal
    limit_valid_until: date | None
    effective_limit: Decimal | None
    available: Decimal | None
    utilisation: Decimal | None
    binding_level: str | None
    overdue: Decimal
    oldest_days: int
    disputed: Decimal
    on_hold_orders: Decimal

    @property
    def insured_cover(self) -> Decimal:
        """What the insurer would bear; no exposure counts it yet (``credit.models.BuyerCover``)."""
        return ZERO

    @property
    def uncovered_exposure(self) -> Decimal:
        """What of the net exposure neither guarantee nor insurer bears."""
        return formulas.uncovered(self.net_exposure, self.insured_cover)

    @property
    def over_limit(self) -> bool:
        """Whether more is used than the limit gives; without a decision every exposure is."""
        return self.available is not None and self.available < 0

    def figure(self, name: str) -> Decimal:
        """Return one of ``SUMMED``."""
        place = _PLACES.get(name)
        amount: Decimal = getattr(self, name) if place is None else self.parts[place]
        return amount


@dataclass(frozen=True)
class ExposureReport:
    """The report of one company for one reader.

    :ivar source: ``live`` or ``snapshot``
    :ivar scope: as in the aged balance; totals and control line tie to it
    :ivar totals: sum of each of ``SUMMED``
    :ivar ledger_total: what the items of the scope leave open at the end of the day
    :ivar missing_rates: currencies without a rate of the day: what is in them is missing from every figure
    """

    company: Company
    as_of: date
    source: str
    scope: str
    rows: tuple[ExposureRow, ...]
    totals: dict[str, Decimal]
    ledger_total: Decimal
    missing_rates: tuple[str, ...]

    @property
    def receivables(self) -> Decimal:
        """The parts of the exposure that open items make."""
        return sum((self.totals[code] for code in RECEIVABLE_PARTS), ZERO)

    @property
    def difference(self) -> Decimal:
        """What exposure and open items do not agree on: 0 today; later bookings for a past day show here."""
        return self.receivables - self.ledger_total

    @property
    def over_limit(self) -> int:
        """How many clients use more than their limit gives."""
        return sum(row.over_limit for row in self.rows)

    def as_contract(self) -> dict[str, Any]:
        """The JSON of contract §5, with the names of §4."""
        totals: dict[str, Any] = {name: _money(amount) for name, amount in self.totals.items()}
        return {
            "as_of": self.as_of.isoformat(),
            "company": self.company.code,
            "currency": self.company.currency,
            "source": self.source,
            "scope": self.scope,
            "rows": [_row(row) for row in self.rows],
            "totals": {"currency": self.company.currency}
            | totals
            | {"accounts": len(self.rows), "over_limit": self.over_limit},
            "control": {
                "currency": self.company.currency,
                "receivables": _money(self.receivables),
                "ledger_total": _money(self.ledger_total),
                "difference": _money(self.difference),
                "missing_rates": list(self.missing_rates),
            },
        }


def _row(row: ExposureRow) -> dict[str, Any]:
    parts = dict(zip(PART_CODES, map(_money, row.parts), strict=True))
    return {
        "account": row.account,
        "name": row.name,
        "siren": row.siren,
        "sales_rep": row.sales_rep,
        "currency": row.currency,
        **parts,
        "gross_exposure": _money(row.gross_exposure),
        "net_exposure": _money(row.net_exposure),
        "insured_cover": _money(row.insured_cover),
        "uncovered_exposure": _money(row.uncovered_exposure),
        "limit_kind": row.limit_kind,
        "limit": _money(row.limit),
        "temporary": _money(row.temporary),
        "limit_valid_until": row.limit_valid_until.isoformat() if row.limit_valid_until else None,
        "effective_limit": _money(row.effective_limit),
        "available": _money(row.available),
        "utilisation": None if row.utilisation is None else f"{row.utilisation:.4f}",
        "binding_level": row.binding_level,
        "overdue": _money(row.overdue),
        "oldest_days": row.oldest_days,
        "disputed": _money(row.disputed),
        "on_hold_orders": _money(row.on_hold_orders),
    }


def _money(amount: Decimal | None) -> str | None:
    return None if amount is None else f"{amount:.2f}"


def exposure_report(
    *,
    user: User | None,
    company: Company,
    as_of: date,
    at: datetime,
    selection: Selection = EVERYBODY,
) -> ExposureReport:
    """Read the exposure of the clients this user sees, in the company's currency.

    :param user: None for the operator of the machine, who sees every client
    :param as_of: today, live; a past day gives what was recorded last by its end
    :param at: now
    :param selection: which clients; everybody when not given
    :raises NotAllowed: no right to reports
    :raises NotFound: a client, legal entity or group that is not there or not the reader's to see
    :raises NoSnapshot: nothing was recorded by that day
    :raises Invalid: a day that is still to come
    """
    today = paris_date(at)
    if as_of > today:
        raise Invalid(errors={"as_of": [_("This day is still to come.")]})
    accounts, scope = selection.of(user, company, on=as_of)
    sql, params = scope_sql(accounts)
    live = as_of == today
    statement = live_statement(sql) if live else recorded_statement(sql)
    with connection.cursor() as cursor:
        cursor.execute(
            statement,
            {**parameters(as_of, at), **params, "on": as_of, "currency": company.currency, "company": None},
        )
        rows, ledger, missing = _read(cursor.fetchall())
    if not live and not rows:
        raise NoSnapshot(_("No exposure was recorded by that day."))
    return ExposureReport(
        company=company,
        as_of=as_of,
        source=LIVE if live else SNAPSHOT,
        scope=scope,
        rows=rows,
        totals={name: sum((row.figure(name) for row in rows), ZERO) for name in SUMMED},
        ledger_total=ledger,
        missing_rates=missing,
    )


def _read(found: Sequence[Sequence[Any]]) -> tuple[tuple[ExposureRow, ...], Decimal, tuple[str, ...]]:
    rows: list[ExposureRow] = []
    ledger, missing = ZERO, set()
    first, last = 6, 6 + len(PART_CODES)
    for line in found:
        if line[0] is None:
            if line[first] is None:
                missing.add(line[5])
            else:
                ledger += line[first]
            continue
        key, code, name, siren, rep, currency = line[:first]
        gross, net, kind, amount, temporary, until, effective, at_level, level = line[last : last + 9]
        overdue, oldest, disputed, on_hold = line[last + 9 : last + 13]
        rows.append(
            ExposureRow(
                account_id=key,
                account=code,
                name=name,
                siren=siren,
                sales_rep=rep,
                currency=currency,
                parts=tuple(line[first:last]),
                gross_exposure=gross,
                net_exposure=net,
                limit_kind=kind,
                limit=None if kind == LimitState.UNLIMITED.value else amount,
                temporary=temporary,
                limit_valid_until=until,
                effective_limit=effective,
                available=formulas.available(effective, at_level),
                utilisation=formulas.utilisation(effective, at_level),
                binding_level=None if level is None else Level(level).word,
                overdue=overdue,
                oldest_days=oldest or 0,
                disputed=disputed,
                on_hold_orders=on_hold,
            )
        )
    return tuple(rows), ledger, tuple(sorted(missing))
