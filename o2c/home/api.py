"""The outbox over the API: what was sent or waits (contract §3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django.db.models import QuerySet
from django.http.response import HttpResponseBase
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.base import CompanyViewSet
from accounts.models import CustomerAccount, User
from o2c.shared import delivery, outbox_files
from o2c.shared.api import Pages
from o2c.shared.api.routing import ROW_ID
from o2c.shared.api.views import Edge
from o2c.shared.bounces import Action
from o2c.shared.models import OutboxMessage, Work
from o2c.shared.problems import NotAllowed, NotFound
from o2c.shared.results import sent

from .list_files import file_for
from .outbox import messages_visible

# What mail servers say of messages that left.
REPORTS: Final = "mail.report"


class MessageAnswer(serializers.Serializer[Any]):
    """One message; ``time`` is when it was sent, else when it was written."""

    id = serializers.IntegerField()
    kind = serializers.CharField()
    account = serializers.CharField(allow_null=True)
    channel = serializers.ChoiceField(OutboxMessage.Channel.choices)
    to = serializers.CharField()
    cc = serializers.CharField(allow_blank=True)
    subject = serializers.CharField()
    text = serializers.CharField()
    language = serializers.CharField()
    state = serializers.ChoiceField(OutboxMessage.State.choices)
    time = serializers.DateTimeField()
    created_at = serializers.DateTimeField()
    sent_at = serializers.DateTimeField(allow_null=True)
    files = serializers.ListField(child=serializers.CharField())


class MessageFilters(filters.FilterSet):
    """``?account= &kind= &state= &channel= &to=``."""

    account = filters.CharFilter(method="about")
    kind = filters.CharFilter()
    state = filters.ChoiceFilter(choices=OutboxMessage.State.choices)
    channel = filters.ChoiceFilter(choices=OutboxMessage.Channel.choices)
    to = filters.CharFilter()

    class Meta:
        model = OutboxMessage
        fields: Sequence[str] = ()

    def about(self, rows: QuerySet[OutboxMessage], name: str, value: str) -> QuerySet[OutboxMessage]:
        """Messages about one client."""
        return rows.filter(account_id__in=CustomerAccount.objects.filter(code=value).values("pk"))


class ReportBody(serializers.Serializer[Any]):
    """A delivery report of a mail server (RFC 3464) as it came, headers and all."""

    message = serializers.CharField(max_length=1_000_000, trim_whitespace=False)


class ReportAnswer(serializers.Serializer[Any]):
    """What a report says of one message of ours; ``new`` is false where it was heard before."""

    message = serializers.IntegerField()
    recipient = serializers.CharField()
    action = serializers.ChoiceField([(each.value, each.value) for each in Action])
    code = serializers.CharField(allow_blank=True)
    text = serializers.CharField(allow_blank=True)
    state = serializers.ChoiceField(OutboxMessage.State.choices)
    new = serializers.BooleanField()


class OutboxViewSet(CompanyViewSet):
    """Messages that were sent or wait."""

    queryset = OutboxMessage.objects.none()
    serializer_class = MessageAnswer
    lookup_value_regex = ROW_ID
    pagination_class = Pages
    filterset_class = MessageFilters
    search_fields = ("to", "subject")
    ordering_fields = {"created_at": "created_at", "sent_at": "sent_at", "kind": "kind"}
    ordering = "-created_at"
    reads = "accounts.view"
    acts = {"reports": REPORTS}

    def get_queryset(self) -> QuerySet[OutboxMessage]:
        """Messages about clients this user may see, and their own."""
        return messages_visible(self.user, self.company)

    def list(self, request: Request) -> Response:
        """Messages, the newest first."""
        return self.page(self.get_queryset(), _answers)

    def retrieve(self, request: Request, pk: str) -> Response:
        """One message."""
        found = self.get_queryset().filter(pk=pk).first()
        if found is None:
            raise NotFound
        return Response(_answers([found])[0])

    @extend_schema(request=ReportBody, responses=ReportAnswer(many=True), filters=False)
    @action(detail=False, methods=["post"], pagination_class=None)
    def reports(self, request: Request) -> Response:
        """Note what a mail server says of a message: it arrived, it came back, it is on its way still.

        :raises NotAReport: an ordinary message, or nothing that can be read
        :raises NotOurMessage: about something that did not leave from here
        """
        if not self.user.may(REPORTS, self.company):
            raise NotAllowed
        content = self.read(ReportBody)["message"].encode("utf-8", "replace")
        return Response([_heard(each) for each in delivery.take(content, at=self.at, by=self.user)])


def _heard(heard: delivery.Heard) -> dict[str, Any]:
    report = heard.report
    return {
        "message": heard.message.pk,
        "recipient": report.recipient,
        "action": report.action.value,
        "code": report.code,
        "text": report.text,
        "state": heard.message.state,
        "new": heard.is_new,
    }


def _answers(rows: Sequence[OutboxMessage]) -> list[dict[str, Any]]:
    ids = {row.account_id for row in rows if row.account_id}
    codes = dict(CustomerAccount.objects.filter(pk__in=ids).values_list("pk", "code"))
    return [
        {
            "id": row.pk,
            "kind": row.kind,
            "account": codes.get(row.account_id or 0),
            "channel": row.channel,
            "to": row.to,
            "cc": row.cc,
            "subject": row.subject,
            "text": row.text,
            "language": row.language,
            "state": row.state,
            "time": row.sent_at or row.created_at,
            "created_at": row.created_at,
            "sent_at": row.sent_at,
            "files": outbox_files.names(row.files),
        }
        for row in rows
    ]


class JobFileView(Edge):
    """The file that a piece of work has made: the ``result_url`` of a job."""

    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    def get(self, request: Request, pk: int) -> HttpResponseBase:
        """Send it to whoever asked for it and still may read it; it is kept for a week.

        :raises NotFound: it is not there any more, or not this user's to fetch
        """
        user = request.user
        assert isinstance(user, User)
        found = Work.objects.filter(pk=pk, requested_by=user).first()
        if found is None:
            raise NotFound
        return sent(file_for(user, found))
