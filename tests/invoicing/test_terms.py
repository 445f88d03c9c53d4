"""What all clients owe when late, and the cash discount of one client: by right, with a reason, in the journal."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Company, CustomerAccount, User
from invoicing.interest_policy import Regime
from invoicing.interest_queries import terms_of
from invoicing.matching import reading
from invoicing.models import AgreedTerms, CashDiscount
from invoicing.services.cash_discounts import set_cash_discount
from invoicing.services.waivers import agree_on_terms
from o2c.shared.models import AuditEvent
from o2c.shared.problems import Invalid, NotAllowed, NotFound
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user
from tests.factories.invoicing import AT, TODAY, day, make_item

D = Decimal


@pytest.fixture
def director(company: Company) -> User:
    return make_user("finance_director", company)


def signed_in(user: User) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    return client


def agree(of: Company | None, by: User, **fields: object) -> AgreedTerms:
    given: dict[str, object] = {
        "account_id": None, "company": of, "regime": Regime.CONTRACT, "contract_rate": D(11),
        "valid_from": TODAY, "reason": "terms of sale 2026", "by": by, "at": AT,
    }  # fmt: skip
    return agree_on_terms(**given | fields)  # type: ignore[arg-type]


def test_terms_of_all_clients_count_where_there_are_no_own(
    company: Company, account: CustomerAccount, director: User, accountant: User
) -> None:
    with pytest.raises(NotAllowed):
        agree(company, accountant)
    with pytest.raises(NotAllowed):
        agree(company, make_user("credit_manager", company))
    with pytest.raises(NotFound):
        agree(None, director)
    agree(company, director)
    other = CustomerAccountFactory(company=company)
    agree_on_terms(
        account_id=other.pk, regime=Regime.CONTRACT, contract_rate=D(9), valid_from=TODAY, reason="contract",
        by=director, at=AT,
    )  # fmt: skip
    assert terms_of(company.pk, account.pk, TODAY).contract_rate == 11
    assert terms_of(company.pk, other.pk, TODAY).contract_rate == 9
    assert terms_of(company.pk, account.pk, day(-1)).regime == Regime.BCE10
    assert AuditEvent.objects.filter(action="penalty.terms_agreed", object_label=company.code).count() == 1


def test_the_page_of_all_clients_is_read_by_all_and_set_by_few(
    company: Company, accountant: User, director: User
) -> None:
    address = reverse("invoicing:company_terms")
    read = signed_in(accountant)
    assert "The finance director and the chief executive set these." in read.get(address).content.decode()
    body = {"regime": "CONTRACT", "contract_rate": "11", "valid_from": "1/1/2027", "reason": "terms of sale"}
    assert read.post(address, body).status_code == 403
    assert signed_in(director).post(address, body | {"reason": ""}).status_code == 422
    assert signed_in(director).post(address, body).status_code == 302
    assert "terms of sale" in read.get(address).content.decode()


@pytest.mark.parametrize(
    "wrong",
    [{"days": None}, {"percent": None}, {"percent": D("100")}, {"percent": D("1.005")}, {"days": 366}, {"reason": " "}],
)  # fmt: skip
def test_a_discount_that_cannot_be_is_refused(
    wrong: dict[str, object], account: CustomerAccount, director: User
) -> None:
    given: dict[str, object] = {"percent": D(2), "days": 10, "reason": "agreed"}
    with pytest.raises(Invalid):
        set_cash_discount(account_id=account.pk, by=director, at=AT, **given | wrong)  # type: ignore[arg-type]


def test_a_client_has_a_discount_of_its_own_until_it_is_taken_back(
    company: Company, account: CustomerAccount, director: User, accountant: User
) -> None:
    def grant(percent: Decimal | None, days: int | None, by: User = director) -> None:
        set_cash_discount(account_id=account.pk, percent=percent, days=days, reason="agreed", by=by, at=AT)

    with pytest.raises(NotAllowed):
        grant(D(3), 8, by=accountant)
    with pytest.raises(NotFound):
        grant(D(3), 8, by=make_user("finance_director", CompanyFactory(code="ELSE")))
    CashDiscount.objects.create(company=company, percent=D(2), days=10)
    owed = make_item(account, "1000", issued=day(-1), by=accountant)
    assert reading.discounts_on([owed])[owed.pk].amount == 20
    for _again in range(2):
        grant(D(3), 8)
    assert reading.discounts_on([owed])[owed.pk].amount == 30
    grant(None, None)
    assert reading.discounts_on([owed])[owed.pk].amount == 20
    events = AuditEvent.objects.filter(action="discount.changed").order_by("pk")
    assert [event.after for event in events] == [{"percent": "3", "days": 8}, {"percent": None, "days": None}]


def test_the_page_of_a_clients_discount(account: CustomerAccount, director: User) -> None:
    address = reverse("invoicing:client_discount", args=[account.code])
    browser = signed_in(director)
    assert "No discount is granted to all clients." in browser.get(address).content.decode()
    assert browser.post(address, {"percent": "3", "reason": "agreed"}).status_code == 422
    assert browser.post(address, {"percent": "3", "days": "8", "reason": "agreed"}).status_code == 302
    assert CashDiscount.objects.get().days == 8
