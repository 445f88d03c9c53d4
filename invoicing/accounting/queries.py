"""Reading the entries of a span of days out of the documents, journal by journal, without holding them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final

from accounts.models import Company
from invoicing.enums import DocumentKind, ItemKind
from o2c.shared.memory import streamed
from o2c.shared.money import ZERO
from o2c.shared.vat import vat_totals

from .chart import BANK_OF, BESIDE, DEFAULTS, Journal, Use
from .models import LedgerAccount
from .policy import Entry, Letter, Line

# The letter of an item: of its matches in force by the day, once everything under that letter is settled by then. An
# item matched under several letters in its time carries the last one.
_LETTERS: Final = """
    taken AS MATERIALIZED (
        SELECT a.debit_id, a.credit_id, a.letter, SUM(a.amount) AS amount, MAX(a.effective_date) AS day
        FROM invoicing_allocation a
        JOIN invoicing_receivableitem d ON d.id = a.debit_id
        WHERE d.company_id = %(company)s AND a.effective_date <= %(until)s
        GROUP BY a.debit_id, a.credit_id, a.letter
        HAVING SUM(a.amount) > 0
    ),
    sides AS (
        SELECT debit_id AS item_id, letter, amount, day, debit_id FROM taken
        UNION ALL SELECT credit_id, letter, amount, day, debit_id FROM taken
    ),
    settled AS (
        SELECT s.item_id, SUM(s.amount) = ABS(i.amount) AS is_settled
        FROM sides s JOIN invoicing_receivableitem i ON i.id = s.item_id
        GROUP BY s.item_id, i.amount
    ),
    whole AS (
        SELECT d.account_id, s.letter, MAX(s.day) AS day
        FROM sides s
        JOIN settled t ON t.item_id = s.item_id
        JOIN invoicing_receivableitem d ON d.id = s.debit_id
        GROUP BY d.account_id, s.letter
        HAVING bool_and(t.is_settled)
    ),
    lettered AS MATERIALIZED (
        SELECT DISTINCT ON (s.item_id) s.item_id, w.letter, w.day
        FROM sides s
        JOIN invoicing_receivableitem d ON d.id = s.debit_id
        JOIN whole w ON w.account_id = d.account_id AND w.letter = s.letter
        WHERE s.letter <> ''
        ORDER BY s.item_id, w.day DESC, w.letter DESC
    )
"""

_DOCUMENTS: Final = f"""
    WITH {_LETTERS}
    SELECT v.kind, v.number, v.issue_date, v.currency, c.code, c.name, v.total_incl_vat, v.total_excl_vat, v.total_vat,
           (SELECT jsonb_agg(jsonb_build_array(i.amount::text, l.letter, l.day) ORDER BY i.instalment, i.id)
            FROM invoicing_receivableitem i LEFT JOIN lettered l ON l.item_id = i.id WHERE i.invoice_id = v.id),
           (SELECT jsonb_agg(jsonb_build_array(vat_rate::text, net::text, deducts_id IS NOT NULL))
            FROM invoicing_invoiceline n WHERE n.invoice_id = v.id)
    FROM invoicing_invoice v
    JOIN accounts_customeraccount c ON c.id = v.account_id
    WHERE v.company_id = %(company)s AND v.issue_date BETWEEN %(first)s AND %(until)s
    ORDER BY v.issue_date, v.id
"""
_PAYMENTS: Final = f"""
    WITH {_LETTERS}
    SELECT p.external_id, p.received_on, p.currency, p.amount, p.method, c.code, c.name, l.letter, l.day, p.payer_name
    FROM invoicing_payment p
    LEFT JOIN accounts_customeraccount c ON c.id = p.account_id
    LEFT JOIN invoicing_receivableitem i ON i.payment_id = p.id AND i.kind = 'PAYMENT' AND i.amount < 0
    LEFT JOIN lettered l ON l.item_id = i.id
    WHERE p.company_id = %(company)s AND p.received_on BETWEEN %(first)s AND %(until)s
    ORDER BY p.received_on, p.id
"""
_BESIDE: Final = f"""
    WITH {_LETTERS}
    SELECT i.kind, i.document, i.effective_date, i.currency, i.amount, c.code, c.name, l.letter, l.day, p.method
    FROM invoicing_receivableitem i
    JOIN accounts_customeraccount c ON c.id = i.account_id
    LEFT JOIN invoicing_payment p ON p.id = i.payment_id
    LEFT JOIN lettered l ON l.item_id = i.id
    WHERE i.company_id = %(company)s AND i.effective_date BETWEEN %(first)s AND %(until)s
      AND i.kind = ANY(%(kinds)s)
    ORDER BY i.effective_date, i.id
