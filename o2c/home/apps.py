"""The application home."""

from __future__ import annotations

from django.apps import AppConfig


class HomeConfig(AppConfig):
    """The first page, the search and the journal."""

    name = "o2c.home"
    label = "home"
    verbose_name = "Home"

    def ready(self) -> None:
        """Register the checks of the start."""
        from o2c.home import checks  # noqa: F401
