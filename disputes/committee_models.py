"""The dispute committee: who sits in it, its sittings, what it decides, and the minutes (domain.md 7.3)."""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from accounts.models import Company

from .enums import CommitteeState, Department, DisputeOutcome

_CLOSED = "closed"


class CommitteeMember(models.Model):
    """Somebody who sits in a company's committee, for a department, from a day to a day."""

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    department = models.CharField(max_length=10, choices=Department.choices)
    is_chair = models.BooleanField(default=False)
    since = models.DateField()
    # The first day they no longer sit in it.
    until = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["company", "user"], condition=Q(until=None), name="committee_member_once"
            ),
            models.UniqueConstraint(
                fields=["company"], condition=Q(until=None, is_chair=True), name="committee_one_chair"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.department}"


class Committee(models.Model):
    """One sitting: planned, then held, then closed with its minutes, which nobody changes any more."""

    company = models.ForeignKey(Company, on_delete=models.PROTECT, related_name="committees")
    held_on = models.DateField()
    starts_at = models.TimeField()
    state = models.CharField(max_length=7, choices=CommitteeState.choices, default=CommitteeState.PLANNED)
    planned_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    minutes = models.FileField(upload_to="committees/%Y/", blank=True)
    sha256 = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["company", "held_on"], name="one_committee_a_day"),
            models.CheckConstraint(
                condition=Q(state=_CLOSED, closed_at__isnull=False, closed_by__isnull=False)
                & ~Q(minutes="")
                & ~Q(sha256="")
                | (~Q(state=_CLOSED) & Q(closed_at=None, closed_by=None, minutes="", sha256="")),
                name="committee_closed_with_minutes",
            ),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="committee_closed_for_good",
                when=pgtrigger.Before,
                operation=pgtrigger.Update | pgtrigger.Delete,
                condition=pgtrigger.Condition(f"OLD.state = '{_CLOSED}'"),
                func="""
                    RAISE EXCEPTION 'the minutes of committee % are validated', OLD.id
                        USING ERRCODE = 'check_violation', CONSTRAINT = 'committee_closed_for_good';
                """,
            )
        ]

    def __str__(self) -> str:
        return f"{self.held_on}"

    def get_absolute_url(self) -> str:
        """The page of the sitting."""
        return reverse("disputes:committee", args=[self.pk])


class Attendance(models.Model):
    """A member who is there, with the department they speak for."""

    committee = models.ForeignKey(Committee, on_delete=models.PROTECT, related_name="attendances")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    department = models.CharField(max_length=10, choices=Department.choices)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["committee", "user"], name="attendance_once_per_committee")
        ]

    def __str__(self) -> str:
        return f"{self.committee_id} {self.user_id}"


class CommitteeDecision(models.Model):
    """What a sitting decided of a case: the outcome, who acts, what, by when, who accepted the date, any objection."""

    committee = models.ForeignKey(Committee, on_delete=models.PROTECT, related_name="decisions")
    dispute = models.ForeignKey(
        "disputes.Dispute", on_delete=models.PROTECT, related_name="committee_decisions"
    )
    # Put off to the next sitting: nothing else is decided.
    postponed = models.BooleanField(default=False)
    outcome = models.CharField(max_length=13, choices=DisputeOutcome.choices, blank=True)
    outcome_amount = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)
    decision = models.TextField(blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    action = models.TextField(blank=True)
    due_on = models.DateField(null=True, blank=True)
    # The date agreed before, and from now on.
    former_due_on = models.DateField(null=True, blank=True)
    agreed_resolution_on = models.DateField(null=True, blank=True)
    # Departments whose member accepted the date there.
    accepted_by = models.JSONField(default=list)
    objection = models.TextField(blank=True)
    # The case's owner when it was decided: nobody decides the own case.
    dispute_owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["committee", "dispute"], name="one_decision_per_committee"),
            models.CheckConstraint(
                condition=Q(dispute_owner=None) | ~Q(decided_by=F("dispute_owner")),
                name="nobody_decides_the_own_dispute",
            ),
            models.CheckConstraint(
                condition=Q(postponed=True)
                | (~Q(decision="") & Q(owner__isnull=False, agreed_resolution_on__isnull=False)),
                name="committee_decision_with_owner_and_date",
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="committee_decision_append_only", operation=pgtrigger.Update | pgtrigger.Delete
            ),
            pgtrigger.Trigger(
                name="committee_decision_before_the_minutes",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                declare=[("held", "text")],
                func=f"""
                    SELECT state INTO held FROM disputes_committee WHERE id = NEW.committee_id;
                    IF held = '{_CLOSED}' THEN
                        RAISE EXCEPTION 'the minutes of committee % are validated', NEW.committee_id
                            USING ERRCODE = 'check_violation', CONSTRAINT = 'committee_closed_for_good';
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.committee_id} {self.dispute_id}"
