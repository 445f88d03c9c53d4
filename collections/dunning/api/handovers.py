"""Hand-overs by HTTP: made, spent on, claimed, ended, their file; and what interrupts a limitation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.files.storage import default_storage
from django.db.models import QuerySet
from django.http import FileResponse
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.base import CompanyEdge, CompanyViewSet
from credit.queries import money
from dunning.enums import HandOverOutcome, HandOverTo, Interruption, LegalRoute
from dunning.handover_file import file_of
from dunning.models import HandOver
from dunning.queries.handovers import costs_of, hand_over_list, limitation_dates, recovered
from dunning.services import handovers as services
from dunning.services import limitations
from invoicing.api.serializers import row_id
from invoicing.services.shared import require
from o2c.shared.api import Pages
from o2c.shared.api.bodies import amount_field
from o2c.shared.api.lists import DayFilter
from o2c.shared.api.routing import ROW_ID
from o2c.shared.money import ZERO
from o2c.shared.problems import NotFound

Shape = serializers.Serializer[Any]
MOST_ITEMS = 200


class HandOverBody(Shape):
    """Which late items go to whom by which route, and why."""

    items = serializers.ListField(child=row_id(), min_length=1, max_length=MOST_ITEMS)
    route = serializers.ChoiceField(LegalRoute.choices)
    recipient = serializers.CharField(max_length=200)
    reference = serializers.CharField(max_length=80, allow_blank=True, default="")
    reason = serializers.CharField(max_length=4000)


class CostBody(Shape):
    """What it cost; below zero takes a mistake off."""

    what = serializers.CharField(max_length=200)
    amount = serializers.DecimalField(max_digits=12, decimal_places=2)
    day = serializers.DateField(required=False, allow_null=True, default=None)


class ClaimBody(Shape):
    """The number of the claim and its day."""

    reference = serializers.CharField(max_length=80)
    on = serializers.DateField()


class EndHandOverBody(Shape):
    """How it ended, and why."""

    outcome = serializers.ChoiceField(HandOverOutcome.choices)
    reason = serializers.CharField(max_length=4000)


class InterruptBody(Shape):
    """What interrupted the limitation of which items, and where it stands."""

    items = serializers.ListField(child=row_id(), min_length=1, max_length=MOST_ITEMS)
    kind = serializers.ChoiceField(Interruption.choices)
    on = serializers.DateField()
    words = serializers.CharField(max_length=300)


class HandedItem(Shape):
    """An item and the last day on which it can be claimed in court."""

    id = serializers.IntegerField()
    document = serializers.CharField()
    amount = amount_field()
    limitation_date = serializers.DateField()


class HandOverAnswer(Shape):
    """A hand-over; ``outcome`` null while it is open, ``has_file`` once its bundle is made."""

    id = serializers.IntegerField()
    account = serializers.CharField()
    to = serializers.ChoiceField(HandOverTo.choices)
    route = serializers.ChoiceField(LegalRoute.choices)
    recipient = serializers.CharField()
    reference = serializers.CharField()
    amount = amount_field()
    currency = serializers.CharField()
    items = serializers.ListField(child=HandedItem())
    reason = serializers.CharField()
    handed_on = serializers.DateField()
    handed_by = serializers.CharField()
    recovered = amount_field()
    costs = amount_field()
    has_file = serializers.BooleanField()
    missing = serializers.ListField(child=serializers.CharField())
    outcome = serializers.ChoiceField(HandOverOutcome.choices, allow_null=True)
    ended_on = serializers.DateField(allow_null=True)
    end_reason = serializers.CharField()


class LimitationAnswer(Shape):
    """Items of a client with the last day on which each can be claimed."""

    account = serializers.CharField()
    items = serializers.ListField(child=HandedItem())


def hand_over_answers(rows: Sequence[Any]) -> list[dict[str, Any]]:
    """Hand-overs as the API shows them, in a constant number of queries; they come from ``hand_over_list``."""
    keys = [row.pk for row in rows]
    got, spent = recovered(keys), costs_of(keys)
    dates = limitation_dates([each.item for row in rows for each in row.seen_items])
    return [
        {
            "id": row.pk,
            "account": row.account.code,
            "to": row.to,
            "route": row.route,
            "recipient": row.recipient,
            "reference": row.reference,
            "amount": money(row.amount),
            "currency": row.currency,
            "items": [_item(each.item, each.amount, dates) for each in row.seen_items],
            "reason": row.reason,
            "handed_on": row.handed_on,
            "handed_by": row.handed_by.username,
            "recovered": money(got.get(row.pk, ZERO)),
            "costs": money(spent[row.pk]),
            "has_file": bool(row.file),
            "missing": row.missing,
            "outcome": row.outcome or None,
            "ended_on": row.ended_on,
            "end_reason": row.end_reason,
        }
        for row in rows
    ]


def _item(item: Any, amount: Any, dates: dict[int, Any]) -> dict[str, Any]:
    return {
        "id": item.pk,
        "document": item.document,
        "amount": money(amount),
        "limitation_date": dates[item.pk],
    }


class HandOverFilters(filters.FilterSet):
    """``?account= &to= &route= &outcome= &item= &handed_on= …``."""

    account = filters.CharFilter(field_name="account__code")
    to = filters.ChoiceFilter(choices=HandOverTo.choices)
    route = filters.ChoiceFilter(choices=LegalRoute.choices)
    outcome = filters.ChoiceFilter(choices=HandOverOutcome.choices)
    item = filters.NumberFilter(field_name="items__item", min_value=1, max_value=2**63 - 1)
    handed_on = DayFilter()

    class Meta:
        model = HandOver
        fields: Sequence[str] = ()


class HandOverViewSet(CompanyViewSet):
    """Debts that somebody outside claims for us."""

    queryset = HandOver.objects.none()
    serializer_class = HandOverAnswer
    lookup_value_regex = ROW_ID
    pagination_class = Pages
    filterset_class = HandOverFilters
    search_fields = ("account__search_key", "recipient", "reference")
    ordering_fields = {"handed_on": "handed_on", "amount": "amount"}
    ordering = "-handed_on"
    reads = "invoicing.view"
    acts = dict.fromkeys(("create", "costs", "claim", "end"), services.RIGHT)

    def get_queryset(self) -> QuerySet[HandOver]:
        """Hand-overs of the clients this user may see."""
        return hand_over_list(self.user, self.company)

    def list(self, request: Request) -> Response:
        """Hand-overs, the latest first."""
        return self.page(self.get_queryset(), hand_over_answers)

    def retrieve(self, request: Request, pk: str) -> Response:
        """One hand-over."""
        return self._answer(pk)

    @extend_schema(request=HandOverBody, responses={201: HandOverAnswer})
    def create(self, request: Request) -> Response:
        """Hand items over: nobody here reminds of them any more, and their file is made."""
        body = self.read(HandOverBody)
        made = services.hand_over(
            item_ids=body.pop("items"),
            route=LegalRoute(body.pop("route")),
            by=self.user,
            at=self.at,
            **body,
        )
        return self._answer(str(made.pk), status.HTTP_201_CREATED)

    @extend_schema(request=CostBody)
    @action(detail=True, methods=["post"])
    def costs(self, request: Request, pk: str) -> Response:
        """Note what it cost."""
        return self._done(pk, services.add_cost, **self.read(CostBody))

    @extend_schema(request=ClaimBody)
    @action(detail=True, methods=["post"])
    def claim(self, request: Request, pk: str) -> Response:
        """Note that the claim was lodged: the limitation of its items starts anew."""
        return self._done(pk, services.note_claim, **self.read(ClaimBody))

    @extend_schema(request=EndHandOverBody)
    @action(detail=True, methods=["post"])
    def end(self, request: Request, pk: str) -> Response:
        """End it: what is open is reminded of again."""
        body = self.read(EndHandOverBody)
        return self._done(pk, services.end, outcome=HandOverOutcome(body.pop("outcome")), **body)

    @extend_schema(responses={(200, "application/zip"): OpenApiTypes.BINARY})
    @action(detail=True, methods=["get"])
    def file(self, request: Request, pk: str) -> Any:
        """Its bundle, for those who hand over; 404 until it is made."""
        found = self._found(pk)
        require(self.user, services.RIGHT, found.company_id)
        file = file_of(found)
        if file is None:
            raise NotFound
        return FileResponse(
            default_storage.open(file.path),
            as_attachment=True,
            filename=file.name,
            content_type=file.content_type,
        )

    def _done(self, pk: str, act: Any, **given: Any) -> Response:
        act(hand_over_id=self._found(pk).pk, by=self.user, at=self.at, **given)
        return self._answer(pk)

    def _answer(self, pk: str, code: int = status.HTTP_200_OK) -> Response:
        return Response(hand_over_answers([self._found(pk)])[0], status=code)

    def _found(self, pk: str) -> HandOver:
        found = self.get_queryset().filter(pk=pk).first()
        if found is None:
            raise NotFound
        return found


class InterruptionsView(CompanyEdge):
    """What starts the limitation of items anew."""

    serializer_class = LimitationAnswer
    acts = {"post": limitations.RIGHT}

    @extend_schema(request=InterruptBody)
    def post(self, request: Request) -> Response:
        """Note an acknowledgement, a claim or a measure; noted twice it stands once."""
        body = self.read(InterruptBody)
        keys = body.pop("items")
        account = limitations.interrupt(
            item_ids=keys, kind=Interruption(body.pop("kind")), by=self.user, at=self.at, **body
        )
        rows = list(account.items.filter(pk__in=keys).select_related("account").order_by("due_date", "pk"))
        dates = limitation_dates(rows)
        return Response(
            {"account": account.code, "items": [_item(row, row.open_amount, dates) for row in rows]}
        )
