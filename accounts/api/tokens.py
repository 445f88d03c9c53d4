"""Signing in to the API."""

from __future__ import annotations

import logging
from typing import Any

from django.conf import settings
from django.contrib.auth import authenticate, user_logged_in
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from redis.exceptions import RedisError
from rest_framework import permissions, serializers
from rest_framework.authtoken.models import Token
from rest_framework.exceptions import AuthenticationFailed, Throttled
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import SimpleRateThrottle

from accounts.models import User
from o2c.shared.api.schema import Problem
from o2c.shared.api.views import Edge

logger = logging.getLogger(__name__)


class Credentials(serializers.Serializer[Any]):
    """User name and password."""

    username = serializers.CharField(max_length=150)
    password = serializers.CharField(max_length=500, trim_whitespace=False, write_only=True)


class TokenAnswer(serializers.Serializer[Any]):
    """What goes into ``Authorization: Token …``."""

    token = serializers.CharField()


class LockedOut(Throttled):
    """The name is locked; the header says for how many seconds."""

    def __init__(self) -> None:
        told = _("Too many wrong attempts: wait a quarter of an hour.")
        super().__init__(detail=told, code="locked_out")
        self.wait = settings.AXES_COOLOFF_TIME * 3600


class SignInThrottle(SimpleRateThrottle):
    """So many tries from one address in a minute, whoever they name."""

    scope = "sign-in"

    def get_cache_key(self, request: Request, view: Any) -> str:
        """Count by the address of the caller, which a header could only pretend."""
        return f"sign-in:{request.META.get('REMOTE_ADDR', '')}"

    def allow_request(self, request: Request, view: Any) -> bool:
        """Whether this try may go on; a counter that is down must not lock everybody out."""
        try:
            return bool(super().allow_request(request, view))
        except RedisError:
            logger.warning("tries to sign in are not counted: the cache is down")
            return True


class TokenView(Edge):
    """A token for user name and password; wrong ones lock the sign-in for a while, as on the page."""

    permission_classes = [permissions.AllowAny]
    authentication_classes = []
    throttle_classes = [SignInThrottle]

    def get_authenticate_header(self, request: Request) -> str:
        """Wrong credentials are a 401."""
        return 'Token realm="o2c"'

    @extend_schema(request=Credentials, responses={200: TokenAnswer, 429: Problem}, auth=[])
    def post(self, request: Request) -> Response:
        """Sign in.

        :raises AuthenticationFailed: they do not go together
        :raises Throttled: too many wrong attempts, or too many at all
        """
        body = self.read(Credentials)
        asked = request._request
        user = authenticate(asked, username=body["username"], password=body["password"])
        if getattr(asked, "axes_locked_out", False):
            # The answer is ours to give: without this the sign-in page would be sent.
            asked.axes_locked_out = False  # type: ignore[attr-defined]
            raise LockedOut
        if not isinstance(user, User):
            raise AuthenticationFailed(
                _("User name and password do not go together."), code="bad_credentials"
            )
        user_logged_in.send(sender=User, request=asked, user=user)
        token, _created = Token.objects.get_or_create(user=user)
        return Response({"token": token.key})
