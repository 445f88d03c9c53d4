"""The vocabulary of collections."""

from __future__ import annotations

from typing import Final

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class PromiseStatus(models.TextChoices):
    """What became of a promise to pay (domain.md 6.5)."""

    OPEN = "OPEN", pgettext_lazy("promise", "Open")
    KEPT = "KEPT", pgettext_lazy("promise", "Kept")
    PARTIAL = "PARTIAL", pgettext_lazy("promise", "Kept in part")
    BROKEN = "BROKEN", pgettext_lazy("promise", "Broken")
    CANCELLED = "CANCELLED", pgettext_lazy("promise", "Cancelled")


class PromiseChannel(models.TextChoices):
    """How the client gave its word."""

    CALL = "call", _("Call")
    EMAIL = "email", _("E-mail")
    MEETING = "meeting", _("Meeting")
    LETTER = "letter", _("Letter")
    BANK = "bank", _("With a payment that is too small")
    LINK = "link", _("The client's own page")


class PlanStatus(models.TextChoices):
    """Where a payment plan stands (domain.md 6.6)."""

    DRAFT = "DRAFT", pgettext_lazy("plan", "Draft")
    SENT = "SENT", pgettext_lazy("plan", "Sent, not signed yet")
    SIGNED = "SIGNED", pgettext_lazy("plan", "Signed, to be approved")
    ACTIVE = "ACTIVE", pgettext_lazy("plan", "Running")
    BROKEN = "BROKEN", pgettext_lazy("plan", "Broken")
    COMPLETED = "COMPLETED", pgettext_lazy("plan", "Completed")
    CANCELLED = "CANCELLED", pgettext_lazy("plan", "Cancelled")


# What a plan can have become; its history ends there.
PLAN_ENDED: Final = ("BROKEN", "COMPLETED", "CANCELLED")
# Until the client has signed, it can be sent, signed or dropped.
PLAN_UNSIGNED: Final = (PlanStatus.DRAFT, PlanStatus.SENT)


class StepChannel(models.TextChoices):
    """How a step reaches the client (domain.md 6.1)."""

    EMAIL = "email", _("E-mail")
    LETTER = "letter", pgettext_lazy("channel", "Letter")
    REGISTERED = "registered", _("Registered letter")
    POST = "post", _("Letter by the posting service")
    SMS = "sms", _("Text message")
    CALL = "call", pgettext_lazy("channel", "Call")
    FILE = "file", _("File for hand-over")


class StepOwner(models.TextChoices):
    """Who stands behind a step: sales administration first, then credit management, then the finance director."""

    ADV = "adv", _("Sales administration")
    CREDIT = "credit", _("Credit management")
    FINANCE = "finance", _("Finance director")


class RunStatus(models.TextChoices):
    """Where a run stands."""

    PROPOSED = "proposed", pgettext_lazy("run", "Proposed")
    REVIEWED = "reviewed", pgettext_lazy("run", "Reviewed")
    SENT = "sent", pgettext_lazy("run", "Sent")


class ReminderStatus(models.TextChoices):
    """Where a reminder stands; a call is asked for and then made, everything else leaves by itself."""

    PROPOSED = "proposed", pgettext_lazy("reminder", "Proposed")
    APPROVED = "approved", pgettext_lazy("reminder", "Approved")
    SENT = "sent", pgettext_lazy("reminder", "Sent")
    TO_CALL = "to_call", pgettext_lazy("reminder", "To call")
    CALLED = "called", pgettext_lazy("reminder", "Called")
    DROPPED = "dropped", pgettext_lazy("reminder", "Dropped")
    NO_CONTACT = "no_contact", pgettext_lazy("reminder", "Nobody to send it to")


class Unreached(models.TextChoices):
    """Why a reminder reaches nobody, as the contacts and the address of the client stand."""

    NO_EMAIL = "no_email", _("Nobody at the client’s has an e-mail address")
    NO_NUMBER = "missing", _("Nobody at the client’s has a telephone number")
    NOT_A_NUMBER = "not_a_number", _("This is no telephone number")
    NOT_A_MOBILE = "not_a_mobile", _("This is no mobile number")
    NO_STREET = "no_street", _("The street of the client’s address is missing")
    NO_CITY = "no_city", _("The town of the client’s address is missing")
    NO_POSTCODE = "no_postcode", _("The postcode of the client’s address is missing")
    BAD_POSTCODE = "bad_postcode", _("A French postcode has five digits")
    TOO_LONG = "too_long", _("The address does not fit into six lines of 38 signs")
    CAME_BACK = "came_back", _("What was sent there came back")


