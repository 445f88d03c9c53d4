"""The approver's inbox: what I may decide, what is above me and who may, what I decided before."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import Company, CustomerAccount, User
from credit import services as credit
from credit.models import CreditDecision, DelegationRule, LimitRequest
from credit.rule_queries import matrix_of
from credit.services.authority_rules import decide_authority, propose_authority
from o2c.home.decisions import Decisions, decisions_of
from o2c.shared import work
from o2c.shared.calendar import paris_date
from o2c.shared.models import Notice
from orders import services
from orders.models import OverrideRequest
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user
from tests.factories.orders import give_limit, submitted
from tests.orders.pages import browse, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def company() -> Company:
    return CompanyFactory(code="DEMO")


@pytest.fixture
def rep(company: Company) -> User:
    return make_user("sales", company, "sales", first_name="Rose", last_name="Martin")


@pytest.fixture
def adv(company: Company) -> User:
    return make_user("adv_officer", company, "adv")


@pytest.fixture
def analyst(company: Company) -> User:
    return make_user("credit_analyst", company, "analyst")


@pytest.fixture
def manager(company: Company) -> User:
    return make_user("credit_manager", company, "credit", first_name="Helen", last_name="Carter")


@pytest.fixture
def account(company: Company, rep: User, manager: User) -> CustomerAccount:
    account = CustomerAccountFactory(company=company, code="C0001", name="Bâti-Loire", rep=rep)
    give_limit(account, "1000", decided_by=manager)
    return account


def ask(account: CustomerAccount, total: str, *, adv: User, by: User) -> OverrideRequest:
    order = submitted(account, total, by=adv)
    return services.request_override(order_id=order.pk, reason="Signed", by=by, at=timezone.now())


def wish(account: CustomerAccount, amount: int, *, by: User) -> LimitRequest:
    return credit.create_limit_request(
        account=account,
        amount=Decimal(amount),
        kind="base",
        reason="Grows",
        by=by,
        at=timezone.now(),
        submit=True,
    )


def test_mine_are_those_within_my_authority_and_the_others_name_who_may(
    account: CustomerAccount, adv: User, rep: User, analyst: User, manager: User
) -> None:
    small = ask(account, "3000", adv=adv, by=rep)
    large = ask(account, "30000", adv=adv, by=rep)
    low, high = wish(account, 20000, by=rep), wish(account, 90000, by=rep)
    mine, above = Decisions(analyst, account.company, timezone.now()).waiting()
    assert {row.key for row in mine} == {f"override-{small.pk}", f"limit-{low.pk}"}
    assert {row.key for row in above} == {f"override-{large.pk}", f"limit-{high.pk}"}
    assert {person.user for row in above for person in row.people} == {manager}
    row = next(row for row in mine if row.kind == "override")
    assert (row.missing, row.amount) == (Decimal("2000.00"), Decimal("3000.00"))
    assert [(code, quote.number if quote else "") for code, quote in row.codes] == [("OVER_LIMIT", "4.2")]
    assert row.facts is not None
    assert row.facts.available_after == Decimal("-2000.00")


def test_my_own_requests_and_clients_are_somebody_elses(
    account: CustomerAccount, adv: User, analyst: User, manager: User
) -> None:
    own = ask(account, "3000", adv=adv, by=manager)
    mine, above = Decisions(manager, account.company, timezone.now()).waiting()
    assert mine == []
    assert [row.key for row in above] == [f"override-{own.pk}"]
    assert Decisions(analyst, account.company, timezone.now()).waiting()[0]


def test_the_most_urgent_comes_first(account: CustomerAccount, adv: User, rep: User, manager: User) -> None:
    late, soon = ask(account, "3000", adv=adv, by=rep), ask(account, "3100", adv=adv, by=rep)
    late.case.target_at = timezone.now() - timedelta(days=3)
    late.case.save()
    mine, _above = Decisions(manager, account.company, timezone.now()).waiting()
    assert [row.pk for row in mine] == [late.pk, soon.pk]
    assert mine[0].seconds < 0


def test_decided_in_two_clicks_with_the_facts_beside(
    account: CustomerAccount, adv: User, rep: User, manager: User
) -> None:
    asked, limit = ask(account, "3000", adv=adv, by=rep), wish(account, 20000, by=rep)
    client = browse(manager)
    page = text_of(client.get(reverse("decisions")))
    assert "2 requests within your authority" in page
    assert "€2,000.00 short" in page
    assert "Headroom after −€2,000.00" in page
    empty = client.post(
        reverse("decisions"), {"request": f"override-{asked.pk}", "decision": "approve", "reason": ""}
    )
    assert empty.status_code == 422
    for key, decision in ((f"override-{asked.pk}", "approve"), (f"limit-{limit.pk}", "refuse")):
        answer = client.post(
            reverse("decisions"), {"request": key, "decision": decision, "reason": "Good payer"}, follow=True
        )
        assert answer.status_code == 200
    asked.refresh_from_db()
    limit.refresh_from_db()
    assert (asked.status, limit.status) == ("approved", "refused")
    again = client.post(
        reverse("decisions"),
        {"request": f"override-{asked.pk}", "decision": "approve", "reason": "Twice"},
        follow=True,
    )
    assert "This request does not wait any more." in text_of(again)
    mine = text_of(client.get(reverse("my_decisions")))
    assert "Good payer" in mine
    assert f"Release of {asked.order.number}" in mine


def test_a_decision_above_the_authority_is_refused_with_who_may(
    account: CustomerAccount, adv: User, rep: User, analyst: User, manager: User
) -> None:
    asked = ask(account, "30000", adv=adv, by=rep)
    answer = browse(analyst).post(
        reverse("decisions"), {"request": f"override-{asked.pk}", "decision": "approve", "reason": "x"}
    )
    assert answer.status_code == 403
    assert "This is above your authority." in text_of(answer)
    assert "Role that may: Credit manager." in text_of(answer)


@pytest.mark.parametrize("key", ["override-0", "limit-0", "x-1", "override-", "override-a"])
def test_what_does_not_exist_is_not_found(manager: User, key: str) -> None:
    data = {"request": key, "decision": "approve", "reason": "x"}
    assert browse(manager).post(reverse("decisions"), data).status_code == 404


def test_who_decides_nothing_has_no_such_page(rep: User) -> None:
    assert browse(rep).get(reverse("decisions")).status_code == 403
    assert browse(rep).get(reverse("my_decisions")).status_code == 403


def test_my_decisions_say_how_they_turned_out(
    account: CustomerAccount, adv: User, rep: User, manager: User
) -> None:
    asked = ask(account, "3000", adv=adv, by=rep)
    services.approve_override(request_id=asked.pk, reason="Fine", by=manager, at=timezone.now())
    CreditDecision.objects.filter(occasion="release").update(outcome="late")
    rows = Decisions(manager, account.company, timezone.now()).mine()
    assert [(row.status, row.outcome) for row in rows if row.reason == "Fine"] == [("approved", "late")]
    assert [row.reason for row in decisions_of(account, rep)] == ["Fine"]
    client = browse(manager)
    assert "Paid late" in text_of(client.get(reverse("my_decisions")))
    assert "Fine" in text_of(client.get(reverse("accounts:part", args=[account.code, "decisions"])))


def test_the_inbox_costs_the_same_however_much_waits(
    account: CustomerAccount,
    adv: User,
    rep: User,
    analyst: User,
    manager: User,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    for total, amount in (("3000", 20000), ("30000", 90000)):
        ask(account, total, adv=adv, by=rep)
        wish(account, amount, by=rep)
    reader = User.objects.get(pk=analyst.pk)
    with CaptureQueriesContext(connection) as first:
        Decisions(reader, account.company, timezone.now()).waiting()
    for _number in range(2):
        ask(account, "3100", adv=adv, by=rep)
        ask(account, "31000", adv=adv, by=rep)
        wish(account, 91000, by=rep)
    again = User.objects.get(pk=analyst.pk)
    with django_assert_max_num_queries(len(first)):
        Decisions(again, account.company, timezone.now()).waiting()


def test_who_countersigns_finds_what_waits_for_a_second_approval(
    account: CustomerAccount, company: Company, adv: User, rep: User
) -> None:
    asked = ask(account, "80000", adv=adv, by=rep)
    director = make_user("finance_director", company, "director")
    seller = make_user("sales_manager", company, "seller", first_name="Sam", last_name="Sales")
    answer = {"request": f"override-{asked.pk}", "decision": "approve", "reason": "Signed by the town"}
    said = text_of(browse(director).post(reverse("decisions"), answer, follow=True))
    assert "Your approval is kept; a second one of another department grants." in said

    client = browse(seller)
    assert f"override-{asked.pk}" in client.get(reverse("decisions")).content.decode()
    assert "Granted: who asked is told." in text_of(client.post(reverse("decisions"), answer, follow=True))
    assert asked.order.number in text_of(client.get(reverse("my_decisions")))
    assert asked.order.number in text_of(browse(director).get(reverse("my_decisions")))


@pytest.fixture
def director(company: Company) -> User:
    return make_user("finance_director", company, "claire", first_name="Claire", last_name="Vidal")


@pytest.fixture
def chief(company: Company) -> User:
    return make_user("executive", company, "chief", first_name="Paul", last_name="Noir")


def other_authority(company: Company, level: int, by: User, **changes: Any) -> DelegationRule:
    today = paris_date(timezone.now())
    rule = next(row for row in matrix_of(company.pk, today) if row.level == level)
    return propose_authority(
        company_id=company.pk, rule=replace(rule, **changes), effective_from=today, reason="The market grew",
        by=by, at=timezone.now(),
    )  # fmt: skip


def test_a_change_of_authority_waits_in_decisions_of_who_may_agree(
    company: Company, manager: User, director: User, chief: User
) -> None:
    rule = other_authority(company, 2, director, release_amount=Decimal(12000))
    mine, above = Decisions(chief, company, timezone.now()).waiting()
    assert ([row.key for row in mine], above) == ([f"authority-{rule.pk}"], [])
    assert mine[0].change is not None
    assert "€10,000" in mine[0].change[0]
    assert "€12,000" in mine[0].change[1]
    mine, above = Decisions(director, company, timezone.now()).waiting()
    assert (mine, [person.user for person in above[0].people]) == ([], [chief])
    assert Decisions(manager, company, timezone.now()).waiting() == ([], [])
    page = text_of(browse(chief).get(reverse("decisions")))
    assert "Agree to the change" in page
    assert "1 request within your authority" in page
    answer = {"request": f"authority-{rule.pk}", "decision": "approve", "reason": "Agreed in the board"}
    assert browse(manager).post(reverse("decisions"), answer).status_code == 404
    assert browse(director).post(reverse("decisions"), answer).status_code == 403
    assert browse(chief).post(reverse("decisions"), answer).status_code == 302
    rule.refresh_from_db()
    assert (rule.is_accepted, rule.decision_reason) == (True, "Agreed in the board")
    assert Decisions(chief, company, timezone.now()).waiting() == ([], [])
    assert Decisions(director, company, timezone.now()).waiting() == ([], [])


def test_a_change_is_refused_in_decisions_with_its_reason(
    company: Company, director: User, chief: User
) -> None:
    rule = other_authority(company, 2, director, release_amount=Decimal(12000))
    answer = {"request": f"authority-{rule.pk}", "decision": "refuse", "reason": ""}
    assert browse(chief).post(reverse("decisions"), answer).status_code == 422
    assert browse(chief).post(reverse("decisions"), answer | {"reason": "Too much"}).status_code == 302
    rule.refresh_from_db()
    assert rule.is_accepted is False


def test_two_holders_of_a_level_do_not_raise_it(company: Company, director: User, chief: User) -> None:
    other = make_user("finance_director", company, "other")
    held = director.authority_in(company)
    rule = other_authority(company, held, director, write_off_amount=Decimal(60000))
    mine, above = Decisions(other, company, timezone.now()).waiting()
    assert (mine, [person.user for person in above[0].people]) == ([], [chief])
    work.drain()
    told = Notice.objects.filter(kind="authority.asked").values_list("user__username", "url")
    assert list(told) == [("chief", reverse("decisions"))]
    decide_authority(change_id=rule.pk, accept=True, reason="", by=chief, at=timezone.now())
    work.drain()
    assert Notice.objects.get(kind="authority.agreed").user == director


def test_an_answered_change_is_told_to_nobody_any_more(company: Company, director: User, chief: User) -> None:
    rule = other_authority(company, 2, director, release_amount=Decimal(12000))
    decide_authority(change_id=rule.pk, accept=False, reason="No", by=chief, at=timezone.now())
    work.drain()
    assert set(Notice.objects.values_list("kind", "user__username")) == {("authority.refused", "claire")}


def test_changes_of_authority_cost_the_same_however_many(
    company: Company, director: User, chief: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    other_authority(company, 2, director, release_amount=Decimal(12000))
    reader = User.objects.get(pk=chief.pk)
    with CaptureQueriesContext(connection) as one:
        Decisions(reader, company, timezone.now()).waiting()
    other_authority(company, 1, director, release_amount=Decimal(600))
    other_authority(company, 3, director, write_off_amount=Decimal(6000))
    reader = User.objects.get(pk=chief.pk)
    with django_assert_num_queries(len(one)):
        assert len(Decisions(reader, company, timezone.now()).waiting()[0]) == 3
