"""The application accounts."""

from __future__ import annotations

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Who we trade with."""

    name = "accounts"
    label = "accounts"
    verbose_name = "Accounts"
