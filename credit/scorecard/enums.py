"""The vocabulary of the scorecard."""

from __future__ import annotations

from enum import StrEnum

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Block(models.TextChoices):
    """What a score is made of, in the order it is shown (domain.md 4.8)."""

    PAYMENT = "payment_behaviour", _("Payment behaviour")
    STATEMENTS = "financial_statements", _("Financial statements")
    EXTERNAL = "external_rating_and_cover", _("External rating and cover")
    AGE = "age_and_stability", _("Age and stability")
    DISPUTES = "order_and_dispute_profile", _("Orders and disputes")


class InsurerAnswer(StrEnum):
    """What the credit insurer answers for a buyer."""

    FULL = "full"
    PARTIAL = "partial"
    REFUSED = "refused"


class RatingScale(models.TextChoices):
    """Whose rating it is: each has its own scale."""

    BDF = "bdf", _("Banque de France")
    BUREAU = "bureau", _("Bureau (0 to 100)")


class Change(models.TextChoices):
    """What of a legal entity changed."""

    CONTROL = "control", _("Change of control")
    ADDRESS = "address", _("Change of address")


class StatementSource(models.TextChoices):
    """How the figures of a year came in."""

    ENTERED = "entered", pgettext_lazy("statement", "Entered")
    IMPORTED = "imported", pgettext_lazy("statement", "Imported")


class OverrideCause(models.TextChoices):
    """Why a class is set against the score (domain.md 4.8; RGPD article 22 for the review)."""

    INSOLVENCY = "insolvency", _("Insolvency proceedings")
    JUDGEMENT = "judgement", _("What the score cannot know")
    REVIEW = "review", _("Review asked for by a natural person")


class OverrideStatus(models.TextChoices):
    """Life of a class set by decision."""

    ASKED = "asked", pgettext_lazy("class override", "Waiting for a decision")
    APPROVED = "approved", pgettext_lazy("class override", "In force")
    REFUSED = "refused", pgettext_lazy("class override", "Refused")
    ENDED = "ended", pgettext_lazy("class override", "Ended")
    LAPSED = "lapsed", pgettext_lazy("class override", "Ended without an answer")
