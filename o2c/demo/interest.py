"""Claimed late-payment interest and one waiver, on invoices that are late today."""

from __future__ import annotations

from datetime import datetime, timedelta

from accounts.models import Company, User
from invoicing.enums import ItemKind
from invoicing.interest_policy import HalfYear
from invoicing.interest_queries import rate_table
from invoicing.models import ReceivableItem
from invoicing.services import legal_rates, penalties, waivers
from o2c.shared.calendar import paris_date

from .clients import PLAIN

_LATE = timedelta(days=45)
_NOTES, _INVOICES = 3, 4


def assume_rates(by: User, *, at: datetime) -> None:
    """Half-years the portal was not delivered with, up to today's, at the rates of the last: marked as assumed."""
    table = dict(rate_table())
    while (last := max(table)) < HalfYear.of(paris_date(at)):
        row = legal_rates.add_legal_rate(
            half_year=last.following,
            ecb=table[last].ecb,
            legal=table[last].legal,
            source="Hypothèse de démonstration",
            is_assumed=True,
            by=by,
            at=at,
        )
        table[row.half_year] = row.rates


def late_interest(company: Company, team: dict[str, User], *, at: datetime) -> None:
    """Notes to those who owe most for long, one taken back, and a waiver; the first ten clients are left alone."""
    assume_rates(team["finance"], at=at)
    today = paris_date(at)
    late = ReceivableItem.objects.filter(
        company=company,
        kind=ItemKind.INVOICE,
        open_amount__gt=0,
        due_date__lt=today - _LATE,
        disputed_amounts=None,
        account__code__gt=f"C{PLAIN:04d}",
    )
    by_client: dict[int, list[int]] = {}
    for account, invoice in late.order_by("-open_amount", "pk").values_list("account_id", "invoice_id")[:60]:
        by_client.setdefault(account, []).append(invoice)
    clients = list(by_client.items())[: _NOTES + 1]
    notes = [
        penalties.claim_interest(
            account_id=account, invoice_ids=invoices[:_INVOICES], as_of=today, by=team["credit"], at=at
        )
        for account, invoices in clients[:_NOTES]
    ]
    if len(notes) == _NOTES:
        penalties.cancel_penalty_note(
            note_id=notes[-1].pk, reason="Erreur de date de valeur, note refaite.", by=team["credit"], at=at
        )
    for _account, invoices in clients[_NOTES:]:
        waivers.waive_interest(
            invoice_id=invoices[0],
            interest=True,
            fee=True,
            reason="Geste commercial convenu avec la direction des ventes.",
            by=team["credit"],
            at=at,
        )
