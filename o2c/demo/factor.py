"""The company's factor: a confidential agreement with recourse, the clients it takes, one list it received."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from accounts.models import CustomerAccount, User
from credit.factoring.services import record_approval, set_agreement
from invoicing.factoring import queries
from invoicing.factoring.services import receive_batch, send_batch

_CLIENTS: Final = 5
_DOCUMENTS: Final = 8


def sell_some(
    accounts: Sequence[CustomerAccount], team: dict[str, User], *, at: datetime, today: date
) -> None:
    """Enter the agreement and the factor's word on some clients, and sell it what may be sold of them."""
    if not accounts:
        return
    company = accounts[0].company
    agreement = set_agreement(
        company=company,
        factor="Affacturage du Rhône",
        number="AF-2025-08",
        valid_from=date(today.year - 1, 9, 1),
        # Confidential, and with recourse: reminders, invoices and exposures of the demonstration stay as they are.
        with_recourse=True,
        is_notified=False,
        advance_pct=Decimal(90),
        guarantee_fund_pct=Decimal(10),
        commission_pct=Decimal("0.35"),
        minimum_commission=Decimal(6000),
        max_term_days=90,
        max_overdue_days=15,
        by=team["finance"],
        at=at,
    )
    chosen = list({account.entity_id: account for account in accounts if account.entity.siren}.values())
    for place, account in enumerate(chosen[:_CLIENTS]):
        is_last = place == _CLIENTS - 1
        record_approval(
            account_id=account.pk,
            status="REFUSED" if is_last else "APPROVED",
            amount=Decimal(0 if is_last else 20000 * (place + 1)),
            effective_on=today - timedelta(days=120 - 10 * place),
            by=team["credit"],
            at=at,
        )
    found = queries.proposal(agreement, team["accountant"], on=today).sellable[:_DOCUMENTS]
    if found:
        batch = send_batch(
            company=company, item_ids=[item.pk for item, _offer in found], by=team["accountant"], at=at
        )
        receive_batch(batch_id=batch.pk, received_on=today, by=team["accountant"], at=at)
