"""Stopping reminders of a whole client, and going on: ``accounts/{code}/stop/`` and ``…/resume/``."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.base import CompanyEdge
from accounts.models import CustomerAccount
from invoicing import services
from invoicing.stops import stop_of_client
from o2c.shared.calendar import paris_date

from .serializers import Shape


class StopBody(Shape):
    """Why nobody is to be reminded, and the last day of it."""

    reason = serializers.CharField(max_length=2000)
    until = serializers.DateField()


class ClientStopAnswer(Shape):
    """Whether reminders of a client are stopped; without a stop the rest is null."""

    account = serializers.CharField()
    stopped = serializers.BooleanField()
    reason = serializers.CharField(allow_null=True)
    until = serializers.DateField(allow_null=True)
    stopped_by = serializers.CharField(allow_null=True)
    stopped_at = serializers.DateTimeField(allow_null=True)


class ClientStopView(CompanyEdge):
    """``accounts/{code}/stop/``."""

    acts = {"post": services.RIGHT_TO_STOP}

    @extend_schema(request=StopBody, responses={200: ClientStopAnswer})
    def post(self, request: Request, code: str) -> Response:
        """Have a client reminded of nothing from today until a day, that day included; a stop in force is replaced."""
        account, body = self.account(code), self.read(StopBody)
        services.stop_client(account_id=account.pk, by=self.user, at=self.at, **body)
        return Response(self.answer(account))

    def answer(self, account: CustomerAccount) -> dict[str, Any]:
        """What holds today."""
        stop = stop_of_client(account, on=paris_date(self.at))
        return {
            "account": account.code,
            "stopped": stop is not None,
            "reason": stop.reason if stop else None,
            "until": stop.until if stop else None,
            "stopped_by": stop.stopped_by.username if stop else None,
            "stopped_at": stop.stopped_at if stop else None,
        }


class ClientResumeView(ClientStopView):
    """``accounts/{code}/resume/``."""

    @extend_schema(request=None, responses={200: ClientStopAnswer})
    def post(self, request: Request, code: str) -> Response:
        """Let reminders of a client go on from today; items with a stop of their own stay stopped."""
        account = self.account(code)
        services.resume_client(account_id=account.pk, by=self.user, at=self.at)
        return Response(self.answer(account))
