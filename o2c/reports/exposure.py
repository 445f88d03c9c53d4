"""The exposure of every client in sight against its limit: today live, a past day as it was recorded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal
from itertools import chain
from typing import Any, Final, NamedTuple

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import Company, User
from credit import formulas
from credit.enums import Level
from credit.formulas import PART_CODES, LimitState
from credit.history import NoSnapshot
from credit.horizon import BEYOND
from credit.standing import parameters
from credit.switches import left_out_on
from invoicing.book import scope_sql
from o2c.shared.calendar import paris_date
from o2c.shared.memory import FOR_A_REPORT, no_cycles, streamed
from o2c.shared.money import ZERO
from o2c.shared.problems import Invalid

from .exposure_cover_sql import cover_parameters
from .exposure_sql import LEFT_OUT, MOVED, RECEIVABLE_PARTS, SOLD, live_statement, recorded_statement
from .scope import EVERYBODY, Selection

LIVE: Final = "live"
SNAPSHOT: Final = "snapshot"
# Amounts of a row that add up over rows; limits do not, since clients share them.
SUMMED: Final = (
    *PART_CODES,
    "gross_exposure",
    "net_exposure",
    "guarantees",
    "insured_cover",
    "uncovered_exposure",
    "overdue",
    "disputed",
    "on_hold_orders",
    "sold",
)
_PLACES: Final = {code: place for place, code in enumerate(PART_CODES)}


@dataclass(frozen=True, slots=True)
class Page:
    """Which rows are wanted; a number past the last page means the last one.

    :ivar number: from 1
    :ivar sort: a key of the screen's columns, ``-`` in front for the largest first
    """

    number: int
    rows: int
    sort: str


class ExposureRow(NamedTuple):
    """One client, in the company's currency; the words are those of contract §4.

    :ivar parts: one amount for each of ``PART_CODES``, in that order
    :ivar limit: the base amount of the level that binds; None when none is decided or it has no bound
    :ivar effective_limit: what counts of it, raises included; None when unlimited
    :ivar available: the least over the levels that hold a decision; None when unlimited
    :ivar utilisation: net exposure of the level that binds over its limit
    :ivar binding_level: ``account``, ``entity`` or ``group``; None when no limit binds
    :ivar guarantees: what they count for: the client's own, and its share of those of its entity and group
    :ivar insured_cover: what the insurer would bear; of a past day by the cover and terms in force on it
    :ivar sold: sold to a factor without recourse: in no part
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
    guarantees: Decimal
    insured_cover: Decimal
    sold: Decimal

    @property
    def uncovered_exposure(self) -> Decimal:
        """What of the net exposure neither guarantee nor insurer bears."""
        return formulas.uncovered(self.net_exposure, self.insured_cover, self.guarantees)

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
class ExposureStream:
    """The report of one company for one reader, its rows as they come out of the database.

    :ivar source: ``live`` or ``snapshot``
    :ivar scope: as in the aged balance; totals and control line tie to it
    :ivar clients: how many rows the report has
    :ivar over_limit: how many of them use more than their limit gives
    :ivar excess: what they exceed it by, counted for each of them where several share one limit
    :ivar totals: sum of each of ``SUMMED``
    :ivar ledger_total: what the items of the scope leave open at the end of the day
    :ivar sold: what of that is sold to a factor without recourse: in no exposure, told apart
    :ivar moved: what deposits take out of unmatched payments, or put there, that is in no open item
    :ivar left_out: what parts come to that the company does not count, and orders beyond its horizon; of a past day,
        only those of open items
    :ivar missing_rates: currencies without a rate of the day: what is in them is missing from every figure
    :ivar rows: to be read once
    """

    company: Company
    as_of: date
    source: str
    scope: str
    clients: int
    over_limit: int
    excess: Decimal
    totals: dict[str, Decimal]
    ledger_total: Decimal
    sold: Decimal
    moved: Decimal
    left_out: dict[str, Decimal]
    missing_rates: tuple[str, ...]
    rows: Iterable[ExposureRow]

    @property
    def receivables(self) -> Decimal:
        """What open items make: parts of the exposure, and what is in none since it is sold or left out."""
        apart = sum((self.left_out.get(code, ZERO) for code in RECEIVABLE_PARTS), self.sold)
        return sum((self.totals[code] for code in RECEIVABLE_PARTS), apart - self.moved)

    @property
    def difference(self) -> Decimal:
        """What exposure and open items do not agree on: 0 today; later bookings for a past day show here."""
        return self.receivables - self.ledger_total

    def contract(self) -> dict[str, Any]:
        """The JSON of contract §5 with the names of §4, its rows left out."""
        totals: dict[str, Any] = {name: _money(amount) for name, amount in self.totals.items()}
        return {
            "as_of": self.as_of.isoformat(),
            "company": self.company.code,
            "currency": self.company.currency,
            "source": self.source,
            "scope": self.scope,
            "rows": [],
            "totals": {"currency": self.company.currency}
            | totals
            | {"accounts": self.clients, "over_limit": self.over_limit},
            "control": {
                "currency": self.company.currency,
                "receivables": _money(self.receivables),
                "ledger_total": _money(self.ledger_total),
                "difference": _money(self.difference),
                "sold": _money(self.sold),
                "left_out": [
                    {"code": code, "amount": _money(amount)} for code, amount in self.left_out.items()
                ],
                "missing_rates": list(self.missing_rates),
            },
        }

    def records(self) -> Iterator[dict[str, Any]]:
        """The rows of the JSON."""
        return map(_record, self.rows)

    def as_contract(self) -> dict[str, Any]:
        """The whole JSON."""
        return self.contract() | {"rows": list(self.records())}


