"""The application reports."""

from __future__ import annotations

from django.apps import AppConfig


class ReportsConfig(AppConfig):
    """Figures over the whole book."""

    name = "o2c.reports"
    label = "reports"
    verbose_name = "Reports"
