"""The application cases."""

from __future__ import annotations

from django.apps import AppConfig


class CasesConfig(AppConfig):
    """Worked cases run against the product's own functions."""

    name = "o2c.cases"
    label = "cases"
    verbose_name = "Worked cases"
