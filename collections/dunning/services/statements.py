"""Sending clients their statement of account at the end of a month: once, where it is wanted, in their language."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final

from django.db import transaction
from django.utils import timezone, translation
from django.utils.dateformat import format as format_day
from django.utils.translation import gettext as _

from accounts.models import CustomerAccount
from dunning.models import AccountStatement
from dunning.queries import statements as queries
from invoicing.statement import TooLong, own_statement_pdf
from o2c.shared import audit, outbox, outbox_files
from o2c.shared import work as work_table
from o2c.shared.calendar import add_months, end_of_month, paris_date
from o2c.shared.models import OutboxMessage
from o2c.shared.pdf import PDF_TYPE
from orders.paper import language_of

ONE: Final = "client_statements.one"
KIND: Final = "dunning.statement"
# Statements of a month leave in the first days of the next one; what could not leave by then is not sent any more.
UNTIL_DAY: Final = 10


def send_due(*, work: Any = None) -> dict[str, int]:
    """Work handler of every morning: ask for the statements of the month that is over and have not left."""
    today = paris_date(timezone.now())
    if today.day > UNTIL_DAY:
        return {"asked": 0}
    month = add_months(today.replace(day=1), -1)
    pieces = {
        f"{month:%Y-%m}:{key}": {"account_id": key, "month": month.isoformat()}
        for key in queries.wanting(month)
    }
    return {"asked": work_table.add_many(ONE, pieces) if pieces else 0}


def send_one(*, work: Any, account_id: int, month: str) -> dict[str, Any]:
    """Work handler: send one client the statement of one month; one that has left is never sent again."""
    del work
    first, at = date.fromisoformat(month), timezone.now()
    account = CustomerAccount.objects.select_related("company", "entity").get(pk=account_id)
    if not queries.wants(account, first):
        return {"sent": None, "why": "not_wanted"}
    to = queries.address_of(account)
    if to is None:
        return {"sent": None, "why": "no_address"}
    try:
        # Drawn before anything is locked: it takes a while.
        content = own_statement_pdf(account, on=end_of_month(first))
    except TooLong:
        return {"sent": None, "why": "too_long"}
    with transaction.atomic():
        # Who sends the same statement at the same time waits here, and finds it sent.
        CustomerAccount.objects.select_for_update(of=("self",), no_key=True).get(pk=account_id)
        if AccountStatement.objects.filter(account=account, month=first).exists():
            return {"sent": None, "why": "sent_already"}
        made = _sent(account, first, to, content, at)
    return {"sent": made.pk}


def _sent(
    account: CustomerAccount, month: date, to: queries.Address, content: bytes, at: datetime
) -> AccountStatement:
    message = _message(account, month, to, content, at)
    outbox.write([message])
    made = AccountStatement.objects.create(
        company=account.company, account=account, month=month,
        message=OutboxMessage.objects.get(key=message.key), made_at=at,
    )  # fmt: skip
    audit.record(
        "client_statement.sent", made, by=None, at=at, label=f"{account.code} {month:%Y-%m}",
        company_id=account.company_id, account_id=account.pk, after={"month": month, "channel": to.channel},
    )  # fmt: skip
    return made


def _message(
    account: CustomerAccount, month: date, to: queries.Address, content: bytes, at: datetime
) -> OutboxMessage:
    language = language_of(account)
    with translation.override(language):
        subject = _("Statement of account of %(month)s: %(company)s") % {
            "month": format_day(month, "F Y").lower() if language == "fr" else format_day(month, "F Y"),
            "company": account.company.name,
        }
        text = "\n\n".join(
            (
                _("Dear Sir or Madam,"),
                _("Please find attached the statement of your account as it stood on %(day)s.")
                % {"day": f"{end_of_month(month):%d/%m/%Y}"},
                _("If anything differs from your books, simply answer this message."),
                _("Kind regards,"),
                account.company.name,
            )
        )
        name = _("statement-%(code)s") % {"code": account.code} + f"-{month:%Y-%m}.pdf"
    return OutboxMessage(
        kind=KIND,
        key=f"client-statement:{account.pk}:{month:%Y-%m}",
        channel=to.channel,
        company_id=account.company_id,
        account_id=account.pk,
        to=to.to,
        from_name=" ".join(account.company.name.split())[:200],
        subject=subject[:200],
        text=text + "\n",
        language=language,
        files=[outbox_files.keep(name, content, PDF_TYPE).as_row()],
        about_type=CustomerAccount._meta.label_lower,
        about_id=account.pk,
        created_at=at,
    )
