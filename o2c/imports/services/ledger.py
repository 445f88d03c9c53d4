"""Bringing in a receivables ledger: look first, then book it whole, or the good lines of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import services as accounts
from accounts.models import Company, CustomerAccount, User
from invoicing import services as invoicing
from invoicing.policy import ClosedPeriod, OpenDays
from o2c.shared import audit, work
from o2c.shared.calendar import paris_date
from o2c.shared.money import ZERO
from o2c.shared.problems import Invalid, NotAllowed

from .. import queries
from ..ledger import Ledger, LedgerLine, LineError, read_ledger
from ..mapping import Mapping
from ..queries import BookTotals, KnownDocument
from ..reader import open_table

Progress = Callable[[int, str], None]

# Errors kept beside the run for the screen; all of them are in the file of refused lines.
SHOWN_ERRORS: Final = 200
SAMPLE: Final = 10
# Accounts whose figures for lists are refreshed by one piece of work.
_STANDINGS_AT_ONCE: Final = 1000


class LedgerRefused(Invalid):
    """Lines of the file are wrong and nothing was booked; ``lines`` says which and why."""

    code = "ledger_refused"
    message = gettext_lazy("Some lines of this file cannot be booked; nothing was.")

    def __init__(self, lines: Sequence[LineError]) -> None:
        self.lines = tuple(lines)
        super().__init__(errors={"file": [str(line) for line in lines[:SHOWN_ERRORS]]})


@dataclass(frozen=True)
class Plan:
    """What a ledger would change in the book as it stands, and what is wrong with its lines.

    :ivar new: documents to book, settled only as far as the day goes
    :ivar settled: documents known and open that the file says are settled by then
    :ivar read: sum of all good documents up to the day, per currency, known ones included
    :ivar numbers: their numbers
    """

    lines_read: int
    errors: tuple[LineError, ...]
    new: tuple[LedgerLine, ...]
    settled: tuple[LedgerLine, ...]
    clients: tuple[accounts.AccountRow, ...]
    new_clients: int
    read: dict[str, Decimal]
    numbers: tuple[str, ...]

    @property
    def refused(self) -> int:
        """Lines that cannot be booked."""
        return len({error.line for error in self.errors})


@dataclass(frozen=True)
class LedgerResult:
    """What an import did, and the book it leaves (contract §2)."""

    company_code: str
    as_of: date
    dry_run: bool
    lines_read: int
    errors: tuple[LineError, ...]
    new_clients: int
    new_invoices: int
    settlements: int
    read: dict[str, Decimal]
    booked: dict[str, Decimal]
    book: tuple[BookTotals, ...]
    # Work asked for, to be done by a worker or by the caller.
    follow_up: tuple[int, ...] = ()

    @property
    def differences(self) -> dict[str, Decimal]:
        """Sum read less sum booked per currency: all zero when every line stands in the book."""
        currencies = sorted(self.read.keys() | self.booked.keys())
        return {c: self.read.get(c, ZERO) - self.booked.get(c, ZERO) for c in currencies}


@dataclass(frozen=True)
class Preview:
    """A file looked at before it is booked: what would happen, and its first lines as they are understood."""

    plan: Plan
    sample: tuple[LedgerLine, ...]


def import_ledger(
    *,
    company_code: str,
    path: Path,
    mapping: Mapping,
    by: User | None,
    at: datetime,
    as_of: date | None = None,
    dry_run: bool = False,
    keep_good_lines: bool = False,
    progress: Progress | None = None,
) -> LedgerResult:
    """Book a ledger as it stood at the end of a day, in one transaction.

    What stands in the book already stays; a later day adds documents issued since and settlements since. The
    company is made with its first booking and nobody gets a role in it.

    :param as_of: today when left out
    :param dry_run: do everything, then undo it
    :param keep_good_lines: book what can be booked and report the rest, instead of all or nothing
    :param by: None for the operator's command line
    :raises Unreadable: the file as a whole cannot be read
    :raises LedgerRefused: lines that cannot be booked, with ``keep_good_lines`` off
    :raises NotAllowed: no right to import there, or to make the company
    """
    today = paris_date(at)
    day = checked_day(as_of, today)
    require_import(by, company_code)
    ledger = _read(path, mapping, today, progress)
    if ledger.errors and not keep_good_lines:
        raise LedgerRefused(ledger.errors)
    with transaction.atomic():
        company = _locked_company(company_code)
        plan = _plan(company, ledger, day)
        if plan.errors and not keep_good_lines:
            raise LedgerRefused(plan.errors)
        if company is None:
            company = accounts.create_company(
                code=company_code, currency=_main_currency(ledger, mapping), by=None, at=at
            )
        _tell(progress, ledger.read, _("Booking"))
        result = _book(company, plan, day=day, by=by, at=at, dry_run=dry_run)
        if dry_run:
            transaction.set_rollback(True)
    return result


def preview_ledger(
    *, company_code: str, path: Path, mapping: Mapping, as_of: date | None, by: User | None, at: datetime
) -> Preview:
    """Read a ledger and tell what booking it would do; nothing is written.

    :raises Unreadable: the file as a whole cannot be read
    """
    today = paris_date(at)
    day = checked_day(as_of, today)
    require_import(by, company_code)
    ledger = _read(path, mapping, today, None)
    company = Company.objects.filter(code=company_code).first()
    return Preview(_plan(company, ledger, day), tuple(ledger.lines[:SAMPLE]))


def checked_day(as_of: date | None, today: date) -> date:
    """The day a book is taken over at, today when none is given.

    :raises Invalid: it is still to come
    """
    if as_of is not None and as_of > today:
        raise Invalid(errors={"as_of": [gettext_lazy("This day is still to come.")]})
    return as_of or today


def require_import(by: User | None, company_code: str) -> None:
    """Refuse whoever may not import into a company, or make one by importing its book.

    :raises NotAllowed: no such right
    """
    if by is None:
        return
    company = Company.objects.filter(code=company_code).first()
    # Who sees every company may also make one by importing its book.
    allowed = (
        by.may("imports.run", company) if company else by.may("imports.run") and by.company_ids() is None
    )
    if not allowed:
        raise NotAllowed


def _read(path: Path, mapping: Mapping, today: date, progress: Progress | None) -> Ledger:
    table = open_table(path, delimiter=mapping.delimiter, encoding=mapping.encoding)
    return read_ledger(
        table, mapping, today=today, progress=lambda count: _tell(progress, count, _("Reading"))
    )


def _tell(progress: Progress | None, count: int, message: str) -> None:
    if progress is not None:
        progress(count, message)


def _locked_company(code: str) -> Company | None:
    """The company, so that two imports into it run one after the other."""
    return Company.objects.select_for_update(no_key=True).filter(code=code).first()


def _main_currency(ledger: Ledger, mapping: Mapping) -> str:
    currencies = Counter(line.currency for line in ledger.lines)
    return currencies.most_common(1)[0][0] if currencies else mapping.currency or "EUR"


def _plan(company: Company | None, ledger: Ledger, day: date) -> Plan:
    """Compare a ledger with the book."""
    due = [line for line in ledger.lines if line.issue_date <= day]
    known = queries.known_documents(company, [line.number for line in due]) if company and due else {}
    open_days = invoicing.open_days(company, today=None) if company else OpenDays(date.min)
    errors, new, settled, good = list(ledger.errors), [], [], []
    for line in due:
        document = known.get(line.number)
        settled_by_then = line.settled_on is not None and line.settled_on <= day
        if problem := _closed_day(line, document, open_days, settles=settled_by_then):
            errors.append(LineError(line.line, problem))
            continue
        if document is None:
            new.append(line if settled_by_then else replace(line, settled_on=None))
        elif problem := _contradiction(line, document):
            errors.append(LineError(line.line, problem))
            continue
        elif document.is_open and settled_by_then:
            settled.append(line)
        good.append(line)
    clients = _clients(ledger, new)
    there = set()
    if company is not None:
        codes = [client.code for client in clients]
        found = CustomerAccount.objects.filter(company=company, code__in=codes)
        there = set(found.values_list("code", flat=True))
    return Plan(
        lines_read=ledger.read,
        errors=tuple(sorted(errors, key=lambda error: error.line)),
        new=tuple(new),
        settled=tuple(settled),
        clients=tuple(clients),
        new_clients=len(clients) - len(there),
        read=_sums(good),
        numbers=tuple(line.number for line in good),
    )


def _closed_day(line: LedgerLine, known: KnownDocument | None, days: OpenDays, *, settles: bool) -> str:
    """Why a line cannot be booked in months that were closed; empty when it can."""
    try:
        if known is None:
            days.check(line.issue_date)
        if settles and line.settled_on is not None and (known is None or known.is_open):
            days.check(line.settled_on)
    except ClosedPeriod as refusal:
        return str(refusal)
    return ""


def _contradiction(line: LedgerLine, known: KnownDocument) -> str:
    """What the file says of a known document that cannot be; empty when they agree."""
    pairs = (
        (line.amount, known.amount, _("amount")),
        (line.customer_code, known.customer_code, _("client")),
        (line.currency, known.currency, _("currency")),
        (line.issue_date, known.issue_date, _("issue date")),
    )
    wrong = [f"{name} {given} ≠ {booked}" for given, booked, name in pairs if given != booked]
    if not wrong:
        return ""
    return _("%(number)s is known already with other content (%(what)s)") % {
        "number": line.number,
        "what": ", ".join(wrong),
    }


def _clients(ledger: Ledger, lines: Sequence[LedgerLine]) -> list[accounts.AccountRow]:
    """The clients of documents to book; known to us since the first one."""
    since: dict[str, date] = {}
    for line in lines:
        since[line.customer_code] = min(line.issue_date, since.get(line.customer_code, line.issue_date))
    customers = [(ledger.customers[code], first) for code, first in since.items()]
    return [
        accounts.AccountRow(c.code, c.name, c.currency, c.siren, c.country, c.term, first)
        for c, first in customers
    ]


def _sums(lines: Iterable[LedgerLine]) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = {}
    for line in lines:
        sums[line.currency] = sums.get(line.currency, ZERO) + line.amount
    return sums


def _book(
    company: Company, plan: Plan, *, day: date, by: User | None, at: datetime, dry_run: bool
) -> LedgerResult:
    found = accounts.ensure_accounts(company=company, rows=plan.clients, by=by, at=at)
    rows = [
        invoicing.ImportedRow(
            account_id=found[line.customer_code].pk,
            number=line.number,
            issue_date=line.issue_date,
            due_date=line.due_date,
            currency=line.currency,
            amount=line.amount,
            settled_on=line.settled_on,
            disputed=line.disputed,
            customer_reference=line.customer_reference,
        )
        for line in plan.new
    ]
    settlements = [
        invoicing.ImportedSettlement(line.number, line.settled_on) for line in plan.settled if line.settled_on
    ]
    if rows or settlements:
        invoicing.book_imported(company=company, rows=rows, settlements=settlements, by=by, at=at)
    settled_now = len(settlements) + sum(row.settled_on is not None for row in rows)
    result = LedgerResult(
        company_code=company.code,
        as_of=day,
        dry_run=dry_run,
        lines_read=plan.lines_read,
        errors=plan.errors,
        new_clients=plan.new_clients,
        new_invoices=len(rows),
        settlements=settled_now,
        read=plan.read,
        booked=queries.booked_total(company, plan.numbers),
        book=tuple(queries.book_totals(company, on=day)),
        follow_up=_refresh_standings(company, plan, found, at),
    )
    if rows or settlements:
        audit.record(
            "ledger.imported",
            company,
            by=by,
            at=at,
            company_id=company.pk,
            after={
                "as_of": day,
                "clients": plan.new_clients,
                "invoices": len(rows),
                "settlements": settled_now,
                "read": plan.read,
                "booked": result.booked,
            },
        )
    return result


def _refresh_standings(
    company: Company, plan: Plan, found: dict[str, CustomerAccount], at: datetime
) -> tuple[int, ...]:
    """Have the figures for lists of every client touched computed again; the keys of the work."""
    settled = {line.customer_code for line in plan.settled} - found.keys()
    others = CustomerAccount.objects.filter(company=company, code__in=settled).values_list("pk", flat=True)
    ids = sorted({account.pk for account in found.values()} | set(others))
    keys = [
        work.add(
            "imports.standings",
            key=f"{company.pk}:{at.isoformat()}:{start}",
            payload={"account_ids": ids[start : start + _STANDINGS_AT_ONCE]},
        )
        for start in range(0, len(ids), _STANDINGS_AT_ONCE)
    ]
    return tuple(key for key in keys if key is not None)


def counts_of(result: LedgerResult) -> dict[str, Any]:
    """The figures of a result as JSON keeps them, amounts as text."""
    return {
        "lines": result.lines_read,
        "refused": len({error.line for error in result.errors}),
        "clients": result.new_clients,
        "invoices": result.new_invoices,
        "settlements": result.settlements,
        "read": audit.plain(result.read),
        "booked": audit.plain(result.booked),
        "differences": audit.plain(result.differences),
        "as_of": result.as_of.isoformat(),
        "book": [
            {
                "currency": book.currency,
                "clients": book.clients,
                "invoices": book.invoices,
                "invoiced": str(book.invoiced),
                "open_items": book.open_items,
                "open": str(book.open),
                "overdue": str(book.overdue_total),
                "buckets": {name: str(amount) for name, amount in book.overdue},
                "disputed": str(book.disputed),
            }
            for book in result.book
        ],
    }
