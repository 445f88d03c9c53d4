"""What the scorecard asks of the disputes of many clients (``settings.SCORE_FACTS``)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from django.db import connection

from credit.keys import Keys

from .enums import RootCause

# A claim that was nothing but a pretext to pay later counts in the rate like any other, and once more by itself.
_DISPUTED: Final = """
    SELECT account_id, SUM(amount), COUNT(*) FILTER (WHERE root_cause = %(pretext)s),
           MAX(opened_on) FILTER (WHERE root_cause = %(pretext)s)
    FROM disputes_dispute
    WHERE account_id {among} AND opened_on > %(since)s AND opened_on <= %(on)s
    GROUP BY account_id
"""


def disputed(keys: Keys, *, since: date, on: date) -> Sequence[tuple[Any, ...]]:
    """Amount of the disputes opened, how many were a pretext to pay later, and when the last of these was opened."""
    given = keys.params | {"since": since, "on": on, "pretext": RootCause.CUSTOMER_CASH_PRETEXT.value}
    with connection.cursor() as cursor:
        cursor.execute(_DISPUTED.format(among=keys.among), given)
        return cursor.fetchall()
