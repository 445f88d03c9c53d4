"""Parts of the exposure that a company leaves out: dated, by right, everywhere the same, expected money untouched."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import Company, CustomerAccount, ExchangeRate, User
from credit import history, standing
from credit.exposure import Cuts, read
from credit.models import CreditDecision, CreditStanding
from credit.proof import left_out_of, proof_of
from credit.queries import exposure_of
from credit.services.switches import SwitchUnchanged, switch_part
from credit.switch_models import ExposureSwitch
from invoicing import services as invoicing
from invoicing.expected.receipts import expected_money
from o2c.reports.exposure import exposure_report
from o2c.reports.proofs import nightly_differences, standing_differences
from o2c.shared.calendar import paris_date
from o2c.shared.models import AuditEvent
from o2c.shared.problems import Invalid, NotAllowed
from orders import services as orders
from orders.models import Order
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user
from tests.factories.factoring import approve, make_agreement, sell
from tests.factories.invoicing import make_credit, make_item
from tests.factories.orders import give_limit, open_item, submitted
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


def leave_out(company: Company, part: str, since: date, by: User) -> ExposureSwitch:
    return ExposureSwitch.objects.create(
        company=company, part=part, effective_from=since, reason="As decided", set_by=by, set_at=NOW
    )


def parts(account: CustomerAccount) -> dict[str, Decimal]:
    view = exposure_of(account, on=TODAY)
    return {code: amount for code, amount in view.figures.exposure().items() if amount}


def agree(account: CustomerAccount, reader: User) -> None:
    """Every reading says to the cent what the live statement of a check says, and the report ties to the ledger."""
    view = exposure_of(account, on=TODAY)
    live = tuple(amount for _code, amount in view.figures.exposure().items())
    book = read([account.pk], currency="EUR", cuts=Cuts.on(TODAY)).of(account.pk)
    assert (tuple(book.parts.values()), book.left_out) == (live, view.figures.left_out)
    standing.refresh([account.pk], at=NOW)
    stored = CreditStanding.objects.get(level=3, target_id=account.pk)
    assert (tuple(stored.parts), stored.net_exposure) == (live, view.net)
    assert history.view_by(account, on=TODAY).net == view.net
    found = exposure_report(user=reader, company=account.company, as_of=TODAY, at=NOW)
    (row,) = [row for row in found.rows if row.account_id == account.pk]
    assert (row.parts, row.net_exposure) == (live, view.net)
    assert (found.left_out, found.difference) == (view.figures.left_out, D(0))
    assert list(standing_differences(today=TODAY)) == []
    assert nightly_differences(day=TODAY) == []


def received_for(order: Order, amount: str, by: User) -> None:
    invoicing.record_payment(
        company=order.company,
        account=order.account,
        external_id="DEP-1",
        received_on=TODAY,
        amount=D(amount),
        currency="EUR",
        method="transfer",
        order=order,
        by=by,
        at=NOW,
    )


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
        ExposureSwitch.objects.filter(pk=row.pk).update(effective_to=TODAY)
    assert parts(account) == whole


def test_what_relieves_and_what_is_sold_has_a_switch_too(
    company: Company, account: CustomerAccount, director: User, adv: User
) -> None:
    make = make_user("receivables_accountant", company, "acc")
    make_agreement(company, with_recourse=True)
    approve(account)
    sell(make_item(account, "300", by=make, due=TODAY + timedelta(days=10)), by=make)
    make_item(account, "50", by=make)
    make_credit(account, "70", by=make)
    make_item(account, "-20", by=make)
    order = submitted(account, "3000", by=adv)
    received_for(order, "1000", make)
    whole = parts(account)
    assert whole == {
        "open_invoices": D(50),
        "discounted_not_matured": D(300),
        "unallocated_payments": D(-70),
        "unallocated_credit_notes": D(-20),
        "open_orders": D(3000),
        "deposits_held": D(-1000),
    }
    for part in (
        "discounted_not_matured",
        "unallocated_payments",
        "unallocated_credit_notes",
        "deposits_held",
    ):
        row = leave_out(company, part, TODAY, director)
        assert parts(account) == {code: amount for code, amount in whole.items() if code != part}
        view = exposure_of(account, on=TODAY)
        assert view.figures.left_out == {part: whole[part]}
        agree(account, director)
        ExposureSwitch.objects.filter(pk=row.pk).update(effective_to=TODAY)
    agree(account, director)


def test_claimed_penalties_count_only_where_a_company_says_so(
    company: Company, account: CustomerAccount, director: User, adv: User
) -> None:
    make = make_user("receivables_accountant", company, "acc")
    make_item(account, "500", by=make)
    open_item(account, "40", kind="PENALTY")
    ExchangeRate.objects.create(currency="USD", day=TODAY, units_per_eur=D("1.0850"))
    open_item(account, "33.33", kind="PENALTY", currency="USD")
    claimed = D("70.72")
    assert parts(account) == {"open_invoices": D(500)}
    view = exposure_of(account, on=TODAY)
    assert view.figures.left_out == {"claimed_penalties": claimed}
    assert view.as_contract()["left_out"] == [{"code": "claimed_penalties", "amount": "70.72"}]
    agree(account, director)
    leave_out(company, "claimed_penalties", TODAY, director)
    assert parts(account) == {"open_invoices": D(500), "claimed_penalties": claimed}
    view = exposure_of(account, on=TODAY)
    assert (view.gross, view.net, view.figures.left_out) == (D("570.72"), D("570.72"), {})
    agree(account, director)
    far = CustomerAccountFactory(company=CompanyFactory(code="FAR"), entity=account.entity)
    open_item(far, "90", kind="PENALTY")
    assert parts(far) == {}, "a relative of another company keeps that company's switches"
    assert exposure_of(account, on=TODAY).levels[1].net_exposure == D("570.72")


def test_a_past_day_keeps_what_it_counted(company: Company, account: CustomerAccount, director: User) -> None:
    make = make_user("receivables_accountant", company, "acc")
    yesterday = TODAY - timedelta(days=1)
    make_item(account, "500", by=make, issued=yesterday, at=NOW)
    open_item(account, "40", kind="PENALTY", due=yesterday)
    standing.refresh([account.pk], at=NOW - timedelta(days=1))
    leave_out(company, "claimed_penalties", TODAY, director)
    standing.refresh([account.pk], at=NOW)
    found = exposure_report(user=director, company=company, as_of=yesterday, at=NOW)
    assert (found.totals["net_exposure"], found.left_out, found.difference) == (
        D(500),
        {"claimed_penalties": D(40)},
        D(0),
    )
    assert exposure_report(user=director, company=company, as_of=TODAY, at=NOW).totals["net_exposure"] == D(
        540
    )


@pytest.mark.parametrize("on", [False, True])
def test_the_proof_of_a_decision_shows_the_switch_in_force(
    company: Company, account: CustomerAccount, director: User, adv: User, on: bool
) -> None:
    make = make_user("receivables_accountant", company, "acc")
    make_item(account, "500", by=make)
    open_item(account, "40", kind="PENALTY", document="IR-1")
    leave_out(company, "bills_not_matured", TODAY, director)
    if on:
        leave_out(company, "claimed_penalties", TODAY, director)
    manager = make_user("credit_manager", company, "manager")
    order = submitted(account, "120000", by=adv, number="CDE-9")
    orders.release(order_id=order.pk, comment="known", by=director, at=timezone.now())
    decision = CreditDecision.objects.get(releases__order=order)
    proof = proof_of(decision, manager)
    assert proof is not None
    assert proof.ties
    assert ("IR-1" in {row.document for row in decision.documents.all()}) is on
    shown = {each.part.value: (each.amount, each.row is not None) for each in left_out_of(decision)}
    off = {"bills_not_matured": (None, True)}
    assert shown == (off if on else off | {"claimed_penalties": (D(40), False)})
    page = text_of(browse(manager).get(f"/orders/CDE-9/decisions/{decision.pk}/"))
    assert "As decided" in page
    assert ("Penalties claimed not counted, €40.00" in page) is not on


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
    received_for(order, "1000", make_user("receivables_accountant", company, "acc"))
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
    assert (row.ended_by, row.end_reason) == (director, "Count")
    row = switch_part(
        company_id=company.pk, part="claimed_penalties", counts=True, reason="Claimed", by=director, at=NOW
    )
    assert row.counts
    with pytest.raises(SwitchUnchanged):
        switch_part(
            company_id=company.pk, part="deposits_held", counts=True, reason="Again", by=director, at=NOW
        )


def test_what_cannot_be_switched(company: Company, director: User) -> None:
    asked: dict[str, Any] = {"company_id": company.pk, "counts": False, "at": NOW}
    with pytest.raises(Invalid) as refused:
        switch_part(part="open_invoices", reason=" ", by=director, **asked)
    assert set(refused.value.errors) == {"part", "reason"}
    for role in ("credit_manager", "administrator"):
        with pytest.raises(NotAllowed):
            switch_part(part="open_orders", reason="Why", by=make_user(role, company), **asked)
    with pytest.raises(IntegrityError, match="switch_of_a_part_that_has_one"), transaction.atomic():
        leave_out(company, "open_invoices", TODAY, director)
    leave_out(company, "open_orders", TODAY, director)
    with pytest.raises(IntegrityError, match="one_switch_in_force_per_part"):
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
    data |= {"counts": "1", "reason": "They are a debt after all"}
    assert browse(director).post(address, data).status_code == 302
    page = text_of(browse(rep).get(address))
    assert "only if switched on" in page
    assert "They are a debt after all" in page
    assert "never took effect" in page
