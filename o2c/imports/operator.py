"""In whose name the command line acts: a system user that nobody can sign in as."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from accounts.models import Company, User
from accounts.services import grant_role

NAME = "operator"
ROLE = "integration"


def operator_of(company: Company, *, at: datetime) -> User:
    """The user of the command line, with the role of other systems in a company; made at the first use."""
    with transaction.atomic():
        user, made = User.objects.get_or_create(
            username=NAME, defaults={"is_system": True, "home_company": company, "language": "en"}
        )
        if made:
            user.set_unusable_password()
            user.save(update_fields=["password"])
        grant_role(user=user, company=company, role=ROLE, by=None, at=at)
    return User.objects.get(pk=user.pk)
