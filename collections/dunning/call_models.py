"""Calls: what a client said when somebody asked for the money (domain.md 6.2)."""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Company, CustomerAccount, User, documents_of
from disputes.models import Dispute

from .enums import CallOutcome, DelayReason
from .promise_models import PromiseToPay


class CallQuerySet(models.QuerySet["Call"]):
    """Chainable readings of calls."""

    def visible_to(self, user: User, company: Company | None = None) -> CallQuerySet:
        """Calls with the clients this user may see."""
        return self.filter(documents_of(user, company))


class Call(models.Model):
    """One call with its outcome. Never changed: what came of it stands in the promise or the dispute.

    :ivar next_date: until then the client stands in nobody's work list
    :ivar pooled_with: the call it was one with; satisfaction stands with that one alone
    :ivar satisfaction: 1 to 5, as the client put it
    """

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    account = models.ForeignKey(CustomerAccount, on_delete=models.PROTECT, related_name="calls")
    outcome = models.CharField(_("outcome"), max_length=13, choices=CallOutcome.choices)
    reason = models.CharField(
        _("reason of the delay"), max_length=12, choices=DelayReason.choices, blank=True
    )
    spoke_to = models.CharField(_("spoke to"), max_length=120, blank=True)
    note = models.TextField(_("note"), blank=True)
    next_date = models.DateField(_("next contact"), null=True, blank=True)
    satisfaction = models.PositiveSmallIntegerField(_("satisfaction"), null=True, blank=True)
    topic = models.CharField(_("topic"), max_length=80, blank=True)
    promise = models.ForeignKey(
        PromiseToPay, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    dispute = models.ForeignKey(Dispute, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    # The call about the first site, where one call was about several of a legal entity.
    pooled_with = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="sites"
    )
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()

    objects = CallQuerySet.as_manager()

    class Meta:
        ordering = ["-made_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(satisfaction=None) | Q(satisfaction__gte=1, satisfaction__lte=5),
                name="call_satisfaction_one_to_five",
            ),
            models.CheckConstraint(
                condition=Q(outcome="promise", promise__isnull=False)
                | ~Q(outcome="promise") & Q(promise=None),
                name="call_promises_with_its_promise",
            ),
        ]
        indexes = [
            models.Index(
                fields=["pooled_with"], condition=Q(pooled_with__isnull=False), name="call_of_several_sites"
            ),
            models.Index(fields=["account", "-made_at"], name="call_by_account"),
            models.Index(fields=["company", "-made_at"], name="call_by_company"),
        ]
        triggers = [pgtrigger.Protect(name="call_append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.account_id} {self.outcome}"

    @property
    def badge(self) -> str:
        """How its outcome is shown (``o2c.shared.badges``)."""
        return f"call_{self.outcome}"
