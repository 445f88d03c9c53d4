"""``disputes/{number}/links/``: links by which a colleague answers one case without an account (ADR 0016)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.base import CompanyEdge
from disputes import queries
from disputes.models import Dispute, ResolverLink
from disputes.services import links as services
from o2c.shared.links import LIFETIME_DAYS, LONGEST_DAYS

Shape = serializers.Serializer[Any]
LANGUAGES = ("fr", "en")


class ResolverLinkBody(Shape):
    """Who is to answer: the address of the page stands in the mail to this person alone."""

    name = serializers.CharField(max_length=120)
    email = serializers.EmailField(max_length=254)
    language = serializers.ChoiceField(LANGUAGES, default="fr")
    days = serializers.IntegerField(min_value=1, max_value=LONGEST_DAYS, default=LIFETIME_DAYS)


class ResolverLinkAnswer(Shape):
    """A link to a case. Its address is told in the mail alone."""

    id = serializers.IntegerField()
    dispute = serializers.CharField()
    state = serializers.ChoiceField(["alive", "expired", "revoked"])
    name = serializers.CharField()
    sent_to = serializers.CharField()
    language = serializers.CharField()
    created_by = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    revoked_by = serializers.CharField(allow_null=True)
    revoked_at = serializers.DateTimeField(allow_null=True)


class ResolverLinksAnswer(Shape):
    """All of a case on one page, the latest first."""

    count = serializers.IntegerField()
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = ResolverLinkAnswer(many=True)


class _OfDispute(CompanyEdge):
    def dispute(self, number: str) -> Dispute:
        """The case.

        :raises DisputeUnknown: there is none, or it is not this user's to see
        """
        found = Dispute.objects.visible_to(self.user, self.company).filter(number=number).first()
        if found is None:
            raise queries.DisputeUnknown
        return found


class DisputeLinksView(_OfDispute):
    """The links of a case."""

    reads = "disputes.view"
    acts = {"post": "disputes.work"}

    @extend_schema(responses=ResolverLinksAnswer)
    def get(self, request: Request, number: str) -> Response:
        """Every link of the case."""
        rows = self.dispute(number).links.select_related("dispute", "created_by", "revoked_by")
        found = [_answer(row, self.at) for row in rows]
        return Response({"count": len(found), "next": None, "previous": None, "results": found})

    @extend_schema(request=ResolverLinkBody, responses={201: ResolverLinkAnswer})
    def post(self, request: Request, number: str) -> Response:
        """Send somebody without an account a link to this case."""
        dispute, body = self.dispute(number), self.read(ResolverLinkBody)
        made = services.send_link(dispute_id=dispute.pk, by=self.user, at=self.at, **body)
        return Response(_answer(made, self.at), status=status.HTTP_201_CREATED)


class DisputeLinkRevokeView(_OfDispute):
    """``disputes/{number}/links/{id}/revoke/``."""

    acts = {"post": "disputes.work"}

    @extend_schema(request=None, responses=ResolverLinkAnswer)
    def post(self, request: Request, number: str, pk: int) -> Response:
        """End a link before its time; 409 where it has ended already."""
        dispute = self.dispute(number)
        ended = services.revoke_link(dispute_id=dispute.pk, link_id=pk, by=self.user, at=self.at)
        return Response(_answer(ended, self.at))


def _answer(row: ResolverLink, at: datetime) -> dict[str, Any]:
    ended = "revoked" if row.revoked_at else "expired"
    return {
        "id": row.pk,
        "dispute": row.dispute.number,
        "state": "alive" if row.is_alive(at) else ended,
        "name": row.name,
        "sent_to": row.sent_to,
        "language": row.language,
        "created_by": row.created_by.username if row.created_by else None,
        "created_at": row.created_at,
        "expires_at": row.expires_at,
        "revoked_by": row.revoked_by.username if row.revoked_by else None,
        "revoked_at": row.revoked_at,
    }
