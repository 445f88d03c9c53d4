"""Selling invoices on screen and by the API: the proposal, a list with its receipt, taking back, passing on."""

from __future__ import annotations

from decimal import Decimal
from io import BytesIO

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from accounts.models import Company, CustomerAccount, User
from invoicing import services
from invoicing.models import Assignment, AssignmentBatch, FactorRemittance, ReceivableItem
from o2c.shared.calendar import paris_date
from tests.factories.accounts import CustomerAccountFactory, LegalEntityFactory, make_user
from tests.factories.factoring import approve, make_agreement, sell
from tests.factories.invoicing import make_credit, make_item

pytestmark = pytest.mark.django_db


@pytest.fixture
def account(company: Company) -> CustomerAccount:
    made = CustomerAccountFactory(company=company, entity=LegalEntityFactory(siren="732829320"))
    make_agreement(company, at=timezone.now())
    approve(made, at=timezone.now(), effective_on=paris_date(timezone.now()))
    return made


@pytest.fixture
def item(account: CustomerAccount, accountant: User) -> ReceivableItem:
    return fresh(account, accountant)


def fresh(account: CustomerAccount, by: User) -> ReceivableItem:
    now = timezone.now()
    return make_item(account, "100", by=by, at=now, issued=paris_date(now), due=paris_date(now))


def test_from_the_proposal_to_the_receipt_and_back(
    client: Client, item: ReceivableItem, accountant: User
) -> None:
    client.force_login(accountant)
    disputed = fresh(item.account, accountant)
    services.dispute_amount(
        item_id=disputed.pk,
        amount=Decimal(1),
        on=paris_date(timezone.now()),
        by=accountant,
        at=timezone.now(),
    )
    new = reverse("invoicing:batch_new")
    page = client.get(new).content.decode()
    assert f'value="{item.pk}"' in page
    assert f'value="{disputed.pk}"' not in page
    assert disputed.document in page
    refused = client.post(new, {"item": [item.pk, disputed.pk]})
    assert refused.status_code == 422
    assert disputed.document in refused.content.decode()
    assert client.post(new, {}).status_code == 422
    assert client.post(new, {"item": [item.pk]}).status_code == 302
    batch = AssignmentBatch.objects.get()
    own = reverse("invoicing:batch", args=[batch.pk])
    assert client.post(own, {"received_on": "1/1/2020"}).status_code == 422
    assert client.post(own, {"received_on": f"{paris_date(timezone.now()):%d/%m/%Y}"}).status_code == 302
    assert item.document in client.get(own).content.decode()
    assert batch.number in client.get(reverse("invoicing:batches")).content.decode()
    row = Assignment.objects.get()
    back = reverse("invoicing:take_back", args=[row.pk])
    assert client.get(back).status_code == 200
    assert client.post(back, {"reason": ""}).status_code == 422
    assert client.post(back, {"reason": "paid by mistake"}).status_code == 302
    row.refresh_from_db()
    assert row.end_reason == "paid by mistake"
    assert "paid by mistake" in client.get(own).content.decode()


def test_a_list_as_csv_and_xlsx(client: Client, item: ReceivableItem, accountant: User) -> None:
    client.force_login(accountant)
    batch = sell(item, by=accountant, at=timezone.now())
    asked = {"batch": batch.number}
    csv = b"".join(client.get(reverse("invoicing:sold"), asked | {"export": "csv"})).decode("utf-8-sig")
    assert item.document in csv
    assert "732829320" in csv
    xlsx = b"".join(client.get(reverse("invoicing:sold"), asked | {"export": "xlsx"}))
    sheet = load_workbook(BytesIO(xlsx)).active
    assert sheet.max_row == 2
    none = client.get(reverse("invoicing:sold"), {"batch": "NONE", "export": "csv"})
    assert item.document not in b"".join(none).decode("utf-8-sig")


