"""A client with its team, and somebody who writes about it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.enums import TeamRole
from accounts.models import Company, CustomerAccount, TeamMember, User
from credit.models import ClientNote
from credit.notes.enums import NoteKind
from credit.notes.services import Content, write_note
from o2c.shared.calendar import paris_date
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user
from tests.factories.orders import give_limit


@pytest.fixture
def today() -> date:
    return paris_date(timezone.now())


@pytest.fixture
def company() -> Company:
    return CompanyFactory(code="DEMO")


@pytest.fixture
def rep(company: Company) -> User:
    return make_user("sales", company, "rep", language="en")


@pytest.fixture
def manager(company: Company) -> User:
    return make_user("credit_manager", company, "manager", language="en")


@pytest.fixture
def collector(company: Company) -> User:
    return make_user("receivables_accountant", company, "collector", language="fr")


@pytest.fixture
def account(company: Company, rep: User, manager: User, collector: User) -> CustomerAccount:
    account = CustomerAccountFactory(company=company, code="C0001", name="Bâti-Loire", rep=rep)
    for role, user in ((TeamRole.CREDIT, manager), (TeamRole.COLLECTOR, collector)):
        TeamMember.objects.create(account=account, role=role, user=user, valid_from=date(2020, 1, 1))
    give_limit(account, "10000")
    return account


@pytest.fixture
def write(account: CustomerAccount, rep: User, today: date) -> Callable[..., ClientNote]:
    """Write a note: fields of the content by name, and ``by``, ``key``, ``confirmed``, ``supersedes_id``, ``about``."""

    def note(
        text: str = "Opens a shop in Nantes", about: CustomerAccount = account, **given: Any
    ) -> ClientNote:
        how: dict[str, Any] = {
            name: given.pop(name) for name in ("key", "confirmed", "supersedes_id", "at") if name in given
        }
        by = given.pop("by", rep)
        fields: dict[str, Any] = {"kind": NoteKind.NEWS, "seen_on": today, "text": text} | given
        how.setdefault("at", timezone.now())
        return write_note(account_id=about.pk, content=Content(**fields), by=by, **how)

    return note


def signed_in(user: User) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client
