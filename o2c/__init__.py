"""The wiring of the portal: the only package that may name every application."""

from __future__ import annotations

from .celery import app as celery_app

__all__ = ["celery_app"]
