"""How many confirmations one client and many clients carry, and whether anybody waits for somebody else's lock."""

from __future__ import annotations

import time
from collections.abc import Sequence
from decimal import Decimal
from statistics import median
from typing import Final

from django.db import transaction
from django.utils import timezone

from accounts.models import CustomerAccount, User
from credit.locks import lock_credit

from . import raw
from .drafts import back, draft, submit
from .fleet import Fleet, Job, Outcome, fleet, throughput
from .report import milliseconds
from .session import Session
from .volume import Shape, make_volume

CROWD: Final = 16
_CROWDS: Final = (2, 8, CROWD)
_EACH: Final = 12
_OTHERS: Final = 2
_TOTAL: Final = Decimal(1200)

# Somebody waits for a row that another transaction holds. Waits to extend a file are everybody's and short.
_WAITS: Final = "SELECT COUNT(*) FROM pg_locks WHERE NOT granted AND locktype IN ('transactionid', 'tuple')"


def run(session: Session) -> None:
    """Measure one client with many at once, many clients, and many clients while one is locked."""
    made = make_volume([Shape(10, 2, calm=True)] * CROWD, code=session.book().code, at=timezone.now())
    accounts = list(CustomerAccount.objects.select_related("company", "entity").filter(pk__in=made.accounts))
    adv = session.member("adv")
    # Every caller has orders of its own: of the one client, and of a client of its own.
    hot = [_drafts(accounts[0], adv) for _caller in range(CROWD)]
    own = [_drafts(account, adv) for account in accounts]
    with fleet(CROWD + 1) as ships, raw.raw_tables():
        _crowded(session, ships, accounts, hot, own, adv)
        _beside_a_locked_one(session, ships, accounts, own, adv)


def _drafts(account: CustomerAccount, by: User) -> list[int]:
    return [draft(account, _TOTAL, by=by).pk for _number in range(_EACH)]


def _crowded(
    session: Session,
    ships: Fleet,
    accounts: Sequence[CustomerAccount],
    hot: Sequence[list[int]],
    own: Sequence[list[int]],
    adv: User,
) -> None:
    """One client, clients of their own, and raw, in turns."""
    turns = max(1, min(session.rounds, 5))
    rows, waits = [], 0
    for crowd in _CROWDS:
        speeds: dict[str, list[float]] = {"hot": [], "own": [], "raw": []}
        for _turn in range(turns):
            count = crowd * _EACH
            jobs: list[Job] = [(_submit_all, (keys, adv)) for keys in hot[:crowd]]
            speeds["hot"].append(throughput(_all_well(ships.at_once(jobs)), count))
            jobs = [(_submit_all, (keys, adv)) for keys in own[:crowd]]
            # The last ship watches while the others work.
            jobs += [(_watch, (0.5,))] if crowd == CROWD else []
            outcomes = _all_well(ships.at_once(jobs))
            if crowd == CROWD:
                waits += outcomes.pop().value
            speeds["own"].append(throughput(outcomes, count))
            jobs = [(_confirm_all, (accounts[0].pk, keys)) for keys in hot[:crowd]]
            speeds["raw"].append(throughput(_all_well(ships.at_once(jobs)), count))
            back([key for keys in (*hot, *own) for key in keys])
            raw.undo([key for keys in hot for key in keys])
        one, many, beside = (median(speeds[name]) for name in ("hot", "own", "raw"))
        share, own_share = one / beside * 100, many / one * 100
        bounds = session.report.judge("race.hot", share) if crowd == CROWD else ["", "", ""]
        rows.append(
            [str(crowd), f"{one:.0f}/s", f"{beside:.0f}/s", f"{share:.0f} %", *bounds, f"{many:.0f}/s",
             f"{own_share:.0f} %", session.report.judge("race.own", own_share)[-1]]
        )  # fmt: skip
    session.report.judge("race.waits", waits)
    session.report.table(
        "race: confirmations of one client, and of clients of their own",
        (
            "At once",
            "One client",
            "Raw",
            "Share",
            "Must",
            "Aim",
            "Verdict",
            "Own clients",
            "Of one",
            "Verdict",
        ),
        rows,
    )
    session.report.say(f"waits for another client's lock: {waits}")


def _beside_a_locked_one(
    session: Session, ships: Fleet, accounts: Sequence[CustomerAccount], own: Sequence[list[int]], adv: User
) -> None:
    """Others confirm while a transaction holds the lock of one client, and while none does."""
    taken: dict[bool, list[float]] = {True: [], False: []}
    for turn in range(2 * max(1, min(session.rounds, 6))):
        locked = turn % 2 == 0
        with transaction.atomic():
            if locked:
                lock_credit(accounts[0])
            jobs: list[Job] = [(_submit_all, (keys, adv)) for keys in own[1 : 1 + _OTHERS]]
            outcomes = _all_well(ships.at_once(jobs))
        taken[locked] += [seconds for outcome in outcomes for seconds in outcome.value]
        back([key for keys in own for key in keys])
    with_lock, without = median(taken[True]), median(taken[False])
    ratio = with_lock / without
    session.report.table(
        "race: other clients' confirmations while one client is locked",
        ("Work", "Locked", "Not", "Ratio", "Must", "Aim", "Verdict"),
        [
            [
                "one confirmation", milliseconds(with_lock), milliseconds(without), f"{ratio:.2f} ×",
                *session.report.judge("race.others", ratio),
            ]
        ],
    )  # fmt: skip


def _submit_all(order_ids: Sequence[int], by: User) -> list[float]:
    seconds = []
    for key in order_ids:
        began = time.perf_counter()
        submit(key, by)
        seconds.append(time.perf_counter() - began)
    return seconds


def _confirm_all(account_id: int, order_ids: Sequence[int]) -> None:
    for key in order_ids:
        raw.confirm(account_id, key, _TOTAL)


def _watch(seconds: float) -> int:
    """How often somebody was seen waiting for a row."""
    seen = 0
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        seen += int(raw.execute(_WAITS)[0][0])
        time.sleep(0.005)
    return seen


def _all_well(outcomes: list[Outcome]) -> list[Outcome]:
    """Outcomes without an error.

    :raises RuntimeError: there is one: what it cost says nothing about speed
    """
    errors = [outcome.error for outcome in outcomes if outcome.error]
    if errors:
        raise RuntimeError(errors[0])
    return outcomes
