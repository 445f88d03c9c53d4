"""Who decides for whom while somebody is away (domain.md 5.4)."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class Substitution(models.Model):
    """The authority of an absent person in one company, lent to a substitute from one day to another, both included.

    Only what the absent person's own roles carry is lent: a substitute passes nothing on. A row is never deleted;
    ``ended_at`` ends it early.
    """

    company = models.ForeignKey("accounts.Company", on_delete=models.PROTECT, related_name="+")
    absent = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="substitutions",
        verbose_name=_("absent"),
    )
    substitute = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="stands_in",
        verbose_name=_("substitute"),
    )
    valid_from = models.DateField(_("from"))
    valid_until = models.DateField(_("until"))
    reason = models.CharField(_("reason"), max_length=300)
    named_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    named_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(substitute=F("absent")), name="substitution_by_somebody_else"
            ),
            models.CheckConstraint(
                condition=Q(valid_until__gte=F("valid_from")), name="substitution_ends_after_start"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="substitution_has_a_reason"),
        ]
        indexes = [
            models.Index(
                fields=["substitute", "valid_until"],
                condition=Q(ended_at=None),
                name="substitution_by_substitute",
            )
        ]

    def __str__(self) -> str:
        return f"{self.substitute_id} for {self.absent_id} until {self.valid_until}"
