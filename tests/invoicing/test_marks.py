"""What stands beside open items, in the API and in the list: frozen by a judgement, sold to the factor."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from rest_framework.authtoken.models import Token
from rest_framework.test import APIClient

from accounts.models import Company, CustomerAccount, User
from credit.enums import LegalNoticeKind
from credit.services.legal import record_notice
from invoicing.models import ReceivableItem
from tests.factories.accounts import CustomerAccountFactory, LegalEntityFactory, make_user
from tests.factories.factoring import approve, make_agreement, sell
from tests.factories.invoicing import AT, TODAY, day, make_item

pytestmark = pytest.mark.django_db


@pytest.fixture
def account(company: Company) -> CustomerAccount:
    return CustomerAccountFactory(company=company, code="C1", entity=LegalEntityFactory(siren="732829320"))


@pytest.fixture
def other(company: Company) -> CustomerAccount:
    return CustomerAccountFactory(company=company, code="C2", entity=LegalEntityFactory(siren="552100554"))


def judged(account: CustomerAccount, on: date) -> None:
    record_notice(
        account_id=account.pk, kind=LegalNoticeKind.RECEIVERSHIP, judgement_on=on, published_on=on,
        reference="A-1", by=make_user("credit_manager", account.company), at=AT,
    )  # fmt: skip


def flags(by: User, **asked: str) -> dict[str, list[str]]:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {Token.objects.get_or_create(user=by)[0].key}")
    rows = client.get("/api/v1/items/", asked).json()["results"]
    own = {"frozen", "assigned"}
    return {row["document"]: [flag for flag in row["flags"] if flag in own] for row in rows}


def test_items_say_what_is_frozen_and_what_is_sold(
    account: CustomerAccount, other: CustomerAccount, accountant: User
) -> None:
    make_agreement(account.company)
    approve(other)
    sell(make_item(other, "80", by=accountant, number="SOLD", due=day(9)), by=accountant)
    make_item(account, "100", by=accountant, number="BEFORE", issued=day(-9), due=day(-2))
    make_item(account, "100", by=accountant, number="AFTER", issued=day(-5), due=day(9))
    make_item(account, "-30", by=accountant, number="NOTE", issued=day(-9))
    judged(account, day(-5))
    said = {"SOLD": ["assigned"], "BEFORE": ["frozen"], "AFTER": [], "NOTE": []}
    assert flags(accountant) == said
    # The day before the judgement nothing was frozen, nor sold.
    assert flags(accountant, as_of=day(-6).isoformat()) == {"SOLD": [], "BEFORE": [], "NOTE": []}


def test_the_list_says_so_beside_the_document(
    account: CustomerAccount, other: CustomerAccount, accountant: User
) -> None:
    make_agreement(account.company)
    approve(other)
    browser = Client()
    browser.force_login(accountant)

    def asked() -> tuple[int, str]:
        with CaptureQueriesContext(connection) as made:
            page = browser.get("/invoicing/items/")
        assert page.status_code == 200
        return len(made), page.content.decode()

    judged(account, TODAY)
    items: list[ReceivableItem] = []
    counts = []
    for number in (1, 2, 3):
        make_item(account, "100", by=accountant, number=f"F{number}", issued=day(-9), due=day(9))
        items.append(make_item(other, "80", by=accountant, number=f"S{number}", due=day(9)))
        sell(items[-1], by=accountant)
        asked()
        counts.append(asked())
    assert len({count for count, _page in counts}) == 1
    page = counts[-1][1]
    assert page.count("gelé par un jugement") == page.count("cédé au factor") == 3
