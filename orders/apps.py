"""The application orders."""

from __future__ import annotations

from django.apps import AppConfig


class OrdersConfig(AppConfig):
    """What clients ask for."""

    name = "orders"
    label = "orders"
    verbose_name = "Orders"
