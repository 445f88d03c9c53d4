"""Everything matching must know of a lot of payments, read in a fixed number of statements however many they are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Final, NamedTuple

from django.db import connection
from django.db.models import F, Window
from django.db.models.functions import RowNumber

from accounts.models import Company, CustomerAccount, User
from credit.legal_queries import splits_of
from invoicing.enums import ItemKind
from invoicing.insolvency import Frozen
from invoicing.models import (
    CashDiscount,
    Invoice,
    MatchingRules,
    PayerLink,
    Payment,
    PaymentReturn,
    ReceivableItem,
)

from .facts import Circle, DiscountTerms, Money, OpenItem, Proposal, Rules
from .policy import cash_discount, discount_until, propose
from .words import Strength, cited, name_words

# Of one legal entity or group the oldest items are looked at, and those its payments name.
ITEMS_LOOKED_AT: Final = 300
_ALIKE_NAMES: Final = 5
# Payments of one round: what lies in memory at a time.
AT_ONCE: Final = 2000
_SAME_AMOUNT: Final = 3

# The closest names by trigrams, for payers nothing else tells of; each look-up is answered by the index of names.
_NAMED: Final = """
    SELECT names.place, found.id
    FROM unnest(%(names)s::text[]) WITH ORDINALITY AS names (name, place),
    LATERAL (
        SELECT id FROM accounts_customeraccount
        WHERE company_id = %(company)s AND search_key %%> names.name
        ORDER BY word_similarity(names.name, search_key) DESC, id LIMIT %(most)s
    ) AS found
"""
# Each key is looked up by the index of numbers (``OFFSET 0`` keeps the planner to it): else it makes the key of every
# open item, which takes longer than all the rest.
_CITED: Final = """
    SELECT DISTINCT i.id, i.account_id, wanted.key
    FROM unnest(%(keys)s::text[]) AS wanted (key),
    LATERAL (
        SELECT id, account_id FROM invoicing_receivableitem
        WHERE company_id = %(company)s AND invoicing_number_key(document) = wanted.key AND open_amount <> 0
        OFFSET 0
    ) AS i
"""
# Accounts of items of exactly an amount, for payments that say nothing at all: those with a few such items only.
_OF_AMOUNT: Final = """
    SELECT i.currency, i.open_amount, (array_agg(DISTINCT i.account_id))[1:%(most)s]
    FROM invoicing_receivableitem i
    JOIN unnest(%(amounts)s::numeric[]) AS wanted (amount) ON wanted.amount = i.open_amount
    WHERE i.company_id = %(company)s AND i.open_amount <> 0
    GROUP BY i.currency, i.open_amount HAVING COUNT(DISTINCT i.account_id) <= %(most)s
