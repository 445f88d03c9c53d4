"""Companies, users, legal entities, groups and clients for tests.

The roles themselves stand in every test database (``tests/conftest.py``).
"""

from __future__ import annotations

from datetime import date
from typing import Any

import factory
from stdnum import luhn

from accounts.enums import TeamRole
from accounts.models import (
    Company,
    CustomerAccount,
    CustomerGroup,
    EntityMembership,
    GroupMembership,
    LegalEntity,
    RoleGrant,
    TeamMember,
    User,
)

from .base import RowFactory

# Long enough ago that a client opened then is not new, in every test that does not choose its own dates.
OPENED_ON = date(2020, 1, 1)
PASSWORD = "demo"


def nth_siren(number: int) -> str:
    """The ``number``-th SIREN with a right check digit, from 400 000 000 on."""
    head = f"{40_000_000 + number:08d}"
    return head + str(luhn.calc_check_digit(head))


class CompanyFactory(RowFactory[Company]):
    """A selling company in euro."""

    class Meta:
        model = Company
        django_get_or_create = ("code",)

    code = factory.Sequence(lambda n: f"CO{n}")
    name = factory.LazyAttribute(lambda company: f"Company {company.code}")
    currency = "EUR"


class CustomerGroupFactory(RowFactory[CustomerGroup]):
    """A group without members."""

    class Meta:
        model = CustomerGroup

    code = factory.Sequence(lambda n: f"G{n:04d}")
    name = factory.LazyAttribute(lambda group: f"Group {group.code}")


class LegalEntityFactory(RowFactory[LegalEntity]):
    """A French legal entity with a valid SIREN; ``group=`` also writes the dated membership."""

    class Meta:
        model = LegalEntity
        skip_postgeneration_save = True

    siren = factory.Sequence(nth_siren)
    name = factory.LazyAttribute(lambda entity: f"Entity {entity.siren}")

    @factory.post_generation
    def group_history(self: LegalEntity, create: bool, extracted: Any, **kwargs: Any) -> None:
        """Write the open membership that goes with the group."""
        if create and self.group is not None:
            GroupMembership.objects.create(entity=self, group=self.group, valid_from=OPENED_ON)


class CustomerAccountFactory(RowFactory[CustomerAccount]):
    """An active client of class C, 30 days net, opened years ago; ``rep=user`` puts it into a portfolio."""

    class Meta:
        model = CustomerAccount
        skip_postgeneration_save = True

    company = factory.SubFactory(CompanyFactory)
    code = factory.Sequence(lambda n: f"K{n:04d}")
    name = factory.LazyAttribute(lambda account: f"Client {account.code}")
    entity = factory.SubFactory(LegalEntityFactory)
    currency = factory.LazyAttribute(lambda account: account.company.currency)
    city = "Lyon"
    opened_on = OPENED_ON

    @factory.post_generation
    def entity_history(self: CustomerAccount, create: bool, extracted: Any, **kwargs: Any) -> None:
        """Write the open membership that goes with the entity."""
        if create:
            EntityMembership.objects.create(account=self, entity=self.entity, valid_from=self.opened_on)

    @factory.post_generation
    def rep(self: CustomerAccount, create: bool, extracted: User | None, **kwargs: Any) -> None:
        """Put the account into the portfolio of a sales rep."""
        if create and extracted is not None:
            TeamMember.objects.create(
                account=self, user=extracted, role=TeamRole.SALES_REP, valid_from=self.opened_on
            )


def make_user(
    role: str | None, company: Company | None = None, username: str | None = None, **fields: Any
) -> User:
    """A user with the password ``demo`` who holds one role of ``o2c/roles.py`` in a company.

    :param role: code of the role, None for somebody without any
    :param company: where it is held and the home company; made when left out
    :param username: the role's code and a number when left out
    """
    company = company or CompanyFactory()
    username = username or f"{role or 'nobody'}{User.objects.count() + 1}"
    user = User(username=username, home_company=company, **fields)
    user.set_password(PASSWORD)
    user.save()
    if role is not None:
        RoleGrant.objects.create(user=user, company=company, role_id=role)
    return user
