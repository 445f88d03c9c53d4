"""The book once more, in plain Python: what exposure, ageing and limits must be, from the documents alone.

Slow and simple on purpose. It shares no statement with the product: open amounts from amounts and matches, orders
from what was last approved, delivered and invoiced, limits from the decisions.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from django.db.models import Sum

from accounts.models import CustomerAccount, ExchangeRate
from accounts.policy import due_date
from credit.models import (
    BuyerCover,
    CreditLimit,
    Guarantee,
    InsurancePolicy,
    OrderHorizon,
    TemporaryLimit,
)
from invoicing.models import Allocation, DisputedAmount, Invoice, ReceivableItem
from orders.models import DeliveryLine, Order

CENT = Decimal("0.01")
ZERO = Decimal(0)


class OrderValue(NamedTuple):
    """What an order counts: still to deliver (E3), delivered and not invoiced (E2); in its own currency."""

    to_deliver: Decimal
    to_invoice: Decimal

    @property
    def whole(self) -> Decimal:
        """Both together."""
        return self.to_deliver + self.to_invoice


class Figures(NamedTuple):
    """What one account shows, in the company's currency."""

    parts: dict[str, Decimal]
    disputed: Decimal
    on_hold: Decimal
    overdue: Decimal
    beyond: Decimal = ZERO

    @property
    def net(self) -> Decimal:
        """Net exposure."""
        return sum(self.parts.values(), ZERO)


def cents(amount: Decimal) -> Decimal:
    """Rounded half-up to the cent."""
    return amount.quantize(CENT, ROUND_HALF_UP)


def open_amounts(items: Iterable[ReceivableItem], on: date | None = None) -> dict[int, Decimal]:
    """What is open of items at the end of a day; all that is recorded when no day is given."""
    found = {item.pk: item.amount for item in items}
    matches = Allocation.objects.all() if on is None else Allocation.objects.filter(effective_date__lte=on)
    for match in matches:
        if match.debit_id in found:
            found[match.debit_id] -= match.amount
        if match.credit_id in found:
            found[match.credit_id] += match.amount
    return found


def disputed_amounts(on: date) -> dict[int, Decimal]:
    """What was contested of each item on a day, whatever is open of it."""
    found: dict[int, Decimal] = defaultdict(Decimal)
    for row in DisputedAmount.objects.all():
        if row.effective_from <= on and (row.effective_to is None or row.effective_to > on):
            found[row.item_id] += row.amount
    return found


def order_value(order: Order) -> OrderValue:
    """What an order counts, from the lines as last approved and what went out, came back and was invoiced."""
    if order.state not in ("CONFIRMED", "CLOSED"):
        return OrderValue(ZERO, ZERO)
    invoiced = dict(order.lines.values_list("line", "invoiced"))
    delivered: dict[int, Decimal] = dict(
        DeliveryLine.objects.filter(delivery__order=order)
        .values_list("order_line__line")
        .annotate(total=Sum("quantity"))
    )
    bases: dict[Decimal, Decimal] = defaultdict(Decimal)
    whole = to_deliver = to_invoice = ZERO
    for row in order.approved_lines:
        wanted = Decimal(row["quantity"]) - Decimal(row["cancelled"])
        out, billed = delivered.get(row["line"], ZERO), invoiced.get(row["line"], ZERO)
        rate = Decimal(row["vat_rate"])
        price = Decimal(row["unit_price"]) * (1 + rate / 100)
        bases[rate] += cents(wanted * Decimal(row["unit_price"]))
        whole += wanted * price
        to_invoice += max(ZERO, out - billed) * price
        if order.state == "CONFIRMED":
            to_deliver += max(ZERO, wanted - max(out, billed)) * price
    total = sum((base + cents(base * rate / 100) for rate, base in bases.items()), ZERO)
    if not any(delivered.values()) and not any(invoiced.values()):
        return OrderValue(total if order.state == "CONFIRMED" else ZERO, ZERO)
    if not whole:
        return OrderValue(ZERO, ZERO)
    return OrderValue(cents(to_deliver * total / whole), cents(to_invoice * total / whole))


def deposits_invoiced(order: Order, on: date) -> Decimal:
    """Money on deposit invoices of an order that no invoice has deducted and no credit note taken back."""
    found = ZERO
    for invoice in Invoice.objects.filter(order=order, kind="DEPOSIT_INVOICE", currency=order.currency):
        if invoice.deductions.exists() or Invoice.objects.filter(corrects=invoice).exists():
            continue
        matches = Allocation.objects.filter(debit__invoice=invoice, effective_date__lte=on)
        found += sum((match.amount for match in matches), ZERO)
    return found


def rate_on(currency: str, day: date) -> Decimal:
    """Units for one euro, as last published."""
    if currency == "EUR":
        return Decimal(1)
    return ExchangeRate.objects.filter(currency=currency, day__lte=day).latest("day").units_per_eur


