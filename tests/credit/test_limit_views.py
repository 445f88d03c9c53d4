"""Limit requests on screen, and the forms that block and watch a client."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Company, CustomerAccount, User
from credit import services
from credit.enums import RequestStatus
from credit.lists import waiting_for
from credit.models import AccountBlock, AccountWatch, CreditLimit, LimitRequest
from o2c.shared.models import AuditEvent
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user
from tests.factories.orders import give_limit, open_item

pytestmark = pytest.mark.django_db


@pytest.fixture
def company() -> Company:
    return CompanyFactory(code="DEMO")


@pytest.fixture
def rep(company: Company) -> User:
    return make_user("sales", company, "sales", first_name="Sam", last_name="Seller")


@pytest.fixture
def manager(company: Company) -> User:
    return make_user("credit_manager", company, "credit", first_name="Ada", last_name="Manager")


@pytest.fixture
def account(company: Company, rep: User) -> CustomerAccount:
    return CustomerAccountFactory(company=company, code="C0001", name="Bâti-Loire", rep=rep)


def signed_in(user: User) -> Client:
    browser = Client(headers={"accept-language": "en"})
    browser.force_login(user)
    return browser


def ask(account: CustomerAccount, amount: str | None, by: User, **fields: Any) -> LimitRequest:
    fields.setdefault("kind", "base" if amount is not None else "unlimited")
    return services.create_limit_request(
        account=account,
        amount=None if amount is None else Decimal(amount),
        reason="Spring orders double",
        by=by,
        at=timezone.now(),
        submit=fields.pop("submit", True),
        **fields,
    )


def text_of(response: Any) -> str:
    return " ".join(response.content.decode().split())


def shown(response: Any) -> list[int]:
    return [row.pk for row in response.context["table"].page.object_list.data]


# --- the list ---


def test_list_puts_what_waits_first_and_hides_drafts_of_others(
    account: CustomerAccount, rep: User, manager: User
) -> None:
    done = ask(account, "100", rep)
    services.approve_limit_request(request_id=done.pk, reason="fine", by=manager, at=timezone.now())
    waiting = ask(account, "200", rep)
    mine = ask(account, "300", rep, submit=False)

    assert shown(signed_in(manager).get("/credit/limit-requests/")) == [waiting.pk, done.pk]
    assert shown(signed_in(rep).get("/credit/limit-requests/")) == [waiting.pk, mine.pk, done.pk]
    assert shown(signed_in(rep).get("/credit/limit-requests/", {"state": "decided"})) == [done.pk]


def test_list_shows_only_the_portfolio(company: Company, account: CustomerAccount, rep: User) -> None:
    other = CustomerAccountFactory(company=company)
    adv = make_user("adv_officer", company)
    hidden = ask(other, "100", adv)

    browser = signed_in(rep)

    assert shown(browser.get("/credit/limit-requests/")) == []
    assert browser.get(f"/credit/limit-requests/{hidden.pk}/").status_code == 404


def test_list_costs_the_same_at_one_and_three_rows(
    account: CustomerAccount, rep: User, manager: User
) -> None:
    browser = signed_in(manager)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert browser.get("/credit/limit-requests/").status_code == 200
        return len(captured)

    ask(account, "100", rep)
    queries()
    one = queries()
    ask(account, "200", rep)
    ask(account, "300", rep)
    assert queries() == one


@pytest.mark.parametrize(
    ("role", "risk_class", "amount", "may"),
    [
        ("credit_analyst", "C", "25000", True),
        ("credit_analyst", "C", "25000.01", False),
        ("credit_analyst", "E", "100", False),
        ("credit_manager", "E", "25000", True),
        ("credit_manager", "E", "25001", False),
        ("credit_manager", "C", "150000", True),
        ("credit_manager", "C", None, False),
        ("executive", "E", "900000", True),
        ("executive", "C", None, True),
        ("adv_officer", "C", "1", False),
    ],
)
def test_what_waits_for_whom_is_what_the_act_lets_them_decide(
    company: Company,
    account: CustomerAccount,
    rep: User,
    role: str,
    risk_class: str,
    amount: str | None,
    may: bool,
) -> None:
    account.risk_class = risk_class
    account.save()
    wish = ask(account, amount, rep)
    decider = make_user(role, company)

    listed = waiting_for(LimitRequest.objects.all(), decider, company).exists()
    try:
        services.refuse_limit_request(request_id=wish.pk, reason="no", by=decider, at=timezone.now())
        decided = True
    except services.limits.NotAllowed:
        decided = False

    assert (listed, decided) == (may, may)


# --- asking ---


def form(**changes: str) -> dict[str, str]:
    return {"level": "account", "kind": "base", "amount": "12k", "reason": "Spring orders double", **changes}


def test_a_request_is_sent_from_the_form(account: CustomerAccount, rep: User) -> None:
    answer = signed_in(rep).post("/credit/limit-requests/new/?client=C0001", form())

    wish = LimitRequest.objects.get()
    assert answer.status_code == 302
    assert (wish.amount, wish.status, wish.requested_by) == (Decimal("12000"), RequestStatus.SUBMITTED, rep)


def test_a_draft_is_kept_and_sent_later(account: CustomerAccount, rep: User) -> None:
    browser = signed_in(rep)
    browser.post("/credit/limit-requests/new/?client=C0001", form(keep="1"))
    wish = LimitRequest.objects.get()
    assert wish.status == RequestStatus.DRAFT

    browser.post(f"/credit/limit-requests/{wish.pk}/", {"decision": "submit"})

    wish.refresh_from_db()
    assert wish.status == RequestStatus.SUBMITTED


def test_unlimited_needs_no_amount(account: CustomerAccount, rep: User) -> None:
    signed_in(rep).post("/credit/limit-requests/new/?client=C0001", form(kind="unlimited", amount=""))
    assert LimitRequest.objects.get().amount is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"amount": ""}, "This field is required"),
        ({"reason": " "}, "This field is required"),
        ({"kind": "temporary"}, "A temporary raise needs its last day"),
        ({"kind": "temporary", "valid_until": "+200"}, "lasts 90 days at most"),
        ({"level": "group"}, "Select a valid choice"),
    ],
)
def test_what_is_missing_in_a_request_is_said(
    account: CustomerAccount, rep: User, changes: dict[str, str], message: str
) -> None:
    answer = signed_in(rep).post("/credit/limit-requests/new/?client=C0001", form(**changes))
    assert answer.status_code == 422
    assert message in text_of(answer)
    assert not LimitRequest.objects.exists()


def test_the_client_is_chosen_first(account: CustomerAccount, rep: User) -> None:
    browser = signed_in(rep)
    assert "Name, code or SIREN" in text_of(browser.get("/credit/limit-requests/new/"))
    answer = browser.get("/credit/limit-requests/new/", {"client": "Bâti-Loire"})
    assert answer.headers["Location"] == "/credit/limit-requests/new/?client=C0001"
    assert "You have no client of this name" in text_of(
        browser.get("/credit/limit-requests/new/", {"client": "Nobody"})
    )


# --- deciding ---


def test_granting_writes_the_limit_and_the_journal(
    account: CustomerAccount, rep: User, manager: User
) -> None:
    give_limit(account, "30000")
    open_item(account, "10000")
    wish = ask(account, "90000", rep)
    browser = signed_in(manager)

    page = text_of(browser.get(f"/credit/limit-requests/{wish.pk}/"))
    answer = browser.post(
        f"/credit/limit-requests/{wish.pk}/", {"decision": "approve", "reason": "Paid on time"}
    )

    assert "€30,000 → €90,000" in page
    assert "Within your authority" in page
    assert "€80,000.00" in page  # headroom if granted
    assert "today €20,000.00" in page
    assert answer.status_code == 302
    assert CreditLimit.objects.get(closed_on=None).amount == Decimal("90000")
    assert AuditEvent.objects.filter(action="limit.approved", reason="Paid on time").count() == 1


def test_a_decision_needs_a_reason(account: CustomerAccount, rep: User, manager: User) -> None:
    wish = ask(account, "90000", rep)
    answer = signed_in(manager).post(
        f"/credit/limit-requests/{wish.pk}/", {"decision": "refuse", "reason": ""}
    )
    wish.refresh_from_db()
    assert answer.status_code == 422
    assert wish.status == RequestStatus.SUBMITTED


def test_nobody_decides_what_they_asked_for(account: CustomerAccount, manager: User) -> None:
    wish = ask(account, "1000", manager)
    browser = signed_in(manager)

    page = text_of(browser.get(f"/credit/limit-requests/{wish.pk}/"))
    answer = browser.post(f"/credit/limit-requests/{wish.pk}/", {"decision": "approve", "reason": "mine"})

    assert "Somebody else decides" in page
    assert 'value="approve"' not in page
    assert answer.status_code == 403
    assert not CreditLimit.objects.exists()


def test_above_ones_authority_the_page_names_who_may(
    company: Company, account: CustomerAccount, rep: User
) -> None:
    make_user("finance_director", company, first_name="Fay", last_name="Director")
    analyst = make_user("credit_analyst", company)
    wish = ask(account, "300000", rep)
    browser = signed_in(analyst)

    page = text_of(browser.get(f"/credit/limit-requests/{wish.pk}/"))
    answer = browser.post(f"/credit/limit-requests/{wish.pk}/", {"decision": "approve", "reason": "yes"})

    assert "You decide up to €25,000; this needs the role Finance director." in page
    assert "Fay Director" in page
    assert answer.status_code == 403


def test_a_decided_request_shows_who_and_why(account: CustomerAccount, rep: User, manager: User) -> None:
    wish = ask(account, "500", rep)
    services.refuse_limit_request(
        request_id=wish.pk, reason="No accounts filed", by=manager, at=timezone.now()
    )

    page = text_of(signed_in(rep).get(f"/credit/limit-requests/{wish.pk}/"))

    assert "Refused" in page
    assert "No accounts filed" in page
    assert "Ada Manager" in page


# --- block and watch ---


def test_a_client_is_blocked_and_the_block_lifted(account: CustomerAccount, manager: User) -> None:
    browser = signed_in(manager)

    empty = browser.post("/credit/clients/C0001/block/", {"reason": ""})
    browser.post("/credit/clients/C0001/block/", {"reason": "Two cheques", "review_on": "+30"})
    block = AccountBlock.objects.get()
    again = browser.post("/credit/clients/C0001/block/", {"reason": "Once more"})
    browser.post("/credit/clients/C0001/unblock/", {"reason": "Paid"})

    assert empty.status_code == 422
    assert (block.reason, block.review_on) == ("Two cheques", timezone.localdate() + timedelta(days=30))
    assert "already in that state" in text_of(again)
    assert not AccountBlock.objects.filter(lifted_at=None).exists()


def test_a_watch_is_set_and_ended(account: CustomerAccount, manager: User) -> None:
    browser = signed_in(manager)
    browser.post("/credit/clients/C0001/watch/", {"reason": "Late twice"})
    assert AccountWatch.objects.filter(lifted_at=None).count() == 1
    browser.post("/credit/clients/C0001/unwatch/", {"reason": "Paid since"})
    assert AccountWatch.objects.filter(lifted_at=None).count() == 0


def test_who_may_not_block_is_told_so(account: CustomerAccount, rep: User) -> None:
    assert signed_in(rep).get("/credit/clients/C0001/block/").status_code == 403
    assert not AccountBlock.objects.exists()
