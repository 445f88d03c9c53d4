"""The two approvals of a release above level 3, and what they let through (domain.md 5.4)."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from credit.signature_models import Signature

from .override_models import OverrideRequest


class OverrideSignature(Signature):
    """One of the two approvals of a release above level 3; ``asked_by`` is the order's submitter at that time.

    :ivar terms: how far it goes: ``amount, valid_until, scope, conditions``, empty where the request says it
    :ivar covers: the findings it saw, each with its figures; one that is new or worse ends it
    """

    request = models.ForeignKey(OverrideRequest, on_delete=models.PROTECT, related_name="signatures")
    terms = models.JSONField(default=dict)
    covers = models.JSONField(default=dict)

    class Meta(Signature.Meta):
        abstract = False
        constraints = [
            *Signature.Meta.constraints,
            models.CheckConstraint(
                condition=~Q(signed_by=F("asked_by"))
                & (Q(on_behalf_of=None) | ~Q(on_behalf_of=F("asked_by"))),
                name="overridesignature_not_by_the_submitter",
            ),
        ]
