"""The application hooks."""

from __future__ import annotations

from django.apps import AppConfig


class HooksConfig(AppConfig):
    """Other systems that are told what happens here."""

    name = "o2c.hooks"
    label = "hooks"
    verbose_name = "Webhooks"
