"""Documents and payments entered together: as if each had come alone, in a few statements."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models import Company, CustomerAccount, User
from accounts.services import Effect
from invoicing import services
from invoicing.enums import Origin
from invoicing.models import Invoice, InvoiceLine, Payment, ReceivableItem
from invoicing.policy import ClosedPeriod, DatedAhead, Instalment, InstalmentsDoNotAddUp, LineInput
from invoicing.services import DocumentRow, KeyTaken, PaymentRow, many
from o2c.shared.models import AuditEvent
from o2c.shared.problems import Invalid, NotAllowed
from orders.enums import OrderState
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user
from tests.factories.invoicing import AT, day, make_confirmed_order, woken

pytestmark = pytest.mark.django_db

LINES = (
    LineInput("Goods", Decimal(2), Decimal("10.005"), Decimal(20), "A1"),
    LineInput("Post", Decimal(1), Decimal(5)),
)


def document(
    account: CustomerAccount, number: str, total: str | None = "100.00", **fields: Any
) -> DocumentRow:
    return DocumentRow(
        account=account,
        number=number,
        issue_date=fields.pop("issue_date", day(-60)),
        total_incl_vat=None if total is None else Decimal(total),
        creation_hash=fields.pop("creation_hash", f"hash of {number}"),
        **fields,
    )


def money(account: CustomerAccount | None, external_id: str, amount: str = "50", **fields: Any) -> PaymentRow:
    return PaymentRow(
        account=account,
        external_id=external_id,
        received_on=fields.pop("received_on", day(-1)),
        amount=Decimal(amount),
        currency="EUR",
        method="transfer",
        creation_hash=fields.pop("creation_hash", f"hash of {external_id}"),
        **fields,
    )


def stored(model: type[Any], *but: str) -> list[dict[str, Any]]:
    """Rows as they are, without the keys that differ from one booking to the next."""
    left_out = {"id", "invoice_id", "payment_id", "object_id", "number", "document", "object_label", *but}
    left_out |= {"external_id", "creation_hash", "request_id"}
    return [
        {k: v for k, v in row.items() if k not in left_out} for row in model.objects.order_by("pk").values()
    ]


def test_documents_are_stored_as_each_alone_would_be(
    company: Company, account: CustomerAccount, accountant: User
):
    parts = (Instalment(day(-20), Decimal(40)), Instalment(day(-10), Decimal(60)))
    rows = [
        document(account, "A", due_date=day(-30), customer_reference="PO 7"),
        document(account, "B", "-15.50", term="NET45", currency="USD"),
        document(account, "C", None, lines=LINES, due_date=day(-5)),
        document(account, "D", instalments=parts),
        document(account, "E", "0.00"),
    ]
    for row in rows:
        services.record_invoice(
            company=company,
            account=account,
            number=f"1-{row.number}",
            issue_date=row.issue_date,
            due_date=row.due_date,
            term=row.term or None,
            currency=row.currency or None,
            total_incl_vat=row.total_incl_vat,
            lines=list(row.lines),
            origin=Origin.IMPORTED,
            instalments=list(row.instalments),
            customer_reference=row.customer_reference,
            by=accountant,
            at=AT,
        )
    alone = [stored(model) for model in (Invoice, InvoiceLine, ReceivableItem, AuditEvent)]

    verdicts = services.enter_documents(company=company, rows=rows, by=accountant, at=AT)

    assert verdicts == [Effect.CREATED] * 5
    both = [stored(model) for model in (Invoice, InvoiceLine, ReceivableItem, AuditEvent)]
    assert [rows_of[len(rows_of) // 2 :] for rows_of in both] == alone
    assert len(both[2]) == 2 * 6


def test_payments_are_stored_as_each_alone_would_be(
    company: Company, account: CustomerAccount, accountant: User
):
    rows = [
        money(account, "A", reference="FA 1", payer_name="Acme"),
        money(None, "B"),
        money(account, "C", "0.01"),
    ]
    for row in rows:
        services.record_payment(
            company=company,
            account=account if row.account else None,
            external_id=f"1-{row.external_id}",
            received_on=row.received_on,
            amount=row.amount,
            currency=row.currency,
            method=row.method,
            reference=row.reference,
            payer_name=row.payer_name,
            by=accountant,
            at=AT,
        )
    alone = [stored(model) for model in (Payment, ReceivableItem, AuditEvent)]

    verdicts = services.enter_payments(company=company, rows=rows, by=accountant, at=AT)

    assert verdicts == [Effect.CREATED] * 3
    both = [stored(model) for model in (Payment, ReceivableItem, AuditEvent)]
    assert [rows_of[len(rows_of) // 2 :] for rows_of in both] == alone


def test_each_row_is_judged_for_itself(company: Company, account: CustomerAccount, accountant: User):
    foreign = CustomerAccountFactory(company=CompanyFactory())
    rows = [
        document(account, "GOOD"),
        document(account, "AHEAD", issue_date=day(1)),
        document(account, "CLOSED", issue_date=day(-5000)),
        document(account, "CENTS", "1.005"),
        document(account, "SUM", "9", instalments=(Instalment(day(0), Decimal(8)),)),
        document(account, "TERM", term="WHENEVER"),
        document(account, "GOOD"),
        document(account, "GOOD", creation_hash="other"),
        document(foreign, "FOREIGN"),
    ]
    verdicts = services.enter_documents(company=company, rows=rows, by=accountant, at=AT)
    assert [v if isinstance(v, Effect) else type(v) for v in verdicts] == [
        Effect.CREATED,
        DatedAhead,
        ClosedPeriod,
        Invalid,
        InstalmentsDoNotAddUp,
        Invalid,
        Effect.UNCHANGED,
        KeyTaken,
        many.policy.OtherDebtor,
    ]
    assert list(Invoice.objects.values_list("number", flat=True)) == ["GOOD"]
    again = services.enter_documents(company=company, rows=rows[:1], by=accountant, at=AT)
    assert (again, Invoice.objects.count()) == ([Effect.UNCHANGED], 1)

    payments = [
        money(account, "ZERO", "0"),
        money(account, "OLD", received_on=day(-5000)),
        money(account, "P"),
    ]
    verdicts = services.enter_payments(company=company, rows=payments, by=accountant, at=AT)
    assert [v if isinstance(v, Effect) else type(v) for v in verdicts] == [
        Invalid,
        ClosedPeriod,
        Effect.CREATED,
    ]


def test_a_document_that_a_ledger_brought_is_known_by_its_content(
    company: Company, account: CustomerAccount, accountant: User
):
    row = services.ImportedRow(
        account_id=account.pk,
        number="L1",
        issue_date=day(-60),
        due_date=day(-30),
        currency="EUR",
        amount=Decimal(100),
    )
    with transaction.atomic():
        services.book_imported(company=company, rows=[row], by=accountant, at=AT)
    rows = [document(account, "L1", due_date=day(-30)), document(account, "L1", "101")]
    verdicts = services.enter_documents(company=company, rows=rows, by=accountant, at=AT)
    assert (verdicts[0], type(verdicts[1])) == (Effect.UNCHANGED, KeyTaken)


def test_only_who_may_enters_them(company: Company, account: CustomerAccount):
    adv, auditor = make_user("adv_officer", company), make_user("auditor", company)
    with pytest.raises(NotAllowed):
        services.enter_documents(company=company, rows=[document(account, "1")], by=auditor, at=AT)
    with pytest.raises(NotAllowed):
        services.enter_payments(company=company, rows=[money(account, "1")], by=adv, at=AT)
    assert not Invoice.objects.exists()
    assert not Payment.objects.exists()


def test_statements_do_not_grow_with_the_rows(company: Company, account: CustomerAccount, accountant: User):
    accounts = [account, *(CustomerAccountFactory(company=company) for _ in range(9))]

    def statements(start: int, count: int) -> int:
        rows = [document(accounts[n % 10], f"F{n}") for n in range(start, start + count)]
        with CaptureQueriesContext(connection) as caught:
            services.enter_documents(company=company, rows=rows, by=accountant, at=AT)
        return len(caught)

    statements(0, 10)  # makes the lock rows
    assert statements(10, 10) == statements(20, 500)


def test_waiting_orders_are_examined_only_where_credit_was_freed(
    company: Company, account: CustomerAccount, accountant: User
):
    make_confirmed_order(account, by=accountant, state=OrderState.SUBMITTED)
    other = CustomerAccountFactory(company=company)
    services.enter_documents(
        company=company, rows=[document(account, "1"), document(other, "2")], by=accountant, at=AT
    )
    assert woken() == []
    services.enter_payments(
        company=company, rows=[money(account, "1"), money(other, "2")], by=accountant, at=AT
    )
    assert woken() == [account.pk]


def test_a_number_stored_meanwhile_is_found_at_the_second_look(
    company: Company, account: CustomerAccount, accountant: User, monkeypatch: pytest.MonkeyPatch
):
    services.enter_documents(company=company, rows=[document(account, "1")], by=accountant, at=AT)
    known, looks = many._known, []

    def blind_at_first(*args: Any) -> dict[str, Any]:
        looks.append(args)
        return known(*args) if len(looks) > 1 else {}

    monkeypatch.setattr(many, "_known", blind_at_first)
    rows = [document(account, "1"), document(account, "2")]
    assert services.enter_documents(company=company, rows=rows, by=accountant, at=AT) == [
        Effect.UNCHANGED,
        Effect.CREATED,
    ]
    assert sorted(Invoice.objects.values_list("number", flat=True)) == ["1", "2"]
