"""Who is asking: a token, or the session of the browser."""

from __future__ import annotations

from rest_framework import authentication
from rest_framework.request import Request


class TokenAuthentication(authentication.TokenAuthentication):
    """``Authorization: Token …`` as given by ``auth/token/``."""


class SessionAuthentication(authentication.SessionAuthentication):
    """The browser's session; whoever has none is told how to sign in (401), not that it is forbidden."""

    def authenticate_header(self, request: Request) -> str:
        """The challenge that turns a refusal of a stranger into a 401."""
        return 'Session realm="o2c"'
