"""Selling invoices to a factor: sent, received, taken back, money passed on."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models import Company, CustomerAccount, User
from credit import standing
from credit.alerts.services import look
from credit.alerts.words import remedy, sentence
from credit.factoring.queries import agreement_in_force
from credit.factoring.services import NoAgreement
from credit.models import CreditAlert, FactorAgreement
from invoicing import proofs, services
from invoicing.enums import Origin
from invoicing.factoring import queries
from invoicing.factoring.alerts import disputed_sold, money_to_pass_on
from invoicing.factoring.enums import LeftOut
from invoicing.factoring.services import (
    NothingChosen,
    NotSellable,
    NotToPassOn,
    ReceivedAlready,
    pass_on,
    receive_batch,
    send_batch,
    take_back,
)
from invoicing.models import Assignment, AssignmentBatch, EInvoice, FactorRemittance, ReceivableItem
from o2c.shared.models import AuditEvent
from o2c.shared.problems import Invalid, NotAllowed, NotFound
from tests.factories.accounts import CustomerAccountFactory, LegalEntityFactory, make_user
from tests.factories.factoring import IBAN, approve, make_agreement, sell
from tests.factories.invoicing import AT, TODAY, day, make_confirmed_order, make_credit, make_item
from tests.factories.orders import give_limit
from tests.invoicing.test_proofs import behind_the_back

pytestmark = pytest.mark.django_db
SIREN = "732829320"
D = Decimal


@pytest.fixture
def account(company: Company) -> CustomerAccount:
    return CustomerAccountFactory(company=company, entity=LegalEntityFactory(siren=SIREN))


@pytest.fixture
def item(account: CustomerAccount, accountant: User) -> ReceivableItem:
    make_agreement(account.company)
    approve(account)
    return make_item(account, "300", by=accountant, due=day(20))


def reasons(item: ReceivableItem, by: User) -> tuple[LeftOut, ...]:
    found = queries.proposal(_agreement(item.company), by, on=TODAY)
    return next(offer.reasons for row, offer in (*found.sellable, *found.left_out) if row.pk == item.pk)


def _agreement(company: Company) -> FactorAgreement:
    found = agreement_in_force(company, on=TODAY)
    assert found is not None
    return found


def test_sent_received_and_taken_back(item: ReceivableItem, accountant: User) -> None:
    batch = send_batch(company=item.company, item_ids=[item.pk], by=accountant, at=AT)
    assert (batch.number, batch.eligible, batch.fund, batch.financed) == (
        "BC-2026-0001",
        D(300),
        D(30),
        D(225),
    )
    row = Assignment.objects.get()
    assert (row.state, row.account_id, row.amount, row.with_recourse) == (
        "sent",
        item.account_id,
        D(300),
        False,
    )
    assert send_batch(company=item.company, item_ids=[item.pk], by=accountant, at=AT) == batch
    receive_batch(batch_id=batch.pk, received_on=TODAY, by=accountant, at=AT)
    receive_batch(batch_id=batch.pk, received_on=TODAY, by=accountant, at=AT)
    row.refresh_from_db()
    assert (row.state, row.effective_from) == ("sold", TODAY)
    with pytest.raises(Invalid):
        take_back(assignment_id=row.pk, reason=" ", by=accountant, at=AT)
    take_back(assignment_id=row.pk, reason="asked back", by=accountant, at=AT + timedelta(days=2))
    take_back(assignment_id=row.pk, reason="again", by=accountant, at=AT + timedelta(days=3))
    row.refresh_from_db()
    assert (row.state, row.ended_on, row.end_reason) == ("taken_back", day(2), "asked back")
    acts = ["batch.sent", "batch.received", "item.taken_back"]
    kept = AuditEvent.objects.filter(action__in=acts).order_by("pk")
    assert list(kept.values_list("action", flat=True)) == acts
    assert list(proofs.differences(today=TODAY)) == []
    # It may be sold again.
    again = sell(item, by=accountant, at=AT + timedelta(days=3))
    assert again.number == "BC-2026-0002"
    assert list(proofs.differences(today=day(3))) == []


def test_every_refusal_to_send(item: ReceivableItem, accountant: User, rep: User) -> None:
    company = item.company
    with pytest.raises(NothingChosen):
        send_batch(company=company, item_ids=[], by=accountant, at=AT)
    with pytest.raises(NotAllowed):
        send_batch(company=company, item_ids=[item.pk], by=make_user("credit_manager", company), at=AT)
    with pytest.raises(NotFound):
        send_batch(company=company, item_ids=[item.pk], by=make_user("receivables_accountant"), at=AT)
    with pytest.raises(NotFound):
        send_batch(company=company, item_ids=[0], by=accountant, at=AT)
    late = AT.replace(year=2025)
    with pytest.raises(NoAgreement):
        send_batch(company=company, item_ids=[item.pk], by=accountant, at=late)
    services.dispute_amount(item_id=item.pk, amount=Decimal(1), on=TODAY, by=accountant, at=AT)
    with pytest.raises(NotSellable) as refused:
        send_batch(company=company, item_ids=[item.pk], by=accountant, at=AT)
    assert refused.value.errors == {item.document: [LeftOut.DISPUTED.label]}
    assert not AssignmentBatch.objects.exists()


def test_a_receipt_has_its_day(item: ReceivableItem, accountant: User, rep: User) -> None:
    batch = send_batch(company=item.company, item_ids=[item.pk], by=accountant, at=AT)
    for wrong in (day(-1), day(1)):
        with pytest.raises(Invalid):
            receive_batch(batch_id=batch.pk, received_on=wrong, by=accountant, at=AT)
    with pytest.raises(NotAllowed):
        receive_batch(batch_id=batch.pk, received_on=TODAY, by=make_user("auditor", item.company), at=AT)
    with pytest.raises(NotFound):
        receive_batch(batch_id=batch.pk, received_on=TODAY, by=rep, at=AT)
    later = AT + timedelta(days=1)
    receive_batch(batch_id=batch.pk, received_on=TODAY, by=accountant, at=later)
    with pytest.raises(ReceivedAlready):
        receive_batch(batch_id=batch.pk, received_on=day(1), by=accountant, at=later)


def test_what_is_on_its_way_is_taken_back_too_and_never_counts(
    item: ReceivableItem, accountant: User, rep: User
) -> None:
    batch = send_batch(company=item.company, item_ids=[item.pk], by=accountant, at=AT)
    row = batch.assignments.get()
    with pytest.raises(NotFound):
        take_back(assignment_id=row.pk, reason="no", by=rep, at=AT)
    with pytest.raises(NotAllowed):
        take_back(assignment_id=row.pk, reason="no", by=make_user("auditor", item.company), at=AT)
    take_back(assignment_id=row.pk, reason="refused", by=accountant, at=AT)
    receive_batch(batch_id=batch.pk, received_on=TODAY, by=accountant, at=AT)
    row.refresh_from_db()
    assert (row.effective_from, row.state) == (None, "taken_back")
    assert queries.sold_sums([item.account_id], on=TODAY) == []


def test_what_the_book_says_against_selling(
    item: ReceivableItem, account: CustomerAccount, accountant: User
) -> None:
    assert reasons(item, accountant) == ()
    assert item.invoice is not None
    EInvoice.objects.create(invoice=item.invoice, status="REFUSED", reason_code="DOUBLON", since=AT)
    assert reasons(item, accountant) == (LeftOut.NOT_ACCEPTED,)
    make_credit(account, "5", by=accountant)
    assert reasons(item, accountant) == (LeftOut.NOT_ACCEPTED, LeftOut.OFFSET)


def test_public_bodies_and_private_persons_are_left_out(company: Company, accountant: User) -> None:
    make_agreement(company)
    for siren, reason in (("130005481", LeftOut.PUBLIC), (None, LeftOut.NO_BUSINESS)):
        client = CustomerAccountFactory(company=company, entity=LegalEntityFactory(siren=siren))
        approve(client)
        assert reasons(make_item(client, by=accountant, due=day(9)), accountant) == (reason,)


def test_clients_the_factor_does_not_take_are_counted(item: ReceivableItem, accountant: User) -> None:
    other = CustomerAccountFactory(company=item.company)
    make_item(other, "40", by=accountant)
    found = queries.proposal(_agreement(item.company), accountant, on=TODAY)
    assert ([row.pk for row, _offer in found.sellable], found.others) == ([item.pk], (1, D(40)))
    assert (found.financing.eligible, found.financing.financed) == (D(300), D(225))


def test_a_proposal_asks_as_often_for_one_as_for_three(
    item: ReceivableItem, account: CustomerAccount, accountant: User
) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as queries_made:
            queries.proposal(_agreement(item.company), accountant, on=TODAY)
        return len(queries_made)

    asked()
    one = asked()
    for _place in range(2):
        make_item(account, "50", by=accountant, due=day(20))
    assert asked() == one


def test_money_that_is_the_factor_s_is_passed_on_once(
    item: ReceivableItem, account: CustomerAccount, accountant: User, rep: User
) -> None:
    sell(item, by=accountant)
    paid = make_credit(account, "100", by=accountant)
    match = services.allocate(
        from_item_id=paid.pk, to_item_id=item.pk, amount=Decimal(100), by=accountant, at=AT
    )
    assert [row.pk for row in queries.to_pass_on(accountant)] == [match.pk]
    assert list(queries.to_pass_on(rep)) == []
    events = list(money_to_pass_on(account_ids=[account.pk], since=day(-9), on=TODAY))
    assert [(event.key, event.amount) for event in events] == [(str(match.pk), D(100))]
    given: dict[str, Any] = {"allocation_id": match.pk, "at": AT}
    for wrong in (day(-1), day(1)):
        with pytest.raises(Invalid):
            pass_on(passed_on=wrong, by=accountant, **given)
    with pytest.raises(NotAllowed):
        pass_on(passed_on=TODAY, by=make_user("auditor", item.company), **given)
    with pytest.raises(NotFound):
        pass_on(passed_on=TODAY, by=rep, **given)
    done = pass_on(passed_on=TODAY, by=accountant, **given)
    assert pass_on(passed_on=TODAY, by=accountant, **given) == done
    with pytest.raises(NotToPassOn):
        pass_on(passed_on=day(1), by=accountant, allocation_id=match.pk, at=AT + timedelta(days=1))
    assert list(queries.to_pass_on(accountant)) == []
    assert list(money_to_pass_on(account_ids=[account.pk], since=day(-9), on=TODAY)) == []
    assert list(proofs.differences(today=TODAY)) == []
    with pytest.raises(DatabaseError), transaction.atomic():
        FactorRemittance.objects.update(amount=1)


def test_what_is_not_the_factor_s_money(account: CustomerAccount, accountant: User) -> None:
    make_agreement(account.company, is_notified=True)
    approve(account)
    item = make_item(account, "300", by=accountant, due=day(20))
    before = make_credit(account, "10", by=accountant, received=day(-1))
    early = services.allocate(
        from_item_id=before.pk, to_item_id=item.pk, amount=Decimal(10), by=accountant, at=AT
    )
    sell(item, by=accountant, at=AT + timedelta(days=1))
    later = AT + timedelta(days=1)
    own = make_credit(account, "20", by=accountant, payer_iban=IBAN, at=later)
    services.allocate(from_item_id=own.pk, to_item_id=item.pk, amount=Decimal(20), by=accountant, at=later)
    undone = make_credit(account, "30", by=accountant, at=later)
    match = services.allocate(
        from_item_id=undone.pk, to_item_id=item.pk, amount=Decimal(30), by=accountant, at=later
    )
    services.unallocate(allocation_id=match.pk, by=accountant, at=later)
    assert list(queries.to_pass_on(accountant)) == []
    assert list(money_to_pass_on(account_ids=[account.pk], since=day(-9), on=day(1))) == []
    with pytest.raises(NotToPassOn):
        pass_on(allocation_id=early.pk, passed_on=day(1), by=accountant, at=later)


def test_a_dispute_of_what_is_sold_is_told(item: ReceivableItem, accountant: User) -> None:
    sell(item, by=accountant)
    asked: dict[str, Any] = {"account_ids": [item.account_id], "since": day(-9), "on": TODAY}
    assert list(disputed_sold(**asked)) == []
    services.dispute_amount(item_id=item.pk, amount=Decimal(80), on=TODAY, by=accountant, at=AT)
    (event,) = disputed_sold(**asked)
    assert (event.amount, event.figures["document"], event.figures["factor"]) == (
        D(80),
        item.document,
        "Factor SA",
    )


def test_the_database_keeps_one_sale_of_an_item(item: ReceivableItem, accountant: User) -> None:
    batch = sell(item, by=accountant)
    row = batch.assignments.get()
    other = AssignmentBatch.objects.create(
        company=batch.company, agreement=batch.agreement, number="X", currency="EUR", eligible=1, financed=0, fund=0,
        sent_on=TODAY, sent_at=AT, sent_by=accountant,
    )  # fmt: skip
    given: dict[str, Any] = {
        "batch": other, "company": batch.company, "account": row.account, "item": item, "with_recourse": True,
        "is_notified": False,
    }  # fmt: skip
    with pytest.raises(IntegrityError, match="one_live_assignment_per_item"), transaction.atomic():
        Assignment.objects.create(amount=1, **given)
    for change in ({"amount": 1}, {"with_recourse": True}, {"ended_on": TODAY}):
        with pytest.raises(DatabaseError), transaction.atomic():
            Assignment.objects.filter(pk=row.pk).update(**change)
    with pytest.raises(DatabaseError), transaction.atomic():
        AssignmentBatch.objects.filter(pk=batch.pk).update(received_on=day(1))
    for kept in (row, batch):
        with pytest.raises(DatabaseError), transaction.atomic():
            type(kept)._base_manager.filter(pk=kept.pk)._raw_delete("default")


def test_the_proofs_name_a_batch_that_does_not_add_up(item: ReceivableItem, accountant: User) -> None:
    batch = sell(item, by=accountant)
    behind_the_back("UPDATE invoicing_assignmentbatch SET eligible = 1")
    assert [(row.proof, row.document) for row in proofs.differences(company=item.company, today=TODAY)] == [
        ("items of a batch", batch.number)
    ]


def test_an_invoice_ahead_of_its_delivery_is_left_out(account: CustomerAccount, accountant: User) -> None:
    make_agreement(account.company)
    approve(account, "9000")
    give_limit(account, "9000")
    order = make_confirmed_order(account, by=make_user("adv_officer", account.company))
    made = services.issue_from_order(order_id=order.pk, by=accountant, at=AT)
    assert made.origin == Origin.ISSUED
    assert LeftOut.NOT_DELIVERED in reasons(made.items.get(), accountant)


def test_alerts_say_what_to_do(item: ReceivableItem, account: CustomerAccount, accountant: User) -> None:
    sell(item, by=accountant)
    services.dispute_amount(item_id=item.pk, amount=Decimal(80), on=TODAY, by=accountant, at=AT)
    paid = make_credit(account, "100", by=accountant)
    services.allocate(from_item_id=paid.pk, to_item_id=item.pk, amount=Decimal(100), by=accountant, at=AT)
    standing.refresh([account.pk], at=AT)
    look([account.pk], on=TODAY, at=AT)
    said = {
        alert.kind: (sentence(alert), remedy(alert)) for alert in CreditAlert.objects.filter(account=account)
    }
    assert item.document in said["SOLD_DISPUTED"][0]
    assert "Factor SA" in said["TO_PASS_ON"][0]
    assert said["SOLD_DISPUTED"][1] != said["TO_PASS_ON"][1]
