"""Limits decided, asked for, and added for some days, each on exactly one of three levels."""

from __future__ import annotations

from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import CustomerAccount, CustomerGroup, LegalEntity

from .enums import Level, LimitKind, RequestStatus
from .signature_policy import TWO_FROM

ONE_TARGET = (
    Q(level=Level.ACCOUNT, account__isnull=False, entity=None, group=None)
    | Q(level=Level.ENTITY, account=None, entity__isnull=False, group=None)
    | Q(level=Level.GROUP, account=None, entity=None, group__isnull=False)
)


class OnOneLevel(models.Model):
    """Base of rows that belong to exactly one account, entity or group."""

    level = models.PositiveSmallIntegerField(_("level"), choices=Level.choices)
    account = models.ForeignKey(
        CustomerAccount, null=True, blank=True, on_delete=models.PROTECT, related_name="%(class)ss"
    )
    entity = models.ForeignKey(
        LegalEntity, null=True, blank=True, on_delete=models.PROTECT, related_name="%(class)ss"
    )
    group = models.ForeignKey(
        CustomerGroup, null=True, blank=True, on_delete=models.PROTECT, related_name="%(class)ss"
    )

    class Meta:
        abstract = True

    @property
    def target(self) -> CustomerAccount | LegalEntity | CustomerGroup:
        """The account, entity or group this row belongs to."""
        found = self.account or self.entity or self.group
        assert found is not None
        return found


class LimitRequest(OnOneLevel):
    """A wish for a limit; decided by somebody with authority who is not the requester."""

    # The account it was asked for: names company and scope also for entity and group levels.
    asked_for = models.ForeignKey(CustomerAccount, on_delete=models.PROTECT, related_name="asked_limits")
    kind = models.CharField(max_length=10, choices=LimitKind.choices)
    amount = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)
    currency = models.CharField(max_length=3)
    valid_from = models.DateField()
    valid_until = models.DateField(null=True, blank=True)
    reason = models.TextField()
    origin_order = models.CharField(max_length=60, blank=True)
    status = models.CharField(max_length=10, choices=RequestStatus.choices, default=RequestStatus.DRAFT)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    submitted_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    # The absent person whose authority a substitute used.
    on_behalf_of = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    # What was granted, where it is not what was asked for.
    granted_amount = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)
    decision_reason = models.TextField(blank=True)
    # The level the decision took, and the authority it was given with.
    required_level = models.PositiveSmallIntegerField(null=True, blank=True)
    decided_level = models.PositiveSmallIntegerField(null=True, blank=True)
    # The second of two approvers, above level 3.
    countersigned_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    # The refused request this one takes to the next level; each is appealed once.
    appeal_of = models.OneToOneField(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="appeal"
    )
    facts = models.JSONField(default=dict)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=ONE_TARGET, name="limit_request_on_one_level"),
            models.CheckConstraint(
                condition=Q(kind="unlimited", amount=None)
                | Q(~Q(kind="unlimited"), amount__isnull=False, amount__gte=0),
                name="limit_request_amount_fits_kind",
            ),
            models.CheckConstraint(
                condition=Q(decided_by=None) | ~Q(decided_by=F("requested_by")),
                name="limit_request_four_eyes",
            ),
            models.CheckConstraint(
                condition=Q(granted_amount=None)
                | Q(~Q(kind="unlimited"), status="approved", granted_amount__gte=0),
                name="limit_request_granted_when_approved",
            ),
            models.CheckConstraint(
                condition=Q(on_behalf_of=None)
                | (Q(decided_by__isnull=False) & ~Q(on_behalf_of=F("requested_by"))),
                name="limit_request_four_eyes_of_the_represented",
            ),
            models.CheckConstraint(
                condition=Q(
                    status__in=["approved", "refused"], decided_by__isnull=False, decided_at__isnull=False
                )
                | Q(~Q(status__in=["approved", "refused"]), decided_by=None),
                name="limit_request_decided_by_somebody",
            ),
            models.CheckConstraint(
                condition=~Q(status="approved")
                | Q(required_level=None)
                | Q(required_level__lt=TWO_FROM)
                | Q(countersigned_by__isnull=False),
                name="limit_request_two_approvers",
            ),
            models.CheckConstraint(
                condition=Q(countersigned_by=None)
                | (
                    Q(status="approved")
                    & ~Q(countersigned_by=F("decided_by"))
                    & ~Q(countersigned_by=F("requested_by"))
                ),
                name="limit_request_countersigned_by_another",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.amount} {self.currency}"

    @property
    def given_amount(self) -> Decimal | None:
        """The amount a decision gives: another one than asked for where the decider said so."""
        return self.amount if self.granted_amount is None else self.granted_amount


class CreditLimit(OnOneLevel):
    """A decided base limit. Never overwritten: a new decision closes the previous one."""

    kind = models.CharField(
        max_length=10,
        choices=[c for c in LimitKind.choices if c[0] != LimitKind.TEMPORARY],
        default=LimitKind.BASE,
    )
    amount = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)
    currency = models.CharField(max_length=3)
    valid_from = models.DateField()
    valid_until = models.DateField()
    next_review_on = models.DateField(null=True, blank=True)
    reason = models.TextField()
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField()
    request = models.OneToOneField(
        LimitRequest, null=True, blank=True, on_delete=models.PROTECT, related_name="granted"
    )
    closed_on = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=ONE_TARGET, name="limit_on_one_level"),
            models.CheckConstraint(
                condition=Q(kind="unlimited", amount=None)
                | Q(kind="base", amount__isnull=False, amount__gte=0),
                name="limit_amount_fits_kind",
            ),
            models.UniqueConstraint(
                fields=["account"],
                condition=Q(closed_on=None, account__isnull=False),
                name="one_open_account_limit",
            ),
            models.UniqueConstraint(
                fields=["entity"],
                condition=Q(closed_on=None, entity__isnull=False),
                name="one_open_entity_limit",
            ),
            models.UniqueConstraint(
                fields=["group"],
                condition=Q(closed_on=None, group__isnull=False),
                name="one_open_group_limit",
            ),
            models.CheckConstraint(
                condition=Q(valid_until__gte=F("valid_from")), name="limit_ends_after_start"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.amount or ''} {self.currency}"


class TemporaryLimit(OnOneLevel):
    """An amount added to the base for some days; it ends by itself at the end of ``valid_until``."""

    amount = models.DecimalField(max_digits=14, decimal_places=2)
    currency = models.CharField(max_length=3)
    valid_from = models.DateField()
    valid_until = models.DateField()
    reason = models.TextField()
    origin_order = models.CharField(max_length=60, blank=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField()
    request = models.OneToOneField(
        LimitRequest, null=True, blank=True, on_delete=models.PROTECT, related_name="granted_temporary"
    )
    closed_on = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=ONE_TARGET, name="temporary_limit_on_one_level"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="temporary_limit_positive"),
            models.CheckConstraint(
                condition=Q(valid_until__gte=F("valid_from")), name="temporary_limit_ends_after_start"
            ),
        ]

    def __str__(self) -> str:
        return f"+{self.amount} {self.currency} until {self.valid_until}"
