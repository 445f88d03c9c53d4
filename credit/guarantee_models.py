"""What secures a client's debts beside the insurer (domain.md 4.1, G1)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import CustomerAccount
from o2c.shared.money import round_cents

from .enums import GuaranteeKind
from .limit_models import ONE_TARGET, OnOneLevel


class Guarantee(OnOneLevel):
    """A security on one level: it lowers what nobody covers of the exposure there, never what may still be used.

    Entered by one person, it counts once another has confirmed it against the document. Its terms are never changed:
    other terms are another guarantee, and the older one ends.
    """

    # The client it was entered for: names company and scope also for entity and group levels.
    given_for = models.ForeignKey(CustomerAccount, on_delete=models.PROTECT, related_name="guarantees_given")
    kind = models.CharField(max_length=14, choices=GuaranteeKind.choices)
    guarantor = models.CharField(_("guarantor"), max_length=120)
    reference = models.CharField(_("reference"), max_length=60)
    amount = models.DecimalField(_("amount"), max_digits=14, decimal_places=2)
    currency = models.CharField(max_length=3)
    # The share of the face amount that counts.
    haircut_pct = models.DecimalField(max_digits=5, decimal_places=2, default=100)
    # One that the credit policy does not accept is kept, shown, and counts for nothing.
    is_eligible = models.BooleanField(default=True)
    valid_from = models.DateField()
    valid_until = models.DateField(null=True, blank=True)
    file = models.FileField(upload_to="guarantees/%Y/%m/")
    file_name = models.CharField(max_length=150)
    content_type = models.CharField(max_length=100)
    recorded_at = models.DateTimeField()
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    confirmed_at = models.DateTimeField(null=True, blank=True)
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    # The absent person whose right a substitute used.
    on_behalf_of = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    # The first day on which it counts no more: refused, given back, called.
    ended_on = models.DateField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    end_reason = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=ONE_TARGET, name="guarantee_on_one_level"),
            models.CheckConstraint(
                condition=Q(kind__in=GuaranteeKind.values), name="guarantee_kind_is_known"
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="guarantee_is_something"),
            models.CheckConstraint(
                condition=Q(haircut_pct__gt=0, haircut_pct__lte=100), name="guarantee_share_of_a_hundred"
            ),
            models.CheckConstraint(
                condition=Q(valid_until=None) | Q(valid_until__gte=F("valid_from")),
                name="guarantee_ends_after_start",
            ),
            models.CheckConstraint(
                condition=Q(confirmed_at=None, confirmed_by=None)
                | (
                    Q(confirmed_at__isnull=False, confirmed_by__isnull=False)
                    & ~Q(confirmed_by=F("recorded_by"))
                ),
                name="guarantee_four_eyes",
            ),
            models.CheckConstraint(
                condition=Q(on_behalf_of=None)
                | (Q(confirmed_by__isnull=False) & ~Q(on_behalf_of=F("recorded_by"))),
                name="guarantee_four_eyes_of_the_represented",
            ),
            models.CheckConstraint(
                condition=Q(ended_on=None, ended_at=None, ended_by=None, end_reason="")
                | (
                    Q(ended_on__isnull=False, ended_at__isnull=False, ended_by__isnull=False)
                    & ~Q(end_reason="")
                ),
                name="guarantee_ended_by_somebody_with_a_reason",
            ),
            models.UniqueConstraint(
                fields=["given_for", "reference"],
                condition=Q(ended_on=None),
                name="one_guarantee_per_reference",
            ),
        ]
        indexes = [models.Index(fields=["given_for", "-recorded_at"], name="guarantee_of_client")]

    def __str__(self) -> str:
        return f"{self.kind} {self.reference} {self.amount} {self.currency}"

    def state_on(self, day: date) -> str:
        """Where it stands on a day: one of ``guarantee_queries.STATES``."""
        if self.ended_on is not None and self.ended_on <= day:
            return "ended"
        if self.confirmed_at is None:
            return "waiting"
        if self.valid_until is not None and self.valid_until < day:
            return "expired"
        if self.valid_from > day:
            return "later"
        return "counts" if self.is_eligible else "not_eligible"

    @property
    def badge(self) -> str:
        """The badge of where it stands today."""
        return f"guarantee_{self.state_on(timezone.localdate())}"

    @property
    def counts(self) -> Decimal:
        """What it counts for while it is in force, in its own currency (face amount x share, domain.md 4.1)."""
        return round_cents(self.amount * self.haircut_pct / 100) if self.is_eligible else Decimal(0)
