"""What cards rest on, for many clients at once: one statement for each kind of fact, whatever their number."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any, Final, Protocol

from django.conf import settings
from django.db import connection
from django.utils.module_loading import import_string

from credit.enums import CoverStatus
from credit.keys import Keys
from o2c.shared.calendar import add_months

from .cards import Facts, Insurer, Rating
from .enums import InsurerAnswer, RatingScale
from .models import FIGURES
from .policy import MONTHS, Statement


class Provider(Protocol):
    """What a later application knows of some clients (``settings.SCORE_FACTS``): rows that begin with the client."""

    def __call__(self, keys: Keys, *, since: date, on: date) -> Iterable[Sequence[Any]]:
        """Rows of days after ``since`` up to ``on``, one for each client of which there is anything to say."""
        ...


_ANSWERS: Final[Mapping[str, InsurerAnswer]] = {
    CoverStatus.ACTIVE: InsurerAnswer.FULL,
    CoverStatus.PARTIAL: InsurerAnswer.PARTIAL,
    CoverStatus.REDUCED: InsurerAnswer.PARTIAL,
    CoverStatus.REFUSED: InsurerAnswer.REFUSED,
    CoverStatus.CANCELLED: InsurerAnswer.REFUSED,
}
_STATEMENTS: Final = f"""
    SELECT DISTINCT ON (a.id) a.id, s.currency, s.closed_on, {", ".join(f"s.{name}" for name in FIGURES)}
    FROM accounts_customeraccount a
    JOIN credit_financialstatement s ON s.entity_id = a.entity_id AND s.company_id = a.company_id
    WHERE a.id {{among}} AND s.closed_on <= %(on)s
    ORDER BY a.id, s.closed_on DESC, s.id DESC
"""
_KNOWN: Final = """
    SELECT DISTINCT ON (a.id) a.id, f.founded_on, f.changed_on, f.change, f.rating_scale, f.rating, f.rated_on
    FROM accounts_customeraccount a
    JOIN credit_entityfacts f ON f.entity_id = a.entity_id AND f.company_id = a.company_id
    WHERE a.id {among}
    ORDER BY a.id, f.id DESC
"""
_COVERS: Final = """
    SELECT DISTINCT ON (a.id) a.id, c.status, c.effective_on, c.valid_until
    FROM accounts_customeraccount a
    JOIN credit_buyercover c ON c.entity_id = a.entity_id AND c.company_id = a.company_id
    WHERE a.id {among} AND c.effective_on <= %(on)s
    ORDER BY a.id, c.effective_on DESC
"""
_CURRENCIES: Final = "SELECT a.id, a.currency FROM accounts_customeraccount a WHERE a.id {among}"


def gather(keys: Keys, *, on: date) -> dict[int, Facts]:
    """Everything that is known of some clients on a day."""
    found: dict[int, Facts] = {
        key: Facts(currency=currency) for key, currency in _rows(_CURRENCIES, keys, on=on)
    }
    for account, currency, closed_on, *figures in _rows(_STATEMENTS, keys, on=on):
        found[account].statement = Statement(closed_on, *figures)
        found[account].statement_currency = currency
    for account, founded_on, changed_on, change, scale, rating, rated_on in _rows(_KNOWN, keys, on=on):
        facts = found[account]
        facts.founded_on, facts.changed_on, facts.change = founded_on, changed_on, change
        facts.rating = Rating(RatingScale(scale), rating, rated_on) if rating else None
    for account, status, since, until in _rows(_COVERS, keys, on=on):
        answer = None if until is not None and until < on else _ANSWERS.get(status)
        found[account].insurer = Insurer(status, since, answer)
    for name, add in _ADDED.items():
        provider: Provider = import_string(settings.SCORE_FACTS[name])
        for account, *values in provider(keys, since=add_months(on, -MONTHS), on=on):
            if account in found:  # opened after the clients were read
                add(found[account], *values)
    return found


def _paid(facts: Facts, amount: Any, days: Any, found_on: Any) -> None:
    facts.payments = replace(facts.payments, paid=amount, paid_days=days)
    facts.paid_found_on = found_on


def _late(facts: Facts, amount: Any, days: Any) -> None:
    facts.payments = replace(facts.payments, late=amount, late_days=days)


def _returned(facts: Facts, count: Any, last_on: Any) -> None:
    facts.payments = replace(facts.payments, returned=count)
    facts.last_returned_on = last_on


def _broken(facts: Facts, count: Any, last_on: Any) -> None:
    facts.payments = replace(facts.payments, broken=count)
    facts.last_broken_on = last_on


def _invoiced(facts: Facts, amount: Any) -> None:
    facts.trade = replace(facts.trade, invoiced=amount)


def _disputed(facts: Facts, amount: Any, pretexts: Any, last_pretext_on: Any) -> None:
    facts.trade = replace(facts.trade, disputed=amount, pretexts=pretexts)
    facts.last_pretext_on = last_pretext_on


_ADDED: Final[Mapping[str, Callable[..., None]]] = {
    "paid": _paid,
    "late": _late,
    "returned": _returned,
    "broken": _broken,
    "invoiced": _invoiced,
    "disputed": _disputed,
}


def _rows(statement: str, keys: Keys, *, on: date) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement.format(among=keys.among), keys.params | {"on": on})
        return cursor.fetchall()
