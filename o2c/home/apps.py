"""The application home."""

from __future__ import annotations

from django.apps import AppConfig


class HomeConfig(AppConfig):
    """The first page, the search and the journal."""

    name = "o2c.home"
    label = "home"
    verbose_name = "Home"
