"""A bank statement whose truth is known: payments as clients write them, each with what it settles."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from random import Random
from typing import Any, Final

from django.db.models import BooleanField, ExpressionWrapper, F, Q

from accounts.models import Company, CustomerAccount, User
from invoicing.matching.facts import DiscountTerms
from invoicing.matching.policy import cash_discount
from invoicing.models import PayerLink, Payment, ReceivableItem
from o2c.shared.calendar import paris_date
from o2c.shared.text import search_key

# What clients do, and how often.
KINDS: Final = {
    "number cited": 30,
    "number mangled": 15,
    "several cited": 12,
    "several, unsaid": 5,
    "amount only, known bank account": 10,
    "amount only, known by name": 6,
    "discount taken": 6,
    "sister pays": 4,
    "wrong payer name": 5,
    "paid twice": 2,
    "part paid": 2,
    "unknown": 3,
}
TERMS: Final = DiscountTerms(Decimal(2), 60)
_LINKED: Final = 0.6
_ON: Final = "VIR SEPA RECU /DE {name} /MOTIF {text}"
_NOISE: Final = ("", "MERCI", "REGLEMENT", "FACTURE", "VOTRE FACT.", "SOLDE", "NOTPROVIDED")


@dataclass(frozen=True)
class Truth:
    """A payment and what it settles: documents with what was open of them, none where it is nobody's.

    Two instalments of one document and amount are the same.
    """

    kind: str
    payment: Payment
    items: frozenset[tuple[str, Decimal]]


@dataclass(frozen=True)
class _Row:
    key: int
    document: str
    account: int
    name: str
    entity: int
    group: int | None
    amount: Decimal
    currency: str
    excl: Decimal | None
    vat: Decimal | None
    whole: bool


class Writer:
    """Writes payments over the open items of a company; no item is paid twice unless the client does.

    :param currency: of the items; of any where it is left out
    """

    def __init__(self, company: Company, by: User, at: datetime, *, seed: int, currency: str = "") -> None:
        self.company, self.by, self.at, self.random = company, by, at, Random(seed)
        self.links: dict[str, int] = {}
        rows = [
            row for row in (_Row(*each) for each in _open_items(company)) if currency in {"", row.currency}
        ]
        self.random.shuffle(rows)
        rows.sort(key=lambda row: row.account)
        self._by_account = [list(found) for _account, found in groupby(rows, key=lambda row: row.account)]
        self.random.shuffle(self._by_account)
        self._sisters = _sisters(company)

    def write(self, count: int) -> list[Truth]:
        """Store so many payments with the bank accounts that are known by now."""
        truths = self.make(count)
        Payment.objects.bulk_create([truth.payment for truth in truths], batch_size=1000)
        return truths

    def make(self, count: int) -> list[Truth]:
        """Make so many payments that are still to come; the bank accounts that are known by now are stored."""
        kinds = self.random.choices(list(KINDS), weights=list(KINDS.values()), k=count)
        truths = [self._one(kind, number) for number, kind in enumerate(kinds)]
        PayerLink.objects.bulk_create(
            [
                PayerLink(
                    company=self.company, account_id=account, iban=iban, seen=3, learned_at=self.at,
                    learned_by=self.by,
                )
                for iban, account in self.links.items()
            ],
            batch_size=1000,
        )  # fmt: skip
        return truths

    def _one(self, kind: str, number: int) -> Truth:
        random = self.random
        several = random.randint(2, 5) if kind.startswith("several") else 1
        rows = self._take(several, with_sister=kind == "sister pays", whole=kind == "discount taken")
        amount = sum((row.amount for row in rows), Decimal(0))
        named, name = kind not in _UNSAID, rows[0].name
        text = " ".join(row.document for row in rows) if named else ""
        iban = self._iban(rows[0].account, known=random.random() < _LINKED)
        items = frozenset((row.document, row.amount) for row in rows)
        match kind:
            case "number mangled":
                text = random.choice(_MANGLERS)(rows[0].document, random)
            case "amount only, known bank account":
                iban = self._iban(rows[0].account, known=True)
            case "several, unsaid":
                iban = self._iban(rows[0].account, known=True)
            case "amount only, known by name":
                iban = self._iban(rows[0].account, known=False)
            case "discount taken":
                amount -= cash_discount(amount, rows[0].excl, rows[0].vat, TERMS)
            case "sister pays":
                sister, name = self._sisters[rows[0].account]
                iban = self._iban(sister, known=True)
            case "wrong payer name":
                name, iban = f"AFFACTURAGE {number}", ""
            case "part paid":
                amount = max(Decimal("1.00"), (amount / 3).quantize(Decimal("0.01")))
            case "paid twice":
                # The number of an invoice that is settled already, the amount of one that is open.
                text, items = f"VF{9_000_000 + number}", frozenset()
            case "unknown":
                amount = Decimal(random.randint(1_000, 9_999_999)) / 100
                name, iban, text = f"{random.choice(_STRANGERS)} {number}", "", f"DON {number}"
                items = frozenset()
        said = f"{random.choice(_NOISE)} {text}".strip()
        payment = Payment(
            company=self.company,
            external_id=f"BENCH-{number}",
            received_on=paris_date(self.at),
            amount=amount,
            currency=rows[0].currency,
            reference=_ON.format(name=_written(name, random)[:20], text=said)
            if random.random() < 0.3
            else said,
            payer_name=_written(name, random),
            payer_iban=iban,
            created_by=self.by,
            recorded_at=self.at,
        )
        return Truth(kind, payment, items)

    def _take(self, count: int, *, with_sister: bool, whole: bool) -> list[_Row]:
        """Items of one client and currency that nobody has paid yet."""
        while True:
            rows = self._by_account[self.random.randrange(len(self._by_account))]
            if with_sister and (not rows or rows[0].account not in self._sisters):
                continue
            if whole and rows and not rows[-1].whole:
                continue
            if len(rows) >= count and len({row.currency for row in rows[-count:]}) == 1:
                taken, rows[-count:] = rows[-count:], []
                return taken

    def _iban(self, account: int, *, known: bool) -> str:
        iban = f"FR76{account:023d}"
        if known:
            self.links[iban] = account
        elif iban in self.links:
            return ""
        return iban


_UNSAID: Final = frozenset(
    {"several, unsaid", "amount only, known bank account", "amount only, known by name", "unknown"}
)
_STRANGERS: Final = ("ASSOCIATION LES TILLEULS", "MME DURAND", "CAISSE DES ECOLES", "SCI DU PARC")
_MANGLERS: Final[Sequence[Callable[[str, Random], str]]] = (
    lambda number, random: number.lower(),
    lambda number, random: f"{number[:2]} {number[2:]}",
    lambda number, random: f"{number[:2]}-{number[2:]}",
    lambda number, random: f"{number[:2]}00{number[2:]}",
    lambda number, random: f"{number[:2]}. N°{number[2:]}",
    lambda number, random: f"{number[:4]} {number[4:]}",
    lambda number, random: number[2:],
    lambda number, random: f"F{number[2:]}",
)


def _written(name: str, random: Random) -> str:
    """A client's name as its bank writes it."""
    words = search_key(name).upper().split()
    if random.random() < 0.3:
        words.insert(random.choice((0, len(words))), random.choice(("SARL", "SAS", "STE", "ETS")))
    if random.random() < 0.1:
        words.reverse()
    return " ".join(words)[:35]