def horizon_of(account: CustomerAccount, on: date) -> int | None:
    """Days within which an order is to be delivered to count in the account's company; None where all do."""
    for row in OrderHorizon.objects.filter(company=account.company):
        if row.effective_from <= on and (row.effective_to is None or row.effective_to > on):
            return row.days
    return None


def is_beyond(order: Order, on: date, *, until: date | None = None) -> bool:
    """Whether what is to be delivered of an order does not count yet on a day, not even up to ``until``."""
    days, delivery = horizon_of(order.account, on), order.requested_delivery
    if days is None or delivery is None or (until is not None and delivery <= until):
        return False
    return (delivery - on).days > days


def figures_of(account: CustomerAccount, on: date, *, until: date | None = None) -> Figures:
    """What an account must show on a day that is today.

    :param until: orders to be delivered up to this day count, whatever the horizon
    """
    by_part: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    late: dict[str, Decimal] = defaultdict(Decimal)
    items = [i for i in account.items.all() if i.effective_date <= on]
    contested = disputed_amounts(on)
    opened = open_amounts(items, on)
    for item in items:
        left = opened[item.pk]
        by_part[_part_of(item), item.currency] += left
        if left > 0:
            by_part["disputed", item.currency] += min(left, contested.get(item.pk, ZERO))
            if item.due_date < on:
                late[item.currency] += left
    for order in account.orders.all():
        value = order_value(order)
        if is_beyond(order, on, until=until):
            by_part["beyond_horizon", order.currency] += value.to_deliver
            value = value._replace(to_deliver=ZERO)
        # Money that names the order relieves at most what the order takes, and is then no unallocated payment.
        waiting = sum(
            (
                -opened[item.pk]
                for item in items
                if item.kind == "PAYMENT"
                and item.payment
                and item.payment.order_id == order.pk
                and item.currency == order.currency
            ),
            ZERO,
        )
        invoiced = deposits_invoiced(order, on)
        held = min(max(value.whole - invoiced, ZERO), waiting)
        by_part["deposits_held", order.currency] -= min(invoiced, value.whole) + held
        by_part["unallocated_payments", order.currency] += held
        if order.state in ("CANCELLED", "REFUSED"):
            by_part["unallocated_payments", order.currency] -= invoiced
        by_part["open_orders", order.currency] += value.to_deliver
        by_part["delivered_not_invoiced", order.currency] += value.to_invoice
        if order.state == "SUBMITTED":
            by_part["on_hold", order.currency] += order.total_incl_vat
    target = account.company.currency
    parts: dict[str, Decimal] = defaultdict(Decimal)
    for (part, currency), amount in by_part.items():
        parts[part] += _converted(amount, currency, target, on)
    overdue = sum((_converted(amount, currency, target, on) for currency, amount in late.items()), ZERO)
    return Figures(
        disputed=parts.pop("disputed", ZERO),
        on_hold=parts.pop("on_hold", ZERO),
        overdue=overdue,
        beyond=parts.pop("beyond_horizon", ZERO),
        parts={part: amount for part, amount in parts.items() if amount},
    )


def _part_of(item: ReceivableItem) -> str:
    if item.kind == "CREDIT_NOTE":
        return "unallocated_credit_notes"
    return "unallocated_payments" if item.amount < 0 else "open_invoices"


def _converted(amount: Decimal, currency: str, target: str, on: date) -> Decimal:
    return amount if currency == target else cents(amount * rate_on(target, on) / rate_on(currency, on))


class LevelLimit(NamedTuple):
    """The decision of one level on a day; ``amount`` None is unlimited."""

    decided: bool
    expired: bool
    amount: Decimal | None


def limit_of(level: str, key: int, on: date) -> LevelLimit:
    """What a level may use on a day: the last decision begun and not closed, plus temporary raises."""
    raised = sum(
        (
            row.amount
            for row in TemporaryLimit.objects.filter(**{f"{level}_id": key})
            if row.valid_from <= on <= row.valid_until and (row.closed_on is None or row.closed_on > on)
        ),
        ZERO,
    )
    begun = [
        row
        for row in CreditLimit.objects.filter(**{f"{level}_id": key}).order_by("valid_from", "pk")
        if row.valid_from <= on and (row.closed_on is None or row.closed_on > on)
    ]
    if not begun:
        return LevelLimit(False, False, raised)
    row = begun[-1]
    if row.valid_until < on:
        return LevelLimit(True, True, raised)
    return LevelLimit(True, False, None if row.amount is None else row.amount + raised)