"""


class Granted(NamedTuple):
    """A cash discount an item may still have."""

    amount: Decimal
    until: date


class Case(NamedTuple):
    """A payment that waits, and what it may settle."""

    payment: Payment
    left: Decimal
    proposals: tuple[Proposal, ...]


@dataclass
class _Client:
    """A client as matching sees it."""

    key: int
    code: str
    circle: str
    names: tuple[str, ...]


@dataclass
class _Lot:
    """What was read for a lot of payments."""

    clients: dict[int, _Client] = field(default_factory=dict)
    members: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    items: dict[tuple[str, str], list[OpenItem]] = field(default_factory=lambda: defaultdict(list))
    by_key: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    links: dict[str, dict[int, int]] = field(default_factory=lambda: defaultdict(dict))
    by_name: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    by_amount: dict[tuple[str, Decimal], list[int]] = field(default_factory=dict)


def rules_of(company: Company) -> Rules:
    """Return what a company asks of matching; the defaults where it has said nothing."""
    row = MatchingRules.objects.filter(company=company).first()
    if row is None:
        return Rules()
    return Rules(automatic=row.is_automatic, confidence=row.confidence, tolerance=row.tolerance)


def discounts_on(items: Collection[ReceivableItem]) -> dict[int, Granted]:
    """Return the cash discounts of untouched items, by item; those without any are left out."""
    terms = {key: _discounts(key) for key in {item.company_id for item in items}}
    invoices = Invoice.objects.in_bulk({item.invoice_id for item in items if item.invoice_id is not None})
    found: dict[int, Granted] = {}
    for item in items:
        own = terms[item.company_id].get(item.account_id) or terms[item.company_id].get(None)
        if own is None or item.open_amount <= 0 or item.open_amount != item.amount:
            continue
        invoice = invoices.get(item.invoice_id or 0)
        excl, vat = (invoice.total_excl_vat, invoice.total_vat) if invoice else (None, None)
        amount = cash_discount(item.open_amount, excl, vat, own)
        found[item.pk] = Granted(amount, discount_until(item.issue_date, own))
    return found


def proposals_for(
    company: Company, payment_ids: Sequence[int], *, reader: User | None = None, rules: Rules | None = None
) -> Iterator[Case]:
    """Return the payments of these that wait, each with what it may settle, the surest first.

    :param reader: whose items to propose; every item of the company when None, for the portal itself
    """
    rules = rules or rules_of(company)
    for start in range(0, len(payment_ids), AT_ONCE):
        waiting = _waiting(company, payment_ids[start : start + AT_ONCE])
        lot = _read(company, waiting, reader)
        for payment, left in waiting:
            yield Case(payment, left, _propose(payment, left, lot, rules, company))


def _propose(
    payment: Payment, left: Decimal, lot: _Lot, rules: Rules, company: Company
) -> tuple[Proposal, ...]:
    money = Money(
        key=payment.pk,
        amount=left,
        received_on=payment.received_on,
        text=payment.reference,
        payer_name=payment.payer_name,
        foreign=payment.currency != company.currency,
    )
    linked = lot.links.get(payment.payer_iban, {})
    homes = {lot.clients[key].circle for key in linked if key in lot.clients}
    circles = [_circle(name, payment, lot, linked) for name in _circles_of(payment, lot, linked)]
    found: list[Proposal] = []
    for circle in circles:
        elsewhere = bool(homes) and circle.key not in homes
        found += propose(money, [circle], rules, elsewhere=elsewhere)
    return tuple(sorted(found, key=lambda p: (-p.score, len(p.lines), p.keys))[:5])


def _circles_of(payment: Payment, lot: _Lot, linked: Mapping[int, int]) -> list[str]:
    """Entities and groups a payment may belong to; that of its account alone where it has one."""
    if payment.account_id is not None:
        client = lot.clients.get(payment.account_id)
        return [client.circle] if client else []
    keys = set(linked)
    for key in cited(payment.reference):
        keys |= lot.by_key.get(key, set())
    if not keys:
        keys = set(lot.by_name.get(_asked(payment.payer_name), ()))
    if not keys:
        keys = set(lot.by_amount.get((payment.currency, payment.amount), ()))
    return sorted({lot.clients[key].circle for key in keys if key in lot.clients})


def _circle(name: str, payment: Payment, lot: _Lot, linked: Mapping[int, int]) -> Circle:
    members = lot.members[name]
    return Circle(
        key=name,
        items=lot.items.get((name, payment.currency), []),
        recorded=payment.account_id if payment.account_id in members else None,
        linked={key: times for key, times in linked.items() if key in members},
        names={key: lot.clients[key].names for key in members},
    )


# --- the statements ------------------------------------------------------------------------------------------------


def _waiting(company: Company, ids: Sequence[int]) -> list[tuple[Payment, Decimal]]:
    """Payments of which something is left, with how much; none that the bank took back."""
    rows = (
        Payment.objects.filter(company=company, pk__in=ids)
        .exclude(pk__in=PaymentReturn.objects.filter(payment__in=ids, undone_at=None).values("payment"))
        .select_related("account", "company")
        .order_by("pk")
    )
    left = dict(
        ReceivableItem.objects.filter(payment__in=ids, kind=ItemKind.PAYMENT).values_list(
            "payment_id", "open_amount"
        )
    )
    found = [(payment, -left.get(payment.pk, -payment.amount)) for payment in rows]
    return [(payment, amount) for payment, amount in found if amount > 0]


def _read(company: Company, waiting: Sequence[tuple[Payment, Decimal]], reader: User | None) -> _Lot:
    lot = _Lot()
    payments = [payment for payment, _left in waiting]
    named = _read_cited(lot, company, payments)
    _read_links(lot, company, payments)
    wanted = {payment.account_id for payment in payments if payment.account_id}
    wanted |= {key for links in lot.links.values() for key in links}
    wanted |= {key for keys in lot.by_key.values() for key in keys}
    wanted |= _read_names(lot, company, [p for p in payments if _is_unknown(p, lot)])
    wanted |= _read_amounts(
        lot, company, [p for p in payments if _is_unknown(p, lot) and not _has_name(p, lot)]
    )
    _read_clients(lot, company, wanted)
    _read_items(lot, company, {payment.currency for payment in payments}, named, reader)
    return lot


def _is_unknown(payment: Payment, lot: _Lot) -> bool:
    """Whether neither its account, nor its payer's bank account, nor a number in its text tells whose it is."""
    if payment.account_id is not None or payment.payer_iban in lot.links:
        return False
    return not any(key in lot.by_key for key in cited(payment.reference))


def _has_name(payment: Payment, lot: _Lot) -> bool:
    return bool(lot.by_name.get(_asked(payment.payer_name)))


def _asked(name: str) -> str:
    return " ".join(name_words(name))


