"""The insurer's covers by HTTP: what was asked for, granted, reduced, refused or cancelled, each from its day on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.base import CompanyViewSet
from accounts.services import Effect
from credit.enums import CoverStatus
from credit.insurance_queries import covers_in_force
from credit.models import BuyerCover
from credit.queries import money
from credit.services.cover import CoverRow, record_covers
from o2c.shared.api import Pages
from o2c.shared.api.bodies import ExactDecimalField, amount_field
from o2c.shared.api.replays import creation_answer
from o2c.shared.api.routing import ROW_ID
from o2c.shared.calendar import paris_date
from o2c.shared.problems import Invalid, Refusal

Shape = serializers.Serializer[Any]


class CoverBody(Shape):
    """One word of the insurer on a client's legal entity, in the company's currency, from its day on."""

    account = serializers.CharField(max_length=40)
    amount = amount_field(min_value=0)
    insured_pct = ExactDecimalField(max_digits=5, decimal_places=2, min_value=0, max_value=100)
    status = serializers.ChoiceField(CoverStatus.choices)
    effective_on = serializers.DateField()
    valid_until = serializers.DateField(required=False, allow_null=True)


class CoverAnswer(Shape):
    """A cover as the API shows it: of a legal entity, under one of its clients."""

    id = serializers.IntegerField()
    account = serializers.CharField()
    siren = serializers.CharField(allow_null=True)
    amount = amount_field()
    currency = serializers.CharField()
    insured_pct = serializers.CharField()
    status = serializers.ChoiceField(CoverStatus.choices)
    effective_on = serializers.DateField()
    valid_until = serializers.DateField(allow_null=True)
    recorded_at = serializers.DateTimeField()


class CoverFilters(filters.FilterSet):
    """``?account= &siren= &status=``."""

    account = filters.CharFilter(field_name="entity__accounts__code", distinct=True)
    siren = filters.CharFilter(field_name="entity__siren")
    status = filters.ChoiceFilter(choices=CoverStatus.choices)

    class Meta:
        model = BuyerCover
        fields: Sequence[str] = ()


class CoverViewSet(CompanyViewSet):
    """The last word of the insurer on each buyer; each word is a row that is never changed."""

    queryset = BuyerCover.objects.none()
    serializer_class = CoverAnswer
    lookup_value_regex = ROW_ID
    pagination_class = Pages
    filterset_class = CoverFilters
    search_fields = ("entity__siren", "entity__name")
    ordering_fields = {"effective_on": "effective_on", "amount": "amount"}
    ordering = "-effective_on"
    reads = "accounts.view"
    acts = {"create": "imports.run"}

    def get_queryset(self) -> QuerySet[BuyerCover]:
        """The covers in force today of the legal entities this user's clients belong to."""
        return covers_in_force(self.user, self.company, on=paris_date(self.at))

    def list(self, request: Request) -> Response:
        """Covers in force today."""
        return self.page(self.get_queryset(), lambda rows: [_shown(row, row.code) for row in rows])

    @extend_schema(request=CoverBody, responses={200: CoverAnswer, 201: CoverAnswer})
    def create(self, request: Request) -> Response:
        """Enter what the insurer said; the same again answers 200, other content from the same day on 409."""
        body = self.read(CoverBody)
        account = self.account(body.pop("account"))
        siren = account.entity.siren
        if not siren:
            raise Invalid(errors={"account": [_("This client has no SIREN: the insurer cannot name it.")]})
        row = CoverRow(siren=siren, **body | {"status": CoverStatus(body["status"])})
        verdict = record_covers(company=account.company, rows=[row], by=self.user, at=self.at)[0]
        if isinstance(verdict, Refusal):
            raise verdict
        kept = BuyerCover.objects.select_related("entity").get(
            company=account.company, entity=account.entity, effective_on=row.effective_on
        )
        return creation_answer(_shown(kept, account.code), is_new=verdict is Effect.CREATED)


def _shown(row: BuyerCover, code: str) -> dict[str, Any]:
    return {
        "id": row.pk,
        "account": code,
        "siren": row.entity.siren,
        "amount": money(row.amount),
        "currency": row.currency,
        "insured_pct": f"{row.insured_pct:.2f}",
        "status": row.status,
        "effective_on": row.effective_on,
        "valid_until": row.valid_until,
        "recorded_at": row.recorded_at,
    }
