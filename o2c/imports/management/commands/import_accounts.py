"""Clients from a file, on the command line."""

from __future__ import annotations

from o2c.imports.management.single import SingleCommand


class Command(SingleCommand):
    """Enter accounts from a file."""

    help = "Imports clients (CSV or XLSX): new ones are opened, known ones brought in line."
    kind = "accounts"
