"""Disputes: opened, qualified, worked on, decided, opened again (contract §3)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.base import CompanyViewSet
from accounts.models import User
from disputes import queries, services
from disputes.enums import Department, DisputeOrigin, DisputeStatus, DisputeType
from disputes.models import Dispute
from invoicing.models import Invoice
from o2c.shared.api import Pages
from o2c.shared.api.lists import DayFilter
from o2c.shared.calendar import paris_date
from o2c.shared.problems import Invalid, NotFound

from .shapes import (
    AssignBody,
    ChangeBody,
    DisputeAnswer,
    DisputeBody,
    DisputeCommentBody,
    EndBody,
    ProposeBody,
    QualifyBody,
    RejectBody,
    ResolveBody,
    VersionBody,
    WaitBody,
    dispute_answer,
)


class DisputeFilters(filters.FilterSet):
    """``?status= &open=1 &type= &department= &owner= &account= &invoice= &opened_on= &agreed_due_on= …``."""

    status = filters.ChoiceFilter(choices=DisputeStatus.choices)
    open = filters.BooleanFilter(method="only_open")
    type = filters.ChoiceFilter(choices=DisputeType.choices)
    origin = filters.ChoiceFilter(choices=DisputeOrigin.choices)
    department = filters.ChoiceFilter(choices=Department.choices)
    owner = filters.CharFilter(field_name="owner__username")
    account = filters.CharFilter(field_name="account__code")
    invoice = filters.CharFilter(method="about")
    opened_on = DayFilter()
    agreed_due_on = DayFilter()

    class Meta:
        model = Dispute
        fields: Sequence[str] = ()

    def only_open(self, rows: QuerySet[Dispute], name: str, value: bool) -> QuerySet[Dispute]:
        """Those whose amount is contested still, or those that have ended."""
        opened = Dispute.objects.open().values("pk")
        return rows.filter(pk__in=opened) if value else rows.exclude(pk__in=opened)

    def about(self, rows: QuerySet[Dispute], name: str, value: str) -> QuerySet[Dispute]:
        """Those about a document."""
        return rows.filter(pk__in=Dispute.objects.filter(lines__item__document=value).values("pk"))


class DisputeViewSet(CompanyViewSet):
    """Disputes of a company's clients."""

    lookup_field = "number"
    queryset = Dispute.objects.none()
    serializer_class = DisputeAnswer
    pagination_class = Pages
    filterset_class = DisputeFilters
    search_fields = ("number", "description", "account__search_key")
    ordering_fields = {
        "number": "number",
        "opened_on": "opened_on",
        "agreed_due_on": "agreed_due_on",
        "amount": "amount",
        "account": "account__code",
    }
    ordering = "-opened_on"
    reads = "disputes.view"
    acts = {
        **dict.fromkeys(("create", "reopen", "comments"), "disputes.open"),
        **dict.fromkeys(
            ("partial_update", "qualify", "assign", "accept", "wait", "resume", "propose"), "disputes.work"
        ),
        **dict.fromkeys(("resolve", "reject", "withdraw", "receive"), "disputes.resolve"),
    }

    def get_queryset(self) -> QuerySet[Dispute]:
        """Disputes of the clients this user may see, with all that an answer shows."""
        return queries.disputes_visible(self.user, self.company)

    def list(self, request: Request) -> Response:
        """Disputes, newest first."""
        today = paris_date(self.at)
        return self.page(self.get_queryset(), lambda rows: [dispute_answer(row, today) for row in rows])

    def retrieve(self, request: Request, number: str) -> Response:
        """One dispute with its lines."""
        return Response(dispute_answer(self._dispute(number), paris_date(self.at)))

    @extend_schema(request=DisputeBody, responses={201: DisputeAnswer})
    def create(self, request: Request) -> Response:
        """Open a dispute: its amount leaves reminders and claims of interest at once."""
        body = self.read(DisputeBody)
        made = services.open_dispute(
            contested=[self._contested(body)],
            type=DisputeType(body["type"]),
            origin=DisputeOrigin(body["origin"]),
            comment=body["comment"],
            by=self.user,
            at=self.at,
        )
        return Response(self._answer(made), status=status.HTTP_201_CREATED)

    @extend_schema(request=ChangeBody)
    def partial_update(self, request: Request, number: str) -> Response:
        """Correct what a case says of itself; 409 where somebody was faster."""
        body = self.read(ChangeBody)
        if "comment" in body:
            body["description"] = body.pop("comment")
        return self._act(number, services.change, **body)

    @extend_schema(request=QualifyBody)
    @action(detail=True, methods=["post"])
    def qualify(self, request: Request, number: str) -> Response:
        """Say what it is, who answers and by when."""
        dispute = self._dispute(number)
        return self._act(dispute, services.qualify, **self._with_owner(self.read(QualifyBody)))

    @extend_schema(request=AssignBody)
    @action(detail=True, methods=["post"])
    def assign(self, request: Request, number: str) -> Response:
        """Give it to somebody else; the agreed date stays."""
        dispute = self._dispute(number)
        return self._act(dispute, services.assign, **self._with_owner(self.read(AssignBody)))

    @extend_schema(request=VersionBody)
    @action(detail=True, methods=["post"])
    def accept(self, request: Request, number: str) -> Response:
        """Take the case and its date on: the owner's own act."""
        return self._act(number, services.accept, **self.read(VersionBody))

    @extend_schema(request=WaitBody)
    @action(detail=True, methods=["post"])
    def wait(self, request: Request, number: str) -> Response:
        """Note for whom it waits; the clock goes on."""
        body = self.read(WaitBody)
        for_client = body.pop("waits_for") == "client"
        return self._act(number, services.wait, for_client=for_client, **body)

    @extend_schema(request=VersionBody)
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, number: str) -> Response:
        """Go on with it."""
        return self._act(number, services.resume, **self.read(VersionBody))

    @extend_schema(request=ProposeBody)
    @action(detail=True, methods=["post"])
    def propose(self, request: Request, number: str) -> Response:
        """Say how it should end."""
        return self._act(number, services.propose, **self.read(ProposeBody))

    @extend_schema(request=DisputeCommentBody)
    @action(detail=True, methods=["post"])
    def comments(self, request: Request, number: str) -> Response:
        """Add to its history, or note what the client was told."""
        return self._act(number, services.comment_on, **self.read(DisputeCommentBody))

    @extend_schema(request=ResolveBody)
    @action(detail=True, methods=["post"])
    def resolve(self, request: Request, number: str) -> Response:
        """Decide it and do what the outcome means for the book."""
        return self._act(number, services.resolve, **self.read(ResolveBody))

    @extend_schema(request=RejectBody)
    @action(detail=True, methods=["post"])
    def reject(self, request: Request, number: str) -> Response:
        """Call it unfounded: the client pays."""
        return self._act(number, services.reject, **self.read(RejectBody))

    @extend_schema(request=EndBody)
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, number: str) -> Response:
        """End it: the client gave it up, or it was a mistake."""
        return self._act(number, services.withdraw, **self.read(EndBody))

    @extend_schema(request=VersionBody)
    @action(detail=True, methods=["post"])
    def receive(self, request: Request, number: str) -> Response:
        """The goods of a return or replacement are back."""
        return self._act(number, services.receive_goods, **self.read(VersionBody))

    @extend_schema(request=EndBody)
    @action(detail=True, methods=["post"])
    def reopen(self, request: Request, number: str) -> Response:
        """Open an ended case again, once."""
        return self._act(number, services.reopen, **self.read(EndBody))

    def _dispute(self, number: str) -> Dispute:
        found = self.get_queryset().filter(number=number).first()
        if found is None:
            raise queries.DisputeUnknown
        return found

    def _contested(self, body: dict[str, Any]) -> services.Contested:
        """What a body names.

        :raises Invalid: neither or both of invoice and item
        """
        invoice, item = body.get("invoice"), body.get("item")
        if bool(invoice) == bool(item):
            raise Invalid(errors={"invoice": [_("Name either an invoice or an item.")]})
        if item:
            return services.Contested(item_id=item, amount=body.get("amount"))
        found = Invoice.objects.visible_to(self.user, self.company).filter(number=invoice).first()
        if found is None:
            raise NotFound(code="invoice_not_found")
        return services.Contested(invoice_id=found.pk, amount=body.get("amount"))

    def _with_owner(self, body: dict[str, Any]) -> dict[str, Any]:
        """The body with its owner as a person.

        :raises Invalid: nobody of that name
        """
        found = User.objects.filter(username=body["owner"], is_active=True).first()
        if found is None:
            raise Invalid(errors={"owner": [_("Nobody has this user name.")]})
        return body | {"owner": found}

    def _act(self, dispute: Dispute | str, act: Callable[..., Dispute], **fields: Any) -> Response:
        found = self._dispute(dispute) if isinstance(dispute, str) else dispute
        return Response(self._answer(act(dispute_id=found.pk, by=self.user, at=self.at, **fields)))

    def _answer(self, dispute: Dispute) -> dict[str, Any]:
        found = queries.disputes_visible(self.user).get(pk=dispute.pk)
        return dispute_answer(found, paris_date(self.at))
