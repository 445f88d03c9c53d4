"""The open items, and the matches between them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.base import CompanyViewSet
from accounts.models import Company, CustomerAccount, User, documents_of
from invoicing import queries, services
from invoicing.enums import ItemKind
from invoicing.expected.queries import expected_days
from invoicing.limitation import limitation_of
from invoicing.lists import outside_items
from invoicing.marks import marks_of
from invoicing.models import Allocation, ReceivableItem
from invoicing.scope import own_items
from invoicing.stops import stops_of
from o2c.shared.api import Pages
from o2c.shared.api.bodies import read_date
from o2c.shared.api.lists import DayFilter
from o2c.shared.api.routing import ROW_ID
from o2c.shared.calendar import paris_date
from o2c.shared.problems import NotFound

from .serializers import (
    AllocationAnswer,
    AllocationBody,
    DueDateBody,
    ItemAnswer,
    allocation_answer,
    expected_answer,
    item_answer,
)
from .stops import StopBody


class ItemFilters(filters.FilterSet):
    """``?currency= &document= &issue_date= &due_date= …``; the rest is read with the day."""

    currency = filters.CharFilter(lookup_expr="iexact")
    document = filters.CharFilter()
    issue_date = DayFilter()
    due_date = DayFilter()

    class Meta:
        model = ReceivableItem
        fields: Sequence[str] = ()


class ItemViewSet(CompanyViewSet):
    """Everything clients owe or are owed, as the book stood at the end of a day."""

    queryset = ReceivableItem.objects.none()
    serializer_class = ItemAnswer
    lookup_value_regex = ROW_ID
    pagination_class = Pages
    filterset_class = ItemFilters
    search_fields = ("document", "account__search_key")
    ordering_fields = {
        "due_date": "due_date",
        "issue_date": "issue_date",
        "amount": "amount",
        "open_amount": "open_on",
        "days_late": "days_late",
        "document": "document",
        "account": "account__code",
    }
    ordering = "due_date"
    takes = {"list": ("account", "open", "overdue", "kind", "as_of"), "retrieve": ("as_of",)}
    reads = "invoicing.view"
    acts = {
        "due_date": "invoicing.change_due_date",
        "stop": services.RIGHT_TO_STOP,
        "resume": services.RIGHT_TO_STOP,
    }

    def get_queryset(self) -> QuerySet[ReceivableItem]:
        """Items of the clients this user may see, on the day asked for."""
        accounts = CustomerAccount.objects.visible_to(self.user, self.company)
        whose, whole = documents_of(self.user, self.company), self.user.sees_every_sale(self.company)
        if code := self.request.query_params.get("account"):
            client = self.account(code)
            accounts, whose, whole = accounts.filter(pk=client.pk), Q(account=client), False
        items = queries.items_on(
            accounts,
            whose=whose,
            whole=whole,
            on=read_date(self.request, "as_of") or paris_date(self.at),
            open_only=self._flag("open"),
            overdue_only=self._flag("overdue"),
            kind=self._kind(),
        )
        return items.filter(own_items(self.user, self.company)).select_related("account")

    @extend_schema(
        parameters=[
            OpenApiParameter("account", str, description="Code of a client."),
            OpenApiParameter("open", bool, description="Only what is open: its open amount is not 0."),
            OpenApiParameter("overdue", bool, description="Only what is owed and late."),
            OpenApiParameter("kind", str, enum=ItemKind.values),
            OpenApiParameter(
                "as_of", date, description="The book at the end of this day; today's if left out."
            ),
        ]
    )
    def list(self, request: Request) -> Response:
        """Items, by due date."""
        on, client = (
            read_date(request, "as_of") or paris_date(self.at),
            request.query_params.get("account", ""),
        )
        return self.page(
            self.get_queryset(),
            self._answers,
            outside=outside_items(self.user, self.company, on, client),
        )

    def retrieve(self, request: Request, pk: str) -> Response:
        """One item.

        :raises NotFound: there is none, or it is not this user's to see
        """
        found = self.get_queryset().filter(pk=pk).first()
        if found is None:
            raise NotFound
        return Response(self._answers([found])[0])

    @extend_schema(request=DueDateBody, responses={200: ItemAnswer})
    @action(detail=True, methods=["post"], url_path="due-date")
    def due_date(self, request: Request, pk: str) -> Response:
        """Put its due date off or bring it forward, from a day on; readings for earlier days keep the old one."""
        body = self.read(DueDateBody)
        services.change_due_date(
            item_id=int(pk),
            due_date=body["due_date"],
            reason=body["reason"],
            on=body.get("date"),
            by=self.user,
            at=self.at,
        )
        return self.retrieve(request, pk)

    @extend_schema(request=StopBody, responses={200: ItemAnswer})
    @action(detail=True, methods=["post"])
    def stop(self, request: Request, pk: str) -> Response:
        """Have nobody reminded of it from today until a day, that day included; a stop in force is replaced."""
        services.stop_item(item_id=int(pk), by=self.user, at=self.at, **self.read(StopBody))
        return self.retrieve(request, pk)

    @extend_schema(request=None, responses={200: ItemAnswer})
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, pk: str) -> Response:
        """Let reminders of it go on from today."""
        services.resume_item(item_id=int(pk), by=self.user, at=self.at)
        return self.retrieve(request, pk)

    def _answers(self, rows: Sequence[Any]) -> Sequence[dict[str, Any]]:
        """Items with the day they are expected to be paid on, told of today's book alone, stops of reminders, and the
        last day to claim them."""
        today = paris_date(self.at)
        asked = read_date(self.request, "as_of") or today
        days = expected_days(rows, on=today) if asked >= today else {}
        stops = stops_of(rows, on=asked)
        marks = marks_of(rows, on=asked)
        claimable = limitation_of(rows)
        return [
            item_answer(row, flags=[*stops[row.pk].flags, *marks[row.pk]])
            | expected_answer(days.get(row.pk))
            | {"limitation_date": claimable.get(row.pk)}
            for row in rows
        ]

    def _flag(self, name: str) -> bool:
        text = self.request.query_params.get(name)
        if not text:
            return False
        try:
            return bool(serializers.BooleanField().run_validation(text))
        except serializers.ValidationError as error:
            raise serializers.ValidationError({name: error.detail}) from error

    def _kind(self) -> str | None:
        text = self.request.query_params.get("kind")
        if not text:
            return None
        try:
            return str(serializers.ChoiceField(ItemKind.choices).run_validation(text.upper()))
        except serializers.ValidationError as error:
            raise serializers.ValidationError({"kind": error.detail}) from error


class AllocationFilters(filters.FilterSet):
    """``?account= &item= &from_item= &to_item= &letter= &date= …``."""

    from_item = filters.NumberFilter(field_name="credit", min_value=1, max_value=2**63 - 1)
    to_item = filters.NumberFilter(field_name="debit", min_value=1, max_value=2**63 - 1)
    account = filters.CharFilter(method="of_account")
    item = filters.NumberFilter(method="of_item", min_value=1, max_value=2**63 - 1)
    letter = filters.CharFilter()
    date = DayFilter(field_name="effective_date")

    class Meta:
        model = Allocation
        fields: Sequence[str] = ()

    def of_account(self, rows: QuerySet[Allocation], name: str, value: str) -> QuerySet[Allocation]:
        """Matches of one client's items."""
        return rows.filter(Q(debit__account__code=value) | Q(credit__account__code=value))

    def of_item(self, rows: QuerySet[Allocation], name: str, value: int) -> QuerySet[Allocation]:
        """Matches of one item, on either side."""
        return rows.filter(Q(debit=int(value)) | Q(credit=int(value)))


