"""The shape of exposure, check, limits and requests, in and out."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from rest_framework import serializers

from accounts.api.serializers import AccountAnswer
from accounts.models import CustomerAccount
from credit.alternatives.outlook import OnDay
from credit.enums import Department, Level, LimitedPart, LimitKind, RequestStatus, Side
from credit.models import CreditStanding, LimitRequest, PartLimit
from credit.part_limit_queries import by_kind
from credit.queries import exposure_of, money
from credit.signature_models import Signature
from credit.suggestion.enums import Bound, Unknown
from o2c.shared.api.bodies import CurrencyField, amount_field

Shape = serializers.Serializer[Any]
_LEVELS = [(level.word, level.label) for level in Level]


class StandingShape(Shape):
    """Last known figures, for lists only: nothing decides on them."""

    currency = serializers.CharField()
    gross_exposure = amount_field()
    net_exposure = amount_field()
    effective_limit = amount_field(allow_null=True)
    available = amount_field(allow_null=True)
    limit_kind = serializers.CharField()
    overdue = amount_field()
    disputed = amount_field()
    on_hold_orders = amount_field()
    computed_at = serializers.DateTimeField()


class ClientAnswer(AccountAnswer):
    """A client with what credit knows of it."""

    blocked = serializers.BooleanField()
    watched = serializers.BooleanField()
    standing = StandingShape(allow_null=True)


class PartShape(Shape):
    """One part of the exposure."""

    code = serializers.CharField()
    amount = amount_field()


class LimitShape(Shape):
    """A limit; ``amount`` null for none and unlimited."""

    kind = serializers.ChoiceField(["none", "base", "expired", "unlimited"])
    amount = amount_field(allow_null=True)
    temporary = amount_field()
    valid_until = serializers.DateField(allow_null=True)


class LevelShape(Shape):
    """One level that a limit may sit on."""

    level = serializers.ChoiceField(_LEVELS)
    siren = serializers.CharField(required=False)
    code = serializers.CharField(required=False)
    limit = LimitShape()
    effective_limit = amount_field(allow_null=True)
    net_exposure = amount_field()
    available = amount_field(allow_null=True)


class OverdueShape(Shape):
    """What is late."""

    amount = amount_field()
    oldest_days = serializers.IntegerField()
    undisputed_amount = amount_field(allow_null=True)


class ExposureAnswer(Shape):
    """Contract §4."""

    account = serializers.CharField()
    company = serializers.CharField()
    currency = serializers.CharField()
    as_of = serializers.DateField()
    source = serializers.ChoiceField(["live", "snapshot"])  # type: ignore[assignment]
    parts = PartShape(many=True)
    gross_exposure = amount_field()
    net_exposure = amount_field()
    guarantees = amount_field()
    insured_cover = amount_field()
    uncovered_exposure = amount_field()
    limit = LimitShape()
    effective_limit = amount_field(allow_null=True)
    available = amount_field(allow_null=True)
    utilisation = serializers.CharField(allow_null=True)
    overdue = OverdueShape()
    disputed = amount_field()
    on_hold_orders = amount_field()
    left_out = PartShape(
        many=True, help_text="Parts the company does not count, and orders beyond its horizon; of today"
    )
    sold = amount_field(allow_null=True, help_text="Sold to a factor without recourse; null for a past day")
    levels = LevelShape(many=True)
    binding_level = serializers.ChoiceField(_LEVELS, allow_null=True)


class CheckBody(Shape):
    """Can this client buy for so much? The amount includes VAT."""

    amount = amount_field(min_value=0)
    currency = CurrencyField(required=False, allow_null=True)
    term = serializers.CharField(max_length=40, required=False, allow_null=True)
    delivery_date = serializers.DateField(required=False, allow_null=True)


class FindingShape(Shape):
    """One reason of a check."""

    code = serializers.CharField()
    severity = serializers.ChoiceField(["hold", "warn"])
    figures = serializers.DictField()
    policy_article = serializers.CharField(allow_blank=True)
    message = serializers.CharField()
    decided_by = serializers.CharField(allow_null=True)


class CauseShape(Shape):
    """What led to the findings."""

    code = serializers.CharField()
    amount = amount_field()
    figures = serializers.DictField()


class CheckAnswer(Shape):
    """Contract §4."""

    decision = serializers.ChoiceField(["accept", "warn", "hold"])
    currency = serializers.CharField()
    amount = amount_field()
    available_before = amount_field(allow_null=True)
    available_after = amount_field(allow_null=True)
    over_limit_by = amount_field()
    binding_level = serializers.ChoiceField(_LEVELS, allow_null=True)
    findings = FindingShape(many=True)
    causes = CauseShape(many=True)
    alternatives = serializers.ListField(child=serializers.DictField())
    release_expected_on = serializers.DateField(allow_null=True)


class QuotedArticle(Shape):
    """The article of the written policy that a reason belongs to, in the reader's language."""

    number = serializers.CharField()
    title = serializers.CharField()
    why = serializers.CharField()
    version = serializers.IntegerField(
        allow_null=True, help_text="Null while the company has published no version."
    )


