"""Who a client belongs to, as dated rows (design 3.2): its legal entity, that entity's group, its team."""

from __future__ import annotations

from datetime import date, timedelta

from django.db import models
from django.db.models import F, Q

from .enums import TeamRole


class EntityMembership(models.Model):
    """Which legal entity an account belonged to, and when; the open row is the account's ``entity``."""

    account = models.ForeignKey(
        "accounts.CustomerAccount", on_delete=models.CASCADE, related_name="entity_history"
    )
    entity = models.ForeignKey("accounts.LegalEntity", on_delete=models.PROTECT, related_name="+")
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account"], condition=Q(valid_to=None), name="one_open_entity_membership"
            ),
            models.CheckConstraint(
                condition=Q(valid_to=None) | Q(valid_to__gte=F("valid_from")),
                name="entity_membership_ends_after_start",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} in {self.entity_id} from {self.valid_from}"


class GroupMembership(models.Model):
    """Which group a legal entity belonged to, and when."""

    entity = models.ForeignKey("accounts.LegalEntity", on_delete=models.CASCADE, related_name="group_history")
    group = models.ForeignKey("accounts.CustomerGroup", on_delete=models.PROTECT, related_name="+")
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["entity"], condition=Q(valid_to=None), name="one_open_group_membership"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.entity_id} in {self.group_id} from {self.valid_from}"


class TeamMember(models.Model):
    """A person who looks after a client, and in which part; substitutes are further rows with an end."""

    account = models.ForeignKey("accounts.CustomerAccount", on_delete=models.CASCADE, related_name="team")
    user = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="portfolio")
    role = models.CharField(max_length=12, choices=TeamRole.choices)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)
    has_bonus = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "role"],
                condition=Q(valid_to=None, role="sales_rep"),
                name="one_sales_rep_at_a_time",
            ),
            models.UniqueConstraint(
                fields=["account", "role", "user"],
                condition=Q(valid_to=None),
                name="one_open_membership_per_person_and_role",
            ),
            models.CheckConstraint(
                condition=Q(valid_to=None) | Q(valid_to__gte=F("valid_from")),
                name="team_member_ends_after_start",
            ),
            models.CheckConstraint(
                condition=~Q(role="substitute") | Q(valid_to__isnull=False), name="substitute_has_an_end"
            ),
        ]
        indexes = [
            models.Index(fields=["user", "account"], condition=Q(valid_to=None), name="team_portfolio")
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.role} {self.account_id}"

    @property
    def last_day(self) -> date | None:
        """The last day that counts, None for a member who stays."""
        return None if self.valid_to is None else self.valid_to - timedelta(days=1)
