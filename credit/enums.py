"""The vocabulary of credit."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Level(models.IntegerChoices):
    """Levels a limit may sit on, in the order their locks are taken (design 3.4)."""

    GROUP = 1, _("group")
    ENTITY = 2, _("legal entity")
    ACCOUNT = 3, _("account")

    @property
    def word(self) -> str:
        """The name the API uses."""
        return {1: "group", 2: "entity", 3: "account"}[self.value]

    @classmethod
    def from_word(cls, word: str) -> Level:
        """:raises KeyError: for another word."""
        return {"group": cls.GROUP, "entity": cls.ENTITY, "account": cls.ACCOUNT}[word]


class LimitKind(models.TextChoices):
    """What a decision on a limit gives."""

    BASE = "base", _("Base limit")
    TEMPORARY = "temporary", _("Temporary raise")
    UNLIMITED = "unlimited", _("Unlimited")


class RequestStatus(models.TextChoices):
    """Life of a limit request (domain.md 4.3)."""

    DRAFT = "draft", _("Draft")
    SUBMITTED = "submitted", _("Waiting for a decision")
    APPROVED = "approved", _("Granted")
    REFUSED = "refused", _("Refused")
    EXPIRED = "expired", _("Expired")


class Side(models.TextChoices):
    """For what one of two approvers signs (domain.md 5.4)."""

    AUTHORITY = "authority", _("Authority")
    COUNTERSIGN = "countersign", _("Countersignature")


class Department(models.TextChoices):
    """Whom an approver speaks for; the management stands above both others."""

    FINANCE = "finance", _("Finance")
    SALES = "sales", pgettext_lazy("department", "Sales")
    MANAGEMENT = "management", _("Management")


class Severity(models.TextChoices):
    """What a finding does to an order."""

    WARN = "warn", _("Warning")
    HOLD = "hold", _("Hold")


class Verdict(models.TextChoices):
    """The answer of a credit check."""

    ACCEPT = "accept", _("Accepted")
    WARN = "warn", _("Accepted with warnings")
    HOLD = "hold", _("On hold")


class Finding(models.TextChoices):
    """Reasons a check may give (``HoldReason`` of domain.md 5.1)."""

    OVER_LIMIT = "OVER_LIMIT", _("Over limit")
    NO_LIMIT = "NO_LIMIT", _("No credit limit")
    REVIEW_EXPIRED = "REVIEW_EXPIRED", _("Limit expired")
    OVERDUE_DAYS = "OVERDUE_DAYS", _("Late items")
    OVERDUE_AMOUNT = "OVERDUE_AMOUNT", _("Overdue amount")
    BROKEN_PROMISE = "BROKEN_PROMISE", _("Broken promise")
    DISPUTE_OPEN = "DISPUTE_OPEN", _("Open disputes")
    UNPAID_INSTRUMENT = "UNPAID_INSTRUMENT", _("Returned payment")
    PART_LIMIT = "PART_LIMIT", _("Over a sub-limit")
    INSURANCE_STOP = "INSURANCE_STOP", _("Insurer")
    ACCOUNT_BLOCKED = "ACCOUNT_BLOCKED", _("Account blocked")
    TERMS_CHANGED = "TERMS_CHANGED", _("Longer terms")
    INSOLVENCY = "INSOLVENCY", _("Insolvency")
    UNUSUAL_ORDER = "UNUSUAL_ORDER", _("Unusual order")
    NEW_ACCOUNT = "NEW_ACCOUNT", _("New account")
    DEPOSIT_MISSING = "DEPOSIT_MISSING", _("Deposit missing")
    COMPLIANCE = "COMPLIANCE", _("Compliance")
    PO_MISMATCH = "PO_MISMATCH", _("Purchase order differs")
    EVIDENCE_MISSING = "EVIDENCE_MISSING", _("Evidence missing")
    RATE_MISSING = "RATE_MISSING", _("Exchange rate missing")
    RECONFIRM = "RECONFIRM", _("To reconfirm with the client")
    MANUAL = "MANUAL", _("Held by hand")


class LimitedPart(models.TextChoices):
    """Kinds of risk that may have a limit of their own."""

    ORDERS = "open_orders", _("Confirmed orders")
    DELIVERED = "delivered_not_invoiced", _("Delivered, not invoiced")
    NOT_DUE = "not_due", _("Invoices not due")
    OVERDUE = "overdue", _("Overdue")


class CoverStatus(models.TextChoices):
    """What the insurer says of a buyer (domain.md 4.6)."""

    REQUESTED = "REQUESTED", pgettext_lazy("cover", "Requested")
    ACTIVE = "ACTIVE", pgettext_lazy("cover", "Granted")
    PARTIAL = "PARTIAL", pgettext_lazy("cover", "Granted in part")
    REFUSED = "REFUSED", pgettext_lazy("cover", "Refused")
    REDUCED = "REDUCED", pgettext_lazy("cover", "Reduced")
    CANCELLED = "CANCELLED", pgettext_lazy("cover", "Cancelled")
    EXPIRED = "EXPIRED", pgettext_lazy("cover", "Expired")


class LegalNoticeKind(models.TextChoices):
    """What the official gazette says of a legal entity (BODACC; domain.md 4.5)."""

    SAFEGUARD = "SAFEGUARD", _("Safeguard proceedings")
    RECEIVERSHIP = "RECEIVERSHIP", _("Receivership")
    LIQUIDATION = "LIQUIDATION", _("Liquidation")
    PLAN = "PLAN", pgettext_lazy("legal notice", "Plan adopted")
    SALE = "SALE", pgettext_lazy("legal notice", "Sale of the business")
    DISSOLUTION = "DISSOLUTION", pgettext_lazy("legal notice", "Dissolution")


class GuaranteeKind(models.TextChoices):
    """What secures a client's debts (domain.md 4.1, G1)."""

    BANK = "BANK", _("Bank guarantee")
    PLEDGE = "PLEDGE", _("Pledge")
    RETAINED = "RETAINED", _("Retained deposit")


