"""Guarantees by HTTP: entered with their document, confirmed by somebody else, extended, ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.base import CompanyViewSet
from credit.enums import GuaranteeKind, Level
from credit.guarantee_queries import STATES, guarantees_visible
from credit.models import Guarantee
from credit.queries import money
from credit.services import guarantees as services
from o2c.shared.api import Pages
from o2c.shared.api.bodies import CurrencyField, ExactDecimalField, amount_field
from o2c.shared.api.replays import creation_answer
from o2c.shared.api.routing import ROW_ID
from o2c.shared.calendar import paris_date
from o2c.shared.files import from_json
from o2c.shared.problems import NotFound

from .serializers import ReasonBody

Shape = serializers.Serializer[Any]
_LEVELS = [(level.word, level.label) for level in Level]


class GuaranteeDocument(Shape):
    """The document: its name, and its content in base64."""

    name = serializers.CharField(max_length=150)
    content = serializers.CharField()


class GuaranteeBody(Shape):
    """A guarantee as its document says it."""

    account = serializers.CharField(max_length=40)
    level = serializers.ChoiceField(_LEVELS, default="account")
    kind = serializers.ChoiceField(GuaranteeKind.choices)
    guarantor = serializers.CharField(max_length=120)
    reference = serializers.CharField(max_length=60)
    amount = amount_field()
    currency = CurrencyField()
    haircut_pct = ExactDecimalField(max_digits=5, decimal_places=2, default=Decimal(100))
    is_eligible = serializers.BooleanField(default=True)
    valid_from = serializers.DateField()
    valid_until = serializers.DateField(required=False, allow_null=True)
    file = GuaranteeDocument()


class ExtensionBody(Shape):
    """Until when a guarantee is extended, and the document that says so."""

    reference = serializers.CharField(max_length=60, help_text="That of the extension.")
    valid_until = serializers.DateField()
    file = GuaranteeDocument()


class GuaranteeAnswer(Shape):
    """A guarantee as the API shows it; it counts for ``counts`` while its ``state`` is ``counts``."""

    id = serializers.IntegerField()
    account = serializers.CharField()
    level = serializers.ChoiceField(_LEVELS)
    kind = serializers.ChoiceField(GuaranteeKind.choices)
    guarantor = serializers.CharField()
    reference = serializers.CharField()
    amount = amount_field()
    currency = serializers.CharField()
    haircut_pct = serializers.CharField()
    is_eligible = serializers.BooleanField()
    counts = amount_field()
    state = serializers.ChoiceField([(state, state) for state in STATES])
    valid_from = serializers.DateField()
    valid_until = serializers.DateField(allow_null=True)
    recorded_by = serializers.CharField()
    recorded_at = serializers.DateTimeField()
    confirmed_by = serializers.CharField(allow_null=True)
    confirmed_at = serializers.DateTimeField(allow_null=True)
    ended_on = serializers.DateField(allow_null=True)
    ended_by = serializers.CharField(allow_null=True)
    end_reason = serializers.CharField(allow_blank=True)


class GuaranteeFilters(filters.FilterSet):
    """``?account= &kind= &level= &reference=``."""

    account = filters.CharFilter(field_name="given_for__code")
    kind = filters.ChoiceFilter(choices=GuaranteeKind.choices)
    level = filters.ChoiceFilter(choices=_LEVELS, method="on_level")
    reference = filters.CharFilter()

    class Meta:
        model = Guarantee
        fields: Sequence[str] = ()

    def on_level(self, rows: QuerySet[Guarantee], name: str, value: str) -> QuerySet[Guarantee]:
        """Guarantees of one level."""
        return rows.filter(level=Level.from_word(value))


class GuaranteeViewSet(CompanyViewSet):
    """What secures clients' debts beside the insurer; its terms never change."""

    queryset = Guarantee.objects.none()
    serializer_class = GuaranteeAnswer
    lookup_value_regex = ROW_ID
    pagination_class = Pages
    filterset_class = GuaranteeFilters
    search_fields = ("given_for__search_key", "guarantor", "reference")
    ordering_fields = {"recorded_at": "recorded_at", "valid_until": "valid_until", "amount": "amount"}
    ordering = "-recorded_at"
    reads = "accounts.view"
    acts = {
        "create": services.RECORD,
        "confirm": services.CONFIRM,
        "extend": services.RECORD,
        "end": services.RECORD,
    }

    def get_queryset(self) -> QuerySet[Guarantee]:
        """Guarantees of the clients this user may see."""
        return guarantees_visible(self.user, self.company)

    def list(self, request: Request) -> Response:
        """Guarantees, the newest first."""
        return self.page(self.get_queryset(), lambda rows: [self._shown(row) for row in rows])

    @extend_schema(request=GuaranteeBody, responses={200: GuaranteeAnswer, 201: GuaranteeAnswer})
    def create(self, request: Request) -> Response:
        """Enter one; the same again answers 200. It counts once somebody else has confirmed it."""
        body = self.read(GuaranteeBody)
        account = self.account(body.pop("account"))
        made = services.record_guarantee(
            account_id=account.pk,
            document=from_json(body.pop("file"), field="file"),
            by=self.user,
            at=self.at,
            **body,
        )
        return creation_answer(self._answer(made.pk), is_new=made.recorded_at == self.at)

    def retrieve(self, request: Request, pk: str) -> Response:
        """One guarantee."""
        return Response(self._answer(int(pk)))

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def confirm(self, request: Request, pk: str) -> Response:
        """Confirm it against its document, by another person than who entered it."""
        services.confirm_guarantee(guarantee_id=int(pk), by=self.user, at=self.at)
        return Response(self._answer(int(pk)))

    @extend_schema(request=ExtensionBody, responses={201: GuaranteeAnswer})
    @action(detail=True, methods=["post"])
    def extend(self, request: Request, pk: str) -> Response:
        """Extend it: the answer is a guarantee of the same terms from the day after its last, to be confirmed."""
        body: Mapping[str, Any] = self.read(ExtensionBody)
        made = services.extend_guarantee(
            guarantee_id=int(pk),
            reference=body["reference"],
            valid_until=body["valid_until"],
            document=from_json(body["file"], field="file"),
            by=self.user,
            at=self.at,
        )
        return Response(self._answer(made.pk), status=status.HTTP_201_CREATED)

    @extend_schema(request=ReasonBody)
    @action(detail=True, methods=["post"])
    def end(self, request: Request, pk: str) -> Response:
        """End it from today on: refused, given back, called."""
        services.end_guarantee(guarantee_id=int(pk), by=self.user, at=self.at, **self.read(ReasonBody))
        return Response(self._answer(int(pk)))

    def _answer(self, pk: int) -> dict[str, Any]:
        found = self.get_queryset().filter(pk=pk).first()
        if found is None:
            raise NotFound
        return self._shown(found)

    def _shown(self, row: Guarantee) -> dict[str, Any]:
        return {
            "id": row.pk,
            "account": row.given_for.code,
            "level": Level(row.level).word,
            "kind": row.kind,
            "guarantor": row.guarantor,
            "reference": row.reference,
            "amount": money(row.amount),
            "currency": row.currency,
            "haircut_pct": f"{row.haircut_pct:.2f}",
            "is_eligible": row.is_eligible,
            "counts": money(row.counts),
            "state": row.state_on(paris_date(self.at)),
            "valid_from": row.valid_from,
            "valid_until": row.valid_until,
            "recorded_by": row.recorded_by.username,
            "recorded_at": row.recorded_at,
            "confirmed_by": row.confirmed_by.username if row.confirmed_by else None,
            "confirmed_at": row.confirmed_at,
            "ended_on": row.ended_on,
            "ended_by": row.ended_by.username if row.ended_by else None,
            "end_reason": row.end_reason,
        }
