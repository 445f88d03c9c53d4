"""Pages of one order and of the queue: every reason shown, decisions within authority, acts, deliveries."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from accounts.models import CustomerAccount, User
from o2c.shared import work
from o2c.shared.calendar import paris_date
from orders import services
from orders.enums import OrderState
from orders.models import (
    Delivery,
    HoldCase,
    MassDecision,
    MassDecisionItem,
    Order,
    OrderHold,
    Release,
)
from orders.queries import shown_status
from tests.factories.accounts import CustomerAccountFactory, make_user
from tests.factories.orders import draft, open_item, submitted

from .pages import browse, text_of, url

pytestmark = pytest.mark.django_db


# --- one order and its decision ------------------------------------------------------------------------------


def test_the_page_names_every_reason_with_its_figures(account: CustomerAccount, adv: User, rep: User) -> None:
    open_item(account, "9000", due=paris_date(timezone.now()) - timedelta(days=23))
    order = submitted(account, "4000", by=adv)
    page = text_of(browse(rep).get(url("detail", order)))
    assert "€3,000.00 is missing to accept this order" in page
    assert "€9,000.00 is late beyond what is allowed, the oldest by 23 days." in page
    assert "€9,000.00 is overdue, more than the €900.00 allowed." in page
    assert "art. 4.2" in page
    assert "nothing would be short" in page
    assert "Net exposure €9,000.00 Credit limit €10,000.00 Headroom before €1,000.00" in page
    assert "A payment of €9,000.00" in page
    assert "Somebody else decides on this order." in page


def test_the_manager_decides_within_authority(account: CustomerAccount, adv: User, manager: User) -> None:
    order = submitted(account, "12000", by=adv)
    client = browse(manager)
    page = text_of(client.get(url("detail", order)))
    assert "Within your authority. Over the limit by €2,000.00: you decide up to €50,000." in page
    answer = client.post(url("release", order), {"reason": "Public works"}, follow=True)
    assert f"{order.number} is released." in text_of(answer)
    assert "“Public works”" in text_of(answer)
    assert Release.objects.get().reason == "Public works"
    assert shown_status(Order.objects.get()) == "confirmed"


def test_a_decision_needs_its_reason(account: CustomerAccount, adv: User, manager: User) -> None:
    order = submitted(account, "12000", by=adv)
    data = {"reason": " ", "valid_until": "+400"}
    answer = browse(manager).post(url("release", order), data)
    assert answer.status_code == 422
    assert 'value="+400"' in answer.content.decode()
    late = browse(manager).post(url("release", order), {"reason": "ok", "valid_until": "+400"})
    assert late.status_code == 400
    assert "A release lasts 60 days at most." in text_of(late)
    assert not Release.objects.exists()


def test_above_the_authority_names_who_may_and_loses_nothing(
    account: CustomerAccount, adv: User, analyst: User, manager: User
) -> None:
    order = submitted(account, "22000", by=adv)
    client = browse(analyst)
    assert "Above your authority." in text_of(client.get(url("detail", order)))
    answer = client.post(url("release", order), {"reason": "Signed order"})
    assert answer.status_code == 403
    said = text_of(answer)
    assert f"€12,000.00 is missing on {order.number} and you decide up to €10,000." in said
    assert "Helen Carter , Credit manager" in said
    assert "Signed order" in client.get(url("detail", order)).content.decode()
    assert shown_status(Order.objects.get()) == "on_hold"


def test_who_entered_it_does_not_decide(account: CustomerAccount, manager: User, adv: User) -> None:
    order = submitted(account, "12000", by=adv)
    Order.objects.update(submitted_by=manager)
    client = browse(manager)
    page = client.get(url("detail", order))
    assert "four eyes are needed" in text_of(page)
    assert "Release now" not in text_of(page)
    assert client.post(url("release", order), {"reason": "x"}).status_code == 403


def test_a_refused_order_says_why(account: CustomerAccount, adv: User, manager: User) -> None:
    order = submitted(account, "12000", by=adv)
    page = browse(manager).post(url("refuse", order), {"reason": "No answer"}, follow=True)
    assert f"{order.number} is refused." in text_of(page)
    assert Order.objects.get().state == OrderState.REFUSED
    again = browse(manager).post(url("release", order), {"reason": "late"}, follow=True)
    assert "This order is not on hold." in text_of(again)


def test_acts_from_the_page(account: CustomerAccount, adv: User) -> None:
    client = browse(adv)
    order = draft(account, "120", by=adv)
    client.post(url("submit", order))
    assert client.post(url("hold", order), {"reason": ""}).status_code == 422
    client.post(url("hold", order), {"reason": "Address doubtful"})
    assert OrderHold.objects.get().comment == "Address doubtful"
    assert "Held by hand: Address doubtful" in text_of(client.get(url("detail", order)))
    client.post(url("release", order), {"reason": "Address confirmed"})
    assert shown_status(Order.objects.get()) == "confirmed"
    client.post(url("cancel", order), {"reason": "Withdrawn"})
    assert Order.objects.get(pk=order.pk).end_reason == "Withdrawn"
    client.post(url("reopen", order))
    assert Order.objects.get(pk=order.pk).state == OrderState.CONFIRMED
    client.post(url("copy", order))
    copied = Order.objects.exclude(pk=order.pk).get()
    assert (copied.state, copied.total_incl_vat) == (OrderState.DRAFT, order.total_incl_vat)
    assert "not in a state" in text_of(client.post(url("submit", order), follow=True))


def test_a_delivery_is_booked_line_by_line(account: CustomerAccount, adv: User) -> None:
    client = browse(adv)
    order = submitted(account, "120", by=adv)
    assert client.post(url("deliver", order), {"on": "+0", "line_10": "0"}).status_code == 422
    too_much = client.post(url("deliver", order), {"on": "+0", "line_10": "2"})
    assert too_much.status_code == 422
    assert "less remains" in text_of(too_much)
    client.post(url("deliver", order), {"on": "+0", "line_10": "0,5"})
    assert Delivery.objects.get().lines.get().quantity == Decimal("0.500")
    assert "Partly delivered" in text_of(client.get(url("detail", order)))
    client.post(url("close", order), {"reason": "Rest dropped"})
    assert Order.objects.get().state == OrderState.CLOSED


def test_held_again_at_delivery_shows_the_findings(account: CustomerAccount, adv: User) -> None:
    order = submitted(account, "120", by=adv)
    open_item(account, "9900", due=paris_date(timezone.now()) - timedelta(days=40))
    page = browse(adv).post(url("deliver", order), {"on": "+0", "line_10": "1"}, follow=True)
    assert "The check at this step holds the order. Nothing has been booked." in text_of(page)
    assert "€9,900.00 is late beyond what is allowed, the oldest by 40 days." in text_of(page)
    assert not Delivery.objects.exists()


# --- the queue -----------------------------------------------------------------------------------------------


def test_the_queue_shows_what_is_missing_and_walks_on(
    account: CustomerAccount, adv: User, manager: User
) -> None:
    first, second = submitted(account, "12000", by=adv), submitted(account, "13000", by=adv)
    client = browse(manager)
    page = text_of(client.get(url("holds")))
    assert "2 orders · €25,000.00" in page
    assert "€2,000.00" in page
    assert "120%" in page
    assert "To decide 2" in page
    assert url("detail", second) in client.get(url("detail", first)).content.decode()
    assert "In negotiation 0" in text_of(client.get(url("holds"), {"status": "IN_NEGOTIATION"}))


def test_an_empty_queue_says_so(adv: User) -> None:
    assert "Nothing waits" in text_of(browse(adv).get(url("holds")))


def test_the_queue_is_filtered_by_cause_and_rep(account: CustomerAccount, adv: User, rep: User) -> None:
    order = submitted(account, "12000", by=adv)
    client = browse(adv)
    for query, found in (
        ({"cause": "OVER_LIMIT"}, True),
        ({"cause": "DISPUTE_OPEN"}, False),
        ({"rep": str(rep.pk)}, True),
        ({"q": "kervadec"}, True),
        ({"q": "nobody"}, False),
    ):
        assert (order.number in text_of(client.get(url("holds"), query))) is found


def test_reps_see_their_own_held_orders_and_choose_nothing(
    account: CustomerAccount, adv: User, rep: User
) -> None:
    order = submitted(account, "12000", by=adv)
    submitted(CustomerAccountFactory(company=account.company, name="Elsewhere"), "1", by=adv)
    page = browse(rep).get(url("holds"))
    assert order.number in text_of(page)
    assert "Elsewhere" not in text_of(page)
    assert 'name="ids"' not in page.content.decode()
    assert browse(rep).post(url("decide"), {"ids": "1"}).status_code == 403


def test_several_are_released_with_one_reason_within_authority(
    account: CustomerAccount, adv: User, analyst: User
) -> None:
    small, large = submitted(account, "12000", by=adv), submitted(account, "30000", by=adv)
    keys = list(HoldCase.objects.values_list("pk", flat=True))
    client = browse(analyst)
    ask = client.post(url("decide"), {"ids": keys, "action": "release"})
    assert "Release 1 order" in text_of(ask)
    assert "above your authority" in text_of(ask)
    assert "Credit manager may" in text_of(ask)
    empty = client.post(url("decide"), {"ids": keys, "action": "release", "confirmed": "1", "reason": ""})
    assert empty.status_code == 422
    data = {"ids": keys, "action": "release", "confirmed": "1", "reason": "Bank announced it"}
    done = client.post(url("decide"), data, follow=True)
    assert "1 order is released." in text_of(done)
    assert shown_status(Order.objects.get(pk=small.pk)) == "confirmed"
    assert shown_status(Order.objects.get(pk=large.pk)) == "on_hold"
    gone = client.post(url("decide"), {"ids": ["999999"], "action": "release"}, follow=True)
    assert "None of the chosen orders waits any more." in text_of(gone)


def test_several_are_refused_with_one_reason(account: CustomerAccount, adv: User, manager: User) -> None:
    submitted(account, "12000", by=adv)
    submitted(account, "13000", by=adv)
    keys = list(HoldCase.objects.values_list("pk", flat=True))
    data = {"ids": keys, "action": "refuse", "confirmed": "1", "reason": "No answer"}
    page = browse(manager).post(url("decide"), data, follow=True)
    assert "2 orders are refused." in text_of(page)
    assert set(Order.objects.values_list("state", flat=True)) == {OrderState.REFUSED}


def test_the_panel_of_a_client_lists_open_orders(account: CustomerAccount, adv: User, rep: User) -> None:
    held, ended = submitted(account, "12000", by=adv), submitted(account, "100", by=adv)
    services.cancel(order_id=ended.pk, reason="withdrawn", by=adv, at=timezone.now())
    panel = text_of(browse(rep).get(reverse("orders:panel", args=[account.pk])))
    assert held.number in panel
    assert ended.number not in panel
    stranger = browse(make_user("sales", account.company))
    assert stranger.get(reverse("orders:panel", args=[account.pk])).status_code == 404


# --- several at once -----------------------------------------------------------------------------------------


def test_the_same_form_sent_twice_decides_once(account: CustomerAccount, adv: User, manager: User) -> None:
    submitted(account, "12000", by=adv)
    keys = list(HoldCase.objects.values_list("pk", flat=True))
    token = str(uuid4())
    data = {"ids": keys, "action": "release", "confirmed": "1", "reason": "Announced", "token": token}
    client = browse(manager)
    first, second = client.post(url("decide"), data), client.post(url("decide"), data)
    assert first.url == second.url  # type: ignore[attr-defined]
    assert MassDecision.objects.count() == 1
    assert Release.objects.count() == 1


def test_the_result_says_which_went_and_which_stay(
    account: CustomerAccount, adv: User, analyst: User, manager: User
) -> None:
    small, large = submitted(account, "12000", by=adv), submitted(account, "30000", by=adv)
    keys = list(HoldCase.objects.values_list("pk", flat=True))
    data = {"ids": keys, "action": "refuse", "confirmed": "1", "reason": "No answer"}
    answer = browse(analyst).post(url("decide"), data, follow=True)
    page = text_of(answer)
    assert "1 order is refused." in page
    assert f"{large.number} · above your authority; Credit manager may" in page
    assert small.number in page
    address = answer.redirect_chain[-1][0]
    assert browse(manager).get(address).status_code == 404
    assert browse(analyst).get(address, headers={"HX-Request": "true"}).status_code == 286


def test_many_are_left_to_the_workers_and_one_failure_stops_no_other(
    account: CustomerAccount, adv: User, manager: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orders.views.mass._WHILE_WAITING", 0)
    orders = [submitted(account, f"1{number}000", by=adv) for number in (1, 2, 3)]
    keys = list(HoldCase.objects.values_list("pk", flat=True))
    data = {"ids": keys, "action": "release", "confirmed": "1", "reason": "Announced"}
    client = browse(manager)
    answer = client.post(url("decide"), data, follow=True)
    assert "0 of 3 orders are decided" in text_of(answer)
    services.cancel(order_id=orders[1].pk, reason="withdrawn", by=adv, at=timezone.now())
    work.drain()
    page = text_of(client.get(answer.redirect_chain[-1][0]))
    assert "2 orders are released." in page
    assert f"{orders[1].number} · This order is not on hold." in page
    work.drain()
    assert Release.objects.count() == 2


def test_the_database_keeps_mass_decisions_whole(account: CustomerAccount, adv: User, manager: User) -> None:
    order = submitted(account, "12000", by=adv)
    data = {
        "ids": list(HoldCase.objects.values_list("pk", flat=True)),
        "action": "release",
        "confirmed": "1",
        "reason": "x",
    }
    browse(manager).post(url("decide"), data)
    made = MassDecision.objects.get()
    for constraint, rows, change in (
        ("mass_decision_has_a_reason", MassDecision.objects.all(), {"reason": ""}),
        ("mass_item_finished_with_its_time", made.items.all(), {"finished_at": None}),
    ):
        with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
            rows.update(**change)
    with pytest.raises(IntegrityError, match="order_once_per_mass_decision"):
        MassDecisionItem.objects.create(decision=made, order=order)
