"""Where a claim file with the credit insurer stands, and how it ends."""

from __future__ import annotations

from django.db import models
from django.utils.translation import pgettext_lazy


class ClaimStatus(models.TextChoices):
    """Life of a claim file (domain.md 4.6)."""

    THREAT = "THREAT", pgettext_lazy("insurance claim", "Threat of loss told")
    DECLARED = "DECLARED", pgettext_lazy("insurance claim", "Claim declared")
    IN_RECOVERY = "IN_RECOVERY", pgettext_lazy("insurance claim", "The insurer recovers")
    INDEMNIFIED = "INDEMNIFIED", pgettext_lazy("insurance claim", "Indemnified")
    CLOSED = "CLOSED", pgettext_lazy("insurance claim", "Closed")


class ClaimOutcome(models.TextChoices):
    """How a claim file ends."""

    PAID = "PAID", pgettext_lazy("insurance claim", "Paid by the client")
    INDEMNIFIED = "INDEMNIFIED", pgettext_lazy("insurance claim", "Indemnified by the insurer")
    REFUSED = "REFUSED", pgettext_lazy("insurance claim", "Refused by the insurer")
    WITHDRAWN = "WITHDRAWN", pgettext_lazy("insurance claim", "Taken back by us")
