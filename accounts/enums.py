"""The vocabulary of accounts."""

from __future__ import annotations

from typing import Final

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class AccountStatus(models.TextChoices):
    """Where an account stands between request and closure (design 3.17); block and watch are rows beside it."""

    DRAFT = "DRAFT", _("Draft")
    IN_REVIEW = "IN_REVIEW", _("In review")
    INCOMPLETE = "INCOMPLETE", _("Incomplete")
    APPROVED = "APPROVED", _("Approved")
    REFUSED = "REFUSED", pgettext_lazy("client", "Refused")
    ACTIVE = "ACTIVE", _("Active")
    CLOSED = "CLOSED", pgettext_lazy("client", "Closed")


class RiskClass(models.TextChoices):
    """Class of risk, best first (domain.md 4.8)."""

    A = "A", "A"
    B = "B", "B"
    C = "C", "C"
    D = "D", "D"
    E = "E", "E"


class TeamRole(models.TextChoices):
    """What a member of a client's team does for it."""

    SALES_REP = "sales_rep", _("Sales rep")
    ADV = "adv", _("Sales administration")
    COLLECTOR = "collector", _("Collector")
    CREDIT = "credit", _("Credit manager")
    SUBSTITUTE = "substitute", _("Stands in for the sales rep")
    PARTNER = "partner", _("Outside partner")
    KEY_ACCOUNT = "key_account", _("Key account owner")


# Roles of people outside the house: they see the clients that are entrusted to them, and stand in for nobody.
OUTSIDE_ROLES: Final = frozenset({"partner"})


class ContactRole(models.TextChoices):
    """Who a contact is at the client's (domain.md 6.2)."""

    INVOICE_RECEIPT = "INVOICE_RECEIPT", _("Invoice receipt")
    ACCOUNTS_PAYABLE = "ACCOUNTS_PAYABLE", _("Accounts payable")
    BUYER = "BUYER", _("Buyer")
    FINANCE_HEAD = "FINANCE_HEAD", _("Head of finance")
    LEGAL_REPRESENTATIVE = "LEGAL_REPRESENTATIVE", _("Legal representative")
    DISPUTE = "DISPUTE", _("Disputes")


class CapRegime(models.TextChoices):
    """Legal cap on payment terms (domain.md 1.1)."""

    NOTERM30 = "NOTERM30", _("30 days, nothing agreed")
    STD60 = "STD60", _("60 days")
    EOM45A = "EOM45A", _("45 days, then end of month")
    EOM45B = "EOM45B", _("end of month, then 45 days")
    PERIODIC45 = "PERIODIC45", _("45 days, summary invoice")
    PERISH30 = "PERISH30", _("30 days, perishable food")
    PERISH30DEC = "PERISH30DEC", _("30 days after the ten-day period, perishable food")
    LIVESTOCK20 = "LIVESTOCK20", _("20 days, livestock")
    SPIRITS30 = "SPIRITS30", _("30 days after the delivery month, spirits")
    TRANSPORT30 = "TRANSPORT30", _("30 days, transport")
    EXPORT90 = "EXPORT90", _("90 days, export")


class PaymentMethod(models.TextChoices):
    """How a client pays (domain.md 1.4). The schemes of SEPA direct debit differ in what may be taken back."""

    TRANSFER = "transfer", _("Transfer")
    DIRECT_DEBIT = "direct_debit", _("Direct debit (SEPA CORE)")
    SDD_B2B = "sdd_b2b", _("Direct debit (SEPA B2B)")
    LCR = "lcr", _("Bill (LCR)")
    BOR = "bor", _("Promissory note (BOR)")
    CHEQUE = "cheque", _("Cheque")
    CARD = "card", _("Card")
    OFFSET = "offset", _("Offset")