class Exclusion(models.TextChoices):
    """Why an item is not reminded of (domain.md 6.2); the first that applies is named."""

    INSOLVENCY = "insolvency", _("frozen by insolvency proceedings")
    STOPPED = "stopped", _("reminders are stopped")
    FACTORED = "factored", _("sold to the factor, which reminds the client")
    DISPUTED = "disputed", _("in dispute")
    PROMISED = "promised", _("promised, its day has not passed")
    HANDED_OVER = "handed_over", _("handed over to an agency, an officer or the court")
    PLAN = "payment_plan", _("in a payment plan that is respected")
    EINVOICE = "einvoice", _("refused, rejected or suspended on the platform")
    SETTLED = "settled", _("nothing is open any more")
    PROPOSED_PAYMENT = "payment_proposed", _("a payment that came in settles it")
    CREDIT_BALANCE = "credit_balance", _("covered by credits on the account")
    TOO_SMALL = "too_small", _("too small")
    IN_GRACE = "in_grace", _("within the days of grace")
    MINIMUM_GAP = "minimum_gap", _("reminded too recently")
    CONTACT_CAP = "contact_cap", _("contacted as often as the scenario allows within thirty days")


class CallOutcome(models.TextChoices):
    """What came of a call."""

    PROMISE = "promise", pgettext_lazy("call", "Promise")
    DISPUTE = "dispute", pgettext_lazy("call", "Dispute")
    NOT_RECEIVED = "not_received", _("Invoice not received")
    NOT_REACHED = "not_reached", _("Not reached")
    WRONG_CONTACT = "wrong_contact", _("Wrong contact")
    OTHER = "other", pgettext_lazy("call", "Something else")


class CallTopic(models.TextChoices):
    """What a client was content with or not (domain.md 7.5)."""

    DELIVERY = "delivery", pgettext_lazy("topic", "Delivery")
    QUALITY = "quality", pgettext_lazy("topic", "Quality")
    PRICE = "price", pgettext_lazy("topic", "Price")
    INVOICE = "invoice", pgettext_lazy("topic", "Invoices")
    SERVICE = "service", pgettext_lazy("topic", "Answers and contact")
    OTHER = "other", pgettext_lazy("topic", "Something else")


class DelayReason(models.TextChoices):
    """Why the money has not come, in the client's words."""

    CASH = "cash", _("short of cash")
    APPROVAL = "approval", _("approval missing")
    NOT_RECEIVED = "not_received", _("invoice not received")
    DISPUTE = "dispute", pgettext_lazy("delay", "in dispute")
    ERROR = "error", _("error on their side")
    REFUSES = "refuses", _("refuses to pay")


class HandOverTo(models.TextChoices):
    """Who takes a debt over (domain.md 6.1, step 6)."""

    AGENCY = "agency", pgettext_lazy("hand-over", "Collection agency")
    OFFICER = "officer", pgettext_lazy("hand-over", "Commissaire de justice")
    COURT = "court", pgettext_lazy("hand-over", "Court, lawyer")


class LegalRoute(models.TextChoices):
    """How a debt is claimed once letters have failed; ``handover_policy.ROUTES`` says what to know of each."""

    AMICABLE = "amicable", _("Amicable collection")
    UNCONTESTED = "uncontested", _("Uncontested commercial debt")
    SMALL_CLAIM = "small_claim", _("Small claims")
    INJUNCTION = "injunction", _("Order to pay (injonction de payer)")
    SUMMARY = "summary", _("Summary proceedings (référé-provision)")
    ASSIGNMENT = "assignment", _("Assignment on the merits")


class HandOverOutcome(models.TextChoices):
    """How a hand-over ends."""

    PAID = "paid", pgettext_lazy("hand-over", "Paid")
    PART_PAID = "part_paid", pgettext_lazy("hand-over", "Paid in part")
    IRRECOVERABLE = "irrecoverable", pgettext_lazy("hand-over", "Irrecoverable")
    TAKEN_BACK = "taken_back", pgettext_lazy("hand-over", "Taken back")


class Interruption(models.TextChoices):
    """What starts the limitation of a debt anew."""

    ACKNOWLEDGED = "acknowledged", _("acknowledged by the client")
    COURT = "court", _("claimed in court")
    ENFORCED = "enforced", _("protective or enforcement measure")


class RelayLevel(models.TextChoices):
    """Who calls, and who after them (domain.md 6.1)."""

    ADV = "adv", pgettext_lazy("relay", "Sales administration")
    ACCOUNTANT = "accountant", pgettext_lazy("relay", "Receivables accountant")
    CREDIT = "credit", pgettext_lazy("relay", "Credit management")
    FINANCE = "finance", pgettext_lazy("relay", "Finance director")
    EXECUTIVE = "executive", pgettext_lazy("relay", "Chief executive")
