"""The company's own accounts at its banks: what statements are told by."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from accounts.identifiers import check_iban, clean_identifier
from accounts.models import Company, User
from invoicing.bank import AccountId
from invoicing.models import BankAccount
from o2c.shared import audit
from o2c.shared.problems import Invalid

from .shared import require

RIGHT: Final = "bank.import"
_CURRENCY_LENGTH: Final = 3


@dataclass(frozen=True)
class NamedAccount:
    """A bank account, and whether this call named it."""

    row: BankAccount
    is_new: bool


def add_bank_account(
    *,
    company: Company,
    iban: str = "",
    bank: str = "",
    branch: str = "",
    number: str = "",
    currency: str,
    name: str = "",
    by: User,
    at: datetime,
) -> NamedAccount:
    """Name an account of the company, by its IBAN or by bank, branch and number. Once more it is the same one.

    :raises Invalid: neither, both that differ, or a wrong IBAN; by field
    """
    require(by, RIGHT, company)
    account = _account_id(iban, bank, branch, number)
    currency = currency.strip().upper()
    if len(currency) != _CURRENCY_LENGTH or not currency.isalpha() or not currency.isascii():
        raise Invalid(errors={"currency": [_("A currency is three letters, such as EUR.")]})
    try:
        with transaction.atomic():
            known = BankAccount.objects.filter(company=company, key=account.key, currency=currency).first()
            if known is not None:
                return NamedAccount(known, is_new=False)
            row = BankAccount.objects.create(
                company=company,
                name=name.strip()[:80],
                iban=account.iban,
                bank=account.bank,
                branch=account.branch,
                number=account.number,
                key=account.key,
                currency=currency,
                created_by=by,
                created_at=at,
            )
            # The last figures tell it; the whole number is nobody's business but the account's page.
            audit.record(
                "bank_account.added",
                row,
                by=by,
                at=at,
                label=name.strip() or str(account)[-4:],
                company_id=company.pk,
                after={"currency": currency, "ends_in": str(account)[-4:]},
            )
            return NamedAccount(row, is_new=True)
    except IntegrityError as error:
        if "bank_account_once_per_company" not in str(error):
            raise
    row = BankAccount.objects.get(company=company, key=account.key, currency=currency)
    return NamedAccount(row, is_new=False)


def _account_id(iban: str, bank: str, branch: str, number: str) -> AccountId:
    """The account that the fields name."""
    iban, bank, branch, number = map(clean_identifier, (iban, bank, branch, number))
    if iban:
        checked = check_iban(iban)
        if not checked.valid:
            raise Invalid(errors={"iban": [checked.problem]})
        named = AccountId(iban=checked.value)
        other = AccountId(bank=bank, branch=branch, number=number)
        if number and other.key != named.key:
            raise Invalid(errors={"account": [_("The IBAN and the account number are of two accounts.")]})
        return named
    if not number:
        raise Invalid(
            errors={"iban": [_("Give the IBAN, or the codes of bank and branch with the account number.")]}
        )
    for field, value, most in (("bank", bank, 11), ("branch", branch, 5), ("account", number, 34)):
        if len(value) > most or not value.isascii():
            raise Invalid(errors={field: [_("At most %(most)d letters and figures.") % {"most": most}]})
    return AccountId(bank=bank, branch=branch, number=number)
