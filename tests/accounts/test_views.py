"""The list of clients, the client page with its parts, opening and changing a client."""

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
from credit import services as credit
from credit import standing
from credit.enums import Level
from credit.models import ExposureSnapshot
from tests.factories.accounts import (
    CompanyFactory,
    CustomerAccountFactory,
    CustomerGroupFactory,
    LegalEntityFactory,
    make_user,
    nth_siren,
)
from tests.factories.orders import draft, give_limit, open_item, submitted

pytestmark = pytest.mark.django_db


@pytest.fixture
def company() -> Company:
    return CompanyFactory(code="DEMO", name="Comptoir Valmont")


@pytest.fixture
def manager(company: Company) -> User:
    return make_user("credit_manager", company, "credit", first_name="Ada", last_name="Manager")


@pytest.fixture
def rep(company: Company) -> User:
    return make_user("sales", company, "sales", first_name="Sam", last_name="Seller")


def signed_in(user: User, language: str = "en") -> Client:
    browser = Client(headers={"accept-language": language})
    browser.force_login(user)
    return browser


def account_of(company: Company, **fields: Any) -> CustomerAccount:
    return CustomerAccountFactory(company=company, **fields)


def figures_of(*accounts: CustomerAccount) -> None:
    standing.refresh([account.pk for account in accounts], at=timezone.now())
    standing.refresh_levels([account.entity_id for account in accounts], at=timezone.now())


def text_of(response: Any) -> str:
    return " ".join(response.content.decode().split())


# --- the list ---


def test_list_shows_the_portfolio_with_its_figures(company: Company, rep: User) -> None:
    own = account_of(company, code="C0001", name="Bâti-Loire", rep=rep)
    other = account_of(company, code="C0002", name="Somebody else's client")
    give_limit(own, "1000")
    open_item(own, "250.00")
    figures_of(own, other)

    page = text_of(signed_in(rep).get("/clients/"))

    assert "Bâti-Loire" in page
    assert "Sam Seller" in page
    assert "750.00" in page
    assert "Somebody else" not in page


def test_list_costs_the_same_at_one_and_three_rows(company: Company, manager: User) -> None:
    browser = signed_in(manager)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert browser.get("/clients/").status_code == 200
        return len(captured)

    figures_of(account_of(company))
    queries()  # content that is cached for the process
    one = queries()
    figures_of(account_of(company), account_of(company))
    assert queries() == one


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("over_limit", {"C2"}),
        ("overdue", {"C2"}),
        ("blocked", {"C3"}),
        ("watched", {"C4"}),
        ("no_limit", {"C5"}),
        ("credit", {"C4"}),
        ("", {"C1", "C2", "C3", "C4", "C5"}),
    ],
)
def test_list_filters_by_situation(company: Company, manager: User, state: str, expected: set[str]) -> None:
    fine, late, blocked, watched, bare = (
        account_of(company, code=f"C{n}", name=f"N{n}") for n in range(1, 6)
    )
    for account in (fine, late, blocked, watched):
        give_limit(account, "100")
    open_item(late, "150", due=timezone.localdate() - timedelta(days=3))
    open_item(watched, "-5", kind="PAYMENT")
    credit.block(account_id=blocked.pk, reason="r", by=manager, at=timezone.now())
    credit.watch(account_id=watched.pk, reason="r", by=manager, at=timezone.now())
    figures_of(fine, late, blocked, watched, bare)

    response = signed_in(manager).get("/clients/", {"state": state})

    assert {row.code for row in response.context["table"].page.object_list.data} == expected


def test_list_sorts_by_headroom_in_the_database_with_unknown_figures_last(
    company: Company, manager: User
) -> None:
    rich, poor, unknown = (account_of(company, code=code) for code in ("RICH", "POOR", "NEW"))
    give_limit(rich, "900")
    give_limit(poor, "100")
    figures_of(rich, poor)

    for sort, expected in (("available", ["POOR", "RICH", "NEW"]), ("-available", ["RICH", "POOR", "NEW"])):
        response = signed_in(manager).get("/clients/", {"sort": sort})
        assert [row.code for row in response.context["table"].page.object_list.data] == expected
    assert unknown.code == "NEW"


def test_list_exports_exactly_the_filtered_rows(company: Company, manager: User) -> None:
    late, fine = account_of(company, code="LATE", name="Late"), account_of(company, code="FINE", name="Fine")
    open_item(late, "150", due=timezone.localdate() - timedelta(days=3))
    figures_of(late, fine)

    answer = signed_in(manager).get("/clients/", {"state": "overdue", "export": "csv"})

    lines = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()  # type: ignore[attr-defined]
    assert len(lines) == 2
    assert lines[1].split(";")[:2] == ["Late", "LATE"]
    assert "150" in lines[1]


def test_search_as_options_of_a_field(company: Company, rep: User) -> None:
    account_of(company, code="C0001", name="Bâti-Loire", rep=rep)
    account_of(company, code="C0002", name="Bâti-Rhône")

    page = text_of(signed_in(rep).get("/clients/search/", {"q": "bati"}))

    assert 'data-value="C0001"' in page
    assert "C0002" not in page


