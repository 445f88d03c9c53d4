"""``client-links/``: the links that open a client its own page, made, listed and revoked (ADR 0016)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.base import CompanyViewSet
from accounts.models import Contact, CustomerAccount
from dunning.models import ClientLink
from dunning.services import links as services
from o2c.shared.api import Pages
from o2c.shared.api.routing import ROW_ID
from o2c.shared.links import LIFETIME_DAYS, LONGEST_DAYS
from o2c.shared.problems import Invalid, NotFound

Shape = serializers.Serializer[Any]
ALIVE, EXPIRED, REVOKED = "alive", "expired", "revoked"


class ClientLinkBody(Shape):
    """For whom, for how long, and the address of a contact of the client it is sent to; without one, whoever asked
    hands it on."""

    account = serializers.CharField(max_length=40)
    days = serializers.IntegerField(min_value=1, max_value=LONGEST_DAYS, default=LIFETIME_DAYS)
    email = serializers.EmailField(max_length=254, required=False, allow_blank=True, default="")


class ClientLinkAnswer(Shape):
    """A link. Its address stands in the answer that made it and nowhere else: only a digest of it is kept."""

    id = serializers.IntegerField()
    account = serializers.CharField()
    state = serializers.ChoiceField([ALIVE, EXPIRED, REVOKED])
    address = serializers.CharField(allow_null=True)
    sent_to = serializers.CharField(allow_blank=True)
    reminder = serializers.IntegerField(allow_null=True)
    created_by = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    revoked_by = serializers.CharField(allow_null=True)
    revoked_at = serializers.DateTimeField(allow_null=True)


class ClientLinkFilters(filters.FilterSet):
    """``?account= &alive=1``."""

    account = filters.CharFilter(field_name="account__code")
    alive = filters.BooleanFilter(method="only_alive")

    class Meta:
        model = ClientLink
        fields: Sequence[str] = ()

    def only_alive(self, rows: QuerySet[ClientLink], name: str, value: bool) -> QuerySet[ClientLink]:
        """Those that open still, or those that have ended."""
        alive = Q(revoked_at=None, expires_at__gt=self.request.parser_context["view"].at)
        return rows.filter(alive) if value else rows.exclude(alive)


class ClientLinkViewSet(CompanyViewSet):
    """Links of a company's clients."""

    queryset = ClientLink.objects.none()
    serializer_class = ClientLinkAnswer
    lookup_value_regex = ROW_ID
    pagination_class = Pages
    filterset_class = ClientLinkFilters
    search_fields = ("account__search_key", "account__code", "sent_to")
    ordering_fields = {"created_at": "created_at", "expires_at": "expires_at", "account": "account__code"}
    ordering = "-created_at"
    told_once = ("address",)
    reads = "invoicing.view"
    acts = dict.fromkeys(("create", "revoke"), services.RIGHT)

    def get_queryset(self) -> QuerySet[ClientLink]:
        """Links of the clients this user may see."""
        found: QuerySet[ClientLink] = ClientLink.objects.visible_to(self.user, self.company)
        return found.select_related("account", "created_by", "revoked_by")

    def list(self, request: Request) -> Response:
        """Links, the latest first."""
        return self.page(self.get_queryset(), lambda rows: [self._answer(row) for row in rows])

    def retrieve(self, request: Request, pk: str) -> Response:
        """One link; its address is not told again."""
        return Response(self._answer(self._link(pk)))

    @extend_schema(request=ClientLinkBody, responses={201: ClientLinkAnswer})
    def create(self, request: Request) -> Response:
        """Make a link; with an e-mail address it leaves by mail, with the statement."""
        body = self.read(ClientLinkBody)
        account = self.account(body["account"])
        made = services.make_link(
            account_id=account.pk,
            days=body["days"],
            contact_id=_contact(account, body["email"]),
            by=self.user,
            at=self.at,
        )
        answer = self._answer(made.link) | {"address": made.address}
        return Response(
            answer, status=status.HTTP_201_CREATED, headers={"Cache-Control": "no-store, private"}
        )

    @extend_schema(request=None, responses={200: ClientLinkAnswer})
    @action(detail=True, methods=["post"])
    def revoke(self, request: Request, pk: str) -> Response:
        """End a link before its time; 409 where it has ended already."""
        ended = services.revoke_link(link_id=self._link(pk).pk, by=self.user, at=self.at)
        return Response(self._answer(ended))

    def _link(self, pk: str) -> ClientLink:
        found = self.get_queryset().filter(pk=pk).first()
        if found is None:
            raise NotFound(code="link_not_found")
        return found

    def _answer(self, row: ClientLink) -> dict[str, Any]:
        ended = REVOKED if row.revoked_at else EXPIRED
        return {
            "id": row.pk,
            "account": row.account.code,
            "state": ALIVE if row.is_alive(self.at) else ended,
            "address": None,
            "sent_to": row.sent_to,
            "reminder": row.reminder_id,
            "created_by": row.created_by.username if row.created_by else None,
            "created_at": row.created_at,
            "expires_at": row.expires_at,
            "revoked_by": row.revoked_by.username if row.revoked_by else None,
            "revoked_at": row.revoked_at,
        }


def _contact(account: CustomerAccount, email: str) -> int | None:
    """The client's contact with this address.

    :raises Invalid: none of its people has it
    """
    if not email:
        return None
    found = Contact.objects.filter(account=account, email__iexact=email).order_by("pk").first()
    if found is None:
        raise Invalid(errors={"email": [_("None of this client’s contacts has this address.")]})
    return found.pk
