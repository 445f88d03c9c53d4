"""What tests of pages share: a signed-in browser of the test client, and the words of a page."""

from __future__ import annotations

import re
from typing import Any

from django.test import Client
from django.urls import reverse

from accounts.models import User
from orders.models import Order


def browse(user: User) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def url(name: str, order: Order | None = None) -> str:
    return reverse(f"orders:{name}", args=[order.number] if order else [])


def text_of(response: Any) -> str:
    """The words of a page, tags and repeated blanks taken out."""
    page = re.sub(r"<(script|style|template).*?</\1>|<[^>]+>", " ", response.content.decode(), flags=re.S)
    return re.sub(r"\s+", " ", page)
