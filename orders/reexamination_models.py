"""What became of held orders when credit was freed: one row an examination, one an order looked at (design 3.10)."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from accounts.models import CustomerAccount

from .enums import Reexamined


class Reexamination(models.Model):
    """The held orders that share credit with a client, examined again after something freed it.

    ``seen`` is the database's snapshot when it began: an act whose transaction shows in it was taken into account
    (``o2c.shared.snapshots``). Never changed.
    """

    account = models.ForeignKey(CustomerAccount, on_delete=models.PROTECT, related_name="reexaminations")
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField()
    seen = models.TextField()
    examined = models.PositiveIntegerField()
    released = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(released__lte=models.F("examined")), name="reexamination_releases_what_it_saw"
            ),
            models.CheckConstraint(
                condition=Q(ended_at__gte=models.F("began_at")), name="reexamination_ends_after_it_began"
            ),
        ]
        indexes = [models.Index(fields=["account", "began_at"], name="reexamination_by_account")]

    def __str__(self) -> str:
        return f"{self.account_id} {self.began_at:%Y-%m-%d %H:%M:%S}"


class ReexaminedOrder(models.Model):
    """One order of an examination: what was missing before, what is missing now, what became of it.

    Amounts are in the currency of the order's company; ``room`` is what its client could still use without it, None
    where nothing limits it. ``reasons`` are those that keep it.
    """

    reexamination = models.ForeignKey(Reexamination, on_delete=models.PROTECT, related_name="orders")
    order = models.ForeignKey("orders.Order", on_delete=models.PROTECT, related_name="reexamined")
    case = models.ForeignKey("orders.HoldCase", on_delete=models.PROTECT, related_name="reexamined")
    result = models.CharField(max_length=9, choices=Reexamined.choices)
    room_before = models.DecimalField(max_digits=16, decimal_places=2, null=True)
    room = models.DecimalField(max_digits=16, decimal_places=2, null=True)
    missing_before = models.DecimalField(max_digits=14, decimal_places=2)
    missing = models.DecimalField(max_digits=14, decimal_places=2)
    currency = models.CharField(max_length=3)
    reasons = ArrayField(models.CharField(max_length=20), default=list)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["reexamination", "order"], name="reexamined_once"),
            models.CheckConstraint(
                condition=Q(result="released", reasons=[]) | ~Q(result="released") & ~Q(reasons=[]),
                name="reexamined_kept_for_a_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.order_id} {self.result}"
