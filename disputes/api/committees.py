"""Sittings of the committee: planned, attended, decided case by case, closed with their minutes (contract §3)."""

from __future__ import annotations

from typing import Any

from django.db.models import Prefetch, QuerySet
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.base import CompanyViewSet
from accounts.models import User
from credit.queries import money
from disputes import committee_policy as rules
from disputes.agenda import AgendaLine, agenda
from disputes.committee_models import Committee, CommitteeDecision
from disputes.enums import CommitteeState, Department, DisputeOutcome
from disputes.models import Dispute
from disputes.queries import DisputeUnknown
from disputes.services import committee as services
from invoicing.api.serializers import row_id
from o2c.shared.api import Pages
from o2c.shared.api.bodies import amount_field
from o2c.shared.calendar import paris_date
from o2c.shared.problems import Invalid, NotAllowed, NotFound

Shape = serializers.Serializer[Any]


class CommitteeBody(Shape):
    """When it sits."""

    held_on = serializers.DateField()
    starts_at = serializers.TimeField(default=services.STARTS)


class AttendBody(Shape):
    """User names of the members who are there."""

    present = serializers.ListField(child=serializers.CharField(max_length=150), max_length=50)


class DecideBody(Shape):
    """The decision on one case; with ``postpone`` it is put off and nothing else counts."""

    dispute = serializers.CharField(max_length=40)
    postpone = serializers.BooleanField(default=False)
    decision = serializers.CharField(max_length=4000, allow_blank=True, default="")
    outcome = serializers.ChoiceField(DisputeOutcome.choices, required=False, allow_null=True)
    outcome_amount = amount_field(required=False, allow_null=True)
    root_cause = serializers.CharField(max_length=60, allow_blank=True, default="")
    owner = serializers.CharField(max_length=150, required=False, allow_null=True)
    action = serializers.CharField(max_length=2000, allow_blank=True, default="")
    due_on = serializers.DateField(required=False, allow_null=True)
    agreed_resolution_on = serializers.DateField(required=False, allow_null=True)
    accepted_by = serializers.ListField(
        child=serializers.ChoiceField(Department.choices), default=list, max_length=20
    )
    objection = serializers.CharField(max_length=2000, allow_blank=True, default="")
    version = serializers.IntegerField(min_value=0, max_value=2_147_483_647, required=False, allow_null=True)


class DecisionAnswer(Shape):
    """What a sitting decided of a case."""

    id = serializers.IntegerField()
    dispute = serializers.CharField()
    postponed = serializers.BooleanField()
    outcome = serializers.CharField(allow_null=True)
    decision = serializers.CharField(allow_blank=True)
    owner = serializers.CharField(allow_null=True)
    action = serializers.CharField(allow_blank=True)
    due_on = serializers.DateField(allow_null=True)
    agreed_resolution_on = serializers.DateField(allow_null=True)
    accepted_by = serializers.ListField(child=serializers.CharField())
    objection = serializers.CharField(allow_blank=True)
    decided_by = serializers.CharField()
    decided_at = serializers.DateTimeField()


class CommitteeAnswer(Shape):
    """A sitting as the API shows it; ``minutes`` is the hash of the file once it is validated."""

    id = row_id()
    held_on = serializers.DateField()
    starts_at = serializers.TimeField()
    state = serializers.ChoiceField(CommitteeState.choices)
    quorum = serializers.BooleanField()
    present = serializers.ListField(child=serializers.CharField())
    decisions = DecisionAnswer(many=True)
    closed_at = serializers.DateTimeField(allow_null=True)
    minutes = serializers.CharField(allow_blank=True)


class AgendaAnswer(Shape):
    """A case on the agenda, with every reason why."""

    dispute = serializers.CharField()
    account = serializers.CharField()
    amount = amount_field()
    currency = serializers.CharField()
    reasons = serializers.ListField(child=serializers.ChoiceField(rules.AgendaReason.choices))
    orders = serializers.ListField(child=serializers.CharField())
    age_days = serializers.IntegerField()
    agreed_due_on = serializers.DateField(allow_null=True)
    days_left = serializers.IntegerField(allow_null=True)
    owner = serializers.CharField(allow_null=True)
    proposal = serializers.CharField(allow_blank=True)


def _decision(row: CommitteeDecision) -> dict[str, Any]:
    return {
        "id": row.pk,
        "dispute": row.dispute.number,
        "postponed": row.postponed,
        "outcome": row.outcome or None,
        "decision": row.decision,
        "owner": row.owner.username if row.owner else None,
        "action": row.action,
        "due_on": row.due_on,
        "agreed_resolution_on": row.agreed_resolution_on,
        "accepted_by": row.accepted_by,
        "objection": row.objection,
        "decided_by": row.decided_by.username,
        "decided_at": row.decided_at,
    }


def _committee(row: Committee) -> dict[str, Any]:
    present = list(row.attendances.all())
    return {
        "id": row.pk,
        "held_on": row.held_on,
        "starts_at": row.starts_at,
        "state": row.state,
        "quorum": rules.has_quorum([Department(each.department) for each in present]),
        "present": sorted(each.user.username for each in present),
        "decisions": [_decision(each) for each in row.decisions.all()],
        "closed_at": row.closed_at,
        "minutes": row.sha256,
    }


