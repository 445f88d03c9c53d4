"""The application dunning."""

from __future__ import annotations

from django.apps import AppConfig


class DunningConfig(AppConfig):
    """How we ask for payment."""

    name = "dunning"
    label = "dunning"
    verbose_name = "Collections"
