"""Naming the accounts a company books on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import Company, User
from invoicing.services.shared import require
from o2c.shared import audit
from o2c.shared.problems import Invalid

from .chart import DEFAULTS, Use
from .models import LedgerAccount
from .queries import accounts_of

RIGHT: Final = "accounting.accounts"
_NUMBER: Final = re.compile(r"^[0-9]{3}[0-9A-Z]{0,17}$")


def set_accounts(
    *, company: Company, accounts: Mapping[str, tuple[str, str]], by: User, at: datetime
) -> list[str]:
    """Name accounts by use; one that is the chart's own again is kept no longer. Files made afterwards use them.

    :returns: the uses that changed
    :raises Invalid: a number does not begin with three digits of the chart, or a label is missing or too long
    """
    wrong = {}
    for use, (number, label) in accounts.items():
        if use not in Use.values:
            wrong[use] = [_("There is no such use.")]
        elif not _NUMBER.match(number):
            wrong[use] = [
                _("An account number begins with three digits; digits and capital letters may follow.")
            ]
        elif not label.strip() or len(label) > 100:
            wrong[use] = [_("An account has a name of at most 100 characters.")]
    if wrong:
        raise Invalid(errors=wrong)
    with transaction.atomic():
        require(by, RIGHT, company)
        Company.objects.select_for_update(no_key=True).get(pk=company.pk)
        before = accounts_of(company)
        changed = {use: pair for use, pair in accounts.items() if before[use] != pair}
        for use, (number, label) in changed.items():
            if (number, label) == DEFAULTS[use]:
                LedgerAccount.objects.filter(company=company, use=use).delete()
            else:
                LedgerAccount.objects.update_or_create(
                    company=company, use=use, defaults={"number": number, "label": label}
                )
        if changed:
            audit.record(
                "accounting.accounts",
                company,
                by=by,
                at=at,
                label=company.code,
                company_id=company.pk,
                before={use: before[use][0] for use in changed},
                after={use: number for use, (number, _label) in changed.items()},
            )
    return sorted(changed)
