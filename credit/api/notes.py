"""Notes on clients by HTTP: written once, corrected by another, withdrawn with a reason."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Q, QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.base import CompanyViewSet
from credit.models import ClientNote
from credit.notes.enums import NoteKind, NoteTopic, NoteWeight
from credit.notes.policy import LONGEST
from credit.notes.queries import READ, STANDING, WRITE, notes_visible
from credit.notes.services import Content, withdraw_note, write_note
from o2c.shared.api import Pages
from o2c.shared.api.routing import ROW_ID
from o2c.shared.calendar import paris_date
from o2c.shared.problems import NotFound

from .serializers import ReasonBody

Shape = serializers.Serializer[Any]
_STATES = (("standing", "standing"), ("withdrawn", "withdrawn"), ("corrected", "corrected"), ("all", "all"))
_IN_STATE = {
    "standing": STANDING,
    "withdrawn": Q(withdrawn_at__isnull=False),
    "corrected": Q(superseded_by__isnull=False),
    "all": Q(),
}


class NoteBody(Shape):
    """What a note says: facts that matter for business.

    Nothing about health, family, religion, politics or unions, no opinion and no insult: such words are refused
    (422, ``risky_words``) until ``confirmed`` says that they are factual and needed.
    """

    account = serializers.CharField(max_length=40)
    kind = serializers.ChoiceField(NoteKind.choices)
    topic = serializers.ChoiceField(
        NoteTopic.choices,
        required=False,
        default="",
        allow_blank=True,
        help_text="Of `MARKET`, and needed there.",
    )
    weight = serializers.ChoiceField(NoteWeight.choices, default=NoteWeight.NEUTRAL)
    seen_on = serializers.DateField(required=False, help_text="Today when left out.")
    text = serializers.CharField(max_length=LONGEST)
    source = serializers.CharField(  # type: ignore[assignment]
        max_length=150, required=False, allow_blank=True, default=""
    )
    url = serializers.CharField(
        max_length=500, required=False, allow_blank=True, default="", help_text="`https://` or `http://`."
    )
    confirmed = serializers.BooleanField(default=False)
    supersedes = serializers.IntegerField(
        required=False, allow_null=True, default=None, help_text="The note that this one corrects."
    )


class NoteAnswer(Shape):
    """A note as the API shows it; what it says never changes."""

    id = serializers.IntegerField()
    account = serializers.CharField()
    kind = serializers.ChoiceField(NoteKind.choices)
    topic = serializers.ChoiceField(NoteTopic.choices, allow_blank=True)
    weight = serializers.ChoiceField(NoteWeight.choices)
    seen_on = serializers.DateField()
    text = serializers.CharField()
    source = serializers.CharField(allow_blank=True)  # type: ignore[assignment]
    url = serializers.CharField(allow_blank=True)
    risky_words = serializers.ListField(child=serializers.CharField())
    written_by = serializers.CharField()
    written_at = serializers.DateTimeField()
    supersedes = serializers.IntegerField(allow_null=True)
    superseded_by = serializers.IntegerField(allow_null=True)
    withdrawn_by = serializers.CharField(allow_null=True)
    withdrawn_at = serializers.DateTimeField(allow_null=True)
    withdraw_reason = serializers.CharField(allow_blank=True)


class NoteFilters(filters.FilterSet):
    """``?account= &kind= &topic= &weight= &seen_from= &seen_until= &risky= &state=``."""

    account = filters.CharFilter(field_name="account__code")
    kind = filters.ChoiceFilter(choices=NoteKind.choices)
    topic = filters.ChoiceFilter(choices=NoteTopic.choices)
    weight = filters.ChoiceFilter(choices=NoteWeight.choices)
    seen_from = filters.DateFilter(field_name="seen_on", lookup_expr="gte")
    seen_until = filters.DateFilter(field_name="seen_on", lookup_expr="lte")
    risky = filters.BooleanFilter(method="with_risky_words")
    state = filters.ChoiceFilter(choices=_STATES, method="in_state", help_text="`standing` when left out.")

    class Meta:
        model = ClientNote
        fields: Sequence[str] = ()

    def filter_queryset(self, queryset: QuerySet[ClientNote]) -> QuerySet[ClientNote]:
        """What stands, unless something else is asked for."""
        rows = super().filter_queryset(queryset)
        return rows if self.form.cleaned_data.get("state") else rows.filter(STANDING)

    def with_risky_words(self, rows: QuerySet[ClientNote], name: str, value: bool) -> QuerySet[ClientNote]:
        """Notes with words that were confirmed, or without any."""
        return rows.exclude(risky_words=[]) if value else rows.filter(risky_words=[])

    def in_state(self, rows: QuerySet[ClientNote], name: str, value: str) -> QuerySet[ClientNote]:
        """Notes that stand, or what became of them."""
        return rows.filter(_IN_STATE[value])


class NoteViewSet(CompanyViewSet):
    """What is noted about clients: business, market, press, news, and what stays with credit management."""

    queryset = ClientNote.objects.none()
    serializer_class = NoteAnswer
    lookup_value_regex = ROW_ID
    pagination_class = Pages
    filterset_class = NoteFilters
    search_fields = ("account__search_key", "text", "source")
    ordering_fields = {"seen_on": "seen_on", "written_at": "written_at"}
    ordering = "-seen_on"
    reads = READ
    acts = {"create": WRITE, "withdraw": WRITE}

    def get_queryset(self) -> QuerySet[ClientNote]:
        """Notes of the clients this user may see, without restricted ones for whoever may not read them."""
        return notes_visible(self.user, self.company)

    def list(self, request: Request) -> Response:
        """Notes that stand, the newest first."""
        return self.page(self.get_queryset(), lambda rows: [_shown(row) for row in rows])

    @extend_schema(request=NoteBody, responses={201: NoteAnswer})
    def create(self, request: Request) -> Response:
        """Write one, or correct one with ``supersedes``."""
        body = self.read(NoteBody)
        account = self.account(body["account"])
        made = write_note(
            account_id=account.pk,
            content=Content(
                kind=NoteKind(body["kind"]),
                topic=body["topic"],
                weight=NoteWeight(body["weight"]),
                seen_on=body.get("seen_on") or paris_date(self.at),
                text=body["text"],
                source=body["source"],
                url=body["url"],
            ),
            confirmed=body["confirmed"],
            supersedes_id=body["supersedes"],
            by=self.user,
            at=self.at,
        )
        return Response(self._answer(made.pk), status=status.HTTP_201_CREATED)

    def retrieve(self, request: Request, pk: str) -> Response:
        """One note."""
        return Response(self._answer(int(pk)))

    @extend_schema(request=ReasonBody)
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: str) -> Response:
        """Take it back with a reason: whoever wrote it, and credit management."""
        withdraw_note(note_id=int(pk), by=self.user, at=self.at, **self.read(ReasonBody))
        return Response(self._answer(int(pk)))

    def _answer(self, pk: int) -> dict[str, Any]:
        found = self.get_queryset().filter(pk=pk).first()
        if found is None:
            raise NotFound
        return _shown(found)


def _shown(row: ClientNote) -> dict[str, Any]:
    corrected_by = getattr(row, "superseded_by", None)
    return {
        "id": row.pk,
        "account": row.account.code,
        "kind": row.kind,
        "topic": row.topic,
        "weight": row.weight,
        "seen_on": row.seen_on,
        "text": row.text,
        "source": row.source,
        "url": row.url,
        "risky_words": row.risky_words,
        "written_by": row.written_by.username,
        "written_at": row.written_at,
        "supersedes": row.supersedes_id,
        "superseded_by": corrected_by.pk if corrected_by else None,
        "withdrawn_by": row.withdrawn_by.username if row.withdrawn_by else None,
        "withdrawn_at": row.withdrawn_at,
        "withdraw_reason": row.withdraw_reason,
    }
