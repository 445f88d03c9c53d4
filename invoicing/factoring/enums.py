"""The vocabulary of selling invoices."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class LeftOut(models.TextChoices):
    """Why an invoice cannot be sold to the factor (domain.md 4.7)."""

    NOT_AN_INVOICE = "not_an_invoice", _("no invoice for something delivered")
    SOLD = "sold", _("sold already")
    NO_BUSINESS = "no_business", _("the client is no company")
    PUBLIC = "public", _("the client is a public body")
    CURRENCY = "currency", _("in another currency than the agreement")
    NOT_DELIVERED = "not_delivered", _("not all of it is delivered")
    NOT_ACCEPTED = "not_accepted", _("refused, rejected or suspended on the platform")
    DISPUTED = "disputed", _("in dispute")
    OVERDUE = "overdue", _("too late already")
    TERM = "term", _("due later than the factor accepts")
    OFFSET = "offset", _("the client has a credit that it may set off")
    INSOLVENT = "insolvent", _("the client is in insolvency proceedings")
    NOT_APPROVED = "not_approved", _("the factor does not take this client")
    BEYOND_APPROVAL = "beyond_approval", _("beyond what the factor approved of this client")
