"""The company's account at its bank, and this morning's statement of it: money to match, a return to decide."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from accounts.models import Company, CustomerAccount, User
from invoicing import services as invoicing
from invoicing.models import PayerLink, ReceivableItem
from o2c.shared.calendar import business_day_on_or_before, paris_date

from .cfonb import Entry, statement

BANK, BRANCH, NUMBER = "30004", "00820", "00010234567"
_OPENING: Final = Decimal("184312.46")
# Clients who pay in this statement, and one whose direct debit comes back.
_PAYERS: Final = range(60, 110)
_RETURNED: Final = 58
# From where two of them pay, known from payments before.
_IBANS: Final = ("FR7630003032100002045678986", "FR7630105001230004001122335")
_LONGEST_LABEL: Final = 31


def bring_in_statement(
    company: Company, accounts: Sequence[CustomerAccount], team: dict[str, User], *, at: datetime
) -> None:
    """Name the bank account and bring in a statement of the last business day before today."""
    today = paris_date(at)
    day = business_day_on_or_before(today - timedelta(days=1))
    by = team["accountant"]
    invoicing.add_bank_account(
        company=company, name="BNP Paribas Bordeaux", bank=BANK, branch=BRANCH, number=NUMBER, currency="EUR",
        by=by, at=at,
    )  # fmt: skip
    debts = _debts(accounts)
    entries = [*_known_payers(company, debts, day, at), *_payments(debts, day)]
    entries += [
        Entry(day, Decimal("350.00"), "VIR SEPA M DUVAL PAUL", details=[("LIB", "ACOMPTE TERRASSE")]),
        Entry(day, Decimal("-27.40"), "COMMISSION MOUVEMENT NOVEMBRE", "62"),
        Entry(day, Decimal("-4180.00"), "VIR SEPA TRANSPORTS GARONNE", "21", details=[("LIB", "FACT 88121")]),
        *_return(company, accounts[_RETURNED - 1], by, day, at),
    ]
    invoicing.import_statements(
        company=company,
        content=statement(
            bank=BANK, branch=BRANCH, account=NUMBER, opening_on=day - timedelta(days=1), opening=_OPENING,
            closing_on=day, entries=entries,
        ),
        file_name=f"releve_{day:%Y%m%d}.txt",
        by=by,
        at=at,
    )  # fmt: skip


def _debts(accounts: Sequence[CustomerAccount]) -> Iterator[ReceivableItem]:
    """An open invoice of each payer, oldest first."""
    for number in _PAYERS:
        account = accounts[number - 1]
        item = (
            account.items.filter(open_amount__gt=300, kind="INVOICE", currency="EUR")
            .select_related("account")
            .order_by("due_date", "pk")
            .first()
        )
        if item is not None:
            yield item


def _known_payers(
    company: Company, debts: Iterator[ReceivableItem], day: date, at: datetime
) -> Iterator[Entry]:
    """Two clients whose account at the bank is known: the payment is theirs at once."""
    for iban, item in zip(_IBANS, debts, strict=False):
        PayerLink.objects.create(
            company=company, account=item.account, iban=iban, payer_name=item.account.name, learned_at=at
        )
        yield _transfer(item, day, item.open_amount, f"FACTURE {item.document}", iban)


def _payments(debts: Iterator[ReceivableItem], day: date) -> Iterator[Entry]:
    """Exact and short, with and without a reference, as clients write it."""
    for number, item in zip(range(9), debts, strict=False):
        owed = item.open_amount
        if number in {0, 1, 2, 3}:
            yield _transfer(item, day, owed, f"REGLT FACTURE {item.document}")
        elif number == 4:
            yield _transfer(item, day, owed, item.document.replace("-", " ").lower())
        elif number == 5:
            yield _transfer(item, day, owed, "SOLDE")
        elif number == 6:
            yield _transfer(item, day, owed - Decimal("0.50"), f"{item.document} MOINS 0,50")
        elif number == 7:
            deducted = (owed / 10).quantize(Decimal("0.01"))
            yield _transfer(item, day, owed - deducted, f"{item.document} DEDUCTION CASSE {deducted}")
        else:
            yield Entry(
                day, owed, "REMISE CHEQUES 1 CHQ", "02", value_day=day + timedelta(days=2),
                details=[("LIB", f"CHQ 4471902 {item.account.name.upper()}")],
            )  # fmt: skip


def _transfer(item: ReceivableItem, day: date, amount: Decimal, text: str, iban: str = "") -> Entry:
    name = item.account.name.upper()
    details = [("NPY", name), ("LCC", text), ("RCN", f"{item.account.code}{day:%d%m}")]
    return Entry(
        day,
        amount,
        f"VIR SEPA {name}"[:_LONGEST_LABEL],
        details=[*details, *([("IPY", iban)] if iban else [])],
    )


def _return(company: Company, account: CustomerAccount, by: User, day: date, at: datetime) -> Iterator[Entry]:
    """A direct debit of last week comes back unpaid."""
    item = account.items.filter(open_amount__gt=100, kind="INVOICE").order_by("due_date", "pk").first()
    if item is None:
        return
    mandate = f"RUM-{account.code}"
    invoicing.record_payment(
        company=company,
        external_id=f"PRLV-{day:%y%m%d}-{account.code}",
        account=account,
        received_on=day - timedelta(days=6),
        amount=item.open_amount,
        currency=account.currency,
        method="direct_debit",
        reference=f"{mandate} {item.document}",
        payer_name=account.name,
        match=True,
        by=by,
        at=at - timedelta(days=1),
    )
    yield Entry(
        day, -item.open_amount, f"IMPAYE PRLV SEPA {account.name.upper()}"[:_LONGEST_LABEL], "B3",
        details=[("RCN", mandate), ("LIB", "MOTIF AM04 PROVISION INSUFFISANTE")],
    )  # fmt: skip
