"""The vocabulary of orders."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class OrderState(models.TextChoices):
    """States that are stored (design 3.7); what is shown derives from holds and quantities."""

    DRAFT = "DRAFT", _("Draft")
    SUBMITTED = "SUBMITTED", _("Submitted")
    CONFIRMED = "CONFIRMED", _("Confirmed")
    CLOSED = "CLOSED", _("Closed")
    CANCELLED = "CANCELLED", _("Cancelled")
    REFUSED = "REFUSED", _("Refused")


class ShownStatus(models.TextChoices):
    """What people and the API see."""

    DRAFT = "draft", _("Draft")
    ON_HOLD = "on_hold", _("On hold")
    CONFIRMED = "confirmed", _("Confirmed")
    PARTIALLY_DELIVERED = "partially_delivered", _("Partly delivered")
    DELIVERED = "delivered", _("Delivered")
    INVOICED = "invoiced", _("Invoiced")
    CLOSED = "closed", _("Closed")
    CANCELLED = "cancelled", _("Cancelled")
    REFUSED = "refused", _("Refused")


class CaseStatus(models.TextChoices):
    """Life of a hold case (domain.md 5.2)."""

    OPEN = "OPEN", _("To decide")
    IN_NEGOTIATION = "IN_NEGOTIATION", _("In negotiation")
    RELEASED = "RELEASED", _("Released")
    REFUSED = "REFUSED", _("Refused")
    CANCELLED = "CANCELLED", _("Cancelled")
    EXPIRED = "EXPIRED", _("Expired")


class Occasion(models.TextChoices):
    """The transition a check was made for (design 3.7)."""

    SUBMIT = "submit", _("Submission")
    CHANGE = "change", pgettext_lazy("occasion", "Change")
    PRODUCTION = "production", _("Start of production")
    GOODS_ISSUE = "goods_issue", _("Goods issue")
    INVOICE = "invoice", _("Invoicing")
    REEXAMINE = "reexamine", _("New examination")
    RELEASE = "release", _("Release")
    NIGHTLY = "nightly", _("Nightly run")


class ReleaseScope(models.TextChoices):
    """How much a release lets through."""

    ORDER = "order", _("This order")
    AMOUNT = "amount", _("Up to an amount")
