"""Approvals that wait for a second one, of another person and department (domain.md 5.4)."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from .enums import Department, Side
from .limit_models import LimitRequest


class Signature(models.Model):
    """Base of one of the two approvals of a ``request``; ended when what it approved has changed or was refused.

    ``asked_by`` is whoever asked, at that time: four eyes hold in the database too.
    """

    side = models.CharField(max_length=11, choices=Side.choices)
    department = models.CharField(max_length=10, choices=Department.choices)
    # The authority it was given with; 0 of who countersigns.
    level = models.PositiveSmallIntegerField(default=0)
    signed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    # The absent person for whom a substitute signed.
    on_behalf_of = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    reason = models.TextField()
    signed_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True
        constraints = [
            models.UniqueConstraint(
                fields=["request", "side"], condition=Q(ended_at=None), name="%(class)s_once_per_side"
            ),
            models.UniqueConstraint(
                fields=["request", "signed_by"], condition=Q(ended_at=None), name="%(class)s_once_per_person"
            ),
            models.UniqueConstraint(
                fields=["request", "department"],
                condition=Q(ended_at=None),
                name="%(class)s_once_per_department",
            ),
            models.CheckConstraint(
                condition=Q(side=Side.AUTHORITY, department__in=[Department.FINANCE, Department.MANAGEMENT])
                | Q(side=Side.COUNTERSIGN, department__in=[Department.SALES, Department.MANAGEMENT]),
                name="%(class)s_side_of_its_department",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="%(class)s_has_a_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.side} {self.signed_by_id}"


class LimitSignature(Signature):
    """One of the two approvals of a limit above level 3, with what it grants."""

    request = models.ForeignKey(LimitRequest, on_delete=models.PROTECT, related_name="signatures")
    amount = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)
    valid_from = models.DateField()
    valid_until = models.DateField()

    class Meta(Signature.Meta):
        abstract = False
        constraints = [
            *Signature.Meta.constraints,
            models.CheckConstraint(
                condition=~Q(signed_by=F("asked_by"))
                & (Q(on_behalf_of=None) | ~Q(on_behalf_of=F("asked_by"))),
                name="limitsignature_four_eyes",
            ),
        ]
