"""Legal notices from a file, on the command line."""

from __future__ import annotations

from o2c.imports.management.single import SingleCommand


class Command(SingleCommand):
    """Enter legal notices from a file."""

    help = "Imports legal notices (BODACC): siren;notice_kind;judgement_on;published_on;reference."
    kind = "notices"
