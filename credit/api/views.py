"""Clients with their credit, and requests for limits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from django.db.models import Exists, OuterRef, Prefetch, QuerySet
from django.utils.translation import gettext as _
from django_filters import rest_framework as filters
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.base import CompanyViewSet
from accounts.api.serializers import AccountChange
from accounts.api.views import AccountFilters, AccountViewSet
from accounts.models import CustomerAccount
from accounts.policy import UnknownTerm
from accounts.services import SavedAccount
from credit import queries, services
from credit.enums import Level, LimitKind, RequestStatus, Verdict
from credit.history import exposure_by
from credit.models import AccountBlock, AccountWatch, CreditStanding, LimitRequest, LimitSignature
from credit.part_limit_queries import part_limits_on
from credit.services.part_limits import set_part_limits
from credit.suggestion.gathering import suggestion_of
from credit.suggestion.words import as_contract
from credit.written.queries import quotes_for
from o2c.shared.api import Pages
from o2c.shared.api.bodies import read_date
from o2c.shared.api.lists import DayFilter
from o2c.shared.api.routing import ROW_ID
from o2c.shared.calendar import paris_date
from o2c.shared.problems import Invalid, NotAllowed, NotFound

from .alternatives import proposal_answer
from .entry import save_client, save_known
from .explained import explained
from .scorecard import ScorecardAnswer, scorecard_answer
from .serializers import (
    BlockBody,
    CheckBody,
    ClientAnswer,
    ExplainedCheck,
    ExposureAnswer,
    LimitAnswer,
    LimitRequestAnswer,
    LimitRequestBody,
    PartLimitAnswer,
    PartLimitsBody,
    ReasonBody,
    SuggestionAnswer,
    WatchBody,
    limit_request_answer,
    part_limits_answer,
    standing_answer,
)


class ClientFilters(AccountFilters):
    """The same, and ``?blocked= &watched=``."""

    blocked = filters.BooleanFilter(method="with_block")
    watched = filters.BooleanFilter(method="with_watch")

    def with_block(
        self, rows: QuerySet[CustomerAccount], name: str, value: bool
    ) -> QuerySet[CustomerAccount]:
        """Clients that are blocked, or those that are not."""
        return self._flagged(rows, AccountBlock.objects.all(), value)

    def with_watch(
        self, rows: QuerySet[CustomerAccount], name: str, value: bool
    ) -> QuerySet[CustomerAccount]:
        """Clients under watch, or those that are not."""
        return self._flagged(rows, AccountWatch.objects.all(), value)

    @staticmethod
    def _flagged(
        rows: QuerySet[CustomerAccount], flags: QuerySet[Any], value: bool
    ) -> QuerySet[CustomerAccount]:
        in_force = Exists(flags.filter(account_id=OuterRef("pk"), lifted_at=None))
        return rows.filter(in_force if value else ~in_force)


class ClientViewSet(AccountViewSet):
    """Clients with block, watch, standing, exposure, check and limits."""

    serializer_class = ClientAnswer
    filterset_class = ClientFilters
    lists = (*AccountViewSet.lists, "limits")
    takes = {"exposure": ("as_of",)}
    acts = {
        **AccountViewSet.acts,
        "credit_check": "accounts.view",
        "block": "accounts.block",
        "unblock": "accounts.block",
        "watch": "accounts.watch",
        "unwatch": "accounts.watch",
        "set_part_limits": "credit.decide_limit",
    }

    def shape(self, accounts: Sequence[CustomerAccount]) -> list[dict[str, Any]]:
        """Rows of a list with block, watch and standing, in three more queries."""
        ids = [account.pk for account in accounts]
        in_force = {"account_id__in": ids, "lifted_at": None}
        blocked = set(AccountBlock.objects.filter(**in_force).values_list("account_id", flat=True))
        watched = set(AccountWatch.objects.filter(**in_force).values_list("account_id", flat=True))
        standings = {
            row.target_id: standing_answer(row)
            for row in CreditStanding.objects.filter(level=Level.ACCOUNT, target_id__in=ids)
        }
        return [
            row
            | {
                "blocked": account.pk in blocked,
                "watched": account.pk in watched,
                "standing": standings.get(account.pk),
            }
            for account, row in zip(accounts, super().shape(accounts), strict=True)
        ]

    @extend_schema(request=AccountChange, responses={200: ClientAnswer, 201: ClientAnswer})
    def update(self, request: Request, code: str) -> Response:
        """Open the client or bring it in line; as often as one likes."""
        return super().update(request, code)

    def upsert(self, code: str, body: dict[str, Any]) -> SavedAccount:
        """As for accounts; a known client may also move between entities and groups."""
        return save_client(code, body, company=self.company, by=self.user, at=self.at)

    def change(self, account: CustomerAccount, body: dict[str, Any]) -> SavedAccount:
        """As for accounts; moves take the credit locks first."""
        return save_known(account, body, by=self.user, at=self.at)

    @extend_schema(
        parameters=[OpenApiParameter("as_of", date, description="A past day: from its snapshot.")],
        responses=ExposureAnswer,
    )
    @action(detail=True, methods=["get"])
    def exposure(self, request: Request, code: str) -> Response:
        """The exposure of today, live, or of a past day, from its snapshot."""
        account, today = self.account(code), paris_date(self.at)
        day = read_date(request, "as_of") or today
        if day > today:
            raise Invalid(errors={"as_of": [_("This day is still to come.")]})
        if day == today:
            return Response(queries.exposure_of(account, on=today).as_contract())
        return Response(exposure_by(account, on=day))

    @extend_schema(request=CheckBody, responses={200: ExplainedCheck})
    @action(detail=True, methods=["post"], url_path="credit-check")
    def credit_check(self, request: Request, code: str) -> Response:
        """A question: it stores nothing and needs only the right to see the client."""
        account = self.account(code)
        if not self.user.may("accounts.view", account.company):
            raise NotAllowed
        body = self.read(CheckBody)
        try:
            result = services.check(account=account, by=self.user, at=self.at, **body)
        except UnknownTerm as error:
            raise Invalid(errors={"term": [str(error)]}) from error
        answer = result.as_contract()
        if result.verdict is Verdict.HOLD:
            outlook = services.look_ahead(
                result,
                reader=self.user,
                term=body.get("term") or account.term,
                delivered_on=body.get("delivery_date"),
            )
            answer["alternatives"] = [proposal_answer(proposal) for proposal in outlook.proposals()]
            answer["release_expected_on"] = outlook.release_expected_on
        return Response(explained(answer, quotes_for(result)))

    @extend_schema(responses=LimitAnswer(many=True))
    @action(detail=True, methods=["get"], filter_backends=[])
    def limits(self, request: Request, code: str) -> Response:
        """Every decided limit at the client's levels, newest first."""
        found = self.paginate_queryset(queries.limit_history(self.account(code)))
        return self.get_paginated_response(found or [])

    @extend_schema(responses=PartLimitAnswer(many=True))
    @action(detail=True, methods=["get"], filter_backends=[], pagination_class=None, url_path="part-limits")
    def part_limits(self, request: Request, code: str) -> Response:
        """Kinds of risk of which the client may have so much only, with what it has of each now."""
        account, today = self.account(code), paris_date(self.at)
        return Response(part_limits_answer(account, part_limits_on(account, today), today))

    @extend_schema(request=PartLimitsBody, responses=PartLimitAnswer(many=True))
    @part_limits.mapping.post
    def set_part_limits(self, request: Request, code: str) -> Response:
        """Set or take away limits by kind of risk; held orders are examined again."""
        account, body = self.account(code), self.read(PartLimitsBody)
        reason = body.pop("reason")
        rows = set_part_limits(account_id=account.pk, amounts=body, reason=reason, by=self.user, at=self.at)
        return Response(part_limits_answer(account, rows, paris_date(self.at)))

    @extend_schema(request=BlockBody, responses=ClientAnswer)
    @action(detail=True, methods=["post"])
    def block(self, request: Request, code: str) -> Response:
        """Freeze the client."""
        return self._flag(code, services.block, self.read(BlockBody))

    @extend_schema(request=ReasonBody, responses=ClientAnswer)
    @action(detail=True, methods=["post"])
    def unblock(self, request: Request, code: str) -> Response:
        """Lift the block; held orders are examined again."""
        return self._flag(code, services.unblock, self.read(ReasonBody))

    @extend_schema(request=WatchBody, responses=ClientAnswer)
    @action(detail=True, methods=["post"])
    def watch(self, request: Request, code: str) -> Response:
        """Put the client under watch; it holds nothing."""
        return self._flag(code, services.watch, {"reason": _("Put under watch"), **self.read(WatchBody)})

    @extend_schema(request=WatchBody, responses=ClientAnswer)
    @action(detail=True, methods=["post"])
    def unwatch(self, request: Request, code: str) -> Response:
        """End the watch."""
        body = {"reason": _("Watch ended"), **self.read(WatchBody)}
        return self._flag(code, services.unwatch, {"reason": body["reason"]})

    @extend_schema(responses=ScorecardAnswer)
    @action(detail=True, methods=["get"], filter_backends=[])
    def scorecard(self, request: Request, code: str) -> Response:
        """The last scorecard: sub-scores with their inputs, class, class set by decision, twelve months."""
        return Response(scorecard_answer(self.account(code), on=paris_date(self.at)))

    @extend_schema(responses=SuggestionAnswer)
    @action(detail=True, methods=["get"], filter_backends=[], url_path="suggested-limit")
    def suggested_limit(self, request: Request, code: str) -> Response:
        """The base limit that is suggested today: four bounds, which one binds, what is not known and why."""
        account = self.account(code)
        suggestion = suggestion_of(account, on=paris_date(self.at))
        return Response({"account": account.code, **as_contract(suggestion, account.company.currency)})

    def _flag(self, code: str, act: Callable[..., Any], body: dict[str, Any]) -> Response:
        account = self.account(code)
        act(account_id=account.pk, by=self.user, at=self.at, **body)
        return Response(self.answer(account))


