"""Quotations: the credit answer is kept, nothing is taken; one quotation becomes one checked order."""

from __future__ import annotations

import threading
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Company, CustomerAccount, User
from credit import services as credit
from credit.models import CreditDecision
from credit.queries import exposure_of
from o2c.shared.calendar import paris_date
from o2c.shared.models import AuditEvent
from o2c.shared.problems import Invalid, NotAllowed
from orders import services
from orders.enums import QuotationState
from orders.models import Order, Quotation
from orders.queries import quotations_visible, shown_status
from orders.services.quotations import expire_quotations
from orders.services.refusals import (
    ChangedMeanwhile,
    CommentMissing,
    NumberTaken,
    OrderedAlready,
    QuotationEnded,
    QuotationNumberTaken,
    WrongState,
)
from tests.factories.orders import draft, line, quoted

pytestmark = pytest.mark.django_db


def ordered(quotation: Quotation, by: User, **options: object) -> Order:
    return services.make_order(quotation_id=quotation.pk, by=by, at=timezone.now(), **options)[0]  # type: ignore[arg-type]


def test_the_answer_of_its_day_is_kept_and_no_credit_is_taken(account: CustomerAccount, adv: User) -> None:
    quotation = quoted(account, "12000", by=adv)
    assert quotation.number == f"DEV-{timezone.localdate().year}-{int(quotation.number[-5:]):05d}"
    assert quotation.credit_answer["decision"] == "hold"
    assert quotation.credit_answer["over_limit_by"] == "2000.00"
    assert quotation.valid_until == quotation.quoted_on + timedelta(days=30)
    assert exposure_of(account, on=paris_date(timezone.now())).net == 0
    assert not CreditDecision.objects.exists()


def test_what_it_kept_stays_when_credit_changes(account: CustomerAccount, adv: User, manager: User) -> None:
    quotation = quoted(account, "8000", by=adv)
    at = timezone.now()
    credit.block(account_id=account.pk, reason="unpaid", review_on=None, by=manager, at=at)
    services.accept_quotation(quotation_id=quotation.pk, by=adv, at=at)
    order = ordered(quotation, adv)
    quotation.refresh_from_db()
    # A copy of an old offer is no way round a block (features A11).
    assert shown_status(order) == "on_hold"
    assert quotation.credit_answer["decision"] == "accept"
    assert quotation.state == QuotationState.ORDERED


def test_an_order_carries_lines_terms_and_reference(account: CustomerAccount, adv: User) -> None:
    delivery = timezone.localdate() + timedelta(days=9)
    quotation = quoted(
        account, "1200", by=adv, term="NET60", requested_delivery=delivery, customer_reference="PO 7"
    )
    order = ordered(quotation, adv, number="ORD-77")
    assert (order.number, order.term, order.requested_delivery, order.customer_reference) == (
        "ORD-77", "NET60", delivery, "PO 7",
    )  # fmt: skip
    assert order.total_incl_vat == quotation.total_incl_vat == Decimal("1200.00")
    assert shown_status(order) == "confirmed"


def test_a_draft_order_may_be_asked_for(account: CustomerAccount, adv: User) -> None:
    assert shown_status(ordered(quoted(account, "1200", by=adv), adv, submit=False)) == "draft"


def test_asked_twice_it_is_the_same_order(account: CustomerAccount, adv: User) -> None:
    quotation = quoted(account, "1200", by=adv)
    first = ordered(quotation, adv, number="ORD-1")
    again, is_new = services.make_order(quotation_id=quotation.pk, by=adv, at=timezone.now(), number="ORD-1")
    assert (again.pk, is_new) == (first.pk, False)
    with pytest.raises(OrderedAlready):
        ordered(quotation, adv, number="ORD-2")
    assert Order.objects.count() == 1


def test_a_number_of_another_order_is_refused_and_nothing_is_kept(
    account: CustomerAccount, adv: User
) -> None:
    draft(account, "100", by=adv, number="ORD-1")
    quotation = quoted(account, "1200", by=adv)
    with pytest.raises(NumberTaken):
        ordered(quotation, adv, number="ORD-1")
    quotation.refresh_from_db()
    assert quotation.state == QuotationState.DRAFT