# --- the page ---


def test_page_outside_the_portfolio_does_not_exist(company: Company, rep: User) -> None:
    account_of(company, code="C0001")
    browser = signed_in(rep)
    assert browser.get("/clients/C0001/").status_code == 404
    assert browser.get("/clients/C0001/part/exposure/").status_code == 404


def test_page_of_a_client_with_everything(company: Company, manager: User, rep: User) -> None:
    account = account_of(company, code="C0001", name="Menuiseries Kervadec", rep=rep, term="30D_EOM")
    give_limit(account, "10000")
    open_item(account, "2500.00", due=timezone.localdate() - timedelta(days=12), document="FA-1")
    open_item(account, "1000.00", due=timezone.localdate() + timedelta(days=12), document="FA-2")
    submitted(account, "20000.00", by=rep, number="CDE-1")

    response = signed_in(manager).get("/clients/C0001/")
    page = text_of(response)

    assert response.status_code == 200
    assert "30 days end of month" in page
    assert "€3,500.00" in page  # net exposure
    assert "€6,500.00" in page  # headroom
    assert "the oldest: 12 days" in page
    assert "FA-1" in page
    assert "CDE-1" in page
    assert "€13,500.00 short" in page
    assert "?show=overdue#items" in page


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("none", "No credit limit has been decided"),
        ("expired", "The credit limit expired on"),
        ("unlimited", "unlimited"),
        ("blocked", "Blocked since"),
        ("credit", "In credit by €40.00"),
    ],
)
def test_states_of_a_client(company: Company, manager: User, given: str, expected: str) -> None:
    account = account_of(company, code="C0001")
    today = timezone.localdate()
    if given == "expired":
        give_limit(account, "500", valid_until=today - timedelta(days=2))
    elif given == "unlimited":
        give_limit(account, None)
    elif given != "none":
        give_limit(account, "500")
    if given == "blocked":
        credit.block(account_id=account.pk, reason="Two cheques", by=manager, at=timezone.now())
    if given == "credit":
        open_item(account, "-40.00", kind="PAYMENT")

    assert expected in text_of(signed_in(manager).get("/clients/C0001/"))


def test_items_are_filtered_as_a_fragment(company: Company, manager: User) -> None:
    account = account_of(company, code="C0001")
    open_item(account, "10", due=timezone.localdate() - timedelta(days=1), document="LATE-1")
    open_item(account, "20", due=timezone.localdate() + timedelta(days=1), document="SOON-1")
    browser = signed_in(manager)

    page = text_of(browser.get("/clients/C0001/part/items/", {"show": "overdue"}))

    assert "LATE-1" in page
    assert "SOON-1" not in page
    assert "<html" not in page
    assert browser.get("/clients/C0001/part/nothing/").status_code == 404


def test_relatives_outside_the_portfolio_are_a_count_and_a_total(company: Company, rep: User) -> None:
    group = CustomerGroupFactory(code="ARV", name="Arvennes")
    entity = LegalEntityFactory(siren=nth_siren(7), group=group)
    own = account_of(company, code="C0001", entity=entity, rep=rep)
    seen = account_of(company, code="C0002", name="Sister", entity=entity, rep=rep)
    hidden = account_of(company, code="C0003", name="Secret sister", entity=LegalEntityFactory(group=group))
    for account, amount in ((own, "100"), (seen, "20"), (hidden, "3")):
        open_item(account, amount)

    page = text_of(signed_in(rep).get("/clients/C0001/part/exposure/"))

    assert "Sister" in page
    assert "and 1 client outside your portfolio (€3.00)" in page
    assert "Secret sister" not in page
    assert "C0003" not in page


def test_exposure_of_another_day_comes_from_its_snapshot(company: Company, manager: User) -> None:
    account = account_of(company, code="C0001")
    open_item(account, "70")
    day = timezone.localdate() - timedelta(days=30)
    ExposureSnapshot.objects.create(
        level=Level.ACCOUNT,
        target_id=account.pk,
        day=day - timedelta(days=3),
        currency="EUR",
        parts=[Decimal("41.00"), *[Decimal(0)] * 8],
        overdue=Decimal("11.00"),
        gross_exposure=Decimal("41.00"),
        net_exposure=Decimal("41.00"),
        recorded_at=timezone.now(),
    )
    browser = signed_in(manager)

    then = text_of(browser.get("/clients/C0001/part/exposure/", {"as_of": day.isoformat()}))
    before = text_of(
        browser.get("/clients/C0001/part/exposure/", {"as_of": (day - timedelta(days=9)).isoformat()})
    )
    wrong = text_of(browser.get("/clients/C0001/part/exposure/", {"as_of": "31/02/2020"}))

    assert "€41.00" in then
    assert "€70.00" not in then
    assert "No exposure was recorded" in before
    assert "This date does not exist" in wrong


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        ("400", "Yes, €400.00 passes"),
        ("1 500,00", "Not yet: €500.00 short"),
        ("twelve", "is not a number"),
    ],
)
def test_can_i_sell_answers_in_one_sentence_and_stores_nothing(
    company: Company, rep: User, amount: str, expected: str
) -> None:
    account = account_of(company, code="C0001", rep=rep)
    give_limit(account, "1000")

    page = text_of(signed_in(rep).get("/clients/C0001/part/sell/", {"amount": amount}))

    assert expected in page
    assert account.decisions.count() == 0