class AllocationViewSet(CompanyViewSet):
    """Matches. Never changed: what is undone gets a reversal."""

    queryset = Allocation.objects.none()
    serializer_class = AllocationAnswer
    lookup_value_regex = ROW_ID
    pagination_class = Pages
    filterset_class = AllocationFilters
    ordering_fields = {"date": "effective_date", "recorded_at": "recorded_at", "amount": "amount"}
    ordering = "-recorded_at"
    reads = "invoicing.view"
    acts = {"create": "payments.allocate", "destroy": "payments.allocate"}

    def get_queryset(self) -> QuerySet[Allocation]:
        """Matches of the clients this user may see."""
        seen = ReceivableItem.objects.filter(documents_of(self.user, self.company))
        undone = Allocation.objects.filter(reversal_of=OuterRef("pk"))
        return (
            _of_own_sales(
                Allocation.objects.filter(debit__in=seen, credit__in=seen),
                self.user,
                self.company,
            )
            .select_related("debit__account", "credit", "recorded_by")
            .annotate(is_reversed=Exists(undone))
        )

    def list(self, request: Request) -> Response:
        """Matches, newest first."""
        return self.page(self.get_queryset(), lambda rows: [allocation_answer(row) for row in rows])

    def retrieve(self, request: Request, pk: str) -> Response:
        """One match."""
        return Response(allocation_answer(self._allocation(int(pk))))

    @extend_schema(request=AllocationBody)
    def create(self, request: Request) -> Response:
        """Match two items."""
        body = self.read(AllocationBody)
        made = services.allocate(
            from_item_id=body["from_item"],
            to_item_id=body["to_item"],
            amount=body["amount"],
            date=body.get("date"),
            by=self.user,
            at=self.at,
        )
        return Response(allocation_answer(self._allocation(made.pk)), status=status.HTTP_201_CREATED)

    def destroy(self, request: Request, pk: str) -> Response:
        """Undo a match by a reversal; past readings keep what they showed."""
        services.unallocate(allocation_id=self._allocation(int(pk)).pk, by=self.user, at=self.at)
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _allocation(self, pk: int) -> Allocation:
        found = self.get_queryset().filter(pk=pk).first()
        if found is None:
            raise NotFound
        return found


def _of_own_sales(rows: QuerySet[Allocation], user: User, company: Company) -> QuerySet[Allocation]:
    if user.sees_every_sale(company):
        return rows
    return rows.filter(debit__in=ReceivableItem.objects.visible_to(user, company))
