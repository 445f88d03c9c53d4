"""The simulator on an order's page: causes in words, switches, a choice that cannot be."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import CustomerAccount, User
from o2c.shared.calendar import add_months, paris_date
from orders import services
from orders.models import Order
from orders.rhythm import drawing_of, rhythm_of
from tests.factories.accounts import make_user
from tests.factories.orders import open_item, submitted

from .pages import browse, text_of, url

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def held(account: CustomerAccount, adv: User, rep: User) -> Order:
    """6 000 beside 9 000 of a limit of 10 000, of which 2 000 are late."""
    today = paris_date(timezone.now())
    open_item(account, "2000", due=today - timedelta(days=30), document="FA-LATE")
    open_item(account, "7000", due=today + timedelta(days=20), document="FA-AHEAD")
    return submitted(account, "6000", by=adv)


def part(user: User, order: Order, **query: Any) -> str:
    asked = {name: value for name, value in query.items() if value != ""}
    return text_of(browse(user).get(url("alternatives", order), asked, headers=HTMX))


def test_the_order_page_asks_for_it_and_links_to_it(held: Order, rep: User) -> None:
    page = browse(rep).get(url("detail", held)).content.decode()
    assert f'hx-get="{url("alternatives", held)}"' in page
    assert "Why, and what would make it possible" in page


def test_causes_and_measures_in_words(held: Order, rep: User) -> None:
    shown = part(rep, held)
    assert "1 late invoice that is not contested, for 30 days (FA-LATE)." in shown
    assert "€2,000.00 Without it, missing €3,000.00" in shown
    for words in ("Deposit on the order", "Early payment", "Calendar for what is late", "Temporary raise"):
        assert words in shown
    assert "of the order; it passes once the money is in." in shown
    assert "1 invoice, €7,000.00, paid before its date." in shown
    assert "from today" in shown
    assert "€15,000.00 €5,000.00 over the limit today" in shown


def test_a_choice_is_simulated_and_nothing_is_stored(held: Order, rep: User) -> None:
    alone = part(rep, held, part="out", deposit="on", deposit_amount="2000", deposit_date="+2")
    both = part(
        rep, held, part="out", deposit="on", deposit_amount="2000", deposit_date="+2",
        raised="on", raised_amount="3000", raised_until="+90",
    )  # fmt: skip
    day = paris_date(timezone.now()) + timedelta(days=2)
    assert f"Within the limit from {day:%d/%m/%Y} in 2 days" in both
    assert "in 2 days" not in alone
    assert Order.objects.get(pk=held.pk).version == held.version


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"deposit": "on", "deposit_amount": "9000", "deposit_date": "+2"}, "more than the order"),
        ({"deposit": "on", "deposit_amount": "", "deposit_date": "+2"}, "above zero"),
        ({"raised": "on", "raised_amount": "abc", "raised_until": "+2"}, "abc"),
        ({"early": "on", "early_date": "+2"}, "open invoices of this client"),
        ({"calendar": "on", "calendar_parts": "40"}, "12"),
    ],
)
def test_a_choice_that_cannot_be_is_said_beside_the_old_curve(
    held: Order, rep: User, query: dict[str, str], words: str
) -> None:
    shown = part(rep, held, part="out", **query)
    assert words in shown
    assert "Exposure day by day" in shown


def test_without_script_it_is_a_page(held: Order, rep: User) -> None:
    page = text_of(browse(rep).get(url("alternatives", held), {"calendar": "on", "calendar_parts": "2"}))
    assert "What would make it possible" in page
    assert held.number in page


def test_who_may_not_see_the_order_sees_nothing(held: Order, account: CustomerAccount, adv: User) -> None:
    stranger = make_user("sales", account.company, "stranger")
    assert browse(stranger).get(url("alternatives", held)).status_code == 404
    services.cancel(order_id=held.pk, reason="withdrawn", by=adv, at=timezone.now())
    assert browse(adv).get(url("alternatives", held)).status_code == 404


def test_an_exceptional_order_is_shown_on_top_of_twelve_months(
    account: CustomerAccount, adv: User, rep: User
) -> None:
    today = paris_date(timezone.now())
    last = today.replace(day=1)
    for back, total in ((3, "600"), (3, "500"), (11, "2200"), (13, "9999")):
        submitted(account, total, by=adv, order_date=add_months(last, -back), number=f"O-{back}-{total}")
    colleague = submitted(account, "400", by=adv, order_date=today, number="O-OTHERS")
    Order.objects.filter(pk=colleague.pk).update(sales_rep=make_user("sales", account.company, "other"))
    open_item(account, "3000", due=today + timedelta(days=20))
    order = submitted(account, "6000", by=adv, number="O-LARGE")

    rhythm = rhythm_of(order, reader=rep)
    assert [month.total for month in rhythm.months if month.total] == [2200, 1100, 400]
    figures = (rhythm.last.asked, rhythm.last.intake, rhythm.mean)
    assert figures == (Decimal(6000), Decimal(6400), Decimal(300))
    assert rhythm.times is not None
    assert round(rhythm.times, 1) == Decimal("21.3")
    assert (rhythm.last.documents, rhythm.last.outside) == ((), 1), "colleagues' sales are counted, not shown"
    assert drawing_of(rhythm)["sets"][1]["data"] == [0.0] * 11 + [6000.0]

    shown = part(rep, order)
    assert "With it the month comes to €6,400.00, 21.3 times the mean month (€300.00)." in shown
    assert "What the client usually orders" in shown
    assert "O-3-600" in shown
    assert "1 order of a colleague" in shown
    assert "O-OTHERS" not in shown
    assert "O-13-9999" not in shown


def test_the_rhythm_costs_the_same_for_many_orders(account: CustomerAccount, adv: User, rep: User) -> None:
    order = submitted(account, "100", by=adv)

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            rhythm_of(order, reader=User.objects.get(pk=rep.pk))
        return len(queries)

    alone = cost()
    assert rhythm_of(order, reader=rep).times is None
    for _number in range(4):
        submitted(account, "10", by=adv)
    assert cost() == alone
