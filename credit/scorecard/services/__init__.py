"""The acts of rating: cards made anew, what they rest on recorded, classes set by decision."""

from __future__ import annotations

from .override import (
    adopt_class,
    approve_override,
    ask_override,
    end_override,
    end_overrides_of,
    follow_class,
    refuse_override,
    run_out,
)
from .record import KnownRow, StatementRow, record_facts, record_statement, record_statements
from .refresh import refresh_cards, refresh_entity

__all__ = [
    "KnownRow",
    "StatementRow",
    "adopt_class",
    "approve_override",
    "ask_override",
    "end_override",
    "end_overrides_of",
    "follow_class",
    "record_facts",
    "record_statement",
    "record_statements",
    "refresh_cards",
    "refresh_entity",
    "refuse_override",
    "run_out",
]
