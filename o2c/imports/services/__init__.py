"""The acts of imports: booking a ledger, keeping and starting uploaded files, saving mappings."""

from __future__ import annotations

from .ledger import (
    LedgerRefused,
    LedgerResult,
    Plan,
    Preview,
    counts_of,
    import_ledger,
    preview_ledger,
)
from .uploads import (
    NotWaiting,
    drop_mapping,
    find_mapping,
    find_run,
    keep_mapping,
    keep_refused,
    read_by,
    shown_errors,
    start,
    upload,
)

__all__ = [
    "LedgerRefused",
    "LedgerResult",
    "NotWaiting",
    "Plan",
    "Preview",
    "counts_of",
    "drop_mapping",
    "find_mapping",
    "find_run",
    "import_ledger",
    "keep_mapping",
    "keep_refused",
    "preview_ledger",
    "read_by",
    "shown_errors",
    "start",
    "upload",
]
