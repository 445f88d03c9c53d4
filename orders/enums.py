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
    BEFORE_DELIVERY = "before_delivery", _("Day before delivery")
    GOODS_ISSUE = "goods_issue", _("Goods issue")
    INVOICE = "invoice", _("Invoicing")
    REEXAMINE = "reexamine", _("New examination")
    RELEASE = "release", _("Release")
    OVERRIDE = "override", _("Override request")
    NIGHTLY = "nightly", _("Nightly run")
    HORIZON = "horizon", _("Entry into the horizon of orders")


class ReleaseScope(models.TextChoices):
    """How much a release lets through."""

    ORDER = "order", _("This order")
    AMOUNT = "amount", _("Up to an amount")


class Reexamined(models.TextChoices):
    """What became of a held order that was looked at again (design 3.10)."""

    RELEASED = "released", pgettext_lazy("order looked at again", "Released")
    RECONFIRM = "reconfirm", pgettext_lazy("order looked at again", "To be confirmed with the client")
    KEPT = "kept", pgettext_lazy("order looked at again", "Still on hold")


class OverrideStatus(models.TextChoices):
    """Life of an override request (design 3.11)."""

    OPEN = "open", pgettext_lazy("request", "Waiting")
    APPROVED = "approved", pgettext_lazy("request", "Approved")
    REFUSED = "refused", pgettext_lazy("request", "Refused")
    WITHDRAWN = "withdrawn", pgettext_lazy("request", "Withdrawn")
    EXPIRED = "expired", pgettext_lazy("request", "Without object")


class AlternativeKind(models.TextChoices):
    """What somebody offers so that an order may go (domain.md 5.5)."""

    DEPOSIT = "DEPOSIT", _("Deposit on this order")
    EARLY_PAYMENT = "EARLY_PAYMENT", _("Early payment of open invoices")
    OVERDUE_SCHEDULE = "OVERDUE_SCHEDULE", _("Payment plan for what is late")
    SHORTER_TERM = "SHORTER_TERM", _("Shorter term for this order")
    TEMPORARY_LIMIT = "TEMPORARY_LIMIT", _("Temporary raise of the limit")


class ConditionSource(models.TextChoices):
    """What stands behind a condition and tells when it is met."""

    DEPOSIT_REQUEST = "DEPOSIT_REQUEST", _("Deposit asked for")
    PROMISE = "PROMISE", _("Promise to pay")
    LIMIT_REQUEST = "LIMIT_REQUEST", _("Limit request")
    PLAN = "PLAN", _("Payment plan")
    TERM = "TERM", _("Term of the order")


class ConditionStatus(models.TextChoices):
    """What became of a condition."""

    OPEN = "OPEN", pgettext_lazy("condition", "Expected")
    MET = "MET", pgettext_lazy("condition", "Met")
    BROKEN = "BROKEN", pgettext_lazy("condition", "Not kept")
    WITHDRAWN = "WITHDRAWN", pgettext_lazy("condition", "Withdrawn")


class ConditionalStatus(models.TextChoices):
    """What became of a release that waits for its conditions."""

    WAITING = "WAITING", pgettext_lazy("release", "Waits for its conditions")
    DONE = "DONE", pgettext_lazy("release", "Took effect")
    VOID = "VOID", pgettext_lazy("release", "Without effect")


class EvidenceChannel(models.TextChoices):
    """How the client's order reached us."""

    EMAIL = "email", _("E-mail")
    MAIL = "mail", _("Post")
    EDI = "edi", "EDI"
    PORTAL = "portal", _("Client's portal")
    PHONE = "phone", _("Phone, confirmed in writing")
    ON_SITE = "on_site", _("Signed on site")


class QuotationState(models.TextChoices):
    """Life of a quotation; an accepted one still has to become an order."""

    DRAFT = "DRAFT", pgettext_lazy("quotation", "Draft")
    SENT = "SENT", pgettext_lazy("quotation", "Sent")
    ACCEPTED = "ACCEPTED", pgettext_lazy("quotation", "Accepted")
    REFUSED = "REFUSED", pgettext_lazy("quotation", "Declined")
    EXPIRED = "EXPIRED", pgettext_lazy("quotation", "Run out")
    ORDERED = "ORDERED", pgettext_lazy("quotation", "Ordered")
