"""The application demo."""

from __future__ import annotations

from django.apps import AppConfig


class DemoConfig(AppConfig):
    """The demonstration company."""

    name = "o2c.demo"
    label = "demo"
    verbose_name = "Demonstration"
