"""Acts of orders against a real database: what is held, who may decide, what each transition does."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from accounts.models import Company, CustomerAccount, TeamMember, User
from credit import services as credit
from credit.models import CreditDecision
from credit.queries import exposure_of
from o2c.shared import work
from o2c.shared.calendar import paris_date
from o2c.shared.models import AuditEvent
from o2c.shared.problems import Invalid, NotAllowed, RuleRefused
from orders import services
from orders.enums import OrderState
from orders.models import HoldCase, Order, OrderHold, Release
from orders.queries import shown_status
from orders.services.refusals import (
    AlreadyHeld,
    AuthorityExceeded,
    BelowDelivered,
    ChangedMeanwhile,
    CommentMissing,
    FourEyes,
    HeldAgain,
    NumberTaken,
    WrongState,
)
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user
from tests.factories.orders import draft, give_limit, line, open_item, submitted

pytestmark = pytest.mark.django_db


@pytest.fixture
def company() -> Company:
    return CompanyFactory(code="DEMO")


@pytest.fixture
def account(company: Company) -> CustomerAccount:
    account = CustomerAccountFactory(company=company)
    give_limit(account, "10000")
    return account


@pytest.fixture
def adv(company: Company) -> User:
    return make_user("adv_officer", company)


@pytest.fixture
def credit_manager(company: Company) -> User:
    return make_user("credit_manager", company)


def codes(order: Order) -> set[str]:
    return set(OrderHold.objects.filter(case__order=order, lifted_at=None).values_list("reason", flat=True))


def net(account: CustomerAccount) -> Decimal:
    return exposure_of(account, on=paris_date(timezone.now())).net


def test_an_order_within_the_limit_is_confirmed_and_counts(account: CustomerAccount, adv: User) -> None:
    order = submitted(account, "10000", by=adv)
    assert shown_status(order) == "confirmed"
    assert net(account) == Decimal("10000.00")
    assert order.last_decision is not None
    assert order.last_decision.verdict == "accept"


def test_a_cent_over_the_limit_is_held_and_counts_nothing(account: CustomerAccount, adv: User) -> None:
    order = submitted(account, "10000.01", by=adv)
    assert shown_status(order) == "on_hold"
    assert codes(order) == {"OVER_LIMIT"}
    assert OrderHold.objects.get(case__order=order).figures == {"excess": "0.01"}
    assert net(account) == 0
    assert exposure_of(account, on=paris_date(timezone.now())).figures.on_hold == Decimal("10000.01")


def test_a_hold_names_all_reasons_with_their_figures(account: CustomerAccount, adv: User) -> None:
    today = paris_date(timezone.now())
    open_item(account, "9000", due=today - timedelta(days=23))
    order = submitted(account, "4000", by=adv)
    assert codes(order) == {"OVER_LIMIT", "OVERDUE_DAYS", "OVERDUE_AMOUNT"}
    figures = {h.reason: h.figures for h in OrderHold.objects.filter(case__order=order)}
    assert figures["OVER_LIMIT"] == {"excess": "3000.00"}
    assert figures["OVERDUE_DAYS"] == {"amount": "9000.00", "oldest_days": 23, "allowed_days": 15}
    assert figures["OVERDUE_AMOUNT"] == {"amount": "9000.00", "threshold": "900.00"}


def test_no_decision_raises_only_no_limit(company: Company, adv: User) -> None:
    order = submitted(CustomerAccountFactory(company=company), "100", by=adv)
    assert codes(order) == {"NO_LIMIT"}


def test_zero_is_a_decision_and_unlimited_has_no_bound(company: Company, adv: User) -> None:
    none, free = CustomerAccountFactory(company=company), CustomerAccountFactory(company=company)
    give_limit(none, "0")
    give_limit(free, None)
    assert codes(submitted(none, "0.01", by=adv)) == {"OVER_LIMIT"}
    assert shown_status(submitted(free, "900000", by=adv)) == "confirmed"


def test_an_expired_limit_counts_nothing(company: Company, adv: User) -> None:
    account = CustomerAccountFactory(company=company)
    give_limit(account, "10000", valid_until=paris_date(timezone.now()) - timedelta(days=1))
    assert codes(submitted(account, "100", by=adv)) == {"OVER_LIMIT", "REVIEW_EXPIRED"}


def test_release_confirms_with_the_facts_of_the_moment(
    account: CustomerAccount, adv: User, credit_manager: User
) -> None:
    order = submitted(account, "12000", by=adv)
    released = services.release(
        order_id=order.pk, comment="Chantier public", by=credit_manager, at=timezone.now()
    )
    assert shown_status(released) == "confirmed"
    release = Release.objects.get()
    assert (release.amount, release.covers) == (Decimal("12000.00"), {"OVER_LIMIT": {"excess": "2000.00"}})
    assert net(account) == Decimal("12000.00")
    assert codes(order) == set()
    assert list(
        AuditEvent.objects.filter(object_label=order.number).order_by("pk").values_list("action", flat=True)
    ) == ["order.entered", "order.submitted", "order.held", "order.released", "order.confirmed"]


def test_authority_counts_the_part_over_the_limit(account: CustomerAccount, adv: User) -> None:
    analyst = make_user("credit_analyst", account.company)
    small = submitted(account, "20000", by=adv)
    large = submitted(account, "20000.01", by=adv)
    with pytest.raises(AuthorityExceeded) as refused:
        services.release(order_id=large.pk, comment="ok", by=analyst, at=timezone.now())
    assert refused.value.required_role == "credit_manager"
    assert (
        shown_status(services.release(order_id=small.pk, comment="ok", by=analyst, at=timezone.now()))
        == "confirmed"
    )


def test_who_entered_or_sells_the_order_does_not_release_it(
    company: Company, account: CustomerAccount
) -> None:
    manager = make_user("credit_manager", company)
    own = submitted(account, "12000", by=make_user("adv_officer", company))
    Order.objects.filter(pk=own.pk).update(submitted_by=manager)
    with pytest.raises(FourEyes):
        services.release(order_id=own.pk, comment="ok", by=manager, at=timezone.now())
    bonus = make_user("finance_director", company)
    TeamMember.objects.create(
        account=account, user=bonus, role="credit", valid_from=paris_date(timezone.now()), has_bonus=True
    )
    with pytest.raises(FourEyes):
        services.release(order_id=own.pk, comment="ok", by=bonus, at=timezone.now())


def test_four_eyes_hold_in_the_database_too(account: CustomerAccount, adv: User) -> None:
    order = submitted(account, "12000", by=adv)
    decision = CreditDecision.objects.get()
    with pytest.raises(IntegrityError, match="release_four_eyes"), transaction.atomic():
        Release.objects.create(
            order=order,
            decision=decision,
            amount=1,
            term="NET30",
            valid_until=paris_date(timezone.now()),
            reason="x",
            requested_by=adv,
            approved_by=adv,
            approved_at=timezone.now(),
            order_submitted_by=adv,
        )


def test_no_right_no_release(account: CustomerAccount, adv: User) -> None:
    order = submitted(account, "12000", by=adv)
    for role in ("sales", "receivables_accountant", "auditor", "administrator", "integration"):
        with pytest.raises(NotAllowed):
            services.release(
                order_id=order.pk, comment="ok", by=make_user(role, account.company), at=timezone.now()
            )
    with pytest.raises(CommentMissing):
        services.release(order_id=order.pk, comment=" ", by=adv, at=timezone.now())


def test_a_blocked_account_needs_level_three(
    account: CustomerAccount, adv: User, credit_manager: User
) -> None:
    credit.block(account_id=account.pk, reason="Litige en cours", by=credit_manager, at=timezone.now())
    order = submitted(account, "100", by=adv)
    assert codes(order) == {"ACCOUNT_BLOCKED"}
    with pytest.raises(AuthorityExceeded) as refused:
        services.release(
            order_id=order.pk,
            comment="ok",
            by=make_user("credit_analyst", account.company),
            at=timezone.now(),
        )
    assert refused.value.required_role == "credit_manager"


def test_held_by_hand_is_lifted_by_its_author_or_by_credit(account: CustomerAccount, adv: User) -> None:
    order = submitted(account, "100", by=adv)
    held = services.hold(order_id=order.pk, comment="Adresse à vérifier", by=adv, at=timezone.now())
    assert shown_status(held) == "on_hold"
    with pytest.raises(AlreadyHeld):
        services.hold(order_id=order.pk, comment="encore", by=adv, at=timezone.now())
    with pytest.raises(NotAllowed):
        services.release(
            order_id=order.pk, comment="ok", by=make_user("adv_officer", account.company), at=timezone.now()
        )
    assert (
        shown_status(services.release(order_id=order.pk, comment="vu", by=adv, at=timezone.now()))
        == "confirmed"
    )


def test_refusal_ends_the_order(account: CustomerAccount, adv: User, credit_manager: User) -> None:
    order = submitted(account, "12000", by=adv)
    refused = services.refuse(order_id=order.pk, reason="Trop risqué", by=credit_manager, at=timezone.now())
    assert shown_status(refused) == "refused"
    assert HoldCase.objects.get().status == "REFUSED"
    with pytest.raises(WrongState):
        services.release(order_id=order.pk, comment="ok", by=credit_manager, at=timezone.now())


def test_refusing_an_order_held_again_ends_it(
    account: CustomerAccount, adv: User, credit_manager: User
) -> None:
    orders = [
        services.create_order(
            company=account.company,
            account=account,
            lines=[services.LineInput("A", "Goods", Decimal(10), Decimal(100))],
            by=adv,
            at=timezone.now(),
        )
        for _ in range(2)
    ]
    for order in orders:
        services.submit(order_id=order.pk, by=adv, at=timezone.now())
    number = orders[0].lines.get().line
    services.deliver(order_id=orders[0].pk, lines=[(number, Decimal(4))], by=adv, at=timezone.now())
    for order, shown in zip(orders, ("closed", "refused"), strict=True):
        services.hold(order_id=order.pk, comment="Doute", by=adv, at=timezone.now())
        refused = services.refuse(order_id=order.pk, reason="Arrêt", by=credit_manager, at=timezone.now())
        assert shown_status(refused) == shown
    assert net(account) == Decimal("480.00")


def test_a_raise_waits_and_keeps_what_was_approved(
    account: CustomerAccount, adv: User, credit_manager: User
) -> None:
    order = submitted(account, "6000", by=adv)
    number = order.lines.get().line
    raised = services.change_order(
        order_id=order.pk, lines=[line("12000", number=number)], by=adv, at=timezone.now()
    )
    assert (shown_status(raised), raised.state) == ("on_hold", OrderState.CONFIRMED)
    assert net(account) == Decimal("6000.00")
    services.refuse(order_id=order.pk, reason="Non", by=credit_manager, at=timezone.now())
    restored = Order.objects.get(pk=order.pk)
    assert (shown_status(restored), restored.total_incl_vat) == ("confirmed", Decimal("6000.00"))
    assert net(account) == Decimal("6000.00")


def test_a_released_raise_counts_in_full(account: CustomerAccount, adv: User, credit_manager: User) -> None:
    order = submitted(account, "6000", by=adv)
    number = order.lines.get().line
    services.change_order(order_id=order.pk, lines=[line("12000", number=number)], by=adv, at=timezone.now())
    services.release(order_id=order.pk, comment="ok", by=credit_manager, at=timezone.now())
    assert net(account) == Decimal("12000.00")


def test_closing_drops_the_remainder_at_once(account: CustomerAccount, adv: User) -> None:
    logistics = make_user("adv_officer", account.company)
    order = services.create_order(
        company=account.company,
        account=account,
        lines=[services.LineInput("A", "Goods", Decimal(10), Decimal(100))],
        by=adv,
        at=timezone.now(),
    )
    services.submit(order_id=order.pk, by=adv, at=timezone.now())
    number = order.lines.get().line
    services.deliver(order_id=order.pk, lines=[(number, Decimal(4))], by=logistics, at=timezone.now())
    parts = exposure_of(account, on=paris_date(timezone.now())).figures.parts
    assert (parts["open_orders"], parts["delivered_not_invoiced"]) == (Decimal("720.00"), Decimal("480.00"))
    closed = services.close(order_id=order.pk, reason="Chantier arrêté", by=adv, at=timezone.now())
    assert shown_status(closed) == "closed"
    assert net(account) == Decimal("480.00")
    services.reopen(order_id=order.pk, by=adv, at=timezone.now())
    assert net(account) == Decimal("1200.00")


def test_goods_issue_checks_again_and_books_nothing_when_held(account: CustomerAccount, adv: User) -> None:
    order = submitted(account, "5000", by=adv)
    open_item(account, "4000", due=paris_date(timezone.now()) - timedelta(days=40))
    with pytest.raises(HeldAgain) as refused:
        services.deliver(order_id=order.pk, by=adv, at=timezone.now())
    assert {f["code"] for f in refused.value.findings} == {"OVERDUE_DAYS", "OVERDUE_AMOUNT"}
    assert shown_status(Order.objects.get(pk=order.pk)) == "on_hold"
    assert order.lines.get().delivered == 0


def test_a_release_carries_the_goods_issue_until_figures_worsen(
    account: CustomerAccount, adv: User, credit_manager: User
) -> None:
    order = submitted(account, "12000", by=adv)
    services.release(order_id=order.pk, comment="ok", by=credit_manager, at=timezone.now())
    open_item(account, "150")
    assert shown_status(services.deliver(order_id=order.pk, by=adv, at=timezone.now())) == "delivered"


def test_a_release_is_void_when_a_figure_worsens_by_more_than_a_tenth(
    account: CustomerAccount, adv: User, credit_manager: User
) -> None:
    order = submitted(account, "12000", by=adv)
    services.release(order_id=order.pk, comment="ok", by=credit_manager, at=timezone.now())
    open_item(account, "201")
    with pytest.raises(HeldAgain):
        services.deliver(order_id=order.pk, by=adv, at=timezone.now())


def test_held_orders_go_when_the_limit_is_raised(
    account: CustomerAccount, adv: User, credit_manager: User
) -> None:
    order = submitted(account, "12000", by=adv)
    request = credit.create_limit_request(
        account=account,
        amount=Decimal(15000),
        kind="base",
        reason="Croissance",
        by=adv,
        at=timezone.now(),
        submit=True,
    )
    credit.approve_limit_request(
        request_id=request.pk, reason="Bons bilans", by=credit_manager, at=timezone.now()
    )
    assert work.drain() >= 1
    assert shown_status(Order.objects.get(pk=order.pk)) == "confirmed"
    assert net(account) == Decimal("12000.00")


def test_an_old_hold_waits_for_the_client(account: CustomerAccount, adv: User) -> None:
    long_ago = timezone.now() - timedelta(days=20)
    order = submitted(account, "12000", by=adv, at=long_ago)
    account_limit = account.creditlimits.get()
    account_limit.amount = Decimal(20000)
    account_limit.save()
    services.reexamine(account_id=account.pk, at=timezone.now())
    assert codes(order) == {"RECONFIRM"}
    assert shown_status(Order.objects.get(pk=order.pk)) == "on_hold"


def test_refused_input_says_what_and_where(account: CustomerAccount, adv: User) -> None:
    with pytest.raises(Invalid) as refused:
        services.create_order(
            company=account.company,
            account=account,
            lines=[services.LineInput("A", "Goods", Decimal(0), Decimal(-1), Decimal(120), 10)],
            by=adv,
            at=timezone.now(),
        )
    assert len(refused.value.errors["lines"]) == 3
    draft(account, "100", by=adv, number="N1")
    with pytest.raises(NumberTaken):
        draft(account, "100", by=adv, number="N1")
    with pytest.raises(NotAllowed):
        draft(account, "100", by=make_user("auditor", account.company))


def test_changes_respect_version_and_deliveries(account: CustomerAccount, adv: User) -> None:
    order = submitted(account, "5000", by=adv)
    with pytest.raises(ChangedMeanwhile):
        services.change_order(
            order_id=order.pk, version=1, customer_reference="PO1", by=adv, at=timezone.now()
        )
    services.deliver(order_id=order.pk, by=adv, at=timezone.now())
    with pytest.raises(BelowDelivered):
        services.change_order(order_id=order.pk, lines=[line("5", number=999)], by=adv, at=timezone.now())
    with pytest.raises(RuleRefused):
        services.deliver(order_id=order.pk, lines=[(10, Decimal(1))], by=adv, at=timezone.now())


def test_a_copy_passes_no_check_unseen(account: CustomerAccount, adv: User) -> None:
    order = submitted(account, "9000", by=adv)
    again = services.copy(order_id=order.pk, by=adv, at=timezone.now())
    assert shown_status(again) == "draft"
    assert shown_status(services.submit(order_id=again.pk, by=adv, at=timezone.now())) == "on_hold"


def test_prepaid_orders_wait_for_the_money_only(company: Company, adv: User) -> None:
    account = CustomerAccountFactory(company=company)
    order = submitted(account, "500", by=adv, term="PREPAID")
    assert codes(order) == {"DEPOSIT_MISSING"}


@pytest.mark.parametrize("orders", [1, 3])
def test_a_check_asks_the_same_questions_whatever_the_number_of_orders(
    account: CustomerAccount, adv: User, orders: int, django_assert_num_queries: object
) -> None:
    for _ in range(orders):
        submitted(account, "100", by=adv)
    fresh = CustomerAccount.objects.select_related("company").get(pk=account.pk)
    with django_assert_num_queries(4):  # type: ignore[operator]
        credit.check(account=fresh, amount=Decimal(50), at=timezone.now())


def test_the_database_refuses_what_must_never_be(account: CustomerAccount, adv: User) -> None:
    order = submitted(account, "12000", by=adv)
    case = HoldCase.objects.get()
    with pytest.raises(IntegrityError, match="one_open_case_per_order"), transaction.atomic():
        HoldCase.objects.create(order=order, opened_at=timezone.now(), target_at=timezone.now())
    with pytest.raises(IntegrityError, match="one_active_hold_per_reason"), transaction.atomic():
        OrderHold.objects.create(case=case, reason="OVER_LIMIT", since=timezone.now())
    with pytest.raises(IntegrityError, match="only_approved_orders_count"), transaction.atomic():
        Order.objects.filter(pk=order.pk).update(is_open=True)
    with pytest.raises(IntegrityError, match="order_line_delivered_within_ordered"), transaction.atomic():
        order.lines.update(delivered=Decimal(5))
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM credit_creditdecision")
        assert cursor.fetchone()[0] == 1
