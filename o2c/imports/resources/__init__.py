"""The kinds of files that are brought in beside the ledger."""

from __future__ import annotations

from typing import Final

from .base import Entry, ImportField, KindResource, Outcome, Reading, Wrong
from .clients import AccountResource
from .documents import InvoiceResource, PaymentResource
from .notices import NoticeResource
from .orders import OrderResource
from .published import ApprovalResource, CoverResource, RateResource
from .ratings import StatementResource

KINDS: Final[dict[str, type[KindResource]]] = {
    found.kind: found
    for found in (
        AccountResource,
        OrderResource,
        InvoiceResource,
        PaymentResource,
        RateResource,
        CoverResource,
        StatementResource,
        NoticeResource,
        ApprovalResource,
    )
}

__all__ = ["KINDS", "Entry", "ImportField", "KindResource", "Outcome", "Reading", "Wrong"]
