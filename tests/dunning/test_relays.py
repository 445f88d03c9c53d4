"""Calls that nobody makes go on: by which chain, when, to whom, and once."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, InternalError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Company, CustomerAccount, TeamMember, User
from dunning.enums import RelayLevel, ReminderStatus, StepOwner
from dunning.models import DunningRun, Relay, Reminder, ReminderLine
from dunning.relay_policy import chain_of, first_of, is_overdue, next_of
from dunning.services.calls import record_call
from dunning.services.relays import relay
from dunning.services.scenarios import ensure_scenario
from o2c.shared import work
from o2c.shared.calendar import add_business_days, paris_date
from o2c.shared.models import AuditEvent, Notice, OutboxMessage
from tests.factories.accounts import make_user
from tests.factories.invoicing import make_item

NOW = timezone.now()
TODAY = paris_date(NOW)


def test_the_chains():
    whole, short = chain_of(has_credit_management=True), chain_of(has_credit_management=False)
    assert whole == (RelayLevel.ADV, RelayLevel.CREDIT, RelayLevel.FINANCE, RelayLevel.EXECUTIVE)
    assert short == (RelayLevel.ACCOUNTANT, RelayLevel.FINANCE, RelayLevel.EXECUTIVE)
    assert [next_of(level, whole) for level in whole] == [*whole[1:], None]
    assert [next_of(level, short) for level in short] == [*short[1:], None]
    # Credit management came or went meanwhile.
    assert next_of(RelayLevel.CREDIT, short) == RelayLevel.ACCOUNTANT
    assert [first_of(owner, has_credit_management=False) for owner in StepOwner] == [
        RelayLevel.ACCOUNTANT, RelayLevel.FINANCE, RelayLevel.FINANCE,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("on", "overdue"),
    [(date(2026, 11, 25), False), (date(2026, 11, 26), True), (date(2026, 11, 21), False)],
)
def test_three_business_days(on: date, overdue: bool):
    # Asked for on a Friday: the third business day is Wednesday.
    assert is_overdue(date(2026, 11, 20), on) is overdue


def asked(account: CustomerAccount, books: User, days: int) -> Reminder:
    """A courtesy call about a late invoice, asked for some business days ago."""
    day = add_business_days(TODAY, -days)
    item = make_item(
        account, "800", by=books, issued=TODAY - timedelta(days=60), due=TODAY - timedelta(days=20), at=NOW
    )
    run = DunningRun.objects.create(
        company=account.company, as_of=day, status="reviewed", created_at=NOW,
        approved_at=NOW - timedelta(days=(TODAY - day).days),
    )  # fmt: skip
    made = Reminder.objects.create(
        company=account.company, account=account, run=run, number=1, channel="call", language="fr", as_of=day,
        step=ensure_scenario(account.company).steps.get(number=1), currency="EUR", total=Decimal(800),
        status=ReminderStatus.TO_CALL,
    )  # fmt: skip
    ReminderLine.objects.create(
        reminder=made, item=item, step=1, as_of=day, due_date=item.due_date, amount=Decimal(800)
    )
    return made


def went(reminder: Reminder) -> list[tuple[str, str]]:
    return list(Relay.objects.filter(reminder=reminder).values_list("from_level", "to_level"))


@pytest.mark.django_db
class TestPassingOn:
    def test_to_credit_management_once_and_told(
        self, account: CustomerAccount, accountant: User, company: Company
    ):
        manager = make_user("credit_manager", company, "manager")
        make_user("credit_analyst", company, "analyst")
        TeamMember.objects.create(account=account, user=manager, role="credit", valid_from=TODAY)
        early, due = asked(account, accountant, 3), asked(account, accountant, 4)
        assert relay(TODAY, NOW) == 1
        assert relay(TODAY, NOW) == 0
        assert (went(early), went(due)) == ([], [("adv", "credit")])
        work.drain()
        notice = Notice.objects.get(kind="call.relayed")
        assert (notice.user, notice.url) == (manager, reverse("dunning:reminder", args=[due.pk]))
        assert OutboxMessage.objects.get(kind="call.relayed").in_digest is False
        assert AuditEvent.objects.get(action="call.relayed").account_id == account.pk
        due.refresh_from_db()
        assert due.status == ReminderStatus.TO_CALL
        browser = Client(headers={"accept-language": "en"})
        browser.force_login(manager)
        assert "Sales administration had not called" in browser.get(notice.url).content.decode()

    def test_up_to_the_chief_executive_and_no_further(
        self, account: CustomerAccount, accountant: User, company: Company
    ):
        make_user("credit_manager", company, "manager")
        due, day = asked(account, accountant, 4), TODAY
        for _step in range(5):
            relay(day, NOW)
            day = add_business_days(day, 4)
        assert went(due) == [("adv", "credit"), ("credit", "finance"), ("finance", "executive")]

    def test_the_short_chain_without_credit_management(self, account: CustomerAccount, accountant: User):
        due = asked(account, accountant, 4)
        relay(TODAY, NOW)
        assert went(due) == [("accountant", "finance")]

    def test_what_was_called_or_paid_goes_nowhere(
        self, account: CustomerAccount, accountant: User, company: Company
    ):
        asked(account, accountant, 4)
        record_call(account_id=account.pk, outcome="other", by=accountant, at=NOW)
        gone = asked(account, accountant, 5)
        gone.lines.update(dropped="settled")
        assert relay(TODAY, NOW) == 0

    def test_the_database_keeps_it(self, account: CustomerAccount, accountant: User):
        due = asked(account, accountant, 4)
        relay(TODAY, NOW)
        row = {"reminder": due, "on": TODAY, "at": NOW}
        for wrong, name in (
            ({"from_level": "adv", "to_level": "finance"}, "call_relayed_once_to_a_level"),
            ({"from_level": "adv", "to_level": "adv"}, "call_relayed_to_somebody_else"),
        ):
            with pytest.raises(IntegrityError, match=name), transaction.atomic():
                Relay.objects.create(**row, **wrong)
        with pytest.raises(InternalError), transaction.atomic():
            Relay.objects.update(on=TODAY)
