"""What is checked, how much it weighs, what was found."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Paper(models.TextChoices):
    """A paper of the company."""

    QUOTATION = "quotation", _("Quotation")
    TERMS = "terms", _("Terms of sale")
    DELIVERY_NOTE = "delivery_note", _("Delivery note")
    INVOICE = "invoice", _("Invoice")


class Weight(models.TextChoices):
    """How much a mention is asked for."""

    MUST = "must", _("required by law")
    DEPENDS = "depends", _("required where it applies")
    ADVISED = "advised", _("advised")


class Found(models.TextChoices):
    """What became of looking for a mention."""

    MISSING = "missing", pgettext_lazy("mention", "Missing")
    DOUBTFUL = "doubtful", pgettext_lazy("mention", "Doubtful")
    FOUND = "found", pgettext_lazy("mention", "Found")
