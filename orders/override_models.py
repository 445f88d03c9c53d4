"""Overrides: somebody asks that a held order may go all the same, somebody else with authority answers."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from credit.models import CreditDecision
from credit.signature_policy import TWO_FROM

from .enums import OverrideStatus


class OverrideRequest(models.Model):
    """A wish that a held order be released, and its answer; a release at once is both in one (``is_direct``).

    ``facts`` is what the check saw when it was asked, ``decision`` what it saw when it was answered.
    """

    order = models.ForeignKey("orders.Order", on_delete=models.PROTECT, related_name="override_requests")
    case = models.ForeignKey("orders.HoldCase", on_delete=models.PROTECT, related_name="override_requests")
    status = models.CharField(max_length=9, choices=OverrideStatus.choices, default=OverrideStatus.OPEN)
    is_direct = models.BooleanField(default=False)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField()
    # The order's submitter at that time: four eyes hold in the database too.
    order_submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    # Up to how much and until when, as asked; empty: the order itself, as long as a release lasts by itself.
    amount = models.DecimalField(_("amount"), max_digits=14, decimal_places=2, null=True, blank=True)
    valid_until = models.DateField(null=True, blank=True)
    reason = models.TextField()
    alternative = models.JSONField(default=dict, blank=True)
    facts = models.ForeignKey(CreditDecision, on_delete=models.PROTECT, related_name="+")
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    # The absent person whose authority a substitute used.
    on_behalf_of = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    decision_reason = models.TextField(blank=True)
    decision = models.ForeignKey(
        CreditDecision, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    # The level the answer took, and the second of two approvers above level 3.
    required_level = models.PositiveSmallIntegerField(null=True, blank=True)
    countersigned_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    # The refused request this one takes to the next level; each is appealed once.
    appeal_of = models.OneToOneField(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="appeal"
    )
    # When it stopped to wait: answered, withdrawn, or without object.
    ended_at = models.DateTimeField(null=True, blank=True)
    # Hash of the body it was asked with: the same wish again is a replay.
    creation_hash = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["order"], condition=Q(status=OverrideStatus.OPEN), name="one_open_override_per_order"
            ),
            models.CheckConstraint(
                condition=Q(decided_by=None)
                | Q(is_direct=True, decided_by=F("requested_by"))
                | (Q(is_direct=False) & ~Q(decided_by=F("requested_by"))),
                name="override_four_eyes",
            ),
            models.CheckConstraint(
                condition=Q(decided_by=None)
                | Q(order_submitted_by=None)
                | ~Q(decided_by=F("order_submitted_by")),
                name="override_not_by_the_submitter",
            ),
            models.CheckConstraint(
                condition=Q(status=OverrideStatus.OPEN, ended_at=None, decided_by=None)
                | Q(
                    status__in=[OverrideStatus.WITHDRAWN, OverrideStatus.EXPIRED],
                    ended_at__isnull=False,
                    decided_by=None,
                )
                | (
                    Q(
                        status__in=[OverrideStatus.APPROVED, OverrideStatus.REFUSED],
                        ended_at__isnull=False,
                        decided_by__isnull=False,
                        decision__isnull=False,
                    )
                    & ~Q(decision_reason="")
                ),
                name="override_decided_by_somebody_with_a_reason",
            ),
            models.CheckConstraint(
                condition=Q(on_behalf_of=None)
                | (
                    Q(decided_by__isnull=False)
                    & ~Q(on_behalf_of=F("requested_by"))
                    & (Q(order_submitted_by=None) | ~Q(on_behalf_of=F("order_submitted_by")))
                ),
                name="override_four_eyes_of_the_represented",
            ),
            models.CheckConstraint(
                condition=~Q(status=OverrideStatus.APPROVED)
                | Q(required_level=None)
                | Q(required_level__lt=TWO_FROM)
                | Q(countersigned_by__isnull=False),
                name="override_two_approvers",
            ),
            models.CheckConstraint(
                condition=Q(countersigned_by=None)
                | (
                    Q(status=OverrideStatus.APPROVED)
                    & ~Q(countersigned_by=F("decided_by"))
                    & ~Q(countersigned_by=F("requested_by"))
                    & (Q(order_submitted_by=None) | ~Q(countersigned_by=F("order_submitted_by")))
                ),
                name="override_countersigned_by_another",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="override_has_a_reason"),
            models.CheckConstraint(
                condition=Q(amount=None) | Q(amount__gte=0), name="override_amount_not_negative"
            ),
        ]
        indexes = [
            models.Index(fields=["order", "-requested_at"], name="override_by_order"),
            models.Index(fields=["decided_by", "-ended_at"], name="override_by_decider"),
        ]

    def __str__(self) -> str:
        return f"{self.order_id} {self.status}"


class OverrideDocument(models.Model):
    """A file somebody joined to an override request: an order of the client, a promise, a photo."""

    request = models.ForeignKey(OverrideRequest, on_delete=models.PROTECT, related_name="documents")
    name = models.CharField(max_length=150)
    content_type = models.CharField(max_length=100)
    size = models.PositiveIntegerField()
    file = models.FileField(upload_to="overrides/%Y/%m/")
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    uploaded_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(size__gt=0), name="override_document_not_empty")]

    def __str__(self) -> str:
        return self.name


class MassDecision(models.Model):
    """One release or refusal of several held orders with one reason; each order is decided on its own."""

    class Act(models.TextChoices):
        RELEASE = "release", _("Release")
        REFUSE = "refuse", pgettext_lazy("act", "Refuse")

    # Made with the form: the same form sent twice is one decision.
    token = models.UUIDField(unique=True)
    company = models.ForeignKey("accounts.Company", on_delete=models.PROTECT, related_name="+")
    act = models.CharField(max_length=7, choices=Act.choices)
    reason = models.TextField()
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(reason=""), name="mass_decision_has_a_reason")]

    def __str__(self) -> str:
        return f"{self.act} {self.decided_at:%Y-%m-%d %H:%M}"


class MassDecisionItem(models.Model):
    """One order of a mass decision and what came of it."""

    class State(models.TextChoices):
        WAITING = "waiting", pgettext_lazy("order", "Waiting")
        DONE = "done", pgettext_lazy("order", "Done")
        STAYS = "stays", pgettext_lazy("order", "Stays on hold")

    decision = models.ForeignKey(MassDecision, on_delete=models.CASCADE, related_name="items")
    order = models.ForeignKey("orders.Order", on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=7, choices=State.choices, default=State.WAITING)
    why = models.TextField(blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["decision", "order"], name="order_once_per_mass_decision"),
            models.CheckConstraint(
                condition=Q(state="waiting", finished_at=None)
                | (~Q(state="waiting") & Q(finished_at__isnull=False)),
                name="mass_item_finished_with_its_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.order_id} {self.state}"
