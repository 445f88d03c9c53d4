"""Sending clients their statement of account at the end of a month: once, where it is wanted, in their language."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from django.db import transaction
from django.utils import timezone, translation
from django.utils.dateformat import format as format_day
from django.utils.translation import gettext as _

from accounts.models import Company, CustomerAccount, User
from dunning.models import AccountStatement
from dunning.queries import statements as queries
from dunning.statement_models import WhyNotSent
from invoicing.services.shared import require
from invoicing.statement import TooLong, own_statement_pdf
from o2c.shared import audit, outbox, outbox_files
from o2c.shared import work as work_table
from o2c.shared.calendar import add_months, end_of_month, paris_date
from o2c.shared.models import OutboxMessage
from o2c.shared.pdf import PDF_TYPE
from orders.paper import language_of

from .runs import RIGHT

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


def send_one(
    *, work: Any, account_id: int, month: str, after: int = 0, by_id: int | None = None
) -> dict[str, Any]:
    """Work handler: send one client the statement of one month; one that has left is never sent again.

    :param after: the try of which the client has nothing and after which somebody asked for another; 0 of the clock
    :param by_id: who asked
    """
    del work
    first, at = date.fromisoformat(month), timezone.now()
    account = CustomerAccount.objects.select_related("company", "entity").get(pk=account_id)
    if not queries.wants(account, first):
        return {"sent": None, "why": "not_wanted"}
    asked = _Try(account, first, after, User.objects.filter(pk=by_id).first() if by_id else None, at)
    to = queries.address_of(account)
    if to is None:
        return asked.fails(WhyNotSent.NO_ADDRESS)
    try:
        # Drawn before anything is locked: it takes a while.
        content = own_statement_pdf(account, on=end_of_month(first))
    except TooLong:
        return asked.fails(WhyNotSent.TOO_LONG)
    return asked.leaves(to, content)


def send_again(
    *, company: Company, statement_ids: Collection[int], by: User, at: datetime
) -> tuple[int, int]:
    """Ask for statements of which the clients have nothing to be sent once more, whatever the day of the month.

    :returns: how many are asked for, and how many of the chosen are not: they left, or are not this user's to see
    :raises NotAllowed: without the right to run reminders
    """
    require(by, RIGHT, company.pk)
    chosen = AccountStatement.objects.visible_to(by, company).last_tries().not_there()
    with transaction.atomic():
        rows = list(chosen.filter(pk__in=statement_ids, company=company).select_related("account"))
        work_table.add_many(
            ONE,
            {
                f"{row.month:%Y-%m}:{row.account_id}:{row.attempt}": {
                    "account_id": row.account_id,
                    "month": row.month.isoformat(),
                    "after": row.attempt,
                    "by_id": by.pk,
                }
                for row in rows
            },
        )
        for row in rows:
            audit.record(
                "client_statement.asked_again", row, by=by, at=at, label=_label(row.account, row.month),
                company_id=row.company_id, account_id=row.account_id, after={"after": row.attempt},
            )  # fmt: skip
    return len(rows), len(set(statement_ids)) - len(rows)


@dataclass(frozen=True, slots=True)
class _Try:
    """What is tried for a client and a month, and after which earlier try."""

    account: CustomerAccount
    month: date
    after: int
    by: User | None
    at: datetime

    def leaves(self, to: queries.Address, content: bytes) -> dict[str, Any]:
        """Write the message, unless the statement left meanwhile."""
        with transaction.atomic():
            last = self._last()
            if not self._is_next(last):
                return {"sent": None, "why": "sent_already"}
            message = _message(self, to, content, 1 + (last.attempt if last else 0))
            outbox.write([message])
            made = self._keep(last, message=OutboxMessage.objects.get(key=message.key))
            audit.record(
                "client_statement.sent", made, by=self.by, at=self.at, label=_label(self.account, self.month),
                company_id=made.company_id, account_id=made.account_id,
                after={"month": self.month, "channel": to.channel},
            )  # fmt: skip
        return {"sent": made.pk}

    def fails(self, why: WhyNotSent) -> dict[str, Any]:
        """Keep what stood against it, once: the same said again is no further try."""
        with transaction.atomic():
            last = self._last()
            if self._is_next(last) and (last is None or last.why != why):
                self._keep(last, why=why)
        return {"sent": None, "why": why.value}

    def _last(self) -> AccountStatement | None:
        # Who sends the same statement at the same time waits here, and finds it sent.
        CustomerAccount.objects.select_for_update(of=("self",), no_key=True).get(pk=self.account.pk)
        found = AccountStatement.objects.filter(account=self.account, month=self.month)
        return found.select_related("message").order_by("-attempt").first()

    def _is_next(self, last: AccountStatement | None) -> bool:
        if last is None or last.message is None:
            return True
        return last.is_lost and last.attempt == self.after

    def _keep(self, last: AccountStatement | None, **said: Any) -> AccountStatement:
        return AccountStatement.objects.create(
            company=self.account.company, account=self.account, month=self.month,
            attempt=1 + (last.attempt if last else 0), made_at=self.at, **said,
        )  # fmt: skip


def _label(account: CustomerAccount, month: date) -> str:
    return f"{account.code} {month:%Y-%m}"


def _message(asked: _Try, to: queries.Address, content: bytes, attempt: int) -> OutboxMessage:
    account, month = asked.account, asked.month
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
        key=f"client-statement:{account.pk}:{month:%Y-%m}:{attempt}",
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
        created_at=asked.at,
    )
