"""Rates from a file, on the command line."""

from __future__ import annotations

from o2c.imports.management.single import SingleCommand


class Command(SingleCommand):
    """Enter rates from a file."""

    help = "Imports exchange rates: date;currency;units_per_eur."
    kind = "rates"
