"""The application credit."""

from __future__ import annotations

from django.apps import AppConfig


class CreditConfig(AppConfig):
    """How far we trust."""

    name = "credit"
    label = "credit"
    verbose_name = "Credit"
