"""``einvoices/read/``: what a received Factur-X, CII or UBL says, and which rules it breaks. Nothing is stored."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.base import CompanyEdge
from invoicing.facturx import reading
from invoicing.facturx.received_rules import Received, ReceivedFinding, ReceivedLine
from o2c.shared.problems import Invalid, NotAllowed


class ReceivedFile(serializers.Serializer[Any]):
    """The file: PDF with ``factur-x.xml``, or XML."""

    file = serializers.FileField()


class ReceivedLineAnswer(serializers.Serializer[Any]):
    """One line as it came."""

    line = serializers.CharField()
    description = serializers.CharField()
    quantity = serializers.CharField(allow_null=True)
    unit_price = serializers.CharField(allow_null=True)
    net = serializers.CharField(allow_null=True)
    vat_category = serializers.CharField()
    vat_rate = serializers.CharField(allow_null=True)


class ReceivedFindingAnswer(serializers.Serializer[Any]):
    """A rule that is broken."""

    code = serializers.CharField()
    severity = serializers.ChoiceField(["warn", "block"])
    message = serializers.CharField()
    place = serializers.CharField()


class ReceivedAnswer(serializers.Serializer[Any]):
    """A received invoice as it came; amounts as text, null where it does not say them."""

    format = serializers.ChoiceField(["factur-x", "cii", "ubl"])
    number = serializers.CharField()
    type = serializers.CharField()
    issue_date = serializers.DateField(allow_null=True)
    due_date = serializers.DateField(allow_null=True)
    currency = serializers.CharField()
    profile = serializers.CharField()
    seller = serializers.CharField()
    seller_id = serializers.CharField()
    buyer = serializers.CharField()
    buyer_id = serializers.CharField()
    lines = ReceivedLineAnswer(many=True)
    total_excl_vat = serializers.CharField(allow_null=True)
    total_vat = serializers.CharField()
    total_incl_vat = serializers.CharField(allow_null=True)
    payable = serializers.CharField(allow_null=True)
    findings = ReceivedFindingAnswer(many=True)


class ReadEInvoiceView(CompanyEdge):
    """Read an invoice that somebody sent."""

    parser_classes = [MultiPartParser]
    acts = {"post": "invoicing.view"}

    @extend_schema(request=ReceivedFile, responses=ReceivedAnswer)
    def post(self, request: Request) -> Response:
        """What it says, with every rule it breaks.

        :raises Invalid: no file, or too large a one
        :raises Unreadable: no invoice of a format that is known
        """
        if not self.user.may("invoicing.view", self.company):
            raise NotAllowed
        upload = request.FILES.get("file")
        if upload is None:
            raise Invalid(errors={"file": [_("Choose a file.")]})
        if (upload.size or 0) > reading.LARGEST:
            raise Invalid(errors={"file": [_("This file is larger than 20 MB.")]})
        received, findings = reading.read(upload.read())
        return Response(_answer(received) | {"findings": [_finding(each) for each in findings]})


def _answer(received: Received) -> dict[str, Any]:
    return {
        "format": received.format,
        "number": received.number,
        "type": received.type,
        "issue_date": received.issue_date,
        "due_date": received.due_date,
        "currency": received.currency,
        "profile": received.profile,
        "seller": received.seller,
        "seller_id": received.seller_id,
        "buyer": received.buyer,
        "buyer_id": received.buyer_id,
        "lines": [_line(line) for line in received.lines],
        "total_excl_vat": _money(received.total_excl_vat),
        "total_vat": _money(received.total_vat),
        "total_incl_vat": _money(received.total_incl_vat),
        "payable": _money(received.payable),
    }


def _line(line: ReceivedLine) -> dict[str, Any]:
    return {name: str(value) if value is not None else None for name, value in vars(line).items()}


def _finding(finding: ReceivedFinding) -> dict[str, str]:
    return {name: str(value) for name, value in vars(finding).items()}


def _money(value: Any) -> str | None:
    return None if value is None else f"{value:.2f}"
