"""Suggested limits from the book, the insurer and the statements: of many clients at once."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Company, CustomerAccount, ExchangeRate, User
from credit import services
from credit.models import BuyerCover, FinancialStatement, LimitRequest, RiskPolicy
from credit.services.limit_rules import ClassRule, LimitRulesUnchanged, change_limit_rule, limit_rules
from credit.suggestion.gathering import suggestion_of, suggestions
from invoicing.expected.models import PaymentHabit
from o2c.shared.calendar import add_months, paris_date
from o2c.shared.models import AuditEvent
from o2c.shared.problems import Invalid, NotAllowed
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user
from tests.factories.invoicing import make_invoice


@pytest.fixture
def company(db: None) -> Company:
    return CompanyFactory(code="DEMO")


@pytest.fixture
def rep(company: Company) -> User:
    return make_user("sales", company, "sales")


@pytest.fixture
def director(company: Company) -> User:
    return make_user("finance_director", company, "finance")


@pytest.fixture
def accountant(company: Company) -> User:
    return make_user("receivables_accountant", company, "accountant")


@pytest.fixture
def account(company: Company, rep: User, accountant: User) -> CustomerAccount:
    account = CustomerAccountFactory(company=company, code="C0042", name="Menuiseries Kervadec", rep=rep)
    bought(account, accountant)
    return account


def today() -> date:
    return paris_date(timezone.now())


def bought(account: CustomerAccount, by: User) -> None:
    """100 000 covered at 90 %, an equity of 400 000, 60 000 bought in twelve months and before, paid 5 days late."""
    on = today()
    BuyerCover.objects.create(
        company=account.company, entity=account.entity, amount=Decimal(100000), currency="EUR", insured_pct=Decimal(90),
        status="ACTIVE", effective_on=add_months(on, -6), recorded_at=timezone.now(),
    )  # fmt: skip
    FinancialStatement.objects.create(
        company=account.company, entity=account.entity, closed_on=add_months(on, -10), currency="EUR",
        equity=Decimal(400000), source="entered", recorded_at=timezone.now(), recorded_by=by,
    )  # fmt: skip
    for months, amount in ((20, "60000"), (8, "40000"), (2, "20000")):
        issued = add_months(on, -months)
        make_invoice(account, amount, by=by, issued=issued, due=issued, at=timezone.now())
    PaymentHabit.objects.create(
        company=account.company, account=account, payments=3, amount=Decimal(60000), delay=Decimal(5), computed_on=on
    )  # fmt: skip


def amounts(account: CustomerAccount, **asked: Any) -> list[str | None]:
    found = suggestion_of(account, on=asked.get("on", today()))
    return [None if each.amount is None else str(each.amount) for each in found.bounds]


def test_each_bound_comes_from_its_own_place(account: CustomerAccount) -> None:
    assert amounts(account) == ["75000.00", "111111.11", "40000.00", "7000.00"]


def test_the_newest_word_counts_and_the_companys_own_cap(account: CustomerAccount, director: User) -> None:
    BuyerCover.objects.create(
        company=account.company, entity=account.entity, amount=Decimal(0), currency="EUR", insured_pct=Decimal(90),
        status="CANCELLED", effective_on=today(), recorded_at=timezone.now(),
    )  # fmt: skip
    FinancialStatement.objects.create(
        company=account.company, entity=account.entity, closed_on=add_months(today(), -1), currency="EUR",
        total_assets=Decimal(5), source="entered", recorded_at=timezone.now(), recorded_by=director,
    )  # fmt: skip
    rule = ClassRule("C", Decimal(900), 6)
    change_limit_rule(company_id=account.company_id, rule=rule, reason="2027", by=director, at=timezone.now())
    assert amounts(account) == ["900.00", "0.00", "40000.00", "7000.00"]


def test_amounts_in_another_currency_take_the_rate_of_the_day(
    account: CustomerAccount, director: User
) -> None:
    FinancialStatement.objects.create(
        company=account.company, entity=account.entity, closed_on=add_months(today(), -1), currency="USD",
        equity=Decimal(110000), source="entered", recorded_at=timezone.now(), recorded_by=director,
    )  # fmt: skip
    assert amounts(account)[2] is None
    ExchangeRate.objects.create(day=today(), currency="USD", units_per_eur=Decimal("1.1"))
    assert amounts(account)[2] == "10000.00"


def test_one_client_costs_as_many_statements_as_three(company: Company, accountant: User) -> None:
    clients = [CustomerAccountFactory(company=company) for _number in range(3)]
    for client in clients:
        bought(client, accountant)
    counts = []
    for chosen in (clients[:1], clients):
        with CaptureQueriesContext(
            connection,
        ) as seen:
            found = suggestions([client.pk for client in chosen], on=today())
        assert {each.amount for each in found.values()} == {Decimal("7000.00")}
        counts.append(len(seen))
    assert counts[0] == counts[1]
    assert suggestions([], on=today()) == {}


def browse(user: User) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    return client


def test_the_page_of_the_client_offers_it_and_the_form_is_prepared(
    account: CustomerAccount, rep: User
) -> None:
    page = browse(rep).get("/clients/C0042/").content.decode()
    assert "Suggested base limit" in page
    assert "€7,000.00" in page
    assert "client=C0042&amp;suggested=1" in page
    form = (
        browse(rep).get("/credit/limit-requests/new/", {"client": "C0042", "suggested": "1"}).context["form"]
    )
    assert form.initial["amount"] == Decimal("7000.00")
    assert form.initial["reason"].startswith(
        "Suggested: €7,000.00, bounded by: what it buys. 1.2 × €5,000.00"
    )


def test_a_decision_keeps_what_was_suggested_to_it(
    account: CustomerAccount, rep: User, director: User
) -> None:
    wish = services.create_limit_request(
        account=account, amount=Decimal(9000), kind="base", reason="Spring", by=rep, at=timezone.now(), submit=True
    )  # fmt: skip
    page = f"/credit/limit-requests/{wish.pk}/"
    assert "€7,000.00" in browse(director).get(page).content.decode()
    services.approve_limit_request(request_id=wish.pk, reason="Pays well", by=director, at=timezone.now())
    PaymentHabit.objects.update(delay=Decimal(65))
    kept = LimitRequest.objects.get(pk=wish.pk).facts["suggested_limit"]
    assert (kept["amount"], kept["binding"]) == ("7000.00", "purchases")
    assert "+ 5.0 days late" in browse(director).get(page).content.decode()


def test_the_api_reads_it(account: CustomerAccount, rep: User) -> None:
    answer = browse(rep).get("/api/v1/accounts/C0042/suggested-limit/").json()
    assert (answer["account"], answer["currency"]) == ("C0042", "EUR")
    assert (answer["amount"], answer["binding"]) == ("7000.00", "purchases")
    assert [term["code"] for term in answer["terms"]] == ["policy_cap", "insurer", "equity", "purchases"]
    assert answer["terms"][3]["figures"]["monthly"] == "5000.00"
    other = make_user("sales", account.company, "other")
    assert browse(other).get("/api/v1/accounts/C0042/suggested-limit/").status_code == 404


# --- the rules by class ---


def change(company: Company, by: User, *rule: Any, reason: str = "Policy 2027") -> ClassRule:
    return change_limit_rule(
        company_id=company.pk, rule=ClassRule(*rule), reason=reason, by=by, at=timezone.now()
    )


def test_a_rule_is_of_its_company_and_in_the_journal(company: Company, director: User) -> None:
    other = CompanyFactory(code="FAR")
    change(company, director, "D", None, 1)
    assert ClassRule("D", None, 1) in limit_rules(company)
    assert ClassRule("D", Decimal("15000.00"), 3) in limit_rules(other)
    event = AuditEvent.objects.get(action="limit.rules_changed")
    assert event.before == {"risk_class": "D", "limit_cap": "15000.00", "review_months": 3}
    assert event.after == {"risk_class": "D", "limit_cap": None, "review_months": 1}
    with pytest.raises(LimitRulesUnchanged):
        change(company, director, "D", None, 1)


def test_what_cannot_be_ruled(company: Company, director: User) -> None:
    with pytest.raises(Invalid) as refused:
        change(company, director, "Z", Decimal(-1), 25, reason=" ")
    assert set(refused.value.errors) == {"risk_class", "limit_cap", "review_months", "reason"}
    for role in ("credit_manager", "administrator", "sales_manager"):
        with pytest.raises(NotAllowed):
            change(company, make_user(role, company), "A", None, 6)


@pytest.mark.parametrize(
    ("fields", "constraint"),
    [
        ({"limit_cap": Decimal("-0.01")}, "limit_cap_not_negative"),
        ({"review_months": 0}, "review_within_two_years"),
        ({"review_months": 25}, "review_within_two_years"),
    ],
)
def test_the_database_refuses_rules_that_are_none(
    company: Company, fields: dict[str, Any], constraint: str
) -> None:
    with pytest.raises(IntegrityError, match=constraint):
        RiskPolicy.objects.filter(company=None, risk_class="A").update(**fields)


def test_the_page_is_read_by_all_and_changed_by_right(company: Company, rep: User, director: User) -> None:
    address = "/credit/limit-rules/"
    data = {"risk_class": "B", "limit_cap": "120k", "review_months": "9", "reason": "Policy 2027"}
    assert "€200,000" in browse(rep).get(address).content.decode()
    assert browse(rep).post(address, data).status_code == 403
    assert browse(director).get(address, {"class": "B"}).context["form"].initial["review_months"] == 12
    assert browse(director).post(address, data | {"reason": ""}).status_code == 422
    assert browse(director).post(address, data).status_code == 302
    page = browse(rep).get(address).content.decode()
    assert "€120,000" in page
    assert "Class B: Policy 2027" in page
    assert browse(director).post(address, data).status_code == 422