class ExplainedFinding(FindingShape):
    """One reason with its article."""

    article = QuotedArticle(allow_null=True)


class WayShape(Shape):
    """One thing that can be done now."""

    title = serializers.CharField()
    detail = serializers.CharField(allow_blank=True)


class OnDeliveryShape(Shape):
    """Whether the order is expected to fit on its delivery day, with what is due and expected until then."""

    day = serializers.DateField()
    exposure = amount_field()
    limit = amount_field()
    over_by = amount_field()
    fits_from = serializers.DateField(allow_null=True)


class ExplainedCheck(CheckAnswer):
    """A check with the articles of its reasons, by when somebody answers and what can be done now."""

    findings = ExplainedFinding(many=True)
    answer_hours = serializers.IntegerField(
        allow_null=True, help_text="Working hours until an answer, of an order that would be held."
    )
    ways = WayShape(many=True)
    on_delivery = OnDeliveryShape(
        allow_null=True, help_text="Of a delivery day to come; null without a limit, or beyond 120 days."
    )


class DecisionShape(CheckAnswer):
    """A check that was kept."""

    id = serializers.IntegerField()
    decided_at = serializers.DateTimeField()


class ReasonBody(Shape):
    """Why; an empty reason is refused by the act."""

    reason = serializers.CharField(max_length=4000, allow_blank=True, default="")


class BlockBody(ReasonBody):
    """Why, and when it is looked at again."""

    review_on = serializers.DateField(required=False, allow_null=True)


class WatchBody(BlockBody):
    """The reason may be left out."""

    reason = serializers.CharField(max_length=4000, allow_blank=True, required=False)


class LimitAnswer(Shape):
    """One decided limit of the history."""

    level = serializers.ChoiceField(_LEVELS)
    kind = serializers.ChoiceField(LimitKind.choices)
    amount = amount_field(allow_null=True)
    currency = serializers.CharField()
    valid_from = serializers.DateField()
    valid_until = serializers.DateField()
    reason = serializers.CharField()
    decided_by = serializers.CharField()
    decided_at = serializers.DateTimeField()
    closed_on = serializers.DateField(allow_null=True)


class PartLimitsBody(Shape):
    """The most of each kind of risk: null takes a limit away, what is left out stays."""

    open_orders = amount_field(allow_null=True, required=False)
    delivered_not_invoiced = amount_field(allow_null=True, required=False)
    not_due = amount_field(allow_null=True, required=False)
    overdue = amount_field(allow_null=True, required=False)
    reason = serializers.CharField(max_length=4000)


class PartLimitAnswer(Shape):
    """A kind of risk with a limit of its own; ``used`` is live."""

    part = serializers.ChoiceField(LimitedPart.choices)
    amount = amount_field()
    used = amount_field()
    currency = serializers.CharField()
    effective_from = serializers.DateField()
    reason = serializers.CharField()
    set_by = serializers.CharField()


class BoundShape(Shape):
    """One bound of a suggested limit; ``amount`` null where it is not known, ``unknown`` says why."""

    code = serializers.ChoiceField(Bound.choices)
    amount = amount_field(allow_null=True)
    unknown = serializers.ChoiceField(Unknown.choices, allow_null=True)
    figures = serializers.DictField()


class SuggestionAnswer(Shape):
    """The suggested base limit: the least of four bounds, null where none is known."""

    account = serializers.CharField()
    currency = serializers.CharField()
    amount = amount_field(allow_null=True)
    binding = serializers.ChoiceField(Bound.choices, allow_null=True)
    terms = BoundShape(many=True)


class LimitRequestBody(Shape):
    """A wish for a limit; ``amount`` null for unlimited."""

    account = serializers.CharField(max_length=40)
    level = serializers.ChoiceField(_LEVELS, default="account")
    kind = serializers.ChoiceField(LimitKind.choices, default=LimitKind.BASE)
    amount = amount_field(allow_null=True, required=False, default=None)
    currency = CurrencyField(required=False, allow_null=True)
    valid_from = serializers.DateField(required=False, allow_null=True)
    valid_until = serializers.DateField(required=False, allow_null=True)
    reason = serializers.CharField(max_length=4000, allow_blank=True, default="")
    submit = serializers.BooleanField(default=False)


