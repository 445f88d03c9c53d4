"""How a client approves and pays what it owes (features A6)."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from .circuit_policy import Circuit


class PaymentCircuit(models.Model):
    """A client's own way from the invoice to the payment, as it told us.

    :ivar validator: who approves an invoice there
    :ivar portal: where it wants invoices put, beside or instead of mail
    :ivar cut_off_day: what comes after this day of the month is paid with the runs of the next one
    :ivar run_days: days of the month on which it pays, 31 for the last
    :ivar references: what an invoice must carry to be approved
    """

    account = models.OneToOneField(
        "accounts.CustomerAccount", primary_key=True, on_delete=models.CASCADE, related_name="circuit"
    )
    validator = models.CharField(_("who approves invoices"), max_length=200, blank=True)
    portal = models.CharField(_("portal for invoices"), max_length=200, blank=True)
    cut_off_day = models.PositiveSmallIntegerField(_("cut-off day"), null=True, blank=True)
    run_days = ArrayField(
        models.PositiveSmallIntegerField(), verbose_name=_("payment-run days"), default=list, blank=True
    )
    references = models.CharField(_("references an invoice must carry"), max_length=200, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(cut_off_day=None) | Q(cut_off_day__gte=1, cut_off_day__lte=31),
                name="cut_off_on_a_day_of_the_month",
            ),
            models.CheckConstraint(
                condition=Q(run_days__contained_by=list(range(1, 32))), name="runs_on_days_of_the_month"
            ),
            models.CheckConstraint(
                condition=Q(cut_off_day=None) | Q(run_days__len__gt=0), name="cut_off_with_its_runs"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.run_days}"

    @property
    def runs(self) -> Circuit:
        """Its payment runs, as the rule takes them."""
        return Circuit(tuple(self.run_days), self.cut_off_day)
