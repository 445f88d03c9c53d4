"""Money that is not good yet: how long each method takes in a company, and what exposure counts until then (E4).

An open amount falls when a cheque is matched, and money that nobody matched stands against what is owed. Until the
bank has cleared it neither is sure: the same amount counts once more, as a part of its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from .clearing_policy import DEFAULT_DAYS
from .models import ClearingDays

# Payments of the day or before that are not good yet; none that the bank took back. Few at any time, told by an index
# of what had to wait.
UNCLEARED_ROWS: Final = """
    SELECT p.account_id, 'bills_not_matured' AS part, p.currency, p.amount, p.clears_on AS due_date
           /*document , p.external_id */
    FROM invoicing_payment p
    WHERE p.account_id = ANY(%(accounts)s) AND p.clears_on > %(today)s AND p.received_on <= %(today)s
      AND NOT EXISTS (
          SELECT FROM invoicing_paymentreturn r
          WHERE r.payment_id = p.id AND r.undone_at IS NULL AND r.returned_on <= %(today)s
      )
"""


def days_of(company_ids: Iterable[int]) -> dict[int, dict[str, int]]:
    """Return the business days until money of each method is good, by company."""
    found = {key: dict(DEFAULT_DAYS) for key in company_ids}
    for row in ClearingDays.objects.filter(company__in=list(found)):
        found[row.company_id][row.method] = row.days
    return found
