"""``matching``: a statement of 5 000 payments against 50 000 open items, whose truth is known."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from django.urls import reverse
from django.utils import timezone

from accounts.middleware import SESSION_COMPANY
from accounts.models import Company, User
from invoicing.matching import reading
from invoicing.matching.facts import Proposal
from invoicing.matching.policy import automatic
from invoicing.models import CashDiscount, PayerLink, Payment

from .browsing import browser
from .session import Session
from .statement import KINDS, TERMS, Truth, Writer

LINES: Final = 5_000
CLIENTS, ITEMS = 5_000, 50_000
CODE: Final = "MATCHING"
_SINGLES: Final = 200
_PAGES: Final = 30


@dataclass
class _Tally:
    """What became of the payments of one kind."""

    lines: int = 0
    matched: int = 0
    first: int = 0
    among: int = 0
    wrong: int = 0

    def cells(self) -> list[str]:
        """As a row of the table."""
        return [
            str(self.lines), _share(self.matched, self.lines), _share(self.first, self.lines),
            _share(self.among, self.lines), str(self.wrong),
        ]  # fmt: skip


def run(session: Session) -> None:
    """Propose for a whole statement and one by one; compare with the truth."""
    lines = min(LINES, session.items // 10)
    company = session.book(min(CLIENTS, session.accounts), min(ITEMS, session.items), code=CODE)
    by, at = session.member("accountant"), timezone.now()
    CashDiscount.objects.update_or_create(
        company=company, account=None, defaults={"percent": TERMS.percent, "days": TERMS.days}
    )
    try:
        truths = Writer(company, by, at, seed=7).write(lines)
        keys = [truth.payment.pk for truth in truths]
        rules = replace(reading.rules_of(company), automatic=True)
        began = time.perf_counter()
        found = {
            case.payment.pk: case.proposals for case in reading.proposals_for(company, keys, rules=rules)
        }
        whole = time.perf_counter() - began
        chosen = {key: automatic(proposals, rules) for key, proposals in found.items()}
        singles = sorted(_one(company, key, rules) for key in keys[:_SINGLES])
        answers = sorted(_answers(company, by, keys))
    finally:
        Payment.objects.filter(company=company, external_id__startswith="BENCH-").delete()
        PayerLink.objects.filter(company=company).delete()
    by_kind, total = _tallies(truths, found, chosen)
    rows = [[kind, *by_kind[kind].cells()] for kind in KINDS if kind in by_kind]
    head = ("Payment", "Lines", "Matched by itself", "Right first", "Right among", "Wrong by itself")
    session.report.table(f"matching: {lines} payments", head, [*rows, ["all", *total.cells()]])
    each = whole / lines * 1000
    session.report.say(
        f"{each:.2f} ms a line in a statement; one by one: {singles[len(singles) // 2] * 1000:.1f} ms"
        f" (median of {len(singles)}), the slowest {singles[-1] * 1000:.0f} ms"
    )
    session.report.say(
        f"the desk with all of them waiting: {answers[len(answers) // 2] * 1000:.0f} ms (median of {len(answers)}),"
        f" the slowest {answers[-1] * 1000:.0f} ms"
    )
    session.report.judge("matching.desk", answers[-1] * 1000)
    session.report.judge("matching.wrong", total.wrong)
    session.report.judge("matching.line", each)
    session.report.judge("matching.automatic", total.matched / lines * 100)
    session.report.judge("matching.first", total.first / max(1, _payable(truths)) * 100)


def _answers(company: Company, by: User, keys: Sequence[int]) -> Iterator[float]:
    """How long the desk takes to draw: the first page, then one payment after the other."""
    client = browser(by.username)
    kept = client.session
    kept[SESSION_COMPANY] = company.pk
    kept.save()
    client.get(reverse("invoicing:desk"))  # templates and settings are read once
    for key in (None, *keys[:: max(1, len(keys) // _PAGES)]):
        began = time.perf_counter()
        answer = client.get(reverse("invoicing:desk"), {"payment": key} if key else {})
        yield time.perf_counter() - began
        assert answer.status_code == 200, answer.status_code


def _one(company: object, key: int, rules: object) -> float:
    began = time.perf_counter()
    list(reading.proposals_for(company, [key], rules=rules))  # type: ignore[arg-type]
    return time.perf_counter() - began


def _tallies(
    truths: Sequence[Truth],
    found: Mapping[int, Sequence[Proposal]],
    chosen: Mapping[int, Proposal | None],
) -> tuple[dict[str, _Tally], _Tally]:
    by_kind: dict[str, _Tally] = defaultdict(_Tally)
    total = _Tally()
    for truth in truths:
        proposals = found.get(truth.payment.pk, ())
        taken = chosen.get(truth.payment.pk)
        right = [bool(truth.items) and _items(each) == truth.items for each in proposals]
        for tally in (by_kind[truth.kind], total):
            tally.lines += 1
            tally.matched += taken is not None
            tally.first += bool(right) and right[0]
            tally.among += any(right)
            tally.wrong += taken is not None and _items(taken) != truth.items
    return by_kind, total


def _items(proposal: Proposal) -> frozenset[tuple[str, Decimal]]:
    return frozenset((line.item.document, line.item.open_amount) for line in proposal.lines)


def _payable(truths: Sequence[Truth]) -> int:
    """Payments that settle something."""
    return sum(bool(truth.items) for truth in truths)


def _share(part: int, whole: int) -> str:
    return f"{part / whole * 100:.1f} %" if whole else "–"
