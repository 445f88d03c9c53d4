"""The proof of a decision: every document, rate and rule behind its figures, kept when a person decides.

The documents come from the very SQL that the exposure adds up (``settings.CREDIT_EXPOSURE``): each provider names the
document of a row in a comment ``/*document … */``, which only this reading takes up. Figures and documents cannot say
different things.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Final

from django.conf import settings
from django.db import connection
from django.utils.module_loading import import_string

from accounts.models import CustomerAccount, User
from o2c.shared.calendar import paris_date
from o2c.shared.money import ZERO, convert

from .exposure import DISPUTED, FAR_FUTURE, ON_HOLD, OWN_DEPOSITS, SOLD
from .horizon import BEYOND
from .models import CreditDecision
from .proof_models import DecisionDocument
from .queries import kin_of
from .switch_models import ExposureSwitch, SwitchedPart
from .switches import SWITCHED, counts_sql, left_out_on

_NAMED: Final = re.compile(r"/\*document (.*?)\*/", re.DOTALL)
# What stands beside the exposure: it is shown, and not added.
BESIDE: Final = frozenset({DISPUTED, ON_HOLD, OWN_DEPOSITS, SOLD, BEYOND})


@dataclass(frozen=True)
class Part:
    """One figure of a decision and the documents it is made of.

    :ivar kept: the figure as the decision has it; None of what it does not keep by itself
    :ivar total: what the documents come to, each currency converted once by the decision's own rates
    """

    code: str
    kept: Decimal | None
    total: Decimal
    documents: tuple[DecisionDocument, ...]

    @property
    def ties(self) -> bool:
        """Whether the documents come to the figure, to the cent."""
        return self.kept is None or self.kept == self.total


@dataclass(frozen=True)
class LeftOut:
    """A part that the company did not count on the day of a decision.

    :ivar amount: what it came to for the client, in the decision's currency; None of a decision that did not keep it
    :ivar row: the switch that says so; None where the part counts only when a company says so
    """

    part: SwitchedPart
    amount: Decimal | None
    row: ExposureSwitch | None


@dataclass(frozen=True)
class Proof:
    """The documents of a decision.

    :ivar relatives: documents of other clients under the same limits that the reader sees
    :ivar unseen: how many more there are
    """

    parts: tuple[Part, ...]
    relatives: tuple[DecisionDocument, ...]
    unseen: int

    @property
    def ties(self) -> bool:
        """Whether every figure is what its documents come to."""
        return all(part.ties for part in self.parts)


@cache
def _statement() -> str:
    rows = "\n    UNION ALL\n".join(
        _NAMED.sub(r"\1", import_string(path)()) for path in settings.CREDIT_EXPOSURE
    )
    return f"""
        WITH {SWITCHED},
        sums AS (
            SELECT account_id, part, COALESCE(document, '') AS document, currency, SUM(amount) AS amount, due_date
            FROM ({rows}) AS book (account_id, part, currency, amount, due_date, document)
            GROUP BY account_id, part, document, currency, due_date
            HAVING SUM(amount) <> 0
        )
        INSERT INTO credit_decisiondocument (decision_id, account_id, part, document, currency, amount, due_date)
        SELECT %(decision)s, s.account_id, s.part, s.document, s.currency, s.amount, s.due_date
        FROM sums s
        JOIN accounts_customeraccount a ON a.id = s.account_id
        LEFT JOIN switched x ON x.company_id = a.company_id AND x.part = s.part
        WHERE {counts_sql("s.part", "x.part IS NOT NULL")}
    """


def keep_documents(
    decision: CreditDecision,
    *,
    on: date,
    skip_order: int | None,
    confirmed_before: datetime | None,
    counted_until: date | None,
) -> int:
    """Keep the documents of the client and of all under its limits beside a decision, under the caller's locks.

    :param skip_order: the order decided on, which the check left out
    :param confirmed_before: as the check read it, ``counted_until`` likewise
    :returns: how many rows
    """
    with connection.cursor() as cursor:
        cursor.execute(
            _statement(),
            {
                "decision": decision.pk,
                "accounts": list(kin_of(decision.account_id).values_list("pk", flat=True)),
                "today": on,
                "skip_order": skip_order or 0,
                "confirmed_before": confirmed_before or FAR_FUTURE,
                "counted_until": counted_until or on,
            },
        )
        return cursor.rowcount


def proof_of(decision: CreditDecision, reader: User) -> Proof | None:
    """The figures of a kept decision with their documents; None of one that was kept without documents."""
    rows = list(decision.documents.select_related("account").order_by("part", "due_date", "document", "pk"))
    if not rows:
        return None
    exposure = decision.figures["exposure"]
    kept = {part["code"]: Decimal(part["amount"]) for part in exposure["parts"]}
    kept |= {DISPUTED: Decimal(exposure["disputed"]), ON_HOLD: Decimal(exposure["on_hold_orders"])}
    kept |= {
        part["code"]: Decimal(part["amount"])
        for part in exposure.get("left_out", [])
        if part["code"] == BEYOND
    }
    found: dict[str, list[DecisionDocument]] = {}
    others: list[DecisionDocument] = []
    for row in rows:
        (found.setdefault(row.part, []) if row.account_id == decision.account_id else others).append(row)
    seen = set(
        CustomerAccount.objects.visible_to(reader)
        .filter(pk__in={row.account_id for row in others})
        .values_list("pk", flat=True)
    )
    relatives = tuple(row for row in others if row.account_id in seen and row.part not in BESIDE)
    parts = tuple(
        Part(code, kept.get(code), _total(found.get(code, ()), decision), tuple(found.get(code, ())))
        for code in dict.fromkeys([*kept, *found])
        if found.get(code) or kept.get(code)
    )
    unseen = sum(row.account_id not in seen and row.part not in BESIDE for row in others)
    return Proof(parts, relatives, unseen)


def left_out_of(decision: CreditDecision) -> list[LeftOut]:
    """The parts that did not count on the day of a decision: those switched off, and any that came to something."""
    kept = {
        part["code"]: Decimal(part["amount"]) for part in decision.figures["exposure"].get("left_out", [])
    }
    found = left_out_on(decision.account.company, paris_date(decision.decided_at))
    return [
        LeftOut(SwitchedPart(part), kept.get(part), row)
        for part, row in found.items()
        if row or kept.get(part)
    ]


def _total(rows: Iterable[DecisionDocument], decision: CreditDecision) -> Decimal:
    """Rows added up per currency and then converted, as the exposure itself is."""
    target = decision.figures["check"]["currency"]
    rates = {code: Decimal(rate) for code, rate in decision.figures["rates"].items()}
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        sums[row.currency] += row.amount
    return sum(
        (
            amount if currency == target else convert(amount, rates[currency], rates[target])
            for currency, amount in sums.items()
            if currency == target or currency in rates
        ),
        ZERO,
    )
