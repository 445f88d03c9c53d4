"""Approvals of the factor from a file, on the command line."""

from __future__ import annotations

from o2c.imports.management.single import SingleCommand


class Command(SingleCommand):
    """Enter what the factor takes of each debtor from a file."""

    help = "Imports approvals of the factor: siren;amount;currency;status;effective_on;valid_until."
    kind = "approvals"