def test_timeline_tells_who_did_what(company: Company, manager: User, rep: User) -> None:
    account = account_of(company, code="C0001", rep=rep)
    draft(account, "100", by=rep, number="CDE-7")
    credit.block(account_id=account.pk, reason="Two cheques", by=manager, at=timezone.now())
    browser = signed_in(manager)

    everything = text_of(browser.get("/clients/C0001/part/timeline/"))
    decisions = text_of(browser.get("/clients/C0001/part/timeline/", {"events": "decisions"}))

    assert "Order CDE-7 entered" in everything
    assert "Ada Manager · Two cheques" in everything
    assert "CDE-7" not in decisions
    assert "blocked" in decisions


def test_page_costs_the_same_with_one_and_three_items(company: Company, manager: User) -> None:
    account = account_of(company, code="C0001")
    browser = signed_in(manager)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert browser.get("/clients/C0001/").status_code == 200
        return len(captured)

    open_item(account, "10")
    queries()
    one = queries()
    open_item(account, "20")
    open_item(account, "30")
    assert queries() == one


# --- opening and changing ---


def fields(**changes: str) -> dict[str, str]:
    return {
        "code": "C0009",
        "name": "Verrières Lemoine",
        "siren": nth_siren(3),
        "country": "FR",
        "currency": "EUR",
        "term": "NET30",
        "payment_method": "transfer",
        "risk_class": "C",
        "language": "fr",
        "contacts-TOTAL_FORMS": "1",
        "contacts-INITIAL_FORMS": "0",
        "contacts-0-name": "Anne Le Goff",
        "contacts-0-role": "BUYER",
        **changes,
    }


def test_a_client_is_opened_from_the_form(company: Company, rep: User) -> None:
    adv = make_user("adv_officer", company, "adv")

    answer = signed_in(adv).post("/clients/new/", fields(sales_rep="sales"))

    assert answer.status_code == 302
    account = CustomerAccount.objects.get(code="C0009")
    assert account.siren == nth_siren(3)
    assert [contact.name for contact in account.contacts.all()] == ["Anne Le Goff"]
    assert account.team.get(role="sales_rep").user == rep


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"siren": "123456789"}, "the check digit is wrong"),
        ({"siret": "123"}, "14 characters are expected"),
        ({"vat_number": "FR00400000014"}, "VAT number"),
        ({"term": "NEVER"}, "is not a payment term"),
        ({"term": "NET90"}, "beyond the cap"),
        ({"name": ""}, "This field is required"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_lost(
    company: Company, changes: dict[str, str], message: str
) -> None:
    adv = make_user("adv_officer", company, "adv")

    answer = signed_in(adv).post("/clients/new/", fields(**changes))

    assert answer.status_code == 422
    assert message in text_of(answer)
    assert 'value="Anne Le Goff"' in text_of(answer)
    assert not CustomerAccount.objects.exists()


def test_a_change_is_stored_and_a_second_of_the_same_version_is_refused(company: Company) -> None:
    adv = make_user("adv_officer", company, "adv")
    browser = signed_in(adv)
    browser.post("/clients/new/", fields())

    first = browser.post("/credit/clients/C0009/edit/", fields(name="Verrières", version="1"))
    second = browser.post("/credit/clients/C0009/edit/", fields(name="Autre", version="1"))

    assert first.status_code == 302
    assert second.status_code == 422
    assert "Somebody has changed this client" in text_of(second)
    assert CustomerAccount.objects.get().name == "Verrières"


def test_a_client_that_joins_a_group_moves_under_the_credit_locks(company: Company) -> None:
    adv = make_user("adv_officer", company, "adv")
    browser = signed_in(adv)
    browser.post("/clients/new/", fields())

    answer = browser.post("/credit/clients/C0009/edit/", fields(group="ARV", version="1"))

    assert answer.status_code == 302
    account = CustomerAccount.objects.get()
    assert account.entity.group is not None
    assert account.entity.group.code == "ARV"


def test_who_may_not_edit_gets_the_page_that_says_so(company: Company, rep: User) -> None:
    answer = signed_in(rep).get("/clients/new/")
    assert answer.status_code == 403
    assert "Your role does not open this page" in text_of(answer)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"term": "45D_EOM"}, "45 days end of month"),
        ({"term": "XX"}, "is not a payment term"),
        ({"siren": "123"}, "9 characters are expected"),
        ({"siren": nth_siren(1)}, ""),
    ],
)
def test_a_field_is_checked_on_leaving_it(company: Company, query: dict[str, str], expected: str) -> None:
    adv = make_user("adv_officer", company, "adv")
    page = text_of(signed_in(adv).get("/clients/check/", query))
    assert (expected in page) if expected else page == ""
