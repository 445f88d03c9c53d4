"""The home page per role, search, journal, notices, background work, company and language."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Company, CustomerAccount, RoleGrant, User
from credit import services as credit
from credit import standing
from o2c.home import queries
from o2c.home.act_words import WORDS
from o2c.home.inbox import Inbox
from o2c.shared import audit
from o2c.shared.calendar import paris_date
from o2c.shared.models import AuditEvent, Notice, Work
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user, nth_siren
from tests.factories.invoicing import make_invoice, make_payment
from tests.factories.orders import draft, give_limit, open_item, quoted, submitted

pytestmark = pytest.mark.django_db


@pytest.fixture
def company() -> Company:
    return CompanyFactory(code="DEMO", name="Comptoir Valmont")


@pytest.fixture
def rep(company: Company) -> User:
    return make_user("sales", company, "sales", first_name="Sam")


@pytest.fixture
def adv(company: Company) -> User:
    return make_user("adv_officer", company, "adv", first_name="Sophie")


@pytest.fixture
def manager(company: Company) -> User:
    return make_user("credit_manager", company, "credit", first_name="Ada", last_name="Manager")


@pytest.fixture
def account(company: Company, rep: User) -> CustomerAccount:
    account = CustomerAccountFactory(company=company, code="C0001", name="Bâti-Loire", rep=rep)
    give_limit(account, "1000")
    return account


def signed_in(user: User, language: str = "en") -> Client:
    browser = Client(headers={"accept-language": language})
    browser.force_login(user)
    return browser


def text_of(response: Any) -> str:
    return " ".join(response.content.decode().split())


def inbox_of(user: User) -> list[tuple[str, str]]:
    response = signed_in(user).get("/")
    return [(str(row.word), row.title) for row in response.context["rows"]]


# --- what waits ---


def test_credit_sees_what_it_may_decide_and_nothing_of_its_own(
    company: Company, account: CustomerAccount, rep: User, adv: User, manager: User
) -> None:
    submitted(account, "5000", by=adv, number="CDE-1")
    credit.create_limit_request(
        account=account, amount=Decimal(500), kind="base", reason="r", by=rep, at=timezone.now(), submit=True
    )
    credit.create_limit_request(
        account=account,
        amount=Decimal(900),
        kind="base",
        reason="r",
        by=manager,
        at=timezone.now(),
        submit=True,
    )
    credit.block(
        account_id=CustomerAccountFactory(company=company, name="Lemoine").pk,
        reason="cheques",
        review_on=timezone.localdate(),
        by=manager,
        at=timezone.now(),
    )

    response = signed_in(manager).get("/")

    assert sorted((str(row.word), row.title) for row in response.context["rows"]) == [
        ("Block", "Lemoine"),
        ("Limit", "Bâti-Loire"),
        ("Order", "Bâti-Loire"),
    ]
    assert "1 order waits for your answer" in text_of(response)
    assert "€4,000.00 short" in text_of(response)


def test_finance_sees_only_what_nobody_below_may_decide(
    company: Company, account: CustomerAccount, adv: User, rep: User
) -> None:
    finance = make_user("finance_director", company, "finance")
    submitted(account, "5000", by=adv)
    submitted(account, "90000", by=adv)
    for amount in (500, 200_000):
        credit.create_limit_request(
            account=account,
            amount=Decimal(amount),
            kind="base",
            reason="r",
            by=rep,
            at=timezone.now(),
            submit=True,
        )

    rows = signed_in(finance).get("/").context["rows"]

    assert sorted((str(row.word), str(row.amount)) for row in rows) == [
        ("Limit", "200000.00"),
        ("Order", "90000.00"),
    ]


def test_sales_sees_own_clients_alone(
    company: Company, account: CustomerAccount, rep: User, adv: User
) -> None:
    other = CustomerAccountFactory(company=company, name="Somebody else's")
    give_limit(other, "10")
    open_item(account, "300", due=timezone.localdate() - timedelta(days=5))
    for client in (account, other):
        submitted(client, "5000", by=adv)
    standing.refresh([account.pk, other.pk], at=timezone.now())

    assert inbox_of(rep) == [("Order", "Bâti-Loire"), ("Overdue", "Bâti-Loire")]
    assert "1 order of your clients is on hold" in text_of(signed_in(rep).get("/"))


def test_adv_sees_the_queue_and_its_drafts(account: CustomerAccount, adv: User) -> None:
    submitted(account, "5000", by=adv)
    draft(account, "100", by=adv)
    assert inbox_of(adv) == [("Order", "Bâti-Loire"), ("Draft", "Bâti-Loire")]


def test_the_accountant_sees_unmatched_money(company: Company, account: CustomerAccount) -> None:
    accountant = make_user("receivables_accountant", company)
    open_item(account, "-70.00", kind="PAYMENT", document="VIR-1")

    response = signed_in(accountant).get("/")

    assert [(str(row.word), str(row.amount)) for row in response.context["rows"]] == [("Payment", "70.00")]
    assert "1 payment" in text_of(response)


def test_the_auditor_sees_the_latest_acts(company: Company, account: CustomerAccount, adv: User) -> None:
    auditor = make_user("auditor", company)
    draft(account, "100", by=adv, number="CDE-1")

    response = signed_in(auditor).get("/")

    assert response.context["rows"] == []
    assert "Order CDE-1 entered" in text_of(response)


def test_somebody_without_a_company_is_told_what_to_do() -> None:
    nobody = User.objects.create_user("nobody", password="x")
    assert "You work in no company yet" in text_of(signed_in(nobody).get("/"))


def test_the_inbox_alone_for_htmx(account: CustomerAccount, adv: User) -> None:
    submitted(account, "5000", by=adv)
    page = text_of(signed_in(adv).get("/", {"part": "inbox", "inbox": "limits"}))
    assert 'id="inbox"' in page
    assert "<html" not in page
    assert "Bâti-Loire" not in page


def test_home_costs_the_same_with_one_and_three_orders(
    account: CustomerAccount, adv: User, manager: User
) -> None:
    browser = signed_in(manager)

    def count() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert browser.get("/").status_code == 200
        return len(captured)

    submitted(account, "5000", by=adv)
    count()
    one = count()
    submitted(account, "5000", by=adv)
    submitted(account, "5000", by=adv)
    assert count() == one


def test_the_menu_counts_what_waits(account: CustomerAccount, adv: User, rep: User, manager: User) -> None:
    submitted(account, "5000", by=adv)
    credit.create_limit_request(
        account=account, amount=Decimal(500), kind="base", reason="r", by=rep, at=timezone.now(), submit=True
    )
    Notice.objects.create(user=manager, kind="order.held", key="k", created_at=timezone.now())

    counts = queries.menu_counts(manager, account.company)

    assert counts == {
        "holds": 1, "limit_requests": 1, "alerts": 0, "disputes": 0, "notifications": 1, "jobs_running": 0,
    }  # fmt: skip


# --- search ---


def test_search_finds_clients_orders_and_invoices_of_the_portfolio(
    company: Company, account: CustomerAccount, rep: User, adv: User
) -> None:
    other = CustomerAccountFactory(company=company, code="C0002", name="Bâti-Rhône")
    accountant = make_user("receivables_accountant", company)
    draft(account, "100", by=adv, number="CDE-2026-1187")
    draft(other, "100", by=adv, number="CDE-2026-1188")
    make_invoice(account, by=accountant, number="FA-2026-77", at=timezone.now())
    quoted(account, "100", by=adv, number="DEV-2026-31", customer_reference="their-7")
    quoted(other, "100", by=adv, number="DEV-2026-32")
    browser = signed_in(rep)

    def found(text: str) -> list[str]:
        page = browser.get("/search/", {"q": text}, headers={"HX-Request": "true"})
        return [result["title"] for group in page.context["groups"] for result in group["results"]]

    assert found("bati") == ["Bâti-Loire"]
    assert found(account.siren[:3] + " " + account.siren[3:6] + " " + account.siren[6:]) == ["Bâti-Loire"]
    assert found("cde-2026-118") == ["CDE-2026-1187"]
    assert found("FA-2026") == ["FA-2026-77"]
    assert found("dev-2026") == found("their") == ["DEV-2026-31"]
    assert found(nth_siren(9999)) == []


def test_a_single_answer_opens_at_once_and_several_are_listed(
    company: Company, account: CustomerAccount, manager: User
) -> None:
    CustomerAccountFactory(company=company, code="C0002", name="Bâti-Rhône")
    browser = signed_in(manager)
    assert browser.get("/search/", {"q": "C0001"}).headers["Location"] == "/clients/C0001/"
    assert "Bâti-Rhône" in text_of(browser.get("/search/", {"q": "bati"}))
    assert "Nothing found" in text_of(browser.get("/search/", {"q": "zzzzzz"}))


# --- journal ---


def test_the_journal_tells_the_story_in_words(
    company: Company, account: CustomerAccount, adv: User, manager: User
) -> None:
    submitted(account, "5000", by=adv, number="CDE-1")
    credit.block(account_id=account.pk, reason="Two cheques", by=manager, at=timezone.now())

    page = text_of(signed_in(manager).get("/journal/"))

    assert "Order CDE-1 on hold" in page
    assert "Two cheques" in page
    assert "the portal" in page
    assert "Over limit" in page


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"actor": "credit"}, {"account.blocked"}),
        ({"action": "order.entered"}, {"order.entered"}),
        ({"group": "decisions"}, {"account.blocked"}),
        ({"q": "CDE-1"}, {"order.entered"}),
        ({"client": "bati"}, {"account.blocked", "order.entered"}),
        ({"since": "+1"}, set()),
        ({"until": "hier"}, set()),
    ],
)
def test_the_journal_filters(
    account: CustomerAccount, adv: User, manager: User, query: dict[str, str], expected: set[str]
) -> None:
    draft(account, "100", by=adv, number="CDE-1")
    credit.block(account_id=account.pk, reason="r", by=manager, at=timezone.now())
    response = signed_in(manager).get("/journal/", query)
    assert {event.action for event in response.context["table"].page.object_list.data} == expected


def test_the_journal_is_for_those_who_may_and_for_their_company(
    company: Company, account: CustomerAccount, rep: User, adv: User, manager: User
) -> None:
    elsewhere = CustomerAccountFactory(company=CompanyFactory(code="OTHER"), code="ELSEWHERE-1")
    audit.record("account.changed", elsewhere, by=None, at=timezone.now(), account_id=elsewhere.pk)

    assert signed_in(rep).get("/journal/").status_code == 403
    assert "ELSEWHERE-1" not in text_of(signed_in(manager).get("/journal/"))


def test_the_journal_costs_the_same_at_one_and_three_rows(
    account: CustomerAccount, adv: User, manager: User
) -> None:
    browser = signed_in(manager)

    def count() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert browser.get("/journal/").status_code == 200
        return len(captured)

    draft(account, "100", by=adv)
    count()
    one = count()
    draft(account, "100", by=adv)
    draft(account, "100", by=adv)
    assert count() == one


def test_the_journal_exports_codes_and_words(account: CustomerAccount, adv: User, manager: User) -> None:
    draft(account, "100", by=adv, number="CDE-1")
    answer = signed_in(manager).get("/journal/", {"action": "order.entered", "export": "csv"})
    lines = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()  # type: ignore[attr-defined]
    assert len(lines) == 2
    assert "order.entered" in lines[1]
    assert "Order CDE-1 entered" in lines[1]


def test_every_act_stored_by_these_stories_has_words(
    account: CustomerAccount, adv: User, rep: User, manager: User
) -> None:
    submitted(account, "5000", by=adv)
    credit.watch(account_id=account.pk, reason="r", by=manager, at=timezone.now())
    wish = credit.create_limit_request(
        account=account, amount=Decimal(500), kind="base", reason="r", by=rep, at=timezone.now(), submit=True
    )
    credit.approve_limit_request(request_id=wish.pk, reason="r", by=manager, at=timezone.now())
    assert set(AuditEvent.objects.values_list("action", flat=True)) <= set(WORDS)


# --- notices, work, company, language ---


def test_a_notice_is_read_when_it_is_opened(manager: User, rep: User) -> None:
    notice = Notice.objects.create(
        user=manager,
        kind="order.held",
        key="case:1",
        figures={"order": "CDE-1", "client": "Bâti-Loire", "amount": "10.00", "currency": "EUR"},
        url="/journal/",
        created_at=timezone.now(),
    )
    browser = signed_in(manager)

    assert "CDE-1 of Bâti-Loire is on hold" in text_of(browser.get("/notifications/"))
    assert signed_in(rep).get(f"/notifications/{notice.pk}/").status_code == 404
    assert browser.get(f"/notifications/{notice.pk}/").headers["Location"] == "/journal/"
    notice.refresh_from_db()
    assert notice.read_at is not None


def test_all_notices_are_marked_as_read(manager: User, rep: User) -> None:
    for user in (manager, rep):
        Notice.objects.create(user=user, kind="order.held", key="k", created_at=timezone.now())
    signed_in(manager).post("/notifications/")
    assert [queries.unread(user).count() for user in (manager, rep)] == [0, 1]


def test_background_work_of_the_reader(manager: User, rep: User) -> None:
    now = timezone.now()
    mine = Work.objects.create(
        kind="imports.ledger", key="a", not_before=now, created_at=now, requested_by=manager, done=3, total=9
    )
    Work.objects.create(kind="react:x", key="b", not_before=now, created_at=now, requested_by=manager)
    theirs = Work.objects.create(
        kind="imports.ledger", key="c", not_before=now, created_at=now, requested_by=rep
    )
    browser = signed_in(manager)

    page = browser.get("/work/")

    assert [job.pk for job in page.context["jobs"]] == [mine.pk]
    assert "3 of 9" in text_of(page)
    assert browser.get(f"/work/{mine.pk}/").status_code == 200
    Work.objects.filter(pk=mine.pk).update(state=Work.State.DONE)
    assert browser.get(f"/work/{mine.pk}/").status_code == 286
    assert browser.get(f"/work/{theirs.pk}/").status_code == 404


def test_another_company_is_chosen_for_the_session(company: Company, manager: User) -> None:
    other = CompanyFactory(code="NORD", name="Valmont Nord")
    forbidden = CompanyFactory(code="SUD")
    RoleGrant.objects.create(user=manager, company=other, role_id="credit_manager")
    browser = signed_in(manager)

    to_list = browser.post("/company/", {"company": "NORD", "next": "/clients/"})
    shown = browser.get("/clients/").context["company"]
    from_client = browser.post("/company/", {"company": "DEMO", "next": "/clients/C0001/"})
    refused = browser.post("/company/", {"company": forbidden.code})
    away = browser.post("/company/", {"company": "NORD", "next": "https://example.com/"})

    assert to_list.headers["Location"] == "/clients/"
    assert shown == other
    assert from_client.headers["Location"] == "/"
    assert refused.status_code == 404
    assert away.headers["Location"] == "/"


def test_the_language_is_kept_on_the_user(manager: User) -> None:
    browser = signed_in(manager, "fr")
    browser.post("/language/", {"language": "en", "next": "/"})
    manager.refresh_from_db()
    assert manager.language == "en"
    assert browser.get("/").headers["Content-Language"] == "en"


def test_visitors_go_to_the_sign_in() -> None:
    for address in ("/", "/search/", "/journal/", "/notifications/", "/work/"):
        assert Client().get(address).headers["Location"].startswith("/login/?next=")


def test_money_nobody_has_identified_is_a_task_after_five_working_days(company: Company) -> None:
    books = make_user("receivables_accountant", company, "books")
    now = timezone.now()
    for name, days in (("FRESH", 1), ("OLD", 9)):
        make_payment(
            None,
            "12.50",
            company=company,
            external_id=name,
            received=paris_date(now) - timedelta(days=days),
            at=now,
            by=books,
        )
    lines = [line for line in Inbox(books, company, now).inbox() if "/invoicing/matching/" in line.url]
    assert [str(line.title) for line in lines] == ["OLD"]
