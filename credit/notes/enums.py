"""The vocabulary of notes on a client."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class NoteKind(models.TextChoices):
    """What a note is; a restricted one is read and written by credit management alone (domain.md 10)."""

    BUSINESS = "BUSINESS", _("Business note")
    MARKET = "MARKET", _("Market information")
    PRESS = "PRESS", pgettext_lazy("note", "Press")
    NEWS = "NEWS", pgettext_lazy("note", "News")
    RESTRICTED = "RESTRICTED", _("Restricted to credit management")


class NoteTopic(models.TextChoices):
    """What market information is about."""

    CUSTOMER_LOST = "CUSTOMER_LOST", _("Loses a big customer")
    MANAGEMENT = "MANAGEMENT", _("Change of management")
    PAYMENT_HABITS = "PAYMENT_HABITS", _("Payment habits seen")
    STRIKE = "STRIKE", _("Strike or closure")
    NEW_SITE = "NEW_SITE", _("New site")
    INVESTMENT = "INVESTMENT", _("Investment")
    COMPETITOR = "COMPETITOR", _("Terms of a competitor")
    TAKEOVER = "TAKEOVER", _("Takeover or merger")
    OTHER = "OTHER", pgettext_lazy("note", "Something else")


class NoteWeight(models.TextChoices):
    """What a note says about the client's credit."""

    GOOD = "GOOD", pgettext_lazy("note", "Good sign")
    NEUTRAL = "NEUTRAL", pgettext_lazy("note", "Neutral")
    WORRYING = "WORRYING", pgettext_lazy("note", "Worrying")


class RiskyKind(models.TextChoices):
    """What a word may say that a note on a client must not hold (domain.md 10)."""

    HEALTH = "HEALTH", _("health")
    FAMILY = "FAMILY", _("family and private life")
    RELIGION = "RELIGION", _("religion")
    POLITICS = "POLITICS", _("politics")
    UNION = "UNION", _("membership of a union")
    ORIGIN = "ORIGIN", _("origin or orientation")
    INSULT = "INSULT", _("insult")
    OPINION = "OPINION", _("opinion")
