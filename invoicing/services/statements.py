"""Statements of the bank brought in: every credit becomes a payment, nothing is booked twice, all or nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from django.db import transaction
from django.db.models import Count
from django.utils.translation import gettext_lazy as _

from accounts.models import Company, CustomerAccount, User
from accounts.services import Effect
from invoicing.bank import Movement, Statement, meaning_of, method_of, read_statements
from invoicing.bank.placing import Mark, Place, Placed, place
from invoicing.clearing_policy import under_mandate
from invoicing.enums import LineOutcome
from invoicing.models import BankAccount, BankStatement, PayerLink, Payment, StatementLine
from invoicing.policy import OpenDays
from o2c.shared import audit, work
from o2c.shared.calendar import paris_date
from o2c.shared.copying import copy_in
from o2c.shared.locking import retrying
from o2c.shared.problems import Refusal, RuleRefused

from .bank_returns import propose_returns
from .many import enter_payments
from .rows import PaymentRow
from .shared import open_days, require

RIGHT: Final = "bank.import"
_LONGEST_REFERENCE: Final = 300

Progress = Callable[[int, int], None]


class UnknownBankAccount(RuleRefused):
    """The statement is of an account that the company has not named as its own."""

    code = "unknown_bank_account"

    def __init__(self, statement: Statement, company: Company) -> None:
        self.line = statement.line
        told = _(
            "Line %(line)d: %(account)s in %(currency)s is no bank account of %(company)s. Add it to the bank accounts"
            " of the company, or choose the company it belongs to."
        ) % {
            "line": statement.line,
            "account": statement.account,
            "currency": statement.currency,
            "company": company.code,
        }
        super().__init__(told, errors={"file": [told]})


@dataclass(frozen=True)
class StatementResult:
    """What became of one statement of a file.

    :ivar stored: None where nothing was stored: a dry run, or of an account nobody named yet
    :ivar created: lines that are new
    :ivar duplicates: lines that were there before
    :ivar outcomes: what became of each movement
    """

    statement: Statement
    format: str
    bank_account: BankAccount | None = None
    stored: BankStatement | None = None
    continuity: str = ""
    balance_before: Decimal | None = None
    outcomes: tuple[LineOutcome, ...] = ()
    is_known: bool = False

    @property
    def duplicates(self) -> int:
        """Lines that were there before."""
        return self.outcomes.count(LineOutcome.DUPLICATE)

    @property
    def created(self) -> int:
        """Lines that are new."""
        return len(self.outcomes) - self.duplicates


class _Undo(Exception):
    """Everything was tried; nothing is kept."""


def import_statements(
    *,
    company: Company,
    content: bytes,
    format: str = "",
    file_name: str = "",
    dry_run: bool = False,
    by: User,
    at: datetime,
    progress: Progress | None = None,
) -> list[StatementResult]:
    """Bring in every statement of a file, or none of it.

    Each credit becomes a payment from the day its money is there, of the client who alone is known to pay from that
    IBAN, else unidentified. What the bank took back becomes a proposal to return the payment; fees and other debits
    are kept. A statement, and a line, that was there before is not booked again.

    :param format: told from the file when empty
    :param dry_run: say what would happen, also of accounts nobody named; nothing is stored
    :raises NotAllowed: no right to import there
    :raises TooLarge, Unreadable, TotalsDoNotTie: the file, with the line
    :raises UnknownBankAccount: of a statement's account, unless ``dry_run``
    """
    require(by, RIGHT, company)
    read_as, statements = read_statements(content, format)
    run = _Run(company, read_as, file_name, dry_run, by, at, progress)
    return _booked(run, statements)


@dataclass
class _Run:
    """What every statement of one file is booked with."""

    company: Company
    format: str
    file_name: str
    dry_run: bool
    by: User
    at: datetime
    progress: Progress | None
    done: int = 0
    total: int = 0
    days: OpenDays = field(default_factory=lambda: OpenDays(first=date.min))

    def tell(self, lines: int) -> None:
        """Say that so many more lines are done."""
        self.done += lines
        if self.progress is not None:
            self.progress(self.done, self.total)


@retrying
def _booked(run: _Run, statements: Sequence[Statement]) -> list[StatementResult]:
    results: list[StatementResult] = []
    run.done, run.total = 0, sum(len(each.movements) for each in statements)
    try:
        with transaction.atomic():
            known = _locked_accounts(run.company, statements)
            run.days = open_days(run.company, today=paris_date(run.at))
            for statement in statements:
                account = known.get((statement.account.key, statement.currency))
                if account is not None:
                    results.append(_book(run, account, statement))
                elif run.dry_run:
                    outcomes = tuple(meaning_of(movement) for movement in statement.movements)
                    results.append(StatementResult(statement, run.format, outcomes=outcomes))
                else:
                    raise UnknownBankAccount(statement, run.company)
            if run.dry_run:
                raise _Undo
    except _Undo:
        pass
    return results


def _locked_accounts(company: Company, statements: Iterable[Statement]) -> dict[tuple[str, str], BankAccount]:
    """The accounts that the statements are of, locked: two files of one account go one after the other."""
    keys = {statement.account.key for statement in statements}
    rows = (
        BankAccount.objects.select_for_update(of=("self",), no_key=True)
        .filter(company=company, key__in=keys)
        .order_by("pk")
    )
    return {(row.key, row.currency): row for row in rows}


def _book(run: _Run, account: BankAccount, statement: Statement) -> StatementResult:
    """Store one statement of a locked account with what becomes of its lines."""
    same = BankStatement.objects.filter(bank_account=account, fingerprint=statement.fingerprint).first()
    if same is not None:
        run.tell(len(statement.movements))
        return StatementResult(
            statement, run.format, account, same, same.continuity, same.balance_before,
            (LineOutcome.DUPLICATE,) * len(statement.movements), is_known=True,
        )  # fmt: skip
    before = _balance_before(account, statement)
    placed = place(
        statement, account=account.key, balance_before=before, stored=_stored_marks(account, statement)
    )
    stored = BankStatement.objects.create(
        company=run.company,
        bank_account=account,
        number=statement.number,
        format=run.format,
        currency=statement.currency,
        opening_on=statement.opening_on,
        opening_balance=statement.opening_balance,
        closing_on=statement.closing_on,
        closing_balance=statement.closing_balance,
        line_count=len(statement.movements),
        continuity=placed.continuity,
        balance_before=before,
        fingerprint=statement.fingerprint,
        file_name=run.file_name[:255],
        imported_by=run.by,
        imported_at=run.at,
    )
    lines = _lines(run, stored, placed)
    copy_in(lines)
    outcomes = tuple(LineOutcome(line.outcome) for line in lines)
    propose_returns(stored, [line for line in lines if line.outcome == LineOutcome.RETURN])
    _record(run, stored, outcomes)
    work.emit("statement.imported", key=f"statement:{stored.pk}", payload={"statement_id": stored.pk})
    run.tell(len(lines))
    return StatementResult(
        statement, run.format, account, None if run.dry_run else stored, placed.continuity, before, outcomes
    )


def _balance_before(account: BankAccount, statement: Statement) -> Decimal | None:
    """What the statement that precedes this one on its account closed with."""
    row = (
        BankStatement.objects.filter(bank_account=account, closing_on__lte=statement.closing_on)
        .order_by("-closing_on", "-pk")
        .first()
    )
    return None if row is None else row.closing_balance


def _stored_marks(account: BankAccount, statement: Statement) -> Mapping[Mark, int]:
    """How many lines of each mark are stored on the days of a statement."""
    days = {movement.booked_on for movement in statement.movements}
    rows = (
        StatementLine.objects.filter(bank_account=account, booked_on__in=days, duplicate_of=None)
        .values_list("booked_on", "amount", "label")
        .annotate(times=Count("pk"))
    )
    return {(day, amount, label): times for day, amount, label, times in rows}


def _lines(run: _Run, stored: BankStatement, placed: Place) -> list[StatementLine]:
    """The lines of a statement, with the payments that its credits became."""
    known = _known_lines(stored, placed)
    meanings = [
        LineOutcome.DUPLICATE if each.is_known else meaning_of(each.movement) for each in placed.movements
    ]
    payments = _payments(run, stored, placed, meanings)
    lines = []
    for position, (each, outcome) in enumerate(zip(placed.movements, meanings, strict=True), start=1):
        line = _line(stored, position, each.movement)
        line.fingerprint, line.outcome = each.fingerprint, outcome
        line.payment_id = payments.get(position)
        line.duplicate_of_id = known[each.fingerprint] if each.is_known else None
        lines.append(line)
    return lines


def _known_lines(stored: BankStatement, placed: Place) -> dict[str, int]:
    """The stored lines that lines of a statement repeat, by fingerprint."""
    wanted = [each.fingerprint for each in placed.movements if each.is_known]
    rows = StatementLine.objects.filter(
        bank_account=stored.bank_account, fingerprint__in=wanted, duplicate_of=None
    )
    return dict(rows.values_list("fingerprint", "pk"))


def _line(stored: BankStatement, position: int, movement: Movement) -> StatementLine:
    return StatementLine(
        statement_id=stored.pk,
        bank_account_id=stored.bank_account_id,
        position=position,
        file_line=movement.line,
        booked_on=movement.booked_on,
        value_on=movement.value_on,
        amount=movement.amount,
        label=movement.label,
        text=movement.text,
        reference=movement.reference,
        end_to_end_id=movement.end_to_end_id,
        mandate=movement.mandate,
        payer_name=movement.payer_name,
        payer_iban=movement.payer_iban,
        operation_code=movement.operation_code,
        return_reason=movement.return_reason,
    )


def _payments(
    run: _Run, stored: BankStatement, placed: Place, meanings: Sequence[LineOutcome]
) -> dict[int, int]:
    """Record the payments of a statement; their keys by the position of their line."""
    credits_ = [
        (position, each)
        for position, (each, meaning) in enumerate(zip(placed.movements, meanings, strict=True), start=1)
        if meaning is LineOutcome.PAYMENT
    ]
    if not credits_:
        return {}
    payers = _payers(run.company, {each.movement.payer_iban for _position, each in credits_} - {""})
    numbered = _numbers(stored, [each.movement.booked_on for _position, each in credits_])
    rows = [
        _payment_row(run, each, number, stored.currency, payers)
        for (_position, each), number in zip(credits_, numbered, strict=True)
    ]
    verdicts = enter_payments(company=run.company, rows=rows, by=run.by, at=run.at, right=RIGHT)
    for verdict in verdicts:
        if isinstance(verdict, Refusal):
            raise verdict
        assert verdict is Effect.CREATED
    keys = dict(
        Payment.objects.filter(
            company=run.company, external_id__in=[row.external_id for row in rows]
        ).values_list("external_id", "pk")
    )
    return {position: keys[row.external_id] for (position, _each), row in zip(credits_, rows, strict=True)}


def _numbers(stored: BankStatement, days: Sequence[date]) -> list[str]:
    """A number for each payment: account, day, and which of the day it is. The account is locked."""
    taken = Counter(
        dict(
            StatementLine.objects.filter(bank_account=stored.bank_account, booked_on__in=set(days))
            .exclude(payment=None)
            .values_list("booked_on")
            .annotate(times=Count("pk"))
        )
    )
    numbers = []
    for day in days:
        taken[day] += 1
        numbers.append(f"BQ{stored.bank_account_id}-{day:%Y%m%d}-{taken[day]:03d}")
    return numbers


def _payment_row(
    run: _Run, placed: Placed, number: str, currency: str, payers: Mapping[str, CustomerAccount]
) -> PaymentRow:
    movement = placed.movement
    # The money counts from the day it can be used; a value day before the booking changes nothing of the past.
    there_on = max(movement.booked_on, movement.value_on or movement.booked_on)
    account = payers.get(movement.payer_iban)
    method = str(method_of(label=movement.label, text=movement.text, operation_code=movement.operation_code))
    said = [movement.text or movement.label]
    said += [part for part in (movement.reference, movement.end_to_end_id) if part and part not in said[0]]
    return PaymentRow(
        account=account,
        external_id=number,
        received_on=run.days.first_from(there_on),
        amount=movement.amount,
        currency=currency,
        method=under_mandate(method, account.payment_method) if account else method,
        creation_hash=placed.fingerprint,
        reference=" ".join(dict.fromkeys(said))[:_LONGEST_REFERENCE],
        payer_name=movement.payer_name,
        payer_iban=movement.payer_iban,
    )


def _payers(company: Company, ibans: Iterable[str]) -> dict[str, CustomerAccount]:
    """The client of each IBAN from which one client alone is known to pay."""
    found: dict[str, list[CustomerAccount]] = {}
    links = PayerLink.objects.filter(company=company, iban__in=set(ibans), ended_at=None)
    for link in links.select_related("account"):
        found.setdefault(link.iban, []).append(link.account)
    return {iban: accounts[0] for iban, accounts in found.items() if len(accounts) == 1}


def _record(run: _Run, stored: BankStatement, outcomes: Sequence[LineOutcome]) -> None:
    counts = Counter(outcomes)
    audit.record(
        "statement.imported",
        stored,
        by=run.by,
        at=run.at,
        company_id=run.company.pk,
        after={
            "bank_account": stored.bank_account_id,
            "number": stored.number,
            "from": stored.opening_on,
            "to": stored.closing_on,
            "opening": stored.opening_balance,
            "closing": stored.closing_balance,
            "currency": stored.currency,
            "continuity": stored.continuity,
            **{str(outcome): counts[outcome] for outcome in LineOutcome},
        },
    )
