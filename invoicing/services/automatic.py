"""Payments matched by the portal itself, where a company wants it and they are sure (work rows)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from django.db import IntegrityError
from django.utils import timezone

from accounts.models import Company
from invoicing.matching import reading
from invoicing.matching.facts import Proposal, Rules
from invoicing.matching.policy import automatic
from invoicing.matching.reading import Case
from o2c.shared import work as work_table
from o2c.shared.problems import Refusal

from .settling import settle_sure

SURE: Final = "matching.sure"
# So many are matched in one transaction: what it locks is free again within a fraction of a second.
_TOGETHER: Final = 50

_Sure = tuple[Case, Proposal]


def examine(*, work: Any, company_id: int, payment_ids: list[int]) -> dict[str, int]:
    """Work handler: look which of these payments are sure, and ask for them to be matched, a client's together."""
    company = Company.objects.get(pk=company_id)
    rules = reading.rules_of(company)
    sure = _sure(company, payment_ids, rules) if rules.automatic else []
    work_table.add_many(
        SURE,
        {
            f"{company_id}:{piece[0]}-{piece[-1]}": {"company_id": company_id, "payment_ids": piece}
            for piece in _pieces(sure)
        },
    )
    return {"examined": len(payment_ids), "sure": len(sure)}


def match_sure(*, work: Any, company_id: int, payment_ids: list[int]) -> dict[str, int]:
    """Work handler: match those of these payments that still are sure; what somebody was faster with stays as it is.

    What two of them want is given to the first; the second is looked at once more.
    """
    company = Company.objects.get(pk=company_id)
    rules = reading.rules_of(company)
    matched, waiting = 0, list(payment_ids)
    while waiting:
        done, waiting = _matched(_sure(company, waiting, rules), rules)
        matched += done
        if not done:
            break
    return {"matched": matched}


def match_one(*, work: Any, company_id: int, payment_id: int) -> dict[str, int]:
    """Work handler: the same for one payment."""
    return match_sure(work=work, company_id=company_id, payment_ids=[payment_id])


def _sure(company: Company, payment_ids: Sequence[int], rules: Rules) -> list[_Sure]:
    """Payments that are sure, each with what it settles, as they stand now."""
    cases = reading.proposals_for(company, payment_ids, rules=rules)
    found = [(case, automatic(case.proposals, rules)) for case in cases]
    return [(case, chosen) for case, chosen in found if chosen is not None]


def _pieces(sure: Sequence[_Sure]) -> Iterator[list[int]]:
    """Keys of payments for one transaction each: those of a client never stand in two."""
    piece: list[int] = []
    before = 0
    for case, chosen in sorted(sure, key=lambda pair: (pair[1].account_id, pair[0].payment.pk)):
        if len(piece) >= _TOGETHER and chosen.account_id != before:
            yield piece
            piece = []
        piece.append(case.payment.pk)
        before = chosen.account_id
    if piece:
        yield piece


def _matched(sure: Sequence[_Sure], rules: Rules) -> tuple[int, list[int]]:
    """Match what is sure; one that is refused is found by halves, and no other fails with it."""
    if not sure:
        return 0, []
    try:
        return settle_sure(sure, rules, at=timezone.now())
    except (Refusal, IntegrityError):
        if len(sure) == 1:
            return 0, []
    half = len(sure) // 2
    first, left = _matched(sure[:half], rules)
    second, others = _matched(sure[half:], rules)
    return first + second, left + others