def _read_cited(lot: _Lot, company: Company, payments: Iterable[Payment]) -> set[int]:
    keys = {
        key
        for payment in payments
        for key, strength in cited(payment.reference).items()
        if strength >= Strength.WITHOUT_LETTERS
    }
    found: set[int] = set()
    if keys:
        with connection.cursor() as cursor:
            cursor.execute(_CITED, {"keys": sorted(keys), "company": company.pk})
            for item_id, account_id, key in cursor.fetchall():
                found.add(item_id)
                lot.by_key[key].add(account_id)
    return found


def _read_links(lot: _Lot, company: Company, payments: Iterable[Payment]) -> None:
    ibans = {payment.payer_iban for payment in payments if payment.payer_iban}
    rows = PayerLink.objects.filter(company=company, iban__in=ibans, ended_at=None)
    for iban, account_id, seen in rows.values_list("iban", "account_id", "seen"):
        lot.links[iban][account_id] = seen


def _read_names(lot: _Lot, company: Company, payments: Iterable[Payment]) -> set[int]:
    names = sorted({_asked(payment.payer_name) for payment in payments} - {""})
    if not names:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(_NAMED, {"names": names, "company": company.pk, "most": _ALIKE_NAMES})
        for place, account_id in cursor.fetchall():
            lot.by_name[names[place - 1]].append(account_id)
    return {key for keys in lot.by_name.values() for key in keys}


def _read_amounts(lot: _Lot, company: Company, payments: Iterable[Payment]) -> set[int]:
    amounts = sorted({payment.amount for payment in payments})
    if not amounts:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(_OF_AMOUNT, {"amounts": amounts, "company": company.pk, "most": _SAME_AMOUNT})
        for currency, amount, account_ids in cursor.fetchall():
            lot.by_amount[currency, amount] = account_ids
    return {key for keys in lot.by_amount.values() for key in keys}


def _read_clients(lot: _Lot, company: Company, wanted: set[int]) -> None:
    """The clients that came up and every other of their legal entities and groups."""
    own = CustomerAccount.objects.filter(company=company)
    pairs = own.filter(pk__in=wanted).values_list("entity_id", "entity__group_id")
    entities = {entity for entity, _group in pairs}
    groups = {group for _entity, group in pairs if group is not None}
    columns = ("pk", "code", "name", "entity_id", "entity__name", "entity__group_id")
    rows = set(own.filter(entity__in=entities).values_list(*columns))
    if groups:
        rows |= set(own.filter(entity__group__in=groups).values_list(*columns))
    for key, code, name, entity, entity_name, group in sorted(rows):
        circle = f"entity:{entity}" if group is None else f"group:{group}"
        lot.clients[key] = _Client(key, code, circle, tuple(dict.fromkeys((name, entity_name))))
        lot.members[circle].append(key)


def _read_items(
    lot: _Lot, company: Company, currencies: set[str], named: set[int], reader: User | None
) -> None:
    seen = (
        ReceivableItem.objects.all() if reader is None else ReceivableItem.objects.visible_to(reader, company)
    )
    own = (
        seen.filter(company=company, currency__in=currencies)
        .exclude(open_amount=0)
        .exclude(kind=ItemKind.PAYMENT)
    )
    place = Window(RowNumber(), partition_by=F("account_id"), order_by=["due_date", "pk"])
    oldest = own.filter(account__in=lot.clients).annotate(place=place).filter(place__lte=ITEMS_LOOKED_AT)
    columns = (
        "pk", "document", "account_id", "open_amount", "issue_date", "due_date", "currency", "amount",
        "invoice__total_excl_vat", "invoice__total_vat",
    )  # fmt: skip
    rows: dict[int, Any] = {row[0]: row for row in oldest.values_list(*columns)}
    if missing := named - rows.keys():
        rows |= {row[0]: row for row in own.filter(pk__in=missing).values_list(*columns)}
    terms = _discounts(company.pk)
    frozen = Frozen(splits_of(lot.clients))
    for row in rows.values():
        client = lot.clients.get(row[2])
        # What a judgement froze is never proposed: money of before it is for a person to match.
        if client is not None and not (row[3] > 0 and frozen.holds(row[2], row[4])):
            lot.items[client.circle, row[6]].append(_item(row, terms.get(row[2]) or terms.get(None)))


def _discounts(company_id: int) -> dict[int | None, DiscountTerms]:
    rows = CashDiscount.objects.filter(company=company_id).values_list("account_id", "percent", "days")
    return {account: DiscountTerms(percent, days) for account, percent, days in rows}


def _item(row: Any, terms: DiscountTerms | None) -> OpenItem:
    key, document, account_id, open_amount, issued, due, _currency, amount, excl, vat = row
    # Of what is partly settled no discount is left: the rest comes too late or was agreed otherwise.
    if terms is None or open_amount <= 0 or open_amount != amount:
        return OpenItem(key, document, account_id, open_amount, issued, due)
    discount = cash_discount(open_amount, excl, vat, terms)
    return OpenItem(
        key, document, account_id, open_amount, issued, due, discount, discount_until(issued, terms)
    )
