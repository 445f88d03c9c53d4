"""Synthetic volume through ``COPY``: a company with its clients, orders, items and limits, skewed as real books are.

Everything is made from a seed and from today; constraints and triggers stay on, and the books verify afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Final

from django.db import transaction

from accounts import services as accounts
from accounts.models import Company, ExchangeRate, User
from credit.enums import Level
from o2c.shared.calendar import paris_date

from .book import Book, Team
from .clients import Above, add_client
from .holds import hold_orders
from .items import Items, currencies
from .limits import add_level_limit, add_limit
from .orders import add_large_order, add_orders
from .plan import Shape, shapes

__all__ = ["CODE", "Made", "Shape", "make_volume", "shapes"]

CODE: Final = "VOLUME"
_RATE_DAYS: Final = 7
_ACCOUNTS_A_REP: Final = 400
_MOST_REPS: Final = 60


@dataclass(frozen=True)
class Made:
    """What was made.

    :ivar accounts: keys of the clients, in the order of their shapes
    :ivar settled: invoices paid
    :ivar held: orders on hold, above what was asked for
    :ivar rows: rows by table
    """

    company: Company
    accounts: tuple[int, ...]
    open_items: int
    settled: int
    held: int
    rows: Mapping[str, int]


def make_volume(plan: Sequence[Shape], *, code: str = CODE, seed: int = 1, at: datetime) -> Made:
    """Add clients of these shapes to a company, which is made if it is not there.

    Slice by slice, each committed by itself, so that memory stays flat. What is there stays as it is.

    :param at: the moment everything is dated from
    """
    company = _company(code, at)
    book = Book(company, _team(company, len(plan), at), at, Random(seed))
    items, above = Items(book), Above()
    keys, too_large = [], []
    for shape in plan:
        client = add_client(book, shape, above)
        keys.append(client.pk)
        items.add(client, shape.items, add_orders(book, client, shape.orders))
        available = add_limit(book, client)
        if available is not None and shape.orders:
            too_large.append(add_large_order(book, client, available=available))
        above.net += client.net
        above.group_net += client.net
        if shape.calm:
            above.leave_entity()
        _limits_above(book, above)
        book.store_slice()
    above.leave_entity()
    above.leave_group()
    _limits_above(book, above)
    book.finish()
    held = hold_orders(book, too_large)
    return Made(company, tuple(keys), items.open, items.settled, held, dict(book.counts))


def _limits_above(book: Book, above: Above) -> None:
    """Decide for entities and groups that take no further member."""
    for level, closed in (
        (Level.ENTITY, above.closed_entities),
        (Level.GROUP, above.closed_groups),
    ):
        for key, net in closed:
            add_level_limit(book, level, key, net)
        closed.clear()


def _company(code: str, at: datetime) -> Company:
    found = Company.objects.filter(code=code).first()
    company = found or accounts.create_company(code=code, name=f"Volume {code}", by=None, at=at)
    _rates(paris_date(at))
    return company


def _rates(today: date) -> None:
    """Rates of the last days, where there are none."""
    ExchangeRate.objects.bulk_create(
        [
            ExchangeRate(currency=currency, day=today - timedelta(days=back), units_per_eur=Decimal(units))
            for currency, units in currencies()
            for back in range(_RATE_DAYS)
        ],
        ignore_conflicts=True,
    )


def _team(company: Company, clients: int, at: datetime) -> Team:
    """Sign-ins without password, with their role in the company."""
    reps = min(_MOST_REPS, 3 + clients // _ACCOUNTS_A_REP)

    def member(name: str, role: str) -> User:
        user, made = User.objects.get_or_create(username=f"volume-{name}", defaults={"home_company": company})
        if made:
            user.set_unusable_password()
            user.save(update_fields=["password"])
        accounts.grant_role(user=user, company=company, role=role, by=None, at=at)
        return user

    with transaction.atomic():
        return Team(
            reps=tuple(member(f"rep-{number:02d}", "sales") for number in range(1, reps + 1)),
            adv=member("adv", "adv_manager"),
            credit=member("credit", "credit_manager"),
            accountant=member("accountant", "receivables_accountant"),
        )
