"""Overrides on the page of an order: asked for, handed over, answered, taken back; files only for its readers."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from accounts.models import CustomerAccount, User
from orders import services
from orders.models import Order, OverrideDocument, OverrideRequest
from orders.queries import shown_status
from tests.factories.accounts import make_user
from tests.factories.orders import submitted

from .pages import browse, text_of, url

pytestmark = pytest.mark.django_db
PDF = b"%PDF-1.7 an order"


@pytest.fixture
def held(account: CustomerAccount, adv: User) -> Order:
    return submitted(account, "12000", by=adv, number="CDE-1")


def test_sales_ask_from_the_page_with_a_file(held: Order, rep: User) -> None:
    client = browse(rep)
    assert "Ask for an override" in text_of(client.get(url("detail", held)))
    answer = client.post(
        url("ask_override", held),
        {
            "reason": "Signed by the town",
            "amount": "13k",
            "offered": "DEPOSIT",
            "offered_amount": "3,600.00",
            "documents": [SimpleUploadedFile("bc.pdf", PDF), SimpleUploadedFile("mail.pdf", PDF)],
        },
        follow=True,
    )
    page = text_of(answer)
    assert "The request is sent to whoever may decide." in page
    assert "“Signed by the town”" in page
    assert "Deposit on this order · €3,600.00" in page
    assert "Take my request back" in page
    assert "Ask for an override" not in page
    assert sorted(OverrideDocument.objects.values_list("name", flat=True)) == ["bc.pdf", "mail.pdf"]


def test_what_was_typed_survives_a_refusal(held: Order, rep: User) -> None:
    client = browse(rep)
    for data, status, said in (
        ({"reason": ""}, 422, "This form is not complete yet."),
        ({"reason": "Signed", "amount": "5"}, 400, "The amount must cover the order."),
        ({"reason": "Signed", "documents": SimpleUploadedFile("x.exe", b"MZ")}, 400, "x.exe is not a file"),
    ):
        answer = client.post(url("ask_override", held), data)
        assert answer.status_code == status
        assert said in text_of(answer)
        assert str(data["reason"]) in answer.content.decode()
    assert not OverrideRequest.objects.exists()


def test_above_the_authority_one_click_hands_it_over(
    account: CustomerAccount, adv: User, analyst: User
) -> None:
    order = submitted(account, "32000", by=adv)
    client = browse(analyst)
    beyond = client.post(url("release", order), {"reason": "Good payer"})
    assert beyond.status_code == 403
    assert "Hand over with your reason" in text_of(beyond)
    assert 'name="reason" value="Good payer"' in beyond.content.decode()
    client.post(url("ask_override", order), {"reason": "Good payer"})
    asked = OverrideRequest.objects.get()
    assert (asked.requested_by, asked.reason) == (analyst, "Good payer")


def test_the_decider_sees_the_request_and_answers_it(held: Order, rep: User, manager: User) -> None:
    services.request_override(order_id=held.pk, reason="Signed", by=rep, at=timezone.now())
    client = browse(manager)
    page = text_of(client.get(url("detail", held)))
    assert "“Signed”" in page or "Signed" in page
    assert "Refuse the request, keep on hold" in page
    answer = client.post(url("refuse_override", held), {"reason": "Pay first"}, follow=True)
    assert "The request is refused; CDE-1 stays on hold." in text_of(answer)
    assert "“Pay first”" in text_of(answer)
    assert shown_status(Order.objects.get()) == "on_hold"
    late = client.post(url("refuse_override", held), {"reason": "Again"}, follow=True)
    assert "This request does not wait any more." in text_of(late)


def test_releasing_answers_the_request(held: Order, rep: User, manager: User) -> None:
    services.request_override(order_id=held.pk, reason="Signed", by=rep, at=timezone.now())
    browse(manager).post(url("release", held), {"reason": "Fine"})
    assert OverrideRequest.objects.get().status == "approved"
    assert shown_status(Order.objects.get()) == "confirmed"


def test_taken_back_by_who_asked(held: Order, rep: User, adv: User) -> None:
    asked = services.request_override(order_id=held.pk, reason="Signed", by=rep, at=timezone.now())
    address = reverse("orders:withdraw_override", args=[held.number, asked.pk])
    assert browse(adv).post(address).status_code == 403
    assert "Your request is taken back." in text_of(browse(rep).post(address, follow=True))
    assert browse(rep).post(address.replace(str(asked.pk), "9999")).status_code == 404


def test_files_are_for_those_who_see_the_order(held: Order, rep: User, analyst: User) -> None:
    browse(rep).post(
        url("ask_override", held), {"reason": "Signed", "documents": SimpleUploadedFile("bc.pdf", PDF)}
    )
    address = reverse("orders:override_document", args=[held.number, OverrideDocument.objects.get().pk])
    answer = browse(analyst).get(address)
    assert b"".join(answer.streaming_content) == PDF  # type: ignore[attr-defined]
    assert answer.headers["Content-Disposition"] == 'attachment; filename="bc.pdf"'
    stranger = make_user("sales", held.company)
    assert browse(stranger).get(address).status_code == 404
    assert browse(stranger).post(url("ask_override", held), {"reason": "x"}).status_code == 404


def test_who_may_not_ask_is_told(held: Order) -> None:
    accountant = make_user("receivables_accountant", held.company)
    client = browse(accountant)
    assert "Ask for an override" not in text_of(client.get(url("detail", held)))
    assert client.post(url("ask_override", held), {"reason": "x"}).status_code == 403