"""

_TEXTS: Final[dict[str, str]] = {
    DocumentKind.INVOICE: "Facture {number} {name}",
    DocumentKind.CREDIT_NOTE: "Avoir {number} {name}",
    DocumentKind.DEPOSIT_INVOICE: "Facture d'acompte {number} {name}",
    ItemKind.PAYMENT: "Règlement {number} {name}",
    ItemKind.PAYMENT_RETURN: "Règlement rejeté {number} {name}",
    ItemKind.PENALTY: "Pénalités de retard {number} {name}",
    ItemKind.BANK_FEE: "Frais bancaires refacturés {number} {name}",
    ItemKind.WRITE_OFF: "Écart de règlement {number} {name}",
    ItemKind.DISCOUNT: "Escompte {number} {name}",
    ItemKind.EXCHANGE_DIFF: "Écart de change {number} {name}",
    ItemKind.OPENING: "À-nouveau {number} {name}",
}


def accounts_of(company: Company) -> dict[str, tuple[str, str]]:
    """Number and label by use: the company's own where it has one."""
    own = LedgerAccount.objects.filter(company=company).values_list("use", "number", "label")
    return DEFAULTS | {use: (number, label) for use, number, label in own}


def entries(company: Company, *, first: date, until: date) -> Iterator[Entry]:
    """Yield the entries of a span of days: opening, sales, bank, other; each journal by day.

    Letters are those of matches in force by ``until``.
    """
    asked = {"company": company.pk, "first": first, "until": until}
    yield from _beside(asked, Journal.OPENING)
    yield from _in_order(_documents(asked), _beside(asked, Journal.SALES))
    yield from _in_order(_payments(asked), _beside(asked, Journal.BANK))
    yield from _beside(asked, Journal.OTHER)


def _in_order(one: Iterator[Entry], other: Iterator[Entry]) -> Iterator[Entry]:
    """Merge two runs of entries by day; of one day, the first run's come first."""
    left, right = next(one, None), next(other, None)
    while left is not None or right is not None:
        if right is None or (left is not None and left.day <= right.day):
            assert left is not None
            yield left
            left = next(one, None)
        else:
            yield right
            right = next(other, None)


def _documents(asked: Mapping[str, Any]) -> Iterator[Entry]:
    for row in streamed(_DOCUMENTS, asked):
        kind, number, day, currency, code, name, incl, excl, vat, items, rates = row
        client = (code, name)
        lines = [
            Line(Use.CUSTOMERS, Decimal(amount), client, _letter(letter, settled))
            for amount, letter, settled in json.loads(items or "[]")
        ]
        sales = Use.DEPOSITS if kind == DocumentKind.DEPOSIT_INVOICE else Use.SALES
        lines += _counterparts(sales, incl, excl, vat, json.loads(rates or "[]"))
        yield _entry(Journal.SALES, kind, number, day, currency, name, lines)


def _counterparts(
    sales: Use, incl: Decimal, excl: Decimal | None, vat: Decimal | None, rates: Sequence[Sequence[Any]]
) -> list[Line]:
    """Sales, deposits and VAT by rate; the totals where there are no lines; to be assigned where VAT is not known."""
    if excl is None or vat is None:
        return [Line(Use.SUSPENSE, -incl)]
    if not rates:
        return [Line(sales, -excl), Line(Use.VAT, -vat)]
    found: list[Line] = []
    left = -incl
    # What a final invoice deducts was booked as a deposit received, with its VAT.
    for use, is_deducted in ((sales, False), (Use.DEPOSITS, True)):
        lines = [row for row in rates if row[2] is is_deducted]
        totals = vat_totals((Decimal(1), Decimal(net), Decimal(rate)) for rate, net, _deducts in lines)
        for part in totals.by_rate:
            found += [Line(use, -part.base), Line(Use.VAT, -part.vat)]
        left += totals.incl
    # Totals that came with the document may round otherwise: the difference is VAT.
    return [*found, Line(Use.VAT, left)]


def _payments(asked: Mapping[str, Any]) -> Iterator[Entry]:
    for row in streamed(_PAYMENTS, asked):
        number, day, currency, amount, method, code, name, letter, settled, payer = row
        owed = (
            Line(Use.CUSTOMERS, -amount, (code, name), _letter(letter, settled))
            if code
            else Line(Use.SUSPENSE, -amount)
        )
        lines = [owed, Line(BANK_OF.get(method, Use.BANK), amount)]
        yield _entry(Journal.BANK, ItemKind.PAYMENT, number, day, currency, name or payer, lines)


def _beside(asked: Mapping[str, Any], journal: Journal) -> Iterator[Entry]:
    kinds = [kind for kind, (found, _more, _less) in BESIDE.items() if found is journal]
    if journal is Journal.BANK:
        kinds.append(ItemKind.PAYMENT_RETURN)
    for row in streamed(_BESIDE, {**asked, "kinds": [str(kind) for kind in kinds]}):
        kind, number, day, currency, amount, code, name, letter, settled, method = row
        if kind == ItemKind.PAYMENT_RETURN:
            against = BANK_OF.get(method, Use.BANK)
        else:
            _journal, more, less = BESIDE[kind]
            against = more if amount > 0 else less
        lines = [Line(Use.CUSTOMERS, amount, (code, name), _letter(letter, settled)), Line(against, -amount)]
        yield _entry(journal, kind, number, day, currency, name, lines)


def _entry(
    journal: Journal, kind: str, number: str, day: date, currency: str, name: str, lines: list[Line]
) -> Entry:
    text = _TEXTS[kind].format(number=number, name=name or "").strip()
    return Entry(journal, day, number, text, currency, [line for line in lines if line.amount != ZERO])


def _letter(code: str | None, day: Any) -> Letter | None:
    if not code:
        return None
    return Letter(code, date.fromisoformat(day) if isinstance(day, str) else day)