class CommitteeViewSet(CompanyViewSet):
    """Sittings of the company's dispute committee."""

    queryset = Committee.objects.none()
    serializer_class = CommitteeAnswer
    lookup_value_regex = r"[0-9]{1,18}"
    pagination_class = Pages
    search_fields = ()
    ordering_fields = {"held_on": "held_on"}
    ordering = "-held_on"
    reads = "disputes.view"
    acts = dict.fromkeys(("create", "attend", "decide", "close"), services.RIGHT)

    def get_queryset(self) -> QuerySet[Committee]:
        """Sittings of the company at work, with all that an answer shows."""
        seen = Dispute.objects.visible_to(self.user, self.company)
        decisions = (
            CommitteeDecision.objects.filter(dispute__in=seen)
            .select_related("dispute", "owner", "decided_by")
            .order_by("pk")
        )
        return Committee.objects.filter(company=self.company).prefetch_related(
            "attendances__user", Prefetch("decisions", decisions)
        )

    def list(self, request: Request) -> Response:
        """Sittings, newest first."""
        return self.page(self.get_queryset(), lambda rows: [_committee(row) for row in rows])

    def retrieve(self, request: Request, pk: str) -> Response:
        """One sitting with its decisions."""
        return Response(_committee(self._held(pk)))

    @extend_schema(request=CommitteeBody, responses={201: CommitteeAnswer})
    def create(self, request: Request) -> Response:
        """Plan a sitting."""
        body = self.read(CommitteeBody)
        made = services.plan(company=self.company, by=self.user, at=self.at, **body)
        return Response(_committee(self._held(str(made.pk))), status=status.HTTP_201_CREATED)

    @extend_schema(responses=AgendaAnswer(many=True))
    @action(detail=True, methods=["get"], filter_backends=[], pagination_class=None)
    def agenda(self, request: Request, pk: str) -> Response:
        """What the sitting has before it, built from the open cases."""
        held, today = self._held(pk), paris_date(self.at)
        lines = agenda(self.user, self.company, max(today, held.held_on))
        return Response({"committee": held.pk, "cases": [self._line(line) for line in lines]})

    @extend_schema(request=AttendBody)
    @action(detail=True, methods=["post"])
    def attend(self, request: Request, pk: str) -> Response:
        """Note who is there; the sitting is open from then on."""
        held, body = self._held(pk), self.read(AttendBody)
        people = User.objects.filter(username__in=body["present"])
        if people.count() < len(set(body["present"])):
            raise Invalid(errors={"present": [_("Nobody has this user name.")]})
        keys = list(people.values_list("pk", flat=True))
        services.attend(committee_id=held.pk, present=keys, by=self.user, at=self.at)
        return Response(_committee(self._held(pk)))

    @extend_schema(request=DecideBody, responses=DecisionAnswer)
    @action(detail=True, methods=["post"])
    def decide(self, request: Request, pk: str) -> Response:
        """Decide a case: owner, action, date; with outcome and root cause it is carried out at once."""
        held, body = self._held(pk), self.read(DecideBody)
        if not self.user.may(services.RIGHT, self.company):
            raise NotAllowed
        found = Dispute.objects.visible_to(self.user, self.company).filter(number=body.pop("dispute")).first()
        if found is None:
            raise DisputeUnknown
        who: dict[str, Any] = {
            "committee_id": held.pk,
            "dispute_id": found.pk,
            "by": self.user,
            "at": self.at,
        }
        if body.pop("postpone"):
            made = services.postpone(**who, reason=body["decision"])
        else:
            owner = User.objects.filter(username=body.pop("owner", None) or "").first()
            if owner is None:
                raise Invalid(errors={"owner": [_("Nobody has this user name.")]})
            outcome = body.pop("outcome", None)
            made = services.decide(
                **who, owner=owner, outcome=DisputeOutcome(outcome) if outcome else None,
                agreed_resolution_on=body.pop("agreed_resolution_on", None), **body,
            )  # fmt: skip
        return Response(_decision(made))

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def close(self, request: Request, pk: str) -> Response:
        """Validate the minutes: written as they stay, and sent to those who were there."""
        services.close(committee_id=self._held(pk).pk, by=self.user, at=self.at)
        return Response(_committee(self._held(pk)))

    def _held(self, pk: str) -> Committee:
        found = self.get_queryset().filter(pk=pk).first()
        if found is None:
            raise NotFound(code="committee_not_found")
        return found

    def _line(self, line: AgendaLine) -> dict[str, Any]:
        case = line.dispute
        return {
            "dispute": case.number,
            "account": case.account.code,
            "amount": money(case.amount),
            "currency": case.currency,
            "reasons": list(line.reasons),
            "orders": list(line.orders),
            "age_days": (paris_date(self.at) - case.opened_on).days,
            "agreed_due_on": case.agreed_due_on,
            "days_left": line.left,
            "owner": case.owner.username if case.owner else None,
            "proposal": case.proposal,
        }
