"""Rows behind late-payment interest: the legal rates by half-year."""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from .interest_policy import HalfYear, HalfYearRates


class LegalRate(models.Model):
    """The legal rates of one half-year, in percent; never changed: a correction replaces the row, with a reason.

    The law is the same for every company, so the rows are of none.
    """

    # 1 January or 1 July.
    starts_on = models.DateField(_("half-year"))
    ecb_rate = models.DecimalField(_("rate of the central bank"), max_digits=7, decimal_places=4)
    legal_rate = models.DecimalField(_("legal interest rate"), max_digits=7, decimal_places=4)
    source = models.CharField(_("source"), max_length=300)
    is_assumed = models.BooleanField(_("assumed"), default=False)
    replaces = models.OneToOneField(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="replaced_by"
    )
    reason = models.TextField(_("reason"), blank=True)
    # None of what the product was delivered with.
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    recorded_at = models.DateTimeField()

    class Meta:
        ordering = ["-starts_on", "-pk"]
        constraints = [
            # Each half-year has one first row, and each row one that replaces it at most: so one is in force.
            models.UniqueConstraint(
                fields=["starts_on"], condition=Q(replaces=None), name="one_legal_rate_per_half_year"
            ),
            models.CheckConstraint(
                condition=Q(starts_on__day=1) & (Q(starts_on__month=1) | Q(starts_on__month=7)),
                name="legal_rate_begins_with_a_half_year",
            ),
            models.CheckConstraint(
                condition=Q(ecb_rate__gte=0, ecb_rate__lt=100, legal_rate__gt=0, legal_rate__lt=100),
                name="legal_rate_is_a_percentage",
            ),
            models.CheckConstraint(condition=~Q(source=""), name="legal_rate_has_a_source"),
            models.CheckConstraint(
                condition=Q(replaces=None) | ~Q(reason=""), name="legal_rate_corrected_with_a_reason"
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="legal_rate_append_only", operation=pgtrigger.Update | pgtrigger.Delete),
            pgtrigger.Trigger(
                name="legal_rate_replaces_its_own_half_year",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                condition=pgtrigger.Condition("NEW.replaces_id IS NOT NULL"),
                declare=[("former", "date")],
                func="""
                    SELECT starts_on INTO former FROM invoicing_legalrate WHERE id = NEW.replaces_id;
                    IF former IS DISTINCT FROM NEW.starts_on THEN
                        RAISE EXCEPTION 'the rates of % cannot replace those of %', NEW.starts_on, former
                            USING ERRCODE = 'check_violation', CONSTRAINT = 'legal_rate_replaces_its_own_half_year';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return str(self.half_year)

    @property
    def half_year(self) -> HalfYear:
        """The half-year it is of."""
        return HalfYear.of(self.starts_on)

    @property
    def rates(self) -> HalfYearRates:
        """Its figures, for the rules."""
        return HalfYearRates(self.ecb_rate, self.legal_rate, self.is_assumed)
