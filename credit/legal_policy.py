"""Insolvency proceedings: what they split, and by when the creditor must act (domain.md 5.3)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from o2c.shared.calendar import add_months, business_day_on_or_after

from .enums import LegalNoticeKind

# Kinds whose judgement freezes what was owed before it (C. com. L622-7, L631-14, L641-3).
OPENING: Final = (LegalNoticeKind.SAFEGUARD, LegalNoticeKind.RECEIVERSHIP, LegalNoticeKind.LIQUIDATION)
_CLAIM_MONTHS: Final = 2
_TITLE_MONTHS: Final = 3
_RELIEF_MONTHS: Final = 6

_OPENS: Final = ", ".join(f"'{kind.value}'" for kind in OPENING)

# The judgement at which an entity's accounts are split: the last one that opened proceedings while none were open.
# One that turns open proceedings into others (a receivership into a liquidation) splits nothing anew. Those that have
# ended stay: what was frozen is not claimed again.
JUDGEMENTS_SQL: Final = f"""
    SELECT n.entity_id, MAX(n.judgement_on) AS judgement_on
    FROM credit_legalnotice n
    WHERE n.kind IN ({_OPENS}) AND NOT n.was_mistake
      AND NOT EXISTS (
          SELECT FROM credit_legalnotice m
          WHERE m.entity_id = n.entity_id AND m.kind IN ({_OPENS}) AND NOT m.was_mistake
            AND m.judgement_on < n.judgement_on AND (m.ended_on IS NULL OR m.ended_on > n.judgement_on)
      )
    GROUP BY n.entity_id
"""


def judgement_sql(account: str) -> str:
    """Scalar SQL of the judgement that splits one account; NULL without any.

    :param account: SQL of its key
    """
    return f"""(
        SELECT judgement_on FROM ({JUDGEMENTS_SQL}) j
        WHERE entity_id = (SELECT entity_id FROM accounts_customeraccount WHERE id = {account})
    )"""


# Rows of ``credit_legalnotice`` that hold new orders on ``%(today)s``.
IN_PROCEEDINGS_SQL: Final = f"""
    kind IN ({_OPENS}) AND NOT was_mistake AND judgement_on <= %(today)s
    AND (ended_on IS NULL OR ended_on > %(today)s)
"""
# From when an entity may pay what was frozen: by its plan, or once the proceedings are over.
PAYABLE_SQL: Final = f"""
    SELECT entity_id, LEAST(MIN(judgement_on) FILTER (WHERE kind = 'PLAN'),
                            MIN(ended_on) FILTER (WHERE kind IN ({_OPENS}))) AS payable_on
    FROM credit_legalnotice WHERE NOT was_mistake GROUP BY entity_id
"""


@dataclass(frozen=True)
class Deadlines:
    """By when the creditor must act.

    :ivar claim: the claim is filed (C. com. L622-24, R622-24)
    :ivar title: goods under retention of title are claimed (L624-9)
    :ivar relief: who filed too late asks to be relieved of it (L622-26)
    """

    claim: date
    title: date
    relief: date


def deadlines(published_on: date) -> Deadlines:
    """Return the deadlines that run from the publication in the BODACC.

    In months: the day of the same number, the last day of a month that has none, and the next business day where it
    is none (CPC 641, 642). For creditors in metropolitan France; those outside have four months for their claim.
    """
    return Deadlines(
        claim=_after(published_on, _CLAIM_MONTHS),
        title=_after(published_on, _TITLE_MONTHS),
        relief=_after(published_on, _RELIEF_MONTHS),
    )


def is_frozen(issued_on: date, judgement_on: date | None) -> bool:
    """Whether what was issued on a day is a debt of before the judgement (PRE_JUDGEMENT): one of the day itself is not.

    The judgement counts from the first hour of its day (C. com. R621-4).
    """
    return judgement_on is not None and issued_on < judgement_on


def may_pay_frozen(received_on: date, judgement_on: date, payable_on: date | None) -> bool:
    """Whether money may settle a frozen debt: received before the judgement, or by the plan (C. com. L622-7)."""
    return received_on < judgement_on or (payable_on is not None and received_on >= payable_on)


def _after(day: date, months: int) -> date:
    return business_day_on_or_after(add_months(day, months))
