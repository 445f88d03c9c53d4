"""Classes set by decision: four eyes, authority, a last day, and the way back."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pgtrigger
import pytest
from django.utils import timezone

from accounts.models import Company, CustomerAccount, Substitution, User
from accounts.services import change_account
from credit import nightly
from credit.models import ClassOverride, ScoreCard
from credit.scorecard import services
from credit.scorecard.services.override import NothingToAdopt, OverrideClosed, OverrideOpen, OverrideOwn
from credit.services.limits import AuthorityExceeded
from o2c.shared import work
from o2c.shared.calendar import add_months, paris_date
from o2c.shared.models import AuditEvent, Notice
from o2c.shared.problems import Invalid, NotAllowed, NotFound
from orders.models import Order
from orders.queries import shown_status
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user
from tests.factories.orders import give_limit, submitted


def now() -> Any:
    return timezone.now()


def today() -> date:
    return paris_date(now())


def ask(account: CustomerAccount, by: User, **fields: Any) -> ClassOverride:
    given: dict[str, Any] = {"risk_class": "E", "cause": "insolvency", "reason": "Judgement of 3 November"}
    given |= {"valid_until": today() + timedelta(days=90)}
    return services.ask_override(account_id=account.pk, by=by, at=now(), **given | fields)


def approve(row: ClassOverride, by: User, reason: str = "Seen in the gazette") -> ClassOverride:
    return services.approve_override(override_id=row.pk, reason=reason, by=by, at=now())


def scored(account: CustomerAccount, risk_class: str) -> None:
    last = ScoreCard.objects.filter(account=account).order_by("-pk").first()
    ScoreCard.objects.create(
        account=account, day=today(), version=1, score=50, risk_class=risk_class, known=100, follows=last,
        points=[50] * 5, inputs={}, computed_at=now(),
    )  # fmt: skip


def risk_class(account: CustomerAccount) -> str:
    return CustomerAccount.objects.get(pk=account.pk).risk_class


def told(kind: str) -> set[str]:
    return set(Notice.objects.filter(kind=kind).values_list("user__username", flat=True))


def test_an_approved_class_counts_at_once_and_is_told(
    account: CustomerAccount, analyst: User, manager: User, rep: User
) -> None:
    asked = ask(account, analyst)
    assert risk_class(account) == "C"
    work.drain()
    assert told("class_override.asked") == {"credit"}
    row = approve(asked, manager)
    work.drain()
    assert (row.class_before, risk_class(account)) == ("C", "E")
    assert told("class_override.approved") == {"analyst", "sales"}
    actions = (
        AuditEvent.objects.filter(action__contains="class").order_by("pk").values_list("action", flat=True)
    )
    assert list(actions) == ["class_override.asked", "account.class_changed", "class_override.approved"]


def test_a_new_class_examines_held_orders_again(
    company: Company, account: CustomerAccount, analyst: User, manager: User
) -> None:
    give_limit(account, "1000")
    order = submitted(account, "900", by=make_user("adv_officer", company))
    work.drain()
    assert shown_status(Order.objects.get(pk=order.pk)) == "confirmed"
    approve(ask(account, analyst), manager)
    assert work.drain() > 0
    reexamined = AuditEvent.objects.filter(action="account.class_changed").count()
    assert reexamined == 1


@pytest.mark.parametrize(
    ("field", "fields"),
    [
        ("risk_class", {"risk_class": "Z", "cause": "judgement"}),
        ("risk_class", {"risk_class": "D"}),
        ("cause", {"cause": "mood"}),
        ("reason", {"reason": "  "}),
        ("valid_until", {"valid_until": today() - timedelta(days=1)}),
        ("valid_until", {"valid_until": add_months(today(), 12) + timedelta(days=1)}),
    ],
)
def test_what_is_asked_must_fit(
    account: CustomerAccount, analyst: User, field: str, fields: dict[str, Any]
) -> None:
    with pytest.raises(Invalid) as refusal:
        ask(account, analyst, **fields)
    assert set(refusal.value.errors) == {field}
    assert not ClassOverride.objects.exists()


def test_who_may_not_ask(company: Company, account: CustomerAccount, rep: User) -> None:
    with pytest.raises(NotAllowed):
        ask(account, rep)
    with pytest.raises(NotFound):
        ask(account, make_user("credit_manager", CompanyFactory()))


def test_who_may_not_decide(
    company: Company, account: CustomerAccount, analyst: User, manager: User, rep: User
) -> None:
    asked = ask(account, manager)
    for who, refusal in (
        (manager, OverrideOwn),
        (analyst, AuthorityExceeded),
        (rep, NotAllowed),
        (make_user("credit_manager", CompanyFactory()), NotFound),
    ):
        with pytest.raises(refusal):
            approve(asked, who)
    with pytest.raises(Invalid):
        approve(asked, make_user("executive", company), reason=" ")
    assert risk_class(account) == "C"


def test_a_substitute_decides_for_nobody_who_asked(
    company: Company, account: CustomerAccount, analyst: User, manager: User, director: User
) -> None:
    def stands_in(substitute: User, absent: User) -> None:
        Substitution.objects.create(
            company=company, absent=absent, substitute=substitute, valid_from=today(), valid_until=today(),
            reason="Leave", named_by=absent, named_at=now(),
        )  # fmt: skip

    stands_in(analyst, manager)
    asked = ask(account, manager)
    with pytest.raises(OverrideOwn):
        approve(asked, User.objects.get(pk=analyst.pk))
    services.refuse_override(override_id=asked.pk, reason="No", by=director, at=now())
    row = approve(ask(account, director), User.objects.get(pk=analyst.pk))
    assert row.on_behalf_of == manager


def test_nothing_is_decided_twice(account: CustomerAccount, analyst: User, manager: User) -> None:
    asked = ask(account, analyst)
    with pytest.raises(OverrideOpen):
        ask(account, analyst)
    approve(asked, manager)
    with pytest.raises(OverrideClosed):
        approve(asked, manager)
    with pytest.raises(OverrideClosed):
        services.refuse_override(override_id=asked.pk, reason="Late", by=manager, at=now())


def test_a_refusal_changes_no_class(account: CustomerAccount, analyst: User, manager: User) -> None:
    services.refuse_override(override_id=ask(account, analyst).pk, reason="Not yet", by=manager, at=now())
    work.drain()
    assert (risk_class(account), told("class_override.refused")) == ("C", {"analyst"})
    assert ask(account, analyst).pk


def test_an_end_gives_the_class_back(
    account: CustomerAccount, analyst: User, manager: User, rep: User
) -> None:
    row = approve(ask(account, analyst), manager)
    with pytest.raises(Invalid):
        services.end_override(override_id=row.pk, reason="", by=manager, at=now())
    services.end_override(override_id=row.pk, reason="Plan confirmed", by=manager, at=now())
    work.drain()
    assert (risk_class(account), "sales" in told("class_override.ended")) == ("C", True)
    with pytest.raises(OverrideClosed):
        services.end_override(override_id=row.pk, reason="Again", by=manager, at=now())


def test_an_end_leaves_a_class_that_somebody_changed_meanwhile(
    account: CustomerAccount, analyst: User, manager: User
) -> None:
    row = approve(ask(account, analyst), manager)
    change_account(account_id=account.pk, by=manager, at=now(), risk_class="D")
    services.end_override(override_id=row.pk, reason="Plan confirmed", by=manager, at=now())
    assert risk_class(account) == "D"


def test_the_night_ends_what_ran_out_and_what_nobody_answered(
    company: Company, account: CustomerAccount, analyst: User, manager: User
) -> None:
    other = CustomerAccountFactory(company=company)
    approve(ask(account, analyst, valid_until=today()), manager)
    ask(other, analyst, valid_until=today())
    nightly.begin(at=now())
    work.drain()
    assert risk_class(account) == "E"
    # As if both had been asked for a year ago: nobody changes their last day.
    with pgtrigger.ignore("credit.ClassOverride:class_override_frozen"):
        ClassOverride.objects.update(valid_until=today() - timedelta(days=1))
    nightly.begin(at=now())
    work.drain()
    assert list(ClassOverride.objects.order_by("pk").values_list("status", flat=True)) == ["ended", "lapsed"]
    assert risk_class(account) == "C"
    assert services.end_overrides_of(day=today()) == 0


def test_what_has_not_run_out_goes_on(account: CustomerAccount, analyst: User, manager: User) -> None:
    row = approve(ask(account, analyst, valid_until=today()), manager)
    assert services.run_out(work=None, override_id=row.pk) == {"ended": False}
    assert risk_class(account) == "E"


def test_where_classes_follow_a_decision_holds_and_then_the_score_counts(
    company: Company, account: CustomerAccount, analyst: User, manager: User
) -> None:
    Company.objects.update(class_follows_score=True)
    scored(account, "B")
    row = approve(ask(account, analyst), manager)
    assert services.follow_class(work=None, account_id=account.pk) == {"changed": False}
    with pytest.raises(Invalid) as refusal:
        change_account(account_id=account.pk, by=manager, at=now(), risk_class="A")
    assert set(refusal.value.errors) == {"risk_class"}
    services.end_override(override_id=row.pk, reason="Plan confirmed", by=manager, at=now())
    assert risk_class(account) == "B"
    scored(account, "D")
    assert services.follow_class(work=None, account_id=account.pk) == {"changed": True}
    assert services.follow_class(work=None, account_id=account.pk) == {"changed": False}
    assert risk_class(account) == "D"


def test_the_class_of_the_score_is_adopted_once(
    company: Company, account: CustomerAccount, analyst: User, manager: User, rep: User
) -> None:
    with pytest.raises(NothingToAdopt):
        services.adopt_class(account_id=account.pk, by=analyst, at=now())
    scored(account, "B")
    with pytest.raises(NotAllowed):
        services.adopt_class(account_id=account.pk, by=rep, at=now())
    assert services.adopt_class(account_id=account.pk, by=analyst, at=now()).risk_class == "B"
    with pytest.raises(NothingToAdopt):
        services.adopt_class(account_id=account.pk, by=analyst, at=now())
    approve(ask(account, analyst), manager)
    with pytest.raises(NothingToAdopt):
        services.adopt_class(account_id=account.pk, by=analyst, at=now())
