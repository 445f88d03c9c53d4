"""The application shared."""

from __future__ import annotations

from django.apps import AppConfig


class SharedConfig(AppConfig):
    """What every application uses and that names none."""

    name = "o2c.shared"
    label = "shared"
    verbose_name = "Shared"
