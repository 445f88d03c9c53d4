"""Payments from a file, on the command line."""

from __future__ import annotations

from o2c.imports.management.single import SingleCommand


class Command(SingleCommand):
    """Enter payments from a file."""

    help = "Imports payments received (CSV or XLSX); a second run enters nothing."
    kind = "payments"
