"""The acts of credit: check, limits, blocks and watches."""

from __future__ import annotations

from .alternatives import look_ahead
from .checks import CheckResult, OrderInCheck, check
from .flags import block, unblock, unwatch, watch
from .limit_decisions import approve_limit_request, refuse_limit_request
from .limits import (
    appeal_limit_request,
    create_limit_request,
    expire_limit_requests,
    submit_limit_request,
)

__all__ = [
    "CheckResult",
    "OrderInCheck",
    "appeal_limit_request",
    "approve_limit_request",
    "block",
    "check",
    "create_limit_request",
    "expire_limit_requests",
    "look_ahead",
    "refuse_limit_request",
    "submit_limit_request",
    "unblock",
    "unwatch",
    "watch",
]
