"""Clients: list, open, read, change, bring in line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import queries, services
from accounts.enums import AccountStatus, RiskClass
from accounts.models import CustomerAccount
from accounts.services import Effect, SavedAccount
from o2c.shared.api import Pages
from o2c.shared.api.lists import DayFilter
from o2c.shared.api.replays import REPLAYED
from o2c.shared.text import search_key

from .base import CompanyViewSet
from .journal import EventAnswer, event_answer, events_of_account
from .serializers import (
    AccountAnswer,
    AccountChange,
    AccountCreate,
    account_answer,
    account_fields,
)


class AccountFilters(filters.FilterSet):
    """``?code= &status= &risk_class= &country= &currency= &term= &sales_rep= &group= &siren= &opened_on= …``."""

    code = filters.CharFilter()
    status = filters.ChoiceFilter(choices=AccountStatus.choices)
    risk_class = filters.ChoiceFilter(choices=RiskClass.choices)
    country = filters.CharFilter(lookup_expr="iexact")
    currency = filters.CharFilter(lookup_expr="iexact")
    sales_rep = filters.CharFilter(field_name="rep_username")
    group = filters.CharFilter(field_name="entity__group__code")
    siren = filters.CharFilter(field_name="entity__siren")
    siret = filters.CharFilter()
    vat_number = filters.CharFilter()
    term = filters.CharFilter()
    language = filters.CharFilter()
    opened_on = DayFilter()

    class Meta:
        model = CustomerAccount
        fields: Sequence[str] = ()


class AccountViewSet(CompanyViewSet):
    """Clients of a company. The application of credit adds what it knows of them."""

    lookup_field = "code"
    queryset = CustomerAccount.objects.none()
    serializer_class = AccountAnswer
    pagination_class = Pages
    filterset_class = AccountFilters
    search_fields = ("search_key",)
    ordering_fields = {
        "code": "code",
        "name": "sort_key",
        "opened_on": "opened_on",
        "risk_class": "risk_class",
    }
    ordering = "code"
    lists: ClassVar[tuple[str, ...]] = ("list", "timeline")
    reads = "accounts.view"
    acts = {"create": "accounts.edit", "update": "accounts.edit", "partial_update": "accounts.edit"}

    def search_words(self, text: str) -> list[str]:
        """Words as the search key has them, without accents."""
        return search_key(text).split()

    def get_queryset(self) -> QuerySet[CustomerAccount]:
        """Clients this user may see in this company."""
        return queries.client_list(self.user, self.company).prefetch_related("contacts")

    def shape(self, accounts: Sequence[CustomerAccount]) -> list[dict[str, Any]]:
        """Rows of a list; to be widened by who knows more, with a constant number of queries."""
        return [account_answer(account) for account in accounts]

    def answer(self, account: CustomerAccount) -> dict[str, Any]:
        """One client, read afresh."""
        return self.shape([self.get_queryset().get(pk=account.pk)])[0]

    def list(self, request: Request) -> Response:
        """The clients, by code."""
        return self.page(self.get_queryset(), self.shape)

    @extend_schema(request=AccountCreate)
    def create(self, request: Request) -> Response:
        """Open a client; the same body again answers 200 with its present state."""
        body = self.read(AccountCreate)
        saved = services.open_account(
            company=self.company,
            code=body["code"],
            by=self.user,
            at=self.at,
            term_override_reason=body.get("term_override_reason", ""),
            **account_fields(body),
        )
        if saved.effect is Effect.UNCHANGED:
            return Response(self.answer(saved.account), headers=REPLAYED)
        return Response(self.answer(saved.account), status=status.HTTP_201_CREATED)

    def retrieve(self, request: Request, code: str) -> Response:
        """One client."""
        return Response(self.answer(self.account(code)))

    @extend_schema(request=AccountChange, responses={200: AccountAnswer, 201: AccountAnswer})
    def update(self, request: Request, code: str) -> Response:
        """Open the client or bring it in line; as often as one likes."""
        body = self.read(AccountChange)
        self._seen_if_there(code)
        saved = self.upsert(code, body)
        created = saved.effect is Effect.CREATED
        return Response(
            self.answer(saved.account), status=status.HTTP_201_CREATED if created else status.HTTP_200_OK
        )

    @extend_schema(request=AccountChange(partial=True))
    def partial_update(self, request: Request, code: str) -> Response:
        """Change what is given and nothing else."""
        account = self.account(code)
        return Response(self.answer(self.change(account, self.read(AccountChange, partial=True)).account))

    @extend_schema(responses=EventAnswer(many=True))
    @action(detail=True, methods=["get"], filter_backends=[])
    def timeline(self, request: Request, code: str) -> Response:
        """What happened to this client, newest first."""
        account = self.account(code)
        found = self.paginate_queryset(events_of_account(account, self.user))
        return self.get_paginated_response([event_answer(event) for event in found or []])

    def upsert(self, code: str, body: dict[str, Any]) -> SavedAccount:
        """Open or change; where entity or group move, who knows the locks does it."""
        return services.upsert_account(company=self.company, code=code, **self._common(body))

    def change(self, account: CustomerAccount, body: dict[str, Any]) -> SavedAccount:
        """Change; where entity or group move, who knows the locks does it."""
        return services.change_account(account_id=account.pk, **self._common(body))

    def _common(self, body: dict[str, Any]) -> dict[str, Any]:
        return {
            "by": self.user,
            "at": self.at,
            "version": body.get("version"),
            "term_override_reason": body.get("term_override_reason", ""),
            **account_fields(body),
        }

    def _seen_if_there(self, code: str) -> None:
        """A client that exists is changed only by who sees it; to others it is not there."""
        if CustomerAccount.objects.filter(company=self.company, code=code).exists():
            self.account(code)
