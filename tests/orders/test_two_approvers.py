"""Releases above level 3: two approvers of different departments, appeals, and orders split under a threshold."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from accounts.models import Company, CustomerAccount, TeamMember, User
from credit.services.limits import AppealedAlready, NoHigherLevel
from credit.services.signing import OtherDepartment, SignedAlready
from o2c.shared.models import AuditEvent, Notice
from o2c.shared.problems import NotAllowed
from orders import services
from orders.enums import OverrideStatus
from orders.models import HoldCase, Order, OverrideRequest, OverrideSignature, Release
from orders.queries import shown_status
from orders.released import released_of_late
from orders.services.refusals import AuthorityExceeded, FourEyes, WrongState
from tests.factories.accounts import CustomerAccountFactory, make_user
from tests.factories.orders import give_limit, open_item, submitted

pytestmark = pytest.mark.django_db


@pytest.fixture
def director(company: Company) -> User:
    return make_user("finance_director", company, "director", first_name="Fanny", last_name="Finance")


@pytest.fixture
def seller(company: Company) -> User:
    return make_user("sales_manager", company, "seller", first_name="Sam", last_name="Sales")


@pytest.fixture
def large(account: CustomerAccount, adv: User) -> Order:
    """80 000 against a limit of 10 000: level 4."""
    return submitted(account, "80000", by=adv, number="CDE-1")


def release(order: Order, by: User, **fields: Any) -> Order:
    return services.release(
        order_id=order.pk, comment=f"Seen by {by.username}", by=by, at=timezone.now(), **fields
    )


def ask(order: Order, by: User) -> OverrideRequest:
    return services.request_override(order_id=order.pk, reason="Signed by the town", by=by, at=timezone.now())


def approve(asked: OverrideRequest, by: User) -> Order:
    return services.approve_override(
        request_id=asked.pk, reason=f"Seen by {by.username}", by=by, at=timezone.now()
    )


def refuse(asked: OverrideRequest, by: User) -> OverrideRequest:
    return services.refuse_override(request_id=asked.pk, reason="Too much", by=by, at=timezone.now())


def appeal(asked: OverrideRequest, by: User) -> OverrideRequest:
    return services.appeal_override(request_id=asked.pk, reason="A deposit is paid", by=by, at=timezone.now())


def status_of(order: Order) -> str:
    return shown_status(Order.objects.get(pk=order.pk)).value


def test_a_release_at_once_waits_for_the_countersignature(
    large: Order, director: User, seller: User, work_drain: Any
) -> None:
    release(large, director)
    assert status_of(large) == "on_hold"
    assert not Release.objects.exists()
    assert AuditEvent.objects.get(action="order.release_signed").actor == "director"
    work_drain()
    assert Notice.objects.get(kind="override.signed").user == seller
    release(large, seller)
    assert status_of(large) == "confirmed"
    made = Release.objects.get()
    assert made.override is not None
    assert (made.approved_by, made.override.countersigned_by, made.reason) == (
        director,
        seller,
        "Seen by director",
    )
    assert (made.override.status, made.override.required_level) == (OverrideStatus.APPROVED, 4)


@pytest.mark.parametrize("first", ["director", "seller"])
def test_a_request_is_approved_in_either_order(
    large: Order, rep: User, director: User, seller: User, first: str
) -> None:
    asked = ask(large, rep)
    people = [director, seller] if first == "director" else [seller, director]
    approve(asked, people[0])
    assert status_of(large) == "on_hold"
    approve(asked, people[1])
    asked.refresh_from_db()
    assert (asked.decided_by, asked.countersigned_by, status_of(large)) == (director, seller, "confirmed")
    with pytest.raises(WrongState):
        approve(asked, seller)


def test_up_to_level_three_one_releases(
    account: CustomerAccount, adv: User, manager: User, seller: User
) -> None:
    order = submitted(account, "60000", by=adv)
    with pytest.raises(NotAllowed):
        release(order, seller)
    release(order, manager)
    assert not OverrideSignature.objects.exists()


def test_who_is_not_one_of_the_two(
    large: Order,
    company: Company,
    account: CustomerAccount,
    rep: User,
    director: User,
    seller: User,
    manager: User,
) -> None:
    with pytest.raises(NotAllowed):
        release(large, seller)  # nobody has begun
    with pytest.raises(AuthorityExceeded):
        release(large, manager)
    asked = ask(large, seller)
    for hand in (seller, rep):
        with pytest.raises((FourEyes, NotAllowed)):
            approve(asked, hand)
    approve(asked, director)
    with pytest.raises(SignedAlready):
        approve(asked, director)
    with pytest.raises(OtherDepartment):
        approve(asked, make_user("finance_director", company))
    bonus = make_user("sales_manager", company)
    TeamMember.objects.create(
        account=account,
        user=bonus,
        role="sales_rep",
        valid_from=account.opened_on,
        valid_to=None,
        has_bonus=True,
    ) if not account.team.filter(role="sales_rep").exists() else account.team.filter(role="sales_rep").update(
        user=bonus, has_bonus=True
    )
    with pytest.raises(FourEyes):
        approve(asked, bonus)
    approve(asked, make_user("sales_manager", company))
    assert status_of(large) == "confirmed"


def test_the_salesperson_and_the_submitter_never_countersign(
    account: CustomerAccount, company: Company, director: User, rep: User
) -> None:
    chief = make_user("sales_manager", company)
    order = submitted(account, "80000", by=chief)
    release(order, director)
    with pytest.raises(FourEyes):
        release(order, chief)


def test_an_approval_on_other_figures_is_given_again(
    large: Order, account: CustomerAccount, director: User, seller: User, rep: User
) -> None:
    asked = ask(large, rep)
    approve(asked, director)
    open_item(account, "30000")
    # The excess has grown by more than a tenth: the countersignature is the first of two again.
    approve(asked, seller)
    assert status_of(large) == "on_hold"
    assert [row.signed_by for row in OverrideSignature.objects.filter(ended_at=None)] == [seller]
    approve(asked, director)
    assert status_of(large) == "confirmed"


def test_either_of_the_two_may_refuse(large: Order, rep: User, director: User, seller: User) -> None:
    asked = ask(large, rep)
    approve(asked, director)
    assert refuse(asked, seller).decided_by == seller
    assert not OverrideSignature.objects.filter(ended_at=None).exists()
    assert status_of(large) == "on_hold"


def test_the_database_keeps_the_two_apart(
    large: Order, rep: User, adv: User, director: User, seller: User
) -> None:
    asked = ask(large, rep)
    approve(asked, director)
    row = {"request": asked, "side": "countersign", "department": "sales", "asked_by": adv, "reason": "r",
           "signed_at": timezone.now()}  # fmt: skip
    for fields, name in (
        ({"signed_by": adv}, "overridesignature_not_by_the_submitter"),
        ({"signed_by": director}, "overridesignature_once_per_person"),
        (
            {"signed_by": seller, "side": "authority", "department": "management"},
            "overridesignature_once_per_side",
        ),
    ):
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            OverrideSignature.objects.create(**(row | fields))
    approve(asked, seller)
    for changed, name in (
        ({"countersigned_by": None}, "override_two_approvers"),
        ({"countersigned_by": director}, "override_countersigned_by_another"),
        ({"countersigned_by": adv}, "override_countersigned_by_another"),
    ):
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            OverrideRequest.objects.filter(pk=asked.pk).update(**changed)


# --- appeals ---


def test_a_refused_request_goes_to_the_next_level_once(
    account: CustomerAccount,
    company: Company,
    adv: User,
    rep: User,
    analyst: User,
    manager: User,
    director: User,
) -> None:
    order = submitted(account, "15000", by=adv)
    asked = ask(order, rep)
    with pytest.raises(WrongState):
        appeal(asked, rep)
    with pytest.raises(NotAllowed):
        appeal(asked, make_user("receivables_accountant", company))
    refuse(asked, analyst)
    made = appeal(asked, rep)
    assert (made.appeal_of, made.status, made.reason) == (asked, OverrideStatus.OPEN, "A deposit is paid")
    with pytest.raises(AuthorityExceeded):
        approve(made, make_user("credit_analyst", company))
    with pytest.raises(FourEyes):
        approve(made, analyst)
    refuse(made, manager)
    for which in (asked, made):
        with pytest.raises(AppealedAlready):
            appeal(which, rep)
    with pytest.raises(NotAllowed):
        appeal(asked, make_user("auditor", company))


def test_the_last_level_has_the_last_word(large: Order, rep: User, company: Company) -> None:
    asked = refuse(ask(large, rep), make_user("executive", company))
    with pytest.raises(NoHigherLevel):
        appeal(asked, rep)


# --- orders split under a threshold ---


def test_releases_of_thirty_days_decide_the_level_together(
    account: CustomerAccount, company: Company, adv: User, analyst: User, manager: User
) -> None:
    sister = CustomerAccountFactory(company=company, entity=account.entity)
    give_limit(sister, "100000")
    open_item(account, "9000")
    for client in (account, sister):
        open_item(client, "6000", due=account.opened_on)
    first = submitted(sister, "7000", by=adv)
    release(first, analyst)
    on = timezone.localdate()
    assert released_of_late(account_id=account.pk, currency="EUR", on=on) == (Decimal("7000.00"), 1)
    assert released_of_late(account_id=account.pk, currency="EUR", on=on, skip_order=first.pk)[1] == 0
    second = submitted(sister, "4000", by=adv)
    assert HoldCase.objects.get(order=second).required_level == 3
    with pytest.raises(AuthorityExceeded):
        release(second, analyst)
    page = browse(manager).get(f"/orders/{second.number}/").content.decode()
    assert "1 release of €7,000.00 for this legal entity within 30 days: with this order €11,000.00" in page
    release(second, manager)


def test_what_was_undone_or_lies_back_does_not_count(
    account: CustomerAccount, adv: User, analyst: User
) -> None:
    release(submitted(account, "12000", by=adv), analyst)
    on = timezone.localdate()

    def counted(day: Any = on) -> tuple[Decimal, int]:
        return released_of_late(account_id=account.pk, currency="EUR", on=day)

    assert counted() == (Decimal("2000.00"), 1)
    assert counted(on + timedelta(days=30)) == (Decimal("2000.00"), 1)
    assert counted(on + timedelta(days=31))[1] == 0
    Release.objects.update(voided_at=timezone.now())
    assert counted() == (Decimal("0.00"), 0)


# --- on screen and by the API ---


def browse(user: User) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    return client


def test_the_page_says_who_has_approved_and_who_must(large: Order, director: User, seller: User) -> None:
    address = f"/orders/{large.number}/"
    assert "Approve, as the first of two" in browse(director).get(address).content.decode()
    answer = browse(director).post(f"{address}release/", {"reason": "Seen"}, follow=True)
    assert "Your approval of CDE-1 is kept" in answer.content.decode()
    assert "Your department has approved it." in answer.content.decode()
    page = browse(seller).get(address).content.decode()
    assert "Fanny Finance" in page
    assert "Yours to countersign." in page
    assert "Release approved by the first of two" in page
    assert "you countersign for sales." in page
    assert "Refuse the order" not in page
    browse(seller).post(f"{address}release/", {"reason": "Known site"})
    assert status_of(large) == "confirmed"


def test_a_refusal_is_appealed_from_the_page(
    account: CustomerAccount, adv: User, rep: User, analyst: User
) -> None:
    order = submitted(account, "15000", by=adv, number="CDE-7")
    asked = refuse(ask(order, rep), analyst)
    page = browse(rep).get("/orders/CDE-7/").content.decode()
    assert "Appeal to the next level" in page
    browse(rep).post(f"/orders/CDE-7/override/{asked.pk}/appeal/", {"reason": "A deposit is paid"})
    assert OverrideRequest.objects.get(appeal_of=asked).reason == "A deposit is paid"
    assert "Appeal to the next level" not in browse(rep).get("/orders/CDE-7/").content.decode()


def test_the_api_signs_and_appeals(
    large: Order, rep: User, director: User, seller: User, account: CustomerAccount, adv: User
) -> None:
    asked = ask(large, rep)

    def send(user: User, key: int, act: str) -> Any:
        return browse(user).post(
            f"/api/v1/override-requests/{key}/{act}/", {"reason": "Seen"}, content_type="application/json"
        )

    answer = send(seller, asked.pk, "approve").json()
    assert (answer["status"], [row["department"] for row in answer["signatures"]]) == ("open", ["sales"])
    assert send(seller, asked.pk, "approve").status_code == 409
    answer = send(director, asked.pk, "approve").json()
    assert (answer["status"], answer["decided_by"], answer["countersigned_by"]) == (
        "approved",
        "director",
        "seller",
    )
    other = refuse(ask(submitted(account, "90000", by=adv), rep), director)
    answer = send(rep, other.pk, "appeal")
    assert (answer.status_code, answer.json()["appeal_of"]) == (201, other.pk)
