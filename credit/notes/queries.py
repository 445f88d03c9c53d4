"""Notes as readers see them: by client first, then by kind, then by whether they stand."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta
from typing import Final

from django.db.models import Q, QuerySet

from accounts.models import Company, CustomerAccount, User

from .enums import NoteKind, NoteWeight
from .models import ClientNote
from .policy import SHOWN_DAYS

READ: Final = "accounts.view"
WRITE: Final = "notes.write"
RESTRICTED: Final = "notes.restricted"
REVIEW: Final = "notes.review"
# Neither withdrawn nor corrected by a later one.
STANDING: Final = Q(withdrawn_at=None, superseded_by=None)
_EVERY: Final = Q(pk__isnull=False)
_NONE: Final = Q(pk__in=())


def notes_visible(user: User, company: Company | None = None) -> QuerySet[ClientNote]:
    """Notes about the clients this user may see, with all that a line shows.

    Restricted ones for credit management alone. What was withdrawn or corrected is read by its author, by credit
    management, and by whoever looks through the words of notes.
    """
    clients = CustomerAccount.objects.visible_to(user, company)
    mine = _where(user, READ, company)
    inside = _where(user, RESTRICTED, company)
    review = _where(user, REVIEW, company)
    readable = mine & (~Q(kind=NoteKind.RESTRICTED) | inside)
    kept = STANDING | Q(written_by=user) | inside | review
    rows = ClientNote.objects.filter(readable & kept, account__in=clients)
    return rows.select_related(
        "account__company", "written_by", "withdrawn_by", "superseded_by", "supersedes"
    )


def notes_of(user: User, account: CustomerAccount) -> QuerySet[ClientNote]:
    """Notes of one client that stand, the newest first."""
    return notes_visible(user, account.company).filter(STANDING, account=account).order_by("-seen_on", "-pk")


def latest_worrying(
    user: User, company: Company | None, account_ids: Collection[int], *, on: date
) -> ClientNote | None:
    """The latest note that worries about some clients and is not older than ``SHOWN_DAYS``; None where none does."""
    rows = notes_visible(user, company).filter(
        STANDING,
        account__in=account_ids,
        weight=NoteWeight.WORRYING,
        seen_on__gt=on - timedelta(days=SHOWN_DAYS),
    )
    return rows.order_by("-seen_on", "-pk").first()


def _where(user: User, permission: str, company: Company | None) -> Q:
    """Notes of the companies in which the user holds a right."""
    if company is not None:
        return _EVERY if user.may(permission, company) else _NONE
    held = [where for where, role in user.grants if permission in role.permissions]
    if not user.is_active or not held:
        return _NONE
    return _EVERY if None in held else Q(account__company__in=set(held))
