"""Invoices imported and issued: refusals, instalments, numbers, what is frozen."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from django.db import transaction

from accounts.models import Company, CustomerAccount, User
from credit.models import CreditLock
from invoicing import services
from invoicing.models import Invoice, NumberSeries
from invoicing.policy import (
    BeyondLegalCap,
    ClosedPeriod,
    DatedAhead,
    Instalment,
    InstalmentsDoNotAddUp,
    LineInput,
    OtherDebtor,
)
from invoicing.services import KeyTaken
from invoicing.services.documents import IssueDateBeforeLast, NothingToBill, NumberOfSeries
from o2c.shared.models import AuditEvent, Work
from o2c.shared.problems import Invalid, NotAllowed
from tests.factories.accounts import CustomerAccountFactory, make_user
from tests.factories.invoicing import AT, TODAY, day, line, make_confirmed_order, make_invoice, woken

pytestmark = pytest.mark.django_db


def issue(account: CustomerAccount, by: User, *lines: LineInput, issued: date = TODAY, **fields) -> Invoice:
    return services.record_invoice(
        company=account.company,
        account=account,
        issue_date=issued,
        lines=lines or (line(),),
        origin="issued",
        by=by,
        at=AT,
        **fields,
    )


@pytest.mark.parametrize(
    "amounts",
    [("60", "39.99"), ("100.01",), ("110", "-10"), ("100", "0")],
    ids=["less", "more", "negative", "nothing"],
)
def test_instalments_that_do_not_make_the_total_are_refused(
    account: CustomerAccount, accountant: User, amounts: tuple[str, ...]
):
    parts = [Instalment(day(i), Decimal(a)) for i, a in enumerate(amounts)]

    with pytest.raises(InstalmentsDoNotAddUp) as refusal:
        make_invoice(account, "100", by=accountant, instalments=parts)

    assert (refusal.value.code, refusal.value.status) == ("instalments_do_not_add_up", 422)
    assert not Invoice.objects.exists()


def test_dates_to_come_and_closed_periods_are_refused(account: CustomerAccount, accountant: User):
    oldest = -account.company.open_period_days
    with pytest.raises(DatedAhead):
        make_invoice(account, by=accountant, issued=day(1))
    with pytest.raises(ClosedPeriod):
        make_invoice(account, by=accountant, issued=day(oldest - 1))
    assert make_invoice(account, by=accountant, issued=day(oldest)).pk


def test_a_number_comes_once_per_company(account: CustomerAccount, accountant: User):
    make_invoice(account, by=accountant, number="F-1")
    with pytest.raises(KeyTaken) as refusal:
        make_invoice(account, "12", by=accountant, number="F-1")
    assert refusal.value.code == "key_conflict"


def test_rights_to_import_and_to_issue_are_two(account: CustomerAccount, accountant: User, rep: User):
    with pytest.raises(NotAllowed):
        make_invoice(account, by=rep)
    with pytest.raises(NotAllowed):
        issue(account, make_user("credit_manager", account.company))


def test_another_companys_client_is_refused(account: CustomerAccount, accountant: User):
    stranger = CustomerAccountFactory()
    with pytest.raises(OtherDebtor):
        services.record_invoice(
            company=account.company,
            account=stranger,
            number="X",
            issue_date=TODAY,
            total_incl_vat=Decimal(1),
            origin="imported",
            by=accountant,
            at=AT,
        )


def test_an_imported_document_keeps_its_own_number_total_and_dates(
    account: CustomerAccount, accountant: User
):
    invoice = make_invoice(account, "1234.56", by=accountant, number="FA2020-1", issued=day(-50), due=day(60))

    item = invoice.items.get()
    assert (item.kind, item.document, item.amount, item.open_amount) == (
        "INVOICE",
        "FA2020-1",
        Decimal("1234.56"),
        Decimal("1234.56"),
    )
    assert (item.issue_date, item.due_date, item.effective_date) == (day(-50), day(60), day(-50))
    assert (invoice.total_excl_vat, invoice.frozen) == (None, {})
    assert not NumberSeries.objects.exists()
    assert AuditEvent.objects.get(action="invoice.imported").object_label == "FA2020-1"
    assert woken() == []
    assert Work.objects.get().kind == "react:credit.standing.refresh_after"
    assert CreditLock.objects.filter(target_id=account.pk, level=3).exists()


def test_the_accounts_term_gives_a_missing_due_date(account: CustomerAccount, accountant: User):
    invoice = services.record_invoice(
        company=account.company,
        account=account,
        number="N",
        issue_date=date(2026, 1, 30),
        total_incl_vat=Decimal(5),
        origin="imported",
        by=accountant,
        at=AT,
    )
    assert (invoice.term, invoice.due_date) == ("NET30", date(2026, 3, 1))


def test_an_unreadable_term_is_named(account: CustomerAccount, accountant: User):
    with pytest.raises(Invalid) as refusal:
        issue(account, accountant, term="SOON")
    assert "term" in refusal.value.errors


def test_a_negative_import_is_a_credit_note(account: CustomerAccount, accountant: User):
    item = make_invoice(account, "-30", by=accountant).items.get()
    assert (item.kind, item.amount, item.open_amount) == ("CREDIT_NOTE", Decimal(-30), Decimal(-30))
    assert woken() == [account.pk]


def test_each_instalment_is_an_item_of_its_own(account: CustomerAccount, accountant: User):
    parts = [Instalment(day(60), Decimal("66.66")), Instalment(day(30), Decimal("33.34"))]

    invoice = make_invoice(account, "100", by=accountant, instalments=parts)

    rows = invoice.items.order_by("instalment").values_list("instalment", "due_date", "open_amount")
    assert list(rows) == [(1, day(30), Decimal("33.34")), (2, day(60), Decimal("66.66"))]
    assert invoice.due_date == day(60)


def test_issued_documents_take_the_next_number_and_compute_vat_once_per_rate(
    account: CustomerAccount, accountant: User
):
    lines = line("3", "1.05"), line("7", "0.33"), line("2", "9.99", "5.5"), line("1", "49.95", "10")

    first, second = issue(account, accountant, *lines), issue(account, accountant)

    assert [first.number, second.number] == ["FA2026-000001", "FA2026-000002"]
    assert (first.total_excl_vat, first.total_vat, first.total_incl_vat) == (
        Decimal("75.39"),
        Decimal("7.19"),
        Decimal("82.58"),
    )
    assert [entry["vat"] for entry in first.frozen["vat_breakdown"]] == ["1.10", "5.00", "1.09"]
    assert [row.net for row in first.lines.all()] == [
        Decimal("3.15"),
        Decimal("2.31"),
        Decimal("19.98"),
        Decimal("49.95"),
    ]


def test_what_a_document_shows_is_frozen(account: CustomerAccount, accountant: User):
    invoice = issue(account, accountant)
    account.name = "Renamed"
    account.save()

    invoice.refresh_from_db()
    assert invoice.frozen["buyer"]["name"] != "Renamed"
    assert invoice.frozen["buyer"]["siren"] == account.siren
    assert invoice.frozen["recovery_fee"] == "40.00"
    assert invoice.frozen["instalments"] == [{"due_date": "2026-12-23", "amount": "120.00"}]


def test_numbers_and_dates_rise_together(account: CustomerAccount, accountant: User):
    issue(account, accountant, issued=day(-1))
    with pytest.raises(IssueDateBeforeLast):
        issue(account, accountant, issued=day(-2))
    assert issue(account, accountant, issued=day(-1)).number == "FA2026-000002"


def test_years_and_companies_have_series_of_their_own(account: CustomerAccount, accountant: User):
    other = CustomerAccountFactory()
    issue(account, accountant)

    assert issue(other, make_user("adv_officer", other.company)).number == "FA2026-000001"
    assert issue(account, accountant, issued=date(2025, 12, 31)).number == "FA2025-000001"


def test_a_refused_act_gives_its_number_back(account: CustomerAccount, accountant: User):
    with transaction.atomic():
        assert issue(account, accountant).number == "FA2026-000001"
        transaction.set_rollback(True)

    assert issue(account, accountant).number == "FA2026-000001"


def test_our_own_numbers_cannot_be_chosen(account: CustomerAccount, accountant: User):
    with pytest.raises(NumberOfSeries):
        issue(account, accountant, number="FA2026-000009")
    assert issue(account, accountant, number="WEB-9").number == "WEB-9"


def test_a_document_without_lines_or_below_nothing_is_refused(account: CustomerAccount, accountant: User):
    with pytest.raises(NothingToBill):
        services.record_invoice(
            company=account.company, account=account, issue_date=TODAY, origin="issued", by=accountant, at=AT
        )
    with pytest.raises(NothingToBill):
        issue(account, accountant, line("-1"))


def test_a_total_that_is_not_that_of_the_lines_is_refused(account: CustomerAccount, accountant: User):
    with pytest.raises(Invalid):
        issue(account, accountant, total_incl_vat=Decimal("119.99"))


def test_the_legal_cap_holds_for_what_is_issued_and_not_for_what_is_imported(
    account: CustomerAccount, accountant: User
):
    with pytest.raises(BeyondLegalCap):
        issue(account, accountant, due_date=day(61))
    with pytest.raises(Invalid):
        issue(account, accountant, due_date=day(-1))
    assert issue(account, accountant, due_date=day(60)).due_date == day(60)
    assert make_invoice(account, by=accountant, issued=TODAY, due=day(200)).due_date == day(200)


def test_a_past_document_needs_the_right_to_import(
    account: CustomerAccount, accountant: User, company: Company
):
    clerk = make_user("adv_officer", company)
    assert issue(account, clerk, issued=day(-3)).issue_date == day(-3)
    issuing_only = make_user(None, company)
    role = type(clerk.role_grants.get().role).objects.create(code="biller", permissions=["invoicing.issue"])
    issuing_only.role_grants.create(company=company, role=role)

    with pytest.raises(NotAllowed):
        issue(account, User.objects.get(pk=issuing_only.pk), issued=day(-3))


def test_a_document_from_elsewhere_takes_its_order_out_of_the_exposure(
    account: CustomerAccount, accountant: User
):
    order = make_confirmed_order(account, by=accountant, lines=(("10", "100"), ("5", "10")))

    make_invoice(account, "480", by=accountant, order=order, lines=[line("4", "100", sku="A1")])
    assert [f"{row.invoiced:.0f}" for row in order.lines.all()] == ["4", "0"]
    make_invoice(account, "780", by=accountant, order=order)
    assert [f"{row.invoiced:.0f}" for row in order.lines.all()] == ["10", "5"]
    order.refresh_from_db()
    assert order.is_started
