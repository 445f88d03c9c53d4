"""``race``: many at once for the last of a limit, and how much one client and many clients carry."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from statistics import median
from typing import Final

from django.db import transaction
from django.utils import timezone

from accounts.models import CustomerAccount, CustomerGroup, User
from accounts.services.membership import move_entity, move_group
from credit.enums import Level
from credit.models import CreditLimit
from credit.queries import exposure_of
from invoicing import services as invoicing
from invoicing.models import ReceivableItem
from o2c.shared.calendar import paris_date
from orders import services as orders
from orders.services import LineInput

from . import load
from .drafts import back, confirmed, draft, submit
from .fleet import Fleet, Job, Outcome, fleet, throughput
from .session import Session
from .volume import Shape, make_volume

CLIENTS: Final = (2, 4, 8, 16, 32)
# One order fits and two do not, also when what moves beside them frees or takes some.
_ORDER, _ROOM = Decimal("600.00"), Decimal("900.00")
_PAID: Final = Decimal("10.00")
_BESIDE: Final = 3
_HEAD: Final = ("Level", "Clients", "Rounds", "Admitted", "Errors", "Orders/s")


@dataclass
class Field:
    """Where a race is run: clients that share a limit, the limit, the orders that want it, what moves beside them."""

    level: Level
    accounts: Sequence[CustomerAccount]
    limit: CreditLimit
    drafts: Sequence[int]
    moving: int = 0
    changing: int = 0
    item: int = 0
    turn: int = 0
    errors: Counter[str] = field(default_factory=Counter)


def run(session: Session) -> None:
    """Race at each level, alone and with other acts going on; then throughput."""
    session.book()
    fields = [_field(session, level) for level in (Level.ACCOUNT, Level.ENTITY, Level.GROUP)]
    with fleet(CLIENTS[-1] + _BESIDE) as ships:
        _races(session, ships, fields, beside=False)
        _races(session, ships, fields, beside=True)
    load.run(session)


def _field(session: Session, level: Level) -> Field:
    at, adv = timezone.now(), session.member("adv")
    plan = [Shape(10, 2, calm=True)] * (1 if level is Level.ACCOUNT else 2)
    made = make_volume(plan, code=session.book().code, at=at)
    accounts = list(CustomerAccount.objects.select_related("company", "entity").filter(pk__in=made.accounts))
    with transaction.atomic():
        _join(level, accounts)
        limit = _limit(level, accounts[0], session.member("credit"))
    found = Field(
        level, accounts, limit,
        [draft(accounts[n % len(accounts)], _ORDER, by=adv).pk for n in range(CLIENTS[-1])],
    )  # fmt: skip
    _set_room(found, Decimal(1_000_000))
    _what_moves(found, adv)
    return found


def _join(level: Level, accounts: Sequence[CustomerAccount]) -> None:
    """Put the clients under one legal entity, or their entities into one group."""
    at = timezone.now()
    if level is Level.ENTITY:
        move_entity(accounts[1], accounts[0].entity, on=paris_date(at), by=None, at=at)
    if level is Level.GROUP:
        group = CustomerGroup.objects.create(code=f"VR{accounts[0].pk}", name=f"Groupe {accounts[0].name}")
        for account in accounts:
            move_group(account.entity, group, on=paris_date(at), by=None, at=at)


def _limit(level: Level, account: CustomerAccount, by: User) -> CreditLimit:
    if level is Level.ACCOUNT:
        return CreditLimit.objects.get(account=account, closed_on=None)
    today = paris_date(timezone.now())
    return CreditLimit.objects.create(
        level=level,
        entity=account.entity if level is Level.ENTITY else None,
        group=account.entity.group if level is Level.GROUP else None,
        amount=0,
        currency=account.company.currency,
        valid_from=today,
        valid_until=today + timedelta(days=200),
        reason="race",
        decided_by=by,
        decided_at=timezone.now(),
    )


def _what_moves(ground: Field, adv: User) -> None:
    """A large order to deliver and invoice piece by piece, one to change, and an item to pay piece by piece."""
    account = ground.accounts[0]
    many = LineInput("VIS-108", "Visserie, boîte", Decimal(10_000), Decimal("1.00"))
    for name, line in (("moving", many), ("changing", _changed(0))):
        order = orders.create_order(
            company=account.company, account=account, lines=[line], by=adv, at=timezone.now()
        )
        submit(order.pk, adv)
        setattr(ground, name, order.pk)
    items = ReceivableItem.objects.filter(account=account, open_amount__gt=0).order_by("-open_amount", "pk")
    ground.item = items.values_list("pk", flat=True)[0]


def _changed(turn: int) -> LineInput:
    return LineInput("FIL-012", "Filtre, lot", Decimal(10 + turn % 2), Decimal("10.00"), line=10)


def _set_room(ground: Field, room: Decimal) -> None:
    """Let the limit leave exactly so much."""
    view = exposure_of(ground.accounts[0], on=paris_date(timezone.now()))
    level = next(found for found in view.levels if found.level is ground.level)
    CreditLimit.objects.filter(pk=ground.limit.pk).update(amount=level.net_exposure + room)


def _races(session: Session, ships: Fleet, fields: Sequence[Field], *, beside: bool) -> None:
    rows = []
    wrong = 0
    errors: Counter[str] = Counter()
    for ground in fields:
        for clients in CLIENTS:
            admitted: Counter[int] = Counter()
            speeds = []
            for _round in range(session.rounds):
                outcomes, count = _round_of(session, ships, ground, clients, beside=beside)
                admitted[count] += 1
                errors.update(outcome.error for outcome in outcomes if outcome.error)
                speeds.append(throughput(outcomes[:clients], clients))
            wrong += session.rounds - admitted[1]
            rows.append(
                [
                    ground.level.word, str(clients), str(session.rounds),
                    "1" if admitted[1] == session.rounds else str(dict(admitted)),
                    str(sum(errors.values())), f"{median(speeds):.0f}",
                ]
            )  # fmt: skip
    title = "race: orders for the last of a limit"
    title += ", beside deliveries, invoices, payments, matches and changes" if beside else ""
    session.report.judge("race.admitted", wrong)
    session.report.judge("race.errors", sum(errors.values()))
    session.report.table(title, _HEAD, rows)
    for error, count in errors.most_common(5):
        session.report.say(f"{count} × {error}")


def _round_of(
    session: Session, ships: Fleet, ground: Field, clients: int, *, beside: bool
) -> tuple[list[Outcome], int]:
    chosen = ground.drafts[:clients]
    _set_room(ground, _ROOM)
    adv = session.member("adv")
    jobs: list[Job] = [(submit, (key, adv)) for key in chosen]
    if beside:
        ground.turn += 1
        clerk = session.member("accountant")
        jobs += [
            (_deliver_and_invoice, (ground.moving, adv)),
            (_pay, (ground.accounts[0].pk, ground.item, clerk)),
            (_change, (ground.changing, ground.turn, adv)),
        ]
    outcomes = ships.at_once(jobs)
    count = confirmed(chosen)
    back(chosen)
    return outcomes, count


def _deliver_and_invoice(order_id: int, by: User) -> None:
    orders.deliver(order_id=order_id, lines=[(10, Decimal(1))], by=by, at=timezone.now())
    invoicing.issue_from_order(order_id=order_id, by=by, at=timezone.now())


def _pay(account_id: int, item_id: int, by: User) -> None:
    """Record a payment and match it."""
    at = timezone.now()
    account = CustomerAccount.objects.select_related("company").get(pk=account_id)
    payment = invoicing.record_payment(
        company=account.company, account=account, external_id=f"race-{account_id}-{at.timestamp()}",
        received_on=paris_date(at), amount=_PAID, currency=account.currency, method="transfer", by=by, at=at,
    )  # fmt: skip
    invoicing.allocate_payment(payment_id=payment.pk, items=[(item_id, _PAID)], by=by, at=at)


def _change(order_id: int, turn: int, by: User) -> None:
    orders.change_order(order_id=order_id, lines=[_changed(turn)], by=by, at=timezone.now())
