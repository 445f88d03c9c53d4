"""The note of a delivery: what left, what is still to come, once drawn the same ever after."""

from __future__ import annotations

import re
import subprocess
from decimal import Decimal
from pathlib import Path

import pytest
from django.db import InternalError, transaction
from django.urls import reverse
from django.utils import timezone
from rest_framework.authtoken.models import Token
from rest_framework.test import APIClient

from accounts.models import Company, CustomerAccount, User
from invoicing.models import BuyerDetails, SellerDetails
from orders import services
from orders.models import Delivery, DeliveryNote, Order
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user
from tests.factories.invoicing import make_confirmed_order

from .pages import browse

pytestmark = pytest.mark.django_db


@pytest.fixture
def company(db: None) -> Company:
    made = CompanyFactory(code="TEST", name="Ateliers Rhône", siren="732829320", legal_form="SAS")
    SellerDetails.objects.create(company=made, share_capital=Decimal(150000), register_town="Lyon")
    return made


@pytest.fixture
def account(company: Company) -> CustomerAccount:
    return CustomerAccountFactory(company=company, name="Menuiserie Dupont")


@pytest.fixture
def adv(company: Company) -> User:
    return make_user("adv_officer", company)


@pytest.fixture
def order(account: CustomerAccount, adv: User) -> Order:
    made = make_confirmed_order(account, by=adv, lines=(("10", "100"), ("4", "5")))
    Order.objects.filter(pk=made.pk).update(customer_reference="PO-7")

    made.refresh_from_db()
    return made


def delivery(order: Order, by: User, *quantities: tuple[int, str], back: bool = False) -> Delivery:
    row = Delivery.objects.create(
        order=order, number=f"{order.number}-L{order.deliveries.count() + 1}", is_return=back,
        delivered_on=timezone.localdate(), recorded_by=by, recorded_at=timezone.now(),
    )  # fmt: skip
    for line, quantity in quantities:
        row.lines.create(order_line=order.lines.get(line=line), quantity=Decimal(quantity))
    return row


def words_of(note: DeliveryNote, tmp_path: Path) -> str:
    path = tmp_path / "note.pdf"
    path.write_bytes(note.file.read())
    found = subprocess.run(["pdftotext", "-layout", str(path), "-"], capture_output=True, check=True)
    return re.sub(r"\s+", " ", found.stdout.decode())


def test_it_says_what_left_and_what_is_to_come(order: Order, adv: User, tmp_path: Path) -> None:
    BuyerDetails.objects.create(
        account=order.account,
        delivery_name="Chantier Nord",
        delivery_line1="8 quai Est",
        delivery_city="Lyon",
    )
    delivery(order, adv, (1, "4"))
    second = delivery(order, adv, (1, "2.5"), (2, "4"))
    words = words_of(services.delivery_note(delivery=second, at=timezone.now()), tmp_path)
    for part in (
        "Bon de livraison", f"{order.number}-L2", order.number, "PO-7", "Menuiserie Dupont", "Chantier Nord",
        "8 quai Est", "Article 1 10 2,5 3,5 A1", "Article 2 4 4 0 A2", "SAS au capital de 150 000,00 €",
        "RCS Lyon 732 829 320", "Signature",
    ):  # fmt: skip
        assert part in words
    assert "100,00" not in words


def test_a_return_is_called_one(order: Order, adv: User, tmp_path: Path) -> None:
    delivery(order, adv, (1, "4"))
    back = delivery(order, adv, (1, "-1"), back=True)
    words = words_of(services.delivery_note(delivery=back, at=timezone.now()), tmp_path)
    assert "Bon de retour" in words
    assert "Article 1 10 1 7 A1" in words


def test_once_drawn_it_stays(order: Order, adv: User) -> None:
    row = delivery(order, adv, (1, "4"))
    first = services.delivery_note(delivery=row, at=timezone.now())
    CustomerAccount.objects.filter(pk=order.account_id).update(name="Another name")
    assert services.delivery_note(delivery=row, at=timezone.now()) == first
    with pytest.raises(InternalError, match="delivery_note_kept"), transaction.atomic():
        DeliveryNote.objects.update(size=1)
    with pytest.raises(InternalError, match="delivery_note_kept"), transaction.atomic():
        first.delete()


def test_by_page_and_api(order: Order, adv: User) -> None:
    row = delivery(order, adv, (1, "4"))
    page = browse(adv).get(reverse("orders:detail", args=[order.number])).content.decode()
    address = reverse("orders:delivery_note", args=[order.number, row.pk])
    assert address in page
    answer = browse(adv).get(address)
    assert (answer.status_code, answer["X-Content-Type-Options"]) == (200, "nosniff")
    assert f"{row.number}.pdf" in answer["Content-Disposition"]
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {Token.objects.create(user=adv).key}")
    (told,) = client.get(f"/api/v1/orders/{order.number}/deliveries/").json()
    assert (told["number"], told["lines"]) == (row.number, [{"line": 1, "sku": "A1", "quantity": "4"}])
    note = client.get(f"/api/v1/orders/{order.number}/deliveries/{row.pk}/note/")
    assert b"".join(note.streaming_content).startswith(b"%PDF-")  # type: ignore[attr-defined]
    assert client.get(f"/api/v1/orders/{order.number}/deliveries/0/note/").status_code == 404
    other = make_confirmed_order(order.account, by=adv)
    assert browse(adv).get(reverse("orders:delivery_note", args=[other.number, row.pk])).status_code == 404