class SignatureShape(Shape):
    """One of two approvals above level 3."""

    side = serializers.ChoiceField(Side.choices)
    department = serializers.ChoiceField(Department.choices)
    signed_by = serializers.CharField()
    signed_at = serializers.DateTimeField()
    reason = serializers.CharField()


class LimitRequestAnswer(Shape):
    """A wish for a limit and what became of it; ``appeal_of`` is the refused request it takes further."""

    id = serializers.IntegerField()
    status = serializers.ChoiceField(RequestStatus.choices)
    account = serializers.CharField()
    level = serializers.ChoiceField(_LEVELS)
    kind = serializers.ChoiceField(LimitKind.choices)
    amount = amount_field(allow_null=True)
    currency = serializers.CharField()
    valid_from = serializers.DateField()
    valid_until = serializers.DateField(allow_null=True)
    reason = serializers.CharField()
    requested_by = serializers.CharField()
    created_at = serializers.DateTimeField()
    submitted_at = serializers.DateTimeField(allow_null=True)
    decided_by = serializers.CharField(allow_null=True)
    decided_at = serializers.DateTimeField(allow_null=True)
    decision_reason = serializers.CharField(allow_blank=True)
    countersigned_by = serializers.CharField(allow_null=True)
    signatures = SignatureShape(many=True)
    appeal_of = serializers.IntegerField(allow_null=True)
    version = serializers.IntegerField()


def signatures_answer(rows: Iterable[Signature]) -> list[dict[str, Any]]:
    """Approvals that stand, as the API shows them."""
    return [
        {
            "side": row.side,
            "department": row.department,
            "signed_by": row.signed_by.username,
            "signed_at": row.signed_at,
            "reason": row.reason,
        }
        for row in rows
    ]


def limit_request_answer(request: LimitRequest) -> dict[str, Any]:
    """A request as the API shows it; ``given`` are its approvals that stand."""
    return {
        "id": request.pk,
        "status": request.status,
        "account": request.asked_for.code,
        "level": Level(request.level).word,
        "kind": request.kind,
        "amount": money(request.amount),
        "currency": request.currency,
        "valid_from": request.valid_from,
        "valid_until": request.valid_until,
        "reason": request.reason,
        "requested_by": request.requested_by.username,
        "created_at": request.created_at,
        "submitted_at": request.submitted_at,
        "decided_by": request.decided_by.username if request.decided_by else None,
        "decided_at": request.decided_at,
        "decision_reason": request.decision_reason,
        "countersigned_by": request.countersigned_by.username if request.countersigned_by else None,
        "signatures": signatures_answer(request.given),  # type: ignore[attr-defined]
        "appeal_of": request.appeal_of_id,
        "version": request.version,
    }


def on_delivery_answer(found: OnDay) -> dict[str, Any]:
    """What is expected of the exposure on the delivery day."""
    return {
        "day": found.day,
        "exposure": money(found.exposure),
        "limit": money(found.limit),
        "over_by": money(found.over_by),
        "fits_from": found.fits_from,
    }


def part_limits_answer(account: CustomerAccount, rows: Iterable[PartLimit], on: date) -> list[dict[str, Any]]:
    """Kinds of risk with a limit of their own, each with what the client has of it on a day, live."""
    used = by_kind(exposure_of(account, on=on))
    return [
        {
            "part": row.part,
            "amount": money(row.amount),
            "used": money(used[LimitedPart(row.part)]),
            "currency": account.company.currency,
            "effective_from": row.effective_from,
            "reason": row.reason,
            "set_by": row.set_by.username,
        }
        for row in rows
    ]


def standing_answer(standing: CreditStanding) -> dict[str, Any]:
    """Last known figures as the API shows them."""
    return {
        "currency": standing.currency,
        "gross_exposure": money(standing.gross_exposure),
        "net_exposure": money(standing.net_exposure),
        "effective_limit": money(standing.effective_limit),
        "available": money(standing.available),
        "limit_kind": standing.limit_kind,
        "overdue": money(standing.overdue),
        "disputed": money(standing.disputed),
        "on_hold_orders": money(standing.on_hold_orders),
        "computed_at": standing.computed_at,
    }