def test_money_is_passed_on(client: Client, item: ReceivableItem, accountant: User) -> None:
    client.force_login(accountant)
    now = timezone.now()
    sell(item, by=accountant, at=now)
    paid = make_credit(item.account, "40", by=accountant, at=now)
    match = services.allocate(
        from_item_id=paid.pk, to_item_id=item.pk, amount=Decimal(40), by=accountant, at=now
    )
    waiting = reverse("invoicing:to_pass_on")
    act = reverse("invoicing:pass_on", args=[match.pk])
    assert act in client.get(waiting).content.decode()
    assert client.post(act, {"passed_on": "1/1/2020"}).status_code == 422
    assert client.post(act, {"passed_on": f"{paris_date(now):%d/%m/%Y}"}).status_code == 302
    assert FactorRemittance.objects.get().amount == 40
    assert client.get(act).status_code == 404


def test_who_may_not_and_who_sees_nothing(
    client: Client, item: ReceivableItem, accountant: User, rep: User
) -> None:
    batch = sell(item, by=accountant, at=timezone.now())
    row = batch.assignments.get()
    pages = [("batch", [batch.pk]), ("take_back", [row.pk])]
    client.force_login(rep)
    assert client.get(reverse("invoicing:batch", args=[batch.pk])).status_code == 404
    assert item.document not in client.get(reverse("invoicing:sold")).content.decode()
    client.force_login(make_user("auditor", item.company))
    assert [client.post(reverse(f"invoicing:{name}", args=keys)).status_code for name, keys in pages] == [
        403,
        403,
    ]
    client.force_login(make_user("receivables_accountant"))
    assert [client.get(reverse(f"invoicing:{name}", args=keys)).status_code for name, keys in pages] == [
        404,
        404,
    ]
    assert client.get(reverse("invoicing:batch_new")).status_code == 200


def test_a_page_of_a_list_asks_as_often_for_one_as_for_three(
    client: Client, item: ReceivableItem, account: CustomerAccount, accountant: User
) -> None:
    client.force_login(accountant)
    now = timezone.now()
    three = [fresh(account, accountant) for _place in range(3)]
    batches = [sell(item, by=accountant, at=now), sell(*three, by=accountant, at=now)]
    counts = []
    for batch in (batches[0], *batches):
        with CaptureQueriesContext(connection) as made:
            client.get(reverse("invoicing:batch", args=[batch.pk]))
        counts.append(len(made))
    assert counts[1] == counts[2]


def test_the_client_s_page_tells_it_apart(client: Client, item: ReceivableItem, accountant: User) -> None:
    client.force_login(accountant)
    page = reverse("accounts:detail", args=[item.account.code])
    assert 'id="sold"' in client.get(page).content.decode()
    sell(item, by=accountant, at=timezone.now())
    shown = client.get(page).content.decode()
    assert f"account={item.account.code}&amp;state=sold" in shown
    other = CustomerAccountFactory(company=item.company)
    assert 'id="sold"' not in client.get(reverse("accounts:detail", args=[other.code])).content.decode()


def test_the_invoice_says_to_whom_it_is_sold(client: Client, item: ReceivableItem, accountant: User) -> None:
    client.force_login(accountant)
    assert item.invoice is not None
    page = reverse("invoicing:detail", args=[item.invoice.number])
    assert "Factor SA" not in client.get(page).content.decode()
    batch = sell(item, by=accountant, at=timezone.now())
    shown = client.get(page).content.decode()
    assert "Factor SA" in shown
    assert reverse("invoicing:batch", args=[batch.pk]) in shown


def test_the_api_reads_what_is_sold(
    client: Client, item: ReceivableItem, accountant: User, rep: User
) -> None:
    batch = sell(item, by=accountant, at=timezone.now())
    client.force_login(accountant)
    (row,) = client.get("/api/v1/factor-assignments/").json()["results"]
    assert (row["document"], row["batch"], row["status"], row["amount"]) == (
        item.document, batch.number, "sold", "100.00",
    )  # fmt: skip
    assert client.get(f"/api/v1/factor-assignments/{row['id']}/").json() == row
    assert client.get(f"/api/v1/items/{item.pk}/").json()["flags"] == ["assigned"]
    client.force_login(rep)
    assert client.get(f"/api/v1/factor-assignments/{row['id']}/").status_code == 404
    assert client.get("/api/v1/factor-assignments/").json()["results"] == []
