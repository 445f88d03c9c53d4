"""The order horizon of a company: SQL for whoever adds up orders, and the rows for people.

Where no company has one, nothing of it is read but an empty table: no order is ever asked for its horizon.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from django.db.models import Q, QuerySet

from accounts.models import Company

from .horizon_models import OrderHorizon
from .switches import IN_FORCE_SQL

# What lies beyond is in no part: told apart under this code.
BEYOND: Final = "beyond_horizon"
# The last delivery day that counts on ``%(today)s``, for accounts of companies with a horizon: everything up to
# ``%(counted_until)s``, the delivery of the order that is checked, counts as well.
LAST_DAYS: Final = f"""
    SELECT a.id AS account_id, GREATEST(%(today)s + h.days, %(counted_until)s) AS last_day
    FROM (
        SELECT DISTINCT ON (company_id) company_id, days FROM credit_orderhorizon
        WHERE {IN_FORCE_SQL}
        ORDER BY company_id, effective_from DESC, id DESC
    ) h
    JOIN accounts_customeraccount a ON a.company_id = h.company_id
    WHERE a.id = ANY(%(accounts)s)
    OFFSET 0
"""


def is_beyond_sql(order: str) -> str:
    """The SQL of whether an order lies beyond the horizon of its company; for the few that are looked up one by one.

    :param order: the name of its row
    """
    return (
        f"EXISTS (SELECT FROM credit_orderhorizon y WHERE y.company_id = {order}.company_id AND {IN_FORCE_SQL}"
        f" AND {order}.requested_delivery > GREATEST(%(today)s + y.days, %(counted_until)s))"
    )


def horizon_on(company_id: int, day: date) -> OrderHorizon | None:
    """The row in force on a day; None where every order counts."""
    found = _all(company_id).filter(effective_from__lte=day)
    return found.filter(Q(effective_to=None) | Q(effective_to__gt=day)).order_by("-effective_from").first()


def horizon_days(company_id: int, day: date) -> int | None:
    """Its days; None where every order counts."""
    row = horizon_on(company_id, day)
    return None if row is None else row.days


def horizon_history(company: Company) -> QuerySet[OrderHorizon]:
    """Every row that ever took effect or will, the newest first."""
    return _all(company.pk).order_by("-effective_from", "-pk")


def _all(company_id: int) -> QuerySet[OrderHorizon]:
    return OrderHorizon.objects.filter(company_id=company_id).select_related("set_by", "ended_by")
