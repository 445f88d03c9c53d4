"""Credit notes: as far as one may alone, by somebody else above, put on what is open, the order free again."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from accounts.models import Company, CustomerAccount, User
from invoicing import policy, services
from invoicing.enums import Origin
from invoicing.models import CreditNoteRequest, Invoice
from invoicing.policy import Instalment
from invoicing.services import CreditLine
from invoicing.services.credit_authority import AuthorityExceeded, FourEyes
from invoicing.services.credit_notes import NotCreditable, NotWaiting, OverCredited
from invoicing.services.documents import NumberOfSeries
from o2c.shared.models import AuditEvent
from o2c.shared.problems import Invalid, NotAllowed, NotFound
from o2c.shared.vat import vat_totals
from tests.factories.accounts import make_user
from tests.factories.invoicing import (
    AT,
    TODAY,
    day,
    line,
    make_confirmed_order,
    make_credit,
    make_invoice,
    woken,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def manager(company: Company) -> User:
    return make_user("credit_manager", company)


def issued(account: CustomerAccount, by: User, *lines, **fields) -> Invoice:
    """An invoice of the portal's own series, issued today."""
    return services.record_invoice(
        company=account.company,
        account=account,
        issue_date=TODAY,
        lines=lines or (line("10", "100"),),
        origin=Origin.ISSUED,
        by=by,
        at=AT,
        **fields,
    )


def credit(invoice: Invoice, by: User, amount: str | None = None, **fields) -> CreditNoteRequest:
    return services.credit_invoice(
        invoice_id=invoice.pk,
        amount=None if amount is None else Decimal(amount),
        reason=fields.pop("reason", "Wrong price"),
        by=by,
        at=AT,
        **fields,
    )


def note_of(request: CreditNoteRequest) -> Invoice:
    """The document of a request that is issued."""
    assert request.credit_note is not None
    return request.credit_note


def open_amounts(invoice: Invoice) -> list[str]:
    return [str(item.open_amount) for item in invoice.items.order_by("instalment")]


class TestWithinOnesOwnAuthority:
    def test_it_is_issued_in_its_own_series_and_put_on_the_invoice(self, account, accountant):
        invoice = issued(account, accountant)
        first, second = credit(invoice, accountant, "120.00"), credit(invoice, accountant, "60.00")
        assert (first.status, first.number, second.number) == ("issued", "AV2026-000001", "AV2026-000002")
        note = note_of(first)
        assert (note.kind, note.corrects, note.total_incl_vat) == ("CREDIT_NOTE", invoice, Decimal("-120.00"))
        assert (note.total_excl_vat, note.total_vat) == (Decimal("-100.00"), Decimal("-20.00"))
        assert note.frozen["corrects"] == {"number": invoice.number, "issue_date": str(TODAY)}
        assert open_amounts(invoice) == ["1020.00"]
        assert open_amounts(note) == ["0.00"]
        assert woken() == [account.pk] * len(woken())
        assert woken()

    def test_it_names_who_asked_and_who_issued_in_the_journal(self, account, accountant):
        credit(make_invoice(account, "100", by=accountant), accountant, "10")
        acts = list(AuditEvent.objects.filter(action__startswith="credit_note.").order_by("pk"))
        assert [event.action for event in acts] == ["credit_note.requested", "credit_note.issued"]
        assert acts[1].actor == accountant.username
        assert acts[1].after == {**(acts[0].after or {}), "status": "issued"}

    def test_instalments_are_settled_oldest_first_and_the_rest_stays_a_credit(self, account, accountant):
        parts = [Instalment(day(30), Decimal("100.00")), Instalment(day(10), Decimal("50.00"))]
        invoice = make_invoice(account, "150", by=accountant, instalments=parts)
        credit(invoice, accountant, "70")
        assert open_amounts(invoice) == ["0.00", "80.00"]
        paid = make_credit(account, "80", by=accountant)
        open_item = invoice.items.get(instalment=2)
        services.allocate(
            from_item_id=paid.pk, to_item_id=open_item.pk, amount=Decimal(80), by=accountant, at=AT
        )
        note = note_of(credit(invoice, accountant, "80"))
        assert open_amounts(note) == ["-80.00"]

    def test_lines_take_what_they_leave_out_from_the_invoice(self, account, accountant):
        invoice = issued(account, accountant, line("10", "20", "20", sku="A1"), line("1", "100", "5.5"))
        made = credit(invoice, accountant, lines=[CreditLine(Decimal(2), line=1)])
        told = [(each.sku, each.quantity, each.net) for each in note_of(made).lines.all()]
        assert told == [("A1", Decimal("-2.000"), Decimal("-40.00"))]
        assert made.amount == Decimal("48.00")

    def test_the_whole_invoice_is_credited_line_by_line(self, account, accountant):
        invoice = issued(account, accountant, line("3", "33.33"), line("1", "10", "5.5"))
        note = note_of(credit(invoice, accountant, str(invoice.total_incl_vat)))
        assert note.total_excl_vat == Decimal("-109.99")
        assert note.lines.count() == 2
        assert open_amounts(invoice) == ["0.00"]


