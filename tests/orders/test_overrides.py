"""Overrides: asked for with frozen facts, answered once by somebody else with authority; constraints broken."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection
from django.utils import timezone

from accounts.models import CustomerAccount, TeamMember, User
from o2c.shared import files, work
from o2c.shared.calendar import paris_date
from o2c.shared.models import AuditEvent
from o2c.shared.problems import Invalid, NotAllowed, Refusal
from orders import services
from orders.enums import OverrideStatus, ReleaseScope
from orders.models import HoldCase, Order, OverrideDocument, OverrideRequest, Release
from orders.queries import shown_status
from orders.services.refusals import (
    AlreadyRequested,
    AuthorityExceeded,
    CommentMissing,
    FitsNow,
    FourEyes,
    OverrideUnknown,
    WrongState,
)
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user
from tests.factories.orders import give_limit, open_item, submitted

pytestmark = pytest.mark.django_db

PDF = b"%PDF-1.7 an order"


@pytest.fixture
def held(account: CustomerAccount, adv: User) -> Order:
    """12 000 against a limit of 10 000."""
    return submitted(account, "12000", by=adv, number="CDE-1")


def ask(order: Order, by: User, **fields: Any) -> OverrideRequest:
    fields.setdefault("reason", "Signed by the town")
    return services.request_override(order_id=order.pk, by=by, at=timezone.now(), **fields)


def approve(request: OverrideRequest, by: User, reason: str = "Paid on time") -> Order:
    return services.approve_override(request_id=request.pk, reason=reason, by=by, at=timezone.now())


def refuse(request: OverrideRequest, by: User, reason: str = "Too much") -> OverrideRequest:
    return services.refuse_override(request_id=request.pk, reason=reason, by=by, at=timezone.now())


def status_of(order: Order) -> str:
    return shown_status(Order.objects.get(pk=order.pk)).value


# --- asking --------------------------------------------------------------------------------------------------


def test_a_request_keeps_what_the_check_saw(held: Order, rep: User, account: CustomerAccount) -> None:
    until = paris_date(timezone.now()) + timedelta(days=20)
    asked = ask(
        held,
        rep,
        amount=Decimal(13000),
        valid_until=until,
        alternative={"kind": "DEPOSIT", "amount": Decimal("3600.00")},
        documents=[files.received("../BC mairie.pdf", PDF)],
    )
    open_item(account, "5000")

    stored = OverrideRequest.objects.get(pk=asked.pk)
    assert stored.status == OverrideStatus.OPEN
    assert stored.facts.over_limit_by == Decimal("2000.00")
    assert stored.facts.occasion == "override"
    assert stored.alternative == {"kind": "DEPOSIT", "amount": "3600.00"}
    document = OverrideDocument.objects.get()
    assert (document.name, document.content_type, document.size) == ("BC mairie.pdf", "application/pdf", 17)
    assert document.file.read() == PDF
    assert AuditEvent.objects.get(action="order.override_requested").reason == "Signed by the town"


def test_only_one_request_waits_and_only_while_the_order_does(held: Order, rep: User, adv: User) -> None:
    ask(held, rep)
    with pytest.raises(AlreadyRequested):
        ask(held, adv)
    twin = OverrideRequest.objects.get()
    twin.pk = None
    with pytest.raises(IntegrityError, match="one_open_override_per_order"):
        twin.save(force_insert=True)


def test_an_order_that_goes_needs_no_override(account: CustomerAccount, adv: User, rep: User) -> None:
    with pytest.raises(WrongState):
        ask(submitted(account, "500", by=adv), rep)


def test_an_order_that_fits_meanwhile_needs_no_override(
    held: Order, rep: User, account: CustomerAccount
) -> None:
    account.creditlimits.update(amount=Decimal(50000))
    with pytest.raises(FitsNow):
        ask(held, rep)
    assert not OverrideRequest.objects.exists()


@pytest.mark.parametrize("role", ["receivables_accountant", "auditor", "administrator", "integration"])
def test_who_neither_sells_nor_decides_asks_for_nothing(held: Order, role: str) -> None:
    with pytest.raises(NotAllowed):
        ask(held, make_user(role, held.company))


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"reason": "  "}, "reason"),
        ({"amount": Decimal(11999)}, "amount"),
        ({"valid_until": paris_date(timezone.now()) - timedelta(days=1)}, "valid_until"),
        ({"valid_until": paris_date(timezone.now()) + timedelta(days=61)}, "valid_until"),
        ({"alternative": {"kind": "PRAYER"}}, "alternative"),
        ({"alternative": {"kind": "DEPOSIT", "amount": "-1"}}, "alternative"),
        ({"alternative": {"kind": "DEPOSIT", "amount": "much"}}, "alternative"),
        ({"documents": [files.received("a.pdf", PDF)] * 6}, "documents"),
    ],
)
def test_a_wish_that_cannot_be_read_is_refused(
    held: Order, rep: User, fields: dict[str, Any], field: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        ask(held, rep, **fields)
    assert list(refusal.value.errors) == [field]
    assert not OverrideRequest.objects.exists()


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.exe", b"MZ"), ("a.pdf", b"MZ"), ("a.pdf", b""), ("noending", PDF), ("a.png", PDF)],
)
def test_files_are_looked_at(name: str, content: bytes) -> None:
    with pytest.raises(Invalid):
        files.received(name, content)


def test_a_file_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "LARGEST", 10)
    with pytest.raises(Invalid, match="cannot be read"):
        files.received("a.pdf", PDF)


# --- answering -----------------------------------------------------------------------------------------------


def test_an_approval_releases_up_to_the_amount_asked(held: Order, rep: User, analyst: User) -> None:
    until = paris_date(timezone.now()) + timedelta(days=20)
    asked = ask(held, rep, amount=Decimal(13000), valid_until=until)
    approve(asked, analyst)

    assert status_of(held) == "confirmed"
    asked.refresh_from_db()
    assert (asked.status, asked.decided_by, asked.decision_reason) == ("approved", analyst, "Paid on time")
    release = Release.objects.get()
    assert release.override == asked
    assert (release.requested_by, release.approved_by) == (rep, analyst)
    assert (release.amount, release.valid_until, release.scope) == (Decimal(13000), until, "amount")
    assert asked.decision == release.decision
    assert asked.decision_id != asked.facts_id
    with pytest.raises(WrongState):
        approve(asked, analyst)


def test_authority_is_measured_on_the_figures_of_the_approval(
    held: Order, rep: User, analyst: User, manager: User, account: CustomerAccount
) -> None:
    asked = ask(held, rep)
    open_item(account, "9000")
    with pytest.raises(AuthorityExceeded) as refusal:
        approve(asked, analyst)
    assert refusal.value.required_role == "credit_manager"
    assert status_of(held) == "on_hold"
    approve(asked, manager)
    assert status_of(held) == "confirmed"


def test_whoever_asked_does_not_answer(held: Order, manager: User, analyst: User) -> None:
    asked = ask(held, manager)
    for act in (approve, refuse):
        with pytest.raises(FourEyes):
            act(asked, manager)
    with pytest.raises(FourEyes):
        services.release(order_id=held.pk, comment="mine", by=manager, at=timezone.now())
    approve(asked, analyst)


def test_submitter_rep_and_bonus_holder_do_not_answer(
    held: Order, adv: User, rep: User, manager: User, account: CustomerAccount
) -> None:
    asked = ask(held, rep)
    TeamMember.objects.create(
        account=account, user=manager, role="credit", valid_from=paris_date(timezone.now()), has_bonus=True
    )
    for user in (adv, rep, manager):
        with pytest.raises(NotAllowed):
            approve(asked, user)
        with pytest.raises(NotAllowed):
            refuse(asked, user)
    assert status_of(held) == "on_hold"


def test_a_refusal_keeps_the_order_on_hold_and_lets_one_ask_again(
    held: Order, rep: User, analyst: User, manager: User
) -> None:
    asked = refuse(ask(held, rep), analyst)
    assert (asked.status, asked.decision_reason) == ("refused", "Too much")
    assert status_of(held) == "on_hold"
    with pytest.raises(WrongState):
        refuse(asked, manager)
    approve(ask(held, rep, reason="Deposit received by cheque"), manager)
    assert status_of(held) == "confirmed"


def test_an_answer_needs_its_reason(held: Order, rep: User, analyst: User) -> None:
    asked = ask(held, rep)
    for act in (approve, refuse):
        with pytest.raises(CommentMissing):
            act(asked, analyst, " ")


def test_a_day_that_is_past_is_not_approved(held: Order, rep: User, analyst: User) -> None:
    asked = ask(held, rep)
    OverrideRequest.objects.update(valid_until=paris_date(timezone.now()) - timedelta(days=1))
    with pytest.raises(WrongState):
        approve(asked, analyst)


def test_a_request_is_taken_back_by_its_author_alone(held: Order, rep: User, adv: User) -> None:
    asked = ask(held, rep)
    with pytest.raises(NotAllowed):
        services.withdraw_override(request_id=asked.pk, by=adv, at=timezone.now())
    assert services.withdraw_override(request_id=asked.pk, by=rep, at=timezone.now()).status == "withdrawn"
    with pytest.raises(WrongState):
        services.withdraw_override(request_id=asked.pk, by=rep, at=timezone.now())


def test_a_request_that_does_not_exist_is_not_found(analyst: User) -> None:
    with pytest.raises(OverrideUnknown):
        services.approve_override(request_id=1, reason="x", by=analyst, at=timezone.now())


def test_a_release_at_once_answers_the_request_that_waits(held: Order, rep: User, analyst: User) -> None:
    asked = ask(held, rep, amount=Decimal(13000))
    services.release(order_id=held.pk, comment="Yes", by=analyst, at=timezone.now())
    asked.refresh_from_db()
    assert (asked.status, asked.decided_by) == ("approved", analyst)
    assert Release.objects.get().amount == Decimal(13000)
    assert OverrideRequest.objects.count() == 1


def test_a_release_without_a_request_is_both_in_one(held: Order, analyst: User) -> None:
    services.release(order_id=held.pk, comment="Yes", by=analyst, at=timezone.now())
    both = OverrideRequest.objects.get()
    assert both.is_direct
    assert (both.requested_by, both.decided_by, both.status) == (analyst, analyst, "approved")
    assert Release.objects.get().override == both


def test_refusing_the_order_refuses_the_request(held: Order, rep: User, analyst: User) -> None:
    asked = ask(held, rep)
    services.refuse(order_id=held.pk, reason="No", by=analyst, at=timezone.now())
    asked.refresh_from_db()
    assert (asked.status, asked.decision_reason) == ("refused", "No")


def test_a_request_ends_without_object_when_the_order_fits_or_ends(
    held: Order, rep: User, adv: User, account: CustomerAccount
) -> None:
    asked = ask(held, rep)
    account.creditlimits.update(amount=Decimal(50000))
    services.reexamine(account_id=account.pk, at=timezone.now())
    asked.refresh_from_db()
    assert (asked.status, asked.decided_by) == ("expired", None)

    other = submitted(account, "90000", by=adv)
    asked = ask(other, rep)
    services.cancel(order_id=other.pk, reason="Client withdrew", by=adv, at=timezone.now())
    asked.refresh_from_db()
    assert asked.status == "expired"


def test_lifting_ones_own_hold_answers_no_request_of_ones_own(account: CustomerAccount, adv: User) -> None:
    order = submitted(account, "500", by=adv)
    services.hold(order_id=order.pk, comment="Address", by=adv, at=timezone.now())
    asked = ask(order, adv)
    with pytest.raises(FourEyes):
        approve(asked, adv)
    services.release(order_id=order.pk, comment="Address is right", by=adv, at=timezone.now())
    asked.refresh_from_db()
    assert (asked.status, asked.decided_by) == ("expired", None)
    assert status_of(order) == "confirmed"


# --- scope and conditions ------------------------------------------------------------------------------------


def test_conditions_in_words_are_kept(held: Order, analyst: User) -> None:
    services.release(
        order_id=held.pk,
        comment="Yes",
        conditions=["Call before delivery", {"kind": "text", "text": "Two pallets at most"}],
        scope="order",
        by=analyst,
        at=timezone.now(),
    )
    release = Release.objects.get()
    assert [condition["text"] for condition in release.conditions] == [
        "Call before delivery",
        "Two pallets at most",
    ]
    assert release.scope == ReleaseScope.ORDER


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"conditions": [{"kind": "DEPOSIT", "amount": "100"}]}, "conditions"),
        ({"conditions": [{"kind": "text", "text": " "}]}, "conditions"),
        ({"scope": "amount"}, "amount"),
    ],
)
def test_terms_that_mean_nothing_yet_are_refused(
    held: Order, analyst: User, fields: dict[str, Any], field: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        services.release(order_id=held.pk, comment="Yes", by=analyst, at=timezone.now(), **fields)
    assert list(refusal.value.errors) == [field]
    assert status_of(held) == "on_hold"


# --- what the database refuses -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("constraint", "change"),
    [
        ("override_four_eyes", {"decided_by": "requested_by"}),
        ("override_not_by_the_submitter", {"decided_by": "order_submitted_by"}),
        ("override_decided_by_somebody_with_a_reason", {"decision_reason": ""}),
        ("override_decided_by_somebody_with_a_reason", {"status": "open"}),
        ("override_decided_by_somebody_with_a_reason", {"status": "withdrawn"}),
        ("override_has_a_reason", {"reason": ""}),
        ("override_amount_not_negative", {"amount": Decimal(-1)}),
    ],
)
def test_the_database_refuses(
    held: Order, rep: User, analyst: User, constraint: str, change: dict[str, Any]
) -> None:
    asked = ask(held, rep)
    approve(asked, analyst)
    asked.refresh_from_db()
    values = {
        name: getattr(asked, value) if name == "decided_by" else value for name, value in change.items()
    }
    with pytest.raises(IntegrityError, match=constraint):
        OverrideRequest.objects.filter(pk=asked.pk).update(**values)


def test_the_database_refuses_an_empty_document(held: Order, rep: User) -> None:
    asked = ask(held, rep, documents=[files.received("a.pdf", PDF)])
    with pytest.raises(IntegrityError, match="override_document_not_empty"):
        asked.documents.update(size=0)


# --- together ------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_two_answers_at_once_are_one() -> None:
    company = CompanyFactory(code="DEMO")
    adv, rep = make_user("adv_officer", company, "adv"), make_user("sales", company, "rep")
    deciders = [make_user("credit_manager", company, f"m{number}") for number in range(4)]
    account = CustomerAccountFactory(company=company, rep=rep)
    give_limit(account, "10000")
    asked = ask(submitted(account, "12000", by=adv), rep)

    def answer(user: User) -> str:
        try:
            (approve if user.pk % 2 else refuse)(asked, user)
        except Refusal as refusal:
            return refusal.code
        finally:
            connection.close()
        return "done"

    with ThreadPoolExecutor(4) as pool:
        said = sorted(pool.map(answer, deciders))
    assert said == ["done", "wrong_state", "wrong_state", "wrong_state"]
    assert OverrideRequest.objects.get().status in {"approved", "refused"}
    assert HoldCase.objects.count() == 1
    work.drain()
