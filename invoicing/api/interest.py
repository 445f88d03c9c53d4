"""Late-payment interest of an invoice as of a day: what it has run up by segments, and what is left to claim."""

from __future__ import annotations

from datetime import date
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.base import CompanyEdge
from credit.queries import money
from invoicing.interest_policy import FEE_CURRENCY, PaidFirst, Regime, Segment
from invoicing.interest_queries import InvoiceInterest, interest_of
from invoicing.models import Invoice
from o2c.shared.api.bodies import amount_field, plain_number, read_date
from o2c.shared.calendar import paris_date
from o2c.shared.money import ZERO
from o2c.shared.problems import NotFound

from .serializers import Shape


class SegmentShape(Shape):
    """Days in a row with one balance and one rate, percent a year over ``basis`` days; both ends count."""

    instalment = serializers.IntegerField()
    # ``from`` is a word of the language.
    to = serializers.DateField()
    days = serializers.IntegerField()
    balance = amount_field()
    rate = serializers.CharField()
    basis = serializers.IntegerField()
    amount = amount_field()

    def get_fields(self) -> dict[str, Any]:
        """The fields, ``from`` before ``to``."""
        return {"from": serializers.DateField(), **super().get_fields()}


class ClaimedShape(Shape):
    """What notes in force claim of it."""

    until = serializers.DateField(allow_null=True)
    interest = amount_field()
    fee = amount_field()


class WaivedShape(Shape):
    """What somebody chose not to claim."""

    interest = serializers.BooleanField()
    fee = serializers.BooleanField()


class ClaimableShape(Shape):
    """What a note may claim on that day."""

    interest = amount_field()
    fee = amount_field()


class InterestAnswer(Shape):
    """``interest``, ``fee`` and ``total`` are null where a rate is missing: owed at the legal rate applicable."""

    number = serializers.CharField()
    account = serializers.CharField()
    as_of = serializers.DateField()
    currency = serializers.CharField()
    regime = serializers.ChoiceField(Regime.choices)
    days = serializers.IntegerField()
    interest = amount_field(allow_null=True)
    fee = amount_field(allow_null=True)
    fee_currency = serializers.CharField()
    total = amount_field(allow_null=True)
    floor_breach = serializers.BooleanField()
    breached_half_years = serializers.ListField(child=serializers.CharField())
    assumed = serializers.BooleanField()
    missing_half_year = serializers.CharField(allow_null=True)
    disputed_amount = amount_field()
    claimed = ClaimedShape()
    waived = WaivedShape()
    claimable = ClaimableShape()
    segments = SegmentShape(many=True)


class InvoiceInterestView(CompanyEdge):
    """``invoices/{number}/interest/``."""

    serializer_class = InterestAnswer
    reads = "invoicing.view"
    takes = {"get": ("as_of", "interest_first")}

    @extend_schema(
        parameters=[
            OpenApiParameter("as_of", date, description="Up to the end of this day; today if left out."),
            OpenApiParameter(
                "interest_first",
                bool,
                description="For legal statements: payments in parts settle interest first (C. civ. 1343-1).",
            ),
        ],
        responses=InterestAnswer,
    )
    def get(self, request: Request, number: str) -> Response:
        """What an invoice has run up by a day. Nothing of a credit note, or of one issued later.

        :raises NotFound: there is none, or it is not this user's to see
        """
        seen = Invoice.objects.visible_to(self.user, self.company).select_related("account")
        invoice = seen.filter(number=number).first()
        if invoice is None:
            raise NotFound(code="invoice_not_found")
        day = read_date(request, "as_of") or paris_date(self.at)
        first = (
            PaidFirst.INTEREST
            if request.query_params.get("interest_first", "").lower() in {"1", "true"}
            else PaidFirst.PRINCIPAL
        )
        found = interest_of([invoice.pk], day, paid_first=first).get(invoice.pk)
        if found is None:
            raise NotFound(code="no_interest")
        return Response(interest_answer(found, invoice.account.code))


def interest_answer(row: InvoiceInterest, account: str) -> dict[str, Any]:
    """A reading as the API writes it."""
    whole = row.whole
    return {
        "number": row.number,
        "account": account,
        "as_of": row.as_of,
        "currency": row.currency,
        "regime": row.terms.regime,
        "days": whole.days if whole else 0,
        "interest": money(whole.interest) if whole else None,
        "fee": money(whole.fee) if whole else None,
        "fee_currency": FEE_CURRENCY,
        # Two currencies make no total.
        "total": money(whole.interest + whole.fee) if whole and row.currency == FEE_CURRENCY else None,
        "floor_breach": bool(whole and whole.floor_breach),
        "breached_half_years": [str(half) for half in whole.breaches] if whole else [],
        "assumed": bool(whole and whole.is_assumed),
        "missing_half_year": str(row.missing) if row.missing else None,
        "disputed_amount": money(row.disputed),
        "claimed": {
            "until": row.claimed_until,
            "interest": money(row.claimed_interest),
            "fee": money(row.claimed_fee),
        },
        "waived": {"interest": row.waives_interest, "fee": row.waives_fee},
        "claimable": {"interest": money(row.claimable_interest or ZERO), "fee": money(row.claimable_fee)},
        "segments": [_segment(part) for part in whole.segments] if whole else [],
    }


def _segment(part: Segment) -> dict[str, Any]:
    return {
        "instalment": part.instalment,
        "from": part.first,
        "to": part.last,
        "days": part.days,
        "balance": money(part.balance),
        "rate": plain_number(part.rate),
        "basis": part.year_days,
        "amount": money(part.amount),
    }
