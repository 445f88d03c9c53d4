"""Pages of quotations: list, entry, the answer then and now, acts, the file for the client."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import Company, CustomerAccount, User
from credit import services as credit
from o2c.shared.pdf_engine import ForbiddenAddress, StaticFilesOnly
from orders import services
from orders.models import Order, Quotation
from tests.factories.accounts import make_user
from tests.factories.orders import quoted

from .pages import browse, text_of
from .test_views import ROW, entered

pytestmark = pytest.mark.django_db


def url(name: str, quotation: Quotation | None = None) -> str:
    return reverse(f"orders:{name}", args=[quotation.number] if quotation else [])


def test_entered_changed_sent_and_ordered(account: CustomerAccount, adv: User) -> None:
    client = browse(adv)
    page = client.post(url("quotation_new"), entered([ROW], client="C0042", save="1"), follow=True)
    assert "is kept as a draft" in text_of(page)
    quotation = Quotation.objects.get()
    assert str(quotation.total_incl_vat) == "3601.20"
    form = client.get(url("quotation_edit", quotation))
    assert "Menuiseries Kervadec" in text_of(form)
    data = entered([{**ROW, "quantity": "1"}], version=str(quotation.version), term="NET30", submit="1")
    page = client.post(url("quotation_edit", quotation), data, follow=True)
    assert "is marked as sent" in text_of(page)
    assert "Would pass" in text_of(page)
    page = client.post(url("quotation_order", quotation), follow=True)
    order = Order.objects.get()
    assert f"{order.number} is confirmed." in text_of(page)
    assert order.number in text_of(client.get(url("quotation", quotation)))


def test_a_wrong_line_loses_nothing(account: CustomerAccount, adv: User) -> None:
    page = browse(adv).post(
        url("quotation_new"), entered([{**ROW, "quantity": "many"}], client="C0042", save="1")
    )
    assert page.status_code == 422
    assert b'value="Window"' in page.content
    assert not Quotation.objects.exists()


def test_a_copy_starts_from_the_same_lines(account: CustomerAccount, adv: User) -> None:
    quotation = quoted(account, "1200", by=adv, customer_reference="PO 7")
    page = browse(adv).get(url("quotation_new"), {"like": quotation.number})
    assert b'value="Goods"' in page.content
    assert b'value="PO 7"' in page.content


def test_the_page_shows_the_answer_then_and_now(account: CustomerAccount, adv: User, manager: User) -> None:
    quotation = quoted(account, "1200", by=adv)
    credit.block(account_id=account.pk, reason="unpaid", review_on=None, by=manager, at=timezone.now())
    words = text_of(browse(adv).get(url("quotation", quotation)))
    then, now = words.split("Credit when it was made")[1].split("Credit today")
    assert "Would pass" in then
    assert "Would be held" in now
    assert "Client blocked" in now


def test_declining_asks_why(account: CustomerAccount, adv: User) -> None:
    quotation = quoted(account, "1200", by=adv)
    client = browse(adv)
    assert client.get(url("quotation_decline", quotation)).status_code == 200
    assert client.post(url("quotation_decline", quotation), {"reason": ""}).status_code == 422
    page = client.post(url("quotation_decline", quotation), {"reason": "too dear"}, follow=True)
    assert "too dear" in text_of(page)
    page = client.post(url("quotation_order", quotation), follow=True)
    assert "This quotation has ended." in text_of(page)


@pytest.mark.parametrize("name", ["quotation", "quotation_edit", "quotation_pdf", "quotation_decline"])
def test_outside_the_portfolio_it_does_not_exist(
    company: Company, account: CustomerAccount, adv: User, name: str
) -> None:
    quotation = quoted(account, "1200", by=adv)
    stranger = make_user("sales", company, "stranger")
    assert browse(stranger).get(url(name, quotation)).status_code == 404


def test_who_may_not_enter_may_not_act(account: CustomerAccount, adv: User, analyst: User) -> None:
    quotation = quoted(account, "1200", by=adv)
    client = browse(analyst)
    assert client.get(url("quotation", quotation)).status_code == 200
    assert client.get(url("quotation_new")).status_code == 403
    for name in ("quotation_send", "quotation_accept", "quotation_order"):
        assert client.post(url(name, quotation)).status_code == 403


def test_the_list_filters_and_exports(account: CustomerAccount, adv: User) -> None:
    kept, sent = quoted(account, "100", by=adv), quoted(account, "90000", by=adv)
    services.send_quotation(quotation_id=sent.pk, by=adv, at=timezone.now())
    client = browse(adv)
    page = text_of(client.get(url("quotations"), {"status": "SENT"}))
    assert sent.number in page
    assert kept.number not in page
    file = client.get(url("quotations"), {"export": "csv"})
    rows = b"".join(file.streaming_content).decode("utf-8-sig").splitlines()  # type: ignore[attr-defined]
    assert len(rows) == 3
    assert "Would be held" in rows[1]
    assert "Sent" in rows[1]


def test_the_list_costs_the_same_with_more_rows(account: CustomerAccount, adv: User) -> None:
    client = browse(adv)

    def cost() -> int:
        with CaptureQueriesContext(connection) as asked:
            client.get(url("quotations"))
        return len(asked)

    quoted(account, "100", by=adv)
    client.get(url("quotations"))
    one = cost()
    for _n in range(2):
        quoted(account, "100", by=adv)
    assert cost() == one


def test_the_file_is_a_pdf_that_browsers_do_not_run(account: CustomerAccount, adv: User) -> None:
    delivery = timezone.localdate() + timedelta(days=9)
    answer = browse(adv).get(
        url("quotation_pdf", quoted(account, "1200", by=adv, requested_delivery=delivery))
    )
    assert answer.content.startswith(b"%PDF-")
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "address",
    [
        "file:///etc/passwd",
        "https://example.com/x.css",
        "https://static.invalid/../manage.py",
        "https://static.invalid/o2c/../../manage.py",
        "https://static.invalid/o2c/nothing.css",
        "data:text/plain,x",
    ],
)
def test_a_document_reaches_our_static_files_alone(address: str) -> None:
    with pytest.raises(ForbiddenAddress):
        StaticFilesOnly().fetch(address)
    assert StaticFilesOnly().fetch("https://static.invalid/o2c/paper.css").read().startswith(b"/*")
