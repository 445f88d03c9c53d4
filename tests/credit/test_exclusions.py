"""Parts of the exposure that a company leaves out: dated, by right, everywhere the same, expected money untouched."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import Company, CustomerAccount, User
from credit import standing
from credit.exclusion_models import ExposureExclusion
from credit.models import CreditStanding
from credit.queries import exposure_of
from credit.services.exclusions import SwitchUnchanged, switch_part
from invoicing import services as invoicing
from invoicing.expected.receipts import expected_money
from o2c.shared.calendar import paris_date
from o2c.shared.models import AuditEvent
from o2c.shared.problems import Invalid, NotAllowed
from orders import services as orders
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user
from tests.factories.orders import give_limit, submitted
from tests.orders.pages import browse, text_of

pytestmark = pytest.mark.django_db
D = Decimal
NOW = timezone.now()
TODAY = paris_date(NOW)


@pytest.fixture
def company(db: None) -> Company:
    return CompanyFactory(code="TEST")


@pytest.fixture
def account(company: Company) -> CustomerAccount:
    account = CustomerAccountFactory(company=company, code="C0001", name="Alpha")
    give_limit(account, "100000")
    return account


@pytest.fixture
def director(company: Company) -> User:
    return make_user("finance_director", company, "finance")


@pytest.fixture
def adv(company: Company) -> User:
    return make_user("adv_officer", company, "adv")


def leave_out(company: Company, part: str, since: date, by: User) -> ExposureExclusion:
    return ExposureExclusion.objects.create(
        company=company, part=part, effective_from=since, reason="As decided", set_by=by, set_at=NOW
    )


def parts(account: CustomerAccount) -> dict[str, Decimal]:
    view = exposure_of(account, on=TODAY)
    return {code: amount for code, amount in view.figures.exposure().items() if amount}


def expected(account: CustomerAccount) -> list[Any]:
    return expected_money(
        account_ids=[account.pk], on=TODAY, skip_order=None, reader=None, company=account.company
    )


def test_each_part_is_left_out_by_itself_and_only_there(
    company: Company, account: CustomerAccount, director: User, adv: User
) -> None:
    far = CustomerAccountFactory(company=CompanyFactory(code="FAR"))
    give_limit(far, "100000")
    submitted(far, "500", by=make_user("adv_officer", far.company, "faradv"))
    half = submitted(account, "1200", by=adv)
    line = half.lines.get()
    orders.deliver(order_id=half.pk, lines=[(line.line, D("0.5"))], by=adv, at=NOW)
    submitted(account, "3000", by=adv)
    make = make_user("receivables_accountant", company, "acc")
    invoicing.record_payment(
        company=company,
        account=account,
        external_id="CHQ-1",
        received_on=TODAY,
        amount=D(70),
        currency="EUR",
        method="cheque",
        by=make,
        at=NOW,
    )
    whole = parts(account)
    assert set(whole) == {
        "open_orders",
        "delivered_not_invoiced",
        "bills_not_matured",
        "unallocated_payments",
    }
    for part in ("open_orders", "delivered_not_invoiced", "bills_not_matured"):
        row = leave_out(company, part, TODAY, director)
        assert parts(account) == {code: amount for code, amount in whole.items() if code != part}
        standing.refresh([account.pk], at=NOW)
        stored = CreditStanding.objects.get(level=3, target_id=account.pk)
        assert stored.net_exposure == sum(parts(account).values()), "lists say what decisions say"
        assert parts(far) == {"open_orders": D(500)}
        ExposureExclusion.objects.filter(pk=row.pk).update(effective_to=TODAY)
    assert parts(account) == whole


def test_what_is_expected_of_orders_comes_all_the_same(
    company: Company, account: CustomerAccount, director: User, adv: User
) -> None:
    submitted(account, "3000", by=adv)
    before = expected(account)
    assert before
    leave_out(company, "open_orders", TODAY, director)
    assert expected(account) == before


def test_a_deposit_relieves_no_order_that_does_not_count(
    company: Company, account: CustomerAccount, director: User, adv: User
) -> None:
    order = submitted(account, "3000", by=adv)
    invoicing.record_payment(
        company=company,
        account=account,
        external_id="DEP-1",
        received_on=TODAY,
        amount=D(1000),
        currency="EUR",
        method="transfer",
        order=order,
        by=make_user("receivables_accountant", company, "acc"),
        at=NOW,
    )
    assert parts(account) == {"open_orders": D(3000), "deposits_held": D(-1000)}
    leave_out(company, "open_orders", TODAY, director)
    assert parts(account) == {"unallocated_payments": D(-1000)}


def test_a_switch_takes_effect_tomorrow_and_is_in_the_journal(company: Company, director: User) -> None:
    row = switch_part(
        company_id=company.pk, part="open_orders", counts=False, reason="Call-offs", by=director, at=NOW
    )
    assert row.effective_from == TODAY + timedelta(days=1)
    with pytest.raises(SwitchUnchanged):
        switch_part(
            company_id=company.pk, part="open_orders", counts=False, reason="Again", by=director, at=NOW
        )
    event = AuditEvent.objects.get(action="exposure.part_switched")
    assert event.after is not None
    assert (event.after["part"], event.after["counts"]) == ("open_orders", False)
    row = switch_part(
        company_id=company.pk, part="open_orders", counts=True, reason="Count", by=director, at=NOW
    )
    assert row.effective_to == row.effective_from, "it never took effect"


def test_what_cannot_be_switched(company: Company, director: User) -> None:
    asked: dict[str, Any] = {"company_id": company.pk, "counts": False, "at": NOW}
    with pytest.raises(Invalid) as refused:
        switch_part(part="open_invoices", reason=" ", by=director, **asked)
    assert set(refused.value.errors) == {"part", "reason"}
    for role in ("credit_manager", "administrator"):
        with pytest.raises(NotAllowed):
            switch_part(part="open_orders", reason="Why", by=make_user(role, company), **asked)
    with pytest.raises(IntegrityError, match="exclusion_of_a_part_with_a_switch"), transaction.atomic():
        leave_out(company, "open_invoices", TODAY, director)
    leave_out(company, "open_orders", TODAY, director)
    with pytest.raises(IntegrityError, match="one_exclusion_in_force_per_part"):
        leave_out(company, "open_orders", TODAY, director)


def test_the_page_says_what_counts_and_who_may_switch(company: Company, director: User) -> None:
    address = "/credit/exposure-rules/"
    rep = make_user("sales", company, "rep")
    assert "can be switched" in text_of(browse(rep).get(address))
    data = {"part": "open_orders", "counts": "0", "reason": "Call-off orders are no debt"}
    assert browse(rep).post(address, data).status_code == 403
    assert browse(director).post(address, data | {"reason": ""}).status_code == 422
    assert browse(director).post(address, data).status_code == 302
    assert "not from tomorrow on" in text_of(browse(rep).get(address))
    leave_out(company, "bills_not_matured", TODAY, director)
    assert "does not count" in text_of(browse(rep).get(address))
