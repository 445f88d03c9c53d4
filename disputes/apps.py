"""The application disputes."""

from __future__ import annotations

from django.apps import AppConfig


class DisputesConfig(AppConfig):
    """What clients contest."""

    name = "disputes"
    label = "disputes"
    verbose_name = "Disputes"
