"""Pareto of disputes: by a word of the case, by the sales rep, by article, by carrier."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from accounts.enums import TeamRole
from accounts.models import TeamMember
from disputes.models import Dispute, DisputeLine
from invoicing.models import InvoiceLine
from o2c.shared.money import ZERO, round_cents
from o2c.shared.text import search_key
from orders.models import DeliveryLine

if TYPE_CHECKING:
    from .disputes import DisputeRow


Weights = dict[int, dict[str, Decimal]]
# What is given away weighs a little all the same.
_LEAST: Final = Decimal("0.01")


@dataclass(frozen=True)
class Shares:
    """What cases contest of invoices, and what weighs how much in each invoice.

    :ivar contested: amounts by invoice, then by case
    :ivar weights: by invoice, then by article or carrier
    """

    contested: Mapping[int, Mapping[int, Decimal]]
    weights: Mapping[int, Mapping[str, Decimal]]

    def of_cases(self) -> dict[int, list[str]]:
        """What each case is about, the heaviest first."""
        found: dict[int, dict[str, Decimal]] = {}
        for invoice, weighed in self.weights.items():
            for case in self.contested[invoice]:
                own = found.setdefault(case, {})
                for name, weight in weighed.items():
                    own[name] = own.get(name, ZERO) + weight
        return {case: sorted(own, key=lambda name: (-own[name], name)) for case, own in found.items()}


@dataclass(frozen=True)
class Bar:
    """Cases of one cause, department or type: how many, how much, how long, what they took and cost.

    :ivar share: of the amount of all, in [0, 1]
    """

    code: str
    label: str
    count: int
    amount: Decimal
    credited: Decimal
    days: Decimal
    share: Decimal
    hours: Decimal = ZERO
    cost: Decimal = ZERO

    def as_record(self) -> dict[str, Any]:
        """The bar of the JSON."""
        return {
            "code": self.code,
            "count": self.count,
            "amount": f"{self.amount:.2f}",
            "credited": f"{self.credited:.2f}",
            "average_days": f"{self.days:.1f}",
            "hours": f"{self.hours:.2f}",
            "cost": f"{self.cost:.2f}",
            "share": f"{self.share:.4f}",
        }


def bars(
    rows: Sequence[DisputeRow], code_of: Callable[[DisputeRow], str], labels: dict[str, str]
) -> list[Bar]:
    """Rows added up by one of their words, the largest amount first."""
    groups: dict[str, list[DisputeRow]] = {}
    for row in rows:
        groups.setdefault(code_of(row), []).append(row)
    whole = total(rows, "amount")
    made = [
        Bar(
            code=code,
            label=labels.get(code, code),
            count=len(own),
            amount=total(own, "amount"),
            credited=total(own, "credited"),
            days=mean([row.days for row in own]) or Decimal(0),
            share=total(own, "amount") / whole if whole else Decimal(0),
            hours=total(own, "hours"),
            cost=total(own, "cost"),
        )
        for code, own in groups.items()
    ]
    return sorted(made, key=lambda bar: (-bar.amount, bar.code))


def article_shares(cases: Iterable[int]) -> Shares:
    """What is disputed of invoices with lines, by article: the lines weigh by their net."""
    contested = _contested(cases)
    weights: Weights = {}
    lines = InvoiceLine.objects.filter(invoice__in=contested, net__gt=0)
    for invoice, sku, words, net in lines.values_list("invoice", "sku", "description", "net"):
        _add(weights, invoice, sku or words, net)
    return Shares(contested, weights)


def carrier_shares(cases: Iterable[int]) -> Shares:
    """The same by carrier: the deliveries of what was invoiced weigh by their worth, those nobody names by nothing."""
    contested = _contested(cases)
    weights: Weights = {}
    names: dict[str, str] = {}
    billed = InvoiceLine.objects.filter(invoice__in=contested, order_line__isnull=False)
    pairs = set(billed.values_list("invoice", "order_line"))
    moved: dict[int, list[tuple[str, Decimal]]] = {}
    out = DeliveryLine.objects.filter(
        order_line__in={line for _invoice, line in pairs}, delivery__is_return=False
    ).exclude(delivery__carrier="")
    columns = ("order_line", "delivery__carrier", "quantity", "order_line__unit_price")
    for line, carrier, quantity, price in out.order_by("delivery__delivered_on", "pk").values_list(*columns):
        # Written another way it is the same carrier, under the name it had first.
        name = names.setdefault(search_key(carrier), carrier)
        moved.setdefault(line, []).append((name, quantity * max(price, _LEAST)))
    for invoice, line in sorted(pairs):
        for name, worth in moved.get(line, ()):
            _add(weights, invoice, name, worth)
    return Shares(contested, weights)


def shared_bars(rows: Sequence[DisputeRow], shares: Shares) -> list[Bar]:
    """Cases by what they are about, article or carrier: amounts, credits, hours and cost fall on it by weight."""
    cases = {row.key: row for row in rows}
    parts: dict[str, list[_Part]] = {}
    for invoice, weighed in shares.weights.items():
        for case, amount in shares.contested[invoice].items():
            row = cases.get(case)
            if row is None or not row.amount:
                continue
            whole = [
                amount,
                *(figure * amount / row.amount for figure in (row.credited, row.hours, row.cost)),
            ]
            split = [_shared(round_cents(figure), list(weighed.values())) for figure in whole]
            for name, *figures in zip(weighed, *split, strict=True):
                parts.setdefault(name, []).append(_Part(row, *figures))
    every = sum((part.amount for own in parts.values() for part in own), ZERO)
    made = [_bar_of(name, own, every) for name, own in parts.items()]
    return sorted(made, key=lambda bar: (-bar.amount, bar.code))


class _Part(NamedTuple):
    """What of a case falls on one article or carrier."""

    row: DisputeRow
    amount: Decimal
    credited: Decimal
    hours: Decimal
    cost: Decimal


def _bar_of(name: str, own: Sequence[_Part], every: Decimal) -> Bar:
    amount = sum((part.amount for part in own), ZERO)
    return Bar(
        code=name,
        label=name,
        count=len({part.row.key for part in own}),
        amount=amount,
        credited=sum((part.credited for part in own), ZERO),
        days=mean([part.row.days for part in own]) or Decimal(0),
        share=amount / every if every else Decimal(0),
        hours=sum((part.hours for part in own), ZERO),
        cost=sum((part.cost for part in own), ZERO),
    )


def _contested(cases: Iterable[int]) -> dict[int, dict[int, Decimal]]:
    """How much of which invoice each case contests: by invoice, then by case."""
    found: dict[int, dict[int, Decimal]] = {}
    lines = DisputeLine.objects.filter(dispute__in=list(cases), item__invoice__isnull=False)
    for case, invoice, amount in lines.values_list("dispute", "item__invoice", "amount"):
        per_case = found.setdefault(invoice, {})
        per_case[case] = per_case.get(case, ZERO) + amount
    return found


def _add(weights: Weights, invoice: int, name: str, weight: Decimal) -> None:
    own = weights.setdefault(invoice, {})
    own[name] = own.get(name, ZERO) + weight


def _shared(amount: Decimal, weights: Sequence[Decimal]) -> list[Decimal]:
    """An amount shared out by weights to the cent; the last takes the rest."""
    whole = sum(weights, ZERO)
    parts = [round_cents(amount * weight / whole) for weight in weights[:-1]]
    return [*parts, amount - sum(parts, ZERO)]


def salespeople_of(cases: Sequence[Dispute]) -> dict[int, str]:
    """The sales rep behind each case: of the order that was invoiced, else of the client on the day of the opening."""
    found: dict[int, str] = {}
    lines = DisputeLine.objects.filter(dispute__in=cases, item__invoice__order__sales_rep__isnull=False)
    for line in lines.select_related("item__invoice__order__sales_rep").order_by("-pk"):
        invoice = line.item.invoice
        if invoice is not None and invoice.order is not None and invoice.order.sales_rep is not None:
            found[line.dispute_id] = invoice.order.sales_rep.label()
    accounts = {case.account_id for case in cases if case.pk not in found}
    members = TeamMember.objects.filter(account__in=accounts, role=TeamRole.SALES_REP).select_related("user")
    reps: dict[int, list[Any]] = {}
    for member in members.order_by("-valid_from", "-pk"):
        reps.setdefault(member.account_id, []).append(member)
    for case in cases:
        for member in reps.get(case.account_id, ()) if case.pk not in found else ():
            if member.valid_from <= case.opened_on and (
                member.valid_to is None or member.valid_to > case.opened_on
            ):
                found[case.pk] = member.user.label()
                break
    return found


def mean(values: Sequence[int]) -> Decimal | None:
    """The mean of whole numbers; None of none."""
    return Decimal(sum(values)) / len(values) if values else None


def total(rows: Iterable[DisputeRow], name: str) -> Decimal:
    """One of the amounts of rows, added up."""
    return sum((getattr(row, name) or ZERO for row in rows), ZERO)