class FactorWord(models.TextChoices):
    """What a factor says of a debtor (domain.md 4.7)."""

    APPROVED = "APPROVED", pgettext_lazy("factor", "Approved")
    REDUCED = "REDUCED", pgettext_lazy("factor", "Reduced")
    REFUSED = "REFUSED", pgettext_lazy("factor", "Refused")
    CANCELLED = "CANCELLED", pgettext_lazy("factor", "Cancelled")


class AlertKind(models.TextChoices):
    """What somebody must look at although no order asks (domain.md 4.5)."""

    BLOCK_AHEAD = "BLOCK_AHEAD", _("Orders will be held")
    UTILISATION = "UTILISATION", _("Use of the limit")
    OVERDUE = "OVERDUE", _("Long overdue")
    DELAY_TREND = "DELAY_TREND", _("Pays later and later")
    UNUSUAL_ORDER = "UNUSUAL_ORDER", pgettext_lazy("alert", "Unusual order")
    NEW_DISPUTE = "NEW_DISPUTE", _("Large new dispute")
    COVER_CHANGE = "COVER_CHANGE", _("Insurer changed its cover")
    DECLARATION = "DECLARATION", _("To declare to the insurer")
    INDEMNITY_DUE = "INDEMNITY_DUE", _("Indemnity is due")
    LIMITATION = "LIMITATION", _("Limitation comes near")
    # What asks to look at a limit again (domain.md 4.3).
    REVIEW_DUE = "REVIEW_DUE", _("Limit to be reviewed")
    SCORE_FALL = "SCORE_FALL", _("Score fell")
    BROKEN_PROMISE = "BROKEN_PROMISE", pgettext_lazy("alert", "Broken promise")
    FIRST_OVERDUE = "FIRST_OVERDUE", _("Overdue by more than 30 days")
    INSOLVENT = "INSOLVENT", _("Insolvency proceedings")
    GROWTH = "GROWTH", _("Exposure grows fast")
    DISPLEASED = "DISPLEASED", _("Not content with us")
    GUARANTEE_END = "GUARANTEE_END", _("Guarantee ends")
    LEGAL_NOTICE = "LEGAL_NOTICE", _("Legal notice")
    CLIENT_NOTE = "CLIENT_NOTE", _("Worrying note")
    CLAIM_FILING = "CLAIM_FILING", _("Claim to file")
    TITLE_CLAIM = "TITLE_CLAIM", _("Goods to claim back")
    FROZEN_PAYMENT = "FROZEN_PAYMENT", _("Money for a frozen debt")
    # What is sold to a factor (domain.md 4.7).
    SOLD_DISPUTED = "SOLD_DISPUTED", _("Sold and in dispute")
    TO_PASS_ON = "TO_PASS_ON", _("To pass on to the factor")


class AlertStatus(models.TextChoices):
    """Life of an alert."""

    OPEN = "OPEN", pgettext_lazy("alert", "To do")
    ANSWERED = "ANSWERED", pgettext_lazy("alert", "Answered")
    PASSED = "PASSED", pgettext_lazy("alert", "Gone by itself")


class AlertOutcome(models.TextChoices):
    """What was done about an alert."""

    CLIENT_CALLED = "CLIENT_CALLED", _("Client called")
    PAYMENT_AGREED = "PAYMENT_AGREED", _("Payment agreed")
    LIMIT_ASKED = "LIMIT_ASKED", _("Another limit asked for")
    WATCHED = "WATCHED", _("Client watched")
    FILED = "FILED", pgettext_lazy("alert outcome", "Filed")
    NO_ACTION = "NO_ACTION", _("Nothing to do")
