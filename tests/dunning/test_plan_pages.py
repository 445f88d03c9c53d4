"""Payment plans on screen and on paper: made, sent, signed, given notice of, broken."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pypdf import PdfReader

from accounts.enums import ContactRole
from accounts.models import Company, Contact, CustomerAccount, User
from dunning import plan_paper
from dunning.models import PaymentPlan
from dunning.plan_policy import spread
from dunning.services import payment_plans as services
from dunning.services.plan_judging import judge_plans
from invoicing.models import ReceivableItem
from o2c.shared.calendar import paris_date
from o2c.shared.models import OutboxMessage
from tests.factories.accounts import make_user
from tests.factories.invoicing import make_item
from tests.orders.pages import browse

pytestmark = pytest.mark.django_db
D = Decimal
NOW = timezone.now()
TODAY = paris_date(NOW)


@pytest.fixture
def item(account: CustomerAccount, accountant: User) -> ReceivableItem:
    return make_item(account, "1000.00", by=accountant, at=NOW)


@pytest.fixture
def director(company: Company) -> User:
    return make_user("finance_director", company)


def draft(item: ReceivableItem, by: User, days_ago: int = 0, **fields: Any) -> PaymentPlan:
    at = NOW - timedelta(days=days_ago)
    return services.make_plan(
        account_id=item.account_id, item_ids=[item.pk], instalments=spread(D(1000), 3, first=paris_date(at)),
        signatory="Anne Blanc", capacity="gérante", by=by, at=at, **fields,
    )  # fmt: skip


def late(item: ReceivableItem, by: User) -> PaymentPlan:
    made = draft(item, by, days_ago=20)
    services.sign_plan(plan_id=made.pk, by=by, at=NOW - timedelta(days=20))
    judge_plans(on=TODAY)
    return PaymentPlan.objects.get(pk=made.pk)


def words(pdf: bytes) -> str:
    text = " ".join(page.extract_text() for page in PdfReader(BytesIO(pdf)).pages)
    return " ".join(text.replace("\u00a0", " ").replace("\u202f", " ").split())


def post(person: Client, name: str, plan: PaymentPlan, **body: Any) -> Any:
    return person.post(reverse(f"dunning:{name}", args=[plan.pk]), body, follow=True)


def test_a_calendar_is_laid_out_changed_and_written_down(item: ReceivableItem, accountant: User):
    page, person = reverse("dunning:make_plan", args=[item.account.code]), browse(accountant)
    shown = person.get(page).content.decode()
    assert item.document in shown
    asked = {"items": [item.pk], "first_date": "+7", "count": "4", "rhythm": "weeks", "method": "transfer"}
    laid = person.post(page, asked | {"layout": "1"})
    assert laid.content.decode().count('value="250.00"') == 4
    assert not PaymentPlan.objects.exists()

    wrong = person.post(page, asked | {"day": ["+7", "+9"], "part": ["500", "400"]})
    assert wrong.status_code == 422
    assert "€900.00" in wrong.content.decode()
    unread = person.post(page, asked | {"day": ["+7", "never"], "part": ["500", "500"]})
    assert "Instalment 2" in unread.content.decode()

    done = person.post(page, asked | {"day": ["+7", "", "+9"], "part": ["600", "", "400"]}, follow=True)
    assert done.status_code == 200
    made = PaymentPlan.objects.get()
    assert [(row.due_date - TODAY, row.amount) for row in made.instalments.all()] == [
        (timedelta(days=7), D(600)),
        (timedelta(days=9), D(400)),
    ]
    assert "Nothing is open that is neither promised nor in a plan" in person.get(page).content.decode()


def test_without_rows_it_is_laid_out_by_itself(item: ReceivableItem, accountant: User):
    asked = {"items": [item.pk], "first_date": "+7", "count": "3", "rhythm": "months", "method": "transfer"}
    browse(accountant).post(reverse("dunning:make_plan", args=[item.account.code]), asked)
    assert [row.amount for row in PaymentPlan.objects.get().instalments.all()] == [
        D("333.33"),
        D("333.33"),
        D("333.34"),
    ]


def test_sent_signed_approved_and_broken(item: ReceivableItem, accountant: User, company: Company):
    contact = Contact.objects.create(
        account=item.account, name="Anne Blanc", email="anne@client.test", role=ContactRole.FINANCE_HEAD
    )
    adv = make_user("adv_officer", company)
    plan = draft(item, adv)
    for _ in range(2):
        post(browse(adv), "send_plan", plan, contact=contact.pk)
    message = OutboxMessage.objects.get(kind=services.KIND)
    assert (message.to, [row["name"] for row in message.files]) == (
        "anne@client.test",
        [f"payment-plan-{item.account.code}-{plan.pk}.pdf"],
    )
    assert (
        post(browse(adv), "sign_plan", plan, signatory="Anne", capacity="", signed_on="+0").status_code == 422
    )
    signed = post(browse(adv), "sign_plan", plan, signatory="Anne", capacity="manager", signed_on="+0")
    assert "waits for approval" in signed.content.decode()
    assert browse(adv).post(reverse("dunning:approve_plan", args=[plan.pk])).status_code == 403
    assert "The plan runs." in post(browse(accountant), "approve_plan", plan).content.decode()
    again = post(browse(accountant), "approve_plan", plan).content.decode()
    assert "not in a state" in again
    post(browse(accountant), "break_plan", plan, reason="stopped its trade")
    plan.refresh_from_db()
    assert (plan.status, plan.reason) == ("BROKEN", "stopped its trade")


def test_the_notice_of_a_late_plan(item: ReceivableItem, accountant: User, director: User):
    plan = late(item, accountant)
    shown = browse(accountant).get(reverse("dunning:plan", args=[plan.pk])).content.decode()
    assert "An instalment is missing since" in shown
    assert "The notice leaves today" not in shown
    assert browse(accountant).post(reverse("dunning:give_notice", args=[plan.pk])).status_code == 403
    post(browse(director), "give_notice", plan)
    plan.refresh_from_db()
    assert (plan.noticed_on, plan.noticed_by) == (TODAY, director)
    paper = browse(accountant).get(reverse("dunning:plan_notice", args=[plan.pk]))
    assert (paper.status_code, paper["Content-Type"]) == (200, "application/pdf")


def test_a_plan_in_time_has_no_notice(item: ReceivableItem, accountant: User):
    plan = draft(item, accountant)
    assert browse(accountant).get(reverse("dunning:plan_notice", args=[plan.pk])).status_code == 404
    assert browse(accountant).get(reverse("dunning:plan_paper", args=[plan.pk])).status_code == 200


def test_what_the_client_signs(item: ReceivableItem, accountant: User):
    plan = draft(item, accountant, guarantees="Caution de la gérante", waives_interest=True)
    french = words(plan_paper.acknowledgement_pdf(plan, on=TODAY, language="fr"))
    for said in (
        "reconnaît devoir", "1 000,00 € (mille euros)", "en 3 échéances", "333,34 €", item.document,
        "après une mise en demeure restée sans effet pendant 8 jours", "Caution de la gérante", "Anne Blanc, gérante",
    ):  # fmt: skip
        assert said in french, said
    english = words(plan_paper.acknowledgement_pdf(plan, on=TODAY, language="en"))
    assert "€1,000.00 (one thousand euros)" in english
    assert "gives up the late-payment interest" in english


def test_what_a_notice_demands(item: ReceivableItem, accountant: User):
    plan = late(item, accountant)
    french = words(plan_paper.notice_pdf(plan, on=TODAY, language="fr"))
    assert "mettons en demeure de payer 333,33 € sous 8 jours" in french
    assert "1 000,00 €" in french


def test_the_list_and_the_clients_part(item: ReceivableItem, accountant: User):
    plan = late(item, accountant)
    listed = browse(accountant).get(reverse("dunning:plans"), {"status": "late"}).content.decode()
    assert reverse("dunning:plan", args=[plan.pk]) in listed
    none = browse(accountant).get(reverse("dunning:plans"), {"status": "waiting"}).content.decode()
    assert reverse("dunning:plan", args=[plan.pk]) not in none
    found = browse(accountant).get(reverse("dunning:plans"), {"q": item.document}).content.decode()
    assert "€1,000.00 still to come" in found
    client = browse(accountant).get(reverse("accounts:detail", args=[item.account.code])).content.decode()
    assert reverse("dunning:plan", args=[plan.pk]) in client


def test_nobody_is_called_for_what_is_in_a_plan(item: ReceivableItem, accountant: User):
    work = reverse("dunning:work_list")
    plan = draft(item, accountant)
    assert "One client to call" in browse(accountant).get(work).content.decode()
    services.sign_plan(plan_id=plan.pk, by=accountant, at=NOW)
    assert "Nobody is to be called" in browse(accountant).get(work).content.decode()
    sheet = browse(accountant).get(work, {"client": item.account.code}).content.decode()
    assert f'name="items" value="{item.pk}"' not in sheet
