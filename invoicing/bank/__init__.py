"""Bank statements read: bytes in, plain values out, no row, no clock (domain.md 9.1, 9.2)."""

from __future__ import annotations

from .guess import guess_format, read_statements
from .meaning import Meaning, meaning_of, method_of
from .records import (
    LARGEST_FILE,
    AccountId,
    Movement,
    Statement,
    TooLarge,
    TotalsDoNotTie,
    Unreadable,
    digest,
    movement_fields,
    statement_fields,
)

__all__ = [
    "LARGEST_FILE",
    "AccountId",
    "Meaning",
    "Movement",
    "Statement",
    "TooLarge",
    "TotalsDoNotTie",
    "Unreadable",
    "digest",
    "guess_format",
    "meaning_of",
    "method_of",
    "movement_fields",
    "read_statements",
    "statement_fields",
]
