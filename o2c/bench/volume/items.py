"""What clients owe: open items, some late, contested or partly paid, credits, and a history of what was paid."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from invoicing import policy
from invoicing.models import Allocation, DisputedAmount, Invoice, InvoiceLine, Payment, ReceivableItem

from .book import Book, Client
from .orders import ToInvoice
from .sheets import money

# Share of each kind of open item; what is left are invoices owed as a whole.
_CREDIT_NOTE, _PAYMENT, _PARTLY_PAID, _IN_TWO = 0.02, 0.02, 0.03, 0.005
_LATE, _CONTESTED = 0.05, 0.015
_AHEAD, _TAKEN_BACK = 0.05, 0.05
# Invoices paid in the last eighteen months, for each open item.
_HISTORY: Final = 0.12
_AMOUNTS: Final = 4096
_MEDIAN_CENTS, _SPREAD = 10.8, 0.9  # logarithm of the median amount in cents, and its deviation
_LARGEST_CENTS: Final = 20_000_000


class Items:
    """Writes the items of clients; the amounts are drawn once, so that each costs a look-up."""

    def __init__(self, book: Book) -> None:
        self.book, self.random = book, book.random
        drawn = (round(self.random.lognormvariate(_MEDIAN_CENTS, _SPREAD)) for _ in range(_AMOUNTS))
        self.amounts = [min(max(cents, 1_000), _LARGEST_CENTS) for cents in drawn]
        self.open = self.settled = 0

    def add(self, client: Client, count: int, to_invoice: list[ToInvoice]) -> None:
        """Write exactly ``count`` open items of a client and the history behind them.

        :param to_invoice: what orders want invoiced; what finds no place is invoiced and paid
        """
        self.open += count
        for wanted in to_invoice[:count]:
            self._invoice(client, wanted=wanted)
        for wanted in to_invoice[count:]:
            self._settle(client, [self._document(client, wanted.excl + wanted.vat, wanted.day, wanted)])
        left = count - len(to_invoice[:count])
        while left:
            left -= self._open_item(client, left)
        if not client.calm:
            self._history(client, count)

    def _open_item(self, client: Client, left: int) -> int:
        roll = 1.0 if client.calm else self.random.random()
        if roll < _CREDIT_NOTE:
            self._credit_note(client)
        elif roll < _CREDIT_NOTE + _PAYMENT:
            return self._payment_on_account(client, left)
        elif roll < _CREDIT_NOTE + _PAYMENT + _PARTLY_PAID:
            self._partly_paid(client)
        elif roll < _CREDIT_NOTE + _PAYMENT + _PARTLY_PAID + _IN_TWO and left > 1:
            self._in_two(client)
            return 2
        else:
            self._invoice(client)
        return 1

    def _amount(self, client: Client) -> int:
        return self.random.choice(self.amounts) * client.scale

    def _issue_day(self, client: Client) -> int:
        """Most are due in the days to come; a few are late, some of them by months."""
        if not client.calm and self.random.random() < _LATE:
            return -client.days - 1 - int(self.random.expovariate(1 / 35)) % 350
        return -self.random.randint(0, client.days - 1)

    def _invoice(self, client: Client, *, wanted: ToInvoice | None = None) -> None:
        day = wanted.day if wanted else self._issue_day(client)
        amount = wanted.excl + wanted.vat if wanted else self._amount(client)
        key, number = self._document(client, amount, day, wanted)[:2]
        item = self._item(client, "INVOICE", number, key, None, day, amount, amount)
        client.net += amount
        if not client.calm and self.random.random() < _CONTESTED:
            part = amount if self.random.random() < 0.5 else amount // 3
            ended = self.random.random() < 0.3 and day < -2
            self.book.sheet(DisputedAmount).add(
                item, client.pk, money(part), self.book.day(day), self.book.day(-1) if ended else None,
                self.book.moment(day), self.book.team.accountant.pk,
            )  # fmt: skip

    def _in_two(self, client: Client) -> None:
        day, amount = self._issue_day(client), self._amount(client)
        key, number = self._document(client, amount, day, None)[:2]
        for position, part in enumerate((amount // 2, amount - amount // 2), start=1):
            self._item(client, "INVOICE", number, key, None, day, part, part, instalment=position)
        client.net += amount

    def _credit_note(self, client: Client) -> None:
        day, amount = -self.random.randint(0, 60), -(self._amount(client) // 4)
        key, number = self._document(client, amount, day, None)[:2]
        self._item(client, "CREDIT_NOTE", number, key, None, day, amount, amount)
        client.net += amount

    def _payment_on_account(self, client: Client, left: int) -> int:
        day, amount = -self.random.randint(0, 40), self._amount(client)
        if self.random.random() < _AHEAD:
            day = self.random.randint(1, 20)
        credit = self._payment(client, amount, day, open_amount=amount)
        if day > 0:
            return 1
        client.net -= amount
        if left == 1 or self.random.random() > _TAKEN_BACK:
            return 1
        self._match_and_take_back(client, credit, amount, day)
        return 2

    def _match_and_take_back(self, client: Client, credit: int, paid: int, day: int) -> None:
        """A match that was undone: both sides are open again, the history keeps both rows."""
        issued = day - self.random.randint(5, 40)
        key, number, owed, _day = self._document(client, self._amount(client), issued, None)
        debit = self._item(client, "INVOICE", number, key, None, issued, owed, owed)
        client.net += owed
        amount = min(paid, owed)
        match = self._match(client, debit, credit, amount, day)
        self._match(client, debit, credit, -amount, min(day + 1, 0), reversal_of=match)

    def _partly_paid(self, client: Client) -> None:
        day, amount = self._issue_day(client) - 1, self._amount(client)
        key, number = self._document(client, amount, day, None)[:2]
        part = amount // self.random.choice((2, 3, 4))
        debit = self._item(client, "INVOICE", number, key, None, day, amount, amount - part)
        paid = self.random.randint(day, 0)
        credit = self._payment(client, part, paid, open_amount=0)
        self._match(client, debit, credit, part, paid)
        client.net += amount - part

    def _history(self, client: Client, count: int) -> None:
        paid = int(count * _HISTORY + self.random.random())
        while paid > 0:
            together = min(paid, self.random.choice((1, 1, 2, 3)))
            first = -self.random.randint(client.days + 20, 540)
            self._settle(
                client,
                [
                    self._document(client, self._amount(client), first - self.random.randint(0, 9), None)
                    for _ in range(together)
                ],
            )
            paid -= together

    def _settle(self, client: Client, documents: list[tuple[int, str, int, int]]) -> None:
        """One payment for some invoices, some days before or after they were due."""
        latest = max(day for _key, _number, _amount, day in documents)
        paid = min(0, latest + client.days + int(self.random.gauss(3, 9)))
        paid = max(paid, latest)
        credit = self._payment(client, sum(document[2] for document in documents), paid, open_amount=0)
        for key, number, amount, day in documents:
            debit = self._item(client, "INVOICE", number, key, None, day, amount, 0)
            self._match(client, debit, credit, amount, paid)
            self.settled += 1

    # --- rows ----------------------------------------------------------------------------------------------------

    def _document(
        self, client: Client, amount: int, day: int, wanted: ToInvoice | None
    ) -> tuple[int, str, int, int]:
        book = self.book
        key = book.sheet(Invoice).next_key()
        number, by = f"VF{key}", book.team.accountant
        book.sheet(Invoice).add(
            book.company.pk, client.pk, "CREDIT_NOTE" if amount < 0 else "INVOICE", number, "imported", book.day(day),
            book.day(day + client.days), client.term, client.currency, money(wanted.excl) if wanted else None,
            money(wanted.vat) if wanted else None, money(amount), wanted.order if wanted else None, by.pk,
            book.moment(day), key=key,
        )  # fmt: skip
        for line in wanted.lines if wanted else ():
            sku, description, price = line.article
            book.sheet(InvoiceLine).add(
                key, line.number, line.key, sku, description, line.invoiced, money(price), 20,
                money(price * line.invoiced),
            )  # fmt: skip
        book.journal(
            "invoice.imported", "invoicing.invoice", key, number, client, by, day,
            {"total_incl_vat": money(amount), "currency": client.currency, "issue_date": book.day(day)},
        )  # fmt: skip
        return key, number, amount, day

    def _item(
        self,
        client: Client,
        kind: str,
        document: str,
        invoice: int | None,
        payment: int | None,
        day: int,
        amount: int,
        open_amount: int,
        *,
        instalment: int = 1,
    ) -> int:
        book = self.book
        due = day if invoice is None or amount < 0 else day + client.days * instalment
        return book.sheet(ReceivableItem).add(
            book.company.pk, client.pk, kind, document, invoice, payment, instalment, book.day(day), book.day(due),
            client.currency, money(amount), money(open_amount), book.day(day), book.moment(day),
        )  # fmt: skip

    def _payment(self, client: Client, amount: int, day: int, *, open_amount: int) -> int:
        book, by = self.book, self.book.team.accountant
        key = book.sheet(Payment).next_key()
        name = f"VP{key}"
        book.sheet(Payment).add(
            book.company.pk, client.pk, name, book.day(day), money(amount), client.currency, f"VIR {client.code}",
            by.pk, book.moment(day), key=key,
        )  # fmt: skip
        book.journal(
            "payment.recorded", "invoicing.payment", key, name, client, by, min(day, 0),
            {"amount": money(amount), "currency": client.currency, "date": book.day(day)},
        )  # fmt: skip
        return self._item(client, "PAYMENT", name, None, key, day, -amount, -open_amount)

    def _match(
        self,
        client: Client,
        debit: int,
        credit: int,
        amount: int,
        day: int,
        *,
        reversal_of: int | None = None,
    ) -> int:
        if reversal_of is None:
            client.letter = policy.next_letter(client.letter)
        book = self.book
        return book.sheet(Allocation).add(
            debit, credit, money(amount), book.day(day), book.moment(day), book.team.accountant.pk, client.letter,
            reversal_of,
        )  # fmt: skip


def currencies() -> Iterator[tuple[str, str]]:
    """Units of the book's foreign currencies for one euro."""
    yield from (("USD", "1.0842"), ("GBP", "0.8415"), ("CHF", "0.9387"))
