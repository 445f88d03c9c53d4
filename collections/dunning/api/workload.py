"""The work list with the reason of each rank, what lies with whom, and who passed clients on, to be read by HTTP."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.base import CompanyEdge, CompanyViewSet
from dunning.enums import RelayLevel
from dunning.models import AccountRelay
from dunning.policy import Rank
from dunning.queries import relays, worklist
from dunning.queries.worklist import ToCall, Workload
from dunning.relay_policy import chain_of
from dunning.services import calls
from o2c.shared.api import Pages
from o2c.shared.api.bodies import amount_field
from o2c.shared.api.lists import DayFilter
from o2c.shared.api.routing import ROW_ID
from o2c.shared.calendar import paris_date
from o2c.shared.problems import Invalid, NotFound

Shape = serializers.Serializer[Any]
# Who sees what lies with whom.
WORKLOAD: Final = "dunning.run"
_YES: Final = {"1": True, "true": True, "0": False, "false": False, "": False}


class SiteShape(Shape):
    """An account of a client that is late."""

    account = serializers.CharField()
    name = serializers.CharField()
    owed = amount_field()
    oldest_days = serializers.IntegerField()


class ToCallShape(Shape):
    """A client to be called, all its sites at once.

    ``owed`` is late and may be asked for; ``worth`` what a call is likely to bring of it, ``chance`` the share.
    ``reason`` is the strongest reason for its rank, ``reason_text`` the same in words. ``level``: with whom it is.
    """

    account = serializers.CharField()
    name = serializers.CharField()
    currency = serializers.CharField()
    owed = amount_field()
    worth = amount_field()
    chance = serializers.DecimalField(max_digits=5, decimal_places=4)
    oldest_days = serializers.IntegerField()
    reason = serializers.ChoiceField(Rank.choices)
    reason_text = serializers.CharField()
    broken_on = serializers.DateField(allow_null=True)
    collector = serializers.CharField(allow_null=True)
    level = serializers.ChoiceField(RelayLevel.choices)
    sites = SiteShape(many=True)


class WorkListAnswer(Shape):
    """The first clients to be called today, and how many there are in all."""

    on = serializers.DateField()
    count = serializers.IntegerField()
    called_today = serializers.IntegerField()
    clients = ToCallShape(many=True)


class WorkListView(CompanyEdge):
    """``work-list/``: whom to call today, in which order, and why."""

    serializer_class = WorkListAnswer
    reads = calls.RIGHT
    takes = {"get": ("mine",)}

    @extend_schema(
        parameters=[OpenApiParameter("mine", bool, description="Those of the reader, and of nobody.")]
    )
    def get(self, request: Request) -> Response:
        """Clients whom this user may see, the most worth first, those that cannot wait before them."""
        asked = request.query_params.get("mine", "").lower()
        if asked not in _YES:
            raise Invalid(errors={"mine": [serializers.BooleanField().error_messages["invalid"]]})
        today = paris_date(self.at)
        found, count = worklist.work_list(self.user, self.company, on=today, mine=_YES[asked])
        has_credit = relays.has_credit_management(self.company.pk)
        levels = relays.levels_of([row.account.pk for row in found])
        first = chain_of(has_credit_management=has_credit)[0]
        return Response(
            {
                "on": today,
                "count": count,
                "called_today": worklist.called_today(self.user, self.company, on=today),
                "clients": [_to_call(row, levels, first) for row in found],
            }
        )


def _to_call(row: ToCall, levels: Mapping[int, RelayLevel], first: RelayLevel) -> dict[str, Any]:
    return {
        "account": row.account.code,
        "name": row.name,
        "currency": row.currency,
        "owed": f"{row.owed:.2f}",
        "worth": f"{row.worth:.2f}",
        "chance": f"{row.chance:.4f}",
        "oldest_days": row.oldest_days,
        "reason": row.reason.value,
        "reason_text": str(row.reason.label),
        "broken_on": row.broken_on,
        "collector": row.collector.username if row.collector else None,
        "level": levels.get(row.account.pk, first).value,
        "sites": [
            {
                "account": site.account.code,
                "name": site.account.name,
                "owed": f"{site.owed:.2f}",
                "oldest_days": site.oldest_days,
            }
            for site in row.sites
        ],
    }


class LoadShape(Shape):
    """What lies with one collector, null: with nobody; ``calls_made`` within the last seven days."""

    collector = serializers.CharField(allow_null=True)
    name = serializers.CharField(allow_blank=True)
    currency = serializers.CharField()
    clients = serializers.IntegerField()
    sites = serializers.IntegerField()
    documents = serializers.IntegerField()
    owed = amount_field()
    calls_due = serializers.IntegerField()
    calls_made = serializers.IntegerField()


class WorkloadAnswer(Shape):
    """The workload of a day."""

    on = serializers.DateField()
    rows = LoadShape(many=True)


class WorkloadView(CompanyEdge):
    """``workload/``: how many clients, documents, amounts and calls lie with whom."""

    serializer_class = WorkloadAnswer
    reads = WORKLOAD

    @extend_schema(responses=WorkloadAnswer)
    def get(self, request: Request) -> Response:
        """Each collector once a currency, the most first; of clients whom this user may see."""
        today = paris_date(self.at)
        found = worklist.workloads(self.user, self.company, on=today)
        return Response({"on": today, "rows": [_load(row) for row in found]})


def _load(row: Workload) -> dict[str, Any]:
    return {
        "collector": row.collector.username if row.collector else None,
        "name": row.collector.label() if row.collector else "",
        "currency": row.currency,
        "clients": row.clients,
        "sites": row.sites,
        "documents": row.documents,
        "owed": f"{row.owed:.2f}",
        "calls_due": row.calls_due,
        "calls_made": row.calls_made,
    }


class RelayAnswer(Shape):
    """A client that passed from one to another; ``by`` is null where it passed by rule."""

    id = serializers.IntegerField()
    account = serializers.CharField()
    from_level = serializers.ChoiceField(RelayLevel.choices)
    to_level = serializers.ChoiceField(RelayLevel.choices)
    reason = serializers.CharField(allow_blank=True)
    on = serializers.DateField()
    at = serializers.DateTimeField()
    by = serializers.CharField(allow_null=True)


class RelayFilters(filters.FilterSet):
    """``?account= &to_level= &on= …``."""

    account = filters.CharFilter(field_name="account__code")
    to_level = filters.ChoiceFilter(choices=RelayLevel.choices)
    on = DayFilter()

    class Meta:
        model = AccountRelay
        fields: Sequence[str] = ()


class RelayViewSet(CompanyViewSet):
    """Who passed which client on to whom; never changed, the last one of a client says with whom it is."""

    queryset = AccountRelay.objects.none()
    serializer_class = RelayAnswer
    lookup_value_regex = ROW_ID
    pagination_class = Pages
    filterset_class = RelayFilters
    search_fields = ("account__search_key",)
    ordering_fields = {"on": "on", "account": "account__code"}
    ordering = "-on"
    reads = "invoicing.view"

    def get_queryset(self) -> QuerySet[AccountRelay]:
        """Relays of the clients this user may see."""
        return AccountRelay.objects.visible_to(self.user, self.company).select_related("account", "by")

    def list(self, request: Request) -> Response:
        """Relays, the latest first."""
        return self.page(self.get_queryset(), lambda rows: [_relay(row) for row in rows])

    def retrieve(self, request: Request, pk: str) -> Response:
        """One relay."""
        found = self.get_queryset().filter(pk=pk).first()
        if found is None:
            raise NotFound
        return Response(_relay(found))


def _relay(row: AccountRelay) -> dict[str, Any]:
    return {
        "id": row.pk,
        "account": row.account.code,
        "from_level": row.from_level,
        "to_level": row.to_level,
        "reason": row.reason,
        "on": row.on,
        "at": row.at,
        "by": row.by.username if row.by else None,
    }
