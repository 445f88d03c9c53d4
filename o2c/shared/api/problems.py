"""Refusals as RFC 9457 problems: one shape for every error of the API."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any, Final

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.core.exceptions import ValidationError as ModelInvalid
from django.db import DataError, IntegrityError, OperationalError
from django.http import Http404, UnreadablePostError
from django.utils.encoding import force_str
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions
from rest_framework.response import Response

from o2c.shared.locking import Moved, is_collision
from o2c.shared.problems import Conflict, Invalid, NotAllowed, NotFound, Refusal, RuleRefused

logger = logging.getLogger(__name__)

PROBLEM_TYPE: Final = "application/problem+json"
# Errors of a body as a whole.
WHOLE: Final = "body"
_UNIQUE_VIOLATION: Final = "23505"
_CHECK_VIOLATION: Final = "23514"


class KeyConflict(Conflict):
    """The key is taken by a document with other content."""

    code = "key_conflict"
    message = _("This key exists already, with other content.")


class Busy(Conflict):
    """Several tries collided with others; nothing was written."""

    code = "busy"
    message = _("Somebody else is working on the same thing. Try again.")


class TooLarge(Refusal):
    """The body is longer than one request may be."""

    status = 413
    code = "too_large"
    message = _("This body is too large for one request. Send it in several.")


def problem_handler(exc: Exception, context: Mapping[str, Any]) -> Response | None:
    """Translate what a view raised; None for what nobody anticipated (Django answers 500 and logs it)."""
    if isinstance(exc, exceptions.APIException):
        return _framework_problem(exc)
    refusal = _as_refusal(exc)
    return None if refusal is None else refusal_problem(refusal)


def refusal_problem(refusal: Refusal) -> Response:
    """The answer for a refusal of an act."""
    extra: dict[str, Any] = {}
    if refusal.findings:
        extra["findings"] = list(refusal.findings)
    if refusal.required_role:
        extra["required_role"] = refusal.required_role
    errors = {field: [force_str(m) for m in messages] for field, messages in refusal.errors.items()}
    return problem(refusal.status, refusal.code, str(refusal), errors, **extra)


def problem(
    status: int, code: str, detail: str, errors: Mapping[str, list[str]] | None = None, **extra: Any
) -> Response:
    """One problem document (RFC 9457) with the members of contract §3."""
    return Response(
        {
            "type": f"urn:o2c:problem:{code}",
            "title": HTTPStatus(status).phrase,
            "status": status,
            "detail": detail,
            "code": code,
            "errors": {
                _writable(field): [_writable(text) for text in texts]
                for field, texts in (errors or {}).items()
            },
            **extra,
        },
        status=status,
        content_type=PROBLEM_TYPE,
    )


def _writable(text: str) -> str:
    """A text that quotes what was sent, half a character of it written as its code."""
    return text.encode("utf-8", "backslashreplace").decode()


def _as_refusal(exc: Exception) -> Refusal | None:
    match exc:
        case Refusal():
            return exc
        case Http404():
            return NotFound()
        case PermissionDenied():
            return NotAllowed()
        case RequestDataTooBig():
            return TooLarge()
        case SuspiciousOperation() | UnreadablePostError():
            return Invalid()
        case Moved():
            return Busy()
        case OperationalError() if is_collision(exc):
            return Busy()
        case ModelInvalid():
            return Invalid(errors={WHOLE: exc.messages})
        case IntegrityError() | DataError():
            return _refused_by_database(exc)
    return None


def _refused_by_database(exc: IntegrityError | DataError) -> Refusal:
    """What only the database noticed: two requests at once, or a rule that no act looked at before."""
    cause = exc.__cause__
    code = getattr(cause, "pgcode", "")
    constraint = getattr(getattr(cause, "diag", None), "constraint_name", None) or ""
    if code == _UNIQUE_VIOLATION:
        return KeyConflict()
    logger.warning("refused by the database only: %s %s", code, constraint or exc)
    if isinstance(exc, DataError):
        return Invalid()
    return RuleRefused(code=constraint or None) if code == _CHECK_VIOLATION else Conflict()


def _framework_problem(exc: exceptions.APIException) -> Response:
    headers: dict[str, str] = {}
    if challenge := getattr(exc, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    if wait := getattr(exc, "wait", None):
        headers["Retry-After"] = str(int(wait))
    if isinstance(exc, exceptions.ValidationError):
        errors: dict[str, list[str]] = {}
        for field, message in _flat(exc.detail):
            errors.setdefault(field or WHOLE, []).append(message)
        answer = problem(exc.status_code, Invalid.code, str(Invalid()), errors)
    else:
        detail = exc.detail
        code = detail.code if isinstance(detail, exceptions.ErrorDetail) else exc.default_code
        answer = problem(exc.status_code, code or exc.default_code, force_str(detail))
    for name, value in headers.items():
        answer[name] = value
    return answer


def _flat(detail: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Errors of nested bodies by path: ``lines.0.quantity``."""
    if isinstance(detail, Mapping):
        for key, inner in detail.items():
            name = "" if key == "non_field_errors" else str(key)
            yield from _flat(inner, ".".join(part for part in (path, name) if part))
    elif isinstance(detail, list | tuple):
        for index, inner in enumerate(detail):
            deeper = isinstance(inner, Mapping | list)
            yield from _flat(inner, f"{path}.{index}".strip(".") if deeper else path)
    else:
        yield path, force_str(detail)
