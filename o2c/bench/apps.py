"""The application bench."""

from __future__ import annotations

from django.apps import AppConfig


class BenchConfig(AppConfig):
    """Synthetic volume and the measuring of speed."""

    name = "o2c.bench"
    label = "bench"
    verbose_name = "Benchmarks"