def test_a_sent_one_does_not_change(account: CustomerAccount, adv: User) -> None:
    quotation = quoted(account, "1200", by=adv)
    at = timezone.now()
    changed = services.change_quotation(
        quotation_id=quotation.pk, by=adv, at=at, lines=[line("15000")], version=quotation.version
    )
    assert (changed.total_incl_vat, changed.credit_answer["decision"]) == (Decimal("15000.00"), "hold")
    with pytest.raises(ChangedMeanwhile):
        services.change_quotation(quotation_id=quotation.pk, by=adv, at=at, version=quotation.version)
    services.send_quotation(quotation_id=quotation.pk, by=adv, at=at)
    with pytest.raises(WrongState):
        services.change_quotation(quotation_id=quotation.pk, by=adv, at=at, lines=[line("1")])
    with pytest.raises(WrongState):
        services.send_quotation(quotation_id=quotation.pk, by=adv, at=at)


def test_declined_it_wants_a_reason_and_ends(account: CustomerAccount, adv: User) -> None:
    quotation = quoted(account, "1200", by=adv)
    at = timezone.now()
    with pytest.raises(CommentMissing):
        services.refuse_quotation(quotation_id=quotation.pk, reason=" ", by=adv, at=at)
    services.refuse_quotation(quotation_id=quotation.pk, reason="too dear", by=adv, at=at)
    for act in (services.accept_quotation, services.make_order):
        with pytest.raises(QuotationEnded):
            act(quotation_id=quotation.pk, by=adv, at=at)
    assert AuditEvent.objects.get(action="quotation.refused").reason == "too dear"


def test_it_runs_out_at_night_unless_accepted(account: CustomerAccount, adv: User) -> None:
    long_ago = timezone.now() - timedelta(days=40)
    late, accepted = quoted(account, "100", by=adv, at=long_ago), quoted(account, "200", by=adv, at=long_ago)
    running = quoted(account, "300", by=adv)
    services.accept_quotation(quotation_id=accepted.pk, by=adv, at=long_ago)
    with pytest.raises(QuotationEnded):
        ordered(late, adv)
    assert expire_quotations(at=timezone.now()) == 1
    assert expire_quotations(at=timezone.now()) == 0
    states = dict(Quotation.objects.values_list("pk", "state"))
    assert states == {late.pk: "EXPIRED", accepted.pk: "ACCEPTED", running.pk: "DRAFT"}
    assert shown_status(ordered(accepted, adv)) == "confirmed"


def test_refusals_at_entry(account: CustomerAccount, adv: User, analyst: User) -> None:
    with pytest.raises(NotAllowed):
        quoted(account, "100", by=analyst)
    with pytest.raises(Invalid):
        quoted(account, "100", by=adv, valid_until=timezone.localdate() - timedelta(days=1))
    with pytest.raises(Invalid):
        quoted(account, "100", by=adv, term="NEVER")
    quoted(account, "100", by=adv, number="Q-1")
    with pytest.raises(QuotationNumberTaken):
        quoted(account, "100", by=adv, number="Q-1")


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"state": "ORDERED"}, "quotation_ordered_has_its_order"),
        ({"state": "SENT"}, "quotation_sent_has_its_time"),
        ({"total_incl_vat": -1}, "quotation_totals_not_negative"),
        ({"valid_until": "2000-01-01"}, "quotation_ends_after_start"),
    ],
)
def test_the_database_refuses_what_cannot_be(
    account: CustomerAccount, adv: User, fields: dict[str, object], name: str
) -> None:
    quotation = quoted(account, "100", by=adv)
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        Quotation.objects.filter(pk=quotation.pk).update(**fields)


def test_one_order_has_one_quotation(account: CustomerAccount, adv: User) -> None:
    first, second = quoted(account, "100", by=adv), quoted(account, "100", by=adv)
    order = ordered(first, adv)
    with pytest.raises(IntegrityError), transaction.atomic():
        Quotation.objects.filter(pk=second.pk).update(order=order, state="ORDERED")


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_two_at_once_make_one_order(company: Company, account: CustomerAccount, adv: User) -> None:
    quotation = quoted(account, "1200", by=adv)
    made: list[int] = []

    def order() -> None:
        made.append(ordered(quotation, adv).pk)
        connection.close()

    threads = [threading.Thread(target=order) for _n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 4
    assert set(made) == {Order.objects.get().pk}


def test_the_list_costs_the_same_with_more_rows(account: CustomerAccount, adv: User) -> None:

    def cost() -> int:
        with CaptureQueriesContext(connection) as asked:
            for quotation in quotations_visible(adv, account.company):
                list(quotation.lines.all())
        return len(asked)

    quoted(account, "100", by=adv)
    one = cost()
    quoted(account, "100", by=adv)
    quoted(account, "100", by=adv)
    assert cost() == one