def _open_items(company: Company) -> Iterator[Any]:
    """What is open of invoices, with whether nothing of it was settled yet."""
    return (
        ReceivableItem.objects.filter(company=company, open_amount__gt=0, kind="INVOICE")
        .order_by("account", "pk")
        .values_list(
            "pk", "document", "account_id", "account__name", "account__entity_id", "account__entity__group_id",
            "open_amount", "currency", "invoice__total_excl_vat", "invoice__total_vat",
            ExpressionWrapper(Q(open_amount=F("amount"), instalment=1), BooleanField()),
        )
        .iterator()
    )  # fmt: skip


def _sisters(company: Company) -> dict[int, tuple[int, str]]:
    """Another client of the same legal entity or group, with its name."""
    columns = ("pk", "name", "entity_id", "entity__group_id")
    rows = list(CustomerAccount.objects.filter(company=company).values_list(*columns))
    found: dict[int, tuple[int, str]] = {}
    by_entity = [(entity, (key, name)) for key, name, entity, _group in rows]
    by_group = [(group, (key, name)) for key, name, _entity, group in rows if group is not None]
    for pairs in (by_entity, by_group):
        together: dict[int, list[tuple[int, str]]] = {}
        for above, member in pairs:
            together.setdefault(above, []).append(member)
        for members in together.values():
            for (key, _name), other in zip(members, members[1:] + members[:1], strict=True):
                if other[0] != key:
                    found.setdefault(key, other)
    return found
