"""Every outcome: what it does to items, matches, what is disputed, exposure, expected days, holds and interest."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from accounts.models import CustomerAccount, User
from credit.exposure import Cuts, read
from disputes import policy, proofs, services
from disputes.enums import DisputeOutcome, DisputeType
from disputes.models import Dispute
from dunning.queries.plan import read_plan
from dunning.services.scenarios import ensure_scenario
from invoicing import proofs as book
from invoicing import services as invoicing
from invoicing.einvoicing.policy import EInvoiceStatus
from invoicing.einvoicing.services import record_status
from invoicing.expected.queries import expected_parts
from invoicing.interest_queries import interest_of
from invoicing.models import Allocation, EInvoice, Invoice
from invoicing.queries import items_on
from invoicing.services.credit_authority import AuthorityExceeded
from o2c.shared.models import Work
from o2c.shared.problems import Invalid, NotAllowed
from tests.factories.accounts import make_user
from tests.factories.invoicing import AT, TODAY, assume_rates, make_invoice

from .build import qualified, react, ten_days_on

pytestmark = pytest.mark.django_db


@dataclass(frozen=True)
class After:
    """What an outcome leaves of an invoice of 1000 of which 400 were disputed.

    :ivar reminded: what the next reminder asks for
    :ivar interest_on: of how much interest may be claimed for the days so far: nothing while it is disputed; what
        is credited never bore any, what is given or written off did until then
    """

    status: str
    open_amount: str
    disputed: str
    credits: int
    reminded: str
    interest_on: str


# With no amount named all that is disputed is taken off, where anything is.
TABLE = {
    DisputeOutcome.CREDIT_NOTE: After("CLOSED", "600.00", "0", 1, "600.00", "600"),
    DisputeOutcome.REINVOICE: After("CLOSED", "0.00", "0", 1, "0", "0"),
    DisputeOutcome.REJECTED: After("REJECTED", "1000.00", "0", 0, "1000.00", "1000"),
    DisputeOutcome.GOODWILL: After("CLOSED", "600.00", "0", 1, "600.00", "1000"),
    DisputeOutcome.REPLACEMENT: After("RESOLVED", "1000.00", "400.00", 0, "600.00", "0"),
    DisputeOutcome.RETURN: After("RESOLVED", "1000.00", "400.00", 0, "600.00", "0"),
    DisputeOutcome.DOCUMENT_SENT: After("CLOSED", "1000.00", "0", 0, "1000.00", "1000"),
    DisputeOutcome.SETTLEMENT: After("CLOSED", "600.00", "0", 1, "600.00", "600"),
    DisputeOutcome.WRITE_OFF: After("CLOSED", "600.00", "0", 0, "600.00", "1000"),
}


def the_item(invoice: Invoice) -> Any:
    accounts = CustomerAccount.objects.filter(pk=invoice.account_id)
    return items_on(accounts, on=TODAY).get(invoice=invoice)


def resolve(dispute: Dispute, outcome: DisputeOutcome, by: User, **fields: object) -> Dispute:
    given = {"reason": "counted again", "root_cause": "PICKING.QUANTITY"} | fields
    return services.resolve(dispute_id=dispute.pk, outcome=outcome, by=by, at=AT, **given)  # type: ignore[arg-type]


def net(account: CustomerAccount) -> Decimal:
    book_read = read([account.pk], currency="EUR", cuts=Cuts.on(TODAY))
    return book_read.of(account.pk).exposure().net


def asked_for(account: CustomerAccount) -> Decimal:
    """What the next reminder asks of the client."""
    ensure_scenario(account.company)
    letters, _left_out = read_plan(account.company, as_of=TODAY)
    return sum((letter.total for letter in letters), Decimal(0))


def claimable(invoice: Invoice) -> Decimal:
    """Interest that may be claimed of an invoice today."""
    return interest_of([invoice.pk], TODAY)[invoice.pk].claimable_interest


def sound() -> bool:
    return [*book.differences(today=TODAY), *proofs.differences()] == []


@pytest.mark.parametrize("outcome", list(TABLE), ids=str)
def test_what_an_outcome_does_to_the_book(
    outcome: DisputeOutcome, account: CustomerAccount, invoice: Invoice, adv: User, logistics: User, company
):
    chief = make_user("executive", company)
    assume_rates(TODAY)
    whole = claimable(invoice)
    dispute = qualified(invoice, by=adv, owner=logistics)
    assert (claimable(invoice), asked_for(account)) == (Decimal(0), Decimal(600))
    before = net(account)
    contested = {part.amount: part.expected.day for part in expected_parts([the_item(invoice)], on=TODAY)}
    assert contested[Decimal("400.00")] is not None
    assert contested[Decimal("400.00")] >= ten_days_on()
    Work.objects.all().delete()

    done = resolve(dispute, outcome, chief)

    wanted, item = TABLE[outcome], the_item(invoice)
    assert (done.status, item.open_on, item.disputed_on) == (
        wanted.status, Decimal(wanted.open_amount), Decimal(wanted.disputed),
    )  # fmt: skip
    assert done.credits.count() == wanted.credits
    assert (done.outcome, done.root_cause, done.decided_by) == (outcome, "PICKING.QUANTITY", chief)
    # Exposure falls by exactly what was taken off; what is matched is what closed it.
    taken_off = Decimal(1000) - item.open_on
    assert before - net(account) == taken_off
    matched = sum((row.amount for row in Allocation.objects.filter(debit=item)), Decimal(0))
    assert matched == taken_off
    assert asked_for(account) == Decimal(wanted.reminded)
    assert abs(claimable(invoice) - whole * Decimal(wanted.interest_on) / 1000) < Decimal("0.01")
    # What is left is expected as any other item, without a resolution to wait for.
    if not item.disputed_on and item.open_on:
        assert [part.amount for part in expected_parts([item], on=TODAY)] == [item.open_on]
    # Held orders are examined again, and figures refreshed.
    if wanted.status != "RESOLVED":
        assert Work.objects.filter(kind="react:orders.services.reexamine_held").exists()
    assert sound()


def test_a_part_is_credited_and_the_rest_is_payable(
    invoice: Invoice, adv: User, logistics: User, manager: User
):
    dispute = qualified(invoice, by=adv, owner=logistics)
    done = resolve(dispute, DisputeOutcome.CREDIT_NOTE, manager, amount=Decimal("150.00"))
    item = the_item(invoice)
    assert (done.status, done.outcome_amount) == ("CLOSED", Decimal(150))
    assert (item.open_on, item.disputed_on) == (850, 0)
    note = done.credits.get().request.credit_note
    assert note is not None
    assert note.corrects == invoice
    with pytest.raises(policy.WrongState):
        resolve(dispute, DisputeOutcome.GOODWILL, manager)


def test_above_the_own_authority_the_case_waits_for_the_credit_note(
    account: CustomerAccount, accountant: User, adv: User, logistics: User, company
):
    invoice = make_invoice(account, "9000.00", by=accountant)
    dispute = qualified(invoice, "8000.00", by=adv, owner=logistics)
    done = resolve(dispute, DisputeOutcome.CREDIT_NOTE, adv)
    assert (done.status, the_item(invoice).disputed_on) == ("RESOLVED", 8000)
    waiting = services.waiting_credit(done)
    assert waiting is not None

    chief = make_user("executive", company)
    invoicing.approve_credit_note(request_id=waiting.pk, reason="ok", by=chief, at=AT)
    react()
    done.refresh_from_db()
    assert (done.status, the_item(invoice).open_on) == ("CLOSED", 1000)
    assert not invoice.items.get().disputed_amounts.filter(effective_to=None).exists()
    assert sound()


def test_a_refused_credit_note_gives_the_case_back(
    account: CustomerAccount, accountant: User, adv: User, logistics: User, company
):
    invoice = make_invoice(account, "9000.00", by=accountant)
    dispute = qualified(invoice, "8000.00", by=adv, owner=logistics)
    waiting = services.waiting_credit(resolve(dispute, DisputeOutcome.CREDIT_NOTE, adv))
    assert waiting is not None
    invoicing.refuse_credit_note(
        request_id=waiting.pk, reason="prove it", by=make_user("executive", company), at=AT
    )
    react()
    dispute.refresh_from_db()
    assert (dispute.status, dispute.outcome, the_item(invoice).disputed_on) == ("IN_PROGRESS", "", 8000)
    assert sound()


@pytest.mark.parametrize(
    ("outcome", "left"), [(DisputeOutcome.RETURN, "600.00"), (DisputeOutcome.REPLACEMENT, "1000.00")]
)
def test_goods_come_back_first(
    outcome: DisputeOutcome, left: str, invoice: Invoice, adv: User, logistics: User, manager: User
):
    dispute = qualified(invoice, by=adv, owner=logistics)
    resolve(dispute, outcome, manager)
    done = services.receive_goods(dispute_id=dispute.pk, by=manager, at=AT)
    assert (done.status, the_item(invoice).open_on, the_item(invoice).disputed_on) == (
        "CLOSED",
        Decimal(left),
        0,
    )
    with pytest.raises(policy.WrongState):
        services.receive_goods(dispute_id=dispute.pk, by=manager, at=AT)
    assert sound()


def test_a_document_sent_completes_a_suspended_einvoice(invoice: Invoice, adv: User, logistics: User):
    dispute = qualified(invoice, by=adv, owner=logistics, kind=DisputeType.MISSING_DOCUMENT)
    record_status(
        invoice_id=invoice.pk, status=EInvoiceStatus.SUSPENDED, reason_code="JUSTIF_ABS", by=adv, at=AT
    )
    resolve(dispute, DisputeOutcome.DOCUMENT_SENT, adv)
    assert EInvoice.objects.get(invoice=invoice).status == EInvoiceStatus.COMPLETED


def test_a_loss_above_the_authority_is_refused_and_nothing_is_written(
    account: CustomerAccount, accountant: User, adv: User, logistics: User
):
    invoice = make_invoice(account, "90000.00", by=accountant)
    dispute = qualified(invoice, "80000.00", by=adv, owner=logistics)
    with pytest.raises(AuthorityExceeded):
        resolve(dispute, DisputeOutcome.WRITE_OFF, adv)
    dispute.refresh_from_db()
    assert (dispute.status, the_item(invoice).open_on) == ("QUALIFIED", 90000)


def test_decisions_need_a_reason_a_cause_and_the_right(invoice: Invoice, adv: User, logistics: User):
    dispute = qualified(invoice, by=adv, owner=logistics)
    with pytest.raises(Invalid):
        resolve(dispute, DisputeOutcome.CREDIT_NOTE, adv, reason=" ")
    with pytest.raises(Invalid):
        resolve(dispute, DisputeOutcome.CREDIT_NOTE, adv, root_cause="")
    with pytest.raises(NotAllowed):
        resolve(dispute, DisputeOutcome.CREDIT_NOTE, logistics)
    with pytest.raises(policy.OutcomeAmount):
        resolve(dispute, DisputeOutcome.CREDIT_NOTE, adv, amount=Decimal("400.01"))


def test_a_rejected_dispute_is_payable_from_its_original_date_again(invoice: Invoice, adv: User):
    from .build import opened

    dispute = opened(invoice, by=adv)
    done = services.reject(dispute_id=dispute.pk, reason="signed for", by=adv, at=AT + timedelta(days=3))
    item = the_item(invoice)
    assert (done.status, done.outcome, done.root_cause) == ("REJECTED", "REJECTED", "CUSTOMER_PROCESS")
    assert item.due_date == TODAY - timedelta(days=30)
    assert sound()


def test_a_case_is_reopened_once_for_what_is_open_still(
    invoice: Invoice, adv: User, logistics: User, manager: User
):
    dispute = qualified(invoice, by=adv, owner=logistics)
    services.reject(dispute_id=dispute.pk, reason="signed for", by=adv, at=AT)
    again = services.reopen(dispute_id=dispute.pk, reason="photo found", by=adv, at=AT)
    assert (again.status, again.amount, again.outcome, again.closed_on) == (
        "REOPENED",
        Decimal(400),
        "",
        None,
    )
    assert the_item(invoice).disputed_on == 400
    resolve(again, DisputeOutcome.CREDIT_NOTE, manager)
    with pytest.raises(policy.ReopenedBefore):
        services.reopen(dispute_id=dispute.pk, by=adv, at=AT)
    assert sound()


def test_what_is_credited_meanwhile_cannot_be_disputed_again(
    account: CustomerAccount, accountant: User, adv: User, logistics: User, manager: User
):
    invoice = make_invoice(account, "400.00", by=accountant)
    dispute = qualified(invoice, by=adv, owner=logistics)
    resolve(dispute, DisputeOutcome.CREDIT_NOTE, manager)
    with pytest.raises(policy.NothingOpen):
        services.reopen(dispute_id=dispute.pk, by=adv, at=AT)


def test_who_opened_it_withdraws_it(invoice: Invoice, adv: User, accountant: User, logistics: User):
    dispute = qualified(invoice, by=accountant, owner=logistics)
    with pytest.raises(NotAllowed):
        services.withdraw(dispute_id=dispute.pk, by=logistics, at=AT)
    done = services.withdraw(dispute_id=dispute.pk, reason="found them", by=accountant, at=AT)
    assert (done.status, the_item(invoice).disputed_on) == ("WITHDRAWN", 0)
    assert sound()
