"""Pages of orders: the list, who sees and may what, entry that loses nothing."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import CustomerAccount, User
from o2c.shared.calendar import paris_date
from orders import services
from orders.enums import OrderState, ShownStatus
from orders.lists import of_status, with_status
from orders.models import HoldCase, Order
from orders.queries import shown_status, with_parts
from tests.factories.accounts import CustomerAccountFactory, make_user
from tests.factories.orders import draft, line, submitted

from .pages import browse, text_of, url

pytestmark = pytest.mark.django_db


def entered(rows: list[dict[str, str]], **head: str) -> dict[str, str]:
    data = {"lines-TOTAL_FORMS": str(len(rows)), "lines-INITIAL_FORMS": "0", **head}
    for place, row in enumerate(rows):
        for name in ("line", "sku", "description", "quantity", "unit_price", "vat_rate"):
            data[f"lines-{place}-{name}"] = row.get(name, "20" if name == "vat_rate" else "")
    return data


ROW = {"sku": "FEN-120", "description": "Window", "quantity": "2", "unit_price": "1 500,50"}


# --- the list ------------------------------------------------------------------------------------------------


def test_the_status_in_sql_is_the_status_of_the_rules(
    account: CustomerAccount, adv: User, manager: User
) -> None:
    at = timezone.now()
    two = [line("1200", number=10), line("600", number=20)]

    def confirmed(**fields: Any) -> Order:
        order = services.create_order(
            company=account.company, account=account, lines=two, by=adv, at=at, **fields
        )
        return services.submit(order_id=order.pk, by=adv, at=at)

    draft(account, "100", by=adv)
    held = submitted(account, "90000", by=adv)
    refused = submitted(account, "40000", by=adv)
    services.refuse(order_id=refused.pk, reason="no", by=manager, at=at)
    plain, partly, whole, closed, cancelled, by_hand = (confirmed() for _n in range(6))
    services.deliver(order_id=partly.pk, lines=[(10, Decimal(1))], by=adv, at=at)
    services.deliver(order_id=whole.pk, by=adv, at=at)
    services.deliver(order_id=closed.pk, lines=[(20, Decimal(1))], by=adv, at=at)
    services.close(order_id=closed.pk, reason="rest dropped", by=adv, at=at)
    services.cancel(order_id=cancelled.pk, reason="withdrawn", by=adv, at=at)
    services.hold(order_id=by_hand.pk, comment="wait", by=adv, at=at)
    invoiced = confirmed()
    services.deliver(order_id=invoiced.pk, by=adv, at=at)
    invoiced.lines.update(invoiced=1)

    in_sql = dict(with_status(Order.objects.all()).values_list("pk", "status"))
    by_rule = {order.pk: shown_status(order).value for order in with_parts(Order.objects.all())}
    assert in_sql == by_rule
    assert set(by_rule.values()) == {
        "draft", "on_hold", "refused", "confirmed", "partially_delivered", "delivered", "closed", "cancelled",
        "invoiced",
    }  # fmt: skip
    assert (in_sql[held.pk], in_sql[plain.pk], in_sql[by_hand.pk]) == ("on_hold", "confirmed", "on_hold")
    for status in ShownStatus.values:
        found = set(of_status(with_status(Order.objects.all()), status).values_list("pk", flat=True))
        assert found == {pk for pk, shown in by_rule.items() if shown == status}, status


def test_the_list_filters_and_exports_what_is_shown(account: CustomerAccount, adv: User) -> None:
    fits, held = submitted(account, "100", by=adv), submitted(account, "90000", by=adv)
    page = browse(adv).get(url("list"), {"status": "on_hold"})
    assert held.number in text_of(page)
    assert fits.number not in text_of(page)
    assert "Over limit" in text_of(page)
    file = browse(adv).get(url("list"), {"status": "on_hold", "export": "csv"})
    rows = b"".join(file.streaming_content).decode("utf-8-sig").splitlines()  # type: ignore[attr-defined]
    assert len(rows) == 2
    assert held.number in rows[1]
    assert "Over limit" in rows[1]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"q": "kervadec"}, True),
        ({"q": "po-77"}, True),
        ({"q": "nowhere"}, False),
        ({"client": "C0042"}, True),
        ({"client": "menuiseries"}, True),
        ({"client": "other"}, False),
        ({"since": "+1"}, False),
        ({"until": "+1"}, True),
    ],
)
def test_the_list_is_searched(
    account: CustomerAccount, adv: User, query: dict[str, str], found: bool
) -> None:
    order = draft(account, "100", by=adv, customer_reference="PO-77")
    assert (order.number in text_of(browse(adv).get(url("list"), query))) is found


def test_the_list_costs_the_same_with_more_rows(account: CustomerAccount, adv: User) -> None:
    client = browse(adv)
    submitted(account, "90000", by=adv)
    client.get(url("list"))
    with CaptureQueriesContext(connection) as one:
        client.get(url("list"))
    for _n in range(3):
        submitted(account, "90000", by=adv)
    with CaptureQueriesContext(connection) as four:
        client.get(url("list"))
    assert len(four) == len(one)


def test_amounts_of_several_currencies_have_no_total(account: CustomerAccount, adv: User) -> None:
    draft(account, "100", by=adv)
    assert "Total" in text_of(browse(adv).get(url("list")))
    draft(account, "100", by=adv, currency="USD")
    assert "Total" not in text_of(browse(adv).get(url("list")))


# --- rights --------------------------------------------------------------------------------------------------


def test_an_order_outside_the_portfolio_does_not_exist(
    account: CustomerAccount, adv: User, rep: User
) -> None:
    own = submitted(account, "90000", by=adv)
    other = submitted(CustomerAccountFactory(company=account.company), "100", by=adv)
    client = browse(rep)
    assert client.get(url("detail", own)).status_code == 200
    for name in ("detail", "edit"):
        assert client.get(url(name, other)).status_code == 404
    for name in ("submit", "copy", "cancel", "release", "refuse"):
        assert client.post(url(name, other), {"reason": "x"}).status_code == 404
    assert other.number not in text_of(client.get(url("list")))
    assert other.account.name not in text_of(client.get(url("holds")))


def test_who_may_not_is_told_so(account: CustomerAccount, adv: User) -> None:
    order = submitted(account, "100", by=adv)
    auditor = browse(make_user("auditor", account.company))
    assert auditor.get(url("detail", order)).status_code == 200
    assert auditor.get(url("new")).status_code == 403
    assert auditor.get(url("deliver", order)).status_code == 403
    assert auditor.post(url("hold", order), {"reason": "x"}).status_code == 403
    assert auditor.post(url("copy", order)).status_code == 403
    page = auditor.get(url("detail", order)).content.decode()
    for name in ("edit", "deliver", "hold", "cancel", "copy"):
        assert url(name, order) not in page


# --- entry ---------------------------------------------------------------------------------------------------


def test_an_order_is_entered_and_submitted(account: CustomerAccount, adv: User) -> None:
    data = entered([ROW, {}, {}], client="Menuiseries Kervadec · C0042", requested_delivery="+10", submit="1")
    answer = browse(adv).post(url("new"), data, follow=True)
    order = Order.objects.get()
    assert (order.account, order.state, order.total_incl_vat) == (
        account, OrderState.CONFIRMED, Decimal("3601.20"),
    )  # fmt: skip
    assert order.requested_delivery == paris_date(timezone.now()) + timedelta(days=10)
    assert f"{order.number} is confirmed." in text_of(answer)


def test_a_draft_is_kept_unchecked(account: CustomerAccount, adv: User) -> None:
    data = entered([{**ROW, "unit_price": "90000"}], client="C0042", save="1")
    browse(adv).post(url("new"), data)
    assert Order.objects.get().state == OrderState.DRAFT
    assert not HoldCase.objects.exists()


def test_what_was_typed_is_never_lost(account: CustomerAccount, adv: User) -> None:
    rows = [{**ROW, "unit_price": "12.345,6x"}, {"sku": "", "description": "Door", "quantity": "0"}]
    answer = browse(adv).post(
        url("new"), entered(rows, client="Nobody", customer_reference="PO-7", submit="1")
    )
    page = answer.content.decode()
    assert answer.status_code == 422
    assert not Order.objects.exists()
    for typed in ("12.345,6x", "Door", "Nobody", "PO-7"):
        assert f'value="{typed}"' in page
    assert "You have no client of this name or code." in text_of(answer)
    assert "is not a number" in text_of(answer)
    assert "This must be above zero." in text_of(answer)


def test_an_order_needs_a_line(account: CustomerAccount, adv: User) -> None:
    answer = browse(adv).post(url("new"), entered([{}, {}, {}], client="C0042", submit="1"))
    assert answer.status_code == 422
    assert "Enter at least one line." in text_of(answer)


def test_rows_are_added_and_taken_out_without_script(account: CustomerAccount, adv: User) -> None:
    client = browse(adv)
    rows = [ROW, {"sku": "B", "description": "Door", "quantity": "1,5", "unit_price": "abc"}]
    more = client.post(url("new"), entered(rows, client="C0042", add="1"))
    assert more.status_code == 200
    assert more.content.decode().count('name="remove"') == 3
    assert 'value="abc"' in more.content.decode()
    fewer = client.post(url("new"), entered(rows, client="C0042", remove="0")).content.decode()
    assert 'value="FEN-120"' not in fewer
    assert 'value="Door"' in fewer
    fragment = client.post(url("new"), entered(rows, client="C0042", add="1"), headers={"HX-Request": "true"})
    assert fragment.content.decode().count("<html") == 0
    assert "lines" in fragment.headers["HX-Trigger-After-Swap"]


def test_the_answer_follows_what_is_typed_and_stores_nothing(account: CustomerAccount, adv: User) -> None:
    client = browse(adv)

    def ask(**row: str) -> str:
        return text_of(client.post(url("answer"), entered([{**ROW, **row}], client="C0042")))

    assert "This order would pass" in ask()
    over = ask(unit_price="6000")
    assert "It would be put on hold" in over
    assert "€4,400.00 is missing." in over
    assert "€0.00" in ask(unit_price="nonsense")
    assert not Order.objects.exists()
    nobody = text_of(client.post(url("answer"), entered([ROW], client="nobody")))
    assert "Choose a client" in nobody
    assert "€3,601.20" in nobody


def test_the_answer_leaves_the_order_itself_out(account: CustomerAccount, adv: User) -> None:
    order = submitted(account, "9000", by=adv)
    data = entered([{**ROW, "quantity": "1", "unit_price": "7500"}], version="2")
    assert "This order would pass" in text_of(browse(adv).post(url("edit_answer", order), data))


def test_a_link_fills_the_entry(account: CustomerAccount, adv: User) -> None:
    page = browse(adv).get(url("new"), {"client": "C0042", "amount": "12000", "delivery": "2030-12-01"})
    body = page.content.decode()
    assert 'value="Menuiseries Kervadec · C0042"' in body
    assert 'value="10,000.00"' in body
    assert 'value="01/12/2030"' in body
    assert "It would be put on hold" in text_of(page)


def test_an_order_is_changed_line_by_line(account: CustomerAccount, adv: User) -> None:
    order = draft(account, "120", by=adv)
    client = browse(adv)
    assert 'value="100.00"' in client.get(url("edit", order)).content.decode()
    rows = [{**ROW, "line": "10", "unit_price": "50"}, {**ROW, "sku": "NEW"}]
    answer = client.post(
        url("edit", order), entered(rows, version=str(order.version), save="1", term="NET60")
    )
    assert answer.status_code == 302
    order.refresh_from_db()
    assert list(order.lines.values_list("line", "sku", "unit_price")) == [
        (10, "FEN-120", Decimal(50)),
        (20, "NEW", Decimal("1500.5")),
    ]
    assert order.term == "NET60"


def test_a_change_over_somebody_elses_says_who(account: CustomerAccount, adv: User, rep: User) -> None:
    order = draft(account, "120", by=adv)
    seen = order.version
    services.change_order(order_id=order.pk, customer_reference="PO-9", by=rep, at=timezone.now())
    rows = [{**ROW, "line": "10"}]
    answer = browse(adv).post(url("edit", order), entered(rows, version=str(seen), save="1"))
    assert answer.status_code == 409
    assert "rep changed this order meanwhile" in text_of(answer)
    assert 'value="FEN-120"' in answer.content.decode()
    assert Order.objects.get().total_incl_vat == Decimal("120.00")
    now = str(Order.objects.get().version)
    assert f'name="version" value="{now}"' in answer.content.decode()
    assert browse(adv).post(url("edit", order), entered(rows, version=now, save="1")).status_code == 302
