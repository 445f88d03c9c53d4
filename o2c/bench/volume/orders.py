"""Orders of the book: waiting for delivery, partly delivered, invoiced, ended, in draft."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from orders.models import Delivery, DeliveryLine, Order, OrderLine

from .book import Book, Client
from .sheets import money, packed

ARTICLES_SOLD: Final = (
    ("VIS-108", "Visserie, boîte", 1890), ("TUB-200", "Tube acier, mètre", 2435), ("PAN-310", "Panneau, pièce", 7420),
    ("POM-045", "Pompe", 31250), ("CAB-500", "Câble, touret", 18900), ("FIL-012", "Filtre, lot", 5610),
    ("MOT-077", "Moteur", 84500), ("HUI-005", "Huile, fût", 26780),
)  # fmt: skip
# Share of each kind of order; what is left waits for delivery.
_PARTLY, _DELIVERED, _HALF_INVOICED, _INVOICED = 0.12, 0.10, 0.05, 0.22
_DRAFT, _CANCELLED, _CLOSED = 0.02, 0.02, 0.02
_VAT: Final = 20


@dataclass(frozen=True)
class Line:
    """One line; amounts in cents."""

    key: int
    number: int
    article: tuple[str, str, int]
    quantity: int
    invoiced: int


@dataclass(frozen=True)
class ToInvoice:
    """What an order wants invoiced: an invoice of the book is made of it."""

    order: int
    lines: tuple[Line, ...]
    excl: int
    vat: int
    day: int


def add_orders(book: Book, client: Client, count: int) -> list[ToInvoice]:
    """Write a client's orders, add what they take to its exposure, and say what they want invoiced."""
    wanted = []
    for _number in range(count):
        invoice = _add_order(book, client, "open" if client.calm else _fate(book.random.random()))
        if invoice is not None:
            wanted.append(invoice)
    return wanted


def _fate(roll: float) -> str:
    for fate, share in (
        ("partly", _PARTLY), ("delivered", _DELIVERED), ("half invoiced", _HALF_INVOICED), ("invoiced", _INVOICED),
        ("draft", _DRAFT), ("cancelled", _CANCELLED), ("closed", _CLOSED),
    ):  # fmt: skip
        if roll < share:
            return fate
        roll -= share
    return "open"


def _add_order(book: Book, client: Client, fate: str) -> ToInvoice | None:
    random = book.random
    day = -random.randint(40, 300) if fate in ("cancelled", "closed") else -random.randint(1, 35)
    delivery = day + random.randint(10, 45)
    chosen = [
        (random.choice(ARTICLES_SOLD), random.randint(2, 12) * client.scale)
        for _ in range(random.choice((1, 1, 2, 3)))
    ]
    excl = sum(article[2] * quantity for article, quantity in chosen)
    total = excl + _vat(excl)
    key = book.sheet(Order).next_key()
    delivered = {"partly": 0.5, "half invoiced": 1, "delivered": 1, "invoiced": 1}.get(fate, 0)
    invoiced = {"half invoiced": 0.5, "invoiced": 1}.get(fate, 0)
    approved = fate not in ("draft", "cancelled")
    lines = []
    for position, (article, quantity) in enumerate(chosen, start=1):
        out, billed = int(quantity * delivered), int(quantity * invoiced)
        line = book.sheet(OrderLine).add(
            key, position * 10, article[0], article[1], quantity, money(article[2]), _VAT,
            quantity if fate == "closed" else 0, out, billed,
            quantity if approved else 0, money(article[2]) if approved else 0,
        )  # fmt: skip
        lines.append((Line(line, position * 10, article, quantity, billed), out))
    state = {"draft": "DRAFT", "cancelled": "CANCELLED", "closed": "CLOSED"}.get(fate, "CONFIRMED")
    open_ = fate in ("open", "partly", "delivered", "half invoiced")
    number = _store(
        book, client, key, state=state, day=day, delivery=delivery, excl=excl, total=total,
        approved=0 if fate == "closed" or not approved else total, lines=[line for line, _out in lines],
        started=bool(delivered), is_open=open_, ended=fate in ("cancelled", "closed"),
    )  # fmt: skip
    if delivered:
        _deliver(book, key, number, [(line.key, out) for line, out in lines if out], min(day + 5, 0))
    if open_:
        client.net += total - int(total * invoiced)
    if not invoiced:
        return None
    billed_lines = tuple(line for line, _out in lines if line.invoiced)
    net = sum(line.article[2] * line.invoiced for line in billed_lines)
    return ToInvoice(key, billed_lines, net, _vat(net), min(day + 5, 0))


def _vat(excl: int) -> int:
    return (excl * _VAT + 50) // 100


def _store(
    book: Book,
    client: Client,
    key: int,
    *,
    state: str,
    day: int,
    delivery: int,
    excl: int,
    total: int,
    approved: int,
    lines: list[Line],
    started: bool = False,
    is_open: bool = False,
    ended: bool = False,
) -> str:
    number = f"VC{key}"
    confirmed = state in ("CONFIRMED", "CLOSED")
    kept = [
        {
            "line": line.number, "sku": line.article[0], "description": line.article[1], "cancelled": "0",
            "quantity": str(line.quantity), "unit_price": money(line.article[2]), "vat_rate": str(_VAT),
        }
        for line in lines
    ] if confirmed else []  # fmt: skip
    adv, when = book.team.adv, book.moment(day)
    submitted = state != "DRAFT"
    book.sheet(Order).add(
        book.company.pk, client.pk, number, state, client.currency, client.term, book.day(day), book.day(delivery),
        money(excl), money(total), money(approved), packed(kept), client.term if confirmed else "", started, is_open,
        client.rep.pk, adv.pk, when, adv.pk if submitted else None, when if submitted else None,
        when if confirmed else None, when if ended else None, "Abandon du projet" if ended else "", key=key,
    )  # fmt: skip
    book.journal(
        "order.entered", "orders.order", key, number, client, adv, day,
        {"state": "DRAFT", "total_incl_vat": money(total)},
    )  # fmt: skip
    if confirmed:
        book.journal(
            "order.confirmed", "orders.order", key, number, client, adv, day, {"total_incl_vat": money(total)}
        )
    return number


def _deliver(book: Book, order: int, number: str, lines: list[tuple[int, int]], day: int) -> None:
    adv = book.team.adv
    delivery = book.sheet(Delivery).add(order, f"{number}-BL1", book.day(day), adv.pk, book.moment(day))
    for line, quantity in lines:
        book.sheet(DeliveryLine).add(delivery, line, quantity)


def add_large_order(book: Book, client: Client, *, available: int) -> int:
    """Write a draft that asks for more than is available; its key."""
    article = book.random.choice(ARTICLES_SOLD)
    quantity = max(available, 0) // article[2] + book.random.randint(2, 30)
    excl = article[2] * quantity
    day = -book.random.randint(0, 9)
    key = book.sheet(Order).next_key()
    book.sheet(OrderLine).add(
        key, 10, article[0], article[1], quantity, money(article[2]), _VAT, 0, 0, 0, 0, 0
    )
    _store(
        book, client, key, state="DRAFT", day=day, delivery=day + 20, excl=excl, total=excl + _vat(excl),
        approved=0, lines=[],
    )  # fmt: skip
    return key
