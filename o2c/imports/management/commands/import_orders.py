"""Orders from a file, on the command line."""

from __future__ import annotations

from o2c.imports.management.single import SingleCommand


class Command(SingleCommand):
    """Enter orders from a file."""

    help = "Imports orders (CSV or XLSX), one line of the file for each line of an order; each passes the credit check."
    kind = "orders"
