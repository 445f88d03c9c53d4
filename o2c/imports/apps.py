"""The application imports."""

from __future__ import annotations

from django.apps import AppConfig


class ImportsConfig(AppConfig):
    """Files that come in."""

    name = "o2c.imports"
    label = "imports"
    verbose_name = "Imports"
