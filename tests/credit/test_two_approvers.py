"""Limits above level 3: two approvers of different departments, and the appeal of a refusal."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from accounts.models import Company, CustomerAccount, User
from accounts.services import name_substitute
from credit import services
from credit.lists import waiting_for
from credit.models import CreditLimit, LimitRequest, LimitSignature
from credit.services.limits import (
    AppealedAlready,
    AuthorityExceeded,
    FourEyes,
    NoHigherLevel,
    NotWaiting,
)
from credit.services.signing import OtherDepartment, SignedAlready
from o2c.shared.calendar import paris_date
from o2c.shared.models import AuditEvent
from o2c.shared.problems import Invalid, NotAllowed
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def company() -> Company:
    return CompanyFactory(code="DEMO")


@pytest.fixture
def rep(company: Company) -> User:
    return make_user("sales", company, "rep")


@pytest.fixture
def account(company: Company, rep: User) -> CustomerAccount:
    return CustomerAccountFactory(company=company, code="C0042", name="Menuiseries Kervadec", rep=rep)


@pytest.fixture
def director(company: Company) -> User:
    return make_user("finance_director", company, "director", first_name="Fanny", last_name="Finance")


@pytest.fixture
def seller(company: Company) -> User:
    return make_user("sales_manager", company, "seller", first_name="Sam", last_name="Sales")


@pytest.fixture
def manager(company: Company) -> User:
    return make_user("credit_manager", company, "manager")


def wish(account: CustomerAccount, by: User, amount: int | None = 200000, **fields: Any) -> LimitRequest:
    return services.create_limit_request(
        account=account, amount=None if amount is None else Decimal(amount), reason="A large site", by=by,
        kind="unlimited" if amount is None else "base", at=timezone.now(), submit=True, **fields,
    )  # fmt: skip


def approve(asked: LimitRequest, by: User, **fields: Any) -> LimitRequest:
    return services.approve_limit_request(
        request_id=asked.pk, reason=f"Seen by {by.username}", by=by, at=timezone.now(), **fields
    )


def refuse(asked: LimitRequest, by: User) -> LimitRequest:
    return services.refuse_limit_request(request_id=asked.pk, reason="Too much", by=by, at=timezone.now())


def appeal(asked: LimitRequest, by: User, reason: str = "New order book") -> LimitRequest:
    return services.appeal_limit_request(request_id=asked.pk, reason=reason, by=by, at=timezone.now())


@pytest.mark.parametrize("order", [("director", "seller"), ("seller", "director")])
def test_two_of_finance_and_sales_grant_in_either_order(
    account: CustomerAccount, rep: User, director: User, seller: User, order: tuple[str, str]
) -> None:
    people = {"director": director, "seller": seller}
    asked = wish(account, rep)
    assert approve(asked, people[order[0]]).status == "submitted"
    assert not CreditLimit.objects.exists()
    assert AuditEvent.objects.get(action="limit.signed").actor == order[0]
    granted = approve(asked, people[order[1]])
    assert (granted.status, granted.decided_by, granted.countersigned_by) == ("approved", director, seller)
    assert (granted.decision_reason, granted.required_level) == ("Seen by director", 4)
    limit = CreditLimit.objects.get()
    assert (limit.amount, limit.decided_by) == (Decimal(200000), director)
    with pytest.raises(NotWaiting):
        approve(asked, seller)


def test_up_to_level_three_one_decides(
    account: CustomerAccount, rep: User, manager: User, seller: User
) -> None:
    asked = wish(account, rep, 150000)
    with pytest.raises(NotAllowed):
        approve(asked, seller)
    assert approve(asked, manager).countersigned_by is None


def test_who_is_not_the_second(
    account: CustomerAccount, company: Company, rep: User, director: User, seller: User, manager: User
) -> None:
    asked = wish(account, rep)
    approve(asked, director)
    with pytest.raises(SignedAlready):
        approve(asked, director)
    with pytest.raises(OtherDepartment):
        approve(asked, make_user("finance_director", company))
    with pytest.raises(AuthorityExceeded):
        approve(asked, manager)
    with pytest.raises(NotAllowed):
        approve(asked, rep)
    assert LimitSignature.objects.count() == 1
    assert approve(asked, seller).status == "approved"


def test_who_asked_is_neither_of_the_two(
    account: CustomerAccount, director: User, seller: User, company: Company
) -> None:
    for asker in (seller, director):
        asked = wish(account, asker)
        with pytest.raises(FourEyes):
            approve(asked, asker)
    # Nor does somebody who stands in for the one who asked.
    stand_in = make_user("sales_manager", company)
    today = paris_date(timezone.now())
    name_substitute(
        absent=seller, substitute=stand_in, company=company, valid_from=today, valid_until=today + timedelta(days=5),
        reason="Holidays", by=seller, at=timezone.now(),
    )  # fmt: skip
    with pytest.raises(FourEyes):
        approve(LimitRequest.objects.get(requested_by=seller), User.objects.get(pk=stand_in.pk))


def test_a_substitute_countersigns_for_the_absent_person_and_only_once(
    account: CustomerAccount, company: Company, rep: User, director: User, seller: User
) -> None:
    today = paris_date(timezone.now())
    for absent in (seller, director):
        name_substitute(
            absent=absent, substitute=make_user("credit_manager", company, f"for-{absent.username}"), company=company,
            valid_from=today, valid_until=today, reason="Holidays", by=absent, at=timezone.now(),
        )  # fmt: skip
    asked = wish(account, rep)
    approve(asked, User.objects.get(username="for-director"))
    with pytest.raises(SignedAlready):
        approve(asked, director)
    granted = approve(asked, User.objects.get(username="for-seller"))
    row = LimitSignature.objects.get(side="countersign")
    assert (granted.on_behalf_of, row.on_behalf_of, row.department) == (director, seller, "sales")


def test_management_stands_for_either_side_but_not_for_both(
    account: CustomerAccount, company: Company, rep: User, director: User, seller: User
) -> None:
    chief, other = make_user("executive", company), make_user("executive", company)
    asked = wish(account, rep)
    approve(asked, director)
    assert approve(asked, chief).countersigned_by == chief
    unlimited = wish(account, rep, None)
    with pytest.raises(AuthorityExceeded):
        approve(unlimited, director)
    approve(unlimited, chief)
    with pytest.raises(OtherDepartment):
        approve(unlimited, other)
    assert approve(unlimited, seller).decided_by == chief


def test_both_approve_the_same(account: CustomerAccount, rep: User, director: User, seller: User) -> None:
    first = wish(account, rep)
    approve(first, director, amount=Decimal(180000))
    granted = approve(first, seller)
    assert (granted.given_amount, granted.amount) == (Decimal(180000), Decimal(200000))
    other = wish(account, rep)
    approve(other, seller)
    with pytest.raises(Invalid) as refused:
        approve(other, director, amount=Decimal(200001))
    assert list(refused.value.errors) == ["amount"]
    with pytest.raises(Invalid):
        approve(other, director, valid_until=paris_date(timezone.now()) + timedelta(days=500))
    assert approve(other, director, amount=Decimal(190000)).given_amount == Decimal(190000)


def test_either_of_the_two_may_refuse(
    account: CustomerAccount, rep: User, director: User, seller: User
) -> None:
    asked = wish(account, rep)
    approve(asked, director)
    assert refuse(asked, seller).decided_by == seller
    assert not LimitSignature.objects.filter(ended_at=None).exists()
    small = wish(account, rep, 100)
    with pytest.raises(NotAllowed):
        refuse(small, seller)


def test_what_waits_for_whom(
    account: CustomerAccount, company: Company, rep: User, director: User, seller: User, manager: User
) -> None:
    asked = wish(account, rep)

    def waits() -> list[str]:
        people = (manager, director, seller)
        rows = LimitRequest.objects.all()
        return [user.username for user in people if waiting_for(rows, user, company).exists()]

    assert waits() == ["director", "seller"]
    approve(asked, director)
    assert waits() == ["seller"]
    approve(asked, seller)
    assert waits() == []


@pytest.mark.parametrize(
    ("changed", "constraint"),
    [
        ({"signed_by": "director", "side": "countersign", "department": "management"}, "once_per_person"),
        ({"side": "authority", "department": "management"}, "once_per_side"),
        ({"department": "finance"}, "side_of_its_department"),
        ({"signed_by": "rep"}, "four_eyes"),
        ({"on_behalf_of": "rep"}, "four_eyes"),
        ({"reason": ""}, "has_a_reason"),
    ],
)
def test_the_database_keeps_the_two_apart(
    account: CustomerAccount,
    rep: User,
    director: User,
    seller: User,
    changed: dict[str, Any],
    constraint: str,
) -> None:
    asked = wish(account, rep)
    approve(asked, director)
    people = {"director": director, "rep": rep}
    row = {
        "request": asked, "side": "countersign", "department": "sales", "signed_by": seller, "asked_by": rep,
        "reason": "r", "signed_at": timezone.now(), "valid_from": asked.valid_from, "valid_until": asked.valid_until,
    } | {name: people.get(value, value) for name, value in changed.items()}  # fmt: skip
    with pytest.raises(IntegrityError, match=f"limitsignature_{constraint}"):
        LimitSignature.objects.create(**row)


def test_the_database_refuses_one_department_twice_and_a_grant_by_one(
    account: CustomerAccount, company: Company, rep: User, director: User, seller: User
) -> None:
    asked = wish(account, rep)
    chief = make_user("executive", company)
    approve(asked, chief)
    with pytest.raises(IntegrityError, match="limitsignature_once_per_department"), transaction.atomic():
        LimitSignature.objects.create(
            request=asked, side="countersign", department="management", signed_by=seller, asked_by=rep, reason="r",
            signed_at=timezone.now(), valid_from=asked.valid_from, valid_until=asked.valid_from,
        )  # fmt: skip
    approve(asked, seller)
    with pytest.raises(IntegrityError, match="limit_request_two_approvers"), transaction.atomic():
        LimitRequest.objects.filter(pk=asked.pk).update(countersigned_by=None)
    with pytest.raises(IntegrityError, match="limit_request_countersigned_by_another"):
        LimitRequest.objects.filter(pk=asked.pk).update(countersigned_by=chief)


# --- appeals ---


def test_a_refusal_goes_to_the_next_level_once(
    account: CustomerAccount, company: Company, rep: User, director: User, seller: User, manager: User
) -> None:
    asked = wish(account, rep, 20000)
    with pytest.raises(NotWaiting):
        appeal(asked, rep)
    refuse(asked, make_user("credit_analyst", company))
    with pytest.raises(Invalid):
        appeal(asked, rep, " ")
    with pytest.raises(NotAllowed):
        appeal(asked, make_user("auditor", company))
    made = appeal(asked, rep)
    assert (made.appeal_of, made.amount, made.status) == (asked, asked.amount, "submitted")
    assert AuditEvent.objects.get(action="limit.appealed").reason == "New order book"
    with pytest.raises(AppealedAlready):
        appeal(asked, rep)
    assert waiting_for(LimitRequest.objects.all(), manager, company).get() == made
    with pytest.raises(AuthorityExceeded):
        approve(made, make_user("credit_analyst", company))
    refuse(made, manager)
    with pytest.raises(AppealedAlready):
        appeal(made, rep)


def test_above_level_three_an_appeal_takes_two_and_never_who_refused(
    account: CustomerAccount, company: Company, rep: User, director: User, seller: User, manager: User
) -> None:
    asked = wish(account, rep, 20000)
    refuse(asked, manager)
    made = appeal(asked, rep)
    today = paris_date(timezone.now())
    name_substitute(
        absent=director, substitute=manager, company=company, valid_from=today, valid_until=today, reason="Away",
        by=director, at=timezone.now(),
    )  # fmt: skip
    with pytest.raises(FourEyes):
        approve(made, User.objects.get(pk=manager.pk))
    approve(made, director)
    assert approve(made, seller).status == "approved"
    last = refuse(wish(account, rep, 20000), make_user("executive", company))
    with pytest.raises(NoHigherLevel):
        appeal(last, rep)


# --- on screen and by the API ---


def browse(user: User) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    return client


def test_the_page_says_who_has_approved_and_who_must(
    account: CustomerAccount, rep: User, director: User, seller: User
) -> None:
    asked = wish(account, rep)
    at = f"/credit/limit-requests/{asked.pk}/"
    page = browse(director).get(at).content.decode()
    assert "Approve, as the first of two" in page
    data = {"decision": "approve", "reason": "Seen", "amount": "200,000"}
    assert browse(director).post(at, data).status_code == 302
    assert "You have approved it" in browse(director).get(at).content.decode()
    assert "For me to decide" in browse(seller).get("/credit/limit-requests/").content.decode()
    page = browse(seller).get(at).content.decode()
    assert "Fanny Finance" in page
    assert "You countersign for sales." in page
    assert 'name="amount"' not in page
    assert browse(seller).post(at, {"decision": "approve", "reason": "Known site"}).status_code == 302
    assert "Countersigned by" in browse(rep).get(at).content.decode()


def test_a_refusal_is_appealed_from_its_page(account: CustomerAccount, rep: User, manager: User) -> None:
    asked = refuse(wish(account, rep, 20000), manager)
    at = f"/credit/limit-requests/{asked.pk}/"
    assert "Appeal to the next level" in browse(rep).get(at).content.decode()
    answer = browse(rep).post(at, {"decision": "appeal", "reason": "New order book"})
    made = LimitRequest.objects.get(appeal_of=asked)
    assert answer.headers["Location"] == f"/credit/limit-requests/{made.pk}/"
    assert "Appeal of the refusal by" in browse(rep).get(answer.headers["Location"]).content.decode()
    page = browse(rep).get(at).content.decode()
    assert "Appealed to the next level" in page
    assert "Appeal to the next level" not in page


def test_the_api_signs_and_appeals(account: CustomerAccount, rep: User, director: User, seller: User) -> None:
    asked = wish(account, rep)
    at = f"/api/v1/limit-requests/{asked.pk}/"

    def send(user: User, act: str) -> Any:
        return browse(user).post(f"{at}{act}/", {"reason": "Seen"}, content_type="application/json")

    answer = send(director, "approve").json()
    assert answer["status"] == "submitted"
    assert [row["signed_by"] for row in answer["signatures"]] == ["director"]
    assert send(director, "approve").status_code == 409
    answer = send(seller, "approve").json()
    assert (answer["status"], answer["decided_by"], answer["countersigned_by"]) == (
        "approved",
        "director",
        "seller",
    )
    assert send(rep, "appeal").status_code == 409
    other = refuse(wish(account, rep, 20000), director)
    answer = browse(rep).post(
        f"/api/v1/limit-requests/{other.pk}/appeal/", {"reason": "Once more"}, content_type="application/json"
    )
    assert (answer.status_code, answer.json()["appeal_of"]) == (201, other.pk)
