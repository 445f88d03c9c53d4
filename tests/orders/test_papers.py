"""Evidence and purchase orders: what they hold, what frees an order at once, who may accept a difference."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, InternalError, transaction
from django.utils import timezone

from accounts.models import Company, CustomerAccount, User
from credit.models import RiskPolicy
from o2c.shared.files import received
from o2c.shared.problems import Invalid, NotAllowed
from orders import services
from orders.models import AcceptedDifference, HoldCase, Order, OrderConfirmation, OrderEvidence, PurchaseOrder
from orders.queries import active_holds, shown_status
from orders.services import PurchaseOrderLineInput
from orders.services.new_day import ask_before_delivery, check_before_delivery
from orders.services.refusals import CommentMissing, DifferenceUnknown, FourEyes, HeldAgain, WrongState
from tests.factories.accounts import make_user
from tests.factories.orders import line, open_item, submitted

pytestmark = pytest.mark.django_db
PDF = b"%PDF-1.7 signed"


def codes(order: Order) -> list[str]:
    return [hold.reason for hold in active_holds(Order.objects.get(pk=order.pk))]


def status(order: Order) -> str:
    return shown_status(Order.objects.get(pk=order.pk)).value


def their_order(
    order: Order, by: User, *, quantity: str = "1", price: str = "1000", **fields: object
) -> PurchaseOrder:
    return services.record_purchase_order(
        order_id=order.pk,
        number="PO-7",
        lines=[PurchaseOrderLineInput(Decimal(quantity), Decimal(price), sku="A1")],
        by=by,
        at=timezone.now(),
        **fields,  # type: ignore[arg-type]
    )


@pytest.fixture
def evidence_asked(account: CustomerAccount) -> None:
    """The client's class asks for evidence, in its company alone."""
    common = RiskPolicy.objects.get(company=None, risk_class=account.risk_class)
    common.pk, common.company, common.evidence_required = None, account.company, True
    common.save()


@pytest.fixture
def colleague(company: Company) -> User:
    """Somebody else of sales administration."""
    return make_user("adv_officer", company, "colleague")


# --- evidence ------------------------------------------------------------------------------------------------


def test_nothing_is_asked_where_no_class_asks(account: CustomerAccount, adv: User) -> None:
    assert status(submitted(account, "1200", by=adv)) == "confirmed"


@pytest.mark.usefixtures("evidence_asked")
def test_without_evidence_an_order_waits_and_a_number_frees_it(account: CustomerAccount, adv: User) -> None:
    order = submitted(account, "1200", by=adv)
    assert codes(order) == ["EVIDENCE_MISSING"]
    services.add_evidence(order_id=order.pk, channel="email", reference="PO-7", by=adv, at=timezone.now())
    assert (status(order), codes(order)) == ("confirmed", [])


@pytest.mark.usefixtures("evidence_asked")
def test_evidence_alone_does_not_free_what_is_over_the_limit(account: CustomerAccount, adv: User) -> None:
    order = submitted(account, "12000", by=adv)
    assert set(codes(order)) == {"EVIDENCE_MISSING", "OVER_LIMIT"}
    services.add_evidence(order_id=order.pk, channel="mail", reference="PO-7", by=adv, at=timezone.now())
    assert codes(order) == ["OVER_LIMIT"]


@pytest.mark.usefixtures("evidence_asked")
def test_it_may_come_before_the_check(account: CustomerAccount, adv: User) -> None:
    at = timezone.now()
    order = services.create_order(
        company=account.company, account=account, lines=[line("1200")], by=adv, at=at
    )
    services.add_evidence(order_id=order.pk, channel="email", file=received("po.pdf", PDF), by=adv, at=at)
    assert status(services.submit(order_id=order.pk, by=adv, at=at)) == "confirmed"


@pytest.mark.usefixtures("evidence_asked")
def test_another_of_sales_administration_releases_it_whatever_the_amount(
    account: CustomerAccount, adv: User, colleague: User
) -> None:
    order = submitted(account, "9000", by=adv)
    assert HoldCase.objects.get(order=order).required_level == 1
    with pytest.raises(FourEyes):
        services.release(order_id=order.pk, comment="signed on site", by=adv, at=timezone.now())
    services.release(order_id=order.pk, comment="signed on site", by=colleague, at=timezone.now())
    assert status(order) == "confirmed"


def test_a_file_is_kept_with_its_hash_and_never_changes(account: CustomerAccount, adv: User) -> None:
    order = submitted(account, "1200", by=adv)
    kept = services.add_evidence(
        order_id=order.pk, channel="email", file=received("../po.pdf", PDF), by=adv, at=timezone.now()
    )
    assert (kept.name, kept.size, len(kept.sha256)) == ("po.pdf", len(PDF), 64)
    assert kept.file.read() == PDF
    with pytest.raises(InternalError), transaction.atomic():
        OrderEvidence.objects.filter(pk=kept.pk).update(reference="other")
    with pytest.raises(InternalError), transaction.atomic():
        OrderEvidence.objects.filter(pk=kept.pk).delete()


