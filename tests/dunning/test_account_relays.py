"""Clients pass from sales administration to credit management: by rule, by hand, and back; told once."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from itertools import product

import pytest
from django.db import IntegrityError, InternalError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Company, CustomerAccount, TeamMember, User
from dunning.enums import RelayLevel
from dunning.models import AccountRelay, DunningRun, Reminder, ReminderLine
from dunning.queries import relays as queries
from dunning.relay_policy import passes_to
from dunning.services.account_relays import AlreadyThere, pass_clients, pass_on
from dunning.services.promises import make_promise
from dunning.services.scenarios import ensure_scenario
from invoicing import services as invoicing
from invoicing.models import ReceivableItem
from o2c.shared import work
from o2c.shared.calendar import paris_date
from o2c.shared.models import AuditEvent, Notice
from o2c.shared.problems import Invalid, NotAllowed, NotFound
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user
from tests.factories.invoicing import make_item, make_payment

NOW = timezone.now()
TODAY = paris_date(NOW)
L = RelayLevel


@pytest.mark.parametrize(
    ("present", "late", "over", "credit", "after"),
    [
        (L.ADV, True, False, True, None),
        (L.ADV, True, True, True, L.CREDIT),
        (L.CREDIT, True, True, True, None),
        (L.CREDIT, True, False, True, None),
        (L.EXECUTIVE, True, True, True, None),
        (L.EXECUTIVE, False, False, True, L.ADV),
        (L.ADV, False, False, True, None),
        (L.ACCOUNTANT, True, True, False, L.FINANCE),
        (L.FINANCE, False, False, False, L.ACCOUNTANT),
        # Credit management came or went meanwhile.
        (L.CREDIT, True, True, False, L.FINANCE),
        (L.CREDIT, True, False, False, L.ACCOUNTANT),
        (L.ACCOUNTANT, True, True, True, L.CREDIT),
    ],
)
def test_who_takes_a_client_over(
    present: RelayLevel, late: bool, over: bool, credit: bool, after: RelayLevel | None
) -> None:
    assert passes_to(present, is_late=late, is_soft_over=over, has_credit_management=credit) == after


def test_nobody_is_passed_to_who_has_it_already() -> None:
    for present, late, over, credit in product(L, (True, False), (True, False), (True, False)):
        found = passes_to(present, is_late=late, is_soft_over=over, has_credit_management=credit)
        assert found != present


def reminded(account: CustomerAccount, books: User, step: int, days_ago: int = 1) -> ReceivableItem:
    """An item thirty days late of which a step was made."""
    item = make_item(
        account, "800", by=books, issued=TODAY - timedelta(days=60), due=TODAY - timedelta(days=30), at=NOW
    )
    day = TODAY - timedelta(days=days_ago)
    run = DunningRun.objects.create(company=account.company, as_of=day, created_at=NOW)
    made = Reminder.objects.create(
        company=account.company, account=account, run=run, number=step, channel="email", language="fr", as_of=day,
        step=ensure_scenario(account.company).steps.get(number=step), currency="EUR", total=Decimal(800),
        status="sent", sent_at=NOW,
    )  # fmt: skip
    ReminderLine.objects.create(
        reminder=made, item=item, step=step, as_of=day, due_date=item.due_date, amount=Decimal(800)
    )
    return item


def went(account: CustomerAccount) -> list[tuple[str, str]]:
    rows = AccountRelay.objects.filter(account=account).order_by("pk")
    return list(rows.values_list("from_level", "to_level"))


@pytest.mark.django_db
class TestByRule:
    @pytest.mark.parametrize(
        ("step", "days_ago", "passes"), [(1, 9, False), (2, 1, True), (2, 0, False), (3, 1, True)]
    )
    def test_once_the_soft_steps_are_over(
        self,
        account: CustomerAccount,
        accountant: User,
        company: Company,
        step: int,
        days_ago: int,
        passes: bool,
    ) -> None:
        make_user("credit_manager", company)
        reminded(account, accountant, step, days_ago)
        assert pass_clients(company, on=TODAY, at=NOW) == int(passes)
        assert pass_clients(company, on=TODAY, at=NOW) == 0
        assert went(account) == ([("adv", "credit")] if passes else [])

    def test_without_credit_management_by_the_short_chain(
        self, account: CustomerAccount, accountant: User, company: Company
    ) -> None:
        reminded(account, accountant, 2)
        pass_clients(company, on=TODAY, at=NOW)
        assert went(account) == [("accountant", "finance")]

    @pytest.mark.parametrize(("has_credit", "first"), [(True, "adv"), (False, "accountant")])
    def test_what_is_late_of_a_key_account_is_the_chief_executives_call(
        self, account: CustomerAccount, accountant: User, company: Company, has_credit: bool, first: str
    ) -> None:
        if has_credit:
            make_user("credit_manager", company)
        executive = make_user("executive", company, "chief")
        other = CustomerAccountFactory(company=company)
        owner = make_user("sales_manager", company)
        TeamMember.objects.create(account=account, user=owner, role="key_account", valid_from=TODAY)
        for each in (account, other):
            reminded(each, accountant, 2)
        assert pass_clients(company, on=TODAY, at=NOW) == 2
        assert went(account) == [(first, "executive")]
        assert went(other) == [(first, "credit" if has_credit else "finance")]
        work.drain()
        assert Notice.objects.filter(user=executive).exists()
        assert pass_clients(company, on=TODAY, at=NOW) == 0

    def test_who_takes_over_is_told_once_a_morning(
        self, account: CustomerAccount, accountant: User, company: Company
    ) -> None:
        manager = make_user("credit_manager", company, "manager")
        own = make_user("credit_analyst", company, "own")
        others = [CustomerAccountFactory(company=company) for _n in range(2)]
        TeamMember.objects.create(account=others[1], user=own, role="credit", valid_from=TODAY)
        for each in (account, *others):
            reminded(each, accountant, 2)
        assert pass_clients(company, on=TODAY, at=NOW) == 3
        work.drain()
        told = {
            row.user.username: (row.kind, row.figures["count"])
            for row in Notice.objects.select_related("user")
        }
        # The client of its own goes to its analyst, the others to all of credit management.
        assert told == {manager.username: ("clients.relayed", 2), own.username: ("clients.relayed", 3)}
        assert AuditEvent.objects.filter(action="account.relayed").count() == 3

    def test_who_owes_nothing_late_any_more_goes_back(
        self, account: CustomerAccount, accountant: User, company: Company
    ) -> None:
        make_user("credit_manager", company)
        item = reminded(account, accountant, 3)
        pass_clients(company, on=TODAY, at=NOW)
        make_promise(item_ids=[item.pk], promised_date=TODAY + timedelta(days=3), by=accountant, at=NOW)
        assert pass_clients(company, on=TODAY, at=NOW) == 0, "a promise is not money"
        paid = make_payment(account, "800", by=accountant, at=NOW).items.get()
        invoicing.allocate(
            from_item_id=paid.pk, to_item_id=item.pk, amount=item.amount, by=accountant, at=NOW
        )
        pass_clients(company, on=TODAY, at=NOW)
        assert went(account) == [("adv", "credit"), ("credit", "adv")]

    def test_another_company_is_left_alone(
        self, account: CustomerAccount, accountant: User, company: Company
    ) -> None:
        reminded(account, accountant, 3)
        assert pass_clients(CompanyFactory(), on=TODAY, at=NOW) == 0

    def test_as_many_questions_for_one_as_for_three(
        self, account: CustomerAccount, accountant: User, company: Company
    ) -> None:
        def asked() -> int:
            with CaptureQueriesContext(connection) as sent:
                queries.passings(company, on=TODAY)
            return len(sent)

        reminded(account, accountant, 2)
        few = asked()
        for _n in range(2):
            reminded(CustomerAccountFactory(company=company), accountant, 2)
        assert (asked(), len(queries.passings(company, on=TODAY))) == (few, 3)


@pytest.mark.django_db
class TestByHand:
    def test_with_a_reason_in_either_direction(
        self, account: CustomerAccount, accountant: User, company: Company
    ) -> None:
        make_user("credit_manager", company)
        pass_on(account_id=account.pk, to="finance", reason=" key account ", by=accountant, at=NOW)
        pass_on(account_id=account.pk, to="adv", reason="settled", by=accountant, at=NOW)
        assert went(account) == [("adv", "finance"), ("finance", "adv")]
        event = AuditEvent.objects.filter(action="account.relayed").first()
        assert event is not None
        assert (event.reason, event.account_id) == ("key account", account.pk)

    @pytest.mark.parametrize(
        ("to", "reason", "refusal"),
        [
            ("accountant", "x", Invalid),
            ("nobody", "x", Invalid),
            ("credit", " ", Invalid),
            ("adv", "x", AlreadyThere),
        ],
    )
    def test_what_is_refused(
        self,
        account: CustomerAccount,
        accountant: User,
        company: Company,
        to: str,
        reason: str,
        refusal: type[Exception],
    ) -> None:
        make_user("credit_manager", company)
        with pytest.raises(refusal):
            pass_on(account_id=account.pk, to=to, reason=reason, by=accountant, at=NOW)
        assert not AccountRelay.objects.exists()

    def test_by_whom(self, account: CustomerAccount, company: Company) -> None:
        with pytest.raises(NotAllowed):
            pass_on(account_id=account.pk, to="finance", reason="x", by=make_user("auditor", company), at=NOW)
        with pytest.raises(NotFound):
            pass_on(account_id=account.pk, to="finance", reason="x", by=make_user("credit_manager"), at=NOW)

    def test_on_the_page_with_its_history(
        self, client: Client, account: CustomerAccount, accountant: User, company: Company
    ) -> None:
        make_user("credit_manager", company)
        client.force_login(accountant)
        page = f"/collections/clients/{account.code}/pass-on/"
        assert client.get(page).status_code == 200
        assert client.post(page, {"to": "credit"}).status_code == 422
        assert client.post(page, {"to": "credit", "reason": "large sum"}).status_code == 302
        assert "large sum" in client.get(page).content.decode()
        panel = client.get(f"/clients/{account.code}/").content.decode()
        assert page in panel

    def test_it_is_history(self, account: CustomerAccount, accountant: User, company: Company) -> None:
        made = pass_on(account_id=account.pk, to="finance", reason="x", by=accountant, at=NOW)
        with pytest.raises(InternalError, match="account_relay_append_only"), transaction.atomic():
            AccountRelay.objects.filter(pk=made.pk).update(reason="y")
        for wrong, name in (
            ({"to_level": made.from_level}, "client_relayed_to_somebody_else"),
            ({"reason": ""}, "client_relayed_by_somebody_for_a_reason"),
        ):
            fields = {"from_level": "accountant", "to_level": "finance", "reason": "x"} | wrong
            with pytest.raises(IntegrityError, match=name), transaction.atomic():
                AccountRelay.objects.create(
                    company=company, account=account, on=TODAY, at=NOW, by=accountant, **fields
                )
