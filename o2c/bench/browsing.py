"""Somebody with a role, signed in, who opens pages in this process: no network between."""

from __future__ import annotations

from django.test import Client

from accounts.models import User


def browser(username: str) -> Client:
    """A client of the portal signed in as this user, in French."""
    client = Client(raise_request_exception=False, headers={"accept-language": "fr", "host": "localhost"})
    client.force_login(
        User.objects.get(username=username), backend="django.contrib.auth.backends.ModelBackend"
    )
    return client
