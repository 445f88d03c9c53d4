"""What a person does to their own desk: read notices, choose a language. No act of the business, so no journal."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from accounts.models import User
from o2c.shared.models import MailChoice, Notice


def read_all_notices(*, by: User, at: datetime) -> int:
    """Mark every notice of a person as read; how many were not."""
    return Notice.objects.filter(user=by, read_at=None).update(read_at=at)


def read_notice(*, notice: Notice, at: datetime) -> None:
    """Mark one notice as read; the first reading counts."""
    Notice.objects.filter(pk=notice.pk, read_at=None).update(read_at=at)


def choose_language(*, code: str, by: User) -> None:
    """Keep the language a person reads in."""
    User.objects.filter(pk=by.pk).update(language=code)


def choose_mail(*, choices: Mapping[str, str], by: User) -> None:
    """Keep how a person wants to be told of each kind of event."""
    rows = [MailChoice(user=by, kind=kind, how=how) for kind, how in choices.items()]
    MailChoice.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["user", "kind"], update_fields=["how"]
    )
