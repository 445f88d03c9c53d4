"""Papers of an order on screen: evidence and its file, the review, the confirmation, start of production."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from accounts.models import Company, CustomerAccount, User
from orders import services
from orders.models import Order, OrderEvidence, PurchaseOrder
from orders.paper_forms import read_lines
from tests.factories.accounts import make_user
from tests.factories.orders import submitted

from .pages import browse, text_of, url

pytestmark = pytest.mark.django_db


def theirs(rows: list[dict[str, str]], **head: str) -> dict[str, str]:
    data = {"number": "PO-7", "theirs-TOTAL_FORMS": str(len(rows)), "theirs-INITIAL_FORMS": "0", **head}
    for place, row in enumerate(rows):
        for name, value in row.items():
            data[f"theirs-{place}-{name}"] = value
    return data


ROW = {"sku": "A1", "quantity": "2", "unit_price": "1 000,00"}


@pytest.fixture
def order(account: CustomerAccount, adv: User) -> Order:
    return submitted(account, "1200", by=adv)


def test_a_file_comes_back_as_a_download_for_its_readers_alone(
    company: Company, order: Order, adv: User
) -> None:
    client = browse(adv)
    file = SimpleUploadedFile("po.pdf", b"%PDF-1.7 signed", "text/html")
    page = client.post(url("evidence", order), {"channel": "email", "file": file}, follow=True)
    assert "po.pdf" in text_of(page)
    kept = OrderEvidence.objects.get()
    address = reverse("orders:evidence_file", args=[order.number, kept.pk])
    answer = client.get(address)
    assert b"".join(answer.streaming_content) == b"%PDF-1.7 signed"  # type: ignore[attr-defined]
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert browse(make_user("sales", company, "stranger")).get(address).status_code == 404


def test_nothing_given_is_said_on_the_form(order: Order, adv: User) -> None:
    page = browse(adv).post(url("evidence", order), {"channel": "email"})
    assert page.status_code == 400
    assert "Give the number of their purchase order, or a file." in text_of(page)
    bad = SimpleUploadedFile("po.html", b"<script>", "text/html")
    page = browse(adv).post(url("evidence", order), {"channel": "email", "file": bad})
    assert page.status_code == 400
    assert "is not a file that can be joined" in text_of(page)


def test_the_review_shows_each_difference_and_a_colleague_accepts_it(
    company: Company, order: Order, adv: User
) -> None:
    page = browse(adv).post(url("purchase_order", order), theirs([ROW]), follow=True)
    words = text_of(page)
    assert "1 difference, €1,000.00 in all." in words
    assert "Why it is accepted" not in words
    colleague = browse(make_user("adv_officer", company, "colleague"))
    assert "Why it is accepted" in text_of(colleague.get(url("papers", order)))
    data = {"place": "10.quantity", "reason": "rest in May"}
    page = colleague.post(url("accept_difference", order), data, follow=True)
    assert "Both papers agree." in text_of(page)
    assert "rest in May" in text_of(page)
    assert browse(adv).post(url("accept_difference", order), data).status_code == 302


def test_the_entering_person_is_told_that_somebody_else_accepts(order: Order, adv: User) -> None:
    client = browse(adv)
    client.post(url("purchase_order", order), theirs([ROW]))
    answer = client.post(url("accept_difference", order), {"place": "10.quantity", "reason": "mine"})
    assert answer.status_code == 403
    assert "Somebody else must decide" in text_of(answer)


def test_lines_may_come_from_a_file_or_from_ours(order: Order, adv: User) -> None:
    client = browse(adv)
    assert b'value="A1"' in client.get(url("purchase_order", order), {"ours": "1"}).content
    file = SimpleUploadedFile("po.csv", b"sku;quantity;unit_price\nA1;1;1000,00\n")
    client.post(url("purchase_order", order), {**theirs([]), "lines_of_file": file})
    assert PurchaseOrder.objects.get().lines.get().quantity == 1
    page = client.post(url("purchase_order", order), theirs([{**ROW, "quantity": "many"}]))
    assert page.status_code == 422
    assert PurchaseOrder.objects.filter(replaced_at=None).count() == 1


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "The first line must name the columns"),
        (b"article;prix\nA;1\n", "The first line must name the columns"),
        (b"sku;quantity;unit_price\n", "The file holds no line."),
        (b"sku;quantity;unit_price\nA1;1;2\nA2;x;2\n", "Line 3:"),
        (b"sku;quantity;unit_price\nA1;-1;2\n", "Line 2:"),
        (b"\x00\xff\xfe;;\n;;", "The first line must name the columns"),
    ],
)
def test_a_file_that_cannot_be_read_says_where(content: bytes, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        read_lines(content)


def test_the_confirmation_page_issues_and_tells_what_is_out_of_date(order: Order, adv: User) -> None:
    client = browse(adv)
    page = client.post(url("issue_confirmation", order), follow=True)
    assert f"ARC-{order.number}-1" in text_of(page)
    file = client.get(reverse("orders:confirmation_file", args=[order.number, 1]))
    assert b"".join(file.streaming_content).startswith(b"%PDF-")  # type: ignore[attr-defined]
    services.change_order(order_id=order.pk, customer_reference="PO-9", by=adv, at=timezone.now())
    assert "has changed since it was confirmed" in text_of(client.get(url("confirmation", order)))


def test_production_starts_from_the_page(order: Order, adv: User, rep: User) -> None:
    page = browse(adv).post(url("production", order), follow=True)
    assert "has started" in text_of(page)
    assert browse(rep).post(url("production", order)).status_code == 403


@pytest.mark.parametrize("name", ["papers", "purchase_order", "confirmation"])
def test_outside_the_portfolio_nothing_exists(company: Company, order: Order, name: str) -> None:
    stranger = browse(make_user("sales", company, "stranger"))
    assert stranger.get(url(name, order)).status_code == 404