def test_refusals_of_evidence(account: CustomerAccount, adv: User, analyst: User) -> None:
    order = submitted(account, "1200", by=adv)
    at = timezone.now()
    with pytest.raises(Invalid):
        services.add_evidence(order_id=order.pk, channel="email", by=adv, at=at)
    with pytest.raises(NotAllowed):
        services.add_evidence(order_id=order.pk, channel="email", reference="x", by=analyst, at=at)
    services.cancel(order_id=order.pk, reason="withdrawn", by=adv, at=at)
    with pytest.raises(WrongState):
        services.add_evidence(order_id=order.pk, channel="email", reference="x", by=adv, at=at)


@pytest.mark.parametrize("name", ["po.html", "po.pdf", "po.svg", "po.eml"])
def test_what_is_no_document_is_refused(name: str) -> None:
    with pytest.raises(Invalid):
        received(name, b"<script>alert(1)</script>")
    assert received("po.eml", b"From: a@b.example\r\n\r\nOK").content_type == "message/rfc822"


def test_evidence_is_something(account: CustomerAccount, adv: User) -> None:
    order = submitted(account, "1200", by=adv)
    with pytest.raises(IntegrityError, match="evidence_is_a_file_or_a_reference"):
        OrderEvidence.objects.create(
            order=order, channel="email", recorded_by=adv, recorded_at=timezone.now()
        )


# --- the client's purchase order -----------------------------------------------------------------------------


def test_an_equal_one_changes_nothing(account: CustomerAccount, adv: User) -> None:
    order = submitted(account, "1200", by=adv)
    their_order(order, adv)
    assert status(order) == "confirmed"


def test_a_difference_holds_a_confirmed_order_with_its_figures(account: CustomerAccount, adv: User) -> None:
    order = submitted(account, "1200", by=adv)
    their_order(order, adv, quantity="2")
    assert codes(order) == ["PO_MISMATCH"]
    hold = active_holds(Order.objects.get(pk=order.pk))[0]
    assert hold.figures == {
        "number": "PO-7", "differences": 1, "amount": "1000.00", "places": ["10.quantity"],
    }  # fmt: skip
    with pytest.raises(HeldAgain):
        services.deliver(order_id=order.pk, by=adv, at=timezone.now())


def test_a_corrected_paper_or_a_corrected_order_frees_it(account: CustomerAccount, adv: User) -> None:
    order = submitted(account, "1200", by=adv)
    their_order(order, adv, quantity="2")
    their_order(order, adv)
    assert status(order) == "confirmed"
    their_order(order, adv, quantity="2")
    services.change_order(
        order_id=order.pk,
        lines=[services.LineInput("A1", "Goods", Decimal(2), Decimal(1000), line=10)],
        by=adv,
        at=timezone.now(),
    )
    assert (status(order), codes(order)) == ("confirmed", [])
    assert PurchaseOrder.objects.filter(order=order, replaced_at=None).count() == 1


def test_a_difference_is_accepted_by_somebody_else_with_a_reason(
    account: CustomerAccount, adv: User, colleague: User
) -> None:
    order = submitted(account, "1200", by=adv)
    their_order(order, adv, quantity="2", price="900")
    at = timezone.now()
    with pytest.raises(CommentMissing):
        services.accept_difference(order_id=order.pk, place="10.quantity", reason="", by=colleague, at=at)
    with pytest.raises(FourEyes):
        services.accept_difference(order_id=order.pk, place="10.quantity", reason="x", by=adv, at=at)
    services.accept_difference(
        order_id=order.pk, place="10.quantity", reason="rest in May", by=colleague, at=at
    )
    assert codes(order) == ["PO_MISMATCH"]
    with pytest.raises(DifferenceUnknown):
        services.accept_difference(
            order_id=order.pk, place="10.quantity", reason="again", by=colleague, at=at
        )
    services.accept_difference(
        order_id=order.pk, place="10.unit_price", reason="list price", by=colleague, at=at
    )
    assert (status(order), AcceptedDifference.objects.count()) == ("confirmed", 2)


def test_what_was_accepted_is_that_difference_alone(
    account: CustomerAccount, adv: User, colleague: User
) -> None:
    order = submitted(account, "1200", by=adv)
    their_order(order, adv, quantity="2")
    at = timezone.now()
    services.accept_difference(
        order_id=order.pk, place="10.quantity", reason="rest in May", by=colleague, at=at
    )
    services.change_order(
        order_id=order.pk,
        lines=[services.LineInput("A1", "Goods", Decimal(3), Decimal(1000), line=10)],
        by=adv,
        at=at,
    )
    assert codes(order) == ["PO_MISMATCH"]


