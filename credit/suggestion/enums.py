"""The vocabulary of suggested limits."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Bound(models.TextChoices):
    """What bounds a base limit, in the order it is shown (domain.md 4.3)."""

    POLICY_CAP = "policy_cap", _("Cap of the class")
    INSURER = "insurer", _("Insurer’s limit")
    EQUITY = "equity", _("Client’s equity")
    PURCHASES = "purchases", _("What it buys")


class Unknown(models.TextChoices):
    """Why one of them is not known: it drops out."""

    NO_CAP = "no_cap", _("No cap is set for this class.")
    NO_COVER = "no_cover", _("The insurer has given no limit by name.")
    COVER_ASKED = "cover_asked", _("The insurer has not answered yet.")
    COVER_ENDED = "cover_ended", _("The insurer’s limit has ended.")
    NO_STATEMENT = "no_statement", _("No financial statement tells the equity.")
    STATEMENT_OLD = "statement_old", _("The last financial statement is older than eighteen months.")
    NO_RATE = "no_rate", _("There is no exchange rate of this week.")
    NO_PURCHASES = "no_purchases", _("Nothing was invoiced in twelve months.")
    SHORT_HISTORY = "short_history", _("It has been buying for less than three months.")
