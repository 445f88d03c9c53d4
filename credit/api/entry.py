"""Opening or changing one client from a body: what PUT, PATCH and a batch do."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from accounts.api.base import account_of
from accounts.api.serializers import AccountCreate, account_fields
from accounts.models import Company, CustomerAccount, User
from accounts.services import SavedAccount, change_account, upsert_account
from credit.services.moves import change_client
from o2c.shared.api.bodies import read_body

# Fields whose change moves exposure from one limit to another.
_MOVING: Final = {"siren", "siret", "group"}


def enter_client(document: Any, *, company: Company, by: User, at: datetime) -> SavedAccount:
    """Open a client or bring it in line; one that exists must be this user's to see."""
    body = read_body(AccountCreate, document)
    code = body["code"]
    if CustomerAccount.objects.filter(company=company, code=code).exists():
        account_of(by, company, code)
    return save_client(code, body, company=company, by=by, at=at)


def save_client(
    code: str, body: Mapping[str, Any], *, company: Company, by: User, at: datetime
) -> SavedAccount:
    """Open the client, or change what is given of it."""
    known = CustomerAccount.objects.filter(company=company, code=code).first()
    if known is not None:
        return save_known(known, body, by=by, at=at)
    return upsert_account(company=company, code=code, **_told(body, by, at))


def save_known(account: CustomerAccount, body: Mapping[str, Any], *, by: User, at: datetime) -> SavedAccount:
    """Change what is given of a client; a move between entities or groups takes the credit locks first."""
    act = change_account if _MOVING.isdisjoint(body) else change_client
    return act(account_id=account.pk, **_told(body, by, at))


def _told(body: Mapping[str, Any], by: User, at: datetime) -> dict[str, Any]:
    return {
        "by": by,
        "at": at,
        "version": body.get("version"),
        "term_override_reason": body.get("term_override_reason", ""),
        **account_fields(body),
    }