def test_refusals_of_a_purchase_order(account: CustomerAccount, adv: User) -> None:
    order = submitted(account, "1200", by=adv)
    with pytest.raises(Invalid):
        services.record_purchase_order(order_id=order.pk, number="PO-7", lines=[], by=adv, at=timezone.now())
    with pytest.raises(Invalid):
        their_order(order, adv, term="NEVER")


# --- confirmation, production, the day before -----------------------------------------------------------------


def test_a_confirmation_is_issued_once_and_replaced_after_a_change(
    account: CustomerAccount, adv: User
) -> None:
    order = submitted(account, "1200", by=adv)
    at = timezone.now()
    first = services.issue_confirmation(order_id=order.pk, by=adv, at=at)
    assert first.file.read().startswith(b"%PDF-")
    assert services.issue_confirmation(order_id=order.pk, by=adv, at=at).pk == first.pk
    services.deliver(order_id=order.pk, by=adv, at=at, lines=[(10, Decimal("0.5"))])
    assert services.issue_confirmation(order_id=order.pk, by=adv, at=at).pk == first.pk
    services.change_order(order_id=order.pk, customer_reference="PO-9", by=adv, at=at)
    second = services.issue_confirmation(order_id=order.pk, by=adv, at=at)
    first.refresh_from_db()
    assert (second.issue, first.replaced_at, second.number) == (2, at, f"ARC-{order.number}-2")
    with pytest.raises(InternalError), transaction.atomic():
        OrderConfirmation.objects.filter(pk=first.pk).update(sha256="0" * 64)


def test_only_a_confirmed_order_is_confirmed(account: CustomerAccount, adv: User, analyst: User) -> None:
    held, fits = submitted(account, "90000", by=adv), submitted(account, "1200", by=adv)
    at = timezone.now()
    with pytest.raises(WrongState):
        services.issue_confirmation(order_id=held.pk, by=adv, at=at)
    with pytest.raises(NotAllowed):
        services.issue_confirmation(order_id=fits.pk, by=analyst, at=at)
    services.hold(order_id=fits.pk, comment="wait", by=adv, at=at)
    with pytest.raises(WrongState):
        services.issue_confirmation(order_id=fits.pk, by=adv, at=at)


def test_production_starts_once_after_a_check(account: CustomerAccount, adv: User) -> None:
    order = submitted(account, "1200", by=adv)
    at = timezone.now()
    started = services.start_production(order_id=order.pk, by=adv, at=at)
    assert (started.production_started_at, started.production_started_by) == (at, adv)
    with pytest.raises(WrongState):
        services.start_production(order_id=order.pk, by=adv, at=at)


@pytest.mark.parametrize("checks", [True, False])
def test_a_company_may_leave_the_check_before_production_out(
    company: Company, account: CustomerAccount, adv: User, checks: bool
) -> None:
    company.checks_before_production = checks
    company.save()
    order = submitted(account, "1200", by=adv)
    open_item(account, "9500", due=timezone.localdate() + timedelta(days=5))
    at = timezone.now()
    if checks:
        with pytest.raises(HeldAgain):
            services.start_production(order_id=order.pk, by=adv, at=at)
        assert status(order) == "on_hold"
    else:
        services.start_production(order_id=order.pk, by=adv, at=at)
        assert status(order) == "confirmed"


def test_a_held_order_does_not_start_without_the_check(
    company: Company, account: CustomerAccount, adv: User
) -> None:
    company.checks_before_production = False
    company.save()
    order = submitted(account, "1200", by=adv)
    services.hold(order_id=order.pk, comment="wait", by=adv, at=timezone.now())
    with pytest.raises(WrongState):
        services.start_production(order_id=order.pk, by=adv, at=timezone.now())


def test_the_day_before_it_leaves_an_order_is_looked_at_again(account: CustomerAccount, adv: User) -> None:
    today = timezone.localdate()
    tomorrow = today + timedelta(days=1)
    leaving = submitted(account, "1200", by=adv, requested_delivery=tomorrow)
    later = submitted(account, "1200", by=adv, requested_delivery=tomorrow + timedelta(days=1))
    open_item(account, "9000", due=today + timedelta(days=9))
    assert ask_before_delivery(today) == 1
    assert check_before_delivery(work=None, order_id=leaving.pk, day=f"{tomorrow}") == {"held": 1}
    assert check_before_delivery(work=None, order_id=later.pk, day=f"{tomorrow}") == {"held": 0}
    assert (status(leaving), status(later)) == ("on_hold", "confirmed")
    assert ask_before_delivery(today) == 0
