"""Financial statements from a file, on the command line."""

from __future__ import annotations

from o2c.imports.management.single import SingleCommand


class Command(SingleCommand):
    """Enter financial statements of clients from a file."""

    help = "Imports financial statements of clients: siren;closed_on and the figures of the year, as they are known."
    kind = "statements"
