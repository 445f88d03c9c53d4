"""Passing clients on within the house: by rule each morning, or by somebody with a reason (domain.md 6.1)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import Company, CustomerAccount, User
from dunning import relay_policy as policy
from dunning.enums import RelayLevel
from dunning.models import AccountRelay
from dunning.queries import relays as queries
from invoicing.services.shared import require
from o2c.shared import audit, work
from o2c.shared.calendar import paris_date
from o2c.shared.problems import Conflict, Invalid, NotFound

RIGHT: Final = "dunning.run"
EVENT: Final = "clients.relayed"


class AlreadyThere(Conflict):
    code = "already_there"
    message = _("This client is there already.")


@transaction.atomic
def pass_clients(company: Company, *, on: date, at: datetime) -> int:
    """Pass on the clients whose soft steps are over, and take back those that owe nothing late; how many.

    Repeated on the same day it finds nothing more to do.
    """
    # Two at a time would pass a client on twice.
    Company.objects.select_for_update(no_key=True).get(pk=company.pk)
    found = queries.passings(company, on=on)
    made = AccountRelay.objects.bulk_create(
        AccountRelay(
            company=company,
            account_id=row.account_id,
            from_level=row.before,
            to_level=row.after,
            on=on,
            at=at,
        )
        for row in found
    )
    codes = CustomerAccount.objects.filter(pk__in=[row.account_id for row in found]).in_bulk()
    with audit.together():
        for relay in made:
            _record(relay, codes[relay.account_id].code, by=None, at=at)
    for level in {row.after for row in found}:
        payload = {"company_id": company.pk, "level": level.value, "on": on.isoformat()}
        work.emit(EVENT, key=f"{company.pk}:{level.value}:{on.isoformat()}", payload=payload)
    return len(made)


def pass_on(*, account_id: int, to: str, reason: str, by: User, at: datetime) -> AccountRelay:
    """Pass a client on by hand, in either direction of its company's chain.

    :raises NotFound: not the user's to see
    :raises AlreadyThere: the client is with them
    :raises Invalid: no reason, or nobody of that company's chain
    """
    with transaction.atomic():
        seen = CustomerAccount.objects.visible_to(by).filter(pk=account_id)
        account = seen.select_for_update(of=("self",), no_key=True).select_related("company").first()
        if account is None:
            raise NotFound
        require(by, RIGHT, account.company_id)
        has_credit = queries.has_credit_management(account.company_id)
        errors = {}
        if to not in policy.chain_of(has_credit_management=has_credit):
            errors["to"] = [_("Nobody of this company is called so.")]
        if not reason.strip():
            errors["reason"] = [_("A reason is required.")]
        if errors:
            raise Invalid(errors=errors)
        present = queries.level_of(account, has_credit=has_credit)
        if to == present:
            raise AlreadyThere
        relay = AccountRelay.objects.create(
            company=account.company, account=account, from_level=present, to_level=RelayLevel(to),
            reason=" ".join(reason.split())[:300], on=paris_date(at), at=at, by=by,
        )  # fmt: skip
        _record(relay, account.code, by=by, at=at)
        work.emit(
            EVENT,
            key=f"relay:{relay.pk}",
            payload={"company_id": account.company_id, "level": to, "relay_id": relay.pk},
        )
    return relay


def _record(relay: AccountRelay, code: str, *, by: User | None, at: datetime) -> None:
    audit.record(
        "account.relayed", relay, by=by, at=at, label=code, company_id=relay.company_id,
        account_id=relay.account_id, reason=relay.reason, before={"level": relay.from_level},
        after={"level": relay.to_level},
    )  # fmt: skip
