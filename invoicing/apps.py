"""The application invoicing."""

from __future__ import annotations

from django.apps import AppConfig


class InvoicingConfig(AppConfig):
    """What clients owe."""

    name = "invoicing"
    label = "invoicing"
    verbose_name = "Invoicing"
