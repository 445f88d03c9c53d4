"""``check``: one credit check and one confirmation, by the number of the client's open items and open orders."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Final

from django.utils import timezone

from accounts.models import CustomerAccount
from credit import services as credit
from credit.queries import exposure_of
from o2c.shared.calendar import paris_date
from orders.models import Order

from . import raw
from .drafts import back, draft, submit
from .report import milliseconds
from .session import Session
from .timing import Act, in_turns
from .volume import Shape, make_volume

ITEMS: Final = (10, 100, 1_000, 10_000)
ORDERS: Final = (10, 1_000)
_SMALL, _HUGE = Decimal("1200.00"), Decimal("240000000.00")
_HEAD: Final = ("Client", "Ours", "Raw", "Ratio", "Must", "Aim", "Verdict")


@dataclass(frozen=True, eq=False)
class Case:
    """A client with so many open items and open orders, and two drafts: one that fits and one that does not."""

    account: CustomerAccount
    items: int
    orders: int
    fits: Order
    too_much: Order

    def __str__(self) -> str:
        return f"{self.items:,} items, {self.orders:,} orders".replace(",", " ")


def run(session: Session) -> None:
    """Measure reading, checking, confirming and holding, each beside raw."""
    cases = _cases(session)
    with raw.raw_tables():
        _reads(session, cases)
        confirmed = _writes(session, cases, "confirmation", fits=True)
        _writes(session, cases, "submission that ends on hold", fits=False)
    _growth(session, confirmed)


def _cases(session: Session) -> list[Case]:
    company = session.book()
    by = session.member("adv")
    sizes = [(n, ORDERS[0]) for n in ITEMS if n <= session.items] + [
        (ITEMS[0], n) for n in ORDERS[1:] if n <= session.items
    ]
    plan = [Shape(items, waiting, calm=True) for items, waiting in sizes]
    made = make_volume(plan, code=company.code, at=timezone.now())
    accounts = CustomerAccount.objects.select_related("company", "entity__group").in_bulk(made.accounts)
    return [
        Case(
            accounts[key],
            *size,
            draft(accounts[key], _SMALL, by=by),
            draft(accounts[key], _HUGE, by=by),
        )
        for key, size in zip(made.accounts, sizes, strict=True)
    ]


def _reads(session: Session, cases: list[Case]) -> None:
    acts = {}
    today = paris_date(timezone.now())
    for case in cases:
        account = case.account
        acts["read", case] = Act(partial(exposure_of, account, on=today))
        acts["check", case] = Act(partial(credit.check, account=account, amount=_SMALL, at=timezone.now()))
        acts["raw", case] = Act(partial(raw.available, account.pk))
    taken = in_turns(acts, repeats=session.repeats)
    rows: dict[str, list[list[str]]] = {"read": [], "check": []}
    for case in cases:
        for name in rows:
            ours, beside = taken[name, case], taken["raw", case]
            bounds = session.report.judge("exposure", ours / beside) if name == "read" else ["", "", ""]
            rows[name].append(_row(case, ours, beside, bounds))
    session.report.table("check: exposure read", _HEAD, rows["read"])
    session.report.table("check: the whole credit check, nothing stored", _HEAD, rows["check"])


def _writes(session: Session, cases: list[Case], title: str, *, fits: bool) -> dict[tuple[int, int], float]:
    by, acts = session.member("adv"), {}
    for case in cases:
        order = case.fits if fits else case.too_much
        acts["ours", case] = Act(partial(submit, order.pk, by), partial(back, [order.pk]))
        acts["raw", case] = Act(
            partial(raw.confirm, case.account.pk, order.pk, order.total_incl_vat),
            partial(raw.undo, [order.pk]),
        )
    taken = in_turns(acts, repeats=session.repeats)
    rows = []
    for case in cases:
        ours, beside = taken["ours", case], taken["raw", case]
        rows.append(_row(case, ours, beside, session.report.judge("confirm", ours / beside)))
    session.report.table(f"check: {title}, committed", _HEAD, rows)
    return {(case.items, case.orders): taken["ours", case] for case in cases}


def _row(case: Case, ours: float, beside: float, bounds: list[str]) -> list[str]:
    return [str(case), milliseconds(ours), milliseconds(beside), f"{ours / beside:.2f} ×", *bounds]


def _growth(session: Session, seconds: dict[tuple[int, int], float]) -> None:
    base = seconds[ITEMS[0], ORDERS[0]]
    rows = []
    for key, size in (("confirm.items", (ITEMS[-1], ORDERS[0])), ("confirm.orders", (ITEMS[0], ORDERS[-1]))):
        if size in seconds:
            ratio = seconds[size] / base
            rows.append(
                [f"{size[0]} items, {size[1]} orders", f"{ratio:.2f} ×", *session.report.judge(key, ratio)]
            )
    if rows:
        head = (f"Beside {ITEMS[0]} items, {ORDERS[0]} orders", "Ratio", "Must", "Aim", "Verdict")
        session.report.table("check: how a confirmation grows", head, rows)
