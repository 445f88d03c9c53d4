"""Cover from a file, on the command line."""

from __future__ import annotations

from o2c.imports.management.single import SingleCommand


class Command(SingleCommand):
    """Enter the insurer's cover from a file."""

    help = "Imports the credit insurer's cover: siren;amount;insured_pct;status;effective_on;valid_until."
    kind = "cover"