class LimitRequestFilters(filters.FilterSet):
    """``?account= &status= &level= &kind= &currency= &requested_by= &decided_by= &valid_from= &valid_until= …``."""

    account = filters.CharFilter(field_name="asked_for__code")
    status = filters.ChoiceFilter(choices=RequestStatus.choices)
    level = filters.ChoiceFilter(choices=[(level.word, level.label) for level in Level], method="on_level")
    kind = filters.ChoiceFilter(choices=LimitKind.choices)
    currency = filters.CharFilter(lookup_expr="iexact")
    requested_by = filters.CharFilter(field_name="requested_by__username")
    decided_by = filters.CharFilter(field_name="decided_by__username")
    valid_from = DayFilter()
    valid_until = DayFilter()

    class Meta:
        model = LimitRequest
        fields: Sequence[str] = ()

    def on_level(self, rows: QuerySet[LimitRequest], name: str, value: str) -> QuerySet[LimitRequest]:
        """Requests for one level."""
        return rows.filter(level=Level.from_word(value))


class LimitRequestViewSet(CompanyViewSet):
    """Wishes for limits: made, submitted, approved or refused by somebody else with authority."""

    queryset = LimitRequest.objects.none()
    serializer_class = LimitRequestAnswer
    lookup_value_regex = ROW_ID
    pagination_class = Pages
    filterset_class = LimitRequestFilters
    search_fields = ("asked_for__search_key", "reason")
    ordering_fields = {"created_at": "created_at", "amount": "amount", "account": "asked_for__code"}
    ordering = "-created_at"
    reads = "accounts.view"
    acts = {
        "create": "credit.request_limit",
        "submit": "credit.request_limit",
        "approve": "credit.decide_limit",
        "refuse": "credit.decide_limit",
        "appeal": "credit.request_limit",
    }

    def get_queryset(self) -> QuerySet[LimitRequest]:
        """Requests about clients this user may see."""
        signatures = LimitSignature.objects.filter(ended_at=None).select_related("signed_by").order_by("pk")
        return queries.limit_requests_visible(self.user, self.company).prefetch_related(
            Prefetch("signatures", signatures, to_attr="given")
        )

    def list(self, request: Request) -> Response:
        """Requests, newest first."""
        return self.page(self.get_queryset(), lambda rows: [limit_request_answer(row) for row in rows])

    @extend_schema(request=LimitRequestBody)
    def create(self, request: Request) -> Response:
        """Ask for a limit; ``submit`` sends it on at once."""
        body = self.read(LimitRequestBody)
        account = self.account(body.pop("account"))
        made = services.create_limit_request(account=account, by=self.user, at=self.at, **body)
        return Response(self._answer(made.pk), status=status.HTTP_201_CREATED)

    def retrieve(self, request: Request, pk: str) -> Response:
        """One request."""
        return Response(self._answer(int(pk)))

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def submit(self, request: Request, pk: str) -> Response:
        """Send a draft to whoever may decide."""
        services.submit_limit_request(request_id=self._seen(pk), by=self.user, at=self.at)
        return Response(self._answer(int(pk)))

    @extend_schema(request=ReasonBody)
    @action(detail=True, methods=["post"])
    def approve(self, request: Request, pk: str) -> Response:
        """Grant it; above level 3 the first of two approvals waits for the second."""
        return self._decide(pk, services.approve_limit_request)

    @extend_schema(request=ReasonBody)
    @action(detail=True, methods=["post"])
    def refuse(self, request: Request, pk: str) -> Response:
        """Refuse it."""
        return self._decide(pk, services.refuse_limit_request)

    @extend_schema(request=ReasonBody)
    @action(detail=True, methods=["post"])
    def appeal(self, request: Request, pk: str) -> Response:
        """Take a refusal to the next level, once; the answer is the new request."""
        made = services.appeal_limit_request(
            request_id=self._seen(pk), by=self.user, at=self.at, **self.read(ReasonBody)
        )
        return Response(self._answer(made.pk), status=status.HTTP_201_CREATED)

    def _decide(self, pk: str, act: Callable[..., Any]) -> Response:
        act(request_id=self._seen(pk), by=self.user, at=self.at, **self.read(ReasonBody))
        return Response(self._answer(int(pk)))

    def _seen(self, pk: str) -> int:
        if not self.get_queryset().filter(pk=pk).exists():
            raise NotFound
        return int(pk)

    def _answer(self, pk: int) -> dict[str, Any]:
        found = self.get_queryset().filter(pk=pk).first()
        if found is None:
            raise NotFound
        return limit_request_answer(found)
