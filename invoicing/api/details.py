"""``company-details/`` and ``accounts/{code}/invoice-details/``: what documents say of the company and of a client."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.base import CompanyEdge, account_of
from accounts.models import Company
from invoicing.models import BuyerDetails, SellerDetails
from invoicing.services import details as services


class SellerDetailsShape(serializers.ModelSerializer[Any]):
    """What documents say of the company; ``penalty_rate`` null means the legal rate."""

    name = serializers.CharField(max_length=200)
    legal_form = serializers.CharField(max_length=120, allow_blank=True)
    vat_number = serializers.CharField(max_length=40, allow_blank=True)
    address_line1 = serializers.CharField(max_length=200, allow_blank=True)
    postcode = serializers.CharField(max_length=12, allow_blank=True)
    city = serializers.CharField(max_length=100, allow_blank=True)
    iban = serializers.CharField(max_length=50, allow_blank=True)
    siret = serializers.CharField(max_length=30, allow_blank=True)

    class Meta:
        model = SellerDetails
        fields = (*services.COMPANY_FIELDS, *services.SELLER_FIELDS)


class BuyerDetailsShape(serializers.ModelSerializer[Any]):
    """What documents say of a client beyond its own row."""

    class Meta:
        model = BuyerDetails
        fields = services.BUYER_FIELDS


class SellerDetailsView(CompanyEdge):
    """The company's own details."""

    reads = "invoicing.view"
    acts = {"patch": services.SELLER_RIGHT}

    @extend_schema(responses=SellerDetailsShape)
    def get(self, request: Request) -> Response:
        """What documents issued from now on say of the company."""
        return Response(_seller(self.company))

    @extend_schema(request=SellerDetailsShape, responses=SellerDetailsShape)
    def patch(self, request: Request) -> Response:
        """Change some of it; documents that were issued keep theirs."""
        values = self.read(SellerDetailsShape, partial=True)
        services.change_seller(company=self.company, values=values, by=self.user, at=self.at)
        return Response(_seller(Company.objects.get(pk=self.company.pk)))


class BuyerDetailsView(CompanyEdge):
    """What a client's documents say of it."""

    reads = "invoicing.view"
    acts = {"patch": services.BUYER_RIGHT}

    @extend_schema(responses=BuyerDetailsShape)
    def get(self, request: Request, code: str) -> Response:
        """What documents issued from now on say of the client."""
        account = account_of(self.user, self.company, code)
        return Response(BuyerDetailsShape(services.buyer_values(account)).data)

    @extend_schema(request=BuyerDetailsShape, responses=BuyerDetailsShape)
    def patch(self, request: Request, code: str) -> Response:
        """Change some of it; documents that were issued keep theirs."""
        account = account_of(self.user, self.company, code)
        values = self.read(BuyerDetailsShape, partial=True)
        services.change_buyer(account_id=account.pk, values=values, by=self.user, at=self.at)
        return Response(BuyerDetailsShape(services.buyer_values(account)).data)


def _seller(company: Company) -> dict[str, Any]:
    return dict(SellerDetailsShape(services.seller_values(company)).data)