class TestAboveOnesOwnAuthority:
    def test_it_waits_and_books_nothing_until_somebody_else_approves(self, account, accountant, manager):
        invoice = make_invoice(account, "2000", by=accountant)
        pending = credit(invoice, accountant, "500.01")
        assert (pending.status, pending.number, pending.credit_note) == ("pending", "", None)
        assert open_amounts(invoice) == ["2000.00"]
        done = services.approve_credit_note(request_id=pending.pk, reason="agreed", by=manager, at=AT)
        assert (done.status, done.decided_by, done.number) == ("issued", manager, "AV2026-000001")
        assert open_amounts(invoice) == ["1499.99"]
        with pytest.raises(NotWaiting):
            services.approve_credit_note(request_id=pending.pk, by=manager, at=AT)

    def test_who_asked_or_issued_does_not_approve(self, account, company, accountant, manager):
        invoice = issued(account, accountant)
        pending = credit(invoice, make_user("adv_officer", company), "1000")
        with pytest.raises(FourEyes) as refusal:
            services.approve_credit_note(request_id=pending.pk, by=accountant, at=AT)
        assert refusal.value.required_role == "credit_manager"

    def test_an_approver_has_a_level_too(self, account, company, accountant):
        pending = credit(make_invoice(account, "9000", by=accountant), accountant, "6000")
        with pytest.raises(AuthorityExceeded) as refusal:
            services.approve_credit_note(
                request_id=pending.pk, by=make_user("credit_manager", company), at=AT
            )
        assert refusal.value.required_role == "finance_director"

    def test_a_refused_one_leaves_no_gap_and_its_number_free(self, account, accountant, manager):
        invoice = make_invoice(account, "2000", by=accountant)
        pending = credit(invoice, accountant, "900", number="CN-1")
        services.refuse_credit_note(request_id=pending.pk, reason="not ours", by=manager, at=AT)
        again = credit(invoice, accountant, "100", number="CN-1")
        assert (again.status, again.number) == ("issued", "CN-1")
        assert credit(invoice, accountant, "1").number == "AV2026-000001"

    def test_a_strange_currency_without_rate_waits(self, account, accountant):
        invoice = make_invoice(account, "100", by=accountant, currency="USD")
        assert credit(invoice, accountant, "10").status == "pending"


class TestRefusals:
    def test_more_than_what_is_left_is_refused_what_waits_included(self, account, accountant):
        invoice = make_invoice(account, "1000", by=accountant)
        credit(invoice, accountant, "600")
        with pytest.raises(OverCredited):
            credit(invoice, accountant, "400.01")
        credit(invoice, accountant, "400")

    def test_a_credit_note_cannot_be_credited(self, account, accountant):
        with pytest.raises(NotCreditable):
            credit(make_invoice(account, "-10", by=accountant), accountant, "1")

    def test_no_reason_no_amount_both_or_fractions(self, account, accountant):
        invoice = make_invoice(account, "100", by=accountant)
        lines = [CreditLine(Decimal(1), description="x", unit_price=Decimal(1))]
        for wrong in (
            {"amount": "1", "reason": " "},
            {},
            {"amount": "1", "lines": lines},
            {"amount": "0"},
            {"amount": "-1"},
            {"amount": "0.001"},
            {"lines": [CreditLine(Decimal(1), line=9)]},
            {"lines": [CreditLine(Decimal(-1), description="x", unit_price=Decimal(1))]},
            {"lines": [CreditLine(Decimal(1))]},
        ):
            with pytest.raises(Invalid):
                credit(invoice, accountant, **wrong)

    def test_without_the_right_or_out_of_sight(self, account, accountant, rep, company):
        invoice = make_invoice(account, "100", by=accountant)
        with pytest.raises(NotAllowed):
            credit(invoice, make_user("auditor", company), "1")
        with pytest.raises(NotFound):
            credit(invoice, rep, "1")
        with pytest.raises(NumberOfSeries):
            credit(invoice, accountant, "1", number="AV2026-000009")

    def test_the_database_keeps_four_eyes_and_the_note_with_its_request(self, account, accountant):
        pending = credit(make_invoice(account, "2000", by=accountant), accountant, "900")
        for wrong in ({"decided_by": accountant}, {"status": "issued"}, {"amount": 0}):
            with pytest.raises(IntegrityError), transaction.atomic():
                CreditNoteRequest.objects.filter(pk=pending.pk).update(**wrong)


def test_an_order_may_be_invoiced_again_after_a_whole_credit_note_for_it(account, company, accountant):
    director = make_user("executive", company)
    order = make_confirmed_order(account, by=director, delivered=("10",))
    invoice = services.issue_from_order(order_id=order.pk, by=accountant, at=AT)
    part = credit(invoice, accountant, "10", reason_code=policy.REINVOICE)
    assert part.status == "issued"
    assert [each.invoiced for each in order.lines.all()] == [Decimal(10)]
    order = make_confirmed_order(account, by=director, delivered=("10",))
    other = services.issue_from_order(order_id=order.pk, by=accountant, at=AT)
    credit(other, director, str(other.total_incl_vat), reason_code=policy.REINVOICE)
    assert [each.invoiced for each in order.lines.all()] == [Decimal(0)]
    again = services.issue_from_order(order_id=order.pk, by=accountant, at=AT)
    assert again.total_incl_vat == other.total_incl_vat


@pytest.mark.parametrize("amount", ["0.01", "0.03", "99.99", "100.00", "1234.56"])
def test_an_amount_is_split_over_the_rates_to_the_cent(amount):
    whole = vat_totals(
        [(Decimal(1), Decimal(1000), Decimal(20)), (Decimal(3), Decimal("99.99"), Decimal("5.5"))]
    )
    part = policy.part_of_totals(Decimal(amount), whole)
    assert part.incl == part.excl + part.vat == Decimal(amount)
    assert sum(each.base + each.vat for each in part.by_rate) == Decimal(amount)
