"""Who issues which credit note alone (domain.md 5.4)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from functools import cached_property

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import Company, User
from credit.exposure import rates_on
from credit.models import DelegationRule
from credit.rule_queries import delegation_of
from invoicing import policy
from invoicing.enums import Origin
from invoicing.models import CreditNoteRequest, Invoice
from o2c.shared.calendar import paris_date
from o2c.shared.money import round_cents
from o2c.shared.problems import NotAllowed


class FourEyes(NotAllowed):
    code = "four_eyes"
    message = _("Somebody else must decide: you asked for this credit note or issued the invoice.")


class AuthorityExceeded(NotAllowed):
    """Above what this person may decide; ``required_role`` names who may."""

    code = "authority_exceeded"
    message = _("This is above your authority.")


class Authority:
    """The delegation of one company on one day, read once for however many credit notes.

    :param currencies: those of the credit notes to be measured
    """

    def __init__(self, company: Company, at: datetime, currencies: Iterable[str] = ()) -> None:
        self.company, self._at, self._currencies = company, at, set(currencies)

    @cached_property
    def rules(self) -> list[DelegationRule]:
        """The matrix, lowest level first."""
        return delegation_of(self.company.pk)

    @cached_property
    def _rates(self) -> dict[str, Decimal]:
        foreign = self._currencies - {self.company.currency}
        return dict(rates_on(paris_date(self._at), foreign, self.company.currency)) if foreign else {}

    def worth(self, amount: Decimal, currency: str) -> Decimal | None:
        """An amount as authority is measured, in the company's currency; None where no usable rate is known."""
        target = self.company.currency
        if currency == target:
            return amount
        if currency not in self._rates or target not in self._rates:
            return None
        return round_cents(amount / self._rates[currency] * self._rates[target])

    def bound_of(self, by: User, invoice: Invoice) -> Decimal | None:
        """How much this person credits alone of an invoice, in the company's currency; None without bound.

        Whoever issued the invoice stays at the small amount, whatever their level.
        """
        if invoice.created_by_id == by.pk and invoice.origin == Origin.ISSUED:
            return policy.CREDITED_ALONE
        return policy.credit_bound(
            by.authority_in(self.company.pk), {rule.level: rule.write_off_amount for rule in self.rules}
        )

    def covers(self, by: User, invoice: Invoice, amount: Decimal) -> bool:
        """Whether this person may issue a credit note of an amount in the invoice's currency alone."""
        bound = self.bound_of(by, invoice)
        if bound is None:
            return True
        worth = self.worth(amount, invoice.currency)
        return worth is not None and worth <= bound

    def required(self, amount: Decimal, currency: str) -> DelegationRule | None:
        """The lowest level above those who ask that may issue such a credit note alone."""
        worth = self.worth(amount, currency)
        for rule in self.rules:
            if rule.level > 1 and (
                rule.write_off_amount is None or (worth is not None and worth <= rule.write_off_amount)
            ):
                return rule
        return None


def hands_of(request: CreditNoteRequest) -> set[int]:
    """Whom four eyes keep from deciding it: who asked, and who issued the invoice here."""
    issuer = request.invoice.created_by_id if request.invoice.origin == Origin.ISSUED else None
    return {key for key in (request.requested_by_id, issuer) if key is not None}


def credit_requests_visible(user: User, company: Company | None) -> QuerySet[CreditNoteRequest]:
    """Wishes for credit notes on invoices this user may see, with everything a list shows."""
    return CreditNoteRequest.objects.filter(
        invoice__in=Invoice.objects.visible_to(user, company)
    ).select_related("company", "account", "invoice", "requested_by")


def within(by: User, request: CreditNoteRequest, at: datetime) -> bool:
    """Whether this person may issue it alone."""
    authority = Authority(request.company, at, {request.currency})
    return authority.covers(by, request.invoice, request.amount)


def required_role(request: CreditNoteRequest, at: datetime) -> str | None:
    """The lowest role that may issue this credit note alone."""
    rule = Authority(request.company, at, {request.currency}).required(request.amount, request.currency)
    return rule.role if rule else None
