"""The statement of a client's account on paper: every open item with what is late, in the client's language."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final

from django.db.models import QuerySet
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from accounts.models import CustomerAccount, User
from credit.models import FactorAgreement
from o2c.shared import formats
from o2c.shared.money import ZERO
from o2c.shared.pdf import render_pdf
from o2c.shared.problems import NotAllowed, RuleRefused
from orders.paper import language_of

from . import lists
from .factoring.queries import sales_of
from .facturx.facts import iban_for, seller_details
from .paper_facts import legal_line
from .queries import items_on

MOST: Final = 1000


class TooLong(RuleRefused):
    code = "statement_too_long"
    message = _("More than 1,000 items are open: take the list of open items as a file instead.")


class NotWhole(NotAllowed):
    code = "statement_not_whole"
    message = _("Some of this client's documents are colleagues' sales: your statement would leave them out.")


def statement_pdf(account: CustomerAccount, *, on: date, reader: User) -> bytes:
    """Draw the statement of an account as it stood at the end of a day.

    :param account: one this reader may see, with ``company`` and ``entity`` at hand
    :raises NotWhole: the reader does not see all of it
    :raises TooLong: too many open items for paper
    """
    if lists.outside_items(reader, account.company, on, account.code):
        raise NotWhole
    return own_statement_pdf(account, on=on)


def own_items_open(account: CustomerAccount, *, on: date) -> QuerySet[Any]:
    """Every open item of an account at the end of a day, oldest due first, with what the statement tells of it."""
    mine = CustomerAccount.objects.filter(pk=account.pk)
    rows = items_on(mine, on=on, open_only=True).order_by("due_on", "pk")
    return lists.with_status(rows).select_related("invoice", "payment")


def own_statement_pdf(account: CustomerAccount, *, on: date) -> bytes:
    """Draw the statement for the client itself, who sees all of its own account.

    :raises TooLong: too many open items for paper
    """
    rows = list(own_items_open(account, on=on)[: MOST + 1])
    if len(rows) > MOST:
        raise TooLong
    language = language_of(account)
    with translation.override(language):
        context = statement_context(account, rows, on=on, language=language)
    return render_pdf("pdf/statement.html", context, language=language)


def statement_context(
    account: CustomerAccount, rows: Sequence[Any], *, on: date, language: str
) -> dict[str, Any]:
    """What the statement shows, written out; rows with what ``lists.open_items`` tells of them."""
    company, seller = account.company, seller_details(account.company)
    currencies = sorted({row.currency for row in rows}) or [account.currency]
    iban, payees = iban_for(seller, currencies[0]), payees_of(rows, on=on)
    return {
        "company": company,
        "account": account,
        "siren": formats.siren(company.siren) if company.siren else "",
        "legal_line": legal_line(company, seller),
        "client_siren": formats.siren(account.siren) if account.siren else "",
        "on": formats.date_long(on, language),
        "lines": [_line(row, payees.get(row.pk), language) for row in rows],
        "totals": [_totals(rows, currency, language) for currency in currencies],
        "iban": formats.iban(iban),
        "bic": seller.bic,
        "payees": [
            {
                "factor": payee.factor,
                "iban": formats.iban(payee.iban),
                "bic": payee.bic,
                "sums": ", ".join(
                    formats.money(total, language, currency)
                    for currency, total in sums_to(payee, rows, payees).items()
                ),
            }
            for payee in {payee.pk: payee for payee in payees.values()}.values()
        ],
    }


def payees_of(rows: Sequence[Any], *, on: date) -> dict[int, FactorAgreement]:
    """Whom else than us the client pays: of items sold by an agreement that notifies, its factor (domain.md 4.7)."""
    sales = sales_of([row.pk for row in rows if row.amount > 0], on=on)
    return {key: sale.batch.agreement for key, sale in sales.items() if sale.is_notified}


def sums_to(
    payee: FactorAgreement, rows: Sequence[Any], payees: dict[int, FactorAgreement]
) -> dict[str, Decimal]:
    """What is open of items that are to be paid to a factor, by currency."""
    found: dict[str, Decimal] = {}
    for row in rows:
        if row.pk in payees and payees[row.pk].pk == payee.pk:
            found[row.currency] = found.get(row.currency, ZERO) + row.open_on
    return found


def _line(row: Any, payee: FactorAgreement | None, language: str) -> dict[str, Any]:
    return {
        "document": row.document,
        "kind": str(row.get_kind_display()),
        "issued": formats.date_short(row.issue_date),
        "due": formats.date_short(row.due_on) if row.amount > 0 else "",
        "late": formats.days(row.days_late, language) if row.days_late and row.open_on > 0 else "",
        "amount": formats.money(row.amount, language, row.currency),
        "open": formats.money(row.open_on, language, row.currency),
        "disputed": bool(row.disputed_on),
        "payee": payee.factor if payee else "",
    }


def _totals(rows: Sequence[Any], currency: str, language: str) -> dict[str, str]:
    mine = [row for row in rows if row.currency == currency]

    def money(values: Sequence[Decimal]) -> str:
        return formats.money(sum(values, ZERO), language, currency)

    return {
        "late": money([row.open_on for row in mine if row.open_on > 0 and row.days_late]),
        "not_due": money([row.open_on for row in mine if row.open_on > 0 and not row.days_late]),
        "credits": money([row.open_on for row in mine if row.open_on < 0]),
        "total": money([row.open_on for row in mine]),
    }
