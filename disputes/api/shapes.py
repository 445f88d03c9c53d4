"""What the API of disputes reads and answers (contract §3)."""

from __future__ import annotations

from datetime import date
from typing import Any

from rest_framework import serializers

from accounts.models import User
from credit.queries import money
from disputes import policy
from disputes.enums import Department, DisputeOrigin, DisputeOutcome, DisputeStatus, DisputeType
from disputes.models import Dispute
from invoicing.api.serializers import row_id
from o2c.shared.api.bodies import KeyField, amount_field

Shape = serializers.Serializer[Any]


class DisputeBody(Shape):
    """What is disputed: an invoice by its number or an item by its key; all that is open without an amount."""

    invoice = KeyField(max_length=60, required=False, allow_null=True)
    item = row_id(required=False, allow_null=True)
    type = serializers.ChoiceField(DisputeType.choices)
    amount = amount_field(required=False, allow_null=True)
    origin = serializers.ChoiceField(DisputeOrigin.choices, default=DisputeOrigin.CALL)
    comment = serializers.CharField(max_length=4000, allow_blank=True, default="")


class VersionBody(Shape):
    """The version that was read, to refuse what somebody else has changed meanwhile."""

    version = serializers.IntegerField(min_value=0, max_value=2_147_483_647, required=False, allow_null=True)


class ChangeBody(VersionBody):
    """What a case says of itself; its type only until it is qualified."""

    comment = serializers.CharField(max_length=4000, allow_blank=True, required=False)
    type = serializers.ChoiceField(DisputeType.choices, required=False)
    is_urgent = serializers.BooleanField(required=False)


class QualifyBody(VersionBody):
    """Who answers, by when; without a date the days agreed for its type."""

    owner = serializers.CharField(max_length=150)
    agreed_due_on = serializers.DateField(required=False, allow_null=True)
    department = serializers.ChoiceField(Department.choices, required=False, allow_null=True)
    type = serializers.ChoiceField(DisputeType.choices, required=False, allow_null=True)


class AssignBody(VersionBody):
    """Who has the case from now on."""

    owner = serializers.CharField(max_length=150)
    department = serializers.ChoiceField(Department.choices, required=False, allow_null=True)


class WaitBody(VersionBody):
    """For whom it waits."""

    waits_for = serializers.ChoiceField([("client", "client"), ("colleague", "colleague")])
    comment = serializers.CharField(max_length=4000, allow_blank=True, default="")


class ProposeBody(VersionBody):
    """How the case should end, in words."""

    proposal = serializers.CharField(max_length=4000, allow_blank=True, default="")


class DisputeCommentBody(Shape):
    """Words for the history; with ``answers_client`` they were said to the client."""

    text = serializers.CharField(max_length=4000, allow_blank=True, default="")
    answers_client = serializers.BooleanField(default=False)


class ResolveBody(VersionBody):
    """The outcome, what the client need not pay, why, and the root cause (``BRANCH`` or ``BRANCH.LEAF``)."""

    outcome = serializers.ChoiceField(DisputeOutcome.choices)
    amount = amount_field(required=False, allow_null=True)
    reason = serializers.CharField(max_length=4000, allow_blank=True, default="")
    root_cause = serializers.CharField(max_length=60, allow_blank=True, default="")


class RejectBody(VersionBody):
    """Why the client pays; the root cause is the client's own process when none is named."""

    reason = serializers.CharField(max_length=4000, allow_blank=True, default="")
    root_cause = serializers.CharField(max_length=60, default="CUSTOMER_PROCESS")


class EndBody(VersionBody):
    """Why."""

    reason = serializers.CharField(max_length=4000, allow_blank=True, default="")


class DisputeLineAnswer(Shape):
    """How much of which item is disputed; ``open`` while it is."""

    item = serializers.IntegerField()
    document = serializers.CharField()
    due_date = serializers.DateField()
    amount = amount_field()
    open = serializers.BooleanField()


class DisputeAnswer(Shape):
    """A dispute as the API shows it."""

    number = serializers.CharField()
    status = serializers.ChoiceField(DisputeStatus.choices)
    company = serializers.CharField()
    account = serializers.CharField()
    invoice = serializers.CharField(allow_null=True)
    type = serializers.ChoiceField(DisputeType.choices)
    origin = serializers.ChoiceField(DisputeOrigin.choices)
    amount = amount_field()
    currency = serializers.CharField()
    lines = DisputeLineAnswer(many=True)
    comment = serializers.CharField(allow_blank=True)
    is_urgent = serializers.BooleanField()
    opened_on = serializers.DateField()
    opened_by = serializers.CharField(allow_null=True)
    owner = serializers.CharField(allow_null=True)
    department = serializers.ChoiceField(Department.choices)
    agreed_due_on = serializers.DateField(allow_null=True)
    days_left = serializers.IntegerField(allow_null=True)
    accepted_at = serializers.DateTimeField(allow_null=True)
    first_answer_due_on = serializers.DateField()
    first_answered_at = serializers.DateTimeField(allow_null=True)
    proposal = serializers.CharField(allow_blank=True)
    outcome = serializers.CharField(allow_null=True)
    outcome_amount = amount_field(allow_null=True)
    reason = serializers.CharField(allow_blank=True)
    root_cause = serializers.CharField(allow_null=True)
    decided_by = serializers.CharField(allow_null=True)
    decided_at = serializers.DateTimeField(allow_null=True)
    closed_on = serializers.DateField(allow_null=True)
    times_reopened = serializers.IntegerField()
    version = serializers.IntegerField()


def _name(user: User | None) -> str | None:
    return user.username if user else None


def dispute_answer(dispute: Dispute, today: date) -> dict[str, Any]:
    """A dispute with its lines; asks the database nothing where it was read by ``disputes_visible``."""
    lines = list(dispute.lines.all())
    invoices = [line.item.invoice for line in lines if line.item.invoice is not None]
    ended = dispute.status in policy.ENDED
    return {
        "number": dispute.number,
        "status": dispute.status,
        "company": dispute.company.code,
        "account": dispute.account.code,
        "invoice": invoices[0].number if invoices else None,
        "type": dispute.type,
        "origin": dispute.origin,
        "amount": money(dispute.amount),
        "currency": dispute.currency,
        "lines": [
            {
                "item": line.item_id,
                "document": line.item.document,
                "due_date": line.item.due_date,
                "amount": money(line.amount),
                "open": line.closed_on is None,
            }
            for line in lines
        ],
        "comment": dispute.description,
        "is_urgent": dispute.is_urgent,
        "opened_on": dispute.opened_on,
        "opened_by": _name(dispute.opened_by),
        "owner": _name(dispute.owner),
        "department": dispute.department,
        "agreed_due_on": dispute.agreed_due_on,
        "days_left": None if ended else policy.days_left(dispute.agreed_due_on, today),
        "accepted_at": dispute.accepted_at,
        "first_answer_due_on": dispute.first_answer_due_on,
        "first_answered_at": dispute.first_answered_at,
        "proposal": dispute.proposal,
        "outcome": dispute.outcome or None,
        "outcome_amount": None if dispute.outcome_amount is None else money(dispute.outcome_amount),
        "reason": dispute.outcome_reason,
        "root_cause": dispute.root_cause or None,
        "decided_by": _name(dispute.decided_by),
        "decided_at": dispute.decided_at,
        "closed_on": dispute.closed_on,
        "times_reopened": dispute.times_reopened,
        "version": dispute.version,
    }
