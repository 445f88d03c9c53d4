"""Invoices from a file, on the command line."""

from __future__ import annotations

from o2c.imports.management.single import SingleCommand


class Command(SingleCommand):
    """Enter invoices from a file."""

    help = "Imports invoices issued elsewhere (CSV or XLSX); a second run enters nothing."
    kind = "invoices"
