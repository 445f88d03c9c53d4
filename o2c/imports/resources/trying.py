"""Entering one document of a file by the act of the API, in the transaction of the whole file."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import transaction
from rest_framework.exceptions import ValidationError

from accounts.models import Company, User
from accounts.services import Effect
from o2c.shared.api.problems import problem_handler
from o2c.shared.locking import Moved, is_collision
from o2c.shared.problems import Invalid, Refusal

from .base import Outcome


def tried(
    enter: Callable[..., Any], document: dict[str, Any], *, company: Company, by: User, at: datetime
) -> Outcome:
    """Enter one document; a refusal undoes this one alone.

    :raises Exception: a collision, which starts the whole file over, or a fault of ours
    """
    try:
        with transaction.atomic():
            entered = enter(document, company=company, by=by, at=at)
    except Refusal as refusal:
        return refusal
    except Exception as error:
        if isinstance(error, Moved) or is_collision(error):
            raise
        return _as_refusal(error)
    effect = getattr(entered, "effect", None)
    if isinstance(effect, Effect):
        return effect
    return Effect.CREATED if entered.is_new else Effect.UNCHANGED


def _as_refusal(error: Exception) -> Refusal:
    """What the API would answer, as a refusal; anything it would call its own fault is raised again."""
    answer = problem_handler(error, {})
    if answer is None:
        raise error
    problem = answer.data
    kind = Invalid if isinstance(error, ValidationError) else Refusal
    return kind(problem["detail"], code=problem["code"], errors=problem["errors"])
