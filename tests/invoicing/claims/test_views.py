"""Claim files on screen and by the API."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.enums import TeamRole
from accounts.models import Company, CustomerAccount, TeamMember, User
from invoicing.claims import services
from invoicing.models import InsuranceClaim, ReceivableItem
from o2c.shared.calendar import paris_date
from orders.models import Order
from tests.factories.accounts import CustomerAccountFactory, make_user
from tests.factories.insurance import cover, insure
from tests.factories.invoicing import make_confirmed_order, make_invoice, make_item

pytestmark = pytest.mark.django_db


@pytest.fixture
def account(company: Company) -> CustomerAccount:
    made = CustomerAccountFactory(company=company)
    insure(company)
    cover(made)
    return made


@pytest.fixture
def manager(company: Company, client: Client) -> User:
    made = make_user("credit_manager", company)
    client.force_login(made)
    return made


@pytest.fixture
def item(account: CustomerAccount, accountant: User) -> ReceivableItem:
    return fresh(account, accountant)


def today():
    return paris_date(timezone.now())


def fresh(account: CustomerAccount, by: User, late: int = 30) -> ReceivableItem:
    issued = today() - timedelta(days=60)
    return make_item(
        account, "1200", by=by, at=timezone.now(), issued=issued, due=today() - timedelta(days=late)
    )


def test_from_the_client_to_the_end_of_a_file(
    client: Client, account: CustomerAccount, item: ReceivableItem, accountant: User, manager: User
) -> None:
    not_due = fresh(account, accountant, late=-5)
    new = reverse("invoicing:open_claim", args=[account.code])
    assert (
        new in client.get(reverse("accounts:part", args=[account.code, "insurance_claims"])).content.decode()
    )
    page = client.get(new, headers={"accept-language": "en"}).content.decode()
    assert f'value="{item.pk}" checked' in page
    assert f'value="{not_due.pk}"' not in page
    assert "it is not due yet" in page
    assert "€900.00" in page
    day = today().strftime("%d/%m/%Y")
    answer = client.post(new, {"items": [item.pk], "told_on": day, "note": "silent"})
    claim = InsuranceClaim.objects.get()
    url = reverse("invoicing:insurance_claim", args=[claim.pk])
    assert answer["Location"] == url
    steps = [
        ("declare_claim", {"reference": "ALZ-9", "on": day}),
        ("claim_recovery", {"on": day, "words": "their office"}),
        ("claim_indemnity", {"amount": "900,00", "on": day, "words": "V1"}),
        ("close_claim", {"outcome": "INDEMNIFIED", "reason": "settled"}),
    ]
    for name, given in steps:
        step = reverse(f"invoicing:{name}", args=[claim.pk])
        assert step in client.get(url).content.decode()
        assert client.get(step).status_code == 200
        refused = client.post(step, dict.fromkeys(given, ""), headers={"accept-language": "fr"})
        assert refused.status_code == 422
        assert client.post(step, given, headers={"accept-language": "fr"})["Location"] == url
    page = client.get(url, headers={"accept-language": "fr"}).content.decode()
    assert "Indemnisé" in page
    assert "ALZ-9" in page
    assert reverse("invoicing:close_claim", args=[claim.pk]) not in page
    listed = client.get(reverse("invoicing:insurance_claims"), headers={"accept-language": "fr"})
    assert claim.number in listed.content.decode()


def test_the_indemnity_of_a_late_declaration_is_doubtful(
    client: Client, account: CustomerAccount, accountant: User, manager: User
) -> None:
    item = make_item(
        account, by=accountant, at=timezone.now(), issued=today() - timedelta(days=200),
        due=today() - timedelta(days=100),
    )  # fmt: skip
    new = reverse("invoicing:open_claim", args=[account.code])
    assert "it may refuse to pay" not in client.get(new).content.decode()
    assert (
        "The delay of the policy is over"
        in client.get(new, headers={"accept-language": "en"}).content.decode()
    )
    claim = services.open_claim(item_ids=[item.pk], told_on=today(), by=manager, at=timezone.now())
    page = client.get(
        reverse("invoicing:insurance_claim", args=[claim.pk]), headers={"accept-language": "en"}
    )
    assert "it may refuse to pay" in page.content.decode()


def test_the_cap_of_the_year_is_shown_with_what_it_takes_off(
    client: Client,
    company: Company,
    account: CustomerAccount,
    item: ReceivableItem,
    accountant: User,
    manager: User,
) -> None:
    insure(company, aggregate_cap=1000, valid_from=today())
    services.open_claim(
        item_ids=[fresh(account, accountant).pk], told_on=today(), by=manager, at=timezone.now()
    )
    new = client.get(
        reverse("invoicing:open_claim", args=[account.code]), headers={"accept-language": "en"}
    ).content.decode()
    assert "Left under the year’s cap" in new
    assert "€800.00 of the insurer’s share is beyond what it pays in a year of the policy." in new
    claim = services.open_claim(item_ids=[item.pk], told_on=today(), by=manager, at=timezone.now())
    page = client.get(
        reverse("invoicing:insurance_claim", args=[claim.pk]), headers={"accept-language": "en"}
    ).content.decode()
    assert "The insurer’s share was €900.00: €800.00 of it was beyond" in page
    assert "€0.00 of €1,000.00" in page
    one = client.get(f"/api/v1/insurance-claims/{claim.pk}/").json()
    assert (one["expected"], one["beyond_cap"]) == ("100.00", "800.00")
    policy = client.get(
        reverse("credit:insurance_policy"), headers={"accept-language": "en"}
    ).content.decode()
    assert "A fifth or less is left" in policy


def test_the_api_tells_of_files_with_their_documents(
    client: Client, account: CustomerAccount, item: ReceivableItem, manager: User
) -> None:
    claim = services.open_claim(item_ids=[item.pk], told_on=today(), by=manager, at=timezone.now())
    listed = client.get("/api/v1/insurance-claims/", {"account": account.code}).json()["results"]
    assert [(row["number"], row["expected"], row["open_amount"]) for row in listed] == [
        (claim.number, "900.00", "1200.00")
    ]
    one = client.get(f"/api/v1/insurance-claims/{claim.pk}/").json()
    assert [(row["document"], row["limit"]) for row in one["items"]] == [(item.document, "30000.00")]
    assert [row["status"] for row in one["steps"]] == ["THREAT"]
    assert client.get("/api/v1/insurance-claims/999999/").status_code == 404


def test_a_rep_sees_of_a_file_what_was_sold_by_the_rep(
    client: Client, company: Company, account: CustomerAccount, accountant: User, manager: User, rep: User
) -> None:
    colleague = make_user("sales", company)
    TeamMember.objects.create(account=account, user=rep, role=TeamRole.SALES_REP, valid_from=date(2020, 1, 1))
    items = []
    for seller in (rep, colleague):
        order = make_confirmed_order(account, by=seller)
        Order.objects.filter(pk=order.pk).update(sales_rep=seller)
        order.refresh_from_db()
        issued, due = today() - timedelta(days=60), today() - timedelta(days=30)
        made = make_invoice(
            account, "100", by=accountant, order=order, at=timezone.now(), issued=issued, due=due
        )
        items.append(made.items.get())
    claim = services.open_claim(
        item_ids=[item.pk for item in items], told_on=today(), by=manager, at=timezone.now()
    )
    client.force_login(rep)
    url = reverse("invoicing:insurance_claim", args=[claim.pk])
    page = client.get(url, headers={"accept-language": "en"}).content.decode()
    assert items[0].document in page
    assert items[1].document not in page
    assert "One document more is a colleague’s sale." in page
    one = client.get(f"/api/v1/insurance-claims/{claim.pk}/").json()
    assert [row["document"] for row in one["items"]] == [items[0].document]