def levels_of(account: CustomerAccount) -> dict[tuple[str, int], list[CustomerAccount]]:
    """Each level of an account with the accounts it adds up."""
    everybody = list(CustomerAccount.objects.select_related("entity", "company"))
    found = {
        ("account", account.pk): [account],
        ("entity", account.entity_id): [a for a in everybody if a.entity_id == account.entity_id],
    }
    group_id = account.entity.group_id
    if group_id is not None:
        found["group", group_id] = [a for a in everybody if a.entity.group_id == group_id]
    return found


def insurance_of(account: CustomerAccount, on: date) -> tuple[BuyerCover | None, InsurancePolicy | None]:
    """The insurer's last word on a client's legal entity, and the terms of the company's policy, on a day."""
    covers = BuyerCover.objects.filter(company=account.company, entity=account.entity, effective_on__lte=on)
    policies = InsurancePolicy.objects.filter(company=account.company, valid_from__lte=on)
    return covers.order_by("effective_on").last(), policies.order_by("valid_from").last()


def guarantees_of(account: CustomerAccount, nets: Mapping[int, Decimal], on: date) -> Decimal:
    """What guarantees count for a client: its own, and by what it owes its share of those above it."""
    found = ZERO
    for (level, key), members in levels_of(account).items():
        by_currency: dict[str, Decimal] = defaultdict(Decimal)
        for row in Guarantee.objects.filter(**{f"{level}_id": key}):
            begun = row.valid_from <= on and (row.valid_until is None or row.valid_until >= on)
            if row.is_eligible and row.confirmed_at and begun and (row.ended_on is None or row.ended_on > on):
                by_currency[row.currency] += cents(row.amount * row.haircut_pct / 100)
        target = account.company.currency
        amount = sum((_converted(part, code, target, on) for code, part in by_currency.items()), ZERO)
        if level == "account":
            found += amount
            continue
        owing = sum((max(nets[member.pk], ZERO) for member in members), ZERO)
        if owing and nets[account.pk] > 0:
            found += cents(amount * nets[account.pk] / owing)
    return found


def insured_of(
    account: CustomerAccount, accounts: Iterable[CustomerAccount], nets: Mapping[int, Decimal], on: date
) -> Decimal:
    """What the insurer bears of a client: its part of what it bears of the legal entity with this company."""
    cover, policy = insurance_of(account, on)
    term = (due_date(on, account.term, on) - on).days
    if policy and policy.max_term_days is not None and term > policy.max_term_days:
        return ZERO
    if cover is not None:
        if cover.status not in ("ACTIVE", "PARTIAL", "REDUCED") or (
            cover.valid_until and cover.valid_until < on
        ):
            return ZERO
        most, pct = cover.amount, cover.insured_pct
    else:
        if policy is None or policy.blind_limit is None or figures_of(account, on).overdue > 0:
            return ZERO
        most, pct = policy.blind_limit, policy.blind_pct
    same = (account.company_id, account.entity_id)
    members = [each for each in accounts if (each.company_id, each.entity_id) == same]
    secured = sum((guarantees_of(member, nets, on) for member in members), ZERO)
    owed = sum((nets[member.pk] for member in members), ZERO)
    own = max(nets[account.pk] - guarantees_of(account, nets, on), ZERO)
    left = max(owed - secured, ZERO)
    if not own or not left:
        return ZERO
    divisor = Decimal(1) if policy and policy.vat_insured else 1 + _usual_vat(account, on) / 100
    return cents(min(left / divisor, most) * pct / 100 * own / left)


def _usual_vat(account: CustomerAccount, on: date) -> Decimal:
    rows = [
        row
        for row in Invoice.objects.filter(account=account, kind="INVOICE", issue_date__lte=on)
        if row.total_excl_vat and row.total_excl_vat > 0 and row.issue_date > on.replace(year=on.year - 1)
    ]
    if not rows:
        return Decimal(20)
    vat = sum((row.total_vat or ZERO for row in rows), ZERO)
    return vat * 100 / sum((row.total_excl_vat or ZERO for row in rows), ZERO)


def unpaid_beyond_extension(account: CustomerAccount, on: date) -> Decimal:
    """What is late and not contested beyond the insurer's extension of a named cover in force; zero without one."""
    cover, policy = insurance_of(account, on)
    if cover is None or policy is None or cover.status not in ("ACTIVE", "PARTIAL", "REDUCED"):
        return ZERO
    before = on - timedelta(days=policy.extension_days)
    items = [i for i in account.items.all() if i.effective_date <= on]
    contested, opened = disputed_amounts(on), open_amounts(items, on)
    late: dict[str, Decimal] = defaultdict(Decimal)
    for item in items:
        if (left := opened[item.pk]) > 0 and item.due_date < before:
            late[item.currency] += left - min(left, contested.get(item.pk, ZERO))
    target = account.company.currency
    return sum((_converted(amount, currency, target, on) for currency, amount in late.items()), ZERO)
