"""What suggestions rest on, for many clients at once: a constant number of statements."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final, NamedTuple

from django.conf import settings
from django.db import connection
from django.utils.module_loading import import_string

from accounts.models import CustomerAccount
from accounts.policy import mean_days
from o2c.shared.calendar import add_months
from o2c.shared.money import ZERO, convert

from ..enums import CoverStatus
from ..exposure import all_rates_on
from ..keys import Keys
from .policy import MONTHS, Cover, Equity, Facts, Purchases, Suggestion, suggest

_CLIENTS: Final = """
    SELECT a.id, a.term, c.currency, p.limit_cap
    FROM accounts_customeraccount a
    JOIN accounts_company c ON c.id = a.company_id
    CROSS JOIN LATERAL (
        SELECT r.limit_cap FROM credit_riskpolicy r
        WHERE r.risk_class = a.risk_class AND (r.company_id = a.company_id OR r.company_id IS NULL)
        ORDER BY r.company_id NULLS LAST LIMIT 1
    ) p
    WHERE a.id {among}
"""
_COVERS: Final = """
    SELECT DISTINCT ON (a.id) a.id, v.status, v.amount, v.currency, v.insured_pct, v.effective_on, v.valid_until
    FROM accounts_customeraccount a
    JOIN credit_buyercover v ON v.entity_id = a.entity_id AND v.company_id = a.company_id
    WHERE a.id {among} AND v.effective_on <= %(on)s
    ORDER BY a.id, v.effective_on DESC
"""
_EQUITY: Final = """
    SELECT DISTINCT ON (a.id) a.id, s.equity, s.currency, s.closed_on
    FROM accounts_customeraccount a
    JOIN credit_financialstatement s ON s.entity_id = a.entity_id AND s.company_id = a.company_id
    WHERE a.id {among} AND s.equity IS NOT NULL AND s.closed_on <= %(on)s
    ORDER BY a.id, s.closed_on DESC, s.id DESC
"""


class _Client(NamedTuple):
    id: int
    term: str
    currency: str
    cap: Decimal | None


class _Money:
    """Amounts in the currency of each client's company, by the rates of the day; None without a rate."""

    def __init__(self, on: date) -> None:
        self._rates = all_rates_on(on)

    def convert(self, amount: Decimal, currency: str, target: str) -> Decimal | None:
        if currency == target:
            return amount
        if currency not in self._rates or target not in self._rates:
            return None
        return convert(amount, self._rates[currency], self._rates[target])


def suggestions(account_ids: Sequence[int], *, on: date) -> dict[int, Suggestion]:
    """The suggested base limit of each of some clients on a day, in the currency of its company."""
    if not account_ids:
        return {}
    keys, money = Keys.listed(account_ids), _Money(on)
    clients = [_Client(*row) for row in _rows(_CLIENTS, keys, on)]
    currencies = {client.id: client.currency for client in clients}
    covers = _covers(keys, on, currencies, money)
    equities = _equities(keys, on, currencies, money)
    bought = _purchases(keys, on, currencies, money)
    delays = {row[0]: row[2] for row in _provided("paid", keys, on)}
    return {
        client.id: suggest(
            Facts(
                term_days=mean_days(client.term),
                cap=client.cap,
                cover=covers.get(client.id),
                equity=equities.get(client.id),
                purchases=bought.get(client.id),
                delay=delays.get(client.id),
            ),
            on=on,
        )
        for client in clients
    }


def suggestion_of(account: CustomerAccount, *, on: date) -> Suggestion:
    """The suggested base limit of one client."""
    return suggestions([account.pk], on=on)[account.pk]


def _covers(keys: Keys, on: date, currencies: Mapping[int, str], money: _Money) -> dict[int, Cover]:
    return {
        key: Cover(
            CoverStatus(status), money.convert(amount, currency, currencies[key]), insured_pct, since, until
        )
        for key, status, amount, currency, insured_pct, since, until in _rows(_COVERS, keys, on)
    }


def _equities(keys: Keys, on: date, currencies: Mapping[int, str], money: _Money) -> dict[int, Equity]:
    return {
        key: Equity(money.convert(equity, currency, currencies[key]), closed_on)
        for key, equity, currency, closed_on in _rows(_EQUITY, keys, on)
    }


def _purchases(keys: Keys, on: date, currencies: Mapping[int, str], money: _Money) -> dict[int, Purchases]:
    """What each client bought, all currencies together; one that has no rate makes the sum unknown."""
    sums: dict[int, Decimal | None] = {}
    firsts: dict[int, date] = {}
    for key, currency, amount, first_on in _provided("purchases", keys, on):
        if first_on is not None:
            firsts[key] = min(firsts.get(key, first_on), first_on)
        if amount is None:
            continue
        here, before = money.convert(amount, currency, currencies[key]), sums.get(key, ZERO)
        sums[key] = None if here is None or before is None else before + here
    return {key: Purchases(amount, firsts[key]) for key, amount in sums.items() if key in firsts}


def _provided(name: str, keys: Keys, on: date) -> Iterable[Sequence[Any]]:
    provider = import_string(settings.LIMIT_FACTS[name])
    rows: Iterable[Sequence[Any]] = provider(keys, since=add_months(on, -MONTHS), on=on)
    return rows


def _rows(statement: str, keys: Keys, on: date) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement.format(among=keys.among), keys.params | {"on": on})
        return cursor.fetchall()