@dataclass(frozen=True)
class ExposureReport(ExposureStream):
    """The report with the rows it was asked for in memory: all of them, or those of a page."""

    rows: tuple[ExposureRow, ...]


def _record(row: ExposureRow) -> dict[str, Any]:
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
        "guarantees": _money(row.guarantees),
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
        "sold": _money(row.sold),
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
    page: Page | None = None,
) -> ExposureReport:
    """Read the exposure of the clients this user sees, in the company's currency.

    :param user: None for the operator of the machine, who sees every client
    :param as_of: today, live; a past day gives what was recorded last by its end
    :param at: now
    :param selection: which clients; everybody when not given
    :param page: only these rows; sums and control are those of the whole report
    :raises NotAllowed: no right to reports
    :raises NotFound: a client, legal entity or group that is not there or not the reader's to see
    :raises NoSnapshot: nothing was recorded by that day
    :raises Invalid: a day that is still to come
    """
    statement, params, scope = _asked(user, company, as_of, at, selection, page)
    with transaction.atomic(savepoint=False), no_cycles(), connection.cursor() as cursor:
        cursor.execute(FOR_A_REPORT)
        cursor.execute(statement, params)
        lines = cursor.fetchall()
    stream = _opened(iter(lines), company, as_of, scope, live=as_of == paris_date(at))
    with no_cycles():
        held = {field.name: getattr(stream, field.name) for field in fields(stream)}
        return ExposureReport(**held | {"rows": tuple(stream.rows)})


def exposure_stream(
    *,
    user: User | None,
    company: Company,
    as_of: date,
    at: datetime,
    selection: Selection = EVERYBODY,
) -> ExposureStream:
    """Read the same, a thousand rows at a time: what a file is written from. Raises what ``exposure_report`` does."""
    statement, params, scope = _asked(user, company, as_of, at, selection, None)
    lines = streamed(statement, params)
    return _opened(lines, company, as_of, scope, live=as_of == paris_date(at))


def _asked(
    user: User | None, company: Company, as_of: date, at: datetime, selection: Selection, page: Page | None
) -> tuple[str, dict[str, Any], str]:
    today = paris_date(at)
    if as_of > today:
        raise Invalid(errors={"as_of": [_("This day is still to come.")]})
    accounts, scope = selection.of(user, company, on=as_of)
    sql, params = scope_sql(accounts)
    params |= parameters(as_of, at) | {"on": as_of, "currency": company.currency, "company": None}
    params["left_out"] = [*left_out_on(company, as_of), BEYOND]
    params |= cover_parameters(company, on=as_of)
    write = live_statement if as_of == today else recorded_statement
    if page is None:
        return write(sql), params, scope
    params |= {"page_rows": page.rows, "page_start": (page.number - 1) * page.rows}
    return write(sql, sort=page.sort, paged=True), params, scope


def _opened(
    lines: Iterator[Sequence[Any]], company: Company, as_of: date, scope: str, *, live: bool
) -> ExposureStream:
    """Read what comes before the rows."""
    sums = next(lines)
    first, last = 6, 6 + len(PART_CODES)
    uncovered, excess, _until, clients, over = sums[last + 3 : last + 8]
    overdue, _oldest, disputed, on_hold, held, insured, of_clients = sums[last + 9 : last + 16]
    figures = (
        *sums[first:last], *sums[last : last + 2], held, insured, uncovered, overdue, disputed, on_hold, of_clients,
    )  # fmt: skip
    if not live and not clients:
        raise NoSnapshot(_("No exposure was recorded by that day."))
    ledger, sold, moved, missing, row = ZERO, ZERO, ZERO, set(), None
    left_out: dict[str, Decimal] = {}
    for row in lines:
        if row[0] is not None:
            break
        if row[1] == SOLD:
            sold = row[first]
        elif row[1] == MOVED:
            moved = row[first] or ZERO
        elif row[1] == LEFT_OUT:
            left_out[row[2]] = row[first] or ZERO
        elif row[first] is None:
            missing.add(row[5])
        else:
            ledger += row[first]
    else:
        row = None
    return ExposureStream(
        company=company,
        as_of=as_of,
        source=LIVE if live else SNAPSHOT,
        scope=scope,
        clients=int(clients),
        over_limit=int(over),
        excess=excess or ZERO,
        totals={name: amount or ZERO for name, amount in zip(SUMMED, figures, strict=True)},
        ledger_total=ledger,
        sold=sold,
        # A past day's unmatched payments that were left out are told by the items themselves.
        moved=moved if live or "unallocated_payments" not in left_out else ZERO,
        left_out={code: left_out[code] for code in (*PART_CODES, BEYOND) if left_out.get(code)},
        missing_rates=tuple(sorted(missing)),
        rows=map(_read, lines if row is None else chain([row], lines)),
    )


def _read(line: Sequence[Any]) -> ExposureRow:
    first, last = 6, 6 + len(PART_CODES)
    key, code, name, siren, rep, currency = line[:first]
    gross, net, kind, amount, temporary, until, effective, at_level, level = line[last : last + 9]
    overdue, oldest, disputed, on_hold, held, insured, sold = line[last + 9 : last + 16]
    return ExposureRow(
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
        guarantees=held,
        insured_cover=insured,
        sold=sold,
    )
